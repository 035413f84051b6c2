"""Asking with an address alone: for a letter, for a link, and with a code typed by hand."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given, settings, strategies as st

from petition.domain.letters import confirmation_code as codes
from petition.services.abuse.limits import Sender
from petition.services.abuse.senders import Peer
from petition.services.letters import link_requests
from petition.services.letters.link_requests import BEYOND, CODE_TRIES, TooManyInAll, TooManyTries
from petition.store.campaigns import campaigns
from petition.store.db import db, reading, transaction
from petition.web.http.dependencies import dependencies_of
from tests import factories, people, rights
from tests.conftest import Clock
from tests.factories import change, confirm, entries, keep, rows, the_call, together, work
from tests.worlds import Worlds

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def key_of(app: Flask, email: str) -> bytes:
    key: bytes = dependencies_of(app).vault.address_key(email)
    return key


CORA = people.cora["email"]


def id_of(app: Flask, slug: str = "amazon") -> int:
    """A call's number, without reading its words."""
    with app.app_context(), reading() as session:
        return campaigns.by_slug(session, slug).id


def ask(app: Flask, kind: str, email: str = CORA, slug: str = "amazon") -> None:
    deps, campaign_id = dependencies_of(app), id_of(app, slug)
    with app.app_context(), transaction() as session:
        link_requests.request_link(
            session, campaign_id, key_of(app, email), kind, sender=None, at=deps.now()
        )


def answer(app: Flask) -> int:
    with app.app_context(), transaction() as session:
        return link_requests.answer(session, at=dependencies_of(app).now())


def owed(app: Flask) -> list[rights.Row]:
    """(kind, form) of what is owed, oldest first."""
    return rows(app, "SELECT kind, entry_id FROM letters WHERE state = 'owed' ORDER BY id")


def code(app: Flask, entry_id: int) -> str:
    return codes.code(dependencies_of(app).settings.secret_key, entry_id)


def form_of(app: Flask, typed: str, email: str = CORA, slug: str = "amazon") -> int | None:
    deps, campaign_id = dependencies_of(app), id_of(app, slug)
    with app.app_context(), reading() as session:
        return link_requests.entry_of_code(
            session,
            deps.settings.secret_key,
            campaign_id,
            [key_of(app, email)],
            typed,
            at=deps.now(),
        )


@pytest.fixture
def cora(app: Flask, clock: Clock, worlds: Worlds) -> int:
    """Cora has signed, and got her letter; her form."""
    return worlds.enter(app, clock, "cora_was_written_to", lambda: _sign(app))


def _sign(app: Flask) -> int:
    keep(app, the_call(app), people.cora)
    work(app)
    return entries(app)[0]


# --- letters --------------------------------------------------------------------------------------


def test_an_unknown_address_leaves_nothing_behind(app: Flask) -> None:
    for kind in (link_requests.DATA, link_requests.RESEND):
        ask(app, kind, "nobody@example.org")
    assert rows(app, "SELECT count(*) FROM link_requests") == [(2,)]
    before = rights.dump(app)
    assert answer(app) == 2
    after = rights.dump(app)
    assert after.pop("link_requests") == []
    before.pop("link_requests")
    assert after == before


def test_the_request_is_the_same_row_whoever_it_is(app: Flask, cora: int) -> None:
    for email in (CORA, "nobody@example.org"):
        ask(app, link_requests.DATA, email)
    found = rows(app, "SELECT campaign_id, kind, CAST(created_at AS text) FROM link_requests")
    assert len(set(found)) == 1


def test_once_more_is_the_newest_form_that_is_left_to_confirm(
    app: Flask, cora: int, clock: Clock
) -> None:
    clock.forward(MINUTE)
    keep(app, the_call(app), people.carl)
    work(app)
    newest = entries(app)[1]
    ask(app, link_requests.RESEND)
    answer(app)
    assert owed(app) == [("confirm", newest)]


def test_once_more_for_who_confirmed_tells_them_so(app: Flask, cora: int) -> None:
    confirm(app, cora)
    work(app)
    ask(app, link_requests.RESEND)
    answer(app)
    assert owed(app) == [("confirm", cora)]
    work(app)
    assert "already" in str(factories.letters(app)[-1]["Subject"])


def test_once_more_for_who_withdrew_asks_them_to_confirm_nothing_old(
    app: Flask, cora: int, clock: Clock
) -> None:
    confirm(app, cora)
    clock.forward(MINUTE)
    rights.withdraw(app, 1)
    work(app)
    ask(app, link_requests.RESEND)
    answer(app)
    assert owed(app) == []
    clock.forward(MINUTE)
    keep(app, the_call(app), people.cora)
    work(app)
    ask(app, link_requests.RESEND)
    answer(app)
    assert owed(app) == [("confirm", entries(app)[-1])]


