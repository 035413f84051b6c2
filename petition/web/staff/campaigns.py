"""The console's pages of campaigns: the list, one campaign's numbers, taking a list out."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime

from flask import Blueprint, Response, g, make_response, stream_with_context

from petition.domain.campaigns.milestones import goal_at
from petition.domain.signatures import states
from petition.errors import PetitionError
from petition.services.exports import csv_file
from petition.services.exports.csv_file import Export
from petition.services.staff import signing_in
from petition.services.staff.accounts import Role
from petition.store.campaigns import campaigns
from petition.store.counts import totals
from petition.store.db import reading, transaction
from petition.store.exports import contents, ledger
from petition.store.letters import relay
from petition.store.signatures import moderation
from petition.store.signatures.signatures import Filters
from petition.store.staff.sign_ins import NOBODY
from petition.web.http.access import EXPORTER, MODERATOR, OWN_PAGES, STAFF, access
from petition.web.http.dependencies import deps
from petition.web.http.locale import language
from petition.web.staff.auth import has_permission
from petition.web.staff.forms import ExportForm
from petition.web.staff.layout import console_page

log = logging.getLogger(__name__)

views = Blueprint("campaigns", __name__, url_prefix="/staff")


@views.get("/")
@access(STAFF)
def campaigns_page() -> Response:
    """All campaigns with their count."""
    with reading() as session:
        rows = [
            (row.slug, row.state, total, goal_at(total, row.goal))
            for row in campaigns.listed(session)
            for total in (totals.total(session, row.id),)
        ]
        at = deps().now()
        wrong = signing_in.refusals(session, g.staff.id, at=at)
        is_owner = g.staff.role == Role.OWNER
        nobodys = signing_in.refusals(session, NOBODY, at=at) if is_owner else None
        body = console_page(
            "staff/campaigns.html",
            rows=rows,
            wrong=wrong,
            nobodys=nobodys,
            relay=relay.state(session),
        )
    return make_response(body)


@views.get("/campaigns/<slug:slug>")
@access(STAFF)
def campaign_page(slug: str) -> Response:
    """One campaign's numbers, and its exports so far."""
    return _numbers(slug, ExportForm(), 200)


@views.post("/campaigns/<slug:slug>/export")
@access(EXPORTER, forms=OWN_PAGES)
def export(slug: str) -> Response:
    """A CSV file of the confirmed signatures, with an entry in the ledger."""
    form = ExportForm()
    if not form.validate():
        return _numbers(slug, form, 422)
    order = Export(
        slug=slug,
        by=g.staff.email,
        reason=form.reason.data or "",
        filters=Filters(updates="yes" if form.updates.data else None),
        for_target=form.for_target.data,
        for_excel=form.for_excel.data,
    )
    with reading() as session:
        campaigns.by_slug(session, slug)
    chunks = csv_file.export(
        order, deps().vault, reading=reading, transaction=transaction, now=deps().now
    )
    name = order.file_name(deps().now())
    response = Response(stream_with_context(_told(chunks)), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


class CutOff(PetitionError):
    """The list could not be read to its end."""


def _told(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same; what breaks under way cuts the answer off, and the log has its kind and no row."""
    try:
        yield from chunks
    except Exception as error:
        log.error("export: cut off: %s", type(error).__name__)
        raise CutOff from None


def _numbers(slug: str, form: ExportForm, status: int) -> Response:
    with reading() as session:
        row = campaigns.by_slug(session, slug)
        total = totals.total(session, row.id)
        found = {state: totals.states_of(session, row.id).get(state, 0) for state in states.STATES}
        body = console_page(
            "staff/campaign.html",
            slug=slug,
            state=row.state,
            goal=goal_at(total, row.goal),
            total=total,
            folded_at=totals.folded_at(session, row.id),
            states=found,
            by_country=_named(totals.by(session, row.id, "country")),
            by_day=_dated(totals.by(session, row.id, "day")),
            by_language=totals.by(session, row.id, "language"),
            exports=[
                (each, len(contents.recalled(session, each.id)))
                for each in ledger.exports(session, row.id)
            ],
            form=form,
            may_export=has_permission(g.staff, EXPORTER),
            may_review=has_permission(g.staff, MODERATOR),
            waiting=moderation.count_waiting(session, row.id),
        )
    return make_response(body, status)


def _dated(rows: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Days as the reader's language writes them."""
    return [(language().short_date(datetime.fromisoformat(day)), number) for day, number in rows]


def _named(rows: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Country names in the reader's language, the largest first."""
    names = dict(language().countries())
    return sorted(((names.get(code, code), number) for code, number in rows), key=lambda r: -r[1])
