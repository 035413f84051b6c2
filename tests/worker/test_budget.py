"""The letter budget: exact over several workers, and in favour of who never had a letter."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from petition.config import load
from petition.errors import SettingError
from petition.store.db import reading, transaction
from petition.store.letters import budget
from petition.store.letters.budget import STEP_BACK, BudgetState, Grant
from petition.web.http.dependencies import dependencies_of, set_dependencies
from petition.worker.letter_budget import LOOK_AGAIN
from petition.worker.loop import Worker
from tests import people
from tests.conftest import Clock
from tests.factories import confirm, entries, keep, rows, the_call, together
from tests.in_one_go import keep_all

MINUTE = timedelta(minutes=1)


@pytest.fixture
def worker_under(app: Flask, smtp_server: Any, worker_to: Any) -> Callable[[int], Worker]:
    """worker_under(per_minute): a worker under that budget."""

    def begin(per_minute: int, stop: threading.Event | None = None) -> Worker:
        deps = dependencies_of(app)
        settings = replace(deps.settings, letters_per_minute=per_minute)
        set_dependencies(app, replace(deps, settings=settings))
        worker: Worker = worker_to(smtp_server.smtp, stop)
        return worker

    return begin


def _owe_letters(app: Flask, number: int, first: int = 0) -> None:
    keep_all(app, the_call(app), map(people.someone, range(first, first + number)))


def _to(smtp_server: Any) -> list[str]:
    return [taken.recipients[0] for taken in smtp_server.handler.taken]


def _used(app: Flask) -> list[int]:
    return [int(str(n)) for (n,) in rows(app, "SELECT letters FROM letter_minutes ORDER BY minute")]


def _state(app: Flask, clock: Clock, per_minute: int) -> BudgetState:
    with app.app_context(), reading() as session:
        return budget.budget_state(session, per_minute=per_minute, at=clock())


def test_a_minute_has_so_many_letters_and_the_next_as_many(
    app: Flask, clock: Clock, smtp_server: Any, worker_under: Any
) -> None:
    _owe_letters(app, 30)
    sent = []
    for _ in range(5):
        worker_under(7).once()
        sent.append(len(smtp_server.handler.taken))
        clock.forward(MINUTE)
    assert sent == [7, 14, 21, 28, 30]
    assert _to(smtp_server) == [people.someone(n)["email"] for n in range(30)]  # in order
    assert _used(app) == [7, 7, 7, 7, 2]
    assert rows(app, "SELECT DISTINCT attempts, leased_by FROM letters") == [(1, None)]


@pytest.mark.slow
def test_several_workers_share_one_budget(app: Flask, smtp_server: Any, worker_under: Any) -> None:
    _owe_letters(app, 60)
    workers = [worker_under(33) for _ in range(4)]

    def action(place: int) -> None:
        with app.app_context():
            while workers[place].send_batch():
                pass

    assert together(4, action) == []
    # Each may hold a reservation while another looks: none is lost to a later look.
    worker_under(33).once()
    assert len(_to(smtp_server)) == len(set(_to(smtp_server))) == 33
    assert _used(app) == [33]


def test_reservations_at_once_are_exact(app: Flask, clock: Clock) -> None:
    granted: list[int] = []

    def action(place: int) -> None:
        with app.app_context():
            for wanted in (1, 3, 7, 20, 5):
                with transaction() as session:
                    grant = budget.reserve(session, wanted, per_minute=100, at=clock())
                granted.append(grant.number)

    assert together(6, action) == []
    assert sum(granted) == 100
    assert _used(app) == [100]


def test_what_is_given_back_is_there_again(app: Flask, clock: Clock) -> None:
    with app.app_context(), transaction() as session:
        grant = budget.reserve(session, 8, per_minute=10, at=clock())
        assert (grant.number, grant.short) == (8, True)
        budget.give_back(session, replace(grant, number=5))
        again = budget.reserve(session, 8, per_minute=10, at=clock())
        assert again == Grant(minute=grant.minute, number=7, short=True)
        assert budget.reserve(session, 1, per_minute=10, at=clock()).number == 0
        clock.forward(MINUTE)
        assert budget.reserve(session, 1, per_minute=10, at=clock()).number == 1


@pytest.mark.slow
def test_a_reservation_is_not_spent_in_the_next_minute(
    app: Flask, clock: Clock, smtp_server: Any, worker_under: Any
) -> None:
    """A slow server: each letter takes half a minute, and a batch is longer than a minute."""
    _owe_letters(app, 10)
    minutes: Counter[object] = Counter()

    def slowly(envelope: Any) -> None:
        minutes[clock().replace(second=0)] += 1
        clock.forward(timedelta(seconds=20))

    smtp_server.handler.at_data = slowly
    for _ in range(6):
        worker_under(2).once()
        clock.forward(MINUTE)
    assert len(smtp_server.handler.taken) == 10
    assert max(minutes.values()) <= 2
    assert max(_used(app)) <= 2


def test_confirmed_mailboxes_cost_nothing_and_go_on(
    app: Flask, clock: Clock, smtp_server: Any, worker_under: Any
) -> None:
    keep(app, the_call(app), people.amina)
    worker_under(1).once()
    confirm(app, entries(app)[0])
    _owe_letters(app, 5)  # due before the letter of thanks
    clock.forward(timedelta(seconds=1))
    keep(app, the_call(app), people.amina)
    worker_under(1).once()
    clock.forward(LOOK_AGAIN)
    worker_under(1).once()
    assert Counter(_to(smtp_server)) == {people.amina["email"]: 3}
    assert _used(app) == [1]


@pytest.mark.slow
def test_what_is_withheld_costs_nothing(app: Flask, smtp_server: Any, worker_under: Any) -> None:
    """Forty forms for one mailbox take three letters of the minute, not forty."""
    keep_all(app, the_call(app), [people.ben] * 40)
    _owe_letters(app, 7)
    worker_under(100).once()
    assert Counter(_to(smtp_server)) == Counter(
        {people.ben["email"]: 3} | {people.someone(n)["email"]: 1 for n in range(7)}
    )
    assert _used(app) == [10]


def test_who_had_a_letter_steps_back_when_the_budget_is_short(
    app: Flask, clock: Clock, smtp_server: Any, worker_under: Any
) -> None:
    keep(app, the_call(app), people.ben)
    worker_under(10).once()
    clock.forward(MINUTE)
    _owe_letters(app, 6)
    keep(app, the_call(app), people.ben)
    _owe_letters(app, 3, first=6)
    form = clock()
    worker_under(10).once()
    assert _to(smtp_server) == [
        people.ben["email"],
        *(people.someone(n)["email"] for n in range(9)),
    ]
    assert _used(app)[-1] == 9  # the one that stepped back cost nothing
    clock.forward(STEP_BACK - timedelta(seconds=1))
    worker_under(10).once()
    assert len(_to(smtp_server)) == 10
    clock.forward(timedelta(seconds=1))
    _owe_letters(app, 9, first=20)
    worker_under(10).once()
    assert clock() == form + STEP_BACK
    assert _to(smtp_server).count(people.ben["email"]) == 2  # once only, however short it is now


def test_with_time_to_spare_nobody_steps_back(
    app: Flask, smtp_server: Any, worker_under: Any
) -> None:
    for _ in range(3):
        keep(app, the_call(app), people.ben)
    worker_under(100).once()
    assert len(_to(smtp_server)) == 3


@pytest.mark.slow
def test_a_newcomer_in_a_flood_waits_for_who_was_due_before(
    app: Flask, clock: Clock, smtp_server: Any, worker_under: Any
) -> None:
    """Thirty letters to strangers at six a minute: the newcomer's goes in the sixth."""
    _owe_letters(app, 30)
    clock.forward(timedelta(seconds=1))
    keep(app, the_call(app), people.amina)
    for minute in range(6):
        worker_under(6).once()
        assert (people.amina["email"] in _to(smtp_server)) == (minute == 5)
        clock.forward(MINUTE)


def test_staff_see_numbers(app: Flask, clock: Clock, smtp_server: Any, worker_under: Any) -> None:
    _owe_letters(app, 12)
    worker_under(5).once()
    state = _state(app, clock, 5)
    assert state.spent
    assert (state.this_minute, state.last_hour, state.waiting, state.later) == (5, 5, 7, 0)
    clock.forward(MINUTE)
    assert not _state(app, clock, 5).spent
    worker_under(5).once()
    assert _state(app, clock, 5).last_hour == 10
    clock.forward(timedelta(hours=2))
    worker_under(5).once()
    assert _used(app) == [2]  # minutes long past are gone
    assert "@" not in repr(_state(app, clock, 5))


@pytest.mark.parametrize("value", ["0", "-1", "many", "2000.5", "1000001", "2 000"])
def test_a_wrong_budget_is_named(tmp_path: Any, value: str) -> None:
    with pytest.raises(SettingError, match="PETITION_LETTERS_PER_MINUTE takes a whole number"):
        load({"PETITION_INSTANCE": str(tmp_path), "PETITION_LETTERS_PER_MINUTE": value})


def test_the_default(tmp_path: Any) -> None:
    assert load({"PETITION_INSTANCE": str(tmp_path)}).letters_per_minute == 2000
