"""Actions of staff: following a set-up link, signing in, sending a form with its token."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from typing import Final

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition.services.staff import accounts
from petition.store.db import transaction
from petition.web.http.dependencies import dependencies_of

PASSWORD: Final = "a long walk by the river"
_TOKEN = re.compile(r'<input\b(?=[^>]*\bname="csrf_token")[^>]*\bvalue="([^"]*)"')

_CAMPAIGN: Final = "/staff/campaigns/amazon"
_FILE: Final = re.compile(rf"{_CAMPAIGN}/exports/\d+/file")


def invite(app: Flask, role: str = "owner", email: str | None = None) -> str:
    """The path of a fresh one-time link."""
    with app.app_context(), transaction() as session:
        at = dependencies_of(app).now()
        token = accounts.invite(session, email or address(role), role, by="test", at=at)
    return f"/staff/set-up/{token}"


def address(role: str) -> str:
    return f"{role}@campaign.example.org"


def form_token(page: Answer) -> str:
    """The token that the page's forms carry."""
    found = _TOKEN.search(page.get_data(as_text=True))
    assert found, "the page has no form token"
    return found[1]


def set_up(client: FlaskClient, link: str, password: str = PASSWORD) -> Answer:
    """Follow the link and choose a password."""
    token = form_token(client.get(link))
    return client.post(link, data={"csrf_token": token, "password": password})


def enter(app: Flask, role: str = "owner", email: str | None = None) -> FlaskClient:
    """A browser in which a new member of staff has just set up their account."""
    client = app.test_client()
    assert set_up(client, invite(app, role, email)).status_code == 303
    return client


def sign_in(client: FlaskClient, email: str, password: str = PASSWORD) -> Answer:
    token = form_token(client.get("/staff/sign-in"))
    return client.post(
        "/staff/sign-in", data={"csrf_token": token, "email": email, "password": password}
    )


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
