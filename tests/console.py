"""Actions of staff: following a set-up link, signing in, sending a form with its token.

Whoever is only needed signed in is so by `enter`: no page, no slow hash, no letter. Codes are
worked out from the account's secret, which tests can open because they have the keys.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import Context
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition.domain.staff import second_factor as factors
from petition.domain.staff.reset_reasons import ResetReason
from petition.domain.staff.roles import Grant, Right, Role
from petition.services.staff import accounts, lost_factor, second_factor
from petition.services.staff.second_factor import Given, SignedIn
from petition.store.campaigns import campaigns
from petition.store.db import Session, transaction
from petition.store.staff import accounts as store_accounts, second_factors
from petition.web.http.dependencies import dependencies_of
from tests import factories

PASSWORD: Final = "a long walk by the river"
CODE_PAGE: Final = "/staff/second-factor"
SET_UP_PAGE: Final = "/staff/second-factor/set-up"
_SECRET: Final = b"twenty bytes, a year"
_EMAIL: Final = re.compile(r'<div class="who">\s*<bdi>(.*?)</bdi>')
_SPELLED: Final = re.compile(r'id="secret">([A-Z2-7 ]+)<')
_TOKEN = re.compile(r'<input\b(?=[^>]*\bname="csrf_token")[^>]*\bvalue="([^"]*)"')

_CAMPAIGN: Final = "/staff/campaigns/amazon"
_FILE: Final = re.compile(rf"{_CAMPAIGN}/exports/\d+/file")


def invite(
    app: Flask,
    role: str = "owner",
    email: str | None = None,
    *,
    campaign: str | None = None,
    also: Collection[Right] = (),
) -> str:
    """The path of a fresh one-time link, for a role on one campaign or on all."""
    with app.app_context(), transaction() as session:
        at = dependencies_of(app).now()
        token = _invite(session, role, email or address(role), campaign, also, at=at)
    return f"/staff/set-up/{token}"


def _invite(
    session: Session,
    role: str,
    email: str,
    campaign: str | None,
    also: Collection[Right],
    *,
    at: datetime,
) -> str:
    campaign_id = campaigns.by_slug(session, campaign).id if campaign else None
    grant = Grant(campaign_id=campaign_id, role=Role(role), further=frozenset(also))
    return accounts.invite(session, email, grant, by="test", at=at)


def everywhere(role: str) -> Grant:
    return Grant(campaign_id=None, role=Role(role))


def address(role: str) -> str:
    return f"{role}@campaign.example.org"


def form_token(page: Answer) -> str:
    """The token that the page's forms carry."""
    found = _TOKEN.search(page.get_data(as_text=True))
    assert found, "the page has no form token"
    return found[1]


@cache
def _hashed() -> str:
    return accounts.hash_password(PASSWORD)


def choose_password(client: FlaskClient, link: str, password: str = PASSWORD) -> Answer:
    """Follow the link and choose a password: the second factor is still to come."""
    token = form_token(client.get(link))
    return client.post(link, data={"csrf_token": token, "password": password})


def set_up(client: FlaskClient, link: str, password: str = PASSWORD) -> Answer:
    """The same, and then set up a second factor, or give it: signed in.

    The answer is that to the password.
    """
    answer = choose_password(client, link, password)
    if answer.status_code == 303:
        page = client.get(SET_UP_PAGE)
        if page.status_code == 303:
            email = html.unescape(_found(_EMAIL, client.get(CODE_PAGE)).replace("<wbr>", ""))
            assert give_code(client, code_of(client.application, email)).status_code == 303
        else:
            assert enrol(client, page).status_code == 200
    return answer


def enrol(client: FlaskClient, page: Answer, **options: str) -> Answer:
    """Type what an app shows that has read the page; the page of the recovery codes."""
    secret = factors.secret_of(_found(_SPELLED, page))
    code = factors.code_at(secret, dependencies_of(client.application).now())
    data = {"csrf_token": form_token(page), "code": code}
    return client.post(SET_UP_PAGE, data=data, **options)  # type: ignore[arg-type]  # a base URL


def _found(pattern: re.Pattern[str], page: Answer) -> str:
    found = pattern.search(page.get_data(as_text=True))
    assert found, f"the page has no {pattern.pattern}"
    return found[1]