@pytest.mark.parametrize("state", ["pending", "confirmed", "held", "rejected", "withdrawn"])
def test_everybody_gets_the_link_to_what_is_held(app: Flask, cora: int, state: str) -> None:
    change(app, "UPDATE signatures SET state = :state", state=state)
    ask(app, link_requests.DATA)
    work(app)
    assert rights.newest(app, "my")


def test_ten_times_at_once_is_one_letter(app: Flask, cora: int) -> None:
    for _ in range(10):
        ask(app, link_requests.DATA)
    ask(app, link_requests.RESEND)
    assert answer(app) == 11
    assert sorted(kind for kind, _ in owed(app)) == ["confirm", "data"]


def test_three_letters_a_day(app: Flask, cora: int, clock: Clock) -> None:
    """Cora's first letter is one of them."""
    for _ in range(6):
        clock.forward(MINUTE)
        ask(app, link_requests.DATA)
        work(app)
    assert len(factories.letters(app)) == 3
    clock.forward(DAY)
    ask(app, link_requests.DATA)
    work(app)
    assert len(factories.letters(app)) == 4


def test_five_letters_ever_to_who_never_confirmed(app: Flask, cora: int, clock: Clock) -> None:
    for _ in range(5):
        clock.forward(DAY)
        ask(app, link_requests.DATA)
        work(app)
    assert len(factories.letters(app)) == 5


def test_a_request_of_one_call_is_not_anothers(app: Flask, cora: int, tmp_path: Path) -> None:
    rights.another_call(app, tmp_path)
    ask(app, link_requests.DATA, slug="other")
    answer(app)
    assert owed(app) == []


def test_two_workers_answer_one_request_once(app: Flask, cora: int) -> None:
    for round_ in range(1, 6):
        ask(app, link_requests.DATA)
        assert together(4, lambda _place: answer(app) and None) == []
        assert [kind for kind, _ in owed(app)] == ["data"] * round_


def test_answered_while_it_is_erased(app: Flask) -> None:
    """Either the letter goes with the signature, or it was never owed; nothing breaks."""
    call = the_call(app)
    for number in range(8):
        keep(app, call, people.someone(number))
        ask(app, link_requests.DATA, f"person.{number}@example.org")

    def action(place: int) -> None:
        if place == 0:
            answer(app)
        else:
            for id_ in range(place, 9, 3):
                rights.erase(app, id_)

    assert together(4, action) == []
    answer(app)
    assert rows(app, "SELECT * FROM letters") == []
    assert rows(app, "SELECT * FROM link_requests") == []


# --- codes ----------------------------------------------------------------------------------------


def test_a_code_finds_its_own_form(app: Flask, cora: int) -> None:
    keep(app, the_call(app), people.carl)
    for entry_id in entries(app):
        typed = code(app, entry_id)
        for way in (typed, typed.lower(), codes.shown(typed), f" {typed[:2]} {typed[2:]} "):
            assert form_of(app, way) == entry_id


def test_a_code_is_worth_nothing_with_another_address(app: Flask, cora: int) -> None:
    keep(app, the_call(app), people.amina)
    typed = code(app, cora)
    for email in (people.amina["email"], "nobody@example.org"):
        assert form_of(app, typed, email) is None


def test_a_code_is_worth_nothing_in_another_call(app: Flask, cora: int, tmp_path: Path) -> None:
    rights.another_call(app, tmp_path)
    keep(app, the_call(app, slug="other"), people.cora)
    typed = code(app, cora)
    assert form_of(app, typed, slug="other") is None
    assert form_of(app, typed) == cora


def test_a_code_ends_with_its_link(app: Flask, cora: int, clock: Clock) -> None:
    typed = code(app, cora)
    clock.forward(timedelta(days=7) - timedelta(microseconds=1))
    assert form_of(app, typed) == cora
    clock.forward(timedelta(microseconds=1))
    assert form_of(app, typed) is None


def test_the_newest_five_forms_count(app: Flask, cora: int) -> None:
    for _ in range(4):
        keep(app, the_call(app), people.carl)
    assert form_of(app, code(app, cora)) == cora
    assert {form_of(app, code(app, each)) for each in entries(app)} == set(entries(app))


@given(st.text(max_size=120))
@settings(max_examples=25)
def test_whatever_is_typed_is_no_code(app: Flask, cora: int, text: str) -> None:
    assert form_of(app, text) is None
    assert form_of(app, text, "nobody@example.org") is None


def test_the_code_of_nothing_is_no_code(app: Flask, cora: int) -> None:
    """An address's forms are filled up with zeros, which have a code too."""
    for email in (CORA, "nobody@example.org"):
        assert form_of(app, code(app, 0), email) is None
        assert form_of(app, "", email) is None


# --- tries ----------------------------------------------------------------------------------------


def sender(app: Flask, name: str = "192.0.2.1") -> Sender:
    deps = dependencies_of(app)
    found: Sender = deps.senders.of(Peer(address=name, forwarded=False), at=deps.now())
    return found


