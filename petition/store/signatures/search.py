"""Searching a campaign's signatures for staff: by state, day, country and source, page by page.

Nothing that was typed is read here, and there is no search by a part of an address.

They stand in the order of the forms that they stand on: a form's id grows with its time
(domain/signatures/entry_ids.py), so that each index below gives its rows in that order. A page is
found by whichever index has fewer rows to look at, and the query keeps the other one out of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from petition.domain.signatures.entry_ids import first_id
from petition.domain.signatures.states import STATES, State
from petition.domain.sorting import Sort
from petition.store.tables import Entry, Erasure, Signature

PAGE: Final = 50
LAST_FORM: Final = 2**63 - 1
"""No form has a larger id."""
_MANY: Final = 2_000
"""Of two indexes that both have more rows than that, that of the forms is read."""
_PART: Final = 500
"""As many ids stand in one statement."""
_IS_ONE: Final = Signature.state.concat("") != State.WRITER
"""Not who only writes to the targets. (Joined to the empty text, it is none that an index has.)"""


class SignatureColumn(StrEnum):
    """What the list can stand in the order of."""

    SENT = "sent"
    """The time of the form."""
    STATE = "state"
    """In each state, the time of the form."""


OLDEST: Final = Sort(SignatureColumn.SENT)
NEWEST: Final = OLDEST.reversed


@dataclass(frozen=True, order=True)
class Place:
    """Where a signature stands in the list."""

    form: int
    """The id of the form that it stands on."""
    state: State | None = None
    """Named where the list stands in the order of states: its own may be another one by now."""

    def __str__(self) -> str:
        return f"{self.state}-{self.form}" if self.state is not None else str(self.form)


@dataclass(frozen=True, kw_only=True)
class Search:
    """Which signatures are looked for; what is None is not asked for."""

    day: date | None = None
    """Of the form, in UTC."""
    state: State | None = None
    country: str | None = None
    source: str | None = None
    """The very tag of the link."""


@dataclass(frozen=True, kw_only=True)
class SignatureRow:
    """A signature as the list shows it: nothing that was typed."""

    signature_id: int
    form: int
    """The id of the form that it stands on, by which it has its place."""
    state: State
    country: str
    language: str
    source: str | None
    sent_at: datetime
    """When the form came that it stands on."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some of them, and what the pages beside begin after."""

    rows: tuple[SignatureRow, ...]
    further: Place | None
    """None on the last page."""
    is_first: bool
    back: Place | None
    """What the page before begins after; None where it is the first one, or there is none."""


def page(
    session: Session,
    campaign_id: int,
    search: Search,
    sort: Sort[SignatureColumn],
    *,
    after: Place | None = None,
    most: int = PAGE,
) -> Page:
    """The signatures that follow on the place `after`, or the first ones."""
    found = _found(session, campaign_id, search, sort, after=after, most=most + 1)
    back: _Found = []
    if after is not None:
        # From the first row here, or from where it would stand, the other way.
        step = -1 if sort.is_descending else 1
        beyond = replace(after, form=min(after.form + step, LAST_FORM))
        start = found[0][0] if found else beyond
        back = _found(session, campaign_id, search, sort.reversed, after=start, most=most + 1)
    return Page(
        rows=tuple(_rows(session, [id_ for _, id_ in found[:most]])),
        further=found[most - 1][0] if len(found) > most else None,
        is_first=not back,
        back=back[most][0] if len(back) > most else None,
    )


def these(session: Session, campaign_id: int, ids: Sequence[int]) -> list[SignatureRow]:
    """Those of these numbers that are in the campaign, in the order of the numbers."""
    return [
        row
        for part in _parts(sorted(set(ids)))
        for row in _rows(session, list(session.scalars(_in_campaign(campaign_id, part))))
    ]


def _in_campaign(campaign_id: int, ids: Sequence[int]) -> Select[Any]:
    return (
        select(Signature.id)
        .where(Signature.campaign_id + 0 == campaign_id, Signature.id.in_(ids), _IS_ONE)
        .order_by(Signature.id)
    )


