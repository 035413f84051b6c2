"""Somebody wants no more letters: by the mail program's own button, or by the page's."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import factories, people, rights
from tests.conftest import Clock
from tests.factories import rows, work
from tests.worlds import Worlds

ONE_CLICK = b"List-Unsubscribe=One-Click"
CARL = people.carl["email"]


def header(letter: EmailMessage) -> str:
    """The path that a mail program presses."""
    assert letter["List-Unsubscribe-Post"] == ONE_CLICK.decode()
    address = str(letter["List-Unsubscribe"])
    assert address.startswith("<http")
    assert address.endswith(">")
    return "/" + address[1:-1].split("/", 3)[3]


@pytest.fixture
def link(app: Flask, client: FlaskClient, clock: Clock, worlds: Worlds) -> str:
    """Carl, who wanted news, has confirmed; the button in his thank-you letter."""
    return worlds.enter(app, clock, "carl_has_news", lambda: _link(app, client))


def _link(app: Flask, client: FlaskClient) -> str:
    rights.signed(app, client, people.carl)
    letter = factories.letters(app)[-1]
    assert header(letter) == rights.link_to("unsubscribe", letter)
    return header(letter)


def test_the_mail_programs_button(app: Flask, link: str, clock: Clock) -> None:
    """RFC 8058: a POST with that body, without cookies, referrer or anything of a browser's."""
    clock.forward(timedelta(hours=1))
    answer = app.test_client(use_cookies=False).post(
        link, data=ONE_CLICK, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert rows(app, "SELECT updates FROM entries") == [("no",)]
    assert rows(app, "SELECT purpose, answer, way FROM consents ORDER BY id")[3:] == [
        ("updates", "no", "letter")
    ]
    (line,) = rights.take_out(app)
    assert ",no,2026-11-02T10:30:00Z," in line
    assert rights.state(app) == "confirmed", "the signature stays"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://mail.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Referer": "https://mail.example/inbox"},
        {"User-Agent": ""},
    ],
)
def test_from_wherever_the_mail_program_sends_it(
    app: Flask, client: FlaskClient, link: str, headers: dict[str, str]
) -> None:
    assert client.post(link, data=ONE_CLICK, headers=headers).status_code == 200
    assert rows(app, "SELECT updates FROM entries") == [("no",)]


def test_as_multipart_and_with_no_body_at_all(app: Flask, client: FlaskClient, link: str) -> None:
    data = {"List-Unsubscribe": "One-Click"}
    assert client.post(link, data=data, content_type="multipart/form-data").status_code == 200
    assert client.post(link).status_code == 200


def test_the_page_has_a_button_and_changes_nothing(
    app: Flask, client: FlaskClient, link: str
) -> None:
    before = rights.dump(app)
    page = client.get(link)
    assert page.status_code == 200
    assert '<form method="post">' in page.get_data(as_text=True)
    assert rights.dump(app) == before
    pressed = client.post(link)
    assert "Done. From now on we write only" in pressed.get_data(as_text=True)


def test_ten_times_is_once(app: Flask, client: FlaskClient, link: str, clock: Clock) -> None:
    client.post(link, data=ONE_CLICK)
    before = rights.dump(app)
    for _ in range(9):
        clock.forward(timedelta(hours=1))
        assert client.post(link, data=ONE_CLICK).status_code == 200
    assert rights.dump(app) == before


def test_no_reminder_and_no_thanks_after_it(app: Flask, client: FlaskClient, clock: Clock) -> None:
    factories.sign(client, people.carl)
    work(app)
    clock.forward(timedelta(days=3))
    work(app)
    reminder = factories.letters(app)[-1]
    client.post(header(reminder), data=ONE_CLICK)
    client.post(rights.link_to("confirm", reminder))
    work(app)
    assert rights.kinds(app)[-1] == ("thanks", "withheld")
    assert rights.state(app) == "confirmed"
    rights.ask(client, CARL)
    work(app)
    assert rights.kinds(app)[-1] == ("data", "sent"), "what they ask for themselves comes"
    page = client.get(rights.newest(app, "my")).get_data(as_text=True)
    assert "we only send emails that you ask for" in page


def test_yes_to_news_on_ones_own_page_ends_it(app: Flask, client: FlaskClient, link: str) -> None:
    client.post(link, data=ONE_CLICK)
    mine = rights.newest(app, "my")
    ticket = client.get(mine).get_data(as_text=True).split('name="ticket" value="')[1].split('"')[0]
    form = {"updates": "yes", "visibility": "target", "ticket": ticket}
    assert client.post(f"{mine}/choices", data=form).status_code == 303
    assert rows(app, "SELECT unsubscribed_at FROM signatures") == [(None,)]
    assert ",yes," in rights.take_out(app)[0]


def test_years_later_it_works_still(
    app: Flask, client: FlaskClient, link: str, clock: Clock
) -> None:
    clock.forward(timedelta(days=3649))
    assert client.post(link, data=ONE_CLICK).status_code == 200
    assert rows(app, "SELECT updates FROM entries") == [("no",)]


def test_when_all_is_erased_it_says_so_kindly(app: Flask, client: FlaskClient, link: str) -> None:
    rights.erase(app, 1)
    before = rights.dump(app)
    for answer in (client.get(link), client.post(link, data=ONE_CLICK)):
        assert answer.status_code == 200
    assert rights.dump(app) == before
