"""Every page, in English and Arabic, passes the Nu HTML Checker.

`./run drill pages` has all its languages checked: only words between the tags change with them.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from sqlalchemy import select, text
from werkzeug.routing import Rule
from werkzeug.test import TestResponse as Answer

from petition import assets, i18n
from petition.app import SHIPPED, create_app
from petition.config import load, resource_dir
from petition.domain import tokens
from petition.domain.letters.letter import ANSWER_HERE, FOLLOW_UP
from petition.domain.letters.recipient import Recipient
from petition.rendering import Renderer
from petition.services.campaigns import content_files
from petition.services.counts import country_figures
from petition.store.db import db, transaction
from petition.store.letters import answer_letters, outbox
from petition.store.letters.outbox import NewLetter
from petition.store.messages import answers
from petition.store.tables import Message
from petition.web.http.access import PUBLIC, access
from petition.web.http.dependencies import dependencies_of, set_dependencies
from petition.web.http.errors import error_page
from tests import api_tokens, console, factories, partner_sites, people, webhook_receiver
from tests.authenticator import ORIGIN, Authenticator
from tests.conftest import Clock
from tests.html.checker import complaints
from tests.in_one_go import confirm_all, keep_all
from tests.messages import be_answered, form_of
from tests.park import open_park
from tests.people import Form
from tests.visitor import Visitor

pytestmark = pytest.mark.slow


CODES = tuple(os.environ.get("PAGES_LANGUAGES", "en ar").split())
NAMED = 44
REMINDED = timedelta(days=3, hours=1)
"""After so long, whoever has not confirmed is reminded."""
STATUSES = (400, 403, 404, 405, 410, 413, 429, 500, 503)

# Addresses that only lead on to another.
LEAD_ON = {
    "/<slug:slug>",
    "/<lang:code>",
    "/<lang:code>/code",
    "/my",
    "/code",
    "/<lang:code>/fault/<int:status>",
    "/staff/second-factor",
    "/staff/second-factor/set-up",
    "/staff/second-factor/again",
}
NEED_A_TOKEN = ("/signatures", "/withdrawals")
"""Addresses of the API end so."""


class Spy(Renderer):
    """Renders, and remembers what."""

    def __init__(self, organiser: str | None, contact: str | None) -> None:
        super().__init__(organiser=organiser, contact=contact)
        self.rendered: set[str] = set()

    def __call__(self, template: str, language: i18n.Language, /, **context: Any) -> str:
        self.rendered.add(template)
        return super().__call__(template, language, **context)


@dataclass
class Supporter:
    """Somebody who signed in a language, with the paths of the links in their letters."""

    code: str
    form: Form
    links: dict[str, str] = field(default_factory=dict)


class Guide:
    """Knows the way to every page."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client = app.test_client()
        self.outbox = dependencies_of(app).settings.outbox_dir
        self.supporters: dict[str, Supporter] = {}
        self.replies: dict[str, int] = {}
        """What a target answered to each of them."""
        self._numbers = iter(range(1000))
        self.partner = partner_sites.asking(app)
        partner_sites.make_demo(app)
        self.accept_links = {code: partner_sites.to_accept(app, code) for code in CODES}
        self.api_token = api_tokens.make(app)
        self.webhook = webhook_receiver.add(app, "https://hooks.example.org/in").key
        partner_sites.section(app, self.partner, "A & B <i>")
        self.partner_page = partner_sites.page_link(app, self.partner)
        self._gather_names()
        for code in CODES:
            self._owe_every_letter(code)
        dependencies_of(app).now.forward(REMINDED)
        self._work()
        # Not before: nobody stays signed in for days.
        self.enter()
        console.export(self.staff)
        self._review()

    def enter(self) -> None:
        """Staff, with the token of their forms."""
        self.staff = console.enter(self.app)
        self._token = console.form_token(self.staff.get("/staff/"))

    def _work(self) -> None:
        while factories.work(self.app):
            pass

    def _gather_names(self) -> None:
        """Enough people who may be named for two pages of names, and for figures by country."""
        call = factories.the_call(self.app)
        forms = [
            people.someone(
                next(self._numbers),
                visibility="public",
                country=("DE", "FR")[number % 2],
                comment="It is <right> & due.\nNow." if number % 3 else "",
            )
            for number in range(NAMED)
        ]
        keep_all(self.app, call, forms)
        confirm_all(self.app, factories.entries(self.app))
        self._work()
        with self.app.app_context(), transaction() as session:
            at = dependencies_of(self.app).now()
            country_figures.snapshot_countries(session, call.id, at=at)

    def _review(self) -> None:
        """Half of the names wait on; of the others most are shown."""
        path = "/staff/campaigns/amazon/comments"
        page = self.staff.get(path).get_data(as_text=True)
        marks = re.findall(r'name="shown" value="([^"]+)"', page)
        for number, mark in enumerate(marks[: NAMED // 2]):
            verdict = ("shown", "name_only", "shown", "refused")[number % 4]
            assert self.console(path, "en", {verdict: mark}).status_code == 303
        dependencies_of(self.app).campaign_cache.clear()

    def _owe_every_letter(self, code: str) -> None:
        """One forgets to confirm, one signs again, one asks for a link, one writes as well."""
        self.sign(code)
        twice, writer, self.supporters[code] = (self.sign(code) for _ in range(3))
        for supporter in (twice, writer, self.supporters[code]):
            self.confirm(supporter)
        self.replies[code] = self._answered(code)
        message = form_of(self.client, writer.form, code)
        assert self.post(f"/{code}/amazon/message", code, message).status_code == 303
        assert factories.sign(self.client, twice.form, code).status_code == 303
        asked = {"email": self.supporters[code].form["email"]}
        assert self.post(f"/{code}/amazon/my", code, asked).status_code == 303

    def _answered(self, code: str) -> int:
        """A target answers the newest signature's message, and is answered by email in vain."""
        ((signature_id,),) = factories.rows(self.app, "SELECT max(id) FROM signatures")
        reply_id = be_answered(self.app, int(str(signature_id)), code)
        to, at = Recipient.reply(reply_id), dependencies_of(self.app).now()
        told = NewLetter(kind=ANSWER_HERE, to=to, due_at=at)
        with self.app.app_context(), transaction() as session:
            outbox.enqueue(session, [told])
        return reply_id

    def get(self, address: str, code: str) -> Answer:
        client = self.staff if address.startswith("/staff") else self.client
        settings = dependencies_of(self.app).settings
        at = settings.demo_origin if address == "/dev/partner" else None
        headers = {"Accept-Language": code}
        if address.startswith("/api/") and address.endswith(NEED_A_TOKEN):
            headers["Authorization"] = f"Bearer {self.api_token}"
        return client.get(address, headers=headers, base_url=at)

    def post(self, address: str, code: str, form: Form | None = None) -> Answer:
        return self.client.post(address, data=form or {}, headers={"Accept-Language": code})

    @contextmanager
    def without(self, table: str) -> Iterator[None]:
        """While this lasts, that table is not there."""
        self._rename(table, "away")
        try:
            yield
        finally:
            self._rename("away", table)

    def _rename(self, table: str, name: str) -> None:
        with self.app.app_context(), transaction() as session:
            # First any other statement: this connection of SQLite may not know today's tables.
            session.execute(text("SELECT count(*) FROM campaigns"))
            session.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))

    def console(self, address: str, code: str, form: Form) -> Answer:
        """A form of the console, with its token."""
        asked = {"Accept-Language": code}
        return self.staff.post(address, data={"csrf_token": self._token, **form}, headers=asked)

    def sign(self, code: str, **changes: str) -> Supporter:
        """Somebody new signs, and opens the letter."""
        form = people.someone(next(self._numbers), **changes)
        answer = factories.sign(self.client, form, code)
        assert answer.status_code == 303, answer.get_data(as_text=True)
        supporter = Supporter(code, form)
        self.read_letters(supporter)
        return supporter

    def confirm(self, supporter: Supporter) -> None:
        assert self.client.post(supporter.links["confirm"]).status_code == 303
        self.read_letters(supporter)

    def read_letters(self, supporter: Supporter) -> None:
        factories.work(self.app)
        for letter in factories.letters(self.app):
            if supporter.form["email"] in str(letter["To"]):
                text = letter.get_body(("plain",)).get_content()
                for path in re.findall(r"https?://[^/\s]+(/[a-z]+/[\w.~-]+)", text):
                    supporter.links[path.split("/")[1]] = path

    def address(self, rule: str, code: str) -> str:
        """A right address for a route; KeyError where nobody has said how to fill it."""
        first = rule.split("/")[1]
        links = self.supporters[code].links | {"accept": self.accept_links[code]}
        link = links.get(first, "")
        values: dict[str, Callable[[], str]] = {
            "lang:code": lambda: code,
            "slug:slug": lambda: "amazon",
            "token:token": lambda: link.rpartition("/")[2],
            "name": lambda: sorted(path.name for path in self.outbox.glob("*.eml"))[0],
            "version": lambda: assets.address("css/site.css").split("/")[2],
            "path:name": lambda: "css/site.css",
            "own_name": lambda: "picture.svg",
            "id:export_id": self._export,
            "id:staff_id": lambda: "1",
            "id:signature_id": lambda: "1",
            "id:action_id": self._action,
            "key": lambda: self.partner,
            "webhook_key": lambda: self.webhook,
            "target_key": lambda: "human-rights",
            "accent": lambda: "8a1c4a",
            "theme": lambda: "dark",
            "language": lambda: code,
        }
        if rule.startswith("/staff/lost-factor/"):
            # No owner: beside another one who can sign in, the one of this guide is not the last,
            # and the sample of the last owner would close the account by which it looks.
            lost = console.lost_factor_link(
                self.app, f"lost.{code}@campaign.example.org", role="viewer"
            )
            values["secret:token"] = lambda: lost.rpartition("/")[2]
        if rule.startswith("/partner/"):
            values["secret:token"] = lambda: self.partner_page.rpartition("/")[2]
        if rule.startswith("/staff/set-up/"):
            email = f"new.{next(self._numbers)}@campaign.example.org"
            values["secret:token"] = lambda: console.invite(self.app, "viewer", email).rpartition(
                "/"
            )[2]
        asked = f"?partner={self.partner}&lang={code}" if rule.startswith("/embed/<slug") else ""
        if rule == "/my/<token:token>/answer":
            asked = f"?reply={self.replies[code]}"
        if rule == "/oembed":
            asked = f"?url={dependencies_of(self.app).settings.base_url}/{code}/amazon"
        return re.sub(r"<([^>]+)>", lambda part: values[part[1]](), rule) + asked

    def _action(self) -> str:
        form = {"which": "ticked", "each": "1", "reason": "other"}
        planned = self.console("/staff/campaigns/amazon/signatures/hold", "en", form)
        return planned.location.rpartition("/")[2]

    def _export(self) -> str:
        rows = factories.rows(self.app, "SELECT max(id) FROM exports WHERE reason != 'API'")
        return str(rows[0][0])


