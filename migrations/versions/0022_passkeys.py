"""staff's passkeys, and the challenge that a session's next one is to sign"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0018"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("staff", sa.Column("passkeys", sa.Integer(), server_default="0", nullable=False))
    op.add_column("staff_sessions", sa.Column("challenge", sa.LargeBinary(32), nullable=True))
    op.add_column("staff_sessions", sa.Column("challenge_until", Instant, nullable=True))
    op.create_table(
        "staff_passkeys",
        sa.Column("id", Id, nullable=False),
        sa.Column("staff_id", Id, nullable=False),
        sa.Column("credential_id", sa.LargeBinary(length=1023), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("used_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_passkeys_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_staff_passkeys_credential_id")),
    )
    op.create_index(op.f("ix_staff_passkeys_staff_id"), "staff_passkeys", ["staff_id"])


def downgrade() -> None:
    """The older version knows no passkeys: who has no app could set one up by a password alone.

    Their password goes, and they are signed out: whoever runs the server invites them anew.
    """
    op.execute(
        "UPDATE staff_sessions SET revoked_at = CURRENT_TIMESTAMP WHERE revoked_at IS NULL"
        " AND staff_id IN (SELECT id FROM staff WHERE totp_sealed IS NULL AND passkeys > 0)"
    )
    op.execute("UPDATE staff SET password_hash = NULL WHERE totp_sealed IS NULL AND passkeys > 0")
    op.drop_index(op.f("ix_staff_passkeys_staff_id"), "staff_passkeys")
    op.drop_table("staff_passkeys")
    op.drop_column("staff_sessions", "challenge_until")
    op.drop_column("staff_sessions", "challenge")
    op.drop_column("staff", "passkeys")
