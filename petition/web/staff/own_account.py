"""One's own account: recovery codes, another app, signing out everywhere."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, redirect
from werkzeug.wrappers import Response as BaseResponse

from petition.services.staff import accounts as services_accounts, second_factor
from petition.store.db import reading, transaction
from petition.store.staff import second_factors
from petition.web.http.access import OWN_PAGES, STAFF, access
from petition.web.http.dependencies import deps
from petition.web.http.errors import error_page
from petition.web.staff import auth
from petition.web.staff.forms import SignOutForm
from petition.web.staff.layout import console_page

own_account = Blueprint("own_account", __name__, url_prefix="/staff/account")


@own_account.get("")
@access(STAFF)
def show() -> Response:
    """What one can do about one's own account."""
    with reading() as session:
        body = console_page(
            "staff/account.html",
            form=SignOutForm(formdata=None),
            set_at=second_factors.set_at(session, g.staff.id),
            codes_left=second_factors.recovery_codes_left(session, g.staff.id),
        )
    return make_response(body)


@own_account.post("/recovery-codes")
@access(STAFF, forms=OWN_PAGES, fresh=True)
def new_recovery_codes() -> BaseResponse:
    """Ten others, in the place of those from before."""
    if not SignOutForm().validate():
        return error_page(403)
    with transaction() as session:
        codes = second_factor.new_recovery_codes(session, deps().vault, g.staff, at=deps().now())
    return make_response(console_page("staff/recovery_codes.html", codes=codes))


@own_account.post("/second-factor")
@access(STAFF, forms=OWN_PAGES, fresh=True)
def another_app() -> BaseResponse:
    """Move to another app, or another phone; the one from before works until then."""
    if not SignOutForm().validate():
        return error_page(403)
    with transaction() as session:
        second_factor.let_replace(session, auth.token(), at=deps().now())
    return redirect("/staff/second-factor/set-up", 303)


@own_account.post("/sign-out-everywhere")
@access(STAFF, forms=OWN_PAGES)
def sign_out_everywhere() -> BaseResponse:
    """End all sessions of this account, this one too."""
    if not SignOutForm().validate():
        return error_page(403)
    auth.leave()
    with transaction() as session:
        services_accounts.sign_out_everywhere(
            session, g.staff.id, who=g.staff.email, at=deps().now()
        )
    return redirect("/staff/sign-in", 303)
