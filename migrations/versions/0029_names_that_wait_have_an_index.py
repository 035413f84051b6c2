"""names that staff have not decided about have an index of their own"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "entries", sa.Column("reviewed", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.execute("UPDATE entries SET reviewed = true WHERE id IN (SELECT entry_id FROM reviews)")
    op.drop_index("ix_entries_public", "entries")
    op.create_index(
        "ix_entries_waiting",
        "entries",
        ["signature_id"],
        postgresql_where=sa.text("visibility = 'public' AND NOT reviewed"),
        sqlite_where=sa.text("visibility = 'public' AND reviewed = 0"),
    )


def downgrade() -> None:
    op.drop_index("ix_entries_waiting", "entries")
    op.create_index(
        "ix_entries_public",
        "entries",
        ["signature_id"],
        postgresql_where=sa.text("visibility = 'public'"),
        sqlite_where=sa.text("visibility = 'public'"),
    )
    op.drop_column("entries", "reviewed")
