"""The console's pages of webhooks: only owners; a secret is seen once; each change is noted."""

from __future__ import annotations

import html
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition.store.db import transaction
from petition.store.webhooks import deliveries
from petition.store.webhooks.deliveries import Answer as Got
from petition.web.http.dependencies import dependencies_of
from tests import console, factories, partner_sites, people, webhook_receiver
from tests.park import open_park

ROOM = "/staff/campaigns/amazon/webhooks"
URL = "https://hooks.example.org/in?key=a1"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def text(answer: Answer) -> str:
    return html.unescape(answer.get_data(as_text=True)).replace("<wbr>", "")


def send(staff: FlaskClient, place: str = "", **form: str) -> Answer:
    token = console.form_token(staff.get("/staff/"))
    return staff.post(f"{ROOM}{place}", data={"csrf_token": token, **form})


def made(app: Flask) -> str:
    return str(factories.rows(app, "SELECT key FROM webhook_endpoints ORDER BY id DESC")[0][0])


def outcomes(app: Flask) -> list[object]:
    query = "SELECT outcome FROM audit WHERE action = 'webhook' ORDER BY number"
    return [outcome for (outcome,) in factories.rows(app, query)]


def test_an_owner_adds_tests_rotates_and_switches(app: Flask) -> None:
    owner = console.enter(app)
    answer = send(owner, url=URL, algorithm="v1")
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    (secret,) = re.findall(r"whsec_[A-Za-z0-9+/=]{44}", text(answer))
    place = f"/{made(app)}"
    assert secret not in text(owner.get(f"{ROOM}{place}"))
    assert URL in text(owner.get(ROOM))
    assert send(owner, f"{place}/test").status_code == 303
    assert "ping" in text(owner.get(f"{ROOM}{place}"))
    (new,) = re.findall(r"whsec_[A-Za-z0-9+/=]{44}", text(send(owner, f"{place}/rotate")))
    assert new != secret
    assert "with the new and with the old one" in text(owner.get(f"{ROOM}{place}"))
    for verb, words in (
        ("full", "They name people"),
        ("thin", "They say which signature changed"),
        ("off", "Switch it on"),
        ("on", "Switch it off"),
    ):
        assert send(owner, f"{place}/{verb}").status_code == 303
        assert words in text(owner.get(f"{ROOM}{place}"))
    assert outcomes(app) == ["added", "tested", "rotated", "full", "thin", "off", "live"]
    ((who, detail),) = factories.rows(
        app, "SELECT who, detail FROM audit WHERE action = 'webhook' ORDER BY number LIMIT 1"
    )
    assert (who, detail) == (console.address("owner"), f"amazon: {place[1:]} hooks.example.org")


@on_sqlite
def test_a_public_key_can_be_seen_again(app: Flask) -> None:
    owner = console.enter(app)
    (key,) = re.findall(r"whpk_[A-Za-z0-9+/=]{44}", text(send(owner, url=URL, algorithm="v1a")))
    assert key in text(owner.get(f"{ROOM}/{made(app)}"))


