"""The console's page of the limits: numbers and no addresses, and wider limits for a place."""

from __future__ import annotations

import html
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition.store.db import transaction
from petition.store.letters import relay
from tests import console, people
from tests.conftest import Clock
from tests.factories import rows, ticket, work

PAGE = "/staff/limits"
WIFI = {"REMOTE_ADDR": "203.0.113.9"}


def text(answer: Answer) -> str:
    return html.unescape(answer.get_data(as_text=True))


def widen(client: FlaskClient, network: str, hours: str = "4", factor: str = "10") -> Answer:
    token = console.form_token(client.get(PAGE))
    form = {"csrf_token": token, "network": network, "hours": hours, "factor": factor}
    return client.post(PAGE, data=form)


def sign(client: FlaskClient, number: int) -> int:
    form = people.someone(number) | {"ticket": ticket(client)}
    return client.post("/en/amazon/sign", data=form, environ_base=WIFI).status_code


def test_it_shows_numbers_and_never_an_address(app: Flask, client: FlaskClient) -> None:
    for number in range(25):
        assert sign(client, number) == 303
    page = text(console.enter(app, "viewer").get(PAGE))
    assert page.index("wait their turn") < page.index('<p class="figure">5</p>')
    assert "Senders who have used up what goes out at once: 1." in page
    assert "The last one is due at 2 Nov 2026, 09:30 UTC." in page
    assert WIFI["REMOTE_ADDR"] not in page
    ((sender,),) = rows(app, "SELECT sender FROM sender_counts WHERE action = 'letter'")
    assert bytes(sender).hex() not in page  # type: ignore[arg-type]
    assert f'href="{PAGE}"' in text(console.enter(app).get("/staff/"))


def test_it_shows_what_was_refused(app: Flask, client: FlaskClient) -> None:
    for _ in range(62):
        data = {"email": "x@example.org"}
        client.post("/en/amazon/my", data=data, environ_base=WIFI)
    page = text(console.enter(app).get(PAGE))
    row = page[page.index("Asking for an email or a link") :].partition("</tr>")[0]
    assert [part.partition("<")[0] for part in row.split('class="number">')[1:]] == [
        "1",
        "1",
        "1",
        "2",
    ]


def test_it_shows_the_budget_of_letters(app: Flask, client: FlaskClient) -> None:
    for number in range(3):
        assert sign(client, number) == 303
    page = text(console.enter(app, "viewer").get(PAGE))
    assert "At most 2,000 of them leave in a minute" in page
    assert "Emails of all kinds that are due and waiting: 3." in page
    work(app)
    page = text(console.enter(app, "viewer").get(PAGE))
    assert page.index("never confirmed") < page.index('<p class="figure">3</p>')
    assert "In the last hour: 3." in page


@pytest.mark.each_case_on_both
@pytest.mark.slow
@pytest.mark.parametrize("address", [PAGE, "/staff/"])
@pytest.mark.parametrize("note", ["held_since", "away_since"])
def test_staff_learn_that_the_mail_server_takes_nothing(
    app: Flask, clock: Clock, address: str, note: str
) -> None:
    staff = console.enter(app, "viewer")
    assert "The mail server" not in text(staff.get(address))
    with transaction() as session:
        relay.note_away(session, reason="550 5.7.1", at=clock())
        if note == "held_since":
            for _ in range(relay.IN_A_ROW):
                relay.note_refused(session, attempts=0, reason="550 5.7.1", at=clock())
    page = text(staff.get(address))
    words = {"held_since": "has refused all our emails", "away_since": "has been out of reach"}
    assert words[note] in page
    assert "550 5.7.1" in page