def enter(
    app: Flask,
    role: str = "owner",
    email: str | None = None,
    *,
    campaign: str | None = None,
    also: Collection[Right] = (),
) -> FlaskClient:
    """A browser in which a member of staff has set up their account and is signed in."""
    client, deps, email = app.test_client(), dependencies_of(app), email or address(role)
    # In one transaction: what it writes is what the three of them would.
    with app.app_context(), transaction() as session:
        at = deps.now()
        link = _invite(session, role, email, campaign, also, at=at)
        half = accounts.set_up(session, link, _hashed(), at=at)
        assert half is not None
        person = store_accounts.by_email(session, email)
        assert person is not None
        sealed = deps.vault.seal_factor(_SECRET, person.id)
        second_factors.set_first(session, person.id, sealed, 0, at=at)
        signed_in = past_second_factor(session, half, at=at)
    with client.session_transaction() as cookie:
        cookie["sid"] = signed_in.token
    name = "__Secure-staff-device" if deps.settings.secure else "staff-device"
    client.set_cookie(name, signed_in.device, path="/staff", secure=deps.settings.secure)
    return client


def past_second_factor(session: Session, half: str, *, device: str = "", at: datetime) -> SignedIn:
    """What a right code does to a session that has given its password."""
    long = timedelta(days=1)
    opened = store_accounts.of_session(session, half, at=at, life=long, idle=long, half=long)
    assert opened is not None
    given = Given(opened=opened, token=half, device=device, code="", language="en")
    signed_in = second_factor._pass(session, given, at=at)
    assert signed_in is not None
    return signed_in


def type_password(client: FlaskClient, email: str, password: str = PASSWORD) -> Answer:
    """The first step of signing in."""
    token = form_token(client.get("/staff/sign-in"))
    return client.post(
        "/staff/sign-in", data={"csrf_token": token, "email": email, "password": password}
    )


def sign_in(client: FlaskClient, email: str, password: str = PASSWORD) -> Answer:
    """Both steps; the page of the first one, where it does not lead on."""
    answer = type_password(client, email, password)
    if answer.status_code != 303:
        return answer
    return give_code(client, code_of(client.application, email))


def give_code(client: FlaskClient, code: str) -> Answer:
    """The second step."""
    return client.post(
        CODE_PAGE, data={"csrf_token": form_token(client.get(CODE_PAGE)), "code": code}
    )


def lost_factor_link(app: Flask, email: str, *, by: str = "test", role: str = "owner") -> str:
    """The path of the link that somebody gets who has lost theirs."""
    enter(app, role, email)
    return lost_factor_link_of(app, email, by=by)


def lost_factor_link_of(app: Flask, email: str, *, by: str = "test") -> str:
    """The same for who has an account."""
    with app.app_context(), transaction() as session:
        at = dependencies_of(app).now()
        token = lost_factor.make_link(session, email, reason=ResetReason.LOST, by=by, at=at)
    return f"/staff/lost-factor/{token}"


def give_code_again(client: FlaskClient, email: str) -> None:
    """What weighs most opens from now on without being asked for one."""
    page = client.get(f"{CODE_PAGE}/again?to=/staff/")
    data = {"csrf_token": form_token(page), "code": code_of(client.application, email)}
    assert client.post(f"{CODE_PAGE}/again?to=/staff/", data=data).status_code == 303


def code_of(app: Flask, email: str) -> str:
    """What their app shows now, as though it had not been typed this half minute."""
    deps = dependencies_of(app)
    factories.change(app, "UPDATE staff SET totp_last_step = 0")
    with app.app_context(), transaction() as session:
        person = store_accounts.by_email(session, email.strip().lower())
        assert person is not None
        sealed = second_factors.sealed(session, person.id)
        assert sealed is not None
        return factors.code_at(deps.vault.open_factor(sealed, person.id), deps.now())


def sign_out(client: FlaskClient) -> Answer:
    return client.post("/staff/sign-out", data={"csrf_token": form_token(client.get("/staff/"))})


def export(client: FlaskClient, reason: str = "handing over", **more: str) -> Answer:
    """Take the shipped call's list out: the file, or the page that says why there is none."""
    page = order(client, reason, **more)
    link = _FILE.search(page.get_data(as_text=True))
    return client.get(link[0]) if link else page


def order(client: FlaskClient, reason: str = "handing over", **more: str) -> Answer:
    """The page that makes the shipped call's list."""
    data = {"csrf_token": form_token(client.get(_CAMPAIGN)), "reason": reason, **more}
    return client.post(f"{_CAMPAIGN}/export", data=data)


@contextmanager
def piece_by_piece(client: FlaskClient) -> Iterator[Callable[[], str]]:
    """The same page as it is sent: each call gives the next piece; leaving the block hangs up."""
    data = {"csrf_token": form_token(client.get(_CAMPAIGN)), "reason": "handing over"}
    ours = Context()
    answer = ours.run(FlaskClient.open, client, f"{_CAMPAIGN}/export", method="POST", data=data)
    pieces = answer.iter_encoded()
    try:
        yield lambda: ours.run(next, pieces, b"").decode()
    finally:
        ours.run(answer.close)
