"""what is arranged with partners, what they ask, and who said yes to them"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)
SET = sa.text("partner_id IS NOT NULL")


def _one_is_set(*columns: str) -> str:
    number = " + ".join(f"CASE WHEN {each} IS NULL THEN 0 ELSE 1 END" for each in columns)
    return f"{number} = 1"


def upgrade() -> None:
    op.add_column("partners", sa.Column("last_sequence", Id, server_default="0", nullable=False))
    op.create_table(
        "partner_terms",
        sa.Column("id", Id, nullable=False),
        sa.Column("partner_id", Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("controller", sa.String(200), nullable=False),
        sa.Column("privacy_url", sa.String(500), nullable=False),
        sa.Column("contact_email", sa.String(254), nullable=False),
        sa.Column("language", sa.String(10), nullable=False),
        sa.Column("retention_months", sa.Integer(), nullable=False),
        sa.Column("words_version", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.String(254), nullable=False),
        sa.Column("made_at", Instant, nullable=False),
        sa.Column("accepted_by", sa.String(100), nullable=True),
        sa.Column("accepted_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], op.f("fk_partner_terms_partner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_terms")),
        sa.UniqueConstraint(
            "partner_id", "version", name=op.f("uq_partner_terms_partner_id_version")
        ),
    )
    op.create_table(
        "partner_questions",
        sa.Column("id", Id, nullable=False),
        sa.Column("partner_id", Id, nullable=False),
        sa.Column("language", sa.String(10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("consent_text_id", Id, nullable=True),
        sa.Column("made_by", sa.String(254), nullable=False),
        sa.Column("made_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], op.f("fk_partner_questions_partner_id")
        ),
        sa.ForeignKeyConstraint(
            ["consent_text_id"],
            ["consent_texts.id"],
            op.f("fk_partner_questions_consent_text_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_questions")),
        sa.UniqueConstraint(
            "partner_id",
            "language",
            "version",
            name=op.f("uq_partner_questions_partner_id_language_version"),
        ),
    )
    op.create_index(
        op.f("ix_partner_questions_consent_text_id"), "partner_questions", ["consent_text_id"]
    )
    op.create_table(
        "partner_opt_ins",
        sa.Column("signature_id", Id, autoincrement=False, nullable=False),
        sa.Column("partner_id", Id, nullable=False),
        sa.Column("consent_text_id", Id, nullable=False),
        sa.Column("answered_at", Instant, nullable=False),
        sa.Column("sequence", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["signature_id"],
            ["signatures.id"],
            op.f("fk_partner_opt_ins_signature_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], op.f("fk_partner_opt_ins_partner_id")
        ),
        sa.ForeignKeyConstraint(
            ["consent_text_id"], ["consent_texts.id"], op.f("fk_partner_opt_ins_consent_text_id")
        ),
        sa.PrimaryKeyConstraint("signature_id", name=op.f("pk_partner_opt_ins")),
    )
    op.create_index(
        "ix_partner_opt_ins_partner_id_sequence", "partner_opt_ins", ["partner_id", "sequence"]
    )
    op.create_table(
        "partner_events",
        sa.Column("id", Id, nullable=False),
        sa.Column("partner_id", Id, nullable=False),
        sa.Column("sequence", Id, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("signature_id", Id, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.CheckConstraint(
            "kind IN ('opted_in', 'withdrawn', 'erased')", name=op.f("ck_partner_events_kind")
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], op.f("fk_partner_events_partner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_events")),
        sa.UniqueConstraint(
            "partner_id", "sequence", name=op.f("uq_partner_events_partner_id_sequence")
        ),
    )
    op.create_index(op.f("ix_partner_events_signature_id"), "partner_events", ["signature_id"])
    with _letters() as letters:
        letters.add_column(sa.Column("partner_id", Id, nullable=True))
        letters.create_foreign_key(
            op.f("fk_letters_partner_id"), "partners", ["partner_id"], ["id"], ondelete="CASCADE"
        )
        letters.drop_constraint(op.f("ck_letters_recipient"), type_="check")
        letters.create_check_constraint(
            op.f("ck_letters_recipient"), _one_is_set("entry_id", "staff_id", "partner_id")
        )
    op.create_index(
        "ix_letters_partner_id", "letters", ["partner_id"], postgresql_where=SET, sqlite_where=SET
    )


def downgrade() -> None:
    """Letters to partners go, and so does who said yes to them: what was answered stays."""
    op.execute("DELETE FROM letters WHERE partner_id IS NOT NULL")
    op.drop_index("ix_letters_partner_id", "letters")
    with _letters() as letters:
        letters.drop_constraint(op.f("ck_letters_recipient"), type_="check")
        letters.create_check_constraint(
            op.f("ck_letters_recipient"), _one_is_set("entry_id", "staff_id")
        )
        letters.drop_constraint(op.f("fk_letters_partner_id"), type_="foreignkey")
        letters.drop_column("partner_id")
    for table in ("partner_events", "partner_opt_ins", "partner_questions", "partner_terms"):
        op.drop_table(table)
    op.drop_column("partners", "last_sequence")


@contextmanager
def _letters() -> Iterator[BatchOperations]:
    """The table, to be changed. SQLite makes it anew, which harms no other: nothing hangs on it.

    The number of a letter that is gone is not given to another one, as before.
    """
    connection = op.get_bind()
    last = None
    if connection.dialect.name == "sqlite":
        read = sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'letters'")
        last = connection.execute(read).scalar()
    with op.batch_alter_table("letters", table_kwargs={"sqlite_autoincrement": True}) as letters:
        yield letters
    if last is not None:
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = 'letters'"))
        write = sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('letters', :last)")
        connection.execute(write, {"last": last})
