"""Who said yes to a partner, and what the partner has to learn of them, in order.

Whoever changes a signature or an answer says so here. At the end of the transaction it is looked
at what counts now and what counted before, and the difference becomes events. They are numbered
under a lock of the partner's row, which nobody holds while they wait for another row: so the order
of the numbers is that of the commits, and who read up to a number has missed none below it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    delete,
    event,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session, aliased

from petition.domain.partners.partner import PartnerEventKind
from petition.domain.signatures import consent, states
from petition.domain.webhooks.event import EventKind
from petition.store.tables import (
    Consent,
    Entry,
    Partner,
    PartnerEvent,
    PartnerOptIn,
    PartnerQuestion,
    Signature,
)
from petition.store.webhooks import owed

OPTED_IN: Final = PartnerEventKind.OPTED_IN
WITHDRAWN: Final = PartnerEventKind.WITHDRAWN
ERASED: Final = PartnerEventKind.ERASED
GONE: Final = frozenset({WITHDRAWN, ERASED})
"""What takes somebody off a partner's list."""

_TOLD: Final = {
    OPTED_IN: (EventKind.CONFIRMED, "confirmed"),
    WITHDRAWN: (EventKind.WITHDRAWN, "withdrawn"),
    ERASED: (EventKind.ERASED, "erased"),
}
"""What webhooks call it; whether it was the answer or the signature is not the partner's."""

_PENDING: Final = "partner opt-ins"
_TOGETHER: Final = 1_000
"""Signatures in one statement."""


@dataclass(frozen=True, kw_only=True)
class OptIn:
    """Somebody who said yes to a partner and confirmed their address."""

    signature_id: int
    sequence: int
    consent_text_id: int
    answered_at: datetime


@dataclass(frozen=True, kw_only=True)
class EventRecord:
    """What a partner has to learn of one of its people."""

    sequence: int
    kind: PartnerEventKind
    signature_id: int
    at: datetime


def since(session: Session, partner_id: int, *, after: int = 0, most: int) -> list[OptIn]:
    """Up to `most` who stand on the partner's list now, of those it learned of after a number."""
    rows = session.scalars(
        select(PartnerOptIn)
        .where(PartnerOptIn.partner_id == partner_id, PartnerOptIn.sequence > after)
        .order_by(PartnerOptIn.sequence)
        .limit(most)
    )
    return [
        OptIn(
            signature_id=row.signature_id,
            sequence=row.sequence,
            consent_text_id=row.consent_text_id,
            answered_at=row.answered_at,
        )
        for row in rows
    ]


def answered(session: Session, partner_id: int, *, since: datetime) -> dict[int, datetime]:
    """Who stands on the partner's list now and said yes after then: signature to when they did."""
    rows = session.execute(
        select(PartnerOptIn.signature_id, PartnerOptIn.answered_at).where(
            PartnerOptIn.partner_id == partner_id, PartnerOptIn.answered_at > since
        )
    )
    return {row.signature_id: row.answered_at for row in rows}


def ids(session: Session, key: str) -> set[int]:
    """The signatures that stand now on the list of the partner with this key."""
    query = (
        select(PartnerOptIn.signature_id)
        .join(Partner, Partner.id == PartnerOptIn.partner_id)
        .where(Partner.key == key)
    )
    return set(session.scalars(query))


def number(session: Session, partner_id: int) -> int:
    """How many stand on the partner's list now."""
    query = select(func.count()).where(PartnerOptIn.partner_id == partner_id)
    return session.scalar(query) or 0


