"""Setting up the second factor, giving it, and giving it again before what weighs most."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

import segno
from flask import Blueprint, Response, current_app, g, make_response, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from petition.domain.staff import second_factor as factors
from petition.services.staff import second_factor, signing_in
from petition.services.staff.passkeys import Answer
from petition.services.staff.second_factor import Given, NotYours, SignedIn, TooManyCodes
from petition.services.staff.signing_in import TooManyTries
from petition.store.db import transaction
from petition.timing import pad_duration
from petition.web.http.access import (
    HALF_SIGNED_IN,
    LOOKING,
    OWN_PAGES,
    SIGNED_IN,
    STAFF,
    access,
    from_loopback,
    rule_of,
)
from petition.web.http.dependencies import deps
from petition.web.http.errors import error_page
from petition.web.http.locale import _, language
from petition.web.http.rendering import page
from petition.web.http.senders import current_sender
from petition.web.http.too_many import wait_words
from petition.web.staff import auth, passkeys
from petition.web.staff.forms import CodeForm, SignOutForm
from petition.web.staff.layout import console_page

HERE: Final = "/staff/second-factor"
SET_UP: Final = f"{HERE}/set-up"
AGAIN: Final = f"{HERE}/again"

Page = Callable[[str | None, int], Response]

factor = Blueprint("second_factor", __name__, url_prefix=HERE)


# --- what the guard asks --------------------------------------------------------------------------


def ask(fresh: bool) -> BaseResponse | None:
    """What is asked before any other page: the second factor; or, where it weighs, once more."""
    if g.opened.second_factor_at is None:
        return redirect(HERE, 303)
    if not fresh or second_factor.is_fresh(g.opened, at=deps().now()):
        return None
    if request.method in LOOKING:
        return redirect(_again(to=request.path), 303)
    return _again_page(CodeForm(formdata=None), None, 403, send=request.path)


# --- giving it ------------------------------------------------------------------------------------


@factor.get("")
@access(HALF_SIGNED_IN)
def show() -> BaseResponse:
    """The page that asks for a code, after the password."""
    return _elsewhere() or _code_page(None, 200)


@factor.post("")
@access(HALF_SIGNED_IN, forms=OWN_PAGES)
def give() -> BaseResponse:
    """One try of a code."""
    elsewhere = _elsewhere()
    if elsewhere is not None:
        return elsewhere
    signed_in = _judged(CodeForm(), _code_page)
    if isinstance(signed_in, Response):
        return signed_in
    return auth.log_in(redirect("/staff/", 303), signed_in)


def _elsewhere() -> BaseResponse | None:
    """Where somebody belongs who has nothing to do here."""
    if g.opened.second_factor_at is not None:
        return redirect("/staff/", 303)
    if second_factor.may_enrol(g.opened, at=deps().now()):
        return redirect(SET_UP, 303)
    return None


def _judged(form: CodeForm, again: Page) -> SignedIn | Response:
    """The session as it is after a right code; or the page again, with what is wrong."""
    if not form.validate():
        return again(_("The form was open for too long. Please try again."), 422)
    settings, at = deps().settings, deps().now()
    each = signing_in.new_code_try(
        settings.secret_key, g.staff.email, auth.device(), current_sender()
    )
    with transaction() as session:
        counted = signing_in.count_sender(session, each, at=at)
    if counted.over:
        return _later(again(wait_words(counted.retry_after), 429), counted.retry_after)
    try:
        with pad_duration(), transaction() as session:
            signed_in = second_factor.give(session, deps().vault, _given(form), each, at=at)
    except TooManyTries as error:
        words = _("There have been many attempts with a code. Please wait a minute and try again.")
        return _later(again(words, 429), error.seconds)
    except TooManyCodes:
        return again(_used_up(), 429)
    if signed_in is None:
        return again(_wrong_passkey() if form.passkey.data else _wrong(), 422)
    return signed_in


def _given(form: CodeForm) -> Given:
    party = passkeys.party()
    written = form.passkey.data or ""
    return Given(
        opened=g.opened,
        token=auth.token(),
        device=auth.device(),
        code=factors.typed(form.code.data or ""),
        language=language().code,
        passkey=Answer(party=party, text=written) if party is not None and written else None,
    )


def _wrong_passkey() -> str:
    return _(
        "This passkey did not work, or it took longer than five minutes. Please try again, or use "
        "another way."
    )


def _wrong() -> str:
    return _(
        "This code is not right, or it was used already. Please type the one that your app shows "
        "now: each works once, for half a minute."
    )


def _used_up() -> str:
    return _(
        "There were too many wrong codes for this account today. Please type one of your recovery "
        "codes, or sign in on a device on which you have signed in before."
    )


def _later(response: Response, seconds: int) -> Response:
    response.headers["Retry-After"] = str(seconds)
    return response


def _code_page(problem: str | None, status: int) -> Response:
    return _page("staff/second_factor.html", problem, status, passkey=passkeys.asked_at())


# --- setting it up --------------------------------------------------------------------------------


@factor.get("/set-up")
@access(HALF_SIGNED_IN)
def show_set_up() -> BaseResponse:
    """A secret for the app, as a picture and as letters; nothing is kept before a code is typed."""
    if not second_factor.may_enrol(g.opened, at=deps().now()):
        return redirect(HERE, 303)
    return _set_up_page(None, 200)


@factor.post("/set-up")
@access(HALF_SIGNED_IN, forms=OWN_PAGES)
def set_up() -> BaseResponse:
    """The app shows the right code, or a passkey is there: from now on one of them is asked for.

    The page has the recovery codes. It is the answer to the form, because they are shown once: a
    page that one could come back to would have to keep them.
    """
    form = CodeForm()
    if not form.validate():
        return _set_up_page(_("The form was open for too long. Please try again."), 422)
    given, vault, at = _given(form), deps().vault, deps().now()
    try:
        with transaction() as session:
            if given.passkey is None:
                enrolled = second_factor.enrol(session, vault, given, at=at)
            else:
                enrolled = second_factor.enrol_passkey(session, vault, given, given.passkey, at=at)
    except NotYours:
        return redirect(HERE, 303)
    if enrolled is None:
        return _set_up_page(_not_yet() if given.passkey is None else _wrong_passkey(), 422)
    if not enrolled.recovery_codes:  # those from before are still good
        return auth.log_in(redirect("/staff/account", 303), enrolled.signed_in)
    body = console_page("staff/recovery_codes.html", codes=enrolled.recovery_codes)
    return auth.log_in(make_response(body), enrolled.signed_in)


def _not_yet() -> str:
    return _(
        "This is not the code that your app should show now. Please scan the picture again, and "
        "look whether the clock of your phone is right."
    )


def _set_up_page(problem: str | None, status: int) -> Response:
    at, secret = deps().now(), second_factor.offered_secret(deps().vault, auth.token())
    settings = deps().settings
    link = factors.setup_link(secret, g.staff.email, issuer=passkeys.issuer())
    helped = settings.on_own_machine and from_loopback()
    return _page(
        "staff/second_factor_set_up.html",
        problem,
        status,
        picture=segno.make_qr(link, error="m").svg_data_uri(scale=5, border=4, light="#fff"),
        link=link,
        spelled=factors.spelled(secret),
        code_now=factors.code_at(secret, at) if helped else None,
        passkey=passkeys.asked_for_new_at(),
    )


def _page(template: str, problem: str | None, status: int, **context: object) -> Response:
    body = page(
        template,
        form=CodeForm(formdata=None),
        problem=problem,
        wrong=_wrong_place(),
        staff=g.staff,
        sign_out=SignOutForm(formdata=None),
        **context,
    )
    return make_response(body, status)


def _wrong_place() -> str:
    """What a problem is about: the id of the field or button."""
    return "passkey" if request.form.get("passkey") else "code"


# --- once more ------------------------------------------------------------------------------------


@factor.get("/again")
@access(STAFF)
def show_again() -> BaseResponse:
    """The page that asks for a code before another page."""
    to = _way("to", "GET")
    if to is None:
        return error_page(404)
    return _again_page(CodeForm(formdata=None), None, 200, to=to)


@factor.post("/again")
@access(STAFF, forms=OWN_PAGES)
def again() -> BaseResponse:
    """One try of a code; a right one leads on, and takes a form along that was sent before.

    By 307 the browser sends the same fields to where they were meant for: nothing of them is kept
    here, and nothing has to be typed again.
    """
    to, send = _way("to", "GET"), _way("send", "POST")
    if to is None and send is None:
        return error_page(404)
    form = CodeForm()
    signed_in = _judged(
        form, lambda problem, status: _again_page(form, problem, status, to=to, send=send)
    )
    if isinstance(signed_in, Response):
        return signed_in
    return auth.log_in(redirect(to, 303) if to else redirect(send or "", 307), signed_in)


def _again(**way: str) -> str:
    return f"{AGAIN}?{urlencode(way, safe='/')}"


def _way(name: str, method: str) -> str | None:
    """A page of the console that the address names; nothing else can be led on to."""
    path = request.args.get(name, "")
    try:
        endpoint, _args = current_app.url_map.bind(request.host).match(path, method=method)
    except HTTPException:
        return None
    return (
        path if path.startswith("/staff/") and rule_of(current_app, endpoint) in SIGNED_IN else None
    )


def _again_page(
    form: CodeForm,
    problem: str | None,
    status: int,
    *,
    to: str | None = None,
    send: str | None = None,
) -> Response:
    kept = request.form.items(multi=True) if send else ()
    body = console_page(
        "staff/second_factor_again.html",
        form=form,
        problem=problem,
        wrong=_wrong_place(),
        passkey=passkeys.asked_at(),
        action=_again(to=to) if to else _again(send=send or ""),
        fields=[each for each in kept if each[0] not in {"csrf_token", "code", "passkey"}],
    )
    return make_response(body, status)
