"""Each role signs in and goes wherever its pages lead: every link, and every form in three ways.

Nothing that a page shows somebody leads to a page that is not for them, or that is broken. Who may
not see personal data finds none, wherever they went and whatever they sent.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition.domain.staff.roles import Right, Role, rights
from petition.services.campaigns import content_files
from petition.store.db import transaction
from petition.web.http.dependencies import dependencies_of
from tests import console, factories, people
from tests.conftest import Clock
from tests.html_pages import Field, Fields, Form, Page
from tests.worlds import Worlds

pytestmark = pytest.mark.slow

IDENTIFYING: Final = ("given_name", "family_name", "email", "comment", "postcode")
A_MINUTE: Final = timedelta(minutes=1)
VARIANTS: Final = 3
"""Pages of one address that are looked at: filters and pages of a list go on and on."""
REFUSALS: Final = frozenset({403, 404, 405})
REFUSED: Final = 422
"""The form comes back and says what is wrong."""
ONE_OF_MANY: Final = re.compile(r"/\d+|(?<=/messages)/[a-z][a-z-]*")
"""What of an address names one of many that have the same page: a number, or a target."""

Way = Callable[[Form, Field | None], Fields]
WAYS: Final[tuple[Way, ...]] = (Form.emptied, Form.typed, Form.filled)


class Crawl:
    """Somebody who opens and sends everything."""

    def __init__(self, app: Flask, clock: Clock, email: str) -> None:
        self.app, self.clock, self.email = app, clock, email
        self.client: FlaskClient = app.test_client()
        self.pages: dict[str, str] = {}
        """By where they came from: all that was answered."""
        self.wrong: list[str] = []
        self.opened: set[str] = set()
        self.sent: set[tuple[str, str]] = set()
        self._variants: Counter[str] = Counter()
        self._shown: tuple[str, list[Form]] | None = None
        """The page that was fetched last, until something may have changed it."""
        self._waiting: list[tuple[str, str]] = [("/staff/", "the start")]
        self._sign_in()

    def _sign_in(self) -> None:
        """Through both doors, as a person does, once the places of a minute are free again."""
        self.clock.forward(A_MINUTE)
        answer = console.sign_in(self.client, self.email)
        assert answer.status_code == 303, answer.get_data(as_text=True)

    def run(self) -> Crawl:
        while self._waiting:
            address, source = self._waiting.pop(0)
            if self._is_new(address):
                page = self._read(f"GET {address}, linked from {source}", self._get(address))
                self._shown = address, page.forms
                self._send_forms(address, page.forms)
        return self

    def _get(self, address: str) -> Answer:
        """The page, also where the last form has ended the session."""
        answer = self.client.get(address)
        if answer.headers.get("Location") == "/staff/sign-in":
            self._sign_in()
            answer = self.client.get(address)
        return answer

    def _is_new(self, address: str) -> bool:
        parts = urlsplit(address)
        if not parts.path.startswith("/staff/") or address in self.opened:
            return False
        self.opened.add(address)
        # However many tables of a page are sorted, it is one kind of page.
        names = {name.partition("-")[0] for name, _ in parse_qsl(parts.query)}
        name = " ".join([parts.path, *sorted(names)])
        self._variants[name] += 1
        return self._variants[name] <= VARIANTS

    def _send_forms(self, address: str, forms: list[Form]) -> None:
        """Each form, each button of it, in each way, but for what was sent from another page."""
        for number, form in enumerate(forms):
            for way in WAYS:
                for place in range(max(1, len(form.buttons))):
                    if self._is_unsent(address, form, place, way):
                        self._send(address, number, place, way)

    def _is_unsent(self, address: str, form: Form, place: int, way: Way) -> bool:
        target = ONE_OF_MANY.sub("/1", urljoin(address, form.action).partition("?")[0])
        button = form.buttons[place].name if form.buttons else ""
        key = (target, f"{form.name} {button} {way.__name__}")
        new = key not in self.sent
        self.sent.add(key)
        return new

    def _send(self, address: str, number: int, place: int, way: Way) -> None:
        """From the page as it is now: what was sent before may have changed it."""
        forms = self._forms_now(address)
        if number >= len(forms):
            return
        form = forms[number]
        button = form.buttons[place] if place < len(form.buttons) else None
        fields, source = way(form, button), f"{address}, {way.__name__}"
        target = urljoin(address, form.action)
        if form.method == "GET":
            self._waiting.append((f"{target}?{urlencode(fields, doseq=True)}", source))
        else:
            answer = self.client.post(target, data=fields)
            if answer.status_code != REFUSED:
                self._shown = None
            self._read(f"POST {target} from {source}", answer)

    def _forms_now(self, address: str) -> list[Form]:
        """Not fetched anew where all that was sent since was refused: that changed nothing."""
        if self._shown is None or self._shown[0] != address:
            page = Page(self._get(address).get_data(as_text=True))
            self._shown = address, page.forms
        return self._shown[1]

    def _read(self, what: str, answer: Answer) -> Page:
        if answer.status_code in REFUSALS or answer.status_code >= 500:
            self.wrong.append(f"{what}: {answer.status_code}")
        text = answer.get_data(as_text=True)
        self.pages[what] = text
        page = Page(text if answer.mimetype == "text/html" else "")
        if answer.status_code in {302, 303, 307, 308}:
            self._waiting.append((answer.headers["Location"], what))
        here = what.split(" ")[1].rstrip(",")
        for link in page.links:
            if not link.startswith("#"):
                self._waiting.append((urljoin(here, link).partition("#")[0], what))
        return page


@pytest.fixture
def campaigns(
    app: Flask, client: FlaskClient, clock: Clock, tmp_path: Path, worlds: Worlds
) -> None:
    """Two of them; three people have confirmed on the first, one has not, and a list was taken."""
    worlds.enter(app, clock, "two_campaigns", lambda: _campaigns(app, client, tmp_path))


def _campaigns(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    with app.app_context(), transaction() as session:
        folder = factories.shipped_call(tmp_path, slug="depot")
        at = dependencies_of(app).now()
        content_files.load_and_open_new(session, folder, organiser="Us", at=at)
    for form in people.SIGNERS:
        assert factories.sign(client, form | {"visibility": "public"}).status_code == 303
    factories.work(app)
    for letter in factories.letters(app)[:3]:
        client.post(factories.link_in(letter))
    factories.work(app)
    console.export(console.enter(app, "exporter", "list@example.org"), "for Amina's letter")
    console.enter(app, "owner", "another.owner@example.org")


def crawled(app: Flask, clock: Clock, role: Role, campaign: str | None) -> Crawl:
    email = f"{role}.crawls@example.org"
    console.enter(app, role, email, campaign=campaign)
    return Crawl(app, clock, email).run()


def told() -> Iterator[str]:
    """What is personal of those who signed, and the words of who took their list out."""
    for form in people.SIGNERS:
        yield from (form[name] for name in IDENTIFYING if form.get(name))
    yield "for Amina's letter"


CRAWLS: Final = [
    *(("sqlite", role, campaign) for role in Role for campaign in (None, "amazon")),
    # What a role may do is not the database's to say: so two of them there, who see no personal
    # data, and who sees it on one campaign alone.
    *(
        pytest.param("postgresql", role, campaign, marks=pytest.mark.postgresql)
        for role, campaign in ((Role.VIEWER, None), (Role.MODERATOR, "amazon"))
    ),
]


@pytest.mark.parametrize(("database_url", "role", "campaign"), CRAWLS, indirect=["database_url"])
def test_nothing_that_is_shown_is_refused_or_broken(
    app: Flask, clock: Clock, campaigns: None, role: Role, campaign: str | None
) -> None:
    crawl = crawled(app, clock, role, campaign)
    assert not crawl.wrong, "\n".join(crawl.wrong)
    assert {"/staff/", "/staff/account", "/staff/help", "/staff/campaigns/amazon"} <= crawl.opened
    assert ("/staff/campaigns/depot" in crawl.opened) == (campaign is None)
    given = rights(role)
    assert ("/staff/people" in crawl.opened) == (Right.MANAGE_STAFF in given and campaign is None)
    posted = {target for target, _ in crawl.sent}
    assert ("/staff/campaigns/amazon/comments" in posted) == (Right.MODERATE in given)
    assert ("/staff/campaigns/amazon/export" in posted) == (Right.EXPORT in given)
    assert "/staff/account/sign-out-everywhere" in posted
    pages = "".join(crawl.pages.values())
    seen = [each for each in told() if each in pages]
    if Right.PERSONAL_DATA in given:
        assert people.amina["given_name"] in seen
    else:
        assert seen == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_crawl_finds_what_is_wrong(
    app: Flask, clock: Clock, campaigns: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a link to a page that is not for viewers, and a form that breaks."""
    view = app.view_functions["own_account.show"]

    def with_more() -> str:
        more = '<a href="/staff/audit">x</a><form method="post" action="/staff/nothing"></form>'
        more = more.replace("></form>", '><input name="a"></form>')
        return str(view().get_data(as_text=True)) + more

    with_more.access = view.access  # type: ignore[attr-defined]
    monkeypatch.setitem(app.view_functions, "own_account.show", with_more)
    found = crawled(app, clock, Role.VIEWER, None).wrong
    assert any("GET /staff/audit" in each and each.endswith("403") for each in found)
    assert any("POST /staff/nothing" in each and each.endswith("404") for each in found)