def try_once(app: Flask, email: str = CORA, *, by: str = "192.0.2.1", hourly: int = 1000) -> None:
    deps, campaign_id = dependencies_of(app), id_of(app)
    with app.app_context():
        who = sender(app, by)
        with transaction() as session:
            link_requests.count_try(
                session, campaign_id, key_of(app, email), sender=who, hourly=hourly, at=deps.now()
            )


@pytest.mark.parametrize("email", [CORA, "nobody@example.org"])
def test_ten_tries_a_day_known_or_not(app: Flask, cora: int, clock: Clock, email: str) -> None:
    for _ in range(10):
        try_once(app, email)
        clock.forward(timedelta(hours=2))
    for _ in range(2):
        with pytest.raises(TooManyTries):
            try_once(app, email)
    clock.forward(timedelta(hours=4) - timedelta(microseconds=1))
    with pytest.raises(TooManyTries):
        try_once(app, email)
    clock.forward(timedelta(microseconds=1))
    for _ in range(10):
        try_once(app, email)
    with pytest.raises(TooManyTries):
        try_once(app, email)


def test_one_address_spares_no_other(app: Flask, cora: int) -> None:
    for _ in range(10):
        try_once(app)
    try_once(app, people.amina["email"])


def test_many_try_at_once(app: Flask, cora: int) -> None:
    refused: list[int] = []
    engine = db.engine

    who, at = sender(app), dependencies_of(app).now()

    def action(place: int) -> None:
        call = the_call(app)
        for _ in range(3):
            try:
                with transaction(engine) as session:
                    link_requests.count_try(
                        session, call.id, key_of(app, CORA), sender=who, hourly=1000, at=at
                    )
            except TooManyTries:
                refused.append(place)

    assert together(8, action) == []
    assert len(refused) == 14


def judged(app: Flask, email: str, *, by: str, hourly: int) -> bool:
    try:
        try_once(app, email, by=by, hourly=hourly)
    except (TooManyInAll, TooManyTries):
        return False
    return True


@pytest.mark.slow
def test_guessing_over_many_addresses_is_bounded_in_total(app: Flask, clock: Clock) -> None:
    """Four senders, 15 addresses each: the hour's total, and ten more for each sender a day."""
    hourly, senders = 10, [f"192.0.2.{number}" for number in range(4)]
    for total in (hourly + BEYOND * len(senders), hourly):  # the second hour of that day has none
        found = sum(
            judged(app, f"person.{number}@example.org", by=by, hourly=hourly)
            for number in range(15)
            for by in senders
        )
        assert found == total
        clock.forward(timedelta(hours=1))


def test_an_owner_is_judged_when_the_total_is_spent(app: Flask, cora: int) -> None:
    for number in range(20):
        judged(app, f"person.{number}@example.org", by="192.0.2.1", hourly=5)
    assert judged(app, CORA, by="192.0.2.77", hourly=5)
    assert not judged(app, CORA, by="192.0.2.77", hourly=5), "once for an address"
    assert not judged(app, CORA, by="192.0.2.1", hourly=5), "who guesses had theirs"
    assert judged(app, CORA, by="192.0.2.78", hourly=5), "each sender for itself"


def test_a_try_that_is_not_judged_is_not_counted(app: Flask, cora: int, clock: Clock) -> None:
    """Neither against the address nor in the total."""
    for number in range(20):
        judged(app, f"person.{number}@example.org", by="192.0.2.1", hourly=5)
    for _ in range(30):
        assert not judged(app, CORA, by="192.0.2.1", hourly=5)
    assert rows(app, "SELECT sum(tries) FROM code_tries") == [(5 + BEYOND,)]
    clock.forward(timedelta(hours=1))
    assert [judged(app, CORA, by="192.0.2.1", hourly=1000) for _ in range(CODE_TRIES + 2)] == (
        [True] * CODE_TRIES + [False] * 2
    )
    assert rows(app, "SELECT number FROM action_totals") == [(CODE_TRIES,)]


def test_where_senders_are_hidden_the_total_holds_too(app: Flask) -> None:
    deps, call = dependencies_of(app), the_call(app)
    hidden = deps.senders.of(Peer(address="127.0.0.1", forwarded=True), at=deps.now())
    assert hidden.hash is None
    found = 0
    for number in range(30):
        with suppress(TooManyInAll), transaction() as session:
            key = key_of(app, f"person.{number}@example.org")
            link_requests.count_try(session, call.id, key, sender=hidden, hourly=10, at=deps.now())
            found += 1
    assert found == 10 + BEYOND


def test_tries_are_forgotten_after_a_day(app: Flask, cora: int, clock: Clock) -> None:
    try_once(app, "nobody@example.org")
    clock.forward(DAY - timedelta(seconds=1))
    work(app)
    assert len(rows(app, "SELECT * FROM code_tries")) == 1
    clock.forward(timedelta(hours=1))
    work(app)
    assert rows(app, "SELECT * FROM code_tries") == []