# --- samples --------------------------------------------------------------------------------------


def routes(app: Flask) -> Iterator[Rule]:
    """Every address that can be looked at."""
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or set()):
            yield rule


def looked_at(guide: Guide, code: str) -> Iterator[tuple[str, Answer]]:
    """What each address of the site answers, but for those that lead on."""
    for rule in routes(guide.app):
        if rule.rule not in LEAD_ON:
            yield f"GET {rule.rule}", guide.get(guide.address(rule.rule, code), code)


def sent_back(guide: Guide, code: str) -> Iterator[tuple[str, Answer]]:
    """Forms with mistakes in every field, and with what is doubtful."""
    page = f"/{code}/amazon"
    ticket = {"ticket": factories.ticket(guide.client, code)}
    good = people.someone(0) | ticket
    yield "sign, empty", guide.post(f"{page}/sign", code)
    yield (
        "sign, all wrong",
        guide.post(
            f"{page}/sign",
            code,
            ticket
            | {
                "given_name": "https://evil.example",
                "family_name": "x" * 101,
                "email": "no address",
                "country": "XX",
                "postcode": "1" * 100,
                "comment": "x" * 1001,
                "visibility": "x",
                "subject": "x",
            },
        ),
    )
    yield "sign, for the target", guide.post(f"{page}/sign", code, good | {"email": "a@amazon.com"})
    doubtful = {"email": "ben@gmial.com", "comment": "I am 112233445 at LHR1, call 020 7946 0018."}
    yield "sign, doubtful", guide.post(f"{page}/sign", code, good | doubtful)
    frame = partner_sites.address(guide.partner, code, "/sign")
    in_frame = {"ticket": partner_sites.ticket(guide.client, guide.partner, code)}
    yield "frame, empty", guide.post(frame, code, in_frame)
    framed = partner_sites.address(guide.partner, code, "/message")
    words = form_of(guide.client, people.cora, code) | in_frame
    for step in ("/preview", "/own"):
        yield f"framed message{step}", guide.post(framed.replace("?", f"{step}?"), code, words)
    yield "accept, no name", guide.post(guide.accept_links[code], code, {"name": ""})
    yield "frame, doubtful", guide.post(frame, code, good | in_frame | doubtful)
    yield "frame, no form", guide.get(f"/embed/amazon?lang={code}", code)
    yield "partner, wrong section", guide.post(f"{guide.partner_page}/sections", code)
    yield "sign, old", guide.post(f"{page}/sign", code, good | {"ticket": "old"})
    yield "tagged", guide.get(f"{page}?source=a%22b&utm_medium=%3Ci%3E", code)
    for name in ("my", "resend"):
        yield f"{name}, empty", guide.post(f"{page}/{name}", code)
    yield "code, empty", guide.post(f"{page}/code", code)
    wrong = {"email": good["email"], "code": "ABCDEF"}
    yield "code, wrong", guide.post(f"{page}/code", code, wrong)


