"""The console's page that closes everything at once, and the button that lets it go on."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, redirect
from werkzeug.wrappers import Response as BaseResponse

from petition.domain.staff.roles import Right
from petition.services.staff import panic as services_panic
from petition.store.db import reading, transaction
from petition.store.staff import pauses
from petition.store.staff.pauses import Paused
from petition.web.http.access import OWN_PAGES, access
from petition.web.http.dependencies import deps
from petition.web.http.locale import _
from petition.web.http.rendering import page
from petition.web.staff.forms import ButtonForm
from petition.web.staff.layout import console_page

panic = Blueprint("panic", __name__, url_prefix="/staff/panic")


@panic.get("")
@access(Right.MANAGE_STAFF)
def shown() -> Response:
    """What would be closed now, whether something rests, and what was closed the last time."""
    return _page(200)


@panic.post("")
@access(Right.MANAGE_STAFF, forms=OWN_PAGES, fresh=True)
def close() -> Response:
    """Close everything. Whoever does it is signed out, too: the answer needs no session."""
    if not ButtonForm().validate():
        return _page(422, _expired())
    with transaction() as session:
        done = services_panic.panic(session, by=g.staff.email, at=deps().now())
    return make_response(page("staff/panic_done.html", closed=done))


@panic.post("/resume")
@access(Right.MANAGE_STAFF, forms=OWN_PAGES, fresh=True)
def resume() -> BaseResponse:
    """Emails and lists go on."""
    if not ButtonForm().validate():
        return _page(422, _expired())
    with transaction() as session:
        services_panic.resume(session, by=g.staff.email, at=deps().now())
    return redirect("/staff/panic", 303)


def _expired() -> str:
    return _("The form was open for too long. Please try again.")


def _page(status: int, problem: str | None = None) -> Response:
    with reading() as session:
        body = console_page(
            "staff/panic.html",
            closed=services_panic.would_close(session, at=deps().now()),
            paused_since=pauses.since(session, Paused.LETTERS),
            last=services_panic.last(session),
            form=ButtonForm(),
            problem=problem,
        )
    return make_response(body, status)
