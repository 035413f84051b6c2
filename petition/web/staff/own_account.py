"""One's own account: recovery codes, another app, passkeys, signing out everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import Blueprint, Response, g, make_response, redirect
from werkzeug.wrappers import Response as BaseResponse

from petition.services.staff import accounts as services_accounts, own_factors, second_factor
from petition.services.staff.own_factors import LastFactor
from petition.store.db import Session, reading, transaction
from petition.store.staff import passkeys as store_passkeys, second_factors
from petition.web.http.access import OWN_PAGES, STAFF, access
from petition.web.http.dependencies import deps
from petition.web.http.errors import error_page
from petition.web.http.locale import _
from petition.web.staff import auth, passkeys
from petition.web.staff.forms import ButtonForm
from petition.web.staff.layout import console_page

HERE: Final = "/staff/account"
SET_UP: Final = "/staff/second-factor/set-up"

own_account = Blueprint("own_account", __name__, url_prefix=HERE)


@own_account.get("")
@access(STAFF)
def show() -> Response:
    """What one can do about one's own account."""
    return _account_page(None, 200)


def _account_page(problem: str | None, status: int) -> Response:
    with reading() as session:
        body = console_page(
            "staff/account.html",
            form=ButtonForm(formdata=None),
            problem=problem,
            set_at=second_factors.set_at(session, g.staff.id),
            codes_left=second_factors.recovery_codes_left(session, g.staff.id),
            passkeys=store_passkeys.of(session, g.staff.id),
            offers_passkeys=passkeys.party() is not None,
        )
    return make_response(body, status)


@own_account.post("/recovery-codes")
@access(STAFF, forms=OWN_PAGES, fresh=True)
def new_recovery_codes() -> BaseResponse:
    """Ten others, in the place of those from before."""
    if not ButtonForm().validate():
        return error_page(403)
    with transaction() as session:
        codes = second_factor.new_recovery_codes(session, deps().vault, g.staff, at=deps().now())
    return make_response(console_page("staff/recovery_codes.html", codes=codes))


@own_account.post("/second-factor")
@access(STAFF, forms=OWN_PAGES, fresh=True)
def another_app() -> BaseResponse:
    """Move to another app, or another phone; the one from before works until then."""
    if not ButtonForm().validate():
        return error_page(403)
    _let_enrol()
    return redirect(SET_UP, 303)


@own_account.post("/passkeys")
@access(STAFF, forms=OWN_PAGES, fresh=True)
def another_passkey() -> BaseResponse:
    """To the page on which one is made."""
    if not ButtonForm().validate():
        return error_page(403)
    _let_enrol()
    return redirect(f"{SET_UP}#passkey-heading", 303)


def _let_enrol() -> None:
    with transaction() as session:
        second_factor.let_replace(session, auth.token(), at=deps().now())


@own_account.post("/passkeys/<id:passkey_id>/remove")
@access(STAFF, forms=OWN_PAGES, fresh=True)
def remove_passkey(passkey_id: int) -> BaseResponse:
    """Take one away; those that are left, or the app, go on."""
    return _removed(
        lambda session: own_factors.remove_passkey(
            session, g.staff, passkey_id, auth.token(), at=deps().now()
        )
    )


@own_account.post("/second-factor/remove")
@access(STAFF, forms=OWN_PAGES, fresh=True)
def remove_app() -> BaseResponse:
    """Passkeys alone from now on."""
    return _removed(
        lambda session: own_factors.remove_app(session, g.staff, auth.token(), at=deps().now())
    )


def _removed(work: Callable[[Session], None]) -> BaseResponse:
    if not ButtonForm().validate():
        return error_page(403)
    try:
        with transaction() as session:
            work(session)
    except LastFactor:
        return _account_page(_("This is your last second factor: it stays."), 422)
    return redirect(HERE, 303)


@own_account.post("/sign-out-everywhere")
@access(STAFF, forms=OWN_PAGES)
def sign_out_everywhere() -> BaseResponse:
    """End all sessions of this account, this one too."""
    if not ButtonForm().validate():
        return error_page(403)
    auth.leave()
    with transaction() as session:
        services_accounts.sign_out_everywhere(
            session, g.staff.id, who=g.staff.email, at=deps().now()
        )
    return redirect("/staff/sign-in", 303)
