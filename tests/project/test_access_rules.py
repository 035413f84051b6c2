"""Access rules: who gets in where, by which methods, and that looking changes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Table
from werkzeug.routing import Rule
from werkzeug.test import TestResponse as Answer

from petition import assets
from petition.app import create_app
from petition.config import Settings
from petition.domain import tokens
from petition.domain.signatures.bulk_actions import Verb
from petition.domain.signatures.hold_reasons import HoldReason
from petition.domain.staff.roles import SEPARATE, Right, Role, rights
from petition.services.campaigns import content_files
from petition.services.signatures import bulk_actions
from petition.store.db import db, reading, transaction
from petition.store.exports import ledger, requests
from petition.store.staff import accounts as store_accounts
from petition.web.http.access import (
    ANYWHERE,
    OWN_FRAMES,
    OWN_PAGES,
    MissingAccessRule,
    forms_of,
)
from petition.web.http.dependencies import dependencies_of
from petition.web.public import signing
from tests import api_tokens, console, factories, partner_sites, webhook_receiver
from tests.conftest import Clock
from tests.worlds import Worlds
from tools import access_matrix
from tools.access_matrix import SIGN_IN, YES

WHO = ("nobody", *Role)

# What each route answers to whom it opens, at a right address and with a right form token; who that
# is, says docs/access.md. A new route fails here until somebody has looked at both.
OPENS: dict[str, int] = {
    "GET /": 302,
    "GET /<lang:code>/<slug:slug>": 200,
    "POST /<lang:code>/<slug:slug>/sign": 422,
    "GET /<lang:code>/<slug:slug>/thanks": 200,
    "GET /<lang:code>/<slug:slug>/confirmed": 200,
    "GET /<lang:code>/<slug:slug>/message": 200,
    "POST /<lang:code>/<slug:slug>/message": 422,
    "POST /<lang:code>/<slug:slug>/message/preview": 422,
    "POST /<lang:code>/<slug:slug>/message/edit": 200,
    "GET /<lang:code>/<slug:slug>/message/waiting": 200,
    "POST /<lang:code>/<slug:slug>/message/own": 422,
    "POST /<lang:code>/<slug:slug>/message/own/sent": 303,
    "GET /<lang:code>/<slug:slug>/message/thanks": 200,
    "POST /my/<token:token>/send-message": 303,
    "POST /my/<token:token>/delete-message": 303,
    "POST /my/<token:token>/close-message": 303,
    # Nothing was answered.
    "GET /my/<token:token>/answer": 404,
    "POST /my/<token:token>/answer": 404,
    "POST /my/<token:token>/answer/preview": 404,
    "POST /my/<token:token>/answer/edit": 404,
    "GET /my/<token:token>/answers": 200,
    "POST /my/<token:token>/outcome": 422,
    "POST /my/<token:token>/tell-me": 303,
    # Nothing was sent.
    "POST /my/<token:token>/write-again": 404,
    "POST /my/<token:token>/preview-again": 404,
    "POST /my/<token:token>/send-again": 404,
    "GET /<lang:code>/<slug:slug>/privacy": 200,
    "GET /<lang:code>/<slug:slug>/names": 200,
    "GET /<lang:code>/<slug:slug>/partners": 200,
    "GET /<lang:code>/<slug:slug>/card.png": 200,
    "GET /<lang:code>/<slug:slug>/updates.atom": 200,
    "GET /<lang:code>/<slug:slug>/qr.png": 200,
    "GET /<lang:code>/<slug:slug>/qr.svg": 200,
    "GET /badge/<slug:slug>.svg": 200,
    "GET /partner/<secret:token>": 200,
    "POST /partner/<secret:token>/sections": 422,
    "GET /<lang:code>/<slug:slug>/poster.pdf": 200,
    "GET /<slug:slug>": 302,
    "GET /<lang:code>": 308,
    "GET /confirm/<token:token>": 200,
    "POST /confirm/<token:token>": 303,
    "GET /code": 302,
    "GET /<lang:code>/code": 302,
    "GET /my": 302,
    "POST /<lang:code>/<slug:slug>/resend": 422,
    "GET /<lang:code>/<slug:slug>/my": 200,
    "POST /<lang:code>/<slug:slug>/my": 422,
    "GET /<lang:code>/<slug:slug>/asked": 200,
    "GET /<lang:code>/<slug:slug>/code": 200,
    "POST /<lang:code>/<slug:slug>/code": 422,
    "GET /my/<token:token>": 200,
    "POST /my/<token:token>": 400,
    "POST /my/<token:token>/correct": 422,
    "POST /my/<token:token>/choices": 422,
    "POST /my/<token:token>/partner": 303,
    "POST /my/<token:token>/withdraw": 303,
    "POST /my/<token:token>/undo": 303,
    "POST /my/<token:token>/download": 200,
    "POST /my/<token:token>/download-page": 200,
    "POST /my/<token:token>/erase": 422,
    "GET /accept/<token:token>": 200,
    # Nothing is filled in.
    "POST /accept/<token:token>": 422,
    "GET /unsubscribe/<token:token>": 200,
    "POST /unsubscribe/<token:token>": 200,
    "GET /dev/outbox": 200,
    "GET /dev/outbox/<name>": 200,
    "GET /dev/outbox/<name>/html": 200,
    # No demo partner was made: that is done by `petition start`.
    "GET /dev/partner": 404,
    "GET /healthz": 200,
    "GET /readyz": 200,
    "GET /robots.txt": 200,
    "GET /sitemap.xml": 200,
    "GET /static/<version>/<path:name>": 200,
    "GET /static/<version>/campaigns/<slug:slug>/<own_name>": 200,
    "GET /.well-known/security.txt": 200,
    "GET /embed.js": 200,
    "GET /oembed": 200,
    "GET /embed/<slug:slug>": 200,
    "POST /embed/<slug:slug>/sign": 422,
    "GET /embed/<slug:slug>/thanks": 200,
    "GET /embed/<slug:slug>/message": 200,
    "POST /embed/<slug:slug>/message": 422,
    "POST /embed/<slug:slug>/message/preview": 422,
    "POST /embed/<slug:slug>/message/edit": 200,
    "GET /embed/<slug:slug>/message/waiting": 200,
    "POST /embed/<slug:slug>/message/own": 422,
    "POST /embed/<slug:slug>/message/own/sent": 303,
    "GET /embed/<slug:slug>/message/thanks": 200,
    "GET /embed/colours/<accent>/<theme>.css": 200,
    "GET /api/v1/": 200,
    "GET /api/v1/openapi.json": 200,
    "GET /api/v1/campaigns": 200,
    "GET /api/v1/campaigns/<slug:slug>": 200,
    "GET /api/v1/campaigns/<slug:slug>/counter": 200,
    "GET /api/v1/campaigns/<slug:slug>/counts": 200,
    "GET /api/v1/campaigns/<slug:slug>/texts/<language>": 200,
    # A form's body is no JSON.
    "POST /api/v1/campaigns/<slug:slug>/signatures": 415,
    # Nobody here brings a token (tests/web/test_api_tokens.py).
    "GET /api/v1/campaigns/<slug:slug>/signatures": 401,
    "GET /api/v1/campaigns/<slug:slug>/withdrawals": 401,
    "GET /staff/sign-in": 200,
    "POST /staff/sign-in": 422,
    "GET /staff/set-up/<secret:token>": 200,
    "POST /staff/set-up/<secret:token>": 303,
    "GET /staff/lost-factor/<secret:token>": 200,
    "POST /staff/lost-factor/<secret:token>": 303,
    # Who has passed it has nothing to do there, and is led on.
    "GET /staff/second-factor": 303,
    "POST /staff/second-factor": 303,
    "GET /staff/second-factor/set-up": 303,
    "POST /staff/second-factor/set-up": 303,
    # Neither has a passkey, nor may make one now.
    "POST /staff/second-factor/passkey/ask": 404,
    "POST /staff/second-factor/passkey/new": 404,
    # It must be told where to lead on to.
    "GET /staff/second-factor/again": 404,
    "POST /staff/second-factor/again": 404,
    "GET /staff/account": 200,
    "POST /staff/account/recovery-codes": 200,
    # There is none of that number, and the app is the last factor.
    "POST /staff/account/passkeys/<id:passkey_id>/remove": 404,
    "POST /staff/account/second-factor/remove": 422,
    "GET /staff/lost-factor": 200,
    "POST /staff/lost-factor": 422,
    "GET /staff/": 200,
    "GET /staff/campaigns/<slug:slug>": 200,
    "GET /staff/campaigns/<slug:slug>/comments": 200,
    "POST /staff/campaigns/<slug:slug>/comments": 422,
    "POST /staff/campaigns/<slug:slug>/comments/undo": 303,
    "GET /staff/campaigns/<slug:slug>/domains": 200,
    "POST /staff/campaigns/<slug:slug>/domains": 422,
    "POST /staff/campaigns/<slug:slug>/domains/remove": 422,
    "GET /staff/campaigns/<slug:slug>/signatures": 200,
    "POST /staff/campaigns/<slug:slug>/signatures/find": 422,
    "GET /staff/campaigns/<slug:slug>/signatures/<id:signature_id>": 200,
    # Nothing is ticked.
    "POST /staff/campaigns/<slug:slug>/signatures/hold": 422,
    "POST /staff/campaigns/<slug:slug>/signatures/reject": 422,
    "POST /staff/campaigns/<slug:slug>/signatures/restore": 422,
    "POST /staff/campaigns/<slug:slug>/signatures/erase": 422,
    "GET /staff/campaigns/<slug:slug>/signatures/actions/<id:action_id>": 200,
    "POST /staff/campaigns/<slug:slug>/signatures/actions/<id:action_id>/do": 303,
    "POST /staff/campaigns/<slug:slug>/signatures/actions/<id:action_id>/undo": 303,
    # It was done.
    "POST /staff/campaigns/<slug:slug>/signatures/actions/<id:action_id>/cancel": 422,
    "POST /staff/campaigns/<slug:slug>/signatures/erasures/<id:erasure_id>/do": 303,
    "POST /staff/campaigns/<slug:slug>/signatures/erasures/<id:erasure_id>/cancel": 303,
    "GET /staff/campaigns/<slug:slug>/partners": 200,
    "POST /staff/campaigns/<slug:slug>/partners": 422,
    "GET /staff/campaigns/<slug:slug>/partners/<key>": 200,
    "GET /staff/campaigns/<slug:slug>/partners/<key>/arrangement": 200,
    # Nothing is filled in.
    "POST /staff/campaigns/<slug:slug>/partners/<key>/arrangement": 422,
    "POST /staff/campaigns/<slug:slug>/partners/<key>/question": 303,
    "POST /staff/campaigns/<slug:slug>/partners/<key>/send": 303,
    "POST /staff/campaigns/<slug:slug>/partners/<key>/new-key": 303,
    "POST /staff/campaigns/<slug:slug>/partners/<key>/block": 303,
    "POST /staff/campaigns/<slug:slug>/partners/<key>/lift": 303,
    "GET /staff/campaigns/<slug:slug>/messages": 200,
    "POST /staff/campaigns/<slug:slug>/messages/_all/numbers": 200,
    "POST /staff/campaigns/<slug:slug>/messages/_all/pause": 303,
    "POST /staff/campaigns/<slug:slug>/messages/_all/resume": 303,
    "GET /staff/campaigns/<slug:slug>/messages/<target_key>": 200,
    "POST /staff/campaigns/<slug:slug>/messages/<target_key>/pause": 303,
    "POST /staff/campaigns/<slug:slug>/messages/<target_key>/resume": 303,
    "POST /staff/campaigns/<slug:slug>/messages/<target_key>/caps": 422,
    "POST /staff/campaigns/<slug:slug>/messages/<target_key>/stand": 422,
    "POST /staff/campaigns/<slug:slug>/messages/<target_key>/leave": 422,
    "POST /staff/campaigns/<slug:slug>/messages/<target_key>/take-back": 303,
    "POST /staff/campaigns/<slug:slug>/messages/<target_key>/parked": 303,
    "POST /staff/campaigns/<slug:slug>/messages/<target_key>/test": 422,
    "POST /staff/campaigns/<slug:slug>/messages/<target_key>/answers": 422,
    # There is no such answer.
    "POST /staff/campaigns/<slug:slug>/messages/<target_key>/answers/<id:answer_id>/remove": 404,
    "POST /staff/campaigns/<slug:slug>/messages/<target_key>/answers/<id:answer_id>/tell": 404,
    "POST /staff/campaigns/<slug:slug>/messages/<target_key>/answers/<id:answer_id>/approve": 404,
    "POST /staff/campaigns/<slug:slug>/messages/<target_key>/answers/<id:answer_id>/refuse": 404,
    "GET /staff/campaigns/<slug:slug>/webhooks": 200,
    "POST /staff/campaigns/<slug:slug>/webhooks": 422,
    "GET /staff/campaigns/<slug:slug>/webhooks/<webhook_key>": 200,
    "POST /staff/campaigns/<slug:slug>/webhooks/<webhook_key>/test": 303,
    "POST /staff/campaigns/<slug:slug>/webhooks/<webhook_key>/rotate": 200,
    "POST /staff/campaigns/<slug:slug>/webhooks/<webhook_key>/full": 303,
    "POST /staff/campaigns/<slug:slug>/webhooks/<webhook_key>/thin": 303,
    "POST /staff/campaigns/<slug:slug>/webhooks/<webhook_key>/off": 303,
    "POST /staff/campaigns/<slug:slug>/webhooks/<webhook_key>/on": 303,
    "POST /staff/campaigns/<slug:slug>/webhooks/<webhook_key>/replay": 303,
    "POST /staff/campaigns/<slug:slug>/webhooks/<webhook_key>/messages/<id:message_id>/replay": (
        404
    ),
    "GET /staff/campaigns/<slug:slug>/tokens": 200,
    # Nothing is chosen.
    "POST /staff/campaigns/<slug:slug>/tokens": 422,
    "GET /staff/campaigns/<slug:slug>/partners/<key>/tokens": 200,
    "POST /staff/campaigns/<slug:slug>/partners/<key>/tokens": 422,
    "POST /staff/campaigns/<slug:slug>/tokens/<token_begins>/revoke": 303,
    "GET /staff/campaigns/<slug:slug>/partners/<key>/page": 200,
    "POST /staff/campaigns/<slug:slug>/partners/<key>/page/link": 200,
    "POST /staff/campaigns/<slug:slug>/partners/<key>/page/revoke": 303,
    "POST /staff/campaigns/<slug:slug>/partners/<key>/page/sections": 422,
    "POST /staff/campaigns/<slug:slug>/partners/<key>/page/sections/<source>/remove": 303,
    "GET /staff/limits": 200,
    "POST /staff/limits": 422,
    "POST /staff/limits/narrow": 422,
    "POST /staff/campaigns/<slug:slug>/export": 200,
    # The matrix's own orders are not read to their end: no file is there.
    "GET /staff/campaigns/<slug:slug>/exports/<id:export_id>/file": 404,
    "GET /staff/campaigns/<slug:slug>/exports/<id:export_id>/recall": 200,
    # Somebody who is no member of staff asked: it is theirs to make.
    "POST /staff/campaigns/<slug:slug>/requests/<id:request_id>/make": 422,
    "POST /staff/campaigns/<slug:slug>/requests/<id:request_id>/refuse": 303,
    # It is refused.
    "POST /staff/campaigns/<slug:slug>/requests/<id:request_id>/approve": 422,
    "GET /staff/campaigns/<slug:slug>/state": 200,
    "POST /staff/campaigns/<slug:slug>/state/close": 303,
    "POST /staff/campaigns/<slug:slug>/state/open": 303,
    "GET /staff/panic": 200,
    "POST /staff/panic/resume": 303,
    "GET /staff/help": 200,
    "GET /staff/people": 200,
    "POST /staff/people": 422,
    "GET /staff/people/<id:staff_id>": 200,
    "POST /staff/people/<id:staff_id>/role": 422,
    "POST /staff/people/<id:staff_id>/take": 303,
    "POST /staff/people/<id:staff_id>/disable": 303,
    "GET /staff/audit": 200,
    "POST /staff/audit/check": 303,
    "POST /staff/audit/export": 200,
    # These end the session, or begin another one.
    "POST /staff/account/second-factor": 303,
    "POST /staff/account/passkeys": 303,
    "POST /staff/account/sign-out-everywhere": 303,
    "POST /staff/panic": 200,
    "POST /staff/sign-out": 303,
    # Last: it erases the signature that the other links are about.
    "GET /stop/<token:token>": 200,
    "POST /stop/<token:token>": 303,
    "POST /stop/<token:token>/everywhere": 303,
    "POST /stop/<token:token>/lift": 303,
}


def committed() -> dict[str, tuple[str, ...]]:
    """The lines of docs/access.md: what is needed, then what each of WHO gets, and elsewhere."""
    found = re.findall(
        r"^\| (GET|POST) \| `(.+?)` \| (.+) \|$", access_matrix.FILE.read_text(), re.M
    )
    return {f"{method} {rule}": tuple(cells.split(" | ")) for method, rule, cells in found}


Signing = Callable[..., Any]


def routes(app: Flask) -> list[tuple[str, Rule]]:
    """`METHOD rule` and the rule, without HEAD and OPTIONS, which follow GET."""
    return [
        (f"{method} {rule.rule}", rule)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def test_every_route_stands_in_the_matrix(app: Flask) -> None:
    keys = sorted(key for key, _ in routes(app))
    assert keys == sorted(OPENS)
    assert keys == sorted(committed())


def test_the_committed_matrix_is_what_the_code_says() -> None:
    text = access_matrix.FILE.read_text(encoding="utf-8")
    assert text == access_matrix.matrix(), "run python -m tools.access_matrix, and look at it"


def test_none_of_the_four_follows_from_editing() -> None:
    assert not rights(Role.EDITOR) & {*SEPARATE, Right.MODERATE}
    assert Right.MODERATE in rights(Role.EDITOR, [Right.PERSONAL_DATA])
    assert Right.PERSONAL_DATA in rights(Role.VIEWER, [Right.EXPORT])
    assert rights(Role.VIEWER, [Right.LETTERS]) == {Right.NUMBERS, Right.LETTERS}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_view_without_a_rule_stops_the_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(signing.thanks, "access")
    with pytest.raises(MissingAccessRule, match=r"public\.thanks"):
        create_app(settings)


FROM_ANYWHERE = {
    "POST /unsubscribe/<token:token>",
    "POST /api/v1/campaigns/<slug:slug>/signatures",
}
"""A mail program presses this one by itself, without cookie or page (RFC 8058). And partners' pages
send signatures: the view itself asks whose key they send, or whose ticket."""
IN_FRAMES = {
    "POST /embed/<slug:slug>/sign",
    *(f"POST /embed/<slug:slug>/message{step}" for step in ("", "/preview", "/edit", "/own")),
    "POST /embed/<slug:slug>/message/own/sent",
}
"""A frame in a sandbox has no origin: its form comes from `null`."""


def test_every_route_that_takes_forms_says_from_where(app: Flask) -> None:
    for key, rule in routes(app):
        wanted = ANYWHERE if key in FROM_ANYWHERE else OWN_PAGES
        if key in IN_FRAMES:
            wanted = OWN_FRAMES
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
    for place, (key, address) in enumerate(places):
        if key in FROM_ANYWHERE:
            continue
        for headers in elsewhere_for(place):
            if key in IN_FRAMES and headers.get("Origin") == "null":
                continue
            answer = client.post(address, data=form, headers=headers)
            assert answer.status_code == 403, (key, headers)
    assert dump(app) == before
    for key, address in places:
        for headers in AT_HOME if who == "nobody" and "/staff/" not in key else ():
            assert client.post(address, headers=headers).status_code != 403, (key, headers)


def elsewhere_for(place: int) -> list[dict[str, str]]:
    """Of ELSEWHERE, what a route is tried with: all go by one check, which has no exceptions.

    Each is tried with what browsers say, and with three others that go round.
    """
    others = [ELSEWHERE[2 + (3 * place + step) % (len(ELSEWHERE) - 2)] for step in range(3)]
    return [*ELSEWHERE[:2], *others]


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_mail_program_unsubscribes_from_anywhere(app: Flask, addresses: Addresses) -> None:
    address = addresses.of("/unsubscribe/<token:token>")
    form = {"List-Unsubscribe": "One-Click"}
    for headers in (*AT_HOME, *ELSEWHERE):
        factories.change(app, "UPDATE signatures SET unsubscribed_at = NULL")
        answer = app.test_client().post(address, data=form, headers=headers)
        assert answer.status_code == 200, headers
        ((at,),) = factories.rows(app, "SELECT unsubscribed_at FROM signatures")
        assert at is not None, headers


@dataclass(frozen=True, kw_only=True)
class Places:
    """What addresses lead to, by the names and numbers that stand in them."""

    link: str
    """Of the letter to who has not confirmed yet."""
    letter: str
    partner: str
    api_token: str
    webhook: str
    colleague: int
    request_id: int
    export_id: int
    action_id: int
    erasure_id: int


def _places(app: Flask, client: FlaskClient, sign: Signing) -> Places:
    form = {
        "given_name": "Cora",
        "email": "cora@example.net",
        "country": "SE",
        "agree": "yes",
        "updates": "no",
    }
    assert sign(client, form).status_code == 303
    factories.work(app)
    link = factories.link_in(factories.letters(app)[0])
    letter = next(dependencies_of(app).settings.outbox_dir.glob("*.eml")).name
    partner = partner_sites.make(app)
    api_token = api_tokens.make(app)
    webhook = webhook_receiver.add(app, "https://hooks.example.org/in").key
    console.invite(app, "viewer", "colleague@example.org")
    at = dependencies_of(app).now()
    with transaction() as session:
        colleague = store_accounts.by_email(session, "colleague@example.org")
        assert colleague is not None
        request_id = requests.add(
            session,
            campaign_id=1,
            by="sam",
            reason="to look",
            wanted=requests.WantedList(),
            rows=1001,
            at=at,
        )
        export_id = ledger.begin_export(
            session,
            campaign_id=1,
            by="sam",
            reason="to look",
            filters=ledger.FiltersRecord(),
            at=at,
        )
        action_id, erasure_id = (
            bulk_actions.plan_these(session, 1, verb, [1], reason=HoldReason.OTHER, by="sam", at=at)
            for verb in (Verb.HOLD, Verb.ERASE)
        )
    return Places(
        link=link,
        letter=letter,
        partner=partner,
        api_token=api_token,
        webhook=webhook,
        colleague=colleague.id,
        request_id=request_id,
        export_id=export_id,
        action_id=action_id,
        erasure_id=erasure_id,
    )


class Addresses:
    """Right values for every part of an address."""

    def __init__(self, app: Flask, places: Places) -> None:
        self.app, self.places = app, places
        self._sections = 0

    def _token(self, purpose: str) -> str:
        """Of a link that opens: each purpose has its own."""
        deps = dependencies_of(self.app)
        expires = deps.now() + timedelta(days=1)
        if purpose in {tokens.MY, tokens.UNSUBSCRIBE}:
            return str(deps.tokens.sign(purpose, "1", expires=expires))
        if purpose == tokens.ACCEPT:
            return str(deps.tokens.sign(purpose, "1", expires=expires))
        if purpose == tokens.STOP:
            key = deps.vault.address_key("cora@example.net")
            return str(deps.tokens.sign(purpose, f"1-{key.hex()}-en", expires=expires))
        return self.places.link.rpartition("/")[2]

    def of(self, rule: str) -> str:
        static = assets.address("css/site.css").split("/")[2]
        token = self._token(rule.split("/")[1])
        if rule.startswith("/staff/lost-factor/"):
            lost = console.lost_factor_link(self.app, "lost@example.org", by="somebody")
            token = lost.rpartition("/")[2]
        if rule.startswith("/partner/"):
            token = partner_sites.page_link(self.app, self.places.partner).rpartition("/")[2]
        if rule.endswith("/<source>/remove"):
            self._sections += 1
            source = partner_sites.section(
                self.app, self.places.partner, f"branch {self._sections}"
            )
            rule = rule.replace("<source>", source)
        if rule.startswith("/staff/set-up/"):
            token = console.invite(self.app, "viewer", "next@example.org").rpartition("/")[2]
        for part, value in (
            ("<lang:code>", "en"),
            ("<slug:slug>", "amazon"),
            ("<token:token>", token),
            ("<secret:token>", token),
            ("<name>", self.places.letter),
            ("<version>", static),
            ("<own_name>", "picture.svg"),
            ("<path:name>", "css/site.css"),
            ("<id:export_id>", str(self.places.export_id)),
            ("<id:staff_id>", str(self.places.colleague)),
            ("<id:passkey_id>", "1"),
            ("<id:request_id>", str(self.places.request_id)),
            ("<id:signature_id>", "1"),
            ("<id:action_id>", str(self.places.action_id)),
            ("<id:erasure_id>", str(self.places.erasure_id)),
            ("<key>", self.places.partner),
            ("<webhook_key>", self.places.webhook),
            ("<token_begins>", self.places.api_token[:12]),
            ("<target_key>", "human-rights"),
            ("<id:answer_id>", "1"),
            ("<id:message_id>", "1"),
            ("<accent>", "8a1c4a"),
            ("<theme>", "dark"),
            ("<language>", "en"),
        ):
            rule = rule.replace(part, value)
        assert "<" not in rule, f"no value for {rule}"
        if rule == "/oembed":
            return f"{rule}?url=http://127.0.0.1:8000/en/amazon"
        in_a_frame = rule.startswith("/embed/amazon")
        return f"{rule}?partner={self.places.partner}&lang=en" if in_a_frame else rule


@pytest.fixture
def addresses(
    app: Flask, client: FlaskClient, clock: Clock, sign: Signing, worlds: Worlds
) -> Addresses:
    places = worlds.enter(app, clock, "every_address", lambda: _places(app, client, sign))
    return Addresses(app, places)


ENDING = (
    "POST /staff/panic",
    "POST /staff/account/second-factor",
    "POST /staff/account/passkeys",
    "POST /staff/sign-out",
    "POST /staff/account/sign-out-everywhere",
)
"""In the order in which they are tried; all else comes before."""


def open_as(
    who: str, app: Flask, campaign: str | None = None
) -> tuple[FlaskClient, dict[str, str]]:
    """A browser of theirs, and a form that passes for right at every staff sign-in."""
    if who == "nobody":
        client = app.test_client()
    else:
        email = f"{who}.{campaign}@campaign.example.org" if campaign else None
        client = console.enter(app, who, email, campaign=campaign)
    page = client.get("/staff/sign-in" if who == "nobody" else "/staff/")
    token = console.form_token(page)
    return client, {"csrf_token": token, "reason": "to look", "password": console.PASSWORD}


def another_campaign(app: Flask, tmp_path: Path) -> str:
    """Another one than that of the addresses; not from the beginning: with two, / is a list."""
    folder = factories.shipped_call(tmp_path, slug="depot")
    with app.app_context(), transaction() as session:
        at = dependencies_of(app).now()
        content_files.load_and_open_new(session, folder, organiser="Us", at=at)
    return "depot"


@pytest.mark.slow
@pytest.mark.parametrize("who", WHO)
def test_each_route_opens_to_whom_the_matrix_says(
    app: Flask, addresses: Addresses, tmp_path: Path, who: str
) -> None:
    matrix = committed()
    client, form = open_as(who, app)
    # What ends the session comes last, using somebody else's link before it.
    keys = sorted(
        OPENS, key=lambda key: (ENDING.index(key) if key in ENDING else -1, "<secret:token>" in key)
    )
    for key in keys:
        cell = matrix[key][1 + WHO.index(who)]
        answer = _tried(app, client, form, addresses, key)
        assert answer.status_code == _status(cell, OPENS[key]), key
        if cell == SIGN_IN:
            assert answer.headers["Location"] == "/staff/sign-in"
    if who == "nobody":
        return
    elsewhere = another_campaign(app, tmp_path)
    stranger, form = open_as(who, app, campaign=elsewhere)
    missing = stranger.get("/staff/campaigns/nothing")
    assert missing.data == stranger.get("/staff/nothing").data
    for key in keys:
        if "/staff/" not in key or "<secret:token>" in key:
            continue
        answer = _tried(app, stranger, form, addresses, key)
        assert answer.status_code == _status(matrix[key][-1], OPENS[key]), key
        if answer.status_code == 404:
            assert (answer.data, answer.headers) == (missing.data, missing.headers), key


def _status(cell: str, opened: int) -> int:
    return {YES: opened, SIGN_IN: 303}.get(cell) or int(cell)


def _tried(
    app: Flask, client: FlaskClient, form: dict[str, str], addresses: Addresses, key: str
) -> Answer:
    method, _, rule = key.partition(" ")
    address = addresses.of(rule)
    if "<secret:token>" in rule and method == "POST":
        client, form = open_as("nobody", app)
    return client.get(address) if method == "GET" else client.post(address, data=form)


@pytest.mark.slow
def test_ids_of_another_campaign_are_nothing_here(
    app: Flask, addresses: Addresses, tmp_path: Path
) -> None:
    """Also for who may do everything on both, and with the other one's address."""
    client, form = open_as("owner", app)
    elsewhere = another_campaign(app, tmp_path)
    missing = client.get(f"/staff/campaigns/{elsewhere}/exports/99/recall")
    tried = [
        (key.partition(" ")[0], addresses.of(rule.rule).replace("/amazon/", f"/{elsewhere}/"))
        for key, rule in routes(app)
        if rule.rule.startswith("/staff/campaigns/") and "<id:" in rule.rule
    ]
    assert {method for method, _ in tried} == {"GET", "POST"}
    for method, address in tried:
        answer = client.open(address, method=method, data=form)
        assert (answer.status_code, answer.data) == (404, missing.data), address


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


