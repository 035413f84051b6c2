"""The outbox: no letter is taken by two, and no mailbox gets more than its share."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from petition.domain.letters import letter as letters
from petition.services.letters import screening
from petition.store.db import db, transaction
from petition.store.letters import entry_letters, outbox
from petition.store.letters.outbox import ClaimedLetter
from tests import people
from tests.conftest import Clock
from tests.factories import change, confirm, entries, keep, rows, the_call, together

LEASE = timedelta(minutes=10)
HOUR = timedelta(hours=1)


def _claim(clock: Clock, worker: str = "one", most: int = 20) -> list[ClaimedLetter]:
    with transaction() as session:
        return outbox.claim(session, worker=worker, at=clock(), lease=LEASE, most=most)


@pytest.fixture
def letters_owed(app: Flask) -> int:
    """Forty letters are owed."""
    call = the_call(app)
    for number in range(40):
        keep(app, call, people.someone(number))
    return 40


def test_two_workers_never_take_the_same_letter(
    app: Flask, clock: Clock, letters_owed: int
) -> None:
    engine, taken = db.engine, []

    def action(place: int) -> None:
        while True:
            with transaction(engine) as session:
                found = outbox.claim(session, worker=f"w{place}", at=clock(), lease=LEASE, most=3)
            if not found:
                return
            taken.extend(letter.id for letter in found)

    # On PostgreSQL a worker may find nothing while others hold what is left, and then ends.
    assert together(4, action) == []
    assert len(taken) == len(set(taken))
    taken += [letter.id for letter in _claim(clock, most=100)]
    assert len(taken) == len(set(taken)) == letters_owed


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_letter_that_is_being_taken_is_passed_over(
    app: Flask, clock: Clock, letters_owed: int
) -> None:
    with Session(db.engine) as one, one.begin():
        first = outbox.claim(one, worker="one", at=clock(), lease=LEASE, most=25)
        with Session(db.engine) as other, other.begin():  # while the first has not committed
            second = outbox.claim(other, worker="other", at=clock(), lease=LEASE, most=25)
    assert len(first) == 25
    assert len(second) == 15
    assert not {letter.id for letter in first} & {letter.id for letter in second}


def test_a_lease_ends(app: Flask, clock: Clock, letters_owed: int) -> None:
    first = {letter.id for letter in _claim(clock, most=40)}
    assert _claim(clock, "other") == []
    clock.forward(LEASE - timedelta(seconds=1))
    assert _claim(clock, "other") == []
    clock.forward(timedelta(seconds=1))
    assert {letter.id for letter in _claim(clock, "other", most=40)} == first


def test_a_letter_is_not_taken_before_it_is_due(app: Flask, clock: Clock) -> None:
    keep(app, the_call(app), people.ben)
    (letter,) = _claim(clock)
    with transaction() as session:
        outbox.postpone(session, letter.id, until=clock() + HOUR, error="SMTP 450")
    clock.forward(HOUR - timedelta(seconds=1))
    assert _claim(clock) == []
    clock.forward(timedelta(seconds=1))
    (again,) = _claim(clock)
    assert (again.id, again.attempts) == (letter.id, 1)


@pytest.mark.parametrize("state", [letters.SENT, letters.FAILED, letters.WITHHELD])
def test_a_finished_letter_is_never_taken_again(app: Flask, clock: Clock, state: str) -> None:
    keep(app, the_call(app), people.ben)
    (letter,) = _claim(clock)
    with transaction() as session:
        outbox.finish(session, letter.id, state, at=clock())
    clock.forward(timedelta(days=30))
    assert _claim(clock) == []


def test_only_the_one_who_holds_a_letter_gives_it_back(app: Flask, clock: Clock) -> None:
    keep(app, the_call(app), people.ben)
    (letter,) = _claim(clock, "one")
    with transaction() as session:
        outbox.release(session, [letter.id], worker="other")
    assert _claim(clock, "other") == []
    with transaction() as session:
        outbox.release(session, [letter.id], worker="one")
    assert len(_claim(clock, "other")) == 1


def test_the_oldest_letters_come_first(app: Flask, clock: Clock) -> None:
    call = the_call(app)
    for number in range(5):
        keep(app, call, people.someone(number))
        clock.forward(timedelta(seconds=1))
    assert [letter.to.id for letter in _claim(clock, most=3)] == entries(app)[:3]


def _admit(session: Session, claimed: ClaimedLetter, clock: Clock) -> bool:
    letter = entry_letters.read(session, claimed.id)
    assert letter is not None
    return screening.may_send(session, letter, "ben@example.org", at=clock()) is not None


def _write_to_ben(app: Flask, clock: Clock) -> bool:
    """Ben's address is entered once more: is he written to?"""
    keep(app, the_call(app), people.ben)
    (letter,) = _claim(clock)
    with transaction() as session:
        admitted = _admit(session, letter, clock)
        outbox.finish(
            session, letter.id, letters.SENT if admitted else letters.WITHHELD, at=clock()
        )
    return admitted


