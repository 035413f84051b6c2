"""where emails were taken from that come in by a Maildir or an IMAP folder"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "inbound_marks",
        sa.Column("mark", sa.LargeBinary(32), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_inbound_marks")),
    )
    op.create_index(op.f("ix_inbound_marks_taken_at"), "inbound_marks", ["taken_at"])


def downgrade() -> None:
    op.drop_table("inbound_marks")
