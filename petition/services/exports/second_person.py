"""A long list takes two: one asks, another one who may take lists out approves."""

from __future__ import annotations

from datetime import datetime

from petition.domain.exports import second_person
from petition.domain.exports.second_person import RequestState
from petition.errors import PetitionError
from petition.services.exports import csv_file
from petition.services.exports.csv_file import Export
from petition.store.campaigns import campaigns
from petition.store.db import Session
from petition.store.exports import requests
from petition.store.exports.requests import Request, WantedList
from petition.store.signatures.signatures import Filters
from petition.store.staff import audit

ACTION = "long list"
SWITCH = "second person"
"""As the audit log names them."""


class NotDecided(PetitionError):
    """It waits for nobody any more, or it is one's own, or its time is over."""


def order_of(wanted: WantedList, slug: str, *, by: str, reason: str) -> Export:
    """The order that makes such a list."""
    return Export(
        slug=slug,
        by=by,
        reason=reason,
        filters=Filters(updates="yes" if wanted.updates else None),
        for_target=wanted.for_target,
        for_excel=wanted.for_excel,
        partner=wanted.partner,
    )


def ask_if_long(
    session: Session,
    wanted: WantedList,
    slug: str,
    *,
    by: str,
    reason: str,
    setting: bool,
    at: datetime,
) -> bool:
    """Where the list is too long for one person, keep the request instead; True if so.

    Raises NotFound for the campaign.
    """
    campaign_id = campaigns.by_slug(session, slug).id
    order = order_of(wanted, slug, by=by, reason=reason)
    rows = csv_file.count(session, campaign_id, order) if setting else 0
    if not second_person.needs_second(rows, setting=setting):
        return False
    number = requests.add(
        session, campaign_id=campaign_id, by=by, reason=reason, wanted=wanted, rows=rows, at=at
    )
    _note(session, "asked", f"{slug}: request {number}, {rows} rows", by=by, at=at)
    return True


def decide(
    session: Session, slug: str, request_id: int, state: RequestState, *, by: str, at: datetime
) -> None:
    """Approve or refuse somebody else's request. Raises NotFound and NotDecided."""
    found = _find(session, slug, request_id)
    if not requests.decide(session, found.id, state, by=by, at=at):
        raise NotDecided
    _note(session, state, f"{slug}: request {found.id} of {found.by}", by=by, at=at)


def use(session: Session, slug: str, request_id: int, *, by: str, at: datetime) -> Export:
    """Spend the approval of one's own request: the order, as it was asked for, once.

    Raises NotFound and NotDecided.
    """
    found = _find(session, slug, request_id)
    if not requests.use(session, found.id, by=by, at=at):
        raise NotDecided
    _note(session, RequestState.MADE, f"{slug}: request {found.id}", by=by, at=at)
    return order_of(found.wanted, slug, by=by, reason=found.reason)


def _find(session: Session, slug: str, request_id: int) -> Request:
    return requests.find(session, campaigns.by_slug(session, slug).id, request_id)


def _note(session: Session, outcome: str, detail: str, *, by: str, at: datetime) -> None:
    audit.note(session, who=by, action=ACTION, outcome=outcome, at=at, detail=detail)


def note_switch(session: Session, *, setting: bool, by: str, at: datetime) -> None:
    """Note that the host turned the second person off, or on again, once each time."""
    outcome = "on" if setting else "off"
    if (audit.last_outcome(session, SWITCH) or "on") != outcome:
        audit.note(session, who=by, action=SWITCH, outcome=outcome, at=at)
