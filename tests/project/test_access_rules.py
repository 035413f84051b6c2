"""Access rules: who gets in where, by which methods, and that looking changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Table
from werkzeug.routing import Rule

from petition import assets
from petition.app import create_app
from petition.config import Settings
from petition.domain import tokens
from petition.services.staff.accounts import ROLES
from petition.store.db import db, reading, transaction
from petition.store.exports import ledger
from petition.web.http.access import (
    ANYWHERE,
    EDITOR,
    EXPORTER,
    HALF_SIGNED_IN,
    LINK,
    LOOPBACK,
    MODERATOR,
    OWN_PAGES,
    OWNER,
    PUBLIC,
    STAFF,
    STAFF_SIGN_IN,
    MissingAccessRule,
    forms_of,
    rule_of,
)
from petition.web.http.dependencies import dependencies_of
from petition.web.public import signing
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
    "GET /<lang:code>/<slug:slug>/updates.atom": (PUBLIC, (200,) * 6),
    "GET /<lang:code>/<slug:slug>/qr.svg": (PUBLIC, (200,) * 6),
    "GET /<lang:code>/<slug:slug>/poster.pdf": (PUBLIC, (200,) * 6),
    "GET /<slug:slug>": (PUBLIC, (302,) * 6),
    "GET /<lang:code>": (PUBLIC, (308,) * 6),
    "GET /confirm/<token:token>": (LINK, (200,) * 6),
    "POST /confirm/<token:token>": (LINK, (303,) * 6),
    "GET /code": (PUBLIC, (302,) * 6),
    "GET /<lang:code>/code": (PUBLIC, (302,) * 6),
    "GET /my": (PUBLIC, (302,) * 6),
    "POST /<lang:code>/<slug:slug>/resend": (PUBLIC, (422,) * 6),
    "GET /<lang:code>/<slug:slug>/my": (PUBLIC, (200,) * 6),
    "POST /<lang:code>/<slug:slug>/my": (PUBLIC, (422,) * 6),
    "GET /<lang:code>/<slug:slug>/asked": (PUBLIC, (200,) * 6),
    "GET /<lang:code>/<slug:slug>/code": (PUBLIC, (200,) * 6),
    "POST /<lang:code>/<slug:slug>/code": (PUBLIC, (422,) * 6),
    "GET /my/<token:token>": (LINK, (200,) * 6),
    "POST /my/<token:token>": (LINK, (400,) * 6),
    "POST /my/<token:token>/correct": (LINK, (422,) * 6),
    "POST /my/<token:token>/choices": (LINK, (422,) * 6),
    "POST /my/<token:token>/withdraw": (LINK, (303,) * 6),
    "POST /my/<token:token>/undo": (LINK, (303,) * 6),
    "POST /my/<token:token>/download": (LINK, (200,) * 6),
    "POST /my/<token:token>/download-page": (LINK, (200,) * 6),
    "POST /my/<token:token>/erase": (LINK, (422,) * 6),
    "GET /unsubscribe/<token:token>": (LINK, (200,) * 6),
    "POST /unsubscribe/<token:token>": (LINK, (200,) * 6),
    "GET /dev/outbox": (LOOPBACK, (200,) * 6),
    "GET /dev/outbox/<name>": (LOOPBACK, (200,) * 6),
    "GET /dev/outbox/<name>/html": (LOOPBACK, (200,) * 6),
    "GET /healthz": (PUBLIC, (200,) * 6),
    "GET /readyz": (PUBLIC, (200,) * 6),
    "GET /robots.txt": (PUBLIC, (200,) * 6),
    "GET /sitemap.xml": (PUBLIC, (200,) * 6),
    "GET /static/<version>/<path:name>": (PUBLIC, (200,) * 6),
    "GET /static/<version>/campaigns/<slug:slug>/<own_name>": (PUBLIC, (200,) * 6),
    "GET /.well-known/security.txt": (PUBLIC, (200,) * 6),
    "GET /staff/sign-in": (STAFF_SIGN_IN, (200,) * 6),
    "POST /staff/sign-in": (STAFF_SIGN_IN, (422,) * 6),
    "GET /staff/set-up/<secret:token>": (STAFF_SIGN_IN, (200,) * 6),
    "POST /staff/set-up/<secret:token>": (STAFF_SIGN_IN, (303,) * 6),
    "GET /staff/lost-factor/<secret:token>": (STAFF_SIGN_IN, (200,) * 6),
    "POST /staff/lost-factor/<secret:token>": (STAFF_SIGN_IN, (303,) * 6),
    # Who has passed it has nothing to do there, and is led on.
    "GET /staff/second-factor": (HALF_SIGNED_IN, (303,) * 6),
    "POST /staff/second-factor": (HALF_SIGNED_IN, (303,) * 6),
    "GET /staff/second-factor/set-up": (HALF_SIGNED_IN, (303,) * 6),
    "POST /staff/second-factor/set-up": (HALF_SIGNED_IN, (303,) * 6),
    # It must be told where to lead on to.
    "GET /staff/second-factor/again": (STAFF, (303, 404, 404, 404, 404, 404)),
    "POST /staff/second-factor/again": (STAFF, (303, 404, 404, 404, 404, 404)),
    "GET /staff/account": (STAFF, (303, 200, 200, 200, 200, 200)),
    "POST /staff/account/recovery-codes": (STAFF, (303, 200, 200, 200, 200, 200)),
    "GET /staff/lost-factor": (OWNER, (303, 403, 403, 403, 403, 200)),
    "POST /staff/lost-factor": (OWNER, (303, 403, 403, 403, 403, 422)),
    "GET /staff/": (STAFF, (303, 200, 200, 200, 200, 200)),
    "GET /staff/campaigns/<slug:slug>": (STAFF, (303, 200, 200, 200, 200, 200)),
    "GET /staff/campaigns/<slug:slug>/comments": (MODERATOR, (303, 403, 200, 200, 403, 200)),
    "POST /staff/campaigns/<slug:slug>/comments": (MODERATOR, (303, 403, 422, 422, 403, 422)),
    "GET /staff/campaigns/<slug:slug>/domains": (STAFF, (303, 200, 200, 200, 200, 200)),
    "POST /staff/campaigns/<slug:slug>/domains": (EDITOR, (303, 403, 403, 422, 403, 422)),
    "POST /staff/campaigns/<slug:slug>/domains/remove": (EDITOR, (303, 403, 403, 422, 403, 422)),
    "GET /staff/limits": (STAFF, (303, 200, 200, 200, 200, 200)),
    "POST /staff/limits": (EDITOR, (303, 403, 403, 422, 403, 422)),
    "POST /staff/limits/narrow": (EDITOR, (303, 403, 403, 422, 403, 422)),
    "POST /staff/campaigns/<slug:slug>/export": (EXPORTER, (303, 403, 403, 403, 200, 200)),
    # The matrix's own orders are not read to their end: no file is there.
    "GET /staff/campaigns/<slug:slug>/exports/<id:export_id>/file": (
        EXPORTER,
        (303, 403, 403, 403, 404, 404),
    ),
    "GET /staff/campaigns/<slug:slug>/exports/<id:export_id>/recall": (
        EXPORTER,
        (303, 403, 403, 403, 200, 200),
    ),
    # These end the session, or begin another one.
    "POST /staff/account/second-factor": (STAFF, (303,) * 6),
    "POST /staff/account/sign-out-everywhere": (STAFF, (303,) * 6),
    "POST /staff/sign-out": (HALF_SIGNED_IN, (303,) * 6),
    # Last: it erases the signature that the other links are about.
    "GET /stop/<token:token>": (LINK, (200,) * 6),
    "POST /stop/<token:token>": (LINK, (303,) * 6),
    "POST /stop/<token:token>/everywhere": (LINK, (303,) * 6),
    "POST /stop/<token:token>/lift": (LINK, (303,) * 6),
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
    monkeypatch.delattr(signing.thanks, "access")
    with pytest.raises(MissingAccessRule, match=r"public\.thanks"):
        create_app(settings)


FROM_ANYWHERE = {"POST /unsubscribe/<token:token>"}
"""A mail program presses this one by itself, without cookie or page (RFC 8058)."""


def test_every_route_that_takes_forms_says_from_where(app: Flask) -> None:
    for key, rule in routes(app):
        wanted = ANYWHERE if key in FROM_ANYWHERE else OWN_PAGES
        looking = key.startswith("GET ")
        assert forms_of(app, rule.endpoint) == (None if looking else wanted), key


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("view", "forms"), [(signing.sign, None), (signing.sign, "all"), (signing.thanks, OWN_PAGES)]
)
def test_a_view_that_says_it_wrongly_stops_the_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, view: Any, forms: str | None
) -> None:
    monkeypatch.setattr(view, "forms", forms)
    with pytest.raises(
        MissingAccessRule, match=rf"public\.{view.__name__} does not say from where"
    ):
        create_app(settings)


ELSEWHERE = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": ""},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:81"},
    {"Origin": "http://["},
    {"Origin": "https://a:99999"},
    {"Origin": "http://[::1"},
    {"Origin": "http://\u2100.example".encode().decode("latin-1")},
    {"Origin": "//localhost"},
    {"Origin": "http://localhost/"},
    {"Origin": "http://user@localhost"},
    {"Origin": "http://"},
    {"Origin": ""},
    {"Origin": "http://localhost, http://localhost"},
    {"Origin": "http://[", "Host": "["},
)
AT_HOME = (
    {},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://localhost"},
    {"Origin": "http://127.0.0.1:8000"},
    {"Origin": "null"},
    {"Referer": "http://["},
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://["},
)


@pytest.mark.slow
@pytest.mark.parametrize("who", ["nobody", "owner"])
def test_a_form_from_elsewhere_is_refused_by_every_route(
    app: Flask, addresses: Addresses, who: str
) -> None:
    client, form = open_as(who, app)
    places = [
        (key, addresses.of(rule.rule)) for key, rule in routes(app) if key.startswith("POST ")
    ]
    before = dump(app)
    for key, address in places:
        if key in FROM_ANYWHERE:
            continue
        for headers in ELSEWHERE:
            answer = client.post(address, data=form, headers=headers)
            assert answer.status_code == 403, (key, headers)
        for headers in AT_HOME if who == "nobody" and "/staff/" not in key else ():
            assert client.post(address, headers=headers).status_code != 403, (key, headers)
            before = dump(app)
    assert dump(app) == before


@pytest.mark.slow
@pytest.mark.parametrize("headers", [*AT_HOME, *ELSEWHERE], ids=str)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_mail_program_unsubscribes_from_anywhere(
    app: Flask, addresses: Addresses, headers: dict[str, str]
) -> None:
    address = addresses.of("/unsubscribe/<token:token>")
    form = {"List-Unsubscribe": "One-Click"}
    answer = app.test_client().post(address, data=form, headers=headers)
    assert answer.status_code == 200


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
                filters=ledger.FiltersRecord(),
                at=dependencies_of(app).now(),
            )

    def _token(self, purpose: str) -> str:
        """Of a link that opens: each purpose has its own."""
        deps = dependencies_of(self.app)
        expires = deps.now() + timedelta(days=1)
        if purpose in {tokens.MY, tokens.UNSUBSCRIBE}:
            return str(deps.tokens.sign(purpose, "1", expires=expires))
        if purpose == tokens.STOP:
            key = deps.vault.address_key("cora@example.net")
            return str(deps.tokens.sign(purpose, f"1-{key.hex()}-en", expires=expires))
        return self.link.rpartition("/")[2]

    def of(self, rule: str) -> str:
        static = assets.address("css/site.css").split("/")[2]
        token = self._token(rule.split("/")[1])
        if rule.startswith("/staff/lost-factor/"):
            lost = console.lost_factor_link(self.app, "lost@example.org", by="somebody")
            token = lost.rpartition("/")[2]
        if rule.startswith("/staff/set-up/"):
            token = console.invite(self.app, "viewer", "next@example.org").rpartition("/")[2]
        for part, value in (
            ("<lang:code>", "en"),
            ("<slug:slug>", "amazon"),
            ("<token:token>", token),
            ("<secret:token>", token),
            ("<name>", self.letter),
            ("<version>", static),
            ("<own_name>", "picture.svg"),
            ("<path:name>", "css/site.css"),
            ("<id:export_id>", str(self.export_id)),
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
    name = next(dependencies_of(app).settings.outbox_dir.glob("*.eml")).name
    return Addresses(app, link_in(letters(app)[0]), name)


ENDING = (
    "POST /staff/account/second-factor",
    "POST /staff/sign-out",
    "POST /staff/account/sign-out-everywhere",
)
"""In the order in which they are tried; all else comes before."""


def open_as(who: str, app: Flask) -> tuple[FlaskClient, dict[str, str]]:
    """A browser of theirs, and a form that passes for right at every staff sign-in."""
    client = app.test_client() if who == "nobody" else console.enter(app, who)
    page = client.get("/staff/sign-in" if who == "nobody" else "/staff/")
    token = console.form_token(page)
    return client, {"csrf_token": token, "reason": "to look", "password": console.PASSWORD}


@pytest.mark.slow
@pytest.mark.parametrize("who", WHO)
def test_each_route_opens_to_whom_the_matrix_says(
    app: Flask, addresses: Addresses, who: str
) -> None:
    client, form = open_as(who, app)
    got = {}
    # What ends the session comes last, using somebody else's link before it.
    for key in sorted(
        MATRIX,
        key=lambda key: (ENDING.index(key) if key in ENDING else -1, "<secret:token>" in key),
    ):
        method, _, rule = key.partition(" ")
        if "<secret:token>" in rule and method == "POST":
            stranger, own = open_as("nobody", app)
            got[key] = stranger.post(addresses.of(rule), data=own).status_code
            continue
        address = addresses.of(rule)
        answer = client.get(address) if method == "GET" else client.post(address, data=form)
        got[key] = answer.status_code
        if rule.startswith("/staff/") and answer.status_code == 303 and who == "nobody":
            assert answer.headers["Location"] == "/staff/sign-in"
    assert got == {key: allowed[WHO.index(who)] for key, (_, allowed) in MATRIX.items()}


def dump(app: Flask) -> dict[str, list[str]]:
    """Every row of every table; the idle clock of a session may move, and requests are counted.

    As the driver has it: it is read after each request, and only compared.
    """
    with app.app_context(), reading() as session:
        ask = session.connection().exec_driver_sql
        return {
            table.name: sorted(map(repr, ask(f"SELECT {_columns(table)} FROM {table.name}")))
            for table in db.metadata.sorted_tables
            if table.name != "sender_counts"
        }


def _columns(table: Table) -> str:
    return ", ".join(f'"{each.name}"' for each in table.columns if each.name != "seen_at")


@pytest.mark.slow
@pytest.mark.parametrize("who", ["nobody", "owner"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_changes_nothing(app: Flask, addresses: Addresses, who: str, method: str) -> None:
    client, _ = open_as(who, app)
    places = [(rule.rule, addresses.of(rule.rule)) for _, rule in routes(app)]
    before = dump(app)
    for rule, address in places:
        client.open(address, method=method)
        assert dump(app) == before, f"{method} {rule}"


@pytest.mark.slow
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
        if method == "GET" and "<token:token>/" in rule:
            # Whatever stands behind a token, GET finds the page (decision 83).
            assert answer.status_code == 200, f"{method} {rule}"
        else:
            assert answer.status_code == 405, f"{method} {rule}"
            assert verbs <= {verb.strip() for verb in answer.headers["Allow"].split(",")}
        assert dump(app) == before
    assert before is not None
