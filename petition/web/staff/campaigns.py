"""The console's pages of campaigns: the list, and one campaign's numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from flask import Blueprint, Response, g, make_response

from petition.domain.campaigns.milestones import goal_at
from petition.domain.counts import small_cells
from petition.domain.exports import second_person
from petition.domain.signatures import states
from petition.domain.staff.roles import Right
from petition.services.counts import console_figures, country_figures
from petition.services.counts.console_figures import ConsoleFigures
from petition.services.staff import record_views, signing_in
from petition.store.campaigns import campaigns
from petition.store.campaigns.campaigns import CampaignRecord
from petition.store.counts import totals
from petition.store.db import Session, reading
from petition.store.exports import kept_files, ledger, requests
from petition.store.exports.ledger import LedgerPage
from petition.store.letters import relay
from petition.store.partners import partners
from petition.store.partners.partners import PartnerRecord
from petition.store.staff import pauses
from petition.store.staff.pauses import Paused
from petition.store.staff.sign_ins import NOBODY
from petition.web.http.access import STAFF, access
from petition.web.http.dependencies import deps
from petition.web.http.locale import _, language
from petition.web.http.url_converters import place_in
from petition.web.staff.auth import has_permission
from petition.web.staff.forms import ExportForm
from petition.web.staff.layout import console_page

views = Blueprint("campaigns", __name__, url_prefix="/staff")


@views.get("/")
@access(STAFF)
def campaigns_page() -> Response:
    """All campaigns with their count."""
    with reading() as session:
        rows = [
            (row.slug, title, row.state, total, goal_at(total, row.goal))
            for row in campaigns.listed(session)
            if Right.NUMBERS in g.permissions.on(row.id)
            for title in (campaigns.title(session, row.id, language().code),)
            for total in (totals.total(session, row.id),)
        ]
        at = deps().now()
        wrong = signing_in.refusals(session, g.staff.id, at=at)
        sees_all = has_permission(Right.MANAGE_STAFF)
        nobodys = signing_in.refusals(session, NOBODY, at=at) if sees_all else None
        body = console_page(
            "staff/campaigns.html",
            rows=rows,
            wrong=wrong,
            nobodys=nobodys,
            flags=record_views.flags(session, at=at) if has_permission(Right.AUDIT) else (),
            records_an_hour=record_views.RECORDS_AN_HOUR,
            relay=relay.state(session),
            paused_since=pauses.since(session, Paused.LETTERS),
        )
    return make_response(body)


@views.get("/campaigns/<slug:slug>")
@access(Right.NUMBERS)
def campaign_page(slug: str) -> Response:
    """One campaign's numbers, and its exports so far."""
    return numbers_page(slug, ExportForm(), 200)


def numbers_page(slug: str, form: ExportForm, status: int, problem: str | None = None) -> Response:
    """One campaign's numbers, and the form that takes a list out as it was sent."""
    before = place_in("before")
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
            **(_ledger(session, row.id, before or ledger.NEWEST) if may_export else {}),
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
    return {
        "in_tens": in_tens,
        "states": found,
        "by_country": _named(countries),
        "by_day": _dated(days),
        "by_language": _spoken(languages),
        "has_partners": bool(known),
        "by_partner": _of_partners(by_partner, known),
    }


def _ledger(session: Session, campaign_id: int, before: int) -> dict[str, object]:
    """The lists that were taken out. How many they hold and why is for who takes lists out."""
    found = ledger.page(session, campaign_id, before=before)
    return {
        "exports": found.exports,
        "ledger_pages": _beside(found),
        "requests": requests.current(session, campaign_id, at=deps().now()),
        "good_for": second_person.GOOD_FOR,
        "rows_alone": second_person.ROWS_ALONE if deps().settings.second_person else None,
        "kept": kept_files.kept(session, campaign_id, by=g.staff.email, at=deps().now()),
    }


def _beside(found: LedgerPage) -> list[tuple[str, str]]:
    """Links to the pages of the ledger around this one, as (words, query)."""
    pages = []
    if found.newer:
        pages.append((_("Newer"), "" if found.newer == ledger.NEWEST else f"before={found.newer}"))
    if found.older:
        pages.append((_("Older"), f"before={found.older}"))
    return pages


def _of_partners(
    rows: list[tuple[str, int]], known: Mapping[str, PartnerRecord]
) -> list[tuple[str, int]]:
    """Partners by name, the largest first; not those who signed on a page of ours."""
    named = [(known[key].name if key in known else key, number) for key, number in rows if key]
    return sorted(named, key=lambda r: -r[1])


def _dated(rows: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Days as the reader's language writes them, the last one first."""
    days = sorted(rows, reverse=True)
    return [(language().short_date(datetime.fromisoformat(day)), number) for day, number in days]


def _spoken(rows: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Names of languages in the reader's, the most used first."""
    return sorted(((language().name_of(code), n) for code, n in rows), key=lambda r: -r[1])


def _named(rows: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Country names in the reader's language, the largest first."""
    names = dict(language().countries())
    return sorted(((names.get(code, code), number) for code, number in rows), key=lambda r: -r[1])
