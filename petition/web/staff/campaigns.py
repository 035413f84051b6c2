"""The console's pages of campaigns: the list, and one campaign's numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from flask import Blueprint, Response, g, make_response, request

from petition.domain.campaigns.campaign import STATES
from petition.domain.campaigns.milestones import goal_at
from petition.domain.counts import small_cells
from petition.domain.exports import second_person
from petition.domain.signatures import states
from petition.domain.sorting import Sort, sort_of
from petition.domain.staff.roles import Right
from petition.services.counts import console_figures, country_figures
from petition.services.counts.console_figures import ConsoleFigures
from petition.services.staff import record_views, signing_in
from petition.store.campaigns import campaigns
from petition.store.campaigns.campaigns import CampaignRecord, CampaignTitle
from petition.store.counts import totals
from petition.store.db import Session, reading
from petition.store.exports import kept_files, ledger, requests
from petition.store.exports.ledger import LedgerColumn
from petition.store.letters import relay
from petition.store.partners import partners
from petition.store.staff import pauses
from petition.store.staff.pauses import Paused
from petition.store.staff.sign_ins import NOBODY
from petition.web.http.access import STAFF, access
from petition.web.http.dependencies import deps
from petition.web.http.locale import language
from petition.web.http.url_converters import place_in
from petition.web.staff.auth import has_permission
from petition.web.staff.count_tables import LAST_FIRST, MOST_FIRST, CountColumn, CountTables
from petition.web.staff.forms import ExportForm
from petition.web.staff.layout import console_page
from petition.web.staff.sorting import SortedTable, sorted_table

views = Blueprint("campaigns", __name__, url_prefix="/staff")


class CampaignColumn(StrEnum):
    """What the list of campaigns can stand in the order of."""

    MADE = "made"
    TITLE = "title"
    STATE = "state"
    CONFIRMED = "confirmed"
    GOAL = "goal"


FIRST_MADE: Final = Sort(CampaignColumn.MADE)


@dataclass(frozen=True, kw_only=True)
class CampaignRow:
    """A campaign, as the list shows it."""

    slug: str
    title: CampaignTitle
    state: str
    total: int
    goal: int


@views.get("/")
@access(STAFF)
def campaigns_page() -> Response:
    """All campaigns with their count."""
    table = sorted_table(
        "/staff/#campaigns",
        request.args.get("sort", ""),
        FIRST_MADE,
        largest_first=frozenset({CampaignColumn.CONFIRMED, CampaignColumn.GOAL}),
    )
    with reading() as session:
        at = deps().now()
        wrong = signing_in.refusals(session, g.staff.id, at=at)
        sees_all = has_permission(Right.MANAGE_STAFF)
        nobodys = signing_in.refusals(session, NOBODY, at=at) if sees_all else None
        body = console_page(
            "staff/campaigns.html",
            table=table,
            columns=CampaignColumn,
            rows=_listed(session, table.sort),
            wrong=wrong,
            nobodys=nobodys,
            flags=record_views.flags(session, at=at) if has_permission(Right.AUDIT) else (),
            records_an_hour=record_views.RECORDS_AN_HOUR,
            relay=relay.state(session),
            paused_since=pauses.since(session, Paused.LETTERS),
        )
    return make_response(body)


def _listed(session: Session, sort: Sort[CampaignColumn]) -> list[CampaignRow]:
    """Those whose numbers one may see."""
    rows = []
    for row in campaigns.listed(session):
        if Right.NUMBERS in g.permissions.on(row.id):
            title = campaigns.title(session, row.id, language().code)
            total = totals.total(session, row.id)
            goal = goal_at(total, row.goal)
            rows.append(
                CampaignRow(slug=row.slug, title=title, state=row.state, total=total, goal=goal)
            )
    return _in_order(rows, sort)


def _in_order(rows: list[CampaignRow], sort: Sort[CampaignColumn]) -> list[CampaignRow]:
    match sort.column:
        case CampaignColumn.MADE:
            return rows[::-1] if sort.is_descending else rows
        case CampaignColumn.TITLE:
            rows.sort(key=lambda row: row.title.text.casefold(), reverse=sort.is_descending)
        case CampaignColumn.STATE:
            rows.sort(key=lambda row: STATES.index(row.state), reverse=sort.is_descending)
        case CampaignColumn.CONFIRMED:
            rows.sort(key=lambda row: row.total, reverse=sort.is_descending)
        case CampaignColumn.GOAL:
            rows.sort(key=lambda row: row.goal, reverse=sort.is_descending)
    return rows


@views.get("/campaigns/<slug:slug>")
@access(Right.NUMBERS)
def campaign_page(slug: str) -> Response:
    """One campaign's numbers, and its exports so far."""
    return numbers_page(slug, ExportForm(), 200)


