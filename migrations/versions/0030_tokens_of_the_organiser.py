"""tokens may be the organiser's, are counted, and take lists out; why a key did not work"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0031"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)
REASONS = "'unknown', 'blocked', 'not_accepted', 'other_site'"
CONFIRMED = sa.text("confirmed_at IS NOT NULL")


def upgrade() -> None:
    with op.batch_alter_table("api_tokens") as tokens:
        tokens.add_column(sa.Column("campaign_id", Id, nullable=True))
        tokens.add_column(sa.Column("used_hour", Instant, nullable=True))
        tokens.add_column(
            sa.Column("used_number", sa.Integer(), server_default="0", nullable=False)
        )
        tokens.add_column(sa.Column("list_id", Id, nullable=True))
    op.execute(
        "UPDATE api_tokens SET campaign_id ="
        " (SELECT campaign_id FROM partners WHERE partners.id = api_tokens.partner_id)"
    )
    with op.batch_alter_table("api_tokens") as tokens:
        tokens.alter_column("campaign_id", existing_type=Id, nullable=False)
        tokens.alter_column("partner_id", existing_type=Id, nullable=True)
        tokens.create_foreign_key(
            op.f("fk_api_tokens_campaign_id"), "campaigns", ["campaign_id"], ["id"]
        )
        tokens.create_foreign_key(op.f("fk_api_tokens_list_id"), "exports", ["list_id"], ["id"])
        tokens.create_index(op.f("ix_api_tokens_campaign_id"), ["campaign_id"])
    with op.batch_alter_table("refused_forms") as forms:
        forms.add_column(sa.Column("reason", sa.String(20), nullable=True))
    op.execute(
        "UPDATE refused_forms SET reason ="
        " CASE WHEN partner_key = '' THEN 'unknown' ELSE 'blocked' END"
    )
    with op.batch_alter_table("refused_forms") as forms:
        forms.alter_column("reason", existing_type=sa.String(20), nullable=False)
        forms.create_check_constraint(op.f("ck_refused_forms_reason"), f"reason IN ({REASONS})")
    op.create_index(
        "ix_signatures_confirmed",
        "signatures",
        ["campaign_id", "confirmed_at", "id"],
        postgresql_where=CONFIRMED,
        sqlite_where=CONFIRMED,
    )


def downgrade() -> None:
    """The organiser's tokens open nothing more; a partner's stay."""
    op.drop_index("ix_signatures_confirmed", "signatures")
    with op.batch_alter_table("refused_forms") as forms:
        forms.drop_constraint(op.f("ck_refused_forms_reason"), type_="check")
        forms.drop_column("reason")
    op.execute("DELETE FROM api_tokens WHERE partner_id IS NULL")
    with op.batch_alter_table("api_tokens") as tokens:
        tokens.drop_index(op.f("ix_api_tokens_campaign_id"))
        tokens.drop_constraint(op.f("fk_api_tokens_campaign_id"), type_="foreignkey")
        tokens.drop_constraint(op.f("fk_api_tokens_list_id"), type_="foreignkey")
        tokens.drop_column("list_id")
        tokens.drop_column("used_number")
        tokens.drop_column("used_hour")
        tokens.drop_column("campaign_id")
        tokens.alter_column("partner_id", existing_type=Id, nullable=False)