def written(guide: Guide, code: str) -> Iterator[tuple[str, Answer]]:
    """The email action in each of its states, and what was written on one's own pages."""
    page, form = f"/{code}/amazon/message", form_of(guide.client, people.cora, code)
    yield "message, empty", guide.post(page, code)
    doubtful = form | {"message_body": "I WORK AT LHR1, CALL 020 7946 0018 <b>.\n\n{name}"}
    yield "message, doubtful", guide.post(f"{page}/preview", code, doubtful)
    yield "message, edited", guide.post(f"{page}/edit", code, doubtful)
    yield "message, own", guide.post(f"{page}/own", code, form)
    yield (
        "message, own and long",
        guide.post(f"{page}/own", code, form | {"message_body": "x" * 2500}),
    )
    writer = Supporter(code, people.cora | {"email": f"writes.{code}@example.org"})
    assert guide.post(page, code, form | {"email": writer.form["email"]}).status_code == 303
    guide.read_letters(writer)
    yield "confirm, with messages", guide.get(writer.links["confirm"], code)
    guide.confirm(writer)
    yield "my, with messages", guide.get(writer.links["my"], code)
    alone = Supporter(code, people.cora | {"email": f"only.writes.{code}@example.org"})
    words = form | {"email": alone.form["email"], "apart": "yes", "writing_consent": "yes"}
    yield "message, without signing", guide.post(f"{page}/edit", code, words)
    assert guide.post(page, code, words).status_code == 303
    guide.read_letters(alone)
    yield "confirm, without signing", guide.get(alone.links["confirm"], code)
    guide.confirm(alone)
    yield "my, without signing", guide.get(alone.links["my"], code)
    own, reply = guide.supporters[code].links["my"], {"reply": str(guide.replies[code])}
    yield "my, answered", guide.get(own, code)
    yield "answer, empty", guide.post(f"{own}/answer/preview", code, reply)
    typed = reply | {"answer_subject": "A & <b>", "answer_body": "I work at LHR1. <i>"}
    yield "answer, looked at", guide.post(f"{own}/answer/preview", code, typed)
    yield "my page, with messages", guide.post(f"{writer.links['my']}/download-page", code)
    yield from came_back(guide, writer.links["my"], code)


