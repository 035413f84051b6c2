"""partners give a key for their lists; what their programs were told of is kept"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0036"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("partner_terms", sa.Column("recipient", sa.Text(), nullable=True))
    op.create_table(
        "partner_disclosures",
        sa.Column("signature_id", Id, autoincrement=False, nullable=False),
        sa.Column("partner_id", Id, nullable=False),
        sa.Column("way", sa.String(10), nullable=False),
        sa.Column("first_at", Instant, nullable=False),
        sa.Column("last_at", Instant, nullable=False),
        sa.CheckConstraint(
            "way IN ('api', 'webhook', 'full')", name=op.f("ck_partner_disclosures_way")
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], op.f("fk_partner_disclosures_partner_id")
        ),
        sa.ForeignKeyConstraint(
            ["signature_id"],
            ["signatures.id"],
            op.f("fk_partner_disclosures_signature_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "signature_id", "partner_id", "way", name=op.f("pk_partner_disclosures")
        ),
    )
    op.add_column(
        "message_changes", sa.Column("partner", sa.String(16), server_default="", nullable=False)
    )
    op.create_index(
        "ix_webhook_deliveries_not_sent",
        "webhook_deliveries",
        ["signature_id"],
        postgresql_where=sa.text("state != 'sent'"),
        sqlite_where=sa.text("state != 'sent'"),
    )


def downgrade() -> None:
    """Lists that left stay in the ledger; their partners would have to accept anew with a key."""
    op.drop_column("message_changes", "partner")
    op.execute("DELETE FROM message_counts WHERE dimension = 'partner'")
    op.drop_index("ix_webhook_deliveries_not_sent", "webhook_deliveries")
    op.drop_table("partner_disclosures")
    op.drop_column("partner_terms", "recipient")
