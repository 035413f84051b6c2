"""webhooks: endpoints of campaigns, and what is owed to them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Nobody is told of what happened before."""
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", Id, nullable=False),
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("partner_id", Id, nullable=True),
        sa.Column("key", sa.String(16), nullable=False),
        sa.Column("url", sa.String(400), nullable=False),
        sa.Column("algorithm", sa.String(3), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("old_secret", sa.LargeBinary(), nullable=True),
        sa.Column("old_secret_until", Instant, nullable=True),
        sa.Column("is_full", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("last_sequence", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", Instant, nullable=True),
        sa.Column("warnings", sa.Integer(), nullable=False),
        sa.Column("next_try_at", Instant, nullable=True),
        sa.Column("leased_until", Instant, nullable=True),
        sa.Column("leased_by", sa.String(64), nullable=True),
        sa.Column("made_by", sa.String(254), nullable=False),
        sa.Column("made_at", Instant, nullable=False),
        sa.CheckConstraint(
            "state IN ('live', 'off', 'gone', 'shut_off')", name=op.f("ck_webhook_endpoints_state")
        ),
        sa.CheckConstraint(
            "algorithm IN ('v1', 'v1a')", name=op.f("ck_webhook_endpoints_algorithm")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], op.f("fk_webhook_endpoints_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], op.f("fk_webhook_endpoints_partner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
        sa.UniqueConstraint("key", name=op.f("uq_webhook_endpoints_key")),
    )
    op.create_index(op.f("ix_webhook_endpoints_campaign_id"), "webhook_endpoints", ["campaign_id"])
    op.create_index(op.f("ix_webhook_endpoints_partner_id"), "webhook_endpoints", ["partner_id"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", Id, nullable=False),
        sa.Column("endpoint_id", Id, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("signature_id", Id, nullable=True),
        sa.Column("signature_state", sa.String(10), nullable=True),
        sa.Column("purpose", sa.String(64), nullable=True),
        sa.Column("answer", sa.String(64), nullable=True),
        sa.Column("happened_at", Instant, nullable=False),
        sa.Column("sequence", Id, nullable=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("took_ms", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.String(30), nullable=True),
        sa.Column("finished_at", Instant, nullable=True),
        sa.CheckConstraint(
            "state IN ('owed', 'sent', 'dead')", name=op.f("ck_webhook_deliveries_state")
        ),
        sa.CheckConstraint(
            "kind IN ('signature.confirmed', 'signature.withdrawn', 'signature.erased',"
            " 'consent.changed', 'campaign.closed', 'ping')",
            name=op.f("ck_webhook_deliveries_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoints.id"], op.f("fk_webhook_deliveries_endpoint_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_webhook_deliveries_endpoint_id"), "webhook_deliveries", ["endpoint_id"]
    )
    for name, columns in (
        ("ix_webhook_deliveries_owed", ["endpoint_id", "due_at"]),
        ("ix_webhook_deliveries_order", ["endpoint_id", "signature_id", "id"]),
    ):
        op.create_index(
            op.f(name),
            "webhook_deliveries",
            columns,
            postgresql_where=sa.text("state = 'owed'"),
            sqlite_where=sa.text("state = 'owed'"),
        )


def downgrade() -> None:
    """What is owed is told to nobody any more."""
    op.drop_table("webhook_deliveries")
    op.drop_table("webhook_endpoints")
