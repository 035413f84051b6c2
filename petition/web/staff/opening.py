"""The console's page that says what opening or closing a campaign does, and does it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, g, make_response, redirect
from werkzeug.wrappers import Response as BaseResponse

from petition.domain.privacy.retention import end
from petition.domain.staff.roles import Right
from petition.services.campaigns import opening as services_opening
from petition.store.campaigns import campaigns
from petition.store.db import Session, reading, transaction
from petition.web.http.access import OWN_PAGES, access
from petition.web.http.dependencies import deps
from petition.web.http.locale import _
from petition.web.staff.edit_conflicts import EditConflict, SharedForm
from petition.web.staff.layout import console_page, state_names

opening = Blueprint("opening", __name__, url_prefix="/staff/campaigns/<slug:slug>/state")


@opening.get("")
@access(Right.OPEN_CLOSE)
def shown(slug: str) -> Response:
    """What would happen, and one button."""
    return _page(slug, 200)


@opening.post("/open")
@access(Right.OPEN_CLOSE, forms=OWN_PAGES)
def open_(slug: str) -> BaseResponse:
    """Let signatures in."""
    return _moved(slug, services_opening.open_)


@opening.post("/close")
@access(Right.OPEN_CLOSE, forms=OWN_PAGES)
def close(slug: str) -> BaseResponse:
    """Take no more signatures."""
    return _moved(slug, services_opening.close)


def _moved(slug: str, move: Callable[..., bool]) -> BaseResponse:
    """Somebody else may have been quicker: then nothing is done, and the page says how it is."""
    form = SharedForm()
    if not form.validate():
        return _page(slug, 422, problem=_("The form was open for too long. Please try again."))
    with transaction() as session:
        conflict = form.conflict(_lines(session, slug))
        if conflict is None and not move(session, slug, by=g.staff.email, at=deps().now()):
            conflict = form.conflict(_lines(session, slug))
    if conflict is not None:
        return _page(slug, 409, conflict=conflict)
    deps().campaign_cache.clear()
    return redirect(f"/staff/campaigns/{slug}", 303)


def _lines(session: Session, slug: str) -> list[str]:
    """What the page shows of it, in the reader's words."""
    return [state_names()[campaigns.by_slug(session, slug).state]]


def _page(
    slug: str, status: int, *, problem: str | None = None, conflict: EditConflict | None = None
) -> Response:
    with reading() as session:
        campaign, lines = campaigns.by_slug(session, slug), _lines(session, slug)
    body = console_page(
        "staff/state.html",
        slug=slug,
        state=campaign.state,
        lines=lines,
        conflict=conflict,
        kept_until=end(deps().now(), campaign.retention_months),
        form=SharedForm(formdata=None),
        problem=problem,
    )
    return make_response(body, status)