LOOKED = {"audit", "staff_refusals", "staff_views"}
"""Tables that say who looked, or was refused a look."""


def unread(app: Flask) -> dict[str, list[str]]:
    """The same without what says who looked (tests/web/test_audit.py)."""
    return {name: rows for name, rows in dump(app).items() if name not in LOOKED}


def in_tens(places: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """Reading all tables costs as much as ten requests."""
    for first in range(0, len(places), 10):
        yield places[first : first + 10]


@pytest.mark.slow
@pytest.mark.parametrize("who", ["nobody", "owner"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_changes_nothing(app: Flask, addresses: Addresses, who: str, method: str) -> None:
    client, _ = open_as(who, app)
    places = [(rule.rule, addresses.of(rule.rule)) for _, rule in routes(app)]
    before = unread(app)
    for some in in_tens(places):
        for _, address in some:
            client.open(address, method=method)
        assert unread(app) == before, f"{method} one of {[rule for rule, _ in some]}"


@pytest.mark.slow
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "POST", "GET"])
def test_other_methods_are_refused_and_say_what_is_taken(
    app: Flask, addresses: Addresses, method: str
) -> None:
    client, form = open_as("owner", app)
    taken: dict[str, set[str]] = {}
    for key in OPENS:
        verb, _, rule = key.partition(" ")
        taken.setdefault(rule, set()).add(verb)
    places = [(rule, addresses.of(rule)) for rule, verbs in taken.items() if method not in verbs]
    assert places
    before = dump(app)
    for some in in_tens(places):
        for rule, address in some:
            answer = client.open(address, method=method, data=form)
            if method == "GET" and ":token>/" in rule:
                # Whatever stands behind a token, GET finds the page (decision 83).
                assert answer.status_code == 200, f"{method} {rule}"
            elif method == "POST" and ":token>/" in rule:
                # It goes to the page of a token that nobody made: tokens may hold anything.
                assert answer.status_code == 400, f"{method} {rule}"
            else:
                assert answer.status_code == 405, f"{method} {rule}"
                allowed = {verb.strip() for verb in answer.headers["Allow"].split(",")}
                assert taken[rule] <= allowed
        assert dump(app) == before, f"{method} one of {[rule for rule, _ in some]}"
