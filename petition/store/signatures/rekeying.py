"""Signatures by the provider table that they were keyed with: what a re-keying reads and writes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from petition.domain.signatures import states
from petition.store.counts.changes import note_change
from petition.store.db.upsert import upsert
from petition.store.exports import contents
from petition.store.messages import messages
from petition.store.partners import disclosures, opt_ins
from petition.store.signatures import bulk_actions, by_address
from petition.store.tables import Entry, FormerKey, MergedSignature, Signature
from petition.store.webhooks import owed


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """One form, to read its address from."""

    entry_id: int
    sealed: bytes
    key_number: int


@dataclass(frozen=True, kw_only=True)
class Stale:
    """A signature that was keyed with another table, and the form that it stands on."""

    signature_id: int
    campaign_id: int
    created_at: datetime
    address_key: bytes
    mailbox_key: bytes
    confirmed: bool
    is_counted: bool
    form: Sealed


@dataclass(frozen=True, kw_only=True)
class Keys:
    """What a signature is to be found by."""

    address: bytes
    own_mailbox: bytes | None
    keyed_by: str


def left(session: Session, fingerprint: str) -> int:
    """How many signatures were keyed with another table than this."""
    query = select(func.count()).select_from(Signature).where(_by_another(fingerprint))
    return session.scalar(query) or 0


def batch(session: Session, fingerprint: str, *, after: int, most: int) -> list[Stale]:
    """Signatures keyed with another table, by id."""
    rows = session.execute(
        select(Signature, Entry)
        .join(Entry, Entry.id == Signature.entry_id)
        .where(_by_another(fingerprint), Signature.id > after)
        .order_by(Signature.id)
        .limit(most)
    )
    return [
        Stale(
            signature_id=signature.id,
            campaign_id=signature.campaign_id,
            created_at=signature.created_at,
            address_key=bytes(signature.address_key),
            mailbox_key=bytes(signature.mailbox_key or signature.address_key),
            confirmed=signature.confirmed_at is not None,
            is_counted=signature.state == states.CONFIRMED,
            form=_sealed(entry),
        )
        for signature, entry in rows
    ]


def other_forms(session: Session, signature_id: int, *, but: int) -> list[Sealed]:
    """A signature's other forms, the newest first."""
    rows = session.scalars(
        select(Entry)
        .where(Entry.signature_id == signature_id, Entry.id != but)
        .order_by(Entry.id.desc())
    )
    return [_sealed(row) for row in rows]


def own_form(session: Session, signature_id: int) -> Sealed | None:
    """The form that a signature stands on; None when it has just gone."""
    query = select(Entry).join(Signature, Signature.entry_id == Entry.id)
    row = session.scalars(query.where(Signature.id == signature_id)).one_or_none()
    return _sealed(row) if row is not None else None


def _sealed(entry: Entry) -> Sealed:
    return Sealed(entry_id=entry.id, sealed=bytes(entry.sealed), key_number=entry.key_number)


def _by_another(fingerprint: str) -> Any:
    return or_(Signature.keyed_by.is_(None), Signature.keyed_by != fingerprint)


# --- one signature --------------------------------------------------------------------------------


def lock(session: Session, signature_ids: Collection[int]) -> list[int]:
    """Those that are still there, held until the transaction ends, by id."""
    return list(
        session.scalars(
            select(Signature.id)
            .where(Signature.id.in_(signature_ids))
            .order_by(Signature.id)
            .with_for_update()
        )
    )


def mark(session: Session, signature_ids: Sequence[int], fingerprint: str) -> None:
    """These are keyed as they should be."""
    session.execute(
        update(Signature)
        .where(Signature.id.in_(signature_ids))
        .values(keyed_by=fingerprint)
        .execution_options(synchronize_session=False)
    )


def of_key(session: Session, campaign_id: int, key: bytes) -> int | None:
    """The signature that has this key."""
    return session.scalar(
        select(Signature.id).where(
            Signature.campaign_id == campaign_id, Signature.address_key == key
        )
    )


def set_keys(session: Session, stale: Stale, keys: Keys) -> bool:
    """Give a signature its new keys; False when it is gone, or another one has them by now."""
    if not lock(session, [stale.signature_id]):
        return False
    try:
        with session.begin_nested():
            _set_keys(session, stale.signature_id, keys)
    except IntegrityError:
        return False
    _note_former(session, stale.address_key, keys.address)
    return True


def _set_keys(session: Session, signature_id: int, keys: Keys) -> None:
    session.execute(
        update(Signature)
        .where(Signature.id == signature_id)
        .values(address_key=keys.address, mailbox_key=keys.own_mailbox, keyed_by=keys.keyed_by)
        .execution_options(synchronize_session=False)
    )


def _note_former(session: Session, former: bytes, key: bytes) -> None:
    """Links in letters name the former key, and the ones before it."""
    if former == key:
        return
    known = [former, *by_address.former_keys(session, former)]
    upsert(
        session,
        FormerKey,
        [{"former_key": each, "address_key": key} for each in known if each != key],
    )
    session.execute(
        delete(FormerKey)
        .where(FormerKey.address_key == former)
        .execution_options(synchronize_session=False)
    )