def test_three_letters_in_any_24_hours_and_five_ever(app: Flask, clock: Clock) -> None:
    begin = clock()
    for hour in (0, 10, 20):
        clock.at = begin + hour * HOUR
        assert _write_to_ben(app, clock)
    assert not _write_to_ben(app, clock)
    clock.at = begin + 24 * HOUR - timedelta(seconds=1)
    assert not _write_to_ben(app, clock)
    clock.at = begin + 24 * HOUR  # the first is a day old
    assert _write_to_ben(app, clock)
    assert not _write_to_ben(app, clock)
    clock.at = begin + 34 * HOUR
    assert _write_to_ben(app, clock)
    for day in (3, 30, 300):
        clock.at = begin + timedelta(days=day)
        assert not _write_to_ben(app, clock)


def test_who_confirmed_is_written_to_again_but_three_times_a_day(app: Flask, clock: Clock) -> None:
    assert _write_to_ben(app, clock)
    confirm(app, entries(app)[0])
    change(app, "DELETE FROM letters WHERE kind = 'thanks'")
    for _ in range(3):
        clock.forward(timedelta(days=2))
        assert [_write_to_ben(app, clock) for _ in range(4)] == [True, True, True, False]


def test_one_full_mailbox_spares_no_other(app: Flask, clock: Clock) -> None:
    for _ in range(4):
        _write_to_ben(app, clock)
    keep(app, the_call(app), people.amina)
    (letter,) = _claim(clock)
    with transaction() as session:
        assert _admit(session, letter, clock)


def test_a_second_try_of_a_letter_is_not_charged_again(app: Flask, clock: Clock) -> None:
    keep(app, the_call(app), people.ben)
    for _ in range(6):
        (letter,) = _claim(clock)
        with transaction() as session:
            assert _admit(session, letter, clock)
            outbox.postpone(session, letter.id, until=clock(), error="SMTP 450")
    assert rows(app, "SELECT letters FROM mailboxes") == [(1,)]


def test_several_spellings_are_one_mailbox(app: Flask, clock: Clock) -> None:
    call = the_call(app)
    for form in (people.ben, people.ben_again, people.ben, people.ben_again):
        keep(app, call, form)
    found = []
    for letter in _claim(clock):
        with transaction() as session:
            found.append(_admit(session, letter, clock))
    assert sorted(found) == [False, True, True, True]


def test_two_workers_at_once_do_not_exceed_the_limit(app: Flask, clock: Clock) -> None:
    call, engine, admitted = the_call(app), db.engine, []
    for _ in range(8):
        keep(app, call, people.ben)
    claimed = _claim(clock)

    def action(place: int) -> None:
        with transaction(engine) as session:
            admitted.append(_admit(session, claimed[place], clock))

    assert together(8, action) == []
    assert sum(admitted) == 3
    assert rows(app, "SELECT letters FROM mailboxes") == [(3,)]


def test_the_number_of_an_erased_letter_is_never_given_again(app: Flask) -> None:
    """A mailbox that saw its Message-ID before would drop the new letter."""
    keep(app, the_call(app), people.ben)
    ((erased,),) = rows(app, "SELECT id FROM letters")
    change(app, "DELETE FROM letters")
    keep(app, the_call(app), people.ben)
    ((new,),) = rows(app, "SELECT id FROM letters")
    assert new != erased


def test_a_letter_that_was_erased_is_not_finished(app: Flask, clock: Clock) -> None:
    keep(app, the_call(app), people.ben)
    (letter,) = _claim(clock)
    change(app, "DELETE FROM letters")
    with transaction() as session:
        assert entry_letters.read(session, letter.id) is None
        assert not outbox.finish(session, letter.id, letters.SENT, at=clock())


def test_a_letter_is_read_as_it_stands_now(app: Flask, clock: Clock) -> None:
    keep(app, the_call(app), people.ben)
    (claimed,) = _claim(clock)
    with transaction() as session:
        before = entry_letters.read(session, claimed.id)
    confirm(app, claimed.to.id)
    with transaction() as session:
        letter = entry_letters.read(session, claimed.id)
    assert before is not None
    assert letter is not None
    assert (before.state, letter.state) == ("pending", "confirmed")