def events_since(
    session: Session,
    partner_id: int,
    *,
    after: int = 0,
    most: int,
    kinds: Collection[PartnerEventKind] = frozenset(PartnerEventKind),
) -> list[EventRecord]:
    """Up to `most` of a partner's events with a higher number; GONE for withdrawals and erasures.

    Of somebody who was erased there is only that.
    """
    rows = session.scalars(
        select(PartnerEvent)
        .where(
            PartnerEvent.partner_id == partner_id,
            PartnerEvent.sequence > after,
            PartnerEvent.kind.in_(sorted(kinds)),
        )
        .order_by(PartnerEvent.sequence)
        .limit(most)
    )
    return [
        EventRecord(
            sequence=row.sequence,
            kind=PartnerEventKind(row.kind),
            signature_id=row.signature_id,
            at=row.at,
        )
        for row in rows
    ]


# --- what changed ---------------------------------------------------------------------------------


@dataclass
class _Pending:
    """Signatures that a transaction changed or erased, each with the time of that."""

    changed: dict[int, datetime] = field(default_factory=dict)
    erased: dict[int, datetime] = field(default_factory=dict)


def note_changed(session: Session, signature_ids: Iterable[int], *, at: datetime) -> None:
    """These signatures or their answers changed: whether they still say yes is looked at last."""
    _pending(session).changed.update(dict.fromkeys(signature_ids, at))


def note_erased(session: Session, signature_ids: Iterable[int], *, at: datetime) -> None:
    """These are gone by the end of the transaction."""
    _pending(session).erased.update(dict.fromkeys(signature_ids, at))


def _pending(session: Session) -> _Pending:
    found: _Pending | None = session.info.get(_PENDING)
    if found is None:
        found = session.info[_PENDING] = _Pending()
        # Before the audit log's lock is taken, by everybody: else two could wait for each other.
        event.listen(session, "before_commit", _write, insert=True)
    return found


@dataclass(frozen=True, kw_only=True)
class _New:
    """An event that has no number yet."""

    partner_id: int
    kind: PartnerEventKind
    signature_id: int
    at: datetime
    opt_in: Any = None


def _write(session: Session) -> None:
    if session.in_nested_transaction():  # its end is not the end of the transaction
        return
    pending: _Pending = session.info[_PENDING]
    session.info[_PENDING] = _Pending()
    changed = {id_: at for id_, at in pending.changed.items() if id_ not in pending.erased}
    new = [*_of_changed(session, changed), *_of_erased(session, pending.erased)]
    for partner_id in sorted({each.partner_id for each in new}):  # all lock them in this order
        own = [each for each in new if each.partner_id == partner_id]
        last = session.execute(
            update(Partner)
            .where(Partner.id == partner_id)
            .values(last_sequence=Partner.last_sequence + len(own))
            .returning(Partner.last_sequence)
            .execution_options(synchronize_session=False)
        ).scalar_one()
        _keep(session, own, first=last - len(own) + 1)


def _keep(session: Session, new: Sequence[_New], *, first: int) -> None:
    numbered = list(enumerate(new, first))
    session.execute(
        insert(PartnerEvent),
        [
            {
                "partner_id": each.partner_id,
                "sequence": sequence,
                "kind": each.kind,
                "signature_id": each.signature_id,
                "at": each.at,
            }
            for sequence, each in numbered
        ],
    )
    opted_in = [
        {
            "signature_id": each.signature_id,
            "partner_id": each.partner_id,
            "consent_text_id": each.opt_in.consent_text_id,
            "answered_at": each.opt_in.answered_at,
            "sequence": sequence,
        }
        for sequence, each in numbered
        if each.kind == OPTED_IN
    ]
    if opted_in:
        session.execute(insert(PartnerOptIn), opted_in)
    for sequence, each in numbered:
        kind, state = _TOLD[each.kind]
        owed.note_partner(
            session,
            each.partner_id,
            kind,
            state,
            signature_id=each.signature_id,
            sequence=sequence,
            at=each.at,
        )


