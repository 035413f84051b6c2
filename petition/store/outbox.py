"""The outbox: letters that we owe, claimed with a lease, so that none is sent by two workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Table, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from petition.domain import letter as letters
from petition.store.tables import Campaign, Entry, Letter, Mailbox, MailProvider, Signature

_MAILBOXES: Table = Mailbox.__table__  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True)
class Owed:
    """A claimed letter with what is needed to write it."""

    id: int
    kind: str
    entry_id: int
    entered_at: datetime
    """When the form was sent in: its links end seven days later."""
    signature_id: int
    slug: str
    sealed: bytes
    key_number: int
    language: str
    state: str
    mailbox_confirmed: bool
    address_key: bytes
    campaign_id: int
    unsubscribed: bool
    admitted: bool
    attempts: int


def claim(
    session: Session, *, worker: str, at: datetime, lease: timedelta, most: int
) -> list[Owed]:
    """Take up to `most` letters that are due, for as long as the lease lasts.

    One UPDATE claims: on PostgreSQL it skips rows that another worker is taking just now.
    """
    due = (
        select(Letter.id)
        .where(
            Letter.state == letters.OWED,
            Letter.due_at <= at,
            or_(Letter.leased_until.is_(None), Letter.leased_until <= at),
        )
        .order_by(Letter.due_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    claimed = session.scalars(
        update(Letter)
        .where(Letter.id.in_(due.scalar_subquery()))
        .values(leased_until=at + lease, leased_by=worker)
        .returning(Letter.id)
        .execution_options(synchronize_session=False)
    ).all()
    return _read(session, claimed)


def reread(session: Session, letter_id: int) -> Owed | None:
    """A claimed letter as it stands now; None when it was erased since.

    Nobody erases it before the commit: who erases waits for its signature.
    """
    session.execute(
        select(Signature.id)
        .join(Entry, Entry.signature_id == Signature.id)
        .join(Letter, Letter.entry_id == Entry.id)
        .where(Letter.id == letter_id)
        .with_for_update(read=True, key_share=True, of=Signature)
    )
    return next(iter(_read(session, [letter_id])), None)


def _read(session: Session, ids: Sequence[int]) -> list[Owed]:
    rows = session.execute(
        select(Letter, Entry, Signature, Campaign.slug)
        .join(Entry, Entry.id == Letter.entry_id)
        .join(Signature, Signature.id == Entry.signature_id)
        .join(Campaign, Campaign.id == Signature.campaign_id)
        .where(Letter.id.in_(ids))
        .order_by(Letter.due_at, Letter.id)
    )
    return [
        Owed(
            id=letter.id,
            kind=letter.kind,
            entry_id=entry.id,
            entered_at=entry.created_at,
            signature_id=signature.id,
            slug=slug,
            sealed=entry.sealed,
            key_number=entry.key_number,
            language=entry.language,
            state=signature.state,
            mailbox_confirmed=signature.confirmed_at is not None,
            address_key=bytes(signature.address_key),
            campaign_id=signature.campaign_id,
            unsubscribed=signature.unsubscribed_at is not None,
            admitted=letter.admitted,
            attempts=letter.attempts,
        )
        for letter, entry, signature, slug in rows
    ]


def admit(session: Session, letter: Owed, *, at: datetime) -> bool:
    """Charge the letter to its mailbox's limits; False when the mailbox has had enough.

    The limits are 3 in 24 hours, and 5 ever for a mailbox that never confirmed. One UPDATE
    charges: another worker may write to the same mailbox at this moment.
    """
    if letter.admitted:
        return True
    dialect = session.get_bind().dialect.name
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    session.connection().execute(
        make(_MAILBOXES)
        .values(address_key=letter.address_key, letters=0, confirmed=False)
        .on_conflict_do_nothing()
    )
    charged = session.execute(
        update(Mailbox)
        .where(
            Mailbox.address_key == letter.address_key,
            or_(Mailbox.last_3_at.is_(None), Mailbox.last_3_at <= at - timedelta(days=1)),
            or_(Mailbox.confirmed, Mailbox.letters < letters.UNCONFIRMED_EVER),
        )
        .values(
            last_3_at=Mailbox.last_2_at,
            last_2_at=Mailbox.last_1_at,
            last_1_at=at,
            letters=Mailbox.letters + 1,
        )
        .returning(Mailbox.letters)
        .execution_options(synchronize_session=False)
    ).first()
    if charged is None:
        return False
    session.execute(update(Letter).where(Letter.id == letter.id).values(admitted=True))
    return True


def note_confirmed(session: Session, address_key: bytes) -> None:
    """This mailbox's owner confirmed: the limit for ever no longer applies."""
    session.execute(
        update(Mailbox).where(Mailbox.address_key == address_key).values(confirmed=True)
    )


def finish(
    session: Session, letter_id: int, state: str, *, at: datetime, error: str | None = None
) -> bool:
    """The letter is sent, failed or withheld, for good; False when it was erased meanwhile."""
    finished = session.execute(
        update(Letter)
        .where(Letter.id == letter_id)
        .values(
            state=state,
            finished_at=at,
            leased_until=None,
            leased_by=None,
            attempts=Letter.attempts + (0 if state == letters.WITHHELD else 1),
            last_error=error,
        )
        .returning(Letter.id)
        .execution_options(synchronize_session=False)
    )
    return finished.first() is not None


def postpone(session: Session, letter_id: int, *, until: datetime, error: str) -> None:
    """Try again later."""
    session.execute(
        update(Letter)
        .where(Letter.id == letter_id)
        .values(
            due_at=until,
            leased_until=None,
            leased_by=None,
            attempts=Letter.attempts + 1,
            last_error=error,
        )
    )


def release(session: Session, letter_ids: Sequence[int], *, worker: str) -> None:
    """Give claimed letters back untried."""
    session.execute(
        update(Letter)
        .where(Letter.id.in_(letter_ids), Letter.leased_by == worker)
        .values(leased_until=None, leased_by=None)
    )


def summary(session: Session) -> dict[str, int]:
    """Letters by state: for doctor and the console."""
    rows = session.execute(select(Letter.state, func.count()).group_by(Letter.state))
    return {row.state: row[1] for row in rows}


def providers(session: Session) -> list[MailProvider]:
    """Which mail providers read several spellings as one mailbox."""
    return list(session.scalars(select(MailProvider).order_by(MailProvider.domain)))


def save_provider(
    session: Session, domain: str, *, same_as: str | None, ignores_dots: bool, ignores_tags: bool
) -> None:
    """Add a provider or change its row."""
    session.merge(
        MailProvider(
            domain=domain, same_as=same_as, ignores_dots=ignores_dots, ignores_tags=ignores_tags
        )
    )
