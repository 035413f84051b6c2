"""for whom of several an email is tried again"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0039"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "message_deferrals",
        sa.Column("message_id", Id, nullable=False),
        sa.Column("target_id", Id, nullable=False),
        sa.Column("written_at", Instant, nullable=False),
        sa.Column("recipients", sa.Text(), nullable=False),
        sa.Column("begun", sa.Boolean(), nullable=False),
        sa.Column("parked_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.id"],
            op.f("fk_message_deferrals_message_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["message_targets.id"], op.f("fk_message_deferrals_target_id")
        ),
        sa.PrimaryKeyConstraint("message_id", "target_id", name=op.f("pk_message_deferrals")),
    )
    op.create_index(op.f("ix_message_deferrals_target_id"), "message_deferrals", ["target_id"])


def downgrade() -> None:
    """Who waits gets nothing: the version before sends to nobody of several alone."""
    op.execute(
        "INSERT INTO message_refusals (message_id, target_id, refused_at)"
        " SELECT message_id, target_id, written_at FROM message_deferrals WHERE parked_at IS NULL"
    )
    op.drop_table("message_deferrals")
