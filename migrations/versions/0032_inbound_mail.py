"""what comes in by mail: replies, answers to them, bounces, and providers that block us"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

revision = "0032"
down_revision = "0037"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.DateTime(timezone=True)
RECIPIENTS = ("entry_id", "staff_id", "partner_id", "message_id")
SET = sa.text("reply_id IS NOT NULL")
TAKEN = "state <> 'waiting' AND state <> 'cancelled'"


def _one_of(columns: tuple[str, ...]) -> str:
    number = " + ".join(f"CASE WHEN {column} IS NULL THEN 0 ELSE 1 END" for column in columns)
    return f"{number} = 1"


def upgrade() -> None:
    op.drop_index("uq_messages_taken", "messages")
    op.add_column("messages", sa.Column("bounced_at", Instant, nullable=True))
    op.add_column("messages", sa.Column("closed_at", Instant, nullable=True))
    op.add_column(
        "messages",
        sa.Column("is_answer", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    _index_taken(f"{TAKEN} AND NOT is_answer", f"{TAKEN} AND is_answer = 0")
    op.create_table(
        "replies",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("message_id", Id, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("key_number", sa.Integer(), nullable=True),
        sa.Column("received_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], op.f("fk_replies_message_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replies")),
    )
    op.create_index("ix_replies_message_id", "replies", ["message_id"])
    op.create_table(
        "message_answers",
        sa.Column("message_id", Id, autoincrement=False, nullable=False),
        sa.Column("reply_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.id"],
            op.f("fk_message_answers_message_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["reply_id"], ["replies.id"], op.f("fk_message_answers_reply_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_message_answers")),
        sa.UniqueConstraint("reply_id", name=op.f("uq_message_answers_reply_id")),
    )
    op.create_table(
        "inbound_mails",
        sa.Column("id", Id, autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_number", sa.Integer(), nullable=False),
        sa.Column("received_at", Instant, nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_mails")),
    )
    op.create_index("ix_inbound_mails_due_at", "inbound_mails", ["due_at"])
    op.create_table(
        "inbound_counts",
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("on_day", "outcome", name=op.f("pk_inbound_counts")),
    )
    op.create_table(
        "provider_minutes",
        sa.Column("provider_key", sa.LargeBinary(16), nullable=False),
        sa.Column("minute", Instant, nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("blocked", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("provider_key", "minute", name=op.f("pk_provider_minutes")),
    )
    op.create_table(
        "provider_pauses",
        sa.Column("provider_key", sa.LargeBinary(16), nullable=False),
        sa.Column("name", sa.String(253), nullable=False),
        sa.Column("paused_at", Instant, nullable=False),
        sa.Column("until", Instant, nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("blocked", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("provider_key", name=op.f("pk_provider_pauses")),
    )
    op.add_column("mailboxes", sa.Column("gone_at", Instant, nullable=True))
    op.add_column("mailboxes", sa.Column("stopped_at", Instant, nullable=True))
    with _letters() as letters:
        letters.add_column(sa.Column("reply_id", Id, nullable=True))
        letters.create_foreign_key(
            op.f("fk_letters_reply_id"), "replies", ["reply_id"], ["id"], ondelete="CASCADE"
        )
        letters.drop_constraint(op.f("ck_letters_recipient"), type_="check")
        letters.create_check_constraint(
            op.f("ck_letters_recipient"), _one_of((*RECIPIENTS, "reply_id"))
        )
    op.create_index(
        "ix_letters_reply_id", "letters", ["reply_id"], postgresql_where=SET, sqlite_where=SET
    )


def downgrade() -> None:
    """Replies and answers to them go, and the letters that would tell of them."""
    op.execute("DELETE FROM letters WHERE reply_id IS NOT NULL")
    op.execute("DELETE FROM letters WHERE message_id IN (SELECT id FROM messages WHERE is_answer)")
    op.drop_index("ix_letters_reply_id", "letters")
    with _letters() as letters:
        letters.drop_constraint(op.f("ck_letters_recipient"), type_="check")
        letters.drop_constraint(op.f("fk_letters_reply_id"), type_="foreignkey")
        letters.drop_column("reply_id")
        letters.create_check_constraint(op.f("ck_letters_recipient"), _one_of(RECIPIENTS))
    for column in ("stopped_at", "gone_at"):
        op.drop_column("mailboxes", column)
    for table in (
        "provider_pauses",
        "provider_minutes",
        "inbound_counts",
        "inbound_mails",
        "message_answers",
        "replies",
    ):
        op.drop_table(table)
    op.execute("DELETE FROM messages WHERE is_answer")
    op.drop_index("uq_messages_taken", "messages")
    for column in ("is_answer", "closed_at", "bounced_at"):
        op.drop_column("messages", column)
    _index_taken(TAKEN, TAKEN)


def _index_taken(on_postgresql: str, on_sqlite: str) -> None:
    op.create_index(
        "uq_messages_taken",
        "messages",
        ["signature_id", "target_id", "wave"],
        unique=True,
        postgresql_where=sa.text(on_postgresql),
        sqlite_where=sa.text(on_sqlite),
    )


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
