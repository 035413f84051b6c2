"""partners show the form on their own sites, and signatures are counted by them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0019"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Whoever signed until now came by no partner."""
    op.create_table(
        "partners",
        sa.Column("id", Id, nullable=False),
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("key", sa.String(16), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("origins", sa.Text(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("made_by", sa.String(254), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('live', 'blocked')", name=op.f("ck_partners_state")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], op.f("fk_partners_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partners")),
        sa.UniqueConstraint("key", name=op.f("uq_partners_key")),
    )
    op.create_index(op.f("ix_partners_campaign_id"), "partners", ["campaign_id"])
    op.add_column("entries", sa.Column("partner", sa.String(16), nullable=True))
    # The default is for changes that wait, and for the release before while it still runs.
    op.add_column(
        "count_changes", sa.Column("partner", sa.String(64), server_default="", nullable=False)
    )
    op.execute(
        "INSERT INTO counts (campaign_id, dimension, value, confirmed)"
        " SELECT campaign_id, 'partner', '', confirmed FROM counts WHERE dimension = 'total'"
    )


def downgrade() -> None:
    op.execute("DELETE FROM counts WHERE dimension = 'partner'")
    op.drop_column("count_changes", "partner")
    op.drop_column("entries", "partner")
    op.drop_table("partners")
