"""The console's pages of campaigns: the list, and one campaign's numbers."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, g, make_response

from petition.domain.campaigns.milestones import goal_at
from petition.domain.signatures import states
from petition.services.staff import signing_in
from petition.services.staff.accounts import Role
from petition.store.campaigns import campaigns
from petition.store.counts import totals
from petition.store.db import reading
from petition.store.exports import contents, kept_files, ledger
from petition.store.letters import relay
from petition.store.signatures import moderation
from petition.store.staff.sign_ins import NOBODY
from petition.web.http.access import EXPORTER, MODERATOR, STAFF, access
from petition.web.http.dependencies import deps
from petition.web.http.locale import language
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
    return numbers_page(slug, ExportForm(), 200)


def numbers_page(slug: str, form: ExportForm, status: int) -> Response:
    """One campaign's numbers, and the form that takes a list out as it was sent."""
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
            by_language=_spoken(totals.by(session, row.id, "language")),
            exports=[
                (each, len(contents.recalled(session, each.id)))
                for each in ledger.exports(session, row.id)
            ],
            kept=kept_files.kept(session, row.id, by=g.staff.email, at=deps().now()),
            form=form,
            may_export=has_permission(g.staff, EXPORTER),
            may_review=has_permission(g.staff, MODERATOR),
            waiting=moderation.count_waiting(session, row.id),
        )
    return make_response(body, status)


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
