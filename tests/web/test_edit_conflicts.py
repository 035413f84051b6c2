"""Two people at one thing of the console: the second one sees what the first one changed."""

from __future__ import annotations

import html
import re
from copy import copy
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from tests import console, factories, partner_sites
from tests.conftest import Clock

DOMAINS = "/staff/campaigns/amazon/domains"
LIMITS = "/staff/limits"
SAM = "sam@example.org"
CHANGED = "Somebody else has changed this meanwhile"
_HIDDEN = re.compile(r'<input type="hidden" name="seen" value="([^"]*)">')


class Opened:
    """A page as somebody opened it: what its forms send along, however much later."""

    def __init__(self, client: FlaskClient, address: str) -> None:
        self._client = client
        answer = client.get(address)
        self._token = console.form_token(answer)
        self._read(answer)

    def _read(self, answer: Answer) -> None:
        # Each form of the page has them all, and the first one's begin with an empty one.
        page = answer.get_data(as_text=True)
        first = next(form for form in page.split("<form")[1:] if 'name="seen"' in form)
        self.seen = [html.unescape(each) for each in _HIDDEN.findall(first)]

    def send(self, address: str, **fields: str) -> Answer:
        data = {"csrf_token": self._token, "seen": self.seen, **fields}
        answer = self._client.post(address, data=data)
        if answer.status_code == 409:
            self._read(answer)
        return answer


def text(answer: Answer) -> str:
    return html.unescape(answer.get_data(as_text=True))


def test_a_list_of_domains(app: Flask) -> None:
    mine = Opened(console.enter(app), DOMAINS)
    theirs = Opened(console.enter(app, "editor"), DOMAINS)
    assert theirs.send(f"{DOMAINS}/remove", domain="a2z.com").status_code == 303
    answer = mine.send(DOMAINS, domain="corp.example.org")
    assert answer.status_code == 409
    page = text(answer)
    assert CHANGED in page
    assert "Gone: <bdi>a2z.com</bdi>" in page
    assert 'value="corp.example.org"' in page, "what was typed is still there"
    assert (
        factories.rows(app, "SELECT active FROM target_domains WHERE pattern = 'corp.example.org'")
        == []
    )
    assert mine.send(DOMAINS, domain="corp.example.org").status_code == 303
    assert theirs.send(f"{DOMAINS}/remove", domain="amazon.*").status_code == 409
    assert factories.rows(
        app, "SELECT count(*) FROM target_domains WHERE pattern = 'amazon.*' AND active"
    ) == [(1,)]


def test_the_limits_of_one_place(app: Flask, clock: Clock) -> None:
    mine = Opened(console.enter(app), LIMITS)
    theirs = Opened(console.enter(app, "editor"), LIMITS)
    form = {"network": "203.0.113.0/24", "hours": "1"}
    assert theirs.send(LIMITS, **form, factor="5").status_code == 303
    answer = mine.send(LIMITS, **form, factor="50")
    assert answer.status_code == 409
    page = text(answer)
    assert "New: <bdi>203.0.113.0/24: 5 ×, 2026-11-02 " in page
    assert 'value="50"' in page
    assert factories.rows(app, "SELECT factor FROM sender_allowances") == [(5,)]
    other = {"network": "198.51.100.0/24", "hours": "1", "factor": "2"}
    assert theirs.send(LIMITS, **other).status_code == 303, "another place is another thing"
    assert mine.send(LIMITS, **form, factor="50").status_code == 303
    clock.forward(timedelta(hours=1))
    assert mine.send(f"{LIMITS}/narrow", network="203.0.113.0/24").status_code == 303, (
        "that it is over by itself is nobody's change"
    )


