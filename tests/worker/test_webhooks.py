"""Webhooks from a change to its receiver: signed, in order, tried again, and never lost."""

from __future__ import annotations

import base64
import contextlib
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from flask import Flask
from sqlalchemy import text
from standardwebhooks import Webhook, WebhookVerificationError

from petition.cli import worker
from petition.domain import tokens
from petition.domain.partners.references import signature_of
from petition.domain.signatures import states
from petition.domain.webhooks import retries
from petition.domain.webhooks.event import Algorithm
from petition.services.campaigns import opening
from petition.services.privacy import erasure, rights, withdrawals
from petition.services.privacy.rights import Choices
from petition.services.webhooks import endpoints, sending
from petition.store.db import reading, transaction
from petition.store.partners import partners
from petition.store.signatures import signatures
from petition.store.staff import pauses
from petition.store.staff.pauses import Paused
from petition.web.http.dependencies import dependencies_of
from petition.worker.webhooks import WebhookSender
from tests import console, factories, partner_sites, people
from tests.conftest import Clock
from tests.webhook_receiver import (
    SECRET_WORDS,
    Authority,
    Got,
    Receiver,
    add,
    client_to,
    receiving,
    sender_of,
)

pytestmark = pytest.mark.slow

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SLUG = "amazon"
BY = "owner@example.org"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def receiver(authority: Authority) -> Iterator[Receiver]:
    with receiving(authority) as made:
        yield made


@pytest.fixture
def sender(app: Flask, authority: Authority) -> WebhookSender:
    return sender_of(app, client_to(authority))


def signed(app: Flask, *forms: people.Form) -> list[int]:
    """Confirmed signatures, by these people."""
    call = factories.the_call(app)
    for form in forms:
        factories.keep(app, call, form)
    new = factories.entries(app)[-len(forms) :]
    return [found.signature_id for each in new if (found := factories.confirm(app, each))]


def withdraw(app: Flask, signature_id: int) -> None:
    with transaction() as session:
        assert withdrawals.withdraw(session, signature_id, at=dependencies_of(app).now())


def erase(app: Flask, signature_id: int) -> None:
    deps = dependencies_of(app)
    with transaction() as session:
        erasure.erase(session, deps.erasure_context, signature_id, at=deps.now())


def endpoint(app: Flask) -> tuple[object, ...]:
    query = "SELECT state, failures, warnings, failing_since FROM webhook_endpoints"
    return factories.rows(app, query)[0]


def owed(app: Flask) -> int:
    query = "SELECT count(*) FROM webhook_deliveries WHERE state = 'owed'"
    return int(str(factories.rows(app, query)[0][0]))


def person(number: int) -> people.Form:
    return people.cora | {"given_name": f"P{number}", "email": f"p{number}@example.org"}


def test_each_change_is_told_thin_and_in_order(
    app: Flask, clock: Clock, receiver: Receiver, sender: WebhookSender
) -> None:
    add(app, receiver.url)
    (id_,) = signed(app, people.amina)
    deps = dependencies_of(app)
    clock.forward(timedelta(minutes=1))
    with transaction() as session:
        choices = Choices(
            answers={"updates": "no" if people.amina["updates"] == "yes" else "yes"},
            text_ids=dict(factories.the_call(app).consent_text_ids),
        )
        rights.choose(session, id_, choices, at=clock())
    withdraw(app, id_)
    with transaction() as session:
        assert withdrawals.undo(session, id_, at=clock())
    with transaction() as session:
        assert signatures.move(session, id_, states.HELD, expected=states.CONFIRMED, at=clock())
    erase(app, id_)
    with transaction() as session:
        opening.close(session, SLUG, by=BY, at=clock())
    assert sender.send_due() == 7
    assert [
        (each.kind, each.data.get("state")) for each in receiver.got if each.data.get("reference")
    ] == [
        ("signature.confirmed", "confirmed"),
        ("consent.changed", None),
        ("signature.withdrawn", "withdrawn"),
        ("signature.confirmed", "confirmed"),
        ("signature.withdrawn", "held"),
        ("signature.erased", "erased"),
    ]
    assert "campaign.closed" in receiver.kinds
    assert {each.data["sequence"] for each in receiver.got} == set(range(1, 8))
    assert {each.data.get("reference") for each in receiver.got} == {str(id_), None}
    first = receiver.got[0]
    assert first.said == {
        "type": "signature.confirmed",
        "timestamp": "2026-11-02T09:30:00Z",
        "data": {
            "campaign": SLUG,
            "sequence": first.data["sequence"],
            "reference": str(id_),
            "state": "confirmed",
        },
    }
    changed = next(each for each in receiver.got if each.kind == "consent.changed")
    assert changed.data["purpose"] == "updates"
    for each in receiver.got:
        for word in ("amina", people.amina["email"], people.amina["given_name"]):
            assert word.encode() not in each.body.lower()
    assert deps.vault.webhook_id(1) in {each.id for each in receiver.got}
    assert sender.send_due() == 0


