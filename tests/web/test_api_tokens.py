"""Tokens of the API: whom each reads, that it stands on record, and who cannot."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition.domain.api.tokens import REQUESTS, Scope
from petition.services.privacy import rights as services_rights
from petition.services.signatures import holds
from petition.services.staff import panic
from petition.store.db import transaction
from petition.store.exports import contents
from petition.store.partners import disclosures
from petition.web.http.dependencies import dependencies_of
from tests import api_tokens, console, factories, partner_sites, people, programs, rights
from tests.api_tokens import names, read
from tests.conftest import Clock
from tests.factories import confirm, entries, keep, rows, the_call
from tests.programs import PLACE, kind

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

MINUTE = timedelta(minutes=2)
AMINA = people.amina["given_name"]


@pytest.fixture
def key(app: Flask) -> str:
    return partner_sites.asking(app)


def everybody(app: Flask, clock: Clock, key: str) -> None:
    """Ben said yes to the partner, Amina no, Cora signed on our own page; Ada is not confirmed."""
    partner_sites.keep(app, key, people.ben)
    partner_sites.keep(app, key, people.amina, answer="no")
    keep(app, the_call(app), people.cora)
    for entry in entries(app):
        confirm(app, entry)
        clock.forward(MINUTE)
    keep(app, the_call(app), people.someone(7))
    clock.forward(MINUTE)


# --- whom a token reads ---------------------------------------------------------------------------


def test_a_partners_token_reads_who_said_yes_and_nobody_else(
    app: Flask, client: FlaskClient, clock: Clock, key: str
) -> None:
    everybody(app, clock, key)
    answer = read(client, api_tokens.make(app, key))
    assert names(answer) == ["Ben"]
    (ben,) = answer.get_json()["signatures"]
    assert set(ben) == {
        "reference",
        "state",
        "given_name",
        "family_name",
        "email",
        "country",
        "language",
        "sequence",
        "answered_at",
        "text_sha256",
    }
    assert len(ben["reference"]) == 26
    assert ben["sequence"] == 1
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert rows(app, "SELECT signature_id, way FROM partner_disclosures") == [(1, "api")]
    other = partner_sites.asking(app, "Other")
    assert names(read(client, api_tokens.make(app, other))) == []


def test_the_organisers_token_reads_all_that_is_confirmed_by_pages(
    app: Flask, client: FlaskClient, clock: Clock, key: str
) -> None:
    everybody(app, clock, key)
    token = api_tokens.make(app)
    first = read(client, token, limit=2)
    assert names(first) == ["Ben", AMINA]
    assert first.get_json()["has_more"] is True
    second = read(client, token, limit=2, after=first.get_json()["next"])
    assert names(second) == ["Cora"]
    assert second.get_json()["has_more"] is False
    last = second.get_json()["next"]
    again = read(client, token, after=last)
    assert (names(again), again.get_json()["next"]) == ([], last)
    assert second.get_json()["signatures"][0]["reference"] == "3"
    # One list a day in the ledger, with each of them once, and the log names the token.
    names(read(client, token))
    shown = token[:12]
    assert rows(app, "SELECT by, reason, rows, to_remove FROM exports") == [(shown, "API", 3, 0)]
    assert rows(app, "SELECT detail FROM audit WHERE action = 'export'") == [("amazon: list 1",)]
    page = console.enter(app).get("/staff/campaigns/amazon").get_data(as_text=True)
    assert f"{shown}</bdi>" in page.replace("<wbr>", "")
    page = console.enter(app).get("/staff/campaigns/amazon/tokens").get_data(as_text=True)
    assert f"Last used on {clock().day} November 2026." in page
    assert "cut off</code>" not in page
    clock.forward(timedelta(days=1))
    names(read(client, token))
    assert rows(app, "SELECT rows FROM exports ORDER BY id") == [(3,), (3,)]
    with app.app_context(), transaction() as session:
        found = contents.holding(session, the_call(app).id, [3])
    assert [each.id for each in found] == [1, 2]


def test_filters_choose_among_them(app: Flask, client: FlaskClient, clock: Clock, key: str) -> None:
    everybody(app, clock, key)
    token = api_tokens.make(app)
    all_of_them = read(client, token).get_json()["signatures"]
    for field in ("country", "language"):
        chosen = all_of_them[1][field]
        expected = [each["given_name"] for each in all_of_them if each[field] == chosen]
        assert names(read(client, token, **{field: chosen})) == expected
    since = all_of_them[1]["confirmed_at"]
    assert names(read(client, token, since=since)) == [AMINA, "Cora"]
    assert names(read(client, token, source="nothing")) == []
    assert names(read(client, token, state="confirmed", limit=1)) == ["Ben"]
    assert names(read(client, token, partner=key)) == ["Ben", AMINA]
    answers = {each["given_name"]: each["updates"] for each in all_of_them}
    assert set(answers.values()) == {"yes", "no"}
    for answer in ("yes", "no"):
        said = [name for name, updates in answers.items() if updates == answer]
        assert names(read(client, token, updates=answer)) == said
    # A partner is told none of these of anybody: nor can it ask for those of whom it is so.
    partners = api_tokens.make(app, key)
    assert names(read(client, partners, country=all_of_them[0]["country"])) == ["Ben"]
    for name, value in (("source", f"{key}.0"), ("partner", key), ("updates", "no")):
        refused = read(client, partners, **{name: value})
        assert kind(refused) == "wrong-fields", name
        assert refused.get_json()["errors"][0]["parameter"] == name


@on_sqlite
def test_what_is_asked_wrongly_is_said(app: Flask, client: FlaskClient, key: str) -> None:
    token = api_tokens.make(app)
    for name, value in (
        ("after", "x"),
        ("after", "9" * 18),
        ("limit", "0"),
        ("limit", "201"),
        ("limit", "many"),
        ("since", "yesterday"),
        ("since", "2026-11-02"),
        ("state", "pending"),
        ("country", "Germany"),
        ("language", "English"),
        ("source", ""),
        ("updates", "perhaps"),
        ("partner", "x" * 17),
    ):
        answer = read(client, token, **{name: value}, lang="de")
        assert kind(answer) == "wrong-fields", (name, value)
        assert [each["parameter"] for each in answer.get_json()["errors"]] == [name]
        assert answer.headers["Content-Language"] == "de"


# --- who left -------------------------------------------------------------------------------------


def test_a_partner_learns_who_left_in_order_and_who_came_back(
    app: Flask, client: FlaskClient, clock: Clock, key: str
) -> None:
    everybody(app, clock, key)
    token = api_tokens.make(app, key)
    (ben,) = read(client, token).get_json()["signatures"]
    assert read(client, token, "withdrawals").get_json()["withdrawals"] == []
    rights.move(app, holds.hold)
    rights.move(app, holds.release)
    (left,) = read(client, token, "withdrawals").get_json()["withdrawals"]
    assert (left["reference"], left["state"]) == (ben["reference"], "withdrawn")
    (back,) = read(client, token, after=1).get_json()["signatures"]
    assert back["reference"] == ben["reference"]
    assert back["sequence"] > left["sequence"] > ben["sequence"]
    after = read(client, token, "withdrawals").get_json()["next"]
    rights.erase(app, 1)
    gone = read(client, token, "withdrawals", after=after).get_json()["withdrawals"]
    assert [(each["reference"], each["state"]) for each in gone] == [(ben["reference"], "erased")]
    assert names(read(client, token)) == []


def test_the_organiser_learns_who_left_of_those_whom_the_token_read(
    app: Flask, client: FlaskClient, clock: Clock, key: str
) -> None:
    everybody(app, clock, key)
    token, other = api_tokens.make(app), api_tokens.make(app)
    assert names(read(client, token, limit=2)) == ["Ben", AMINA]
    rights.withdraw(app, 2)
    rights.withdraw(app, 3)
    clock.forward(MINUTE)
    rights.erase(app, 1)
    clock.forward(MINUTE)
    first = read(client, token, "withdrawals", limit=1).get_json()
    second = read(client, token, "withdrawals", after=first["next"]).get_json()
    found = [*first["withdrawals"], *second["withdrawals"]]
    assert (first["has_more"], second["has_more"]) == (True, False)
    assert [(each["reference"], each["state"]) for each in found] == [
        ("2", "withdrawn"),
        ("1", "erased"),
    ]
    assert read(client, other, "withdrawals").get_json()["withdrawals"] == []
    assert read(client, token, "withdrawals", after=second["next"]).get_json()["withdrawals"] == []


# --- how much, and who may not --------------------------------------------------------------------


@on_sqlite
def test_a_day_has_as_many_people_as_one_person_may_take_out_alone(
    app: Flask, client: FlaskClient, clock: Clock, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody(app, clock, key)
    deps = dependencies_of(app)
    object.__setattr__(deps, "settings", replace(deps.settings, second_person=True))
    monkeypatch.setattr("petition.domain.exports.second_person.ROWS_ALONE", 2)
    token = api_tokens.make(app)
    page = read(client, token, limit=2)
    assert names(page) == ["Ben", AMINA]
    refused = read(client, token, after=page.get_json()["next"])
    assert (refused.status_code, kind(refused)) == (429, "too-many")
    assert refused.headers["RateLimit-Policy"].startswith('"people"')
    assert int(refused.headers["Retry-After"]) > 60
    assert rows(app, "SELECT rows FROM exports") == [(2,)]
    assert names(read(client, token, limit=2)) == ["Ben", AMINA]  # whom it has already
    another = read(client, api_tokens.make(app), limit=1)
    assert (another.status_code, kind(another)) == (429, "too-many"), "another token, another day"
    clock.forward(timedelta(days=1))
    assert names(read(client, token, after=page.get_json()["next"])) == ["Cora"]


@on_sqlite
def test_each_answer_says_what_is_left_and_the_last_one_when_to_come_again(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    token = api_tokens.make(app)
    answer = read(client, token, "withdrawals")
    assert answer.headers["RateLimit-Policy"] == f'"token";q={REQUESTS};w=3600'
    left = answer.headers["RateLimit"]
    assert left.startswith(f'"token";r={REQUESTS - 1};t=')
    factories.change(app, f"UPDATE api_tokens SET used_number = {REQUESTS}")
    refused = read(client, token, "withdrawals")
    assert kind(refused) == "too-many"
    assert refused.headers["RateLimit"].startswith('"token";r=0;t=')
    other = api_tokens.make(app)
    assert read(client, other, "withdrawals").status_code == 200
    clock.forward(timedelta(hours=1))
    assert read(client, token, "withdrawals").status_code == 200


def test_a_token_opens_what_it_says_until_its_end_and_no_more(
    app: Flask, client: FlaskClient, clock: Clock, key: str
) -> None:
    token = api_tokens.make(app, key, (Scope.WITHDRAWALS,), days=2)
    assert read(client, token, "withdrawals").status_code == 200
    assert kind(read(client, token)) == "not-allowed"
    used = rows(app, "SELECT last_used_on FROM api_tokens")
    assert str(used[0][0]) == clock().date().isoformat()
    elsewhere = client.get(
        "/api/v1/campaigns/other/withdrawals", headers={"Authorization": f"Bearer {token}"}
    )
    assert kind(elsewhere) == "not-found"
    clock.forward(timedelta(days=2))
    assert kind(read(client, token, "withdrawals")) == "no-token"


def interrupted(
    app: Flask,
    client: FlaskClient,
    token: str,
    before: str,
    action: Callable[[], object],
    **asked: int,
) -> Answer:
    """Read; before that step of the reading something else happens."""
    really, patch = getattr(disclosures, before), pytest.MonkeyPatch()

    def once(*args: Any, **words: Any) -> Any:
        patch.undo()
        action()
        return really(*args, **words)

    patch.setattr(disclosures, before, once)
    return read(client, token, **asked)


def left(client: FlaskClient, token: str) -> list[tuple[str, str]]:
    answer = read(client, token, "withdrawals").get_json()
    return [(each["reference"], each["state"]) for each in answer["withdrawals"]]


@on_postgresql  # SQLite writes one at a time: nobody leaves between two steps of a reading
@pytest.mark.parametrize(
    ("how", "asked", "seen"),
    [
        ("erased", {}, ["Cora"]),
        ("withdrawn", {}, ["Cora"]),
        # Ben’s place on the page is nobody's: who would come in stands on no lock.
        ("erased", {"limit": 1}, []),
    ],
)
def test_who_leaves_while_a_program_looks_is_not_read(
    app: Flask,
    client: FlaskClient,
    clock: Clock,
    key: str,
    how: str,
    asked: dict[str, int],
    seen: list[str],
) -> None:
    for form in (people.ben, people.cora):
        partner_sites.keep(app, key, form)
    ben, _ = (confirm(app, entry) for entry in entries(app))
    assert ben is not None
    token = api_tokens.make(app, key)

    def leave() -> None:
        if how == "erased":
            rights.erase(app, ben.signature_id)
        else:
            with app.app_context(), transaction() as session:
                services_rights.leave_partner(session, ben.signature_id, at=clock())

    answer = interrupted(app, client, token, "lock", leave, **asked)
    assert names(answer) == seen
    assert [state for _, state in left(client, token)] == [how]
    assert rows(app, "SELECT count(*) FROM partner_disclosures") == [(len(seen),)]


def test_who_is_erased_while_a_program_reads_is_told_of(
    app: Flask, client: FlaskClient, key: str
) -> None:
    """Who erases waits until the reading stands on record; then the partner is told to delete."""
    partner_sites.keep(app, key, people.ben)
    ben = confirm(app, entries(app)[0])
    assert ben is not None
    token = api_tokens.make(app, key)
    eraser = threading.Thread(target=rights.erase, args=(app, ben.signature_id))

    def begin() -> None:
        eraser.start()
        factories.until(lambda: partner_sites.db_is_sqlite(app) or factories.waits_for_lock(app))

    answer = interrupted(app, client, token, "note", begin)
    eraser.join(30)
    (read_one,) = answer.get_json()["signatures"]
    assert left(client, token) == [(read_one["reference"], "erased")]
    assert rows(app, "SELECT count(*) FROM partner_disclosures") == [(0,)]


def test_a_blocked_partner_reads_nobody_and_still_learns_who_left(
    app: Flask, client: FlaskClient, clock: Clock, key: str
) -> None:
    everybody(app, clock, key)
    token = api_tokens.make(app, key)
    assert names(read(client, token)) == ["Ben"]
    partner_sites.block(app, key)
    rights.withdraw(app, 1)
    assert kind(read(client, token)) == "no-partner"
    assert len(read(client, token, "withdrawals").get_json()["withdrawals"]) == 1


def test_a_partner_reads_nobody_for_longer_than_it_may_keep_them(
    app: Flask, client: FlaskClient, clock: Clock, key: str
) -> None:
    everybody(app, clock, key)
    clock.forward(timedelta(days=370))
    assert names(read(client, api_tokens.make(app, key))) == []
    partner_sites.set_terms(app, key, retention_months=24)
    assert kind(read(client, api_tokens.make(app, key))) == "no-partner"


@on_sqlite
def test_without_a_token_nothing_is_there(app: Flask, client: FlaskClient) -> None:
    token = api_tokens.make(app)
    for sent in (
        None,
        "",
        token,
        f"Basic {token}",
        "Bearer ",
        "Bearer x",
        f"Bearer {token[:-1]}",
        f"Bearer {token}x",
        f"Bearer {token[:-1]}{'A' if token[-1] != 'A' else 'B'}",
        "Bearer \xff",
    ):
        headers = {} if sent is None else {"Authorization": sent}
        for what in ("signatures", "withdrawals"):
            answer = client.get(f"{PLACE}/{what}", headers=headers)
            assert (answer.status_code, kind(answer)) == (401, "no-token"), sent
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert "RateLimit" not in answer.headers
    kept = json.dumps(rows(app, "SELECT shown, made_by, scopes FROM api_tokens"))
    assert token not in kept
    assert token[:12] in kept


def test_closing_everything_ends_tokens(app: Flask, client: FlaskClient, clock: Clock) -> None:
    token, past = api_tokens.make(app), api_tokens.make(app, days=1)
    clock.forward(timedelta(days=1))
    with app.app_context(), transaction() as session:
        assert panic.panic(session, by="test", at=clock()).tokens == 1
    for each in (token, past):
        assert kind(read(client, each)) == "no-token"
    new = api_tokens.make(app)
    paused = read(client, new)
    assert (paused.status_code, paused.headers["Retry-After"]) == (503, "5")


# --- the console ----------------------------------------------------------------------------------

TOKENS = "/staff/campaigns/amazon/tokens"


def send(staff: FlaskClient, place: str, **form: str) -> Answer:
    token = console.form_token(staff.get("/staff/"))
    return staff.post(place, data={"csrf_token": token, **form})


def test_an_owner_makes_a_token_sees_it_once_and_revokes_it(
    app: Flask, client: FlaskClient, key: str
) -> None:
    owner = console.enter(app, "owner")
    of_partner = f"/staff/campaigns/amazon/partners/{key}/tokens"
    for place in (TOKENS, of_partner):
        page = send(owner, place, days="30", scopes="signatures:read")
        text = page.get_data(as_text=True)
        token = text.partition("ptk_")[2].partition("<")[0]
        assert len(token) == 43
        listed = owner.get(place).get_data(as_text=True)
        assert f"ptk_{token[:8]}…" in listed
        assert token not in listed
        assert read(client, f"ptk_{token}").status_code == 200
        sent = send(owner, f"{TOKENS}/ptk_{token[:8]}/revoke")
        assert sent.headers["Location"] == place
        assert kind(read(client, f"ptk_{token}")) == "no-token"
    assert (
        rows(app, "SELECT outcome FROM audit WHERE action = 'api token' ORDER BY id")
        == [
            ("added",),
            ("revoked",),
        ]
        * 2
    )


@on_sqlite
def test_a_wrong_form_is_kept_and_nobody_else_makes_tokens(app: Flask, key: str) -> None:
    owner = console.enter(app, "owner")
    wrong = send(owner, TOKENS, days="9999", scopes="all")
    text = wrong.get_data(as_text=True)
    assert wrong.status_code == 422
    assert 'value="9999"' in text
    assert "Please choose what the token opens." in text
    assert rows(app, "SELECT id FROM api_tokens") == []
    assert owner.get("/staff/campaigns/amazon/partners/0000/tokens").status_code == 404
    assert send(owner, f"{TOKENS}/ptk_none/revoke").status_code == 404
    editor = console.enter(app, "editor")
    for place in (TOKENS, f"/staff/campaigns/amazon/partners/{key}/tokens"):
        assert editor.get(place).status_code == 403
    partner = editor.get(f"/staff/campaigns/amazon/partners/{key}").get_data(as_text=True)
    assert "/tokens" not in partner


# --- the partner's own question -------------------------------------------------------------------


def test_a_program_asks_the_partners_own_question_in_its_words(
    app: Flask, client: FlaskClient, clock: Clock, key: str
) -> None:
    texts = client.get(f"{PLACE}/texts/en?partner={key}").get_json()["consents"]
    (asked,) = [each for each in texts if each["purpose"] == "partner"]
    assert asked["question"] == partner_sites.QUESTION
    assert asked["controller"] == partner_sites.TERMS.controller
    assert asked["controller_privacy"] == partner_sites.TERMS.privacy_url
    assert asked["required"] is False
    body = programs.body_of(client, people.ben)
    yes = {"purpose": "partner", "text_sha256": asked["text_sha256"], "answer": "yes"}
    body["consents"].append(yes)
    assert programs.send(client, key, body).status_code == 202
    other = partner_sites.make(app, "Other")
    assert kind(programs.send(client, other, body)) == "wrong-fields"
    confirm(app, entries(app)[0])
    assert partner_sites.on_list(app, key) == [1]
    partner_sites.ask(app, key, "Yes, the union may call me.")
    refused = programs.send(client, key, body)
    assert kind(refused) == "old-text"
    assert programs.pointers(refused) == [f"/consents/{len(body['consents']) - 1}/text_sha256"]


@on_sqlite
def test_who_asks_for_nobodys_texts_is_told_and_staff_see_it(
    app: Flask, client: FlaskClient, clock: Clock, key: str
) -> None:
    waiting = partner_sites.make_new(app, "Waiting")
    blocked = partner_sites.make(app, "Blocked")
    partner_sites.block(app, blocked)
    for wrong in ("0" * 16, waiting, blocked):
        assert kind(client.get(f"{PLACE}/texts/en?partner={wrong}")) == "no-partner"
        clock.forward(MINUTE)
        sent = programs.send(client, wrong, {}, Origin="https://typo.example")
        assert kind(sent) == "no-partner"
        clock.forward(MINUTE)
    assert kind(programs.send(client, key, {}, Origin="https://typo.example")) == "not-allowed"
    found = rows(
        app, "SELECT partner_key, site, reason, number FROM refused_forms ORDER BY reason, site"
    )
    assert found == [
        (blocked, "", "blocked", 1),
        (blocked, "typo.example", "blocked", 1),
        (waiting, "", "not_accepted", 1),
        (waiting, "typo.example", "not_accepted", 1),
        (key, "typo.example", "other_site", 1),
        ("", "", "unknown", 1),
        ("", "typo.example", "unknown", 1),
    ]
    staff = console.enter(app, "viewer")
    page = staff.get(f"/staff/campaigns/amazon/partners/{waiting}").get_data(as_text=True)
    assert "not accepted yet" in page
