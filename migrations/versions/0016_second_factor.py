"""staff's second factor: its sealed secret, recovery codes, and sessions that have passed it"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)


def _of_staff() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("totp_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("totp_set_at", Instant, nullable=True),
        sa.Column("totp_last_step", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("codes_since", Instant, nullable=True),
        sa.Column("codes_tried", sa.Integer(), server_default="0", nullable=False),
        sa.Column("language", sa.String(length=10), server_default="en", nullable=False),
    )


def _of_sessions() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("second_factor_at", Instant, nullable=True),
        sa.Column("enrols_until", Instant, nullable=True),
    )


def upgrade() -> None:
    _end_sessions()
    for column in _of_staff():
        op.add_column("staff", column)
    for column in _of_sessions():
        op.add_column("staff_sessions", column)
    op.add_column(
        "staff_devices",
        sa.Column("wrong_codes", sa.Integer(), server_default="0", nullable=False),
    )
    # Every link until now was one to set a password.
    op.add_column(
        "staff_invites",
        sa.Column("purpose", sa.String(length=20), server_default="set-up", nullable=False),
    )
    op.create_table(
        "staff_recovery_codes",
        sa.Column("id", Id, nullable=False),
        sa.Column("staff_id", Id, nullable=False),
        sa.Column("code_mac", sa.LargeBinary(length=32), nullable=False),
        sa.Column("used_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff.id"],
            name=op.f("fk_staff_recovery_codes_staff_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_recovery_codes")),
        sa.UniqueConstraint(
            "staff_id", "code_mac", name=op.f("uq_staff_recovery_codes_staff_id_code_mac")
        ),
    )


def downgrade() -> None:
    """A session that has given a password only would be a whole one again: all of them end.

    Links to a new second factor go, for the older tables take them for links to a password.
    """
    _end_sessions()
    op.execute("DELETE FROM staff_invites WHERE purpose <> 'set-up'")
    op.execute("DELETE FROM letters WHERE staff_id IS NOT NULL AND state = 'owed'")
    op.drop_table("staff_recovery_codes")
    op.drop_column("staff_invites", "purpose")
    op.drop_column("staff_devices", "wrong_codes")
    for column in reversed(_of_sessions()):
        op.drop_column("staff_sessions", column.name)
    for column in reversed(_of_staff()):
        op.drop_column("staff", column.name)


def _end_sessions() -> None:
    op.execute("UPDATE staff_sessions SET revoked_at = CURRENT_TIMESTAMP WHERE revoked_at IS NULL")
