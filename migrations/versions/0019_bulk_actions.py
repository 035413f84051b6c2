"""staff find signatures, and do something with many; what that takes"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0021"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)
REASONS = "'made-up', 'many-alike', 'somebody-else', 'abusive', 'other'"
STATES = "'pending', 'confirmed', 'withdrawn', 'held', 'rejected'"
HAS_SOURCE = sa.text("source IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "bulk_actions",
        sa.Column("id", Id, nullable=False),
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("verb", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(20), nullable=True),
        sa.Column("by", sa.String(254), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("counted", sa.Text(), nullable=False),
        sa.Column("planned_at", Instant, nullable=False),
        sa.Column("done_at", Instant, nullable=True),
        sa.Column("changed", sa.Integer(), nullable=True),
        sa.Column("kept", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "verb IN ('hold', 'reject', 'restore', 'erase')", name=op.f("ck_bulk_actions_verb")
        ),
        sa.CheckConstraint(f"reason IN ({REASONS})", name=op.f("ck_bulk_actions_reason")),
        sa.CheckConstraint(
            "state IN ('planned', 'waiting', 'done', 'undone', 'cancelled')",
            name=op.f("ck_bulk_actions_state"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            op.f("fk_bulk_actions_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_actions")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_bulk_actions_campaign_id"), "bulk_actions", ["campaign_id"])
    op.create_table(
        "bulk_action_items",
        sa.Column("action_id", Id, nullable=False),
        sa.Column("signature_id", Id, nullable=False),
        sa.Column("was_state", sa.String(10), nullable=False),
        sa.Column("is_done", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("was_hold_reason", sa.String(20), nullable=True),
        sa.Column("was_moved_at", Instant, nullable=True),
        sa.CheckConstraint(f"was_state IN ({STATES})", name=op.f("ck_bulk_action_items_was_state")),
        sa.CheckConstraint(
            f"was_hold_reason IN ({REASONS})", name=op.f("ck_bulk_action_items_was_hold_reason")
        ),
        sa.ForeignKeyConstraint(
            ["action_id"],
            ["bulk_actions.id"],
            op.f("fk_bulk_action_items_action_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["signature_id"],
            ["signatures.id"],
            op.f("fk_bulk_action_items_signature_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("action_id", "signature_id", name=op.f("pk_bulk_action_items")),
    )
    op.create_index(
        op.f("ix_bulk_action_items_signature_id"), "bulk_action_items", ["signature_id"]
    )
    op.create_index(
        "ix_signatures_campaign_id_state_entry_id",
        "signatures",
        ["campaign_id", "state", "entry_id"],
    )
    op.create_index("ix_entries_country_id", "entries", ["country", "id"])
    op.create_index(
        "ix_entries_source_id",
        "entries",
        ["source", "id"],
        postgresql_where=HAS_SOURCE,
        sqlite_where=HAS_SOURCE,
    )
    op.create_index("ix_audit_detail", "audit", ["detail"])


def downgrade() -> None:
    op.drop_index("ix_audit_detail", "audit")
    op.drop_index("ix_entries_source_id", "entries")
    op.drop_index("ix_entries_country_id", "entries")
    op.drop_index("ix_signatures_campaign_id_state_entry_id", "signatures")
    op.drop_table("bulk_action_items")
    op.drop_table("bulk_actions")