@on_sqlite
@pytest.mark.parametrize(
    ("url", "algorithm", "words"),
    [
        ("", "v1", "Please fill this in"),
        ("http://hooks.example.org/", "v1", "Please enter an address"),
        ("https://127.0.0.1/", "v1", "Please enter an address"),
        ("https://localhost:8443/", "v1", "Please enter an address"),
        (URL, "v2", "Please choose"),
        (URL, "", "Please choose"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    app: Flask, url: str, algorithm: str, words: str
) -> None:
    answer = send(console.enter(app), url=url, algorithm=algorithm)
    assert answer.status_code == 422
    assert words in text(answer)
    assert f'value="{url}"' in text(answer)
    assert factories.rows(app, "SELECT count(*) FROM webhook_endpoints") == [(0,)]


@on_sqlite
def test_it_can_be_a_partners_of_this_petition(app: Flask) -> None:
    open_park(app)
    key, foreign = partner_sites.make(app), partner_sites.make(app, slug="park")
    owner = console.enter(app)
    assert send(owner, url=URL, algorithm="v1", partner=foreign).status_code == 404
    assert send(owner, url=URL, algorithm="v1", partner=key).status_code == 200
    for place in (ROOM, f"{ROOM}/{made(app)}"):
        assert "<bdi>Union</bdi>" in text(owner.get(place))


@on_sqlite
def test_ten_are_the_most(app: Flask) -> None:
    for _ in range(10):
        webhook_receiver.add(app, URL)
    answer = send(console.enter(app), url=URL, algorithm="v1")
    assert answer.status_code == 422
    assert "Ten webhooks" in text(answer)


@on_sqlite
@pytest.mark.parametrize("act", ["", "/{key}/full", "/{key}/rotate", "/{key}/on"])
def test_what_weighs_most_takes_a_fresh_second_factor(app: Flask, act: str) -> None:
    key = webhook_receiver.add(app, URL).key
    owner = console.enter(app)
    token = console.form_token(owner.get(ROOM))
    factories.change(
        app, "UPDATE staff_sessions SET second_factor_at = '2026-01-01 00:00:00+00:00'"
    )
    form = {"csrf_token": token, "url": URL, "algorithm": "v1"}
    answer = owner.post(ROOM + act.format(key=key), data=form)
    assert answer.status_code == 403
    assert "second-factor/again" in text(answer)
    assert factories.rows(app, "SELECT count(*), sum(is_full) FROM webhook_endpoints") == [(1, 0)]


@on_sqlite
def test_another_campaigns_webhook_is_not_there(app: Flask) -> None:
    open_park(app)
    key = webhook_receiver.add(app, URL, slug="park").key
    owner = console.enter(app, "owner", campaign="amazon")
    missing = owner.get(f"{ROOM}/0123456789abcdef")
    assert missing.status_code == 404
    assert owner.get(f"{ROOM}/{key}").get_data() == missing.get_data()
    for verb in ("test", "rotate", "full", "thin", "off", "on", "replay", "messages/1/replay"):
        assert send(owner, f"/{key}/{verb}").status_code == 404
    assert factories.rows(app, "SELECT state, is_full FROM webhook_endpoints")[0][0] == "live"


@on_sqlite
def test_what_was_given_up_is_seen_and_sent_again(app: Flask) -> None:
    deps = dependencies_of(app)
    webhook_receiver.add(app, URL)
    factories.keep(app, factories.the_call(app), people.amina)
    factories.confirm(app, factories.entries(app)[0])
    with transaction() as session:
        got = Got(status=422, error=None, took_ms=7, may_have_arrived=True)
        deliveries.note_dead(session, 1, got, at=deps.now())
    owner = console.enter(app)
    page = text(owner.get(f"{ROOM}/{made(app)}"))
    assert "given up: 1" in page
    assert "422, 7 ms" in page
    assert people.amina["email"] not in page
    assert send(owner, f"/{made(app)}/messages/1/replay").status_code == 303
    assert factories.rows(app, "SELECT state FROM webhook_deliveries") == [("owed",)]
    assert send(owner, f"/{made(app)}/messages/1/replay").status_code == 404
    assert outcomes(app)[-1] == "replayed"


@on_sqlite
def test_an_erasure_that_waits_for_three_days_is_shown(app: Flask, clock: object) -> None:
    webhook_receiver.add(app, URL)
    factories.keep(app, factories.the_call(app), people.amina)
    factories.confirm(app, factories.entries(app)[0])
    factories.change(
        app,
        "UPDATE webhook_deliveries SET kind = 'signature.erased', "
        "happened_at = '2026-10-01 00:00:00+00:00'",
    )
    owner = console.enter(app)
    for place in (ROOM, f"{ROOM}/{made(app)}"):
        assert "has waited for more than three days" in text(owner.get(place))
