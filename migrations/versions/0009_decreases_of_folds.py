"""by how much a total fell is a column of the folds, no dimension of the counts"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("folds", sa.Column("decreases", sa.Integer(), server_default="0", nullable=False))
    # Whatever is counted was folded, so there is a row of folds for each of these.
    op.execute(
        "UPDATE folds SET decreases = (SELECT confirmed FROM counts"
        " WHERE campaign_id = folds.campaign_id AND dimension = 'went') "
        "WHERE EXISTS (SELECT 1 FROM counts"
        " WHERE campaign_id = folds.campaign_id AND dimension = 'went')"
    )
    op.execute("DELETE FROM counts WHERE dimension = 'went'")


def downgrade() -> None:
    op.execute(
        "INSERT INTO counts (campaign_id, dimension, value, confirmed) "
        "SELECT campaign_id, 'went', '', decreases FROM folds WHERE decreases <> 0"
    )
    op.drop_column("folds", "decreases")
