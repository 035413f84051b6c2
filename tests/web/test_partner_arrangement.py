"""The arrangement with a partner: set by staff, accepted once by a link, and public."""

from __future__ import annotations

import html

import pyrage
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition.domain.tokens import ACCEPT_LIFE
from tests import console, factories, partner_sites, rights
from tests.conftest import Clock

ROOM = "/staff/campaigns/amazon/partners"
FILLED_IN = {
    "controller": "Union e. V.",
    "privacy_url": "https://union.example.org/privacy",
    "contact_email": "paula@union.example.org",
    "language": "de",
    "retention_months": "12",
}
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def text(answer: Answer) -> str:
    return html.unescape(answer.get_data(as_text=True))


def post(staff: FlaskClient, key: str, what: str, **fields: str) -> Answer:
    token = console.form_token(staff.get(f"{ROOM}/{key}/arrangement"))
    return staff.post(f"{ROOM}/{key}/{what}", data={"csrf_token": token, **fields})


def log(app: Flask) -> list[tuple[object, ...]]:
    query = "SELECT who, outcome, detail FROM audit WHERE action = 'partner' ORDER BY id"
    return factories.rows(app, query)


def test_from_the_settings_to_the_form(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make_new(app)
    staff = console.enter(app)
    assert post(staff, key, "arrangement", **FILLED_IN).status_code == 303
    assert client.get(partner_sites.address(key)).status_code == 404
    assert post(staff, key, "send").headers["Location"].endswith("?sent=1")
    assert "The email is on its way" in text(staff.get(f"{ROOM}/{key}/arrangement?sent=1"))
    factories.work(app)
    letter = factories.letters(app)[-1]
    assert letter["To"] == "paula@union.example.org"
    assert letter["Content-Language"] == "de"
    link = rights.link_to("accept", letter)
    page = client.get(link)
    assert 'lang="de"' in text(page)
    assert "Union e. V." in text(page)
    assert client.get(partner_sites.address(key)).status_code == 404  # a scanner opens links
    assert client.post(link, data={"name": ""}).status_code == 422
    assert client.post(link, data={"name": "123"}).status_code == 422
    assert client.post(link, data={"name": "Paula"}).status_code == 303
    assert client.get(partner_sites.address(key)).status_code == 200
    # Once: another name changes nothing.
    client.post(link, data={"name": "Mallory"})
    accepted = "SELECT accepted_by, accepted_at IS NOT NULL, words_version FROM partner_terms"
    assert [tuple(map(str, row)) for row in factories.rows(app, accepted)] in (
        [("Paula", "1", "1")],
        [("Paula", "True", "1")],
    )
    assert "Paula" in text(client.get(f"{link}?lang=en"))
    assert log(app)[-2:] == [
        (console.address("owner"), "asked", f"amazon: {key} 1"),
        (f"partner {key}", "accepted", f"amazon: {key} 1"),
    ]
    assert "Accepted by Paula" in text(staff.get(f"{ROOM}/{key}/arrangement"))
    # There is nothing to accept: a letter that still waits is not sent.
    factories.change(
        app,
        "INSERT INTO letters (partner_id, kind, state, due_at, admitted, attempts)"
        " SELECT partner_id, kind, 'owed', due_at, false, 0 FROM letters",
    )
    factories.work(app)
    assert len(factories.letters(app)) == 1


@on_sqlite
def test_an_old_link_and_one_for_other_terms_accept_nothing(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    key = partner_sites.make_new(app)
    first = partner_sites.accept_link(app, partner_sites.set_terms(app, key))
    second = partner_sites.accept_link(app, partner_sites.set_terms(app, key, retention_months=3))
    assert client.post(first, data={"name": "Paula"}).status_code == 200
    assert "has changed since" in text(client.get(first))
    partner_sites.block(app, key)
    assert client.post(second, data={"name": "Paula"}).status_code == 200
    clock.forward(ACCEPT_LIFE)
    assert client.post(second, data={"name": "Paula"}).status_code == 410
    nobody = "SELECT count(*) FROM partner_terms WHERE accepted_at IS NOT NULL"
    assert factories.rows(app, nobody) == [(0,)]


@on_sqlite
@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("controller", ""),
        ("controller", "1"),
        ("privacy_url", "http://union.example.org"),
        ("privacy_url", 'https://union.example.org/"><b>'),
        ("privacy_url", "javascript:alert(1)"),
        ("privacy_url", "https://[::1"),
        ("contact_email", "nobody"),
        ("retention_months", "0"),
        ("retention_months", "61"),
        ("retention_months", "²"),
        ("retention_months", "9" * 30),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(app: Flask, field: str, typed: str) -> None:
    key = partner_sites.make_new(app)
    answer = post(console.enter(app), key, "arrangement", **(FILLED_IN | {field: typed}))
    assert answer.status_code == 422
    assert f'href="#{field}"' in text(answer)
    assert typed in text(answer)
    assert FILLED_IN["controller" if field != "controller" else "privacy_url"] in text(answer)
    assert factories.rows(app, "SELECT count(*) FROM partner_terms") == [(0,)]


def test_a_key_for_lists_is_given_with_the_yes_and_changed_by_another(
    app: Flask, client: FlaskClient
) -> None:
    key = partner_sites.make_new(app)
    link = partner_sites.accept_link(app, partner_sites.set_terms(app, key))
    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    for typed, said in (
        ("age1nothing", "This is no public key"),
        (str(identity), "This is the secret part of your key"),
    ):
        answer = client.post(link, data={"name": "Paula", "recipient": typed})
        assert answer.status_code == 422
        assert said in text(answer)
        assert 'href="#recipient"' in text(answer)
        assert (typed in text(answer)) == (typed == "age1nothing")
        assert "Paula" in text(answer)
    assert client.post(link, data={"name": "Paula", "recipient": public}).status_code == 303
    assert public in text(client.get(link))
    staff = console.enter(app)
    assert public in text(staff.get(f"{ROOM}/{key}/arrangement"))
    assert public in text(client.get(partner_sites.page_link(app, key)))
    assert post(staff, key, "new-key").status_code == 303
    assert post(staff, key, "new-key").status_code == 303  # once or twice the same
    newest = factories.rows(app, "SELECT max(id), count(*) FROM partner_terms")
    assert newest[0][1] == 2
    again = partner_sites.accept_link(app, int(str(newest[0][0])))
    assert f'value="{public}"' in text(client.get(again))
    other = str(pyrage.x25519.Identity.generate().to_public())
    assert client.post(again, data={"name": "Paula", "recipient": other}).status_code == 303
    assert other in text(staff.get(f"{ROOM}/{key}/arrangement"))
    assert log(app)[-2][1:] == ("anew", f"amazon: {key} 2")


@on_sqlite
def test_staff_write_its_question(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app)
    staff = console.enter(app)
    words = {"question-en": "Yes, write to me.", "question-de": "1"}
    answer = post(staff, key, "question", **words)
    assert answer.status_code == 422
    assert 'href="#question-de"' in text(answer)
    assert post(staff, key, "question", **(words | {"question-de": ""})).status_code == 303
    assert "Yes, write to me." in text(client.get(partner_sites.address(key)))
    assert post(staff, key, "question").status_code == 303
    assert "partner_updates" not in text(client.get(partner_sites.address(key)))
    assert log(app)[-1][1:] == ("question", f"amazon: {key} en")


@on_sqlite
def test_only_who_may_edit_sees_it_and_of_this_campaign(app: Flask) -> None:
    key = partner_sites.make(app)
    assert console.enter(app, "viewer").get(f"{ROOM}/{key}/arrangement").status_code == 403
    staff = console.enter(app)
    assert staff.get(f"{ROOM}/{'0' * 16}/arrangement").status_code == 404
    token = console.form_token(staff.get(f"{ROOM}/{key}/arrangement"))
    for what in ("arrangement", "question", "send", "new-key"):
        sent = {"csrf_token": token, **FILLED_IN}
        assert staff.post(f"{ROOM}/{'0' * 16}/{what}", data=sent).status_code == 404


@on_sqlite
def test_everybody_reads_what_partners_receive(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app)
    partner_sites.make_new(app, "Waiting")
    page = client.get("/en/amazon/partners")
    for words in ("Union e. V.", "https://union.example.org", "12 months at most"):
        assert words in text(page)
    for words in ("Waiting", "paula@union", "Paula", key):
        assert words not in text(page)
    assert "/en/amazon/partners" in text(client.get("/en/amazon/privacy"))
    partner_sites.block(app, key)
    assert "There is none now" in text(client.get("/en/amazon/partners"))
