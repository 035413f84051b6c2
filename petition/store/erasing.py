"""Erasing: every row of a signature goes; what stays is a number for the recall lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from petition.domain import signature as states
from petition.store import disclosures
from petition.store.signatures import note_count_change
from petition.store.tables import (
    Block,
    Campaign,
    Entry,
    Erasure,
    Letter,
    Mailbox,
    Signature,
)


@dataclass(frozen=True, kw_only=True)
class Erased:
    """What the caller needs to forget elsewhere: in the journal, and in the mailbox folder."""

    slug: str
    address_key: bytes
    letter_ids: tuple[int, ...]


def address_key(session: Session, signature_id: int) -> tuple[str, bytes] | None:
    """(campaign, keyed hash of the address) of a signature; None when it is gone."""
    row = session.execute(
        select(Campaign.slug, Signature.address_key)
        .join(Campaign, Campaign.id == Signature.campaign_id)
        .where(Signature.id == signature_id)
    ).first()
    return (row.slug, bytes(row.address_key)) if row is not None else None


def of_address(session: Session, campaign_id: int, key: bytes) -> int | None:
    """The signature of an address, if it has one."""
    return session.scalar(
        select(Signature.id).where(
            Signature.campaign_id == campaign_id, Signature.address_key == key
        )
    )


def erase(session: Session, signature_id: int, *, at: datetime) -> Erased | None:
    """Delete a signature with all that hangs on it; None when it is gone already.

    The count follows. Exports that hold it put its number on their recall lists.
    """
    row = session.get(Signature, signature_id, with_for_update=True, populate_existing=True)
    if row is None:
        return None
    if row.state == states.CONFIRMED:
        note_count_change(session, signature_id, -1)
    campaign_id, key = row.campaign_id, bytes(row.address_key)
    slug = session.get_one(Campaign, campaign_id).slug
    letters = _letters(session, [signature_id])
    _note_erased(session, campaign_id, [signature_id], at=at)
    session.expunge(row)
    _delete(session, [signature_id])
    _forget_address(session, [key])
    return Erased(slug=slug, address_key=key, letter_ids=letters)


def _note_erased(
    session: Session, campaign_id: int, signature_ids: Sequence[int], *, at: datetime
) -> None:
    """Keep the numbers of those that an export holds, for its recall list."""
    rows = [
        {"campaign_id": campaign_id, "signature_id": id_, "erased_at": at}
        for id_ in disclosures.held(session, campaign_id, signature_ids)
    ]
    if rows:
        make = _insert(session, Erasure)
        session.connection().execute(make.on_conflict_do_nothing(), rows)


def _insert(session: Session, table: type[Erasure] | type[Block]) -> Any:
    dialect = session.get_bind().dialect.name
    make: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return make(table.__table__)


def _letters(session: Session, signature_ids: Sequence[int]) -> tuple[int, ...]:
    return tuple(
        session.scalars(
            select(Letter.id)
            .join(Entry, Entry.id == Letter.entry_id)
            .where(Entry.signature_id.in_(signature_ids))
        )
    )


def _delete(session: Session, signature_ids: Sequence[int]) -> None:
    """Entries, consents, letters and reviews go with their signature, by the foreign keys."""
    session.execute(
        delete(Signature)
        .where(Signature.id.in_(signature_ids))
        .execution_options(synchronize_session=False)
    )


def _forget_address(session: Session, keys: Sequence[bytes]) -> None:
    """The limits of a mailbox, if no campaign needs them any more.

    Tries of codes stay until their day is over, as for every address: were they gone, who made
    them would see the limit lifted, and so that there was something to erase. Letters that were
    asked for are taken off their list within seconds, and the worker finds nobody to write to.
    """
    # Campaign by campaign: the index of signatures begins with the campaign.
    there = (
        exists()
        .where(Signature.campaign_id == Campaign.id, Signature.address_key == Mailbox.address_key)
        .correlate(Campaign, Mailbox)
    )
    elsewhere = exists(select(Campaign.id).where(there).correlate(Mailbox))
    session.execute(
        delete(Mailbox)
        .where(Mailbox.address_key.in_(keys), ~elsewhere)
        .execution_options(synchronize_session=False)
    )


def erase_batch(
    session: Session, campaign_id: int, *, at: datetime, most: int
) -> tuple[int, tuple[int, ...]]:
    """Up to `most` signatures of a campaign whose time is over: (how many, their letters).

    The totals stay as they are: they are the campaign's result, and name nobody.
    """
    rows = session.execute(
        select(Signature.id, Signature.address_key)
        .where(Signature.campaign_id == campaign_id)
        .order_by(Signature.id)
        .limit(most)
        .with_for_update()
    ).all()
    ids = [row.id for row in rows]
    letters = _letters(session, ids)
    _note_erased(session, campaign_id, ids, at=at)
    _delete(session, ids)
    _forget_address(session, [bytes(row.address_key) for row in rows])
    return len(ids), letters


# --- blocks ---------------------------------------------------------------------------------------


def block(session: Session, campaign_id: int, key: bytes, *, at: datetime) -> None:
    """Take nothing more from this address in this campaign."""
    make = _insert(session, Block).on_conflict_do_nothing()
    session.connection().execute(
        make, [{"campaign_id": campaign_id, "address_key": key, "blocked_at": at}]
    )


def unblock(
    session: Session, campaign_id: int, key: bytes, *, before: datetime | None = None
) -> bool:
    """The address may sign again; False when it was not blocked, or only after that time."""
    where = [Block.campaign_id == campaign_id, Block.address_key == key]
    if before is not None:
        where.append(Block.blocked_at <= before)
    lifted = session.execute(
        delete(Block)
        .where(*where)
        .returning(Block.address_key)
        .execution_options(synchronize_session=False)
    )
    return lifted.first() is not None


def is_blocked(session: Session, campaign_id: int, key: bytes) -> bool:
    return session.get(Block, (campaign_id, key)) is not None


def void(session: Session, entry_id: int, *, sealed: bytes, key_number: int) -> None:
    """Empty an entry that came in for a blocked address. The row itself goes with the others.

    Were it deleted at once, the number of unconfirmed forms would tell who is blocked.
    """
    session.execute(
        update(Entry)
        .where(Entry.id == entry_id)
        .values(
            sealed=sealed,
            key_number=key_number,
            visibility="counted",
            source=None,
            utm_source=None,
            utm_medium=None,
            utm_campaign=None,
        )
    )


# --- forms that nobody confirmed ------------------------------------------------------------------


def unconfirmed_forms(
    session: Session, *, before: datetime, after: datetime | None
) -> Sequence[int]:
    """Forms sent in before that time (and not before `after`) that no mailbox confirmed.

    Entry ids grow with time, so that a range of them is a range of days.
    """
    query = _unconfirmed().where(Entry.id < _first_id(before))
    if after is not None:
        query = query.where(Entry.id >= _first_id(after))
    return session.scalars(query).all()


def unconfirmed_of(session: Session, signature_ids: Sequence[int], *, before: datetime) -> int:
    """How many unconfirmed forms from before that time these signatures have."""
    query = _unconfirmed().where(Entry.id < _first_id(before), Signature.id.in_(signature_ids))
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0


def outliving(session: Session, campaign_id: int, *, before: datetime) -> int:
    """A campaign's signatures that stand when the unconfirmed forms from before that are gone."""
    query = _outliving(campaign_id, before)
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0