# --- two that are one -----------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Merged:
    """What became of two signatures of one person."""

    stays: int
    goes: int
    fell: int
    """By how much the count falls."""


def merge(
    session: Session, stale: Stale, other_id: int, keys: Keys, *, at: datetime
) -> Merged | None:
    """Of two signatures of one person make one; None when either changed meanwhile.

    The earlier confirmed stays (`_first`). The other's forms, with their consents, letters and
    reviews, hang on it from then on; its number goes onto the recall list of every export that
    holds it, and links in letters that name it lead to the one that stays.
    """
    ids = [stale.signature_id, other_id]
    if len(lock(session, ids)) < 2:
        return None
    rows = session.scalars(
        select(Signature)
        .where(Signature.id.in_(ids), Signature.campaign_id == stale.campaign_id)
        .execution_options(populate_existing=True)
    ).all()
    by_id = {row.id: row for row in rows}
    known = by_id[stale.signature_id].address_key == stale.address_key
    if not known or by_id[other_id].address_key != keys.address:
        return None
    stays, goes = sorted(rows, key=_first)
    opt_ins.note_changed(session, [stays.id], at=at)
    fell = _take_out_of_count(session, stays, goes)
    values = _together(stays, goes)
    former = bytes(by_id[stale.signature_id].address_key)
    stays_id, goes_id, stays_state = stays.id, goes.id, stays.state
    session.expunge(stays)
    session.expunge(goes)
    session.execute(
        update(Entry)
        .where(Entry.signature_id == goes_id)
        .values(signature_id=stays_id)
        .execution_options(synchronize_session=False)
    )
    _remember(session, goes_id, stays_id, at=at)
    bulk_actions.follow(session, goes_id, stays_id)
    messages.follow(session, goes_id, stays_id)
    disclosures.follow(session, goes_id, stays_id)
    _delete_merged(session, stale.campaign_id, goes_id, at=at)
    session.execute(
        update(Signature)
        .where(Signature.id == stays_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if stays_state == states.CONFIRMED and values.get("state", stays_state) != stays_state:
        owed.note_state(session, [stays_id], values["state"], at=at)
    _set_keys(session, stays_id, keys)
    _note_former(session, former, keys.address)
    return Merged(stays=stays_id, goes=goes_id, fell=fell)


def _first(row: Signature) -> tuple[int, datetime, int]:
    """Which of two stays: who stands confirmed, then who withdrew, then the rest.

    Who only writes goes before any signature of theirs, confirmed or not.
    """
    if row.state == states.WRITER:
        return 3, row.created_at, row.id
    if row.confirmed_at is None:
        return 2, row.created_at, row.id
    return int(row.state == states.WITHDRAWN), row.confirmed_at, row.id


_HELD_BACK = (states.HELD, states.REJECTED)
_MOVED = ("state", "hold_reason", "state_reason", "moved_at")
"""What a move by staff leaves in a row."""


def _together(stays: Signature, goes: Signature) -> Mapping[str, Any]:
    """What the one that stays takes over: nobody gets around a hold, or more letters, by this."""
    values: dict[str, Any] = {
        "unsubscribed_at": max(
            filter(None, (stays.unsubscribed_at, goes.unsubscribed_at)), default=None
        ),
        "reminded_at": max(filter(None, (stays.reminded_at, goes.reminded_at)), default=None),
    }
    if goes.state == states.WRITER and stays.state == states.PENDING and goes.confirmed_at:
        # The mailbox has confirmed that it writes; the form that would sign can be confirmed yet.
        values |= {name: getattr(goes, name) for name in ("state", "confirmed_at", "entry_id")}
    if _is_stricter(goes, stays):
        values |= {name: getattr(goes, name) for name in _MOVED}
    return values


def _is_stricter(one: Signature, other: Signature) -> bool:
    return one.state in _HELD_BACK and (
        other.state not in _HELD_BACK or (one.state, other.state) == (states.REJECTED, states.HELD)
    )


def _take_out_of_count(session: Session, stays: Signature, goes: Signature) -> int:
    """By how much the count falls."""
    out = [goes] if goes.state == states.CONFIRMED else []
    if stays.state == states.CONFIRMED and _is_stricter(goes, stays):
        out.append(stays)
    for row in out:
        note_change(session, row.id, -1)
    return len(out)


def _remember(session: Session, gone: int, stays: int, *, at: datetime) -> None:
    session.execute(
        update(MergedSignature)
        .where(MergedSignature.signature_id == gone)
        .values(signature_id=stays)
        .execution_options(synchronize_session=False)
    )
    session.execute(insert(MergedSignature).values(gone_id=gone, signature_id=stays, merged_at=at))


def _delete_merged(session: Session, campaign_id: int, signature_id: int, *, at: datetime) -> None:
    """Its forms hang on the other one now; exports must let its number go."""
    contents.note_erased(session, campaign_id, [signature_id], at=at)
    owed.note_erased(session, [signature_id], at=at)
    session.execute(
        delete(Signature)
        .where(Signature.id == signature_id)
        .execution_options(synchronize_session=False)
    )
