"""daily digests to a target, and the language that a target reads"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0034"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column(
        "message_targets",
        sa.Column("mode", sa.String(10), nullable=False, server_default="single"),
    )
    op.add_column(
        "message_targets",
        sa.Column("language", sa.String(10), nullable=False, server_default=""),
    )
    op.create_table(
        "message_digests",
        sa.Column("id", Id, nullable=False),
        sa.Column("target_id", Id, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("senders", sa.Integer(), nullable=False),
        sa.Column("made_at", Instant, nullable=False),
        sa.Column("finished_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["target_id"], ["message_targets.id"], op.f("fk_message_digests_target_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_digests")),
    )
    op.create_index("ix_message_digests_target_id_id", "message_digests", ["target_id", "id"])
    op.add_column("messages", sa.Column("digest_id", Id, nullable=True))
    op.create_index(
        "ix_messages_digest_id",
        "messages",
        ["digest_id"],
        postgresql_where=sa.text("digest_id IS NOT NULL"),
        sqlite_where=sa.text("digest_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_messages_digest_id", "messages")
    op.drop_column("messages", "digest_id")
    op.drop_table("message_digests")
    op.drop_column("message_targets", "language")
    op.drop_column("message_targets", "mode")