def outliving_of(
    session: Session, campaign_id: int, signature_ids: Sequence[int], *, before: datetime
) -> int:
    """Those of them that are among these signatures."""
    query = _outliving(campaign_id, before).where(Signature.id.in_(signature_ids))
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0


def _outliving(campaign_id: int, before: datetime) -> Any:
    young = exists().where(Entry.signature_id == Signature.id, Entry.id >= _first_id(before))
    return select(Signature.id).where(
        Signature.campaign_id == campaign_id, or_(Signature.confirmed_at.is_not(None), young)
    )


def delete_unconfirmed(
    session: Session, entry_ids: Sequence[int], *, at: datetime
) -> tuple[int, tuple[int, ...]]:
    """Delete those that are unconfirmed still: (how many, their letters).

    A signature goes with its last form. Signatures are locked: somebody may be confirming this
    very form, or sending in another one.
    """
    rows = session.execute(
        _unconfirmed().where(Entry.id.in_(entry_ids)).with_for_update(of=Signature)
    ).all()
    ids = [row.id for row in rows]
    letters = tuple(session.scalars(select(Letter.id).where(Letter.entry_id.in_(ids))))
    session.execute(
        delete(Entry).where(Entry.id.in_(ids)).execution_options(synchronize_session=False)
    )
    _settle(session, {row.signature_id for row in rows}, at=at)
    return len(ids), letters


def _unconfirmed() -> Any:
    return (
        select(Entry.id, Entry.signature_id)
        .join(Signature, Signature.id == Entry.signature_id)
        # Of a signature that was confirmed, the entry that its mailbox confirmed stays.
        .where(or_(Signature.confirmed_at.is_(None), Signature.entry_id != Entry.id))
        .order_by(Entry.id)
    )


def _first_id(at: datetime) -> int:
    """The smallest entry id of that millisecond (store/vault.py)."""
    return int(at.timestamp() * 1000) << 22


def _settle(session: Session, signature_ids: Iterable[int], *, at: datetime) -> None:
    """Signatures that lost an entry: point to one that is left, or go."""
    ids = list(signature_ids)
    left = exists().where(Entry.signature_id == Signature.id)
    gone = session.execute(
        delete(Signature)
        .where(Signature.id.in_(ids), ~left)
        .returning(Signature.campaign_id, Signature.id)
        .execution_options(synchronize_session=False)
    ).all()
    for campaign_id in sorted({row.campaign_id for row in gone}):  # as the fold locks them
        numbers = [row.id for row in gone if row.campaign_id == campaign_id]
        _note_erased(session, campaign_id, numbers, at=at)
    own = exists().where(Entry.id == Signature.entry_id)
    session.execute(
        update(Signature)
        .where(Signature.id.in_(ids), ~own)
        .values(
            entry_id=select(func.min(Entry.id))
            .where(Entry.signature_id == Signature.id)
            .scalar_subquery()
        )
        .execution_options(synchronize_session=False)
    )
