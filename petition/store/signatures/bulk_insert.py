"""Bulk insert: the rows that one form makes, written many forms at a time.

A new address and one that has signed before make the same statements: the unique key decides,
nobody looks first. Only the signature's own row is not made twice.

This is the code that runs most, so each statement goes straight to the driver, once with
all its rows: every step of a statement hands the interpreter to another thread and waits to get
it back. PostgreSQL gets the rows as one document, as its driver is slow to spell out arrays.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import Connection, Dialect, select
from sqlalchemy.orm import Session

from petition.domain.letters import letter as letters
from petition.domain.messages.message import WAITING
from petition.domain.messages.steps import Step
from petition.domain.signatures import states
from petition.domain.signatures.source import Source
from petition.store.db import Instant
from petition.store.letters import outbox
from petition.store.messages import counts
from petition.store.tables import Entry


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One consent question, answered."""

    purpose: str
    consent_text_id: int
    answer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NewMessage:
    """A message that came with a form, sealed."""

    id: int
    target_id: int
    wave: int
    text_id: int
    variant: int
    shown_as: str
    sealed: bytes
    key_number: int
    also_to: tuple[int, ...] = ()
    """Further targets, where one email goes to several."""
    wants_answer: bool = False
    """Its writer wants to be told by email if the target answers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewEntry:
    """One form, ready to be kept: sealed, keyed, and with its answers."""

    campaign_id: int
    address_key: bytes
    mailbox_key: bytes | None
    """The mailbox's key where it is not the address's."""
    keyed_by: str
    """The provider table that both were made with."""
    entry_id: int
    sealed: bytes
    key_number: int
    country: str
    language: str
    visibility: str
    updates: str
    source: Source
    answers: tuple[Answer, ...]
    way: str
    at: datetime
    messages: tuple[NewMessage, ...] = ()
    signs: bool = True
    """False where somebody only writes: a new row is then no signature."""


_ON_SQLITE = "WITH given ({names}) AS (VALUES {rows}) {insert}"
_ON_POSTGRESQL = """
WITH given AS (SELECT * FROM json_to_recordset(%s::json) AS row ({types})) {insert}
"""


class _Insert:
    """One INSERT ... SELECT ... FROM given; the given columns come with PostgreSQL's types."""

    def __init__(self, insert: str, given: Mapping[str, str]) -> None:
        self._insert = insert
        self._names = tuple(given)
        types = ", ".join(f"{name} {kind}" for name, kind in given.items())
        self._on_postgresql = _ON_POSTGRESQL.format(types=types, insert=insert)

    def run(self, connection: Connection, rows: list[tuple[object, ...]]) -> None:
        """Insert the rows; their values stand in the order of the given columns."""
        if connection.dialect.name == "sqlite":
            marks = f"({', '.join('?' for _ in self._names)})"
            sql = _ON_SQLITE.format(
                names=", ".join(self._names),
                rows=", ".join([marks] * len(rows)),
                insert=self._insert,
            )
            connection.exec_driver_sql(sql, tuple(itertools.chain.from_iterable(rows)))
        else:
            document = [dict(zip(self._names, row, strict=True)) for row in rows]
            text = json.dumps(document, default=_as_text)
            connection.exec_driver_sql(self._on_postgresql, (text,))


def _as_text(value: object) -> str:
    """How PostgreSQL reads from text what JSON has no type for."""
    return "\\x" + value.hex() if isinstance(value, bytes) else str(value)


def _literal(value: str | bool | int) -> str:
    return str(value).lower() if isinstance(value, int) else f"'{value}'"


_SIGNATURES = _Insert(
    """
INSERT INTO signatures (campaign_id, address_key, mailbox_key, keyed_by, state, created_at,
                        entry_id)
SELECT campaign_id, address_key, mailbox_key, keyed_by, state, at, entry_id FROM given WHERE true
ON CONFLICT (campaign_id, address_key) DO NOTHING
""",
    {
        "campaign_id": "bigint",
        "address_key": "bytea",
        "mailbox_key": "bytea",
        "keyed_by": "text",
        "state": "text",
        "at": "timestamptz",
        "entry_id": "bigint",
    },
)
# Should the signature be gone again, its id is null here, and the database refuses the row.
_ENTRIES = _Insert(
    """
INSERT INTO entries (id, signature_id, created_at, sealed, key_number, country, language,
                     visibility, updates, source, utm_source, utm_medium, utm_campaign, partner,
                     signs)
SELECT entry_id,
       (SELECT id FROM signatures WHERE signatures.campaign_id = given.campaign_id
                                    AND signatures.address_key = given.address_key),
       at, sealed, key_number, country, language,
       visibility, updates, source, utm_source, utm_medium, utm_campaign, partner, signs
FROM given
""",
    {
        "entry_id": "bigint",
        "campaign_id": "bigint",
        "address_key": "bytea",
        "at": "timestamptz",
        "sealed": "bytea",
        "key_number": "integer",
        "country": "text",
        "language": "text",
        "visibility": "text",
        "updates": "text",
        "source": "text",
        "utm_source": "text",
        "utm_medium": "text",
        "utm_campaign": "text",
        "partner": "text",
        "signs": "boolean",
    },
)
_CONSENTS = _Insert(
    """
INSERT INTO consents (entry_id, purpose, consent_text_id, answer, answered_at, way)
SELECT entry_id, purpose, consent_text_id, answer, at, way FROM given
""",
    {
        "entry_id": "bigint",
        "purpose": "text",
        "consent_text_id": "bigint",
        "answer": "text",
        "at": "timestamptz",
        "way": "text",
    },
)
_LETTERS = _Insert(
    f"""
INSERT INTO letters (entry_id, kind, due_at, {", ".join(outbox.AS_NEW)})
SELECT entry_id, kind, due_at, {", ".join(map(_literal, outbox.AS_NEW.values()))} FROM given
""",  # noqa: S608  # constants alone
    {"entry_id": "bigint", "kind": "text", "due_at": "timestamptz"},
)