def ids(
    session: Session,
    campaign_id: int,
    search: Search,
    sort: Sort[SignatureColumn],
    states: frozenset[State],
    *,
    most: int,
) -> list[int]:
    """The first of those that are in one of these states."""
    found = [
        each
        for state in _states(search, sort)
        if state in states
        for each in _by_state(session, campaign_id, search, state, sort, None, most)
    ]
    if sort.column == SignatureColumn.SENT:
        found = _ordered(found, sort)
    return [id_ for _, id_ in found[:most]]


def by_state(session: Session, campaign_id: int, search: Search) -> Counter[State]:
    """How many fit, counted now."""
    query = select(Signature.state, func.count()).group_by(Signature.state)
    query = query.where(
        Signature.campaign_id == campaign_id,
        _IS_ONE,
        *([Signature.state == search.state] if search.state is not None else []),
        *_between(Signature.entry_id, search),
    )
    if _asks_for_forms(search):
        query = query.join(Entry, Entry.id == Signature.entry_id)
        query = query.where(*_of_forms(search))
    return Counter({State(state): number for state, number in session.execute(query)})


def states_of(session: Session, campaign_id: int, ids: Sequence[int]) -> dict[int, State]:
    """Where those of these numbers stand that are in the campaign."""
    found: dict[int, State] = {}
    for part in _parts(ids):
        query = select(Signature.id, Signature.state).where(
            Signature.campaign_id + 0 == campaign_id, Signature.id.in_(part), _IS_ONE
        )
        found |= {id_: State(state) for id_, state in session.execute(query)}
    return found


def erased_at(session: Session, campaign_id: int, signature_id: int) -> datetime | None:
    """When a signature was erased whose number a list holds."""
    row = session.get(Erasure, (campaign_id, signature_id))
    return row.erased_at if row is not None else None


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _PART):
        yield ids[start : start + _PART]


# --- the way to a page ----------------------------------------------------------------------------

_Found = list[tuple[Place, int]]
"""(place, signature)."""


def _found(
    session: Session,
    campaign_id: int,
    search: Search,
    sort: Sort[SignatureColumn],
    *,
    after: Place | None,
    most: int,
) -> _Found:
    if sort.column == SignatureColumn.SENT:
        return _by_time(session, campaign_id, search, sort, after=after, most=most)
    found: _Found = []
    for state in _states_from(after, search, sort):
        some = _by_time(
            session,
            campaign_id,
            replace(search, state=state),
            sort,
            after=after if after is not None and after.state == state else None,
            most=most - len(found),
        )
        found += [(replace(place, state=state), id_) for place, id_ in some]
        if len(found) == most:
            break
    return found


def _states(search: Search, sort: Sort[SignatureColumn]) -> list[State]:
    """Those that are looked for, in the order in which the list has them."""
    states = [search.state] if search.state is not None else list(STATES)
    is_from_the_end = sort.column == SignatureColumn.STATE and sort.is_descending
    return states[::-1] if is_from_the_end else states


def _states_from(
    after: Place | None, search: Search, sort: Sort[SignatureColumn]
) -> Iterator[State]:
    """The same, without those that lie before that place."""
    begin = after.state if after is not None else None
    for state in _states(search, sort):
        if begin in {None, state}:
            begin = None
            yield state


def _by_time(
    session: Session,
    campaign_id: int,
    search: Search,
    sort: Sort[SignatureColumn],
    *,
    after: Place | None,
    most: int,
) -> _Found:
    """By whichever index has fewer rows to look at."""
    states = _states(search, sort)
    if _asks_for_forms(search) and not _are_fewer(session, campaign_id, search, states):
        return _by_form(session, campaign_id, search, sort, after, most)
    # In each state the rows stand in order: the first of all are among the first of each.
    found = [
        each
        for state in states
        for each in _by_state(session, campaign_id, search, state, sort, after, most)
    ]
    return _ordered(found, sort)[:most]


def _ordered(found: _Found, sort: Sort[SignatureColumn]) -> _Found:
    return sorted(found, key=lambda each: each[0].form, reverse=sort.is_descending)


