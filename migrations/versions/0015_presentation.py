"""a campaign brings along its name, colours, picture and whether people are at risk"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Empty: the server's own look, and people at risk, as it was for every campaign until now.
    op.add_column(
        "campaigns", sa.Column("presentation", sa.Text(), server_default="{}", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("campaigns", "presentation")
