"""a partner has a page of its own, and sections; refused forms are noted"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0029"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "partner_links",
        sa.Column("partner_id", Id, nullable=False),
        sa.Column("token_sha256", sa.String(64), nullable=False),
        sa.Column("made_by", sa.String(254), nullable=False),
        sa.Column("made_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], op.f("fk_partner_links_partner_id")
        ),
        sa.PrimaryKeyConstraint("partner_id", name=op.f("pk_partner_links")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_partner_links_token_sha256")),
    )
    op.create_table(
        "partner_sections",
        sa.Column("id", Id, nullable=False),
        sa.Column("partner_id", Id, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("made_by", sa.String(254), nullable=False),
        sa.Column("made_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], op.f("fk_partner_sections_partner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_sections")),
        sa.UniqueConstraint("partner_id", "name", name=op.f("uq_partner_sections_partner_id_name")),
        sa.UniqueConstraint("source", name=op.f("uq_partner_sections_source")),
    )
    op.create_table(
        "refused_forms",
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("partner_key", sa.String(16), nullable=False),
        sa.Column("site", sa.String(253), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("last_hour", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], op.f("fk_refused_forms_campaign_id")
        ),
        sa.PrimaryKeyConstraint(
            "campaign_id", "partner_key", "site", name=op.f("pk_refused_forms")
        ),
    )


def downgrade() -> None:
    """Links to partners' pages open nothing any more; what sections brought stays, by its tag."""
    op.drop_table("refused_forms")
    op.drop_table("partner_sections")
    op.drop_table("partner_links")