@pytest.mark.slow
@pytest.mark.parametrize("role", ["editor", "owner"])
def test_who_may_edit_widens_the_limits_of_a_place_at_once(
    app: Flask, client: FlaskClient, clock: Clock, role: str
) -> None:
    staff = console.enter(app, role)
    for number in range(21):
        sign(client, number)
    answer = widen(staff, " 203.0.113.7/24 ")
    assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
    assert "203.0.113.0/24</code> 10 times as wide, until 2 Nov 2026" in text(staff.get(PAGE))
    for number in range(21, 31):
        sign(client, number)
    clock.forward(timedelta(seconds=12))  # one turn of six seconds, and ten that are a tenth of it
    assert work(app) == 31
    audit = rows(app, "SELECT who, action, detail FROM audit ORDER BY id DESC LIMIT 1")
    expected = "a /24 of IPv4: 10 times, 4 hours"  # the audit log is for ever: no network in it
    assert audit == [(console.address(role), "widen limits", expected)]


def test_it_ends_by_itself_or_at_once(app: Flask, clock: Clock) -> None:
    staff = console.enter(app)
    for network in ("203.0.113.7", "2001:db8:1:2:3::/80"):
        assert widen(staff, network, hours="1").status_code == 303
    page = text(staff.get(PAGE))
    assert "203.0.113.7/32</code>" in page
    assert "2001:db8:1:2::/64</code>" in page
    token = console.form_token(staff.get(PAGE))
    ended = {"csrf_token": token, "network": "203.0.113.7/32"}
    assert staff.post(f"{PAGE}/narrow", data=ended).status_code == 303
    assert "203.0.113.7/32</code>" not in text(staff.get(PAGE))
    clock.forward(timedelta(hours=1))
    assert "2001:db8" not in text(staff.get(PAGE)).partition("Widen the limits")[0]


@pytest.mark.parametrize(
    ("network", "hours", "factor", "said"),
    [
        ("", "4", "10", "Please fill this in."),
        ("nowhere", "4", "10", "Please enter a network"),
        ("203.0.113.0/33", "4", "10", "Please enter a network"),
        ("<b>", "4", "10", "Please enter a network"),
        ("9" * 5000, "4", "10", "Please enter a network"),
        ("10.0.0.0/8", "4", "10", "more than one place"),
        ("::/0", "4", "10", "more than one place"),
        ("203.0.113.0/24", "0", "10", "from 1 to 168"),
        ("203.0.113.0/24", "169", "10", "from 1 to 168"),
        ("203.0.113.0/24", "٤", "10", "from 1 to 168"),
        ("203.0.113.0/24", "9" * 5000, "10", "from 1 to 168"),
        ("203.0.113.0/24", "4", "1", "from 2 to 100"),
        ("203.0.113.0/24", "4", "1e1", "from 2 to 100"),
    ],
)
def test_what_is_no_place_is_said_and_kept(
    app: Flask, network: str, hours: str, factor: str, said: str
) -> None:
    answer = widen(console.enter(app), network, hours, factor)
    assert answer.status_code == 422
    assert said in text(answer)
    assert f'value="{network}"' in html.unescape(text(answer)) or network == ""
    assert rows(app, "SELECT * FROM sender_allowances") == []


@pytest.mark.parametrize("role", ["viewer", "moderator", "exporter"])
def test_who_may_only_look_is_offered_no_change(app: Flask, role: str) -> None:
    page = text(console.enter(app, role).get(PAGE))
    assert 'name="network"' not in page
    assert "not change the limits" in page


def test_it_says_when_senders_cannot_be_told_apart(app: Flask, client: FlaskClient) -> None:
    staff = console.enter(app)
    assert "PETITION_TRUSTED_PROXIES" not in text(staff.get(PAGE))
    client.post("/en/amazon/my", data={}, headers={"X-Forwarded-For": "203.0.113.9"})
    assert "PETITION_TRUSTED_PROXIES" in text(staff.get(PAGE))


@pytest.mark.parametrize("language", ["ar", "en"])
def test_examples_of_networks_are_read_from_left_to_right(app: Flask, language: str) -> None:
    page = console.enter(app).get(PAGE, headers={"Accept-Language": language}).text
    hint = page[page.index('id="network-hint"') :].partition("</p>")[0]
    for each in ("203.0.113.7", "203.0.113.0/24", "2001:db8:1::/48"):
        assert f'<bdi dir="ltr">{each}</bdi>' in hint
