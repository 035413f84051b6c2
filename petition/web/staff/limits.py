"""The console's page of the limits by sender: their numbers, and wider ones for a place."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, redirect
from werkzeug.wrappers import Response as BaseResponse

from petition.domain.abuse.actions import Action
from petition.domain.abuse.places import place
from petition.domain.staff.roles import Right
from petition.services.abuse import places
from petition.store.abuse import figures, senders
from petition.store.abuse.senders import Allowance
from petition.store.db import Session, reading, transaction
from petition.store.letters.budget import budget_state
from petition.web.http.access import OWN_PAGES, access
from petition.web.http.dependencies import deps
from petition.web.http.locale import _
from petition.web.staff.auth import has_permission
from petition.web.staff.edit_conflicts import EditConflict
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
        conflict = _conflict(session, form)
        if conflict is None:
            places.widen(
                session,
                form.network.data or "",
                hours=form.whole("hours"),
                factor=form.whole("factor"),
                by=g.staff.email,
                at=deps().now(),
            )
    return _to_the_page() if conflict is None else _page(form, 409, conflict)


@limits.post("/narrow")
@access(Right.EDIT, forms=OWN_PAGES)
def narrow() -> BaseResponse:
    """The usual limits there again."""
    form = UsualForm()
    if not form.validate():
        return _page(PlaceForm(formdata=None), 422)
    with transaction() as session:
        conflict = _conflict(session, form)
        if conflict is None:
            places.narrow(session, form.network.data or "", by=g.staff.email, at=deps().now())
    return _to_the_page() if conflict is None else _page(PlaceForm(formdata=None), 409, conflict)


def _conflict(session: Session, form: UsualForm) -> EditConflict | None:
    """What somebody else set for this place since the page was opened. That a place is over is
    no conflict: each is by itself some time."""
    network = str(place(form.network.data or ""))
    there = (
        each for each in senders.allowances(session, at=deps().now()) if each.network == network
    )
    return form.overlooked(map(_line, there))


def _line(allowance: Allowance) -> str:
    """A place as the page compares it: the same in every language."""
    return f"{allowance.network}: {allowance.factor} ×, {allowance.until:%Y-%m-%d %H:%M:%S} UTC"


def _to_the_page() -> BaseResponse:
    deps().senders.clear_places()
    return redirect("/staff/limits", 303)


def _page(form: PlaceForm, status: int, conflict: EditConflict | None = None) -> Response:
    at, found = deps().now(), deps().settings.limits
    with reading() as session:
        allowances = senders.allowances(session, at=at)
        body = console_page(
            "staff/limits.html",
            conflict=conflict,
            lines=[_line(each) for each in allowances],
            limits=found,
            refused=figures.refused(session, at=at),
            waiting=figures.waiting(
                session, at=at, burst=found.letters.burst, an_hour=found.letters.an_hour
            ),
            budget=budget_state(session, per_minute=deps().settings.letters_per_minute, at=at),
            places=allowances,
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