def came_back(guide: Guide, my: str, code: str) -> Iterator[tuple[str, Answer]]:
    """What a supporter says two weeks later, and their second email."""
    with guide.app.app_context(), transaction() as session:
        to, at = Recipient.entry(factories.entries(guide.app)[-1]), dependencies_of(guide.app).now()
        outbox.enqueue(session, [NewLetter(kind=FOLLOW_UP, to=to, due_at=at)])
        target_id = session.scalars(select(Message.target_id).order_by(Message.id.desc())).first()
        assert target_id is not None
        answers.add(session, target_id, at.date(), {"en": "1 < 2.\nSee www.example.org/?b"}, at=at)
        answer_id = max(each.id for each in answers.of_targets(session, [target_id]))
        answer_letters.enqueue(session, answer_id, [to.id], at=at)
    guide._work()
    yield "answers", guide.get(f"{my}/answers", code)
    page = guide.get(f"{my}/answers", code).get_data(as_text=True)
    (number, *_) = re.findall(r'name="message" value="(\d+)"', page)
    guide.post(f"{my}/outcome", code, {"message": number, "outcome": "none"})
    yield "answers, none", guide.get(f"{my}/answers?done=said", code)
    again = {"message": number, "message_subject": "1 < 2", "message_body": "I WORK AT LHR1 <b>."}
    yield "write again", guide.post(f"{my}/write-again", code, {"message": number})
    yield (
        "write again, wrong",
        guide.post(f"{my}/preview-again", code, again | {"message_subject": ""}),
    )
    yield "write again, preview", guide.post(f"{my}/preview-again", code, again)


def faults(guide: Guide, code: str) -> Iterator[tuple[str, Answer]]:
    """The page of each error, which a view of ours answers for this test."""
    for status in STATUSES:
        yield str(status), guide.get(f"/{code}/fault/{status}", code)


def behind_links(guide: Guide, code: str) -> Iterator[tuple[str, Answer]]:
    """What the links of letters lead to, in each state of a signature."""
    deps = dependencies_of(guide.app)
    old = deps.tokens.sign(tokens.CONFIRM, "1", expires=deps.now() - timedelta(hours=1))
    gone = deps.tokens.sign(tokens.MY, "999999999", expires=deps.now() + timedelta(hours=1))
    yield "link, old", guide.get(f"/confirm/{old}", code)
    yield "link, forged", guide.get("/confirm/forged", code)
    yield "my, gone", guide.get(f"/my/{gone}", code)

    somebody = guide.sign(code, visibility="public", comment="A line.\nAnd another & more.")
    yield "my code, right", guide.get(somebody.links["confirm"], code)
    guide.confirm(somebody)
    links = somebody.links
    yield "unsubscribed", guide.post(links["unsubscribe"], code)
    yield "my, name wrong", guide.post(f"{links['my']}/correct", code, {"given_name": ""})
    yield "my, nothing sent", guide.post(f"{links['my']}/correct", code)
    yield "my, choices wrong", guide.post(f"{links['my']}/choices", code)
    yield "my, erase unsure", guide.post(f"{links['my']}/erase", code)
    yield "my, page", guide.post(f"{links['my']}/download-page", code)
    yield "my, nonsense", guide.post(links["my"], code, {"do": "x"})
    named = {"given_name": "Ann <b>", "family_name": "O'Neill"}
    corrected = guide.post(f"{links['my']}/correct", code, named)
    yield "my, name right", guide.client.get(corrected.location)
    typed = {"given_name": 'A "quoted" <b>', "family_name": ""}
    with guide.without("code_tries"):
        unavailable = guide.get(links["my"], code)
        to_be_sent_again = guide.post(f"{links['my']}/correct", code, typed)
    with guide.without("count_changes"):
        not_kept = guide.post(f"{links['my']}/withdraw", code)
    yield "my, unavailable", unavailable
    yield "my, to be sent again", to_be_sent_again
    yield "my, not kept", not_kept
    assert guide.post(f"{links['my']}/withdraw", code).status_code == 303
    yield "my, withdrawn", guide.get(f"{links['my']}?done=withdraw", code)
    assert guide.post(f"{links['my']}/undo", code).status_code == 303
    yield "my, undone", guide.get(f"{links['my']}?done=undo", code)
    yield "my, erased", guide.post(f"{links['my']}/erase", code, {"sure": "yes"})
    yield "stop, pressed", guide.client.get(guide.post(links["stop"], code).location)


