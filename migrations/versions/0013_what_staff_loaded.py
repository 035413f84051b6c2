"""what staff loaded of a campaign is theirs: shipped files leave it alone"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "campaign_edits",
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("item", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_edits_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "item", name=op.f("pk_campaign_edits")),
    )
    # Nobody knows what of these staff changed, so all of it may be theirs.
    op.execute("INSERT INTO campaign_edits (campaign_id, item) SELECT id, '*' FROM campaigns")


def downgrade() -> None:
    op.drop_table("campaign_edits")
