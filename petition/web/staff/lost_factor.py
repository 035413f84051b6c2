"""A lost second factor: an owner makes a link, and its page asks for the password."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, g, make_response, redirect
from werkzeug.wrappers import Response as BaseResponse

from petition.domain.staff.reset_reasons import ResetReason
from petition.domain.staff.roles import Right
from petition.errors import NotFound
from petition.services.staff import lost_factor, signing_in
from petition.services.staff.lost_factor import NothingToReset, OwnFactor
from petition.store.db import reading, transaction
from petition.store.staff import accounts
from petition.store.staff.accounts import LinkPurpose
from petition.web.http.access import OWN_PAGES, STAFF_SIGN_IN, access
from petition.web.http.dependencies import deps
from petition.web.http.errors import error_page
from petition.web.http.locale import _
from petition.web.http.rendering import page
from petition.web.http.senders import current_sender
from petition.web.staff import auth
from petition.web.staff.accounts import judge
from petition.web.staff.forms import LostFactorForm, SetUpForm
from petition.web.staff.layout import console_page

HERE: Final = "/staff/lost-factor"

lost = Blueprint("lost_factor", __name__, url_prefix=HERE)


@lost.get("")
@access(Right.MANAGE_STAFF)
def show() -> Response:
    """The form with which an owner makes a link for somebody else."""
    return _form_page(LostFactorForm(formdata=None), 200)


@lost.post("")
@access(Right.MANAGE_STAFF, forms=OWN_PAGES, fresh=True)
def make_link() -> Response:
    """The link, shown once: whoever made it hands it over."""
    form = LostFactorForm()
    if not form.validate():
        return _form_page(form, 422)
    email = (form.email.data or "").lower()
    try:
        with transaction() as session:
            token = lost_factor.make_link(
                session,
                email,
                reason=ResetReason(form.reason.data or ""),
                by=g.staff.email,
                at=deps().now(),
            )
    except NotFound:
        form.email.errors = [_("There is no open account with this address.")]
    except OwnFactor:
        form.email.errors = [_("This is your own account: another owner has to make this link.")]
    except NothingToReset:
        form.email.errors = [_("This account has no second factor yet: it needs no link.")]
    else:
        link = f"{deps().settings.base_url}{HERE}/{token}"
        return make_response(console_page("staff/lost_factor_made.html", link=link, email=email))
    return _form_page(form, 422)


def _form_page(form: LostFactorForm, status: int) -> Response:
    names = ("email", "reason")
    problems = [(name, str(form[name].errors[0])) for name in names if form[name].errors]
    body = console_page(
        "staff/lost_factor_make.html", form=form, problems=problems, reasons=_reasons()
    )
    return make_response(body, status)


def _reasons() -> dict[str, str]:
    """In the reader's words."""
    return {
        ResetReason.LOST: _("The phone, or what the app was on, is lost."),
        ResetReason.STOLEN: _("It was stolen, or somebody else has had it."),
        ResetReason.BROKEN: _("It does not work any more."),
        ResetReason.REPLACED: _("It was replaced, and the app was not moved along."),
        ResetReason.OTHER: _("None of these."),
    }


@lost.get("/<secret:token>")
@access(STAFF_SIGN_IN)
def show_link(token: str) -> Response:
    """The page behind the link."""
    return _link_page(token, None, 200)


@lost.post("/<secret:token>")
@access(STAFF_SIGN_IN, forms=OWN_PAGES)
def follow(token: str) -> BaseResponse:
    """The password is judged as at any sign-in; a right one spends the link."""
    form, at = SetUpForm(), deps().now()
    if not form.validate():
        return _link_page(token, _("The form was open for too long. Please try again."), 422)
    with reading() as session:
        person = accounts.invited(session, token, LinkPurpose.NEW_FACTOR, at=at)
    if person is None:
        return error_page(404)
    opened = judge(
        signing_in.new_try(
            deps().settings.secret_key, person.email, auth.device(), current_sender()
        ),
        form.password.data or "",
        lambda session: lost_factor.follow_link(session, token, at=at),
        lambda problem, status: _link_page(token, problem, status),
        at=at,
    )
    if isinstance(opened, Response):
        return opened
    return auth.begin(redirect("/staff/second-factor/set-up", 303), opened)


def _link_page(token: str, problem: str | None, status: int) -> Response:
    with reading() as session:
        person = accounts.invited(session, token, LinkPurpose.NEW_FACTOR, at=deps().now())
    if person is None:
        return error_page(404)
    body = page(
        "staff/lost_factor.html",
        form=SetUpForm(formdata=None),
        email=person.email,
        problem=problem,
    )
    return make_response(body, status)