@on_sqlite
def test_nothing_is_owed_to_other_campaigns_or_of_who_never_confirmed(
    app: Flask, receiver: Receiver, sender: WebhookSender
) -> None:
    factories.keep(app, factories.the_call(app), people.ben)
    add(app, receiver.url)
    (id_,) = factories.rows(app, "SELECT id FROM signatures")[0]
    withdraw(app, int(str(id_)))
    erase(app, int(str(id_)))
    assert owed(app) == 0
    assert sender.send_due() == 0


@on_sqlite
def test_a_change_that_is_rolled_back_is_told_to_nobody(app: Flask, receiver: Receiver) -> None:
    add(app, receiver.url)
    (id_,) = signed(app, people.amina)
    before = owed(app)
    with contextlib.suppress(ZeroDivisionError), transaction() as session:
        assert withdrawals.withdraw(session, id_, at=dependencies_of(app).now())
        assert session.scalar(text("SELECT count(*) FROM webhook_deliveries")) == before + 1
        raise ZeroDivisionError
    assert owed(app) == before


@on_sqlite
def test_hmac_is_verified_by_the_library_of_standard_webhooks(
    app: Flask, receiver: Receiver, sender: WebhookSender, clock: Clock
) -> None:
    made = add(app, receiver.url)
    clock.at = clock.at.now(clock.at.tzinfo)  # the library compares with its own clock
    signed(app, people.amina)
    sender.send_due()
    (got,) = receiver.got
    assert Webhook(made.shown).verify(got.body, got.headers)["type"] == "signature.confirmed"
    with pytest.raises(WebhookVerificationError):
        Webhook(made.shown).verify(got.body + b" ", got.headers)
    old = got.headers | {"webhook-timestamp": str(int(got.headers["webhook-timestamp"]) - 600)}
    with pytest.raises(WebhookVerificationError):
        Webhook(made.shown).verify(got.body, old)


def verify_v1a(public_key: str, got: Got) -> None:
    key = base64.b64decode(public_key.removeprefix("whpk_"))
    version, _, signature = got.headers["webhook-signature"].partition(",")
    assert version == "v1a"
    content = f"{got.id}.{got.headers['webhook-timestamp']}.".encode() + got.body
    Ed25519PublicKey.from_public_bytes(key).verify(base64.b64decode(signature), content)


@on_sqlite
def test_ed25519_is_verified_by_cryptography(
    app: Flask, receiver: Receiver, sender: WebhookSender
) -> None:
    made = add(app, receiver.url, Algorithm.ED25519)
    signed(app, people.amina)
    sender.send_due()
    (got,) = receiver.got
    verify_v1a(made.shown, got)
    with pytest.raises(InvalidSignature):
        verify_v1a(made.shown, Got(headers=got.headers, body=got.body + b" "))


@on_sqlite
@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_what_the_documentation_shows_verifies_a_message(
    app: Flask, receiver: Receiver, sender: WebhookSender, clock: Clock, algorithm: Algorithm
) -> None:
    made = add(app, receiver.url, algorithm)
    clock.at = clock.at.now(clock.at.tzinfo)
    ping(app, made.key)
    sender.send_due()
    (got,) = receiver.got
    page = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    shown: dict[str, Any] = {}
    exec(examples[algorithm == Algorithm.ED25519], shown)  # our own page
    assert shown["received"](got.body, got.headers, made.shown)["type"] == "ping"
    with pytest.raises((WebhookVerificationError, ValueError)):
        shown["received"](got.body + b" ", got.headers, made.shown)