_MESSAGES = _Insert(
    f"""
INSERT INTO messages (id, signature_id, entry_id, target_id, wave, text_id, variant, shown_as,
                      language, state, sealed, key_number, composed_at, paced, apart,
                      wants_answer)
SELECT message_id,
       (SELECT id FROM signatures WHERE signatures.campaign_id = given.campaign_id
                                    AND signatures.address_key = given.address_key),
       entry_id, target_id, wave, text_id, variant, shown_as,
       language, '{WAITING}', sealed, key_number, at, false, apart, wants_answer
FROM given
""",  # noqa: S608  # constants alone
    {
        "message_id": "bigint",
        "campaign_id": "bigint",
        "address_key": "bytea",
        "entry_id": "bigint",
        "target_id": "bigint",
        "wave": "integer",
        "text_id": "bigint",
        "variant": "integer",
        "shown_as": "text",
        "language": "text",
        "sealed": "bytea",
        "key_number": "integer",
        "at": "timestamptz",
        "apart": "boolean",
        "wants_answer": "boolean",
    },
)
_ALSO_TO = _Insert(
    """
INSERT INTO message_also_to (message_id, target_id) SELECT message_id, target_id FROM given
""",
    {"message_id": "bigint", "target_id": "bigint"},
)


def add(
    session: Session,
    new_entries: Sequence[NewEntry],
    due_at: Mapping[int, datetime] = MappingProxyType({}),
) -> None:
    """Write the entries in the caller's transaction.

    `due_at` says when an entry's letter is due; where it says nothing, at once.
    Raises SQLAlchemy's errors as they come: the group commit decides what becomes of the others.
    """
    connection = session.connection()
    as_kept = _time_as_kept(connection.dialect)
    # Sorted, so that two processes with the same addresses wait for each other and do not lock up.
    ordered = sorted(new_entries, key=lambda a: (a.campaign_id, a.address_key))
    dated = [(a, as_kept(a.at)) for a in ordered]
    _SIGNATURES.run(
        connection,
        [
            (
                a.campaign_id,
                a.address_key,
                a.mailbox_key,
                a.keyed_by,
                states.PENDING if a.signs else states.WRITER,
                at,
                a.entry_id,
            )
            for a, at in dated
        ],
    )
    _ENTRIES.run(connection, [_entry(a, at) for a, at in dated])
    _CONSENTS.run(
        connection,
        [
            (a.entry_id, answer.purpose, answer.consent_text_id, answer.answer, at, a.way)
            for a, at in dated
            for answer in a.answers
        ],
    )
    _LETTERS.run(
        connection,
        [(a.entry_id, letters.CONFIRM, as_kept(due_at.get(a.entry_id, a.at))) for a in ordered],
    )
    messages = [_message(a, each, at) for a, at in dated for each in a.messages]
    if messages:
        _MESSAGES.run(connection, messages)
        also: list[tuple[object, ...]] = [
            (m.id, target) for a in ordered for m in a.messages for target in m.also_to
        ]
        if also:
            _ALSO_TO.run(connection, also)
        for a in ordered:
            counts.note(session, [each.id for each in a.messages], Step.COMPOSED, at=a.at)


def kept(session: Session, entry_ids: Sequence[int]) -> frozenset[int]:
    """Which of these entries are there."""
    return frozenset(session.scalars(select(Entry.id).where(Entry.id.in_(entry_ids))))


def _entry(a: NewEntry, at: object) -> tuple[object, ...]:
    return (
        a.entry_id,
        a.campaign_id,
        a.address_key,
        at,
        a.sealed,
        a.key_number,
        a.country,
        a.language,
        a.visibility,
        a.updates,
        a.source.source,
        a.source.utm_source,
        a.source.utm_medium,
        a.source.utm_campaign,
        a.source.partner,
        a.signs,
    )


def _time_as_kept(dialect: Dialect) -> Callable[[datetime], object]:
    """What the driver takes for a time, as the table's own type makes it."""
    process = Instant().dialect_impl(dialect).bind_processor(dialect)
    assert process is not None  # a TypeDecorator has one
    return process


def _message(entry: NewEntry, new: NewMessage, at: object) -> tuple[object, ...]:
    return (
        new.id,
        entry.campaign_id,
        entry.address_key,
        entry.entry_id,
        new.target_id,
        new.wave,
        new.text_id,
        new.variant,
        new.shown_as,
        entry.language,
        new.sealed,
        new.key_number,
        at,
        not entry.signs,
        new.wants_answer,
    )
