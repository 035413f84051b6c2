"""messages of supporters to targets, and letters that carry them"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

revision = "0028"
down_revision = "0025"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)
STATES = "'waiting', 'queued', 'sent', 'bounced', 'parked', 'cancelled'"
SHOWN_AS = "'full_name', 'first_name', 'supporter'"
TAKEN = sa.text("state <> 'waiting' AND state <> 'cancelled'")
SET = sa.text("message_id IS NOT NULL")
WITHOUT = (
    "CASE WHEN entry_id IS NULL THEN 0 ELSE 1 END"
    " + CASE WHEN staff_id IS NULL THEN 0 ELSE 1 END"
    " + CASE WHEN partner_id IS NULL THEN 0 ELSE 1 END = 1"
)
WITH = (
    "CASE WHEN entry_id IS NULL THEN 0 ELSE 1 END"
    " + CASE WHEN staff_id IS NULL THEN 0 ELSE 1 END"
    " + CASE WHEN partner_id IS NULL THEN 0 ELSE 1 END"
    " + CASE WHEN message_id IS NULL THEN 0 ELSE 1 END = 1"
)


def upgrade() -> None:
    op.create_table(
        "message_targets",
        sa.Column("id", Id, nullable=False),
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("an_hour", sa.Integer(), nullable=False),
        sa.Column("a_day", sa.Integer(), nullable=False),
        sa.Column("paused_at", Instant, nullable=True),
        sa.Column("retired_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], op.f("fk_message_targets_campaign_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_targets")),
        sa.UniqueConstraint("campaign_id", "key", name=op.f("uq_message_targets_campaign_id_key")),
    )
    op.create_table(
        "messages",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("signature_id", Id, nullable=False),
        sa.Column("entry_id", Id, nullable=True),
        sa.Column("target_id", Id, nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("text_id", Id, nullable=False),
        sa.Column("variant", sa.Integer(), nullable=False),
        sa.Column("shown_as", sa.String(10), nullable=False),
        sa.Column("language", sa.String(10), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("key_number", sa.Integer(), nullable=True),
        sa.Column("composed_at", Instant, nullable=False),
        sa.Column("confirmed_at", Instant, nullable=True),
        sa.Column("paced", sa.Boolean(), nullable=False),
        sa.Column("finished_at", Instant, nullable=True),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("ck_messages_state")),
        sa.CheckConstraint(f"shown_as IN ({SHOWN_AS})", name=op.f("ck_messages_shown_as")),
        sa.ForeignKeyConstraint(
            ["signature_id"],
            ["signatures.id"],
            op.f("fk_messages_signature_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.id"], op.f("fk_messages_entry_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["message_targets.id"], op.f("fk_messages_target_id")
        ),
        sa.ForeignKeyConstraint(["text_id"], ["campaign_texts.id"], op.f("fk_messages_text_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
    )
    op.create_index(op.f("ix_messages_entry_id"), "messages", ["entry_id"])
    op.create_index("ix_messages_signature_id", "messages", ["signature_id"])
    op.create_index("ix_messages_target_id_state", "messages", ["target_id", "state"])
    op.create_index(
        "uq_messages_taken",
        "messages",
        ["signature_id", "target_id", "wave"],
        unique=True,
        postgresql_where=TAKEN,
        sqlite_where=TAKEN,
    )
    op.create_table(
        "message_hours",
        sa.Column("target_id", Id, nullable=False),
        sa.Column("hour", Instant, nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["target_id"], ["message_targets.id"], op.f("fk_message_hours_target_id")
        ),
        sa.PrimaryKeyConstraint("target_id", "hour", name=op.f("pk_message_hours")),
    )
    op.create_table(
        "message_changes",
        sa.Column("id", Id, nullable=False),
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("step", sa.String(10), nullable=False),
        sa.Column("target", sa.String(64), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("variant", sa.String(20), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], op.f("fk_message_changes_campaign_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_changes")),
    )
    op.create_table(
        "message_counts",
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("step", sa.String(10), nullable=False),
        sa.Column("dimension", sa.String(10), nullable=False),
        sa.Column("value", sa.String(64), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], op.f("fk_message_counts_campaign_id")
        ),
        sa.PrimaryKeyConstraint(
            "campaign_id", "step", "dimension", "value", name=op.f("pk_message_counts")
        ),
    )
    with _letters() as letters:
        letters.add_column(sa.Column("message_id", Id, nullable=True))
        letters.create_foreign_key(
            op.f("fk_letters_message_id"), "messages", ["message_id"], ["id"], ondelete="CASCADE"
        )
        letters.drop_constraint(op.f("ck_letters_recipient"), type_="check")
        letters.create_check_constraint(op.f("ck_letters_recipient"), WITH)
    op.create_index(
        "ix_letters_message_id", "letters", ["message_id"], postgresql_where=SET, sqlite_where=SET
    )


def downgrade() -> None:
    """Messages go, and the letters that would carry them."""
    op.execute("DELETE FROM letters WHERE message_id IS NOT NULL")
    op.drop_index("ix_letters_message_id", "letters")
    with _letters() as letters:
        letters.drop_constraint(op.f("ck_letters_recipient"), type_="check")
        letters.drop_constraint(op.f("fk_letters_message_id"), type_="foreignkey")
        letters.drop_column("message_id")
        letters.create_check_constraint(op.f("ck_letters_recipient"), WITHOUT)
    for table in (
        "message_counts",
        "message_changes",
        "message_hours",
        "messages",
        "message_targets",
    ):
        op.drop_table(table)


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
