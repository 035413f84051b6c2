"""Setting up an account, signing in, signing out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Final

from flask import Blueprint, Response, g, make_response, redirect
from werkzeug.wrappers import Response as BaseResponse

from petition.services.staff import accounts as services_accounts, signing_in
from petition.services.staff.password_turns import RETRY_AFTER, TooBusy
from petition.services.staff.signing_in import TooManyFromSender, TooManyTries, Try
from petition.store.db import Session, reading, transaction
from petition.store.staff import accounts as store_accounts
from petition.timing import pad_duration
from petition.web.http.access import HALF_SIGNED_IN, OWN_PAGES, STAFF_SIGN_IN, access
from petition.web.http.dependencies import deps
from petition.web.http.errors import error_page
from petition.web.http.locale import _
from petition.web.http.rendering import page
from petition.web.http.senders import current_sender
from petition.web.http.too_many import wait_words
from petition.web.staff import auth
from petition.web.staff.forms import SetUpForm, SignInForm, SignOutForm

SECOND_FACTOR: Final = "/staff/second-factor"

accounts = Blueprint("accounts", __name__, url_prefix="/staff")


@accounts.get("/set-up/<secret:token>")
@access(STAFF_SIGN_IN)
def show_set_up(token: str) -> Response:
    """The page behind the one-time link."""
    return _set_up_page(token, SetUpForm())


@accounts.post("/set-up/<secret:token>")
@access(STAFF_SIGN_IN, forms=OWN_PAGES)
def set_up(token: str) -> BaseResponse:
    """Choose a password; the link is spent."""
    form = SetUpForm()
    if not form.validate():
        return error_page(403)
    with reading() as session:  # a link that is made up costs no scrypt
        if store_accounts.invited(session, token, at=deps().now()) is None:
            return error_page(404)
    try:
        with deps().password_turns.known.turn():
            password_hash = services_accounts.hash_password(form.password.data or "")
    except services_accounts.PasswordTooShort:
        problem = _("Please choose a password of 15 characters or more. A sentence works well.")
        return _set_up_page(token, form, problem)
    except TooBusy:
        return _later(_set_up_page(token, form, _busy(), 503), RETRY_AFTER)
    with transaction() as session:
        opened = services_accounts.set_up(session, token, password_hash, at=deps().now())
    if opened is None:
        return error_page(404)
    return auth.begin(redirect(SECOND_FACTOR, 303), opened)


def _set_up_page(
    token: str, form: SetUpForm, problem: str | None = None, status: int = 422
) -> Response:
    with reading() as session:
        person = store_accounts.invited(session, token, at=deps().now())
        if person is None:
            return error_page(404)
        email = person.email
    body = page("staff/set_up.html", form=form, email=email, problem=problem)
    return make_response(body, status if problem else 200)


@accounts.get("/sign-in")
@access(STAFF_SIGN_IN)
def show_sign_in() -> Response:
    return _sign_in_page(SignInForm(), None, 200)


@accounts.post("/sign-in")
@access(STAFF_SIGN_IN, forms=OWN_PAGES)
def sign_in() -> BaseResponse:
    """One try; whether and when it is judged is told in services/staff/signing_in.

    A right password opens nothing but the page that asks for the second factor.
    """
    form = SignInForm()
    if not form.validate():
        return _sign_in_page(form, _("The form was open for too long. Please try again."), 422)
    email = (form.email.data or "").lower()[:254]
    each = signing_in.new_try(deps().settings.secret_key, email, auth.device(), current_sender())
    at = deps().now()
    opened = judge(
        each,
        form.password.data or "",
        lambda session: signing_in.enter(session, each, at=at),
        lambda problem, status: _sign_in_page(form, problem, status),
        at=at,
    )
    if isinstance(opened, Response):
        return opened
    return auth.begin(redirect(SECOND_FACTOR, 303), opened)


def judge(
    each: Try,
    password: str,
    enter: Callable[[Session], str | None],
    again: Callable[[str, int], Response],
    *,
    at: datetime,
) -> str | Response:
    """The token of the session that `enter` opens where the password is right.

    Or else the page `again`, with what is wrong and the status.
    """
    try:
        opened = _judge(each, password, enter, at=at)
    except TooManyFromSender as error:
        return _later(again(wait_words(error.seconds), 429), error.seconds)
    except TooManyTries as error:
        return _later(again(_for_one_account(), 429), error.seconds)
    except TooBusy:
        return _later(again(_busy(), 503), RETRY_AFTER)
    if opened is None:
        return again(_("This email address and password do not match."), 422)
    return opened


def _judge(
    each: Try, password: str, enter: Callable[[Session], str | None], *, at: datetime
) -> str | None:
    """Hold the password against the account's, in its turn.

    Raises TooManyFromSender, TooManyTries and TooBusy. All that is written is written within the
    turn: whose turn does not come was not judged, and a flood of them writes nothing.
    """
    known = _look(each, at=at)
    with _turn(each, known=known) as newcomer:
        with transaction() as session:
            counted = signing_in.count_sender(session, each, at=at)
        if counted.over:
            raise TooManyFromSender(counted.retry_after)
        with pad_duration(), transaction() as session:
            password_hash = signing_in.take_place(
                session, each, known=known, newcomer=newcomer, at=at
            )
        right = services_accounts.is_right(password_hash, password)
    with pad_duration(), transaction() as session:
        if right:
            return enter(session)
        signing_in.refuse(session, each, at=at)
    return None


def _look(each: Try, *, at: datetime) -> bool:
    """Whether the device is known. Raises TooBusy and TooManyTries. It changes nothing."""
    turns = deps().password_turns
    if not each.device:
        turns.check_strangers()
    with pad_duration(), reading() as session:
        known = signing_in.is_known(session, each, at=at)
        if not known:
            turns.check_strangers()
        signing_in.check_room(session, each, known=known, at=at)
    return known


@contextmanager
def _turn(each: Try, *, known: bool) -> Iterator[bool]:
    """A turn in the right line; True in that of newcomers, where one is let in once a day."""
    turns, newcomer = deps().password_turns, False
    with ExitStack() as stack:
        try:
            stack.enter_context((turns.known if known else turns.others).turn())
        except TooBusy:
            with reading() as session:
                newcomer = signing_in.is_newcomer(session, each)
            if not newcomer:
                raise
            stack.enter_context(turns.newcomers.turn())
        yield newcomer


def _for_one_account() -> str:
    return _(
        "There have been many attempts to sign in with this address. Please wait a minute and "
        "try again. In a browser where you have signed in before, you need not wait for others."
    )


def _busy() -> str:
    return _("Many people are signing in at this moment. Please try again in a few seconds.")


def _later(response: Response, seconds: int) -> Response:
    response.headers["Retry-After"] = str(seconds)
    return response


def _sign_in_page(form: SignInForm, problem: str | None, status: int) -> Response:
    return make_response(page("staff/sign_in.html", form=form, problem=problem), status)


@accounts.post("/sign-out")
@access(HALF_SIGNED_IN, forms=OWN_PAGES)
def sign_out() -> BaseResponse:
    """End the session here and on the server."""
    if not SignOutForm().validate():
        return error_page(403)
    token = auth.leave()
    if token:
        with transaction() as session:
            services_accounts.sign_out(session, token, who=g.staff.email, at=deps().now())
    return redirect("/staff/sign-in", 303)
