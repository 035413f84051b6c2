"""The doors: who gets in where, by which methods, and that looking changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.routing import Rule

from petition import rendering
from petition.app import create_app
from petition.config import Settings
from petition.domain import tokens
from petition.services.staffing import ROLES
from petition.store import ledger
from petition.store.db import db, reading, transaction
from petition.web import public
from petition.web.access import (
    EDITOR,
    EXPORTER,
    LINK,
    LOOPBACK,
    MODERATOR,
    PUBLIC,
    STAFF,
    STAFF_DOOR,
    Unruled,
    rule_of,
)
from tests import console

WHO = ("nobody", "viewer", "moderator", "editor", "exporter", "owner")

# What each of WHO gets, at a right address and with a right form token. A new route or role fails
# here until somebody has said who may use it.
MATRIX: dict[str, tuple[str, tuple[int, ...]]] = {
    "GET /": (PUBLIC, (302,) * 6),
    "GET /<lang:code>/<slug:slug>": (PUBLIC, (200,) * 6),
    "POST /<lang:code>/<slug:slug>/sign": (PUBLIC, (422,) * 6),
    "GET /<lang:code>/<slug:slug>/thanks": (PUBLIC, (200,) * 6),
    "GET /<lang:code>/<slug:slug>/confirmed": (PUBLIC, (200,) * 6),
    "GET /<lang:code>/<slug:slug>/privacy": (PUBLIC, (200,) * 6),
    "GET /<lang:code>/<slug:slug>/names": (PUBLIC, (200,) * 6),
    "GET /<lang:code>/<slug:slug>/card.png": (PUBLIC, (200,) * 6),
    "GET /<lang:code>/<slug:slug>/qr.svg": (PUBLIC, (200,) * 6),
    "GET /<lang:code>/<slug:slug>/poster.pdf": (PUBLIC, (200,) * 6),
    "GET /<slug:slug>": (PUBLIC, (302,) * 6),
    "GET /confirm/<token>": (LINK, (200,) * 6),
    "POST /confirm/<token>": (LINK, (303,) * 6),
    "GET /code": (PUBLIC, (302,) * 6),
    "GET /my": (PUBLIC, (302,) * 6),
    "POST /<lang:code>/<slug:slug>/resend": (PUBLIC, (422,) * 6),
    "GET /<lang:code>/<slug:slug>/my": (PUBLIC, (200,) * 6),
    "POST /<lang:code>/<slug:slug>/my": (PUBLIC, (422,) * 6),
    "GET /<lang:code>/<slug:slug>/asked": (PUBLIC, (200,) * 6),
    "GET /<lang:code>/<slug:slug>/code": (PUBLIC, (200,) * 6),
    "POST /<lang:code>/<slug:slug>/code": (PUBLIC, (422,) * 6),
    "GET /my/<token>": (LINK, (200,) * 6),
    "POST /my/<token>": (LINK, (400,) * 6),
    "GET /unsubscribe/<token>": (LINK, (200,) * 6),
    "POST /unsubscribe/<token>": (LINK, (200,) * 6),
    "GET /dev/outbox": (LOOPBACK, (200,) * 6),
    "GET /dev/outbox/<name>": (LOOPBACK, (200,) * 6),
    "GET /dev/outbox/<name>/html": (LOOPBACK, (200,) * 6),
    "GET /healthz": (PUBLIC, (200,) * 6),
    "GET /readyz": (PUBLIC, (200,) * 6),
    "GET /robots.txt": (PUBLIC, (200,) * 6),
    "GET /sitemap.xml": (PUBLIC, (200,) * 6),
    "GET /static/<version>/<path:name>": (PUBLIC, (200,) * 6),
    "GET /.well-known/security.txt": (PUBLIC, (200,) * 6),
    "GET /staff/sign-in": (STAFF_DOOR, (200,) * 6),
    "POST /staff/sign-in": (STAFF_DOOR, (422,) * 6),
    "GET /staff/set-up/<token>": (STAFF_DOOR, (200,) * 6),
    "POST /staff/set-up/<token>": (STAFF_DOOR, (303,) * 6),
    "GET /staff/": (STAFF, (303, 200, 200, 200, 200, 200)),
    "GET /staff/campaigns/<slug:slug>": (STAFF, (303, 200, 200, 200, 200, 200)),
    "GET /staff/campaigns/<slug:slug>/comments": (MODERATOR, (303, 403, 200, 200, 403, 200)),
    "POST /staff/campaigns/<slug:slug>/comments": (MODERATOR, (303, 403, 422, 422, 403, 422)),
    "GET /staff/campaigns/<slug:slug>/domains": (STAFF, (303, 200, 200, 200, 200, 200)),
    "POST /staff/campaigns/<slug:slug>/domains": (EDITOR, (303, 403, 403, 422, 403, 422)),
    "POST /staff/campaigns/<slug:slug>/domains/remove": (EDITOR, (303, 403, 403, 422, 403, 422)),
    "POST /staff/campaigns/<slug:slug>/export": (EXPORTER, (303, 403, 403, 403, 200, 200)),
    "GET /staff/campaigns/<slug:slug>/exports/<int:export_id>/recall": (
        EXPORTER,
        (303, 403, 403, 403, 200, 200),
    ),
    "POST /staff/sign-out": (STAFF, (303,) * 6),
    # Last: it erases the signature that the other links are about.
    "GET /stop/<token>": (LINK, (200,) * 6),
    "POST /stop/<token>": (LINK, (303,) * 6),
}

Signing = Callable[..., Any]


def routes(app: Flask) -> list[tuple[str, Rule]]:
    """`METHOD rule` and the rule, without HEAD and OPTIONS, which follow GET."""
    return [
        (f"{method} {rule.rule}", rule)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def test_every_route_stands_in_the_matrix(app: Flask) -> None:
    assert sorted(key for key, _ in routes(app)) == sorted(MATRIX)


def test_every_route_has_the_rule_that_the_matrix_says(app: Flask) -> None:
    for key, rule in routes(app):
        view = app.view_functions[rule.endpoint]
        assert view.access == MATRIX[key][0], key  # type: ignore[attr-defined]
        assert rule_of(app, rule.endpoint) == MATRIX[key][0]


def test_the_matrix_knows_every_role() -> None:
    assert {*WHO} == {"nobody", *ROLES}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_view_without_a_rule_stops_the_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(public.thanks, "access")
    with pytest.raises(Unruled, match=r"public\.thanks"):
        create_app(settings)


class Addresses:
    """Right values for every part of an address."""

    def __init__(self, app: Flask, link: str, letter: str) -> None:
        self.app = app
        self.link = link
        self.letter = letter
        with transaction() as session:
            self.export_id = ledger.begin_export(
                session,
                campaign_id=1,
                by="sam",
                reason="to look",
                filters={},
                at=app.extensions["petition"].now(),
            )

    def _token(self, purpose: str) -> str:
        """Of a link that opens: each purpose has its own."""
        house = self.app.extensions["petition"]
        expires = house.now() + timedelta(days=1)
        if purpose in {tokens.MY, tokens.UNSUBSCRIBE}:
            return str(house.tokens.sign(purpose, "1", expires=expires))
        if purpose == tokens.STOP:
            key = house.vault.address_key("cora@example.net")
            return str(house.tokens.sign(purpose, f"1-{key.hex()}-en", expires=expires))
        return self.link.rpartition("/")[2]

    def of(self, rule: str) -> str:
        static = rendering.asset("css/site.css").split("/")[2]
        token = self._token(rule.split("/")[1])
        if rule.startswith("/staff/set-up/"):
            token = console.invite(self.app, "viewer", "next@example.org").rpartition("/")[2]
        for part, value in (
            ("<lang:code>", "en"),
            ("<slug:slug>", "amazon"),
            ("<token>", token),
            ("<name>", self.letter),
            ("<version>", static),
            ("<path:name>", "css/site.css"),
            ("<int:export_id>", str(self.export_id)),
        ):
            rule = rule.replace(part, value)
        assert "<" not in rule, f"no value for {rule}"
        return rule


@pytest.fixture
def addresses(
    app: Flask, client: FlaskClient, sign: Signing, work: Any, letters: Any, link_in: Any
) -> Addresses:
    form = {
        "given_name": "Cora",
        "email": "cora@example.net",
        "country": "SE",
        "agree": "yes",
        "updates": "no",
    }
    assert sign(client, form).status_code == 303
    work(app)
    name = next(app.extensions["petition"].settings.outbox_dir.glob("*.eml")).name
    return Addresses(app, link_in(letters(app)[0]), name)


def open_as(who: str, app: Flask) -> tuple[FlaskClient, dict[str, str]]:
    """A browser of theirs, and a form that passes for right at every staff door."""
    client = app.test_client() if who == "nobody" else console.enter(app, who)
    page = client.get("/staff/sign-in" if who == "nobody" else "/staff/")
    token = console.form_token(page)
    return client, {"csrf_token": token, "reason": "to look", "password": console.PASSWORD}


@pytest.mark.parametrize("who", WHO)
def test_each_door_opens_to_whom_the_matrix_says(
    app: Flask, addresses: Addresses, who: str
) -> None:
    client, form = open_as(who, app)
    got = {}
    # Signing out comes last, choosing a password for somebody else before it.
    for key in sorted(MATRIX, key=lambda key: (key.endswith("sign-out"), "set-up" in key)):
        method, _, rule = key.partition(" ")
        if "set-up" in rule and method == "POST":
            stranger, own = open_as("nobody", app)
            got[key] = stranger.post(addresses.of(rule), data=own).status_code
            continue
        address = addresses.of(rule)
        answer = client.get(address) if method == "GET" else client.post(address, data=form)
        got[key] = answer.status_code
        if rule.startswith("/staff/") and answer.status_code == 303 and "sign-out" not in rule:
            assert answer.headers["Location"] == "/staff/sign-in"
    assert got == {key: allowed[WHO.index(who)] for key, (_, allowed) in MATRIX.items()}


def dump(app: Flask) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table; the idle clock of a session may move."""
    found = {}
    with app.app_context(), reading() as session:
        for table in db.metadata.sorted_tables:
            columns = [column for column in table.columns if column.name != "seen_at"]
            rows = session.execute(select(*columns))
            found[table.name] = sorted((tuple(row) for row in rows), key=repr)
    return found


@pytest.mark.parametrize("who", ["nobody", "owner"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_changes_nothing(app: Flask, addresses: Addresses, who: str, method: str) -> None:
    client, _ = open_as(who, app)
    places = [(rule.rule, addresses.of(rule.rule)) for _, rule in routes(app)]
    before = dump(app)
    for rule, address in places:
        client.open(address, method=method)
        assert dump(app) == before, f"{method} {rule}"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "POST", "GET"])
def test_other_methods_are_refused_and_say_what_is_taken(
    app: Flask, addresses: Addresses, method: str
) -> None:
    client, form = open_as("owner", app)
    taken: dict[str, set[str]] = {}
    for key in MATRIX:
        verb, _, rule = key.partition(" ")
        taken.setdefault(rule, set()).add(verb)
    before = None
    for rule, verbs in taken.items():
        if method in verbs:
            continue
        address = addresses.of(rule)
        before = dump(app)
        answer = client.open(address, method=method, data=form)
        assert answer.status_code == 405, f"{method} {rule}"
        assert verbs <= {verb.strip() for verb in answer.headers["Allow"].split(",")}
        assert dump(app) == before
    assert before is not None