def in_the_console(guide: Guide, code: str) -> Iterator[tuple[str, Answer]]:
    """The console's forms with mistakes, and what it says to others."""
    path = "/staff/campaigns/amazon"
    yield "export, no reason", guide.console(f"{path}/export", code, {"reason": ""})
    yield "export", guide.console(f"{path}/export", code, {"reason": "a look"})
    yield "domains, wrong", guide.console(f"{path}/domains", code, {"domain": "no domain"})
    stale = {"domain": f"{code}.example.org", "seen": "gone.example.org"}
    yield "domains, somebody else", guide.console(f"{path}/domains", code, stale)
    outcome = "changed=1&undone=2&left=1&nothing=1&others=1.2.3"
    yield "comments, what came of it", guide.get(f"{path}/comments?{outcome}", code)
    yield from signatures(guide, code)
    wrong = {"name": "1", "sites": "nowhere"}
    yield "partners, wrong", guide.console(f"{path}/partners", code, wrong)
    yield (
        "arrangement, wrong",
        guide.console(f"{path}/partners/{guide.partner}/arrangement", code, {"controller": "1"}),
    )
    webhooks = f"{path}/webhooks"
    wrong = {"url": "http://nowhere", "algorithm": "v9"}
    yield "webhooks, wrong", guide.console(webhooks, code, wrong)
    yield "webhook, secret", guide.console(f"{webhooks}/{guide.webhook}/rotate", code, {})
    guide.console(f"{webhooks}/{guide.webhook}/full", code, {})
    yield "webhook, full", guide.get(f"{webhooks}/{guide.webhook}", code)
    guide.console(f"{webhooks}/{guide.webhook}/off", code, {})
    yield "webhook, off", guide.get(f"{webhooks}/{guide.webhook}", code)
    guide.console(f"{webhooks}/{guide.webhook}/on", code, {})
    for room in (f"{path}/tokens", f"{path}/partners/{guide.partner}/tokens"):
        yield "tokens, wrong", guide.console(room, code, {"days": "x"})
        made = {"days": "9", "scopes": "signatures:read"}
        yield "tokens, made", guide.console(room, code, made)
        yield "tokens", guide.get(room, code)
    yield from queues(guide, f"{path}/messages", code)
    page = f"{path}/partners/{guide.partner}/page"
    yield "partner, wrong days", guide.console(f"{page}/link", code, {"days": "x"})
    yield "partner, a link", guide.console(f"{page}/link", code, {"days": "2"})
    yield "partner, wrong section", guide.console(f"{page}/sections", code, {"name": "1"})
    guide.partner_page = partner_sites.page_link(guide.app, guide.partner)
    yield "limits", guide.get("/staff/limits", code)
    wrong = {"network": "nowhere", "hours": "x", "factor": ""}
    yield "limits, wrong", guide.console("/staff/limits", code, wrong)
    somebody = {"email": f"invited.{code}@example.org", "role": "editor", "also": "letters"}
    yield "people, invited", guide.console("/staff/people", code, somebody)
    yield "people, wrong", guide.console("/staff/people", code, {"email": "nobody", "role": "king"})
    yield "person, wrong", guide.console("/staff/people/1/role", code, {"campaign": "nothing"})
    yield "person, the last owner", guide.console("/staff/people/1/disable", code, {})
    yield (
        "campaign, stale form",
        guide.staff.post(f"{path}/state/close", headers={"Accept-Language": code}),
    )
    yield "panic, stale form", guide.staff.post("/staff/panic", headers={"Accept-Language": code})
    yield "audit log", guide.get("/staff/audit", code)
    yield "audit log, wrong", guide.get("/staff/audit?day=x", code)
    yield "no such campaign", guide.get("/staff/campaigns/nothing", code)
    stranger = {"email": "nobody@example.org", "password": "x"}
    asked = {"Accept-Language": code}
    client = guide.app.test_client()
    token = {"csrf_token": console.form_token(client.get("/staff/sign-in"))}
    yield "sign in, wrong", client.post("/staff/sign-in", data=stranger | token, headers=asked)
    link = guide.address("/staff/set-up/<secret:token>", code)
    token = {"csrf_token": console.form_token(client.get(link))}
    yield "set up, short", client.post(link, data=token | {"password": "short"}, headers=asked)


