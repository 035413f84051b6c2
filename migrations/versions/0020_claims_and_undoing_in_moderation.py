"""who of staff is reading which name, and what a decision about one changed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0022"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "review_claims",
        sa.Column("entry_id", Id, autoincrement=False, nullable=False),
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("by", sa.String(length=254), nullable=False),
        sa.Column("until", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_review_claims_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.id"], name=op.f("fk_review_claims_entry_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_review_claims")),
    )
    op.create_index("ix_review_claims_campaign_id", "review_claims", ["campaign_id"])
    op.create_table(
        "review_changes",
        sa.Column("id", Id, nullable=False),
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("entry_id", Id, nullable=False),
        sa.Column("batch", sa.String(length=16), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("by", sa.String(length=254), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("before_verdict", sa.String(length=10), nullable=True),
        sa.Column("before_by", sa.String(length=254), nullable=True),
        sa.Column("before_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_review_changes_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["entries.id"],
            name=op.f("fk_review_changes_entry_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_changes")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_review_changes_campaign_id_by", "review_changes", ["campaign_id", "by"], unique=False
    )
    op.create_index("ix_review_changes_entry_id", "review_changes", ["entry_id"])


def downgrade() -> None:
    """Decisions stay as they are; none of them can be undone any more."""
    op.drop_table("review_changes")
    op.drop_table("review_claims")