def numbers_page(slug: str, form: ExportForm, status: int, problem: str | None = None) -> Response:
    """One campaign's numbers, and the form that takes a list out as it was sent."""
    with reading() as session:
        row = campaigns.by_slug(session, slug)
        total = totals.total(session, row.id)
        figures = console_figures.shown(session, row.id)
        may_export = has_permission(Right.EXPORT)
        body = console_page(
            "staff/campaign.html",
            slug=slug,
            state=row.state,
            goal=goal_at(total, row.goal),
            total=total,
            folded_at=totals.folded_at(session, row.id),
            counted_at=figures.at if figures else None,
            **_numbers(session, row, figures.numbers if figures else ConsoleFigures()),
            **(_ledger(session, row) if may_export else {}),
            form=form,
            problem=problem,
            may_export=may_export,
            may_open_and_close=has_permission(Right.OPEN_CLOSE),
            waiting=figures.numbers.names_waiting
            if figures and has_permission(Right.MODERATE)
            else 0,
        )
    return make_response(body, status)


def _numbers(session: Session, row: CampaignRecord, figures: ConsoleFigures) -> dict[str, object]:
    """The table of states and the charts; in tens for who sees no personal data."""
    campaign_id = row.id
    found: dict[str, int | None] = {state: figures.states.get(state, 0) for state in states.STATES}
    days, languages, by_partner = (
        totals.by(session, campaign_id, each) for each in ("day", "language", "partner")
    )
    countries = totals.by(session, campaign_id, "country")
    known = partners.of_campaign(session, row.slug)
    in_tens = not has_permission(Right.PERSONAL_DATA)
    if in_tens:
        found = {state: small_cells.rounded(n or 0) or None for state, n in found.items()}
        days, languages = small_cells.in_tens(days), small_cells.in_tens(languages)
        by_partner = small_cells.in_tens(by_partner)
        published = country_figures.countries(session, campaign_id)
        countries = list(published.places.items()) if published else []
    tables = CountTables(address=_address(row), asked=_orders())
    return {
        "in_tens": in_tens,
        "states": found,
        "count_columns": CountColumn,
        "by_country": tables.by_country(countries),
        "by_day": tables.by_day(days),
        "by_language": tables.by_language(languages),
        "has_partners": bool(known),
        "by_partner": tables.by_partner(by_partner, known),
    }


def _address(row: CampaignRecord) -> str:
    return f"/staff/campaigns/{row.slug}"


def _orders() -> dict[str, str]:
    """How the tables of the page are to stand: what sorts one of them leaves the others."""
    asked = {word: sort_of(request.args.get(word, ""), own) for word, own in _TABLES.items()}
    return {word: str(sort) for word, sort in asked.items() if sort != _TABLES[word]}


_TABLES: Final[Mapping[str, Sort[Any]]] = {
    "sort": ledger.NEWEST,
    "sort-day": LAST_FIRST,
    **{f"sort-{kind}": MOST_FIRST for kind in ("country", "language", "partner")},
}
"""By their words in the address: the tables' own orders."""


def _ledger(session: Session, row: CampaignRecord) -> dict[str, object]:
    """The lists that were taken out. How many they hold and why is for who takes lists out."""
    table: SortedTable[LedgerColumn] = sorted_table(
        f"{_address(row)}#ledger-heading",
        request.args.get("sort", ""),
        ledger.NEWEST,
        largest_first=frozenset(LedgerColumn) - {LedgerColumn.BY},
        beside={name: text for name, text in _orders().items() if name != "sort"},
    )
    found = ledger.page(session, row.id, table.sort, after=place_in("after"))
    at = deps().now()
    return {
        "ledger": table,
        "ledger_columns": LedgerColumn,
        "exports": found.exports,
        "partners": partners.of_campaign(session, row.slug),
        "ledger_pages": table.pages(found.part),
        "requests": requests.current(session, row.id, at=at),
        "good_for": second_person.GOOD_FOR,
        "rows_alone": second_person.ROWS_ALONE if deps().settings.second_person else None,
        "kept": kept_files.kept(session, row.id, by=g.staff.email, at=at),
    }
