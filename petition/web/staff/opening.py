"""The console's page that says what opening or closing a campaign does, and does it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, g, make_response, redirect
from werkzeug.wrappers import Response as BaseResponse

from petition.domain.privacy.retention import end
from petition.domain.staff.roles import Right
from petition.services.campaigns import opening as services_opening
from petition.store.db import transaction
from petition.web.http.access import OWN_PAGES, access
from petition.web.http.dependencies import deps
from petition.web.http.locale import _
from petition.web.staff.forms import ButtonForm
from petition.web.staff.layout import console_page

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
    if not ButtonForm().validate():
        return _page(slug, 422, _("The form was open for too long. Please try again."))
    with transaction() as session:
        move(session, slug, by=g.staff.email, at=deps().now())
    deps().campaign_cache.clear()
    return redirect(f"/staff/campaigns/{slug}", 303)


def _page(slug: str, status: int, problem: str | None = None) -> Response:
    campaign = g.campaign
    body = console_page(
        "staff/state.html",
        slug=slug,
        state=campaign.state,
        kept_until=end(deps().now(), campaign.retention_months),
        form=ButtonForm(),
        problem=problem,
    )
    return make_response(body, status)
