"""Setting up an account, signing in, signing out."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, redirect
from werkzeug.wrappers import Response as BaseResponse

from petition.services import staffing
from petition.store import staff
from petition.store.db import reading, transaction
from petition.web.access import STAFF, STAFF_DOOR, access
from petition.web.errors import error_page
from petition.web.forms import SetUpForm, SignInForm, SignOutForm
from petition.web.house import _, house, page
from petition.web.staff import gate

accounts = Blueprint("accounts", __name__, url_prefix="/staff")


@accounts.get("/set-up/<token>")
@access(STAFF_DOOR)
def show_set_up(token: str) -> Response:
    """The page behind the one-time link."""
    return _set_up_page(token, SetUpForm())


@accounts.post("/set-up/<token>")
@access(STAFF_DOOR)
def set_up(token: str) -> BaseResponse:
    """Choose a password; the link is spent."""
    form = SetUpForm()
    if not form.validate():
        return error_page(403)
    try:
        password_hash = staffing.hash_password(form.password.data or "")
    except staffing.PasswordTooShort:
        problem = _("Please choose a password of 15 characters or more. A sentence is good.")
        return _set_up_page(token, form, problem)
    with transaction() as session:
        secret = staffing.set_up(session, token, password_hash, at=house().now())
    if secret is None:
        return error_page(404)
    gate.admit(secret)
    return redirect("/staff/", 303)


def _set_up_page(token: str, form: SetUpForm, problem: str | None = None) -> Response:
    with reading() as session:
        person = staff.invited(session, token, at=house().now())
        if person is None:
            return error_page(404)
        email = person.email
    body = page("staff/set_up.html", form=form, email=email, problem=problem)
    return make_response(body, 422 if problem else 200)


@accounts.get("/sign-in")
@access(STAFF_DOOR)
def show_sign_in() -> Response:
    return _sign_in_page(SignInForm(), None, 200)


@accounts.post("/sign-in")
@access(STAFF_DOOR)
def sign_in() -> BaseResponse:
    """At most five tries a minute for an account, each in the audit log."""
    form = SignInForm()
    if not form.validate():
        return _sign_in_page(form, _("The form was open for long. Please try again."), 422)
    email, at = (form.email.data or "").lower()[:254], house().now()
    with transaction() as session:
        allowed = staffing.may_try(session, email, at=at)
    if not allowed:
        return error_page(429)
    with reading() as session:
        password_hash = staffing.known_password(session, email)
    right = staffing.is_right(password_hash, form.password.data or "")
    with transaction() as session:
        secret = staffing.sign_in(session, email, right=right, at=at)
    if secret is None:
        return _sign_in_page(form, _("This address and password do not go together."), 422)
    gate.admit(secret)
    return redirect("/staff/", 303)


def _sign_in_page(form: SignInForm, problem: str | None, status: int) -> Response:
    return make_response(page("staff/sign_in.html", form=form, problem=problem), status)


@accounts.post("/sign-out")
@access(STAFF)
def sign_out() -> BaseResponse:
    """End the session here and on the server."""
    if not SignOutForm().validate():
        return error_page(403)
    token = gate.leave()
    if token:
        with transaction() as session:
            staffing.sign_out(session, token, who=g.staff.email, at=house().now())
    return redirect("/staff/sign-in", 303)
