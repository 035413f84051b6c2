"""Records: staff open one signature. Its person sees that, by day and role, and the log by whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final

from petition.domain.letters.letter import LetterState
from petition.domain.signatures import consent, states
from petition.domain.signatures.bulk_actions import UNDO_LIFE
from petition.domain.signatures.hold_reasons import HoldReason
from petition.domain.signatures.life import Event, EventKind
from petition.domain.signatures.supporter import Person
from petition.domain.staff.audit_actions import AuditAction
from petition.errors import NotFound
from petition.services.privacy import rights
from petition.services.staff import record_views
from petition.store.db import Session
from petition.store.privacy import personal_data
from petition.store.privacy.personal_data import EntryRecord, PersonalData
from petition.store.signatures import bulk_actions
from petition.store.staff import audit_details
from petition.store.staff.audit_rows import AuditRow
from petition.store.vault.vault import Vault

_ACTIONS: Final[dict[str, EventKind]] = {
    AuditAction.SIGNATURE_HELD: EventKind.HELD,
    AuditAction.SIGNATURE_REJECTED: EventKind.REJECTED,
    AuditAction.SIGNATURE_CONFIRMED: EventKind.RESTORED,
    AuditAction.SIGNATURE_PENDING: EventKind.RESTORED,
    AuditAction.ASK_ERASURE: EventKind.ERASURE_ASKED,
    AuditAction.CANCEL_ERASURE: EventKind.ERASURE_CANCELLED,
    AuditAction.REVIEW_SHOWN: EventKind.NAME_DECIDED,
    AuditAction.REVIEW_NAME_ONLY: EventKind.NAME_DECIDED,
    AuditAction.REVIEW_REFUSED: EventKind.NAME_DECIDED,
    AuditAction.VIEW_SIGNATURE: EventKind.OPENED,
}
"""What the log says of a signature by its number."""
_MOVES: Final = frozenset({EventKind.HELD, EventKind.REJECTED, EventKind.RESTORED})


@dataclass(frozen=True, kw_only=True)
class Record:
    """A signature as staff see it."""

    held: PersonalData
    person: Person
    """What was typed into the form that it stands on."""
    life: tuple[Event, ...]
    """From the beginning on."""
    erased_at: datetime | None
    """When it will be, where staff have marked it."""


def open_record(
    session: Session,
    vault: Vault,
    campaign_id: int,
    signature_id: int,
    *,
    by: str,
    role: str,
    with_names: bool,
    at: datetime,
) -> Record:
    """Open a signature of the campaign; with the names of staff, for who may read the log.

    It is noted first: what cannot be noted is not shown. Raises NotFound.
    """
    held = personal_data.held(session, signature_id)
    if held is None or held.campaign_id != campaign_id or held.state == states.WRITER:
        raise NotFound(f"there is no signature {signature_id}")
    log = audit_details.rows(session, _ACTIONS.keys(), _details(signature_id))
    record_views.note_opened(session, signature_id, [held.own.entry_id], by=by, role=role, at=at)
    asked = bulk_actions.asked_at(session, [signature_id]).get(signature_id)
    return Record(
        held=held,
        person=rights.person(vault, held.own),
        life=tuple(_life(held, log, with_names=with_names)),
        erased_at=asked + UNDO_LIFE if asked is not None else None,
    )


def _details(signature_id: int) -> list[str]:
    """How rows of the log name a signature."""
    reasons = (f"{signature_id}: {reason}" for reason in HoldReason)
    return [str(signature_id), f"signature {signature_id}", *reasons]


def _life(held: PersonalData, log: Iterable[AuditRow], *, with_names: bool) -> list[Event]:
    acts = [_act(row) for row in log]
    events = [*_forms(held), *_own_acts(held), *_letters(held), *acts]
    moved = {event.at for event in acts if event.kind in _MOVES}
    if held.moved_at is not None and held.moved_at not in moved:
        events.append(Event(at=held.moved_at, kind=EventKind.MOVED))
    if not with_names:
        events = [replace(each, by=None) for each in events if each.kind != EventKind.OPENED]
    return sorted(events, key=_turn)


def _turn(event: Event) -> datetime:
    """Of who read it only the day is known: that stands at the day's end."""
    return event.at + timedelta(days=1) if event.kind == EventKind.READ else event.at


def _act(row: AuditRow) -> Event:
    kind = _ACTIONS[row.action]
    detail = (row.detail or "").partition(": ")[2]
    if kind == EventKind.NAME_DECIDED:
        detail = row.action.removeprefix("review ")
    return Event(at=row.at, kind=kind, detail=detail, by=row.who, is_undo=row.outcome == "undone")


def _forms(held: PersonalData) -> Iterator[Event]:
    in_time = sorted(held.forms, key=attrgetter("at"))
    for form in in_time:
        kind = EventKind.SENT if form is in_time[0] else EventKind.SENT_AGAIN
        yield Event(at=form.at, kind=kind)
        yield from _answers(form)
        for view in form.views:
            yield Event(at=view.on, kind=EventKind.READ, detail=view.role)


def _answers(form: EntryRecord) -> Iterator[Event]:
    """What its person changed later on."""
    for given in form.answers:
        if given.way != consent.MY:
            continue
        if given.answer == consent.WITHDRAWN:
            yield Event(at=given.at, kind=EventKind.WITHDRAWN)
        elif given.answer == consent.UNDONE:
            yield Event(at=given.at, kind=EventKind.WITHDRAWAL_UNDONE)
        else:
            yield Event(at=given.at, kind=EventKind.ANSWERED, detail=given.purpose)


def _own_acts(held: PersonalData) -> Iterator[Event]:
    if held.confirmed_at is not None:
        yield Event(at=held.confirmed_at, kind=EventKind.CONFIRMED)
    if held.unsubscribed_at is not None:
        yield Event(at=held.unsubscribed_at, kind=EventKind.UNSUBSCRIBED)


def _letters(held: PersonalData) -> Iterator[Event]:
    """What left: emails to its person, and lists that it stands in."""
    for letter in held.letters:
        if letter.state == LetterState.SENT and letter.finished_at is not None:
            yield Event(at=letter.finished_at, kind=EventKind.LETTER, detail=letter.kind)
    for each in held.disclosures:
        yield Event(at=each.at, kind=EventKind.IN_LIST, detail=str(each.export_id))