def test_what_somebody_may_do(app: Flask) -> None:
    console.invite(app, "viewer", SAM)
    ((staff_id,),) = factories.rows(app, "SELECT id FROM staff WHERE email = :email", email=SAM)
    page = f"/staff/people/{staff_id}"
    mine = Opened(console.enter(app), page)
    theirs = Opened(console.enter(app, "owner", "other@example.org"), page)
    assert theirs.send(f"{page}/role", role="exporter", campaign="").status_code == 303
    for address, fields in (
        ("role", {"role": "editor", "campaign": "", "also": "personal-data"}),
        ("take", {"campaign": ""}),
        ("disable", {}),
    ):
        answer = copy(mine).send(f"{page}/{address}", **fields)
        assert answer.status_code == 409
        found = text(answer)
        assert "New: <bdi>Exporter – all campaigns</bdi>" in found
        assert "Gone: <bdi>Viewer – all campaigns</bdi>" in found
    assert factories.rows(
        app, "SELECT role FROM staff_roles WHERE staff_id = :id", id=staff_id
    ) == [("exporter",)]
    answer = mine.send(f"{page}/role", role="editor", campaign="", also="personal-data")
    assert re.search(r'value="editor"[^>]* checked', text(answer)), "the choice is kept"
    assert mine.send(f"{page}/role", role="editor", campaign="").status_code == 303
    assert theirs.send(f"{page}/disable").status_code == 409


def test_opening_and_closing(app: Flask) -> None:
    page = "/staff/campaigns/amazon/state"
    mine = Opened(console.enter(app), page)
    theirs = Opened(console.enter(app, "owner", "other@example.org"), page)
    assert theirs.send(f"{page}/close").status_code == 303
    answer = mine.send(f"{page}/close")
    assert answer.status_code == 409
    found = text(answer)
    assert "New: <bdi>closed</bdi>" in found
    assert "Gone: <bdi>open</bdi>" in found
    assert factories.rows(app, "SELECT state FROM campaigns") == [("closed",)]
    assert mine.send(f"{page}/open").status_code == 303


def test_what_is_arranged_with_a_partner(app: Flask) -> None:
    page = f"/staff/campaigns/amazon/partners/{partner_sites.make(app)}"
    room = f"{page}/arrangement"
    mine = Opened(console.enter(app), room)
    theirs = Opened(console.enter(app, "owner", "other@example.org"), room)
    form = {
        "controller": "Union",
        "privacy_url": "https://union.example.org/privacy",
        "contact_email": "paula@union.example.org",
        "language": "en",
    }
    assert theirs.send(room, **form, retention_months="3").status_code == 303
    for address, typed in (
        (room, {**form, "retention_months": "60"}),
        (f"{page}/question", {"question-en": "Yes, write to me."}),
    ):
        answer = copy(mine).send(address, **typed)
        assert answer.status_code == 409
        found = text(answer)
        assert "New: <bdi>Months it may keep people: 3</bdi>" in found
        assert f'value="{[*typed.values()][-1]}"' in found, "what was typed is still there"
    newest = "SELECT retention_months FROM partner_terms ORDER BY version DESC LIMIT 1"
    assert factories.rows(app, newest) == [(3,)]
    assert mine.send(room, **form, retention_months="60").status_code == 409
    assert mine.send(room, **form, retention_months="60").status_code == 303


def test_a_partner_that_somebody_else_blocked(app: Flask) -> None:
    page = f"/staff/campaigns/amazon/partners/{partner_sites.make(app)}"
    mine = Opened(console.enter(app), page)
    theirs = Opened(console.enter(app, "owner", "other@example.org"), page)
    assert theirs.send(f"{page}/block").status_code == 303
    answer = mine.send(f"{page}/lift")
    assert answer.status_code == 409
    assert "New: <bdi>The partner is blocked</bdi>" in text(answer)
    assert factories.rows(app, "SELECT state FROM partners") == [("blocked",)]
    assert mine.send(f"{page}/lift").status_code == 303


def test_a_form_that_does_not_say_what_it_showed_is_taken(app: Flask) -> None:
    """As one from before this was asked, or of somebody who writes their own."""
    staff = console.enter(app)
    token = console.form_token(staff.get(DOMAINS))
    answer = staff.post(DOMAINS, data={"csrf_token": token, "domain": "corp.example.org"})
    assert answer.status_code == 303
