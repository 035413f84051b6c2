"""Retaining: nothing is kept longer than was said, and nothing goes a second earlier."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, strategies as st
from sqlalchemy.orm import Session

from petition.cli.worker import make_worker
from petition.domain.privacy.retention import end
from petition.domain.signatures.hold_reasons import HoldReason
from petition.errors import NotFound
from petition.services.campaigns import content_files
from petition.services.privacy import (
    blocks,
    retention as services_retention,
    rights as privacy_rights,
    withdrawals,
)
from petition.services.privacy.erasure import ErasureContext
from petition.services.signatures import holds
from petition.store.counts import totals as count_totals
from petition.store.counts.totals import NothingToCount
from petition.store.db import SessionFactory, reading, snapshot_transaction, transaction
from petition.store.privacy import retention as store_retention
from petition.store.privacy.erasure_journal import ERASED, Journal, JournalEntry
from petition.store.signatures import bulk_insert
from petition.web.http.dependencies import dependencies_of
from petition.worker.loop import Worker
from tests import factories, people, rights
from tests.conftest import BEGINNING, Clock
from tests.factories import change, confirm, entries, keep, rows, the_call, together, work
from tests.in_one_go import confirm_all, keep_all
from tests.worlds import Worlds

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("before_the_first_run")]


WEEK = timedelta(days=7)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def journal(app: Flask) -> Journal:
    found: Journal = dependencies_of(app).journal
    return found


def key(step: services_retention.Step) -> str:
    return f"signatures of {step.slug}" if step.slug else step.kind


def context(app: Flask) -> ErasureContext:
    found: ErasureContext = dependencies_of(app).erasure_context
    return found


def run(app: Flask, clock: Clock) -> dict[str, int]:
    """`petition retention run`, without the command."""
    done: Counter[str] = Counter()
    for step in services_retention.run(reading, transaction, context(app), at=clock()):
        done[key(step)] += step.number
    return {what: number for what, number in done.items() if number}


def due(app: Flask, clock: Clock) -> dict[str, int]:
    """The dry run."""
    with reading() as session:
        found = services_retention.due(session, context(app), at=clock())
    return {key(step): step.number for step in found if step.number}


def worker(app: Flask) -> Worker:
    """A worker that goes on from round to round, as a process does."""
    return make_worker(app, threading.Event())


def close(clock: Clock, slug: str = "amazon") -> None:
    with transaction() as session:
        content_files.close(session, slug, at=clock())


def states(app: Flask) -> dict[int, str]:
    found = rows(app, "SELECT id, state FROM signatures ORDER BY id")
    return {int(str(id_)): str(state) for id_, state in found}


# --- forms that nobody confirmed ------------------------------------------------------------------


def test_a_form_goes_when_its_link_ends_and_not_a_second_earlier(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    factories.sign(client, people.ben)
    worker_ = worker(app)
    worker_.once()
    link = rights.newest(app, "confirm")
    clock.forward(WEEK - SECOND)
    worker_.once()
    assert run(app, clock) == {}
    assert client.get(link).status_code == 200
    clock.forward(SECOND)
    assert client.get(link).status_code == 410, "from now on nobody can confirm it"
    clock.forward(SECOND)
    assert run(app, clock) == {"unconfirmed_forms": 1}
    for table in ("signatures", "entries", "consents", "letters"):
        assert rows(app, f"SELECT * FROM {table}") == [], table


def test_the_worker_takes_the_files_of_their_letters_along(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    factories.sign(client, people.ben)
    rights.signed(app, client, people.cora)
    clock.forward(WEEK + SECOND)
    work(app)
    found = {str(letter["To"]) for letter in factories.letters(app)}
    assert found == {people.cora["email"]}
    assert len(list(dependencies_of(app).settings.outbox_dir.iterdir())) == 2


def test_what_was_confirmed_stays_with_the_form_that_its_mailbox_confirmed(
    app: Flask, clock: Clock
) -> None:
    call = the_call(app)
    keep(app, call, people.cora)
    keep(app, call, people.carl)
    clock.forward(WEEK - SECOND)
    keep(app, call, people.cora)
    first, second, third = entries(app)
    confirm(app, second)
    clock.forward(2 * SECOND)
    assert run(app, clock) == {"unconfirmed_forms": 1}
    assert rows(app, "SELECT id FROM entries ORDER BY id") == [(second,), (third,)]
    clock.forward(WEEK)
    assert run(app, clock) == {"unconfirmed_forms": 1}
    assert rows(app, "SELECT id FROM entries") == [(second,)]
    assert states(app) == {1: "confirmed"}
    assert first not in entries(app)
    clock.forward(10 * WEEK)
    assert run(app, clock) == {}


def test_a_signature_whose_first_form_goes_stands_on_the_next(app: Flask, clock: Clock) -> None:
    call = the_call(app)
    keep(app, call, people.cora)
    clock.forward(DAY)
    keep(app, call, people.carl)
    _, second = entries(app)
    clock.forward(WEEK - DAY + SECOND)
    assert run(app, clock) == {"unconfirmed_forms": 1}
    assert rows(app, "SELECT state, entry_id FROM signatures") == [("pending", second)]
    found = confirm(app, second)
    assert found is not None
    assert found.state == "confirmed"


@pytest.mark.parametrize("verb", ["hold", "reject"])
def test_who_was_held_or_rejected_unconfirmed_goes_too(app: Flask, clock: Clock, verb: str) -> None:
    keep(app, the_call(app), people.ben)
    keep(app, the_call(app), people.cora)
    confirm(app, entries(app)[1])
    with transaction() as session:
        for id_ in (1, 2):
            getattr(holds, verb)(session, id_, reason=HoldReason.OTHER, by="sam", at=clock())
    clock.forward(WEEK + SECOND)
    assert run(app, clock) == {"unconfirmed_forms": 1}
    assert list(states(app)) == [2]


def test_who_withdrew_is_gone_an_hour_later_confirmed_or_not(app: Flask, clock: Clock) -> None:
    call = the_call(app)
    keep(app, call, people.ben)
    keep(app, call, people.cora)
    confirm(app, entries(app)[1])
    for id_ in (1, 2):
        assert rights.withdraw(app, id_)
    clock.forward(HOUR - SECOND)
    assert due(app, clock) == run(app, clock) == {}
    assert states(app) == {1: "withdrawn", 2: "withdrawn"}
    clock.forward(SECOND)
    assert due(app, clock) == run(app, clock) == {"withdrawn": 2}
    held = rights.held_now(app).keys()
    gone = {"signatures", "entries", "consents", "letters", "reviews", "erasures", "mailboxes"}
    assert held & gone == set()


def test_a_form_from_after_the_withdrawal_is_a_signature_of_its_own(
    app: Flask, clock: Clock
) -> None:
    """It waits for its click with another number, and nothing of the old one is left."""
    call = the_call(app)
    keep(app, call, people.ben)
    confirm(app, entries(app)[0])
    key = rights.key_of(app)
    rights.take_out(app)
    clock.forward(HOUR)
    withdrawn_at = clock()
    rights.withdraw(app, 1)
    clock.forward(SECOND)
    keep(app, call, people.ben_again | {"visibility": "counted"})
    newest = entries(app)[-1]
    clock.forward(HOUR)
    assert run(app, clock) == {"withdrawn": 1}
    (new,) = rights.ids(app)
    assert new > 1
    assert states(app) == {new: "pending"}
    assert rows(app, "SELECT id, signature_id FROM entries") == [(newest, new)]
    assert (rights.key_of(app, new), rights.person(app, new).given_name) == (key, "Benjamin")
    with reading() as session:
        assert privacy_rights.find(session, 1).signature_id == new, "links of before lead there"
    assert rights.recall(app)[1:] == [f"1,erased,{withdrawn_at:%Y-%m-%dT%H:%M:%SZ}"]
    assert due(app, clock) == run(app, clock) == {}, "the journal names only what came before"
    confirm(app, newest)
    assert states(app) == {new: "confirmed"}
    assert rights.recall(app)[1:] != [], "the list holds what was taken back"
    assert_nothing_half(app)


def test_an_old_copy_of_the_database_does_not_bring_a_withdrawn_one_back(
    app: Flask, clock: Clock
) -> None:
    keep(app, the_call(app), people.ben)
    confirm(app, entries(app)[0])
    rights.withdraw(app, 1)
    clock.forward(HOUR)
    assert run(app, clock) == {"withdrawn": 1}
    keep(app, the_call(app), people.ben, at=clock() - 2 * HOUR)  # what the copy holds
    assert run(app, clock) == {"erased_before": 1}
    assert states(app) == {}


def test_an_interrupted_run_over_withdrawn_ones_goes_on(
    app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(withdrawals, "BATCH", 2)
    call = the_call(app)
    for number in range(5):
        keep(app, call, people.someone(number))
    for id_ in range(1, 6):
        rights.withdraw(app, id_)
    clock.forward(HOUR)
    with pytest.raises(OSError, match="the disk is gone"):
        list(services_retention.erase_withdrawn(failing(2), context(app), at=clock()))
    assert list(states(app)) == [3, 4, 5]
    assert sum(run(app, clock).values()) == 3
    assert states(app) == {}


def test_the_old_form_of_who_withdrew_and_signed_anew_goes_while_the_worker_runs(
    app: Flask, clock: Clock
) -> None:
    """It was confirmed once, long before the time that an hourly run looks at."""
    call = the_call(app)
    keep(app, call, people.ben)
    confirm(app, entries(app)[0])
    worker_ = worker(app)
    worker_.once()
    clock.forward(29 * DAY)
    worker_.once()
    clock.forward(DAY)
    rights.withdraw(app, 1)
    clock.forward(HOUR)
    worker_.once()
    keep(app, call, people.ben_again)
    newest = entries(app)[-1]
    confirm(app, newest)
    for hours in (1, 1, 21, 1, 1):
        clock.forward(hours * HOUR)
        worker_.once()
    assert rows(app, "SELECT id FROM entries") == [(newest,)]
    assert list(states(app).values()) == ["confirmed"]


def test_more_than_one_batch(app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services_retention, "BATCH", 3)
    call = the_call(app)
    for number in range(10):
        keep(app, call, people.someone(number))
    confirm(app, entries(app)[4])
    clock.forward(WEEK + SECOND)
    assert due(app, clock) == run(app, clock) == {"unconfirmed_forms": 9}
    assert list(states(app)) == [5]


def test_the_hourly_run_sees_what_became_due_since(app: Flask, clock: Clock) -> None:
    call, worker_ = the_call(app), worker(app)
    for number in (*range(7), *range(4 * 7 - 1, 4 * 9)):  # nothing is due in between
        clock.at = BEGINNING + number * 6 * HOUR
        if number < 6:
            keep(app, call, people.someone(number))
        worker_.once()
        left = [at for (at,) in rows(app, "SELECT CAST(created_at AS text) FROM entries")]
        oldest = min((datetime.fromisoformat(str(at)) for at in left), default=clock())
        assert clock() - oldest.replace(tzinfo=UTC) <= WEEK + HOUR
    assert states(app) == {}


# --- interrupted, and by several ------------------------------------------------------------------


def failing(at: int) -> SessionFactory:
    """Transactions of which that one fails at its end."""
    number = 0

    @contextmanager
    def open_one() -> Iterator[Session]:
        nonlocal number
        with transaction() as session:
            yield session
            number += 1
            if number == at:
                raise OSError("the disk is gone")

    return open_one


@pytest.mark.parametrize("at", range(1, 9))
def test_a_run_that_is_interrupted_anywhere_goes_on_where_it_was(
    app: Flask,
    clock: Clock,
    tmp_path: Path,
    worlds: Worlds,
    monkeypatch: pytest.MonkeyPatch,
    at: int,
) -> None:
    monkeypatch.setattr(services_retention, "BATCH", 2)
    campaigns_in_every_state(app, clock, tmp_path, worlds)
    expected = due(app, clock)
    done: Counter[str] = Counter()

    def begin() -> None:
        for step in services_retention.run(reading, failing(at), context(app), at=clock()):
            done[key(step)] += step.number

    with pytest.raises(OSError, match="the disk is gone"):
        begin()
    done.update(run(app, clock))
    assert {what: number for what, number in done.items() if number} == expected
    assert due(app, clock) == {}
    assert_nothing_half(app)


def assert_nothing_half(app: Flask) -> None:
    """Each signature has its form, each form its signature."""
    assert (
        rows(
            app,
            "SELECT id FROM signatures WHERE NOT EXISTS"
            " (SELECT 1 FROM entries WHERE entries.id = signatures.entry_id"
            " AND entries.signature_id = signatures.id)",
        )
        == []
    )


def test_one_of_several_workers_runs_it(
    app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[datetime] = []
    really = services_retention.delete_due

    def seen(*args: Any, **words: Any) -> Any:
        runs.append(words["at"])
        return really(*args, **words)

    monkeypatch.setattr(services_retention, "delete_due", seen)
    workers = [worker(app) for _ in range(4)]
    for round_ in range(1, 4):

        def action(place: int) -> None:
            with app.app_context():
                workers[place]._maintenance.retain()

        assert together(4, action) == []
        assert len(runs) == round_
        clock.forward(HOUR)


def test_a_run_by_hand_beside_a_worker(app: Flask, clock: Clock) -> None:
    """Both at once: each form goes once, and nothing breaks."""
    keep_all(app, the_call(app), map(people.someone, range(60)))
    clock.forward(WEEK + SECOND)
    found: list[int] = []

    def action(_place: int) -> None:
        with app.app_context():
            found.append(run(app, clock).get("unconfirmed_forms", 0))

    assert together(3, action) == []
    assert sum(found) == 60
    assert states(app) == {}


# --- a campaign whose time is over ----------------------------------------------------------------


def sign_many(app: Flask, number: int, slug: str = "amazon") -> None:
    """So many people sign; all but every fourth confirm."""
    before = len(entries(app))
    keep_all(
        app,
        the_call(app, slug=slug),
        (people.someone(place, country=("DE", "FR")[place % 2]) for place in range(number)),
    )
    confirm_all(app, (id_ for place, id_ in enumerate(entries(app)[before:]) if place % 4))


def test_all_signatures_of_a_call_go_a_year_after_it_closed_and_not_a_second_earlier(
    app: Flask, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services_retention, "BATCH", 3)
    rights.another_call(app, tmp_path)
    sign_many(app, 8)
    sign_many(app, 4, "other")
    work(app)
    totals, others = rights.counted(app), rights.standing(app, "other")
    close(clock)
    closed_at = clock()
    clock.at = datetime(2027, 11, 2, 9, 30, tzinfo=UTC) - SECOND
    work(app)
    assert len(states(app)) == 9, "only unconfirmed ones are gone"
    assert due(app, clock) == run(app, clock) == {}
    clock.forward(SECOND)
    assert clock() - closed_at == timedelta(days=365)
    assert due(app, clock) == run(app, clock) == {"signatures of amazon": 6}
    work(app)
    assert rows(
        app,
        "SELECT slug, count(*) FROM signatures JOIN campaigns"
        " ON campaigns.id = campaign_id GROUP BY slug",
    ) == [("other", 3)]
    assert rights.counted(app) == totals, "the result is history, and stays"
    assert rights.counted(app, "other") == others
    assert rows(app, "SELECT count(*) FROM entries") == [(3,)]
    # Two never confirmed and are in no other call: how many letters they got is kept, for the
    # limit of five for ever. Of those who confirmed here alone nothing is left.
    assert rows(
        app,
        "SELECT count(*) FROM mailboxes WHERE address_key NOT IN"
        " (SELECT address_key FROM signatures)",
    ) == [(2,)]


def test_its_totals_cannot_be_counted_anew(app: Flask, clock: Clock) -> None:
    sign_many(app, 5)
    work(app)
    close(clock)
    clock.forward(timedelta(days=366))
    work(app)
    campaign_id = the_call(app).id
    with pytest.raises(NothingToCount), snapshot_transaction() as session:
        count_totals.recount(session, campaign_id, at=clock())
    assert rights.counted(app)["total", ""] == 3


def test_what_was_not_folded_yet_is_in_the_totals_that_stay(app: Flask, clock: Clock) -> None:
    sign_many(app, 5)
    close(clock)
    clock.forward(timedelta(days=366))
    run(app, clock)
    assert states(app) == {}
    work(app)
    assert rights.counted(app)["total", ""] == 3


@pytest.mark.parametrize("months", [0, 1, 6, 24])
def test_each_call_has_its_own_time(app: Flask, clock: Clock, months: int) -> None:
    sign_many(app, 3)
    with transaction() as session:
        services_retention.set_months(session, "amazon", months, by="sam", at=clock())
    close(clock)
    over = end(clock(), months)
    clock.at = over - SECOND
    assert "signatures of amazon" not in run(app, clock)
    clock.at = over
    if months == 0:  # the unconfirmed one is young, and goes with the call
        assert run(app, clock) == {"signatures of amazon": 3}
    else:
        assert run(app, clock) == {"signatures of amazon": 2}
    assert rows(app, "SELECT who, action, detail FROM audit") == [
        ("sam", "retention", f"amazon: {months}")
    ]


def test_a_call_that_is_not_there_has_no_time(app: Flask, clock: Clock) -> None:
    with pytest.raises(NotFound), transaction() as session:
        services_retention.set_months(session, "nothing", 1, by="sam", at=clock())


def test_an_open_call_is_kept_for_ever(app: Flask, clock: Clock) -> None:
    sign_many(app, 4)
    clock.forward(timedelta(days=3650))
    assert run(app, clock) == {"unconfirmed_forms": 1}
    assert len(states(app)) == 3


def test_a_call_that_was_opened_again_begins_its_time_anew(app: Flask, clock: Clock) -> None:
    sign_many(app, 3)
    close(clock)
    clock.forward(timedelta(days=364))
    with transaction() as session:
        content_files.open_(session, "amazon", at=clock())
    clock.forward(timedelta(days=10))
    run(app, clock)
    assert len(states(app)) == 2
    close(clock)
    clock.forward(timedelta(days=364))
    run(app, clock)
    assert len(states(app)) == 2
    clock.forward(2 * DAY)
    assert run(app, clock) == {"signatures of amazon": 2}


def test_a_call_that_ran_out_counts_from_its_own_date_though_staff_close_it_later(
    app: Flask, clock: Clock
) -> None:
    sign_many(app, 2)
    change(app, "UPDATE campaigns SET closes_at = :at", at=clock())
    clock.forward(timedelta(days=100))
    close(clock)
    with reading() as session:
        (clock_,) = store_retention.clocks(session)
    assert clock_.closed_at == clock() - timedelta(days=100)


# --- months ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("closed", "months", "over"),
    [
        ("2027-01-31", 1, "2027-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2027-01-30", 1, "2027-02-28"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2028-02-29", 48, "2032-02-29"),
        ("2026-12-31", 2, "2027-02-28"),
        ("2026-11-30", 1, "2026-12-30"),
        ("2026-11-02", 12, "2027-11-02"),
        ("2026-12-15", 0, "2026-12-15"),
        ("2026-08-31", 6, "2027-02-28"),
        ("2026-01-01", 600, "2076-01-01"),
    ],
)
def test_months_end_on_the_same_day_or_on_the_last(closed: str, months: int, over: str) -> None:
    at = datetime.fromisoformat(f"{closed}T23:59:59+00:00")
    assert end(at, months) == datetime.fromisoformat(f"{over}T23:59:59+00:00")


@given(
    st.datetimes(timezones=st.just(UTC)).filter(lambda at: at.year < 9000),
    st.integers(0, 600),
)
def test_months_never_skip_one(at: datetime, months: int) -> None:
    over = end(at, months)
    assert (over.year - at.year) * 12 + over.month - at.month == months
    assert over.timetz() == at.timetz()
    assert over.day <= at.day
    assert end(at, months) >= at


# --- the dry run ----------------------------------------------------------------------------------


def campaigns_in_every_state(
    app: Flask, clock: Clock, folder: Path, worlds: Worlds, seed: int = 1
) -> None:
    """Two calls, one of them over: people in every state, old and young, some erased before."""
    name = f"every_state_{seed}"
    worlds.enter(app, clock, name, lambda: _bring(app, clock, folder, random.Random(seed)))


def _bring(app: Flask, clock: Clock, folder: Path, chance: random.Random) -> None:
    rights.another_call(app, folder)
    for slug in ("amazon", "other"):
        sign_many(app, 9, slug)
    clock.forward(timedelta(days=300))
    close(clock, "other")
    close_and_wait(app, clock, chance)
    call = the_call(app)
    keep_all(app, call, map(people.someone, range(0, 14, 2)))
    clock.forward(timedelta(days=chance.randint(1, 9)))
    keep_all(app, call, map(people.someone, range(0, 14, 3)))
    confirm_all(app, chance.sample(entries(app), 5))
    for signature_id in chance.sample(rights.ids(app), 2):
        rights.withdraw(app, signature_id)
    with transaction() as session:
        for id_, state in chance.sample(sorted(states(app).items()), 2):
            if state in ("pending", "confirmed"):
                holds.hold(session, id_, reason=HoldReason.OTHER, by="sam", at=clock())
    # The journal names some who are (again) there, and some who are not.
    for slug, key in chance.sample(
        rows(
            app,
            "SELECT slug, address_key FROM signatures JOIN campaigns"
            " ON campaigns.id = campaign_id ORDER BY signatures.id",
        ),
        3,
    ):
        journal(app).add(
            JournalEntry(verb=ERASED, slug=str(slug), address_key=bytes(key), at=clock())  # type: ignore[call-overload]
        )
    journal(app).add(JournalEntry(verb=ERASED, slug="amazon", address_key=bytes(16), at=clock()))
    journal(app).add(JournalEntry(verb=ERASED, slug="nowhere", address_key=bytes(16), at=clock()))
    for key in (b"a" * 16, b"b" * 16):
        change(
            app,
            "INSERT INTO code_tries (campaign_id, address_key, since, tries)"
            " VALUES (1, :key, :at, 3)",
            key=key,
            at=clock() - timedelta(hours=30 if key[0] == ord("a") else 2),
        )


def close_and_wait(app: Flask, clock: Clock, chance: random.Random) -> None:
    """What is young when the other call's year ends."""
    clock.forward(timedelta(days=chance.randint(358, 364)))
    call, deps = the_call(app, slug="other"), dependencies_of(app)
    with transaction() as session:
        for number in range(5):  # sent in before it closed, by the look of it
            address_key = deps.vault.address_key(f"person.{number}@example.org")
            late = factories.new_entry(app, call, number, address_key=address_key)
            bulk_insert.add(session, [late])
    clock.forward(timedelta(days=8 - chance.randint(0, 5)))


