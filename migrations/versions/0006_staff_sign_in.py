"""staff sign-in: devices that signed in before, places for tries, numbers of wrong ones"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "staff_devices",
        sa.Column("id", Id, nullable=False),
        sa.Column("staff_id", Id, nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("seen_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_devices_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_devices")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_staff_devices_token_sha256")),
    )
    op.create_index(op.f("ix_staff_devices_staff_id"), "staff_devices", ["staff_id"], unique=False)
    op.create_table(
        "sign_in_places",
        sa.Column("id", Id, nullable=False),
        sa.Column("subject", sa.LargeBinary(length=16), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("taken_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_places")),
        sa.UniqueConstraint("subject", "place", name=op.f("uq_sign_in_places_subject_place")),
    )
    op.create_index(
        op.f("ix_sign_in_places_taken_at"), "sign_in_places", ["taken_at"], unique=False
    )
    op.create_table(
        "sign_in_refusals",
        sa.Column("account", Id, autoincrement=False, nullable=False),
        sa.Column("hour", Instant, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("last_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("account", "hour", name=op.f("pk_sign_in_refusals")),
    )


def downgrade() -> None:
    op.drop_table("sign_in_refusals")
    op.drop_index(op.f("ix_sign_in_places_taken_at"), "sign_in_places")
    op.drop_table("sign_in_places")
    op.drop_index(op.f("ix_staff_devices_staff_id"), "staff_devices")
    op.drop_table("staff_devices")
