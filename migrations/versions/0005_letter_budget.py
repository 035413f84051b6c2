"""letter budget: letters of each minute, and how the mail server takes them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "letter_minutes",
        sa.Column("minute", Instant, nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("minute", name=op.f("pk_letter_minutes")),
    )
    op.create_table(
        "mail_relay",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("held_since", Instant, nullable=True),
        sa.Column("next_try_at", Instant, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("away_since", Instant, nullable=True),
        sa.Column("taken_at", Instant, nullable=True),
        sa.Column("reason", sa.String(length=100), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_relay")),
    )


def downgrade() -> None:
    op.drop_table("mail_relay")
    op.drop_table("letter_minutes")