@on_sqlite
def test_for_a_day_after_a_rotation_both_secrets_sign(
    app: Flask, receiver: Receiver, sender: WebhookSender, clock: Clock
) -> None:
    clock.at = clock.at.now(clock.at.tzinfo)
    old = add(app, receiver.url)
    deps = dependencies_of(app)
    with transaction() as session:
        new = endpoints.rotate(session, deps.vault, SLUG, old.key, by=BY, at=clock())
    ping(app, old.key)
    sender.send_due()
    for made in (old, new):
        Webhook(made.shown).verify(receiver.got[0].body, receiver.got[0].headers)
    clock.forward(timedelta(hours=24))
    ping(app, old.key)
    sender.send_due()
    assert len(receiver.got[1].headers["webhook-signature"].split()) == 1
    # At rest neither secret can be read.
    ((kept, before),) = factories.rows(app, "SELECT secret, old_secret FROM webhook_endpoints")
    for made in (old, new):
        plain = base64.b64decode(made.shown.removeprefix("whsec_"))
        for sealed in (kept, before):
            assert isinstance(sealed, bytes)
            assert plain not in sealed


def ping(app: Flask, key: str) -> None:
    with transaction() as session:
        endpoints.ping(session, SLUG, key, by=BY, at=dependencies_of(app).now())


def test_a_receiver_that_is_down_for_a_day_loses_nothing(
    app: Flask, clock: Clock, receiver: Receiver, sender: WebhookSender
) -> None:
    """Everybody signs, half of them leave, some come back: all is told, in order for each."""
    add(app, receiver.url)
    receiver.answer = lambda got: 503
    told: dict[str, list[str]] = {}
    down_until = clock.at + timedelta(days=1)
    number = 0
    while clock.at < down_until:
        (id_,) = signed(app, person(number))
        told[str(id_)] = ["confirmed"]
        sender.send_due()
        clock.forward(timedelta(minutes=146))
        if number % 2:
            withdraw(app, id_)
            told[str(id_)].append("withdrawn")
        if number % 4 == 1:
            with transaction() as session:
                assert withdrawals.undo(session, id_, at=clock())
            told[str(id_)].append("confirmed")
        if number % 4 == 3:
            erase(app, id_)
            told[str(id_)].append("erased")
        sender.send_due()
        number += 1
    expected = sum(map(len, told.values()))
    assert owed(app) == expected
    tries = len(receiver.got)
    assert tries <= 2 * number + 2  # it is asked now and then, and not by every message
    ids = {each.id for each in receiver.got}
    receiver.answer = lambda got: 204
    receiver.got.clear()
    clock.forward(timedelta(minutes=5))  # what has left is told within that
    while sender.send_due():
        pass
    assert owed(app) == 0
    assert endpoint(app)[0:3] == ("live", 0, 0)
    found: dict[str, list[str]] = {}
    for each in receiver.got:
        found.setdefault(each.data["reference"], []).append(each.data["state"])
    assert found == told
    assert ids <= {each.id for each in receiver.got}  # the same id at every try
    assert len({each.id for each in receiver.got}) == expected
    assert sorted(each.data["sequence"] for each in receiver.got) == list(range(1, expected + 1))


@on_sqlite
def test_it_waits_as_long_as_it_is_asked_to(
    app: Flask, clock: Clock, receiver: Receiver, sender: WebhookSender
) -> None:
    add(app, receiver.url)
    receiver.answer, receiver.headers = lambda got: 429, {"Retry-After": "1000"}
    signed(app, people.amina, people.ben)
    assert sender.send_due() == 1
    receiver.answer, receiver.headers = lambda got: 200, {}
    clock.forward(timedelta(seconds=999))
    assert sender.send_due() == 0
    clock.forward(timedelta(seconds=1))
    assert sender.send_due() == 2


def letters_to_owners(app: Flask) -> list[object]:
    query = "SELECT kind FROM letters WHERE staff_id IS NOT NULL ORDER BY id"
    return [kind for (kind,) in factories.rows(app, query)]


