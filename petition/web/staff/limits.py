"""The console's page of the limits by sender: their numbers, and wider ones for a place."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, redirect
from werkzeug.wrappers import Response as BaseResponse

from petition.domain.abuse.actions import Action
from petition.domain.staff.roles import Right
from petition.services.abuse import places
from petition.store.abuse import figures, senders
from petition.store.db import reading, transaction
from petition.store.letters.budget import budget_state
from petition.web.http.access import OWN_PAGES, access
from petition.web.http.dependencies import deps
from petition.web.http.locale import _
from petition.web.staff.auth import has_permission
from petition.web.staff.forms import PlaceForm, UsualForm
from petition.web.staff.layout import console_page

limits = Blueprint("limits", __name__, url_prefix="/staff/limits")


@limits.get("")
@access(Right.NUMBERS)
def shown() -> Response:
    """What the limits are, whom they met, and where they are wider."""
    return _page(PlaceForm(), 200)


@limits.post("")
@access(Right.EDIT, forms=OWN_PAGES)
def widen() -> BaseResponse:
    """Wider limits for a place, for some hours."""
    form = PlaceForm()
    if not form.validate():
        return _page(form, 422)
    with transaction() as session:
        places.widen(
            session,
            form.network.data or "",
            hours=form.whole("hours"),
            factor=form.whole("factor"),
            by=g.staff.email,
            at=deps().now(),
        )
    return _to_the_page()


@limits.post("/narrow")
@access(Right.EDIT, forms=OWN_PAGES)
def narrow() -> BaseResponse:
    """The usual limits there again."""
    form = UsualForm()
    if not form.validate():
        return _page(PlaceForm(formdata=None), 422)
    with transaction() as session:
        places.narrow(session, form.network.data or "", by=g.staff.email, at=deps().now())
    return _to_the_page()


def _to_the_page() -> BaseResponse:
    deps().senders.clear_places()
    return redirect("/staff/limits", 303)


def _page(form: PlaceForm, status: int) -> Response:
    at, found = deps().now(), deps().settings.limits
    with reading() as session:
        body = console_page(
            "staff/limits.html",
            limits=found,
            refused=figures.refused(session, at=at),
            waiting=figures.waiting(
                session, at=at, burst=found.letters.burst, an_hour=found.letters.an_hour
            ),
            budget=budget_state(session, per_minute=deps().settings.letters_per_minute, at=at),
            places=senders.allowances(session, at=at),
            hidden_at=senders.hidden_at(session),
            actions=_actions(),
            form=form,
            problems=[
                (name, str(form[name].errors[0]))
                for name in ("network", "hours", "factor")
                if form[name].errors
            ],
            may_edit=has_permission(Right.EDIT),
        )
    return make_response(body, status)


def _actions() -> dict[str, str]:
    return {
        Action.LETTER: _("Forms followed by an email"),
        Action.CODE: _("Codes from emails"),
        Action.LINK_REQUEST: _("Asking for an email or a link"),
        Action.STAFF_SIGN_IN: _("Signing in to this console"),
        Action.OTHER: _("Pages of all kinds"),
    }