def queues(guide: Guide, room: str, code: str) -> Iterator[tuple[str, Answer]]:
    """The queues of the targets, and one target with all that can be said of it."""
    target = f"{room}/human-resources"
    stand = {"stand": "refused", "day": "2026-11-01", "note": "<b>No</b>", "link": ""}
    for verb in ("caps", "stand", "parked", "test", "leave", "answers"):
        wrong = {"again": "yes"} if verb == "parked" else {}
        yield f"target, wrong {verb}", guide.console(f"{target}/{verb}", code, wrong)
    guide.console(f"{target}/stand", code, stand | {"link": "https://example.org/a?b=1&c=2"})
    guide.console(f"{target}/answers", code, {"answer_day": "2026-11-01", "answer_en": "<i>No.\n"})
    yield "target", guide.get(target, code)
    stale = {"seen": "nothing like it", "an_hour": "9", "a_day": "99"}
    yield "target, somebody else", guide.console(f"{target}/caps", code, stale)
    yield "queues", guide.get(room, code)
    guide.console(f"{target}/pause", code, {})
    yield "queues, paused", guide.get(room, code)
    guide.console(f"{target}/resume", code, {})
    yield "a page with what came of it", guide.get(f"/{code}/amazon", code)


def signatures(guide: Guide, code: str) -> Iterator[tuple[str, Answer]]:
    """The list with its forms as they come back, and an action as it goes on."""
    path = "/staff/campaigns/amazon/signatures"
    yield "signatures, filtered", guide.get(f"{path}?country=DE&sort=sent", code)
    yield "signatures, wrong", guide.get(f"{path}?day=x", code)
    yield "signatures, none", guide.get(f"{path}?state=held&country=MT", code)
    yield "find, wrong", guide.console(f"{path}/find", code, {"wanted": 'a "part"'})
    yield "find, nobody", guide.console(f"{path}/find", code, {"wanted": "nobody@example.org"})
    yield "hold, nothing", guide.console(f"{path}/hold", code, {"which": "all"})
    one = {"which": "ticked", "each": "2", "record": "yes"}
    yield "hold, no reason", guide.console(f"{path}/hold", code, one)
    for verb, place, acts in (
        ("hold", "actions", ("do", "do", "undo")),
        ("restore", "actions", ("cancel",)),
        ("erase", "erasures", ("do", "cancel")),
    ):
        chosen = one | {"each": ["2", "3"], "reason": "other"}
        planned = guide.console(f"{path}/{verb}", code, chosen)
        yield f"{verb}, planned", guide.get(planned.location, code)
        for act in acts:
            answer = guide.console(f"{planned.location.replace('actions', place)}/{act}", code, {})
            if answer.status_code != 303:
                yield f"{verb}, {act} answered", answer
            yield f"{verb}, {act}", guide.get(planned.location, code)
        yield f"{verb}, opened", guide.get(f"{path}/2", code)


def entering(guide: Guide, code: str) -> Iterator[tuple[str, Answer]]:
    """The second factor: set up, given, given again, and lost."""
    client, email = guide.app.test_client(), f"entering.{code}@campaign.example.org"
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = code
    # One sender may not sign in so often in one minute as this clock has.
    client.environ_base["REMOTE_ADDR"] = f"192.0.2.{CODES.index(code)}"
    console.choose_password(client, console.invite(guide.app, "owner", email))
    page = client.get(console.SET_UP_PAGE)
    yield "second factor, set-up", page
    token = {"csrf_token": console.form_token(page)}
    yield "second factor, set-up wrong", client.post(console.SET_UP_PAGE, data=token)
    yield "recovery codes", console.enrol(client, page)
    again = f"{console.CODE_PAGE}/again?to=/staff/"
    token = {"csrf_token": console.form_token(client.get(again))}
    yield "second factor, again", client.post(again, data=token)
    lost = {"email": email, "reason": "lost"}
    yield "lost factor, own", client.post("/staff/lost-factor", data=token | lost)
    console.lost_factor_link(guide.app, f"lost.{code}@campaign.example.org", role="viewer")
    lost["email"] = f"lost.{code}@campaign.example.org"
    yield "lost factor, link", client.post("/staff/lost-factor", data=token | lost)
    console.sign_out(client)
    console.type_password(client, email)
    yield "second factor", client.get(console.CODE_PAGE)
    console.give_code(client, console.code_of(guide.app, email))
    yield from with_a_passkey(client)