@on_sqlite
def test_who_answers_410_is_sent_nothing_more(
    app: Flask, clock: Clock, receiver: Receiver, sender: WebhookSender
) -> None:
    console.enter(app, "owner")
    made = add(app, receiver.url)
    receiver.answer = lambda got: 410
    signed(app, people.amina)
    sender.send_due()
    assert endpoint(app)[0] == "gone"
    assert letters_to_owners(app)[-1:] == ["webhook_off"]
    clock.forward(timedelta(days=2))
    signed(app, people.ben)
    assert sender.send_due() == 0
    assert owed(app) == 1  # what it did not take waits, nothing new is owed
    receiver.answer = lambda got: 200
    with transaction() as session:
        endpoints.switch_on(session, SLUG, made.key, by=BY, at=clock())
    assert sender.send_due() == 1


@on_sqlite
def test_after_three_days_and_two_warnings_it_is_shut_off(
    app: Flask, clock: Clock, receiver: Receiver, sender: WebhookSender
) -> None:
    console.enter(app, "owner")
    before = letters_to_owners(app)
    made = add(app, receiver.url)
    receiver.answer = lambda got: 500
    (id_,) = signed(app, people.amina)
    for hours in range(0, 96, 4):
        sender.send_due()
        clock.forward(timedelta(hours=4))
        if hours == 32:
            withdraw(app, id_)
    assert endpoint(app)[0] == "shut_off"
    assert letters_to_owners(app)[len(before) :] == [
        "webhook_fails",
        "webhook_fails",
        "webhook_off",
    ]
    tries = len(receiver.got)
    signed(app, people.ben)
    assert sender.send_due() == 0
    assert len(receiver.got) == tries
    receiver.answer = lambda got: 200
    receiver.got.clear()
    with transaction() as session:
        endpoints.switch_on(session, SLUG, made.key, by=BY, at=clock())
    assert sender.send_due() == 3
    assert receiver.kinds.index("signature.withdrawn") > receiver.kinds.index("signature.confirmed")


@on_sqlite
def test_what_is_given_up_is_seen_and_can_be_sent_again(
    app: Flask, clock: Clock, receiver: Receiver, sender: WebhookSender
) -> None:
    """One message that a receiver cannot take holds up its own signature, and for three days."""
    made = add(app, receiver.url)
    (id_,) = signed(app, people.amina)
    receiver.answer = lambda got: 422 if got.data.get("reference") == str(id_) else 200
    for _ in range(5):
        sender.send_due()
        clock.forward(timedelta(hours=20))
        signed(app, person(_))
    for _ in range(12):
        sender.send_due()
        clock.forward(timedelta(hours=24))
        ping(app, made.key)
    assert factories.rows(
        app, "SELECT kind, status FROM webhook_deliveries WHERE state = 'dead'"
    ) == [("signature.confirmed", 422)]
    assert endpoint(app)[0] == "live"
    lost = next(each.id for each in receiver.got if each.data.get("reference") == str(id_))
    receiver.answer = lambda got: 200
    receiver.got.clear()
    with transaction() as session:
        endpoints.replay_dead(session, SLUG, made.key, by=BY, at=clock())
    sender.send_due()
    assert lost in {each.id for each in receiver.got}


@on_sqlite
def test_what_a_receiver_says_is_nowhere(
    app: Flask, receiver: Receiver, sender: WebhookSender
) -> None:
    add(app, receiver.url)
    receiver.answer, receiver.headers = lambda got: 500, {"X-Says": SECRET_WORDS}
    signed(app, people.amina)
    sender.send_due()
    ((status, error, took),) = factories.rows(
        app, "SELECT status, last_error, took_ms FROM webhook_deliveries"
    )
    assert (status, error) == (500, None)
    assert isinstance(took, int)
    for table in ("webhook_deliveries", "webhook_endpoints", "audit", "letters"):
        for row in factories.rows(app, f"SELECT * FROM {table}"):  # our own names
            assert SECRET_WORDS not in str(row)