@pytest.mark.parametrize("seed", range(5))
def test_the_dry_run_says_exactly_what_a_run_does_and_changes_nothing(
    app: Flask, clock: Clock, tmp_path: Path, worlds: Worlds, seed: int
) -> None:
    campaigns_in_every_state(app, clock, tmp_path, worlds, seed)
    before = rights.dump(app)
    said = due(app, clock)
    assert rights.dump(app) == before
    assert len(said) >= 3, said
    assert run(app, clock) == said
    assert due(app, clock) == run(app, clock) == {}
    assert_nothing_half(app)


# --- over time ------------------------------------------------------------------------------------


def test_a_year_and_more_day_by_day(app: Flask, clock: Clock) -> None:
    """People come for 12 days, half confirm; the call closes; in the end there is nothing.

    While forms wait and on the last days of the year it is looked at each day; in between, when
    nothing can be due, every other month.
    """
    call, worker_ = the_call(app), worker(app)
    most, closing = 0, datetime(2027, 1, 1, 9, 30, tzinfo=UTC)
    last = end(closing, 12)
    assert last == closing + 365 * DAY
    for day in (*range(23), *range(60, 376, 60), *range(375, 380)):
        clock.at = closing - 12 * DAY + day * DAY
        if day < 12:
            keep(app, call, people.someone(day))
            if day % 2:
                confirm(app, entries(app)[-1])
        if day == 12:
            close(clock)
        worker_.once()
        found = Counter(states(app).values())
        assert found["pending"] <= 5, "one more each other day, for a week"
        most = max(most, found["confirmed"])
        if day >= 20:
            assert found == ({"confirmed": 6} if clock() < last else {}), f"day {day}"
    assert clock() > last
    assert most == 6
    assert rights.counted(app)["total", ""] == 6
    for table in ("signatures", "entries", "consents", "letters", "link_requests", "code_tries"):
        assert rows(app, f"SELECT * FROM {table}") == [], table