def with_a_passkey(client: FlaskClient) -> Iterator[tuple[str, Answer]]:
    """The pages that know of one."""
    token = {"csrf_token": console.form_token(client.get("/staff/account"))}
    client.post("/staff/account/passkeys", data=token)
    asked = client.post("/staff/second-factor/passkey/new", data=token).get_data(as_text=True)
    made = {"passkey": Authenticator().create(asked)}
    assert client.post(console.SET_UP_PAGE, data=token | made).status_code == 303
    yield "own account, passkey", client.get("/staff/account")
    again = f"{console.CODE_PAGE}/again?to=/staff/"
    yield "second factor, again by passkey", client.post(again, data=token | {"passkey": "{}"})
    client.post("/staff/account/second-factor/remove", data=token)
    yield "own account, passkey alone", client.get("/staff/account")
    yield "the last factor", client.post("/staff/account/passkeys/1/remove", data=token)


def letters(guide: Guide, code: str) -> Iterator[tuple[str, Answer]]:
    """The HTML part of each letter that went out in the language."""
    for letter in sorted(guide.outbox.glob("*.eml")):
        if f"Content-Language: {code}\n" not in letter.read_text(encoding="utf-8"):
            continue
        yield f"letter {letter.stem}", guide.get(f"/dev/outbox/{letter.name}/html", code)


def closed(guide: Guide, code: str) -> Iterator[tuple[str, Answer]]:
    """The call once it takes no more signatures. Comes last."""
    with guide.app.app_context(), transaction() as session:
        content_files.close(session, "amazon", at=dependencies_of(guide.app).now())
    dependencies_of(guide.app).campaign_cache.clear()
    for place in ("", "/thanks", "/privacy"):
        yield f"closed{place}", guide.get(f"/{code}/amazon{place}", code)
    yield "closed, its state", guide.get("/staff/campaigns/amazon/state", code)


def named(guide: Guide, code: str) -> Iterator[tuple[str, Answer]]:
    """Names and comments: the public list and its pages, and the console's lists."""
    # What is approved appears once a day.
    factories.change(guide.app, "UPDATE reviews SET at = '2026-01-01 00:00:00+00'")
    dependencies_of(guide.app).campaign_cache.clear()
    names = guide.get(f"/{code}/amazon/names", code)
    assert "&lt;right&gt;" in names.get_data(as_text=True)
    older = re.search(r'rel="next" href="([^"]+)"', names.get_data(as_text=True))
    assert older, "one page holds all names"
    yield "names, older", guide.get(f"/{code}/amazon/names{older[1]}", code)
    call = guide.get(f"/{code}/amazon", code)
    assert 'id="places-heading"' in call.get_data(as_text=True)
    yield "call with figures", call
    path = "/staff/campaigns/amazon/comments"
    for verdict in ("shown", "name_only", "refused"):
        yield f"comments, {verdict}", guide.get(f"{path}?verdict={verdict}", code)
    yield "comments, no button", guide.console(path, code, {})
    yield "comments, changed", guide.get(f"{path}?changed=2", code)


def park(guide: Guide, code: str) -> Iterator[tuple[str, Answer]]:
    """A call with its own colours, logo and news, and with its outcome; it is in English alone."""
    if code != "en":
        return
    open_park(guide.app)
    page = guide.get("/en/park", code)
    assert 'id="updates-heading"' in page.get_data(as_text=True)
    yield "park", page
    for place in ("thanks", "names", "privacy"):
        yield f"park, {place}", guide.get(f"/en/park/{place}", code)
    yield "park, empty", guide.post("/en/park/sign", code)
    yield "park, list", guide.get("/", code)
    with guide.app.app_context(), transaction() as session:
        content_files.close(session, "park", at=dependencies_of(guide.app).now())
    dependencies_of(guide.app).campaign_cache.clear()
    yield "park, closed", guide.get("/en/park", code)


def panicked(guide: Guide, code: str) -> Iterator[tuple[str, Answer]]:
    """Everything closed, and what an owner finds who signs in again. After all that signs in."""
    yield "panic, done", guide.console("/staff/panic", code, {})
    guide.enter()
    yield "panic, afterwards", guide.get("/staff/panic", code)
    yield "campaigns, paused", guide.get("/staff/", code)


SAMPLES = (
    looked_at,
    sent_back,
    written,
    faults,
    behind_links,
    in_the_console,
    entering,
    named,
    letters,
    closed,
    park,
    panicked,
)


@dataclass(frozen=True)
class Walk:
    """What was brought home in one language."""

    answers: dict[str, Answer]
    complaints: dict[str, list[str]]

    def pages(self) -> dict[str, Answer]:
        return {name: each for name, each in self.answers.items() if each.mimetype == "text/html"}