def _of_changed(session: Session, changed: dict[int, datetime]) -> list[_New]:
    new: list[_New] = []
    gone: list[int] = []
    for row in _standing(session, changed):
        at = changed[row.signature_id]
        if (row.was_partner_id, row.was_text_id) == (row.partner_id, row.consent_text_id):
            continue
        if row.was_partner_id is not None:
            gone.append(row.signature_id)
            new.append(
                _New(
                    partner_id=row.was_partner_id,
                    kind=WITHDRAWN,
                    signature_id=row.signature_id,
                    at=at,
                )
            )
        if row.partner_id is not None:
            new.append(
                _New(
                    partner_id=row.partner_id,
                    kind=OPTED_IN,
                    signature_id=row.signature_id,
                    at=at,
                    opt_in=row,
                )
            )
    for part in _parts(gone):
        session.execute(
            delete(PartnerOptIn)
            .where(PartnerOptIn.signature_id.in_(part))
            .execution_options(synchronize_session=False)
        )
    return new


def _standing(session: Session, ids: Iterable[int]) -> Iterator[Any]:
    """Each signature that says yes to a partner, or did: to which, and in whose words.

    Only the form that the signature stands on counts: its mailbox confirmed that one.
    """
    for part in _parts(sorted(ids)):
        yield from session.execute(_standing_of().where(Signature.id.in_(part))).all()


@cache
def _standing_of() -> Select[int, int, int, datetime, int, int]:
    """The same of all; it is long, and asked with every confirmation."""
    last = aliased(Consent)
    newest = (
        select(func.max(last.id))
        .where(last.entry_id == Entry.id, last.purpose == consent.PARTNER)
        .correlate(Entry)
        .scalar_subquery()
    )
    says_yes = and_(
        Signature.state == states.CONFIRMED, Consent.id == newest, Consent.answer == "yes"
    )
    asked = select(PartnerQuestion.id).where(
        PartnerQuestion.partner_id == Partner.id,
        PartnerQuestion.consent_text_id == Consent.consent_text_id,
    )
    return (
        select(
            Signature.id.label("signature_id"),
            Partner.id.label("partner_id"),
            # Where no partner is joined, an answer to somebody else's question counts for nobody.
            Consent.consent_text_id,
            Consent.answered_at,
            PartnerOptIn.partner_id.label("was_partner_id"),
            PartnerOptIn.consent_text_id.label("was_text_id"),
        )
        .join(Entry, Entry.id == Signature.entry_id)
        .outerjoin(PartnerOptIn, PartnerOptIn.signature_id == Signature.id)
        .outerjoin(Consent, and_(Consent.entry_id == Entry.id, says_yes))
        .outerjoin(Partner, and_(Partner.key == Entry.partner, asked.exists()))
        .where(or_(Entry.partner.is_not(None), PartnerOptIn.signature_id.is_not(None)))
    )


def _of_erased(session: Session, erased: dict[int, datetime]) -> list[_New]:
    """Every partner that ever learned of one that is gone learns of that; nothing else stays."""
    new: list[_New] = []
    for part in _parts(sorted(erased)):
        query = (
            select(PartnerEvent.partner_id, PartnerEvent.signature_id)
            .where(PartnerEvent.signature_id.in_(part), PartnerEvent.kind != ERASED)
            .distinct()
            .order_by(PartnerEvent.signature_id)
        )
        # A part of the transaction that was rolled back erased nobody.
        known = session.execute(query.where(~_is_there(PartnerEvent.signature_id))).all()
        if not known:
            continue
        session.execute(
            delete(PartnerEvent)
            .where(PartnerEvent.signature_id.in_({row.signature_id for row in known}))
            .execution_options(synchronize_session=False)
        )
        new += [
            _New(
                partner_id=row.partner_id,
                kind=ERASED,
                signature_id=row.signature_id,
                at=erased[row.signature_id],
            )
            for row in known
        ]
    return new


def _is_there(signature_id: Any) -> ColumnElement[bool]:
    return exists().where(Signature.id == signature_id)


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for begin in range(0, len(ids), _TOGETHER):
        yield ids[begin : begin + _TOGETHER]
