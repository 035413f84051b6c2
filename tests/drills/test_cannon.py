"""The drill of the spam cannon: what it calls paced and served is so, and the rest is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from drills.cannon import PACE, Owed, paced, served
from drills.http_client import SENDERS, sender

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def letters(*waits: timedelta) -> list[Owed]:
    return [Owed(tag="x", came=AT, due=AT + wait) for wait in waits]


def test_twenty_at_once_and_then_one_every_six_seconds_is_paced() -> None:
    at_once, later = [timedelta()] * 20, [PACE * n for n in range(1, 481)]
    assert paced(letters(*at_once, *later)) is None
    assert served(letters(*at_once, *later)) is None


def test_many_letters_at_once_or_a_quicker_pace_is_seen() -> None:
    assert paced(letters(*[timedelta()] * 22)) is not None
    quick = [PACE / 2 * n for n in range(200)]
    assert paced(letters(*[timedelta()] * 20, *quick)) is not None
    again = [timedelta(minutes=30)] * 22
    assert paced(letters(*[timedelta()] * 20, *again)) is not None


def test_an_office_that_waits_longer_than_an_hour_is_seen() -> None:
    assert served(letters(timedelta(minutes=61))) is not None


def test_senders_are_addresses_that_nobody_has() -> None:
    assert (sender(0), sender(SENDERS - 1)) == ("198.18.0.0", "198.19.255.255")
    assert len({sender(number) for number in range(0, SENDERS, 97)}) == -(-SENDERS // 97)