def _asks_for_forms(search: Search) -> bool:
    return search.country is not None or search.source is not None


def _are_fewer(session: Session, campaign_id: int, search: Search, states: list[State]) -> bool:
    """Whether fewer signatures are in these states than forms have that country or source."""
    of_forms = select(Entry.id).where(*_of_forms(search), *_between(Entry.id, search))
    forms = _up_to_many(session, of_forms)
    signatures = 0
    for state in states:
        if signatures >= forms:
            break
        in_state = select(Signature.id).where(*_in_state(campaign_id, search, state))
        signatures += _up_to_many(session, in_state)
    return signatures < forms


def _up_to_many(session: Session, query: Select[Any]) -> int:
    some = query.limit(_MANY).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def _by_state(
    session: Session,
    campaign_id: int,
    search: Search,
    state: State,
    sort: Sort[SignatureColumn],
    after: Place | None,
    most: int,
) -> _Found:
    """By the index of campaign, state and form."""
    place = Signature.entry_id
    query = select(place, Signature.id).where(*_in_state(campaign_id, search, state))
    if _asks_for_forms(search):
        query = query.join(Entry, Entry.id == Signature.entry_id)
        # Joined to the empty text, they are none that an index has.
        if search.country is not None:
            query = query.where(Entry.country.concat("") == search.country)
        if search.source is not None:
            query = query.where(Entry.source.concat("") == search.source)
    return _cut(session, query, place, sort, after, most)


def _by_form(
    session: Session,
    campaign_id: int,
    search: Search,
    sort: Sort[SignatureColumn],
    after: Place | None,
    most: int,
) -> _Found:
    """By the index of country or source and form."""
    query = (
        select(Entry.id, Signature.id)
        .join(Signature, (Signature.id == Entry.signature_id) & (Signature.entry_id == Entry.id))
        # "+ 0" and the empty text keep it from the index of the signatures.
        .where(Signature.campaign_id + 0 == campaign_id, _IS_ONE)
        .where(*_of_forms(search), *_between(Entry.id, search))
    )
    if search.state is not None:
        query = query.where(Signature.state.concat("") == search.state)
    return _cut(session, query, Entry.id, sort, after, most)


def _in_state(campaign_id: int, search: Search, state: State) -> Iterator[Any]:
    yield Signature.campaign_id == campaign_id
    yield Signature.state == state
    yield from _between(Signature.entry_id, search)


def _of_forms(search: Search) -> Iterator[Any]:
    if search.country is not None:
        yield Entry.country == search.country
    if search.source is not None:
        yield Entry.source == search.source


def _between(place: Any, search: Search) -> Iterator[Any]:
    """The forms of that day, by their ids."""
    if search.day is not None:
        begin = datetime.combine(search.day, time(), UTC)
        yield place >= first_id(begin)
        yield place < first_id(begin + timedelta(days=1))


def _cut(
    session: Session,
    query: Any,
    form: Any,
    sort: Sort[SignatureColumn],
    after: Place | None,
    most: int,
) -> _Found:
    if after is not None:
        query = query.where(form < after.form if sort.is_descending else form > after.form)
    query = query.order_by(form.desc() if sort.is_descending else form).limit(most)
    return [(Place(row[0]), row[1]) for row in session.execute(query)]


def _rows(session: Session, ids: Sequence[int]) -> list[SignatureRow]:
    """These, in this order."""
    query = (
        select(
            Signature.id,
            Entry.id.label("form"),
            Signature.state,
            Entry.country,
            Entry.language,
            Entry.source,
            Entry.created_at,
        )
        .join(Entry, Entry.id == Signature.entry_id)
        .where(Signature.id.in_(ids))
    )
    found = {
        row.id: SignatureRow(
            signature_id=row.id,
            form=row.form,
            state=State(row.state),
            country=row.country,
            language=row.language,
            source=row.source,
            sent_at=row.created_at,
        )
        for row in session.execute(query)
    }
    return [found[id_] for id_ in ids if id_ in found]
