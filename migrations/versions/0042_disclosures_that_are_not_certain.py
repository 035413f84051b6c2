"""messages to partners' programs that may have arrived"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was noted before was answered."""
    op.add_column(
        "partner_disclosures",
        sa.Column("is_certain", sa.Boolean(), server_default=sa.true(), nullable=False),
    )


def downgrade() -> None:
    """What may have arrived is not told any more."""
    op.execute("DELETE FROM partner_disclosures WHERE NOT is_certain")
    with op.batch_alter_table("partner_disclosures") as table:
        table.drop_column("is_certain")
