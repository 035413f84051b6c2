"""which answer of a target a letter brings"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Letters that are owed bring the last answer that their reader is being told of."""
    op.create_table(
        "answer_letters",
        sa.Column("letter_id", Id, autoincrement=False, nullable=False),
        sa.Column("answer_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["letter_id"],
            ["letters.id"],
            op.f("fk_answer_letters_letter_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["answer_id"],
            ["target_answers.id"],
            op.f("fk_answer_letters_answer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("letter_id", name=op.f("pk_answer_letters")),
    )
    op.create_index(op.f("ix_answer_letters_answer_id"), "answer_letters", ["answer_id"])
    op.execute(
        "INSERT INTO answer_letters (letter_id, answer_id)"
        " SELECT letters.id, MAX(target_answers.id) FROM letters"
        " JOIN entries ON entries.id = letters.entry_id"
        " JOIN messages ON messages.signature_id = entries.signature_id"
        " JOIN target_answers ON target_answers.target_id = messages.target_id"
        " WHERE letters.kind = 'target_answer' AND letters.state = 'owed'"
        " AND messages.wants_answer AND target_answers.approved_at IS NOT NULL"
        " AND target_answers.reached >= entries.signature_id"
        " GROUP BY letters.id"
    )


def downgrade() -> None:
    """The version before tells of an answer by a link, for which it needs nothing of this."""
    op.drop_table("answer_letters")