@pytest.fixture(scope="module")
def app(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The app with the shipped call, another call beside it, and a view for each fault."""
    folder = tmp_path_factory.mktemp("instance")
    shutil.copyfile(sqlite_template, folder / "petition.db")
    app = create_app(
        # One visitor signs for everybody: their letters must not wait their turn.
        load(
            {
                "PETITION_INSTANCE": str(folder),
                "PETITION_SENDER_LETTERS": "1000/100000",
                "PETITION_BASE_URL": ORIGIN,  # where there are passkeys
            }
        ),
        now=Clock(datetime(2026, 11, 2, 9, 30, tzinfo=UTC)),
    )
    app.test_client_class = Visitor
    app.add_url_rule("/<lang:code>/fault/<int:status>", "fault", fault)
    deps = dependencies_of(app)
    set_dependencies(app, replace(deps, render=Spy(deps.settings.organiser, deps.settings.contact)))
    with app.app_context():
        with transaction() as session:
            for call in (SHIPPED / "amazon", another(folder)):
                content_files.load_and_open_new(session, call, organiser=None, at=deps.now())
        yield app
        db.engine.dispose()


def another(folder: Path) -> Path:
    """A second call: with one alone, the list of calls would lead on to it."""
    place = Path(shutil.copytree(SHIPPED / "amazon", folder / "other"))
    facts = (place / "campaign.toml").read_text(encoding="utf-8")
    (place / "campaign.toml").write_text(facts.replace('"amazon"', '"other"'), encoding="utf-8")
    return place


@access(PUBLIC)
def fault(code: str, status: int) -> Response:
    return error_page(status)


@pytest.fixture(scope="module")
def walks(app: Flask, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Walk]:
    """By language, every sample; the checker reads them all in one go."""
    guide = Guide(app)
    answers: dict[str, dict[str, Answer]] = {code: {} for code in CODES}
    for sample in SAMPLES:
        for code in CODES:
            answers[code] |= dict(sample(guide, code))
    folder = tmp_path_factory.mktemp("pages")
    walks = {code: Walk(answers[code], {}) for code in CODES}
    files = {}
    for code, walk in walks.items():
        for number, (name, answer) in enumerate(walk.pages().items()):
            path = folder / f"{code}-{number}.html"
            path.write_bytes(answer.data)
            files[path.name] = (code, name)
    for file, messages in complaints(folder).items():
        code, name = files[file]
        walks[code].complaints[name] = messages
    return walks


@pytest.mark.parametrize("code", CODES)
def test_every_page_is_valid(walks: dict[str, Walk], code: str) -> None:
    assert walks[code].complaints == {}


@pytest.mark.parametrize("code", CODES)
def test_every_address_was_seen(app: Flask, walks: dict[str, Walk], code: str) -> None:
    """A route is shown to the checker, is no page, or leads on: nobody forgot a sample."""
    seen = {
        name: answer.status_code
        for name, answer in walks[code].answers.items()
        if name.startswith("GET ")
    }
    assert {f"GET {rule.rule}" for rule in routes(app) if rule.rule not in LEAD_ON} == set(seen)
    assert {name: status for name, status in seen.items() if status != 200} == {}


def test_every_template_was_seen(app: Flask, walks: dict[str, Walk]) -> None:
    """What no sample renders, nothing has checked."""
    root = resource_dir("templates")
    whole = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.html")
        if not path.name.startswith(("_", "base"))
    }
    assert whole - dependencies_of(app).render.rendered == set()


@pytest.mark.parametrize("code", CODES)
def test_every_page_says_its_language(walks: dict[str, Walk], code: str) -> None:
    spoken = i18n.language(code)
    opening = f'<html lang="{code}" dir="{spoken.direction}">'
    pages = walks[code].pages()
    assert sum(name.startswith("letter") for name in pages) >= 5
    for name, answer in pages.items():
        if "/dev/" not in name:
            assert opening in answer.get_data(as_text=True), name


FAULTY = (
    "<p>no doctype",
    "<!doctype html><html lang=en><title>x</title><p><div></p></div>",
    '<!doctype html><html lang=en><title>x</title><b id="a">a</b><b id="a">b</b>',
    '<!doctype html><html lang=en><title>x</title><label for="nothing">x</label>',
    "<!doctype html><html lang=en><title>x</title><ul><p>x</ul>",
    "<!doctype html><html lang=en><title></title>",
    '<!doctype html><html lang=en><title>x</title><a href="a b">x</a>',
)


def test_the_checker_sees_faults(tmp_path: Path) -> None:
    for number, page in enumerate((*FAULTY, "<!doctype html><html lang=en><title>x</title>")):
        (tmp_path / f"{number}.html").write_text(page, encoding="utf-8")
    assert sorted(complaints(tmp_path)) == [f"{number}.html" for number in range(len(FAULTY))]
