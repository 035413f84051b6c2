"""the first tables"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)

# What is a record of what was said or done is added to and never changed: the database sees to it.
UNCHANGING = (
    ("consent_texts", "UPDATE"),
    ("consent_texts", "DELETE"),
    ("consents", "UPDATE"),
    ("audit", "UPDATE"),
    ("audit", "DELETE"),
)

# (domain, delivers as, ignores dots, ignores +tags)
PROVIDERS = (
    ("fastmail.com", None, False, True),
    ("gmail.com", None, True, True),
    ("googlemail.com", "gmail.com", True, True),
    ("hotmail.com", None, False, True),
    ("icloud.com", None, False, True),
    ("live.com", None, False, True),
    ("mailbox.org", None, False, True),
    ("outlook.com", None, False, True),
    ("pm.me", "proton.me", True, True),
    ("posteo.de", None, False, True),
    ("proton.me", None, True, True),
    ("protonmail.com", "proton.me", True, True),
)


def _refuse_changes() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% rows are never changed', TG_TABLE_NAME; END $$"
        )
    for table, verb in UNCHANGING:
        name = f"{table}_refuse_{verb.lower()}"
        action = (
            "EXECUTE FUNCTION refuse_change()"
            if postgresql
            else f"BEGIN SELECT RAISE(ABORT, '{table} rows are never changed'); END"
        )
        op.execute(f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW {action}")


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", Id, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("who", sa.String(length=254), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.String(length=500), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_who_at", "audit", ["who", "action", "at"], unique=False)

    op.create_table(
        "campaigns",
        sa.Column("id", Id, nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("goal", sa.Integer(), nullable=False),
        sa.Column("default_language", sa.String(length=10), nullable=False),
        sa.Column("targets", sa.Text(), nullable=False),
        sa.Column("opens_at", Instant, nullable=True),
        sa.Column("closes_at", Instant, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.CheckConstraint("state IN ('draft', 'open', 'closed')", name=op.f("ck_campaigns_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("slug", name=op.f("uq_campaigns_slug")),
    )
    op.create_table(
        "mail_providers",
        sa.Column("domain", sa.String(length=253), nullable=False),
        sa.Column("same_as", sa.String(length=253), nullable=True),
        sa.Column("ignores_dots", sa.Boolean(), nullable=False),
        sa.Column("ignores_tags", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_mail_providers")),
    )
    op.create_table(
        "mailboxes",
        sa.Column("address_key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("last_1_at", Instant, nullable=True),
        sa.Column("last_2_at", Instant, nullable=True),
        sa.Column("last_3_at", Instant, nullable=True),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("address_key", name=op.f("pk_mailboxes")),
    )
    op.create_table(
        "staff",
        sa.Column("id", Id, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("email", name=op.f("uq_staff_email")),
    )
    op.create_table(
        "consent_texts",
        sa.Column("id", Id, nullable=False),
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_consent_texts_campaign_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_texts")),
        sa.UniqueConstraint(
            "campaign_id",
            "purpose",
            "language",
            "version",
            name=op.f("uq_consent_texts_campaign_id_purpose_language_version"),
        ),
    )
    op.create_table(
        "count_changes",
        sa.Column("id", Id, nullable=False),
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_count_changes_campaign_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_count_changes")),
    )
    op.create_index(
        op.f("ix_count_changes_campaign_id"), "count_changes", ["campaign_id"], unique=False
    )

    op.create_table(
        "counts",
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("dimension", sa.String(length=10), nullable=False),
        sa.Column("value", sa.String(length=64), nullable=False),
        sa.Column("confirmed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_counts_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "dimension", "value", name=op.f("pk_counts")),
    )
    op.create_table(
        "exports",
        sa.Column("id", Id, nullable=False),
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("by", sa.String(length=254), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("filters", sa.Text(), nullable=False),
        sa.Column("format", sa.String(length=10), nullable=False),
        sa.Column("started_at", Instant, nullable=False),
        sa.Column("finished_at", Instant, nullable=True),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_exports_campaign_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
    )
    op.create_index(op.f("ix_exports_campaign_id"), "exports", ["campaign_id"], unique=False)

    op.create_table(
        "folds",
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("folded_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_folds_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_folds")),
    )
    op.create_table(
        "signatures",
        sa.Column("id", Id, nullable=False),
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("address_key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("confirmed_at", Instant, nullable=True),
        sa.Column("entry_id", Id, nullable=False),
        sa.Column("state_reason", sa.String(length=200), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'confirmed', 'withdrawn', 'held', 'rejected', 'erased')",
            name=op.f("ck_signatures_state"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_signatures_campaign_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signatures")),
        sa.UniqueConstraint(
            "campaign_id", "address_key", name=op.f("uq_signatures_campaign_id_address_key")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "staff_invites",
        sa.Column("id", Id, nullable=False),
        sa.Column("staff_id", Id, nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("used_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_invites_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_invites")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_staff_invites_token_sha256")),
    )
    op.create_table(
        "staff_sessions",
        sa.Column("id", Id, nullable=False),
        sa.Column("staff_id", Id, nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("seen_at", Instant, nullable=False),
        sa.Column("revoked_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_sessions_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_sessions")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_staff_sessions_token_sha256")),
    )
    op.create_index(
        op.f("ix_staff_sessions_staff_id"), "staff_sessions", ["staff_id"], unique=False
    )

    op.create_table(
        "campaign_texts",
        sa.Column("id", Id, nullable=False),
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("sign_text_id", Id, nullable=False),
        sa.Column("updates_text_id", Id, nullable=False),
        sa.Column("visibility_text_id", Id, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_texts_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["sign_text_id"], ["consent_texts.id"], name=op.f("fk_campaign_texts_sign_text_id")
        ),
        sa.ForeignKeyConstraint(
            ["updates_text_id"],
            ["consent_texts.id"],
            name=op.f("fk_campaign_texts_updates_text_id"),
        ),
        sa.ForeignKeyConstraint(
            ["visibility_text_id"],
            ["consent_texts.id"],
            name=op.f("fk_campaign_texts_visibility_text_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_texts")),
        sa.UniqueConstraint(
            "campaign_id",
            "language",
            "version",
            name=op.f("uq_campaign_texts_campaign_id_language_version"),
        ),
    )
    op.create_table(
        "entries",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("signature_id", Id, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_number", sa.Integer(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("visibility", sa.String(length=10), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=True),
        sa.Column("utm_source", sa.String(length=64), nullable=True),
        sa.Column("utm_medium", sa.String(length=64), nullable=True),
        sa.Column("utm_campaign", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["signature_id"],
            ["signatures.id"],
            name=op.f("fk_entries_signature_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entries")),
    )
    op.create_index(op.f("ix_entries_signature_id"), "entries", ["signature_id"], unique=False)

    op.create_table(
        "consents",
        sa.Column("id", Id, nullable=False),
        sa.Column("entry_id", Id, nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("consent_text_id", Id, nullable=False),
        sa.Column("answer", sa.String(length=10), nullable=False),
        sa.Column("answered_at", Instant, nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["consent_text_id"], ["consent_texts.id"], name=op.f("fk_consents_consent_text_id")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.id"], name=op.f("fk_consents_entry_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index(op.f("ix_consents_entry_id"), "consents", ["entry_id"], unique=False)

    op.create_table(
        "letters",
        sa.Column("id", Id, nullable=False),
        sa.Column("entry_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("leased_until", Instant, nullable=True),
        sa.Column("leased_by", sa.String(length=64), nullable=True),
        sa.Column("admitted", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("finished_at", Instant, nullable=True),
        sa.Column("last_error", sa.String(length=200), nullable=True),
        sa.CheckConstraint(
            "state IN ('owed', 'sent', 'failed', 'withheld')", name=op.f("ck_letters_state")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.id"], name=op.f("fk_letters_entry_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letters")),
    )
    op.create_index(op.f("ix_letters_entry_id"), "letters", ["entry_id"], unique=False)
    op.create_index(
        "ix_letters_owed",
        "letters",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'owed'"),
        sqlite_where=sa.text("state = 'owed'"),
    )
    _refuse_changes()
    providers = sa.table(
        "mail_providers",
        sa.column("domain", sa.String),
        sa.column("same_as", sa.String),
        sa.column("ignores_dots", sa.Boolean),
        sa.column("ignores_tags", sa.Boolean),
    )
    op.bulk_insert(
        providers,
        [
            {"domain": domain, "same_as": same_as, "ignores_dots": dots, "ignores_tags": tags}
            for domain, same_as, dots, tags in PROVIDERS
        ],
    )


def downgrade() -> None:
    op.drop_index("ix_letters_owed", "letters")
    op.drop_index(op.f("ix_letters_entry_id"), "letters")

    op.drop_table("letters")
    op.drop_index(op.f("ix_consents_entry_id"), "consents")

    op.drop_table("consents")
    op.drop_index(op.f("ix_entries_signature_id"), "entries")

    op.drop_table("entries")
    op.drop_table("campaign_texts")
    op.drop_index(op.f("ix_staff_sessions_staff_id"), "staff_sessions")

    op.drop_table("staff_sessions")
    op.drop_table("staff_invites")
    op.drop_table("signatures")
    op.drop_table("folds")
    op.drop_index(op.f("ix_exports_campaign_id"), "exports")

    op.drop_table("exports")
    op.drop_table("counts")
    op.drop_index(op.f("ix_count_changes_campaign_id"), "count_changes")

    op.drop_table("count_changes")
    op.drop_table("consent_texts")
    op.drop_table("staff")
    op.drop_table("mailboxes")
    op.drop_table("mail_providers")
    op.drop_table("campaigns")
    op.drop_index("ix_audit_who_at", "audit")

    op.drop_table("audit")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change()")
