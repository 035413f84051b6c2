"""a supporter's whole way: erasing, blocking, codes, reviews, retention, what exports held"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)


# Added one by one and never by making a table anew: SQLite would drop the old one, and with it,
# by cascade, every consent.
def _columns() -> tuple[tuple[str, sa.Column[object]], ...]:
    return (
        ("campaigns", sa.Column("closed_at", Instant, nullable=True)),
        (
            "campaigns",
            sa.Column("retention_months", sa.Integer(), server_default="12", nullable=False),
        ),
        ("signatures", sa.Column("reminded_at", Instant, nullable=True)),
        ("signatures", sa.Column("withdrawn_at", Instant, nullable=True)),
        ("signatures", sa.Column("unsubscribed_at", Instant, nullable=True)),
        ("entries", sa.Column("updates", sa.String(length=3), server_default="no", nullable=False)),
        ("entries", sa.Column("updates_at", Instant, nullable=True)),
    )


def _campaign_id() -> sa.Column[int]:
    return sa.Column("campaign_id", Id, nullable=False)


def _of_campaign(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["campaign_id"], ["campaigns.id"], name=op.f(f"fk_{table}_campaign_id")
    )


def _address_key() -> sa.Column[bytes]:
    return sa.Column("address_key", sa.LargeBinary(length=16), nullable=False)


def upgrade() -> None:
    _letters_anew(keep_numbers=True)
    for table, column in _columns():
        op.add_column(table, column)
    op.execute(
        "UPDATE entries SET updates = (SELECT answer FROM consents "
        "WHERE entry_id = entries.id AND purpose = 'updates') "
        "WHERE EXISTS (SELECT 1 FROM consents "
        "WHERE entry_id = entries.id AND purpose = 'updates')"
    )
    # When a campaign was closed was not written down until now: its time begins today.
    op.execute("UPDATE campaigns SET closed_at = CURRENT_TIMESTAMP WHERE state = 'closed'")
    for name, table, columns, where in (
        ("ix_signatures_pending", "signatures", ["created_at"], "state = 'pending'"),
        ("ix_signatures_withdrawn", "signatures", ["campaign_id", "id"], "state = 'withdrawn'"),
        ("ix_entries_public", "entries", ["signature_id"], "visibility = 'public'"),
    ):
        op.create_index(
            name,
            table,
            columns,
            unique=False,
            postgresql_where=sa.text(where),
            sqlite_where=sa.text(where),
        )
    op.create_table(
        "target_domains",
        _campaign_id(),
        sa.Column("pattern", sa.String(length=253), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        _of_campaign("target_domains"),
        sa.PrimaryKeyConstraint("campaign_id", "pattern", name=op.f("pk_target_domains")),
    )
    op.create_table(
        "export_pages",
        sa.Column("export_id", Id, nullable=False),
        sa.Column("first_id", Id, autoincrement=False, nullable=False),
        sa.Column("last_id", Id, nullable=False),
        sa.Column("bits", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["export_id"], ["exports.id"], name=op.f("fk_export_pages_export_id")
        ),
        sa.PrimaryKeyConstraint("export_id", "first_id", name=op.f("pk_export_pages")),
    )
    op.create_table(
        "erasures",
        _campaign_id(),
        sa.Column("signature_id", Id, autoincrement=False, nullable=False),
        sa.Column("erased_at", Instant, nullable=False),
        _of_campaign("erasures"),
        sa.PrimaryKeyConstraint("campaign_id", "signature_id", name=op.f("pk_erasures")),
    )
    op.create_table(
        "blocks",
        _campaign_id(),
        _address_key(),
        sa.Column("blocked_at", Instant, nullable=False),
        _of_campaign("blocks"),
        sa.PrimaryKeyConstraint("campaign_id", "address_key", name=op.f("pk_blocks")),
    )
    op.create_table(
        "link_requests",
        sa.Column("id", Id, nullable=False),
        _campaign_id(),
        _address_key(),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        _of_campaign("link_requests"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_requests")),
    )
    op.create_table(
        "code_tries",
        _campaign_id(),
        _address_key(),
        sa.Column("since", Instant, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        _of_campaign("code_tries"),
        sa.PrimaryKeyConstraint("campaign_id", "address_key", name=op.f("pk_code_tries")),
    )
    op.create_table(
        "reviews",
        sa.Column("id", Id, nullable=False),
        _campaign_id(),
        sa.Column("entry_id", Id, nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("by", sa.String(length=254), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.CheckConstraint(
            "verdict IN ('shown', 'name_only', 'refused')", name=op.f("ck_reviews_verdict")
        ),
        _of_campaign("reviews"),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.id"], name=op.f("fk_reviews_entry_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_reviews_entry_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_reviews_campaign_id_id", "reviews", ["campaign_id", "id"], unique=False)
    op.create_table(
        "jobs",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("last_at", Instant, nullable=True),
        sa.Column("next_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_jobs")),
    )
    op.create_table(
        "snapshots",
        _campaign_id(),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        _of_campaign("snapshots"),
        sa.PrimaryKeyConstraint("campaign_id", "name", name=op.f("pk_snapshots")),
    )


def _letters_anew(*, keep_numbers: bool) -> None:
    """On SQLite: whether an erased letter's number stays its own or is given to the next one.

    The table is made anew, which harms no other: nothing hangs on a letter.
    """
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table(
            "letters", recreate="always", table_kwargs={"sqlite_autoincrement": keep_numbers}
        ):
            pass


def downgrade() -> None:
    _letters_anew(keep_numbers=False)
    op.drop_index("ix_reviews_campaign_id_id", "reviews")
    for table in (
        "snapshots",
        "jobs",
        "reviews",
        "code_tries",
        "link_requests",
        "blocks",
        "erasures",
        "export_pages",
        "target_domains",
    ):
        op.drop_table(table)
    op.drop_index("ix_entries_public", "entries")
    op.drop_index("ix_signatures_withdrawn", "signatures")
    op.drop_index("ix_signatures_pending", "signatures")
    for table, column in reversed(_columns()):
        op.drop_column(table, column.name)