def test_full_messages_name_only_who_still_stands(
    app: Flask, receiver: Receiver, sender: WebhookSender
) -> None:
    made = add(app, receiver.url)
    with transaction() as session:
        endpoints.set_full(
            session, SLUG, made.key, is_full=True, by=BY, at=dependencies_of(app).now()
        )
    amina, ben = signed(app, people.amina, people.ben)
    withdraw(app, ben)
    sender.send_due()
    by_reference = {
        each.data["reference"]: each for each in receiver.got if each.kind == "signature.confirmed"
    }
    details = by_reference[str(amina)].data["signature"]
    assert details["email"] == people.amina["email"]
    assert details["given_name"] == people.amina["given_name"]
    assert "comment" not in details
    assert "signature" not in by_reference[str(ben)].data
    for table in ("webhook_deliveries", "audit"):
        for row in factories.rows(app, f"SELECT * FROM {table}"):  # our own names
            assert people.amina["email"] not in str(row)


def test_a_partner_is_told_only_of_who_said_yes_to_it(
    app: Flask, clock: Clock, receiver: Receiver, sender: WebhookSender
) -> None:
    """By references of its own; why somebody left its list is not told."""
    union, other = partner_sites.asking(app), partner_sites.asking(app, "Another")
    made = add(app, receiver.url, partner=union)
    with transaction() as session:
        endpoints.set_full(session, SLUG, made.key, is_full=True, by=BY, at=clock())
    call = [(union, "yes"), (union, "no"), (other, "yes"), (union, "yes"), (union, "yes")]
    for number, (key, answer) in enumerate(call):
        partner_sites.keep(app, key, person(number), answer)
    yes, _, _, held, erased = (
        found.signature_id
        for each in factories.entries(app)
        if (found := factories.confirm(app, each))
    )
    with transaction() as session:
        assert signatures.move(session, held, states.HELD, expected=states.CONFIRMED, at=clock())
    erase(app, erased)
    sender.send_due()
    key = dependencies_of(app).vault.ring.partners
    told = [
        (
            each.data["sequence"],
            signature_of(key, union, each.data["reference"]),
            each.data["state"],
            each.data.get("signature", {}).get("email"),
        )
        for each in sorted(receiver.got, key=lambda got: int(got.data["sequence"]))
    ]
    assert told == [
        (1, yes, "confirmed", person(0)["email"]),
        (2, held, "confirmed", None),
        (3, erased, "confirmed", None),
        (4, held, "withdrawn", None),
        (5, erased, "erased", None),
    ]
    (full,) = [each.data["signature"] for each in receiver.got if "signature" in each.data]
    assert set(full) == {"given_name", "family_name", "email", "country", "language"}
    # Who is still there reads on their own page what was told of them.
    kept = "SELECT signature_id, way FROM partner_disclosures ORDER BY signature_id"
    assert factories.rows(app, kept) == [(yes, "full"), (held, "full")]


def test_a_withdrawal_that_no_program_takes_is_shown_to_its_person(
    app: Flask, clock: Clock, receiver: Receiver, sender: WebhookSender
) -> None:
    """After three days, and until it is taken; not to who said yes again."""
    union = partner_sites.asking(app)
    add(app, receiver.url, partner=union)
    add(app, receiver.url)  # the organiser's own is nobody's disclosure
    for number in range(2):
        partner_sites.keep(app, union, person(number))
    for each in factories.entries(app):
        factories.confirm(app, each)

    def page(id_: int) -> str:
        deps = dependencies_of(app)
        token = deps.tokens.sign(tokens.MY, str(id_), expires=deps.now() + timedelta(days=7))
        answer = app.test_client().get(f"/my/{token}")
        assert answer.status_code == 200
        return answer.get_data(as_text=True)

    def hang_up(got: Got) -> int:
        raise ConnectionError  # it has read all, and nobody hears of it

    receiver.answer = hang_up
    sender.send_due()
    told = [page(id_).count("a program of Union may have been told") for id_ in (1, 2)]
    assert sorted(told) == [0, 1]  # after one failure it is left alone: the other was not sent
    receiver.answer = lambda got: 204
    clock.forward(timedelta(minutes=1))
    sender.send_due()
    assert "may have been told" not in page(1) + page(2)
    receiver.answer = lambda got: 500
    for id_ in (1, 2):
        with transaction() as session:
            rights.leave_partner(session, id_, at=clock())
    sender.send_due()

    assert "a program of Union was told that you said yes" in page(1)
    assert "has not confirmed that yet" not in page(1)
    clock.forward(retries.OVERDUE_AFTER)
    assert "We told Union to delete you from its list" in page(1)
    assert "has not confirmed that yet" in page(2)
    receiver.answer = lambda got: 200
    with transaction() as session:
        rights.choose(session, 2, yes_again(app, union), at=clock())
    assert "has not confirmed that yet" not in page(2)
    sender.send_due()
    for _again in range(3):
        clock.forward(timedelta(days=1))
        sender.send_due()
    assert "has not confirmed that yet" not in page(1)


