"""a key of its own for the mailbox; blocks for all campaigns; more mail providers"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)
Key = sa.LargeBinary(length=16)

RULES = (
    "same_as",
    "ignores_dots",
    "ignores_tags",
    "ignores_marks",
    "dots_as_hyphens",
    "takes_subdomains",
)
NEW_RULES = ("ignores_marks", "dots_as_hyphens", "takes_subdomains")

TAGS = (
    # Outlook.com: each of these domains has mailboxes of its own; dots count.
    *("hotmail.be", "hotmail.co.uk", "hotmail.de", "hotmail.es", "hotmail.fr", "hotmail.it"),
    *("live.be", "live.co.uk", "live.de", "live.fr", "live.it", "live.nl", "msn.com"),
    *("outlook.be", "outlook.cz", "outlook.de", "outlook.dk", "outlook.es", "outlook.fr"),
    *("outlook.ie", "outlook.it", "outlook.pt", "outlook.com.ar", "outlook.com.br"),
    # Zoho: its domains do not deliver into each other.
    *("zoho.com", "zoho.eu", "zohomail.com", "zohomail.eu"),
    "hey.com",
)
NOTHING = (
    # Nothing is documented that could be folded: these rows say that it was looked up.
    *("aol.com", "yahoo.ca", "yahoo.co.uk", "yahoo.com", "yahoo.com.br", "yahoo.de", "yahoo.es"),
    *("yahoo.fr", "yahoo.in", "yahoo.it", "ymail.com", "rocketmail.com"),
    # Different mailboxes, each.
    *("mail.ru", "bk.ru", "inbox.ru", "list.ru", "internet.ru"),
)
YANDEX = ("ya.ru", "yandex.by", "yandex.com", "yandex.kz", "yandex.ru", "yandex.ua")

NEW: dict[str, dict[str, object]] = {
    **{domain: {"ignores_tags": True} for domain in TAGS},
    **{domain: {} for domain in NOTHING},
    # One mailbox has them all.
    **{
        domain: {
            "same_as": None if domain == "yandex.ru" else "yandex.ru",
            "ignores_tags": True,
            "dots_as_hyphens": True,
        }
        for domain in YANDEX
    },
    **{domain: {"same_as": "icloud.com", "ignores_tags": True} for domain in ("mac.com", "me.com")},
    "protonmail.ch": {
        "same_as": "proton.me",
        "ignores_dots": True,
        "ignores_tags": True,
        "ignores_marks": True,
    },
    "fastmail.fm": {"ignores_tags": True, "takes_subdomains": True},
}
CHANGED = (
    ("ignores_marks", ("pm.me", "proton.me", "protonmail.com")),
    ("takes_subdomains", ("fastmail.com",)),
)


def _providers() -> sa.TableClause:
    types = {"same_as": sa.String}
    columns = (sa.column(name, types.get(name, sa.Boolean)) for name in RULES)
    return sa.table("mail_providers", sa.column("domain", sa.String), *columns)


def _row(domain: str) -> dict[str, object]:
    no_rules = {name: None if name == "same_as" else False for name in RULES}
    return {"domain": domain, **no_rules, **NEW[domain]}


def upgrade() -> None:
    op.add_column("signatures", sa.Column("mailbox_key", Key, nullable=True))
    op.add_column("signatures", sa.Column("keyed_by", sa.String(length=16), nullable=True))
    op.create_index(
        "ix_signatures_mailbox_key",
        "signatures",
        ["mailbox_key"],
        unique=False,
        postgresql_where=sa.text("mailbox_key IS NOT NULL"),
        sqlite_where=sa.text("mailbox_key IS NOT NULL"),
    )
    for name in NEW_RULES:
        op.add_column(
            "mail_providers",
            sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False),
        )
    _more_providers()
    _blocks_for_all_campaigns()
    op.create_table(
        "former_keys",
        sa.Column("former_key", Key, nullable=False),
        sa.Column("address_key", Key, nullable=False),
        sa.PrimaryKeyConstraint("former_key", "address_key", name=op.f("pk_former_keys")),
    )
    op.create_index(op.f("ix_former_keys_address_key"), "former_keys", ["address_key"])
    op.create_table(
        "merged_signatures",
        sa.Column("gone_id", Id, autoincrement=False, nullable=False),
        sa.Column("signature_id", Id, nullable=False),
        sa.Column("merged_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["signature_id"],
            ["signatures.id"],
            name=op.f("fk_merged_signatures_signature_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("gone_id", name=op.f("pk_merged_signatures")),
    )
    op.create_index(
        op.f("ix_merged_signatures_signature_id"), "merged_signatures", ["signature_id"]
    )


def _more_providers() -> None:
    """What staff have set stays as it is."""
    table, connection = _providers(), op.get_bind()
    there = set(connection.execute(sa.select(table.c.domain)).scalars())
    op.bulk_insert(table, [_row(domain) for domain in NEW if domain not in there])
    for name, domains in CHANGED:
        op.execute(
            table.update()
            .where(table.c.domain.in_(domains), table.c.ignores_tags)
            .values({name: True})
        )


def _blocks_for_all_campaigns() -> None:
    """Who wanted nothing of one campaign is spared by all of them."""
    op.create_table(
        "mailbox_blocks",
        sa.Column("mailbox_key", Key, nullable=False),
        sa.Column("link_key", Key, nullable=True),
        sa.Column("blocked_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("mailbox_key", name=op.f("pk_mailbox_blocks")),
    )
    op.execute(
        "INSERT INTO mailbox_blocks (mailbox_key, blocked_at)"
        " SELECT address_key, max(blocked_at) FROM blocks GROUP BY address_key"
    )
    op.drop_table("blocks")


def downgrade() -> None:
    op.drop_table("merged_signatures")
    op.drop_table("former_keys")
    op.create_table(
        "blocks",
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("address_key", Key, nullable=False),
        sa.Column("blocked_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_blocks_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "address_key", name=op.f("pk_blocks")),
    )
    op.execute(
        "INSERT INTO blocks (campaign_id, address_key, blocked_at)"
        " SELECT campaigns.id, mailbox_key, blocked_at FROM mailbox_blocks CROSS JOIN campaigns"
    )
    op.drop_table("mailbox_blocks")
    table = _providers()
    for domain in NEW:
        same = [table.c[name] == value for name, value in _row(domain).items() if value is not None]
        op.execute(table.delete().where(*same))
    for name in reversed(NEW_RULES):
        op.drop_column("mail_providers", name)
    op.drop_index("ix_signatures_mailbox_key", "signatures")
    op.drop_column("signatures", "keyed_by")
    op.drop_column("signatures", "mailbox_key")
