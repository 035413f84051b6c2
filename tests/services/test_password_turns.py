"""Password turns: one at a time, few wait, and all together get no more than their share."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from petition.services.staff.password_turns import (
    CREDIT,
    LONGEST,
    PATIENCE,
    SHARE,
    WAITING,
    Line,
    PasswordTurns,
    TooBusy,
)


class Time:
    """A clock that only sleeping and work put forward."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@contextmanager
def held(line: Line) -> Iterator[None]:
    """Another thread is at work in this line for as long as the block lasts."""
    inside, go = threading.Event(), threading.Event()

    def work() -> None:
        with line.turn():
            inside.set()
            go.wait()

    thread = threading.Thread(target=work)
    thread.start()
    inside.wait()
    try:
        yield
    finally:
        go.set()
        thread.join()


def test_without_an_end_they_get_their_share_and_no_more() -> None:
    clock = Time()
    line = Line(share=SHARE, clock=clock, sleep=clock.sleep)
    began, worked = clock(), 0.0
    while worked < 100.0:
        with line.turn():
            clock.sleep(0.2)
            worked += 0.2
    assert worked <= (clock() - began) * SHARE + CREDIT + 0.2


def test_a_few_at_once_do_not_wait() -> None:
    clock = Time()
    line = Line(share=SHARE, clock=clock, sleep=clock.sleep)
    began = clock()
    for _ in range(5):
        with line.turn():
            clock.sleep(0.2)
    assert clock() - began == pytest.approx(1.0)


def test_a_slow_machine_sends_nobody_away_who_comes_alone() -> None:
    clock = Time()
    line = Line(share=SHARE, clock=clock, sleep=clock.sleep)
    for _ in range(50):
        before = clock()
        with line.turn():
            assert clock() - before <= PATIENCE
            clock.sleep(3 * LONGEST)


def test_one_is_at_work_and_few_wait() -> None:
    line = Line(share=1.0)
    most, running, lock = 0, 0, threading.Lock()
    busy: list[int] = []

    def one(place: int) -> None:
        nonlocal most, running
        try:
            with line.turn():
                with lock:
                    running += 1
                    most = max(most, running)
                with lock:
                    running -= 1
        except TooBusy:
            busy.append(place)

    with held(line):
        threads = [threading.Thread(target=one, args=(place,)) for place in range(WAITING + 5)]
        for thread in threads:
            thread.start()
        for thread in threads[WAITING:]:
            thread.join(timeout=0.01)
        while len(busy) < 5:  # these are sent away while the line is held: nobody queues up
            threading.Event().wait(0.001)
    for thread in threads:
        thread.join()
    assert len(busy) == 5
    assert most == 1


def test_no_line_waits_for_another() -> None:
    turns = PasswordTurns()
    with held(turns.others), turns.newcomers.turn(), turns.known.turn():
        pass


def test_a_fault_in_the_block_leaves_the_line_open() -> None:
    line = Line(share=SHARE)
    for _ in range(WAITING + 3):
        with pytest.raises(ZeroDivisionError), line.turn():
            raise ZeroDivisionError
    with line.turn():
        pass


def test_a_line_that_is_full_is_closed_until_somebody_leaves_it() -> None:
    line = Line(share=SHARE, waiting=0)
    with held(line):
        assert line.is_closed
    assert not line.is_closed


def test_a_line_that_has_spent_its_share_is_closed_until_patience_would_do() -> None:
    clock = Time()
    line = Line(share=SHARE, clock=clock, sleep=clock.sleep)
    while not line.is_closed:
        with line.turn():
            clock.now += LONGEST
    with pytest.raises(TooBusy), line.turn():
        pass
    clock.now += LONGEST / SHARE
    assert not line.is_closed
    with line.turn():
        pass


def test_looking_takes_no_place() -> None:
    line = Line(share=SHARE)
    assert not any(line.is_closed for _ in range(10 + WAITING))
    with line.turn():
        pass


def test_strangers_are_sent_away_when_neither_line_has_a_turn() -> None:
    turns = PasswordTurns()
    turns.others = Line(share=SHARE, waiting=0)
    turns.newcomers = Line(share=SHARE, waiting=0)
    with held(turns.others):
        turns.check_strangers()
        with held(turns.newcomers), pytest.raises(TooBusy):
            turns.check_strangers()
    with held(turns.newcomers):
        turns.check_strangers()