def yes_again(app: Flask, key: str) -> Choices:
    """What who left the partner says to its question now."""
    with reading() as session:
        found = partners.by_key(session, key)
    assert found is not None
    asked = found.question("en")
    assert asked is not None
    return Choices(answers={"partner": "yes"}, text_ids={"partner": asked.consent_text_id})


def test_two_threads_send_each_message_once_and_keep_each_signatures_order(
    app: Flask,
    authority: Authority,
    clock: Clock,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A worker's own two, as it starts them: one endpoint is sent to by one at a time."""
    for place in range(3):
        add(app, f"{receiver.url}&place={place}")
    ids = signed(app, *map(person, range(8)))
    for id_ in ids:
        withdraw(app, id_)
    with transaction() as session:
        for id_ in ids[:4]:
            assert withdrawals.undo(session, id_, at=clock())
    for id_ in ids[2:]:
        erase(app, id_)
    both, stop = threading.Barrier(worker.WEBHOOK_THREADS), threading.Event()
    first = iter(range(worker.WEBHOOK_THREADS))

    def answer(got: Got) -> int:
        if next(first, None) is not None:
            both.wait(30)  # until the other thread sends, too
        return 204

    receiver.answer = answer

    def made(app: Flask, stop: threading.Event) -> WebhookSender:
        return sender_of(app, client_to(authority), stop)

    monkeypatch.setattr(worker, "make_webhook_sender", made)
    with worker._webhooks(app, stop):
        factories.until(lambda: not owed(app))
        stop.set()
    assert len(receiver.got) == 3 * (8 + 8 + 4 + 6)
    assert len({each.headers["webhook-id"] for each in receiver.got}) == len(receiver.got)
    told: dict[tuple[str, str], list[str]] = {}
    for each in receiver.got:
        told.setdefault((each.path, each.data["reference"]), []).append(each.data["state"])
    assert len(told) == 3 * 8
    for (_path, id_), states_ in told.items():
        expected = ["confirmed", "withdrawn"]
        expected += ["confirmed"] if int(id_) in ids[:4] else []
        expected += ["erased"] if int(id_) in ids[2:] else []
        assert states_ == expected


@on_sqlite
def test_two_workers_share_no_endpoint(
    app: Flask, authority: Authority, clock: Clock, receiver: Receiver
) -> None:
    add(app, receiver.url)
    signed(app, people.amina)
    with transaction() as session:
        assert sending.claim(session, worker="killed", at=clock()) is not None
    other = sender_of(app, client_to(authority))
    assert other.send_due() == 0
    clock.forward(sending.LEASE)
    assert other.send_due() == 1


@on_sqlite
def test_while_all_is_closed_nothing_leaves(
    app: Flask, clock: Clock, receiver: Receiver, sender: WebhookSender
) -> None:
    add(app, receiver.url)
    signed(app, people.amina)
    with transaction() as session:
        pauses.pause(session, [Paused.LISTS], at=clock())
    assert sender.send_due() == 0
    with transaction() as session:
        pauses.lift(session)
    assert sender.send_due() == 1


@on_sqlite
def test_old_rows_go_after_a_month(
    app: Flask, clock: Clock, receiver: Receiver, sender: WebhookSender
) -> None:
    made = add(app, receiver.url)
    signed(app, people.amina)
    sender.send_due()
    with transaction() as session:
        endpoints.switch_off(session, SLUG, made.key, by=BY, at=clock())
    signed(app, people.ben)
    assert owed(app) == 0
    clock.forward(timedelta(days=31))
    with transaction() as session:
        sending.delete_old(session, at=clock())
    with reading() as session:
        assert endpoints.find(session, SLUG, made.key).state == "off"
    assert factories.rows(app, "SELECT count(*) FROM webhook_deliveries") == [(0,)]
