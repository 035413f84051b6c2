"""Mailbox limits: how many letters one mailbox gets, over all campaigns and tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from petition.domain.letters import letter as letters
from petition.domain.letters.recipient import RecipientKind
from petition.store.db.upsert import upsert
from petition.store.letters import outbox
from petition.store.letters.entry_letters import EntryLetter
from petition.store.tables import Block, Entry, Letter, Mailbox, Signature

_LAST = (Mailbox.last_1_at, Mailbox.last_2_at, Mailbox.last_3_at)
_GONE = (Mailbox.gone_at, Mailbox.stopped_at)


def charge_mailbox(session: Session, letter: EntryLetter, *, at: datetime) -> bool:
    """Charge the letter to its mailbox's limits; False when the mailbox has had enough.

    The limits are 3 in 24 hours, and 5 ever for a mailbox that never confirmed. One UPDATE
    charges: another worker may write to the same mailbox at this moment.
    """
    if letter.admitted:
        return True
    make_sure(session, letter.mailbox_key)
    charged = session.execute(
        update(Mailbox)
        .where(
            Mailbox.address_key == letter.mailbox_key,
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


def withhold_surplus(session: Session, *, at: datetime, keyed_by: str, most: int) -> int:
    """Withhold at once, up to `most`, what `charge_mailbox` would refuse; how many it were.

    Ten thousand forms for one mailbox are ten thousand letters that are due before a newcomer's.
    Left to be looked at one by one are mailboxes that are blocked, whose forms are emptied, and
    those that the provider table reads otherwise by now.
    """
    key = func.coalesce(Signature.mailbox_key, Signature.address_key)
    had_three = Mailbox.last_3_at > at - timedelta(days=1)
    had_five = and_(~Mailbox.confirmed, Mailbox.letters >= letters.UNCONFIRMED_EVER)
    blocked = or_(
        Block.mailbox_key.in_([key, Signature.address_key]),
        Block.link_key.in_([key, Signature.address_key]),
    )
    surplus = (
        select(Letter.id)
        .join(Entry, Entry.id == Letter.entry_id)
        .join(Signature, Signature.id == Entry.signature_id)
        .join(Mailbox, Mailbox.address_key == key)
        .where(
            outbox.is_due(at, {RecipientKind.ENTRY}),
            ~Letter.admitted,
            Letter.kind.not_in(letters.UNLIMITED),
            Signature.keyed_by == keyed_by,
            or_(had_three, had_five),
            ~exists().where(blocked).correlate(Signature),
        )
        .limit(most)
        .with_for_update(skip_locked=True, of=Letter)
    )
    withheld = session.execute(
        update(Letter)
        .where(Letter.id.in_(surplus.scalar_subquery()))
        .values(state=letters.WITHHELD, finished_at=at, leased_until=None, leased_by=None)
        .execution_options(synchronize_session=False)
    )
    return int(withheld.rowcount)  # type: ignore[attr-defined]  # an UPDATE has one


def make_sure(session: Session, mailbox_key: bytes) -> None:
    """The mailbox has a row from now on."""
    upsert(session, Mailbox, {"address_key": mailbox_key, "letters": 0, "confirmed": False})


def note_confirmed(session: Session, mailbox_key: bytes) -> None:
    """This mailbox's owner confirmed: the limit for ever no longer applies."""
    session.execute(
        update(Mailbox).where(Mailbox.address_key == mailbox_key).values(confirmed=True)
    )


def note_there(session: Session, mailbox_key: bytes) -> None:
    """Somebody opened a letter in it: whatever a server said before, it is there."""
    session.execute(
        update(Mailbox)
        .where(Mailbox.address_key == mailbox_key, Mailbox.gone_at.is_not(None))
        .values(gone_at=None, stopped_at=None)
        .execution_options(synchronize_session=False)
    )


def move_mailboxes(session: Session, moves: Mapping[bytes, bytes]) -> None:
    """Mailboxes turn out to be one with others, by their keys: from which, to which.

    The letters of both are added up; the newest times stay; it is confirmed if either was.
    """
    known = session.scalars(select(Mailbox.address_key).where(Mailbox.address_key.in_(moves)))
    there = {bytes(key): moves[bytes(key)] for key in known if moves[bytes(key)] != bytes(key)}
    if not there:
        return
    used = _locked(session, there)
    for from_key, to_key in there.items():
        if from_key in used:  # else somebody has just moved it
            used[to_key] = used[to_key].with_(used.pop(from_key))
    for key in sorted(set(there.values()) & used.keys()):
        _write(session, key, used[key])
    session.execute(
        delete(Mailbox)
        .where(Mailbox.address_key.in_(there.keys() - used.keys()))
        .execution_options(synchronize_session=False)
    )


def _locked(session: Session, moves: Mapping[bytes, bytes]) -> dict[bytes, _Used]:
    """The mailboxes by their keys, held until the transaction ends; those moved to are all there.

    One that was there may be erased before it is held: then it is made once more.
    """
    used: dict[bytes, _Used] = {}
    while missing := sorted(set(moves.values()) - used.keys()):
        for key in missing:
            make_sure(session, key)
        rows = session.execute(
            select(Mailbox.address_key, Mailbox.letters, Mailbox.confirmed, *_LAST, *_GONE)
            .where(Mailbox.address_key.in_({*moves, *moves.values()}))
            .order_by(Mailbox.address_key)  # who moves the same wait for each other
            .with_for_update()
        ).all()
        used = {bytes(row.address_key): _Used.of(row) for row in rows}
    return used


@dataclass(frozen=True, kw_only=True)
class _Used:
    """What a mailbox had of us."""

    letters: int
    confirmed: bool
    last_at: tuple[datetime, ...]
    """The newest first, three at most."""
    gone_at: datetime | None
    stopped_at: datetime | None

    @classmethod
    def of(cls, row: Any) -> _Used:
        times = (row.last_1_at, row.last_2_at, row.last_3_at)
        return cls(
            letters=row.letters,
            confirmed=row.confirmed,
            last_at=tuple(at for at in times if at is not None),
            gone_at=row.gone_at,
            stopped_at=row.stopped_at,
        )

    def with_(self, other: _Used) -> _Used:
        return _Used(
            letters=self.letters + other.letters,
            confirmed=self.confirmed or other.confirmed,
            last_at=tuple(sorted((*self.last_at, *other.last_at), reverse=True)[:3]),
            gone_at=min(filter(None, (self.gone_at, other.gone_at)), default=None),
            stopped_at=max(filter(None, (self.stopped_at, other.stopped_at)), default=None),
        )


def _write(session: Session, mailbox_key: bytes, used: _Used) -> None:
    first, second, third = (*used.last_at, None, None, None)[:3]
    session.execute(
        update(Mailbox)
        .where(Mailbox.address_key == mailbox_key)
        .values(
            letters=used.letters,
            confirmed=used.confirmed,
            last_1_at=first,
            last_2_at=second,
            last_3_at=third,
            gone_at=used.gone_at,
            stopped_at=used.stopped_at,
        )
        .execution_options(synchronize_session=False)
    )
