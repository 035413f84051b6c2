"""what targets did, who writes to them no more, what they answered and who is told"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)
STANDS = "'asked', 'answered', 'promised', 'refused', 'silent'"
SAID = sa.text("outcome IS NOT NULL")
TO_ASK = sa.text("state = 'sent' AND asked_at IS NULL")


def upgrade() -> None:
    """Who was retired before was so by the files."""
    op.add_column("message_targets", sa.Column("left_as", sa.String(10), nullable=True))
    op.add_column("message_targets", sa.Column("replaced_by", sa.String(64), nullable=True))
    op.add_column("message_targets", sa.Column("caps_set_at", Instant, nullable=True))
    op.add_column(
        "messages",
        sa.Column("wants_answer", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column("messages", sa.Column("asked_at", Instant, nullable=True))
    op.add_column("messages", sa.Column("outcome", sa.String(12), nullable=True))
    op.create_index(
        "ix_messages_outcome",
        "messages",
        ["target_id", "outcome"],
        postgresql_where=SAID,
        sqlite_where=SAID,
    )
    op.create_index(
        "ix_messages_to_ask",
        "messages",
        ["finished_at"],
        postgresql_where=TO_ASK,
        sqlite_where=TO_ASK,
    )
    op.create_table(
        "target_stands",
        sa.Column("id", Id, nullable=False),
        sa.Column("target_id", Id, nullable=False),
        sa.Column("stand", sa.String(10), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("link", sa.String(500), nullable=False),
        sa.Column("note", sa.String(300), nullable=False),
        sa.Column("noted_at", Instant, nullable=False),
        sa.CheckConstraint(f"stand IN ({STANDS})", name=op.f("ck_target_stands_stand")),
        sa.ForeignKeyConstraint(
            ["target_id"], ["message_targets.id"], op.f("fk_target_stands_target_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_target_stands")),
    )
    op.create_index("ix_target_stands_target_id", "target_stands", ["target_id"])
    op.create_table(
        "target_answers",
        sa.Column("id", Id, nullable=False),
        sa.Column("target_id", Id, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("texts", sa.Text(), nullable=False),
        sa.Column("published_at", Instant, nullable=False),
        sa.Column("asked_by", sa.String(254), nullable=True),
        sa.Column("approved_at", Instant, nullable=True),
        sa.Column("reached", Id, nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("done_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["target_id"], ["message_targets.id"], op.f("fk_target_answers_target_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_target_answers")),
    )
    op.create_index("ix_target_answers_target_id", "target_answers", ["target_id"])
    op.create_table(
        "message_trials",
        sa.Column("letter_id", Id, nullable=False),
        sa.Column("target_id", Id, nullable=False),
        sa.Column("text_id", Id, nullable=False),
        sa.Column("variant", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["letters.id"], op.f("fk_message_trials_letter_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["message_targets.id"], op.f("fk_message_trials_target_id")
        ),
        sa.ForeignKeyConstraint(
            ["text_id"], ["campaign_texts.id"], op.f("fk_message_trials_text_id")
        ),
        sa.PrimaryKeyConstraint("letter_id", name=op.f("pk_message_trials")),
    )


def downgrade() -> None:
    """What staff said of targets goes; who was excluded stays written to by nobody."""
    for table in ("message_trials", "target_answers", "target_stands"):
        op.drop_table(table)
    op.drop_index("ix_messages_to_ask", "messages")
    op.drop_index("ix_messages_outcome", "messages")
    for column in ("outcome", "asked_at", "wants_answer"):
        op.drop_column("messages", column)
    for column in ("caps_set_at", "replaced_by", "left_as"):
        op.drop_column("message_targets", column)
