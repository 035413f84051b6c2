"""until when messages go to a target that agreed, and who of several did not take one"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0033"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("message_targets", sa.Column("stopped_at", Instant, nullable=True))
    op.create_table(
        "message_refusals",
        sa.Column("message_id", Id, nullable=False),
        sa.Column("target_id", Id, nullable=False),
        sa.Column("refused_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.id"],
            op.f("fk_message_refusals_message_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["message_targets.id"], op.f("fk_message_refusals_target_id")
        ),
        sa.PrimaryKeyConstraint("message_id", "target_id", name=op.f("pk_message_refusals")),
    )
    op.create_index(op.f("ix_message_refusals_target_id"), "message_refusals", ["target_id"])


def downgrade() -> None:
    op.drop_table("message_refusals")
    op.drop_column("message_targets", "stopped_at")
