"""The console's first rooms: the campaigns, one campaign's numbers, taking a list out."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, stream_with_context

from petition.domain import signature as states
from petition.domain.milestones import goal_at
from petition.services import exporting
from petition.services.exporting import Export
from petition.store import campaigns, counts, disclosures, ledger, reviews
from petition.store.db import reading, transaction
from petition.store.signatures import Filters
from petition.web.access import EXPORTER, MODERATOR, STAFF, access
from petition.web.forms import ExportForm
from petition.web.house import house, language
from petition.web.staff.console import console_page
from petition.web.staff.gate import may

rooms = Blueprint("rooms", __name__, url_prefix="/staff")


@rooms.get("/")
@access(STAFF)
def campaigns_page() -> Response:
    """All campaigns with their count."""
    with reading() as session:
        rows = [
            (row.slug, row.state, total, goal_at(total, row.goal))
            for row in campaigns.listed(session)
            for total in (counts.total(session, row.id),)
        ]
    return make_response(console_page("staff/campaigns.html", rows=rows))


@rooms.get("/campaigns/<slug:slug>")
@access(STAFF)
def campaign_page(slug: str) -> Response:
    """One campaign's numbers, and its exports so far."""
    return _numbers(slug, ExportForm(), 200)


@rooms.post("/campaigns/<slug:slug>/export")
@access(EXPORTER)
def export(slug: str) -> Response:
    """A CSV file of the confirmed signatures, with an entry in the ledger."""
    form = ExportForm()
    if not form.validate():
        return _numbers(slug, form, 422)
    order = Export(
        slug=slug,
        by=g.staff.email,
        reason=form.reason.data or "",
        filters=Filters(),
        for_target=form.for_target.data,
    )
    with reading() as session:
        campaigns.by_slug(session, slug)
    chunks = exporting.export(
        order, house().vault, reading=reading, transaction=transaction, now=house().now
    )
    name = f"{slug}-{house().now():%Y%m%dT%H%MZ}.csv"
    response = Response(stream_with_context(chunks), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _numbers(slug: str, form: ExportForm, status: int) -> Response:
    with reading() as session:
        row = campaigns.by_slug(session, slug)
        total = counts.total(session, row.id)
        found = {state: counts.states_of(session, row.id).get(state, 0) for state in states.STATES}
        body = console_page(
            "staff/campaign.html",
            slug=slug,
            state=row.state,
            goal=goal_at(total, row.goal),
            total=total,
            folded_at=counts.folded_at(session, row.id),
            states=found,
            by_country=_named(counts.by(session, row.id, "country")),
            by_day=counts.by(session, row.id, "day"),
            by_language=counts.by(session, row.id, "language"),
            exports=[
                (each, len(disclosures.recalled(session, each.id)))
                for each in ledger.exports(session, row.id)
            ],
            form=form,
            may_export=may(g.staff, EXPORTER),
            may_review=may(g.staff, MODERATOR),
            waiting=reviews.count_waiting(session, row.id),
        )
    return make_response(body, status)


def _named(rows: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Country names in the reader's language, the largest first."""
    names = dict(language().countries())
    return sorted(((names.get(code, code), number) for code, number in rows), key=lambda r: -r[1])
