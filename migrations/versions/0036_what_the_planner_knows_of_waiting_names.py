"""PostgreSQL's planner knows how few public names wait"""

from __future__ import annotations

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Taken one by one, "public" and "not reviewed" are each common; together they are rare.
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE STATISTICS entries_waiting (mcv) ON visibility, reviewed FROM entries")
        op.execute("ANALYZE entries")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP STATISTICS entries_waiting")
