"""the API has tokens, and does a request once that its program named"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0024"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "request_keys",
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        sa.Column("body", sa.LargeBinary(32), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_request_keys")),
    )
    op.create_index(op.f("ix_request_keys_began_at"), "request_keys", ["began_at"])
    op.create_table(
        "api_tokens",
        sa.Column("id", Id, nullable=False),
        sa.Column("partner_id", Id, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("shown", sa.String(12), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("made_by", sa.String(254), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_on", sa.Date(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], op.f("fk_api_tokens_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_tokens_hash")),
        sa.UniqueConstraint("shown", name=op.f("uq_api_tokens_shown")),
    )
    op.create_index(op.f("ix_api_tokens_partner_id"), "api_tokens", ["partner_id"])


def downgrade() -> None:
    """Tokens open nothing more; a request that comes again within its day is done again."""
    op.drop_table("api_tokens")
    op.drop_table("request_keys")