# --- the clock on the privacy page ----------------------------------------------------------------


def shown(app: Flask) -> services_retention.RetentionFigures | None:
    campaign_id = the_call(app).id
    with reading() as session:
        return services_retention.shown(session, campaign_id)


def test_the_clock_shows_what_was_held_at_the_last_run(app: Flask, clock: Clock) -> None:
    assert shown(app) is None
    sign_many(app, 8)
    keep(app, the_call(app), people.someone(1))
    rights.withdraw(app, 2)
    work(app)
    found = shown(app)
    assert found == services_retention.RetentionFigures(
        as_of=clock(),
        confirmed=5,
        withdrawn=1,
        forms_not_confirmed=3,
        next_run=clock() + HOUR,
        months=12,
        ends_at=None,
    )
    clock.forward(HOUR - SECOND)
    sign_many(app, 12)
    work(app)
    assert shown(app) == found, "the numbers stand still until the next run"
    clock.forward(SECOND)
    close(clock)
    work(app)
    found = shown(app)
    assert found is not None
    assert found.as_of == clock()
    assert found.ends_at == datetime(2027, 11, 2, 10, 30, tzinfo=UTC)


def test_a_form_for_any_address_adds_one_whoever_it_is(app: Flask, clock: Clock) -> None:
    """Unknown, pending, confirmed, held, withdrawn, blocked: nobody learns it from the clock."""
    sign_many(app, 8)
    deps, call = dependencies_of(app), the_call(app)
    with transaction() as session:
        holds.hold(session, 2, reason=HoldReason.OTHER, by="sam", at=clock())
        key = deps.vault.address_key("person.4@example.org")
        link = rights.stop_link(app, key)
        blocks.stop(session, deps.erasure_context, deps.vault, link, at=clock())
    rights.withdraw(app, 3)
    work(app)
    for number in (0, 1, 2, 3, 4, 99):
        before = shown(app)
        keep(app, call, people.someone(number))
        clock.forward(HOUR)
        work(app)
        after = shown(app)
        assert before is not None
        assert after is not None
        assert after.forms_not_confirmed == before.forms_not_confirmed + 1, number
        assert after.confirmed == before.confirmed


def test_a_call_with_nobody_has_a_clock(app: Flask, clock: Clock) -> None:
    work(app)
    found = shown(app)
    assert found is not None
    assert (found.confirmed, found.withdrawn, found.forms_not_confirmed) == (0, 0, 0)
