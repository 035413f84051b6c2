"""Counts by sender: windows, turns and refusals, exact in both databases and over processes."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from petition.config import Settings
from petition.domain.abuse.actions import Action
from petition.services.abuse import limits
from petition.services.abuse.senders import Peer, Senders
from petition.store.abuse import senders
from petition.store.abuse.senders import Charge, Verdict, as_number, as_time, charge
from petition.store.db import db, reading, transaction
from tests.factories import rows

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
SIX_SECONDS = 6000


def one(sender: int = 1, **changes: object) -> Charge:
    plain = Charge(
        sender=sender.to_bytes(16, "big"),
        day=AT.date(),
        action="letter",
        burst=3000,
        hourly=3000,
        pace=SIX_SECONDS,
        at_once=20,
        at=AT,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def counted(*charges: Charge) -> list[Verdict]:
    with transaction() as session:
        return charge(session, charges)


def test_twenty_letters_go_at_once_and_the_others_wait_six_seconds_each(app: Flask) -> None:
    verdicts = counted(*[one()] * 30)
    assert all(each.taken for each in verdicts)
    waits = [(each.until - AT).total_seconds() for each in verdicts]
    assert waits == [0.0] * 20 + [6.0 * n for n in range(1, 11)]


def test_an_office_of_500_at_once_is_all_served_within_the_hour(app: Flask) -> None:
    verdicts = counted(*[one()] * 300) + counted(*[one(at=AT + timedelta(minutes=2))] * 200)
    assert all(each.taken for each in verdicts)
    assert max(each.until for each in verdicts) <= AT + timedelta(hours=1)


def test_one_by_one_or_together_is_the_same(app: Flask) -> None:
    together = counted(*[one(1)] * 50)
    assert [verdict for _ in range(50) for verdict in counted(one(2))] == together


def test_after_the_hours_forms_the_rest_is_refused_until_the_hour_is_over(app: Flask) -> None:
    small = [one(hourly=30, burst=30)] * 40
    verdicts = counted(*small)
    assert [each.taken for each in verdicts] == [True] * 30 + [False] * 10
    assert {each.until for each in verdicts[30:]} == {AT + timedelta(hours=1)}
    nearly = replace(small[0], at=AT + timedelta(minutes=59, seconds=59))
    assert [each.taken for each in counted(nearly)] == [False]
    again = replace(small[0], at=AT + timedelta(hours=1))
    assert [each.taken for each in counted(again)] == [True]
    assert rows(app, "SELECT hour, refused FROM sender_counts") == [(1, 11)]


def test_what_was_refused_takes_no_turn(app: Flask) -> None:
    """Else the letters of those who share the address would wait for forms that nobody took."""
    small = one(hourly=30, burst=30)
    counted(*[small] * 500)
    (next_one,) = counted(replace(small, at=AT + timedelta(hours=1)))
    assert next_one.until == AT + timedelta(hours=1)


def test_no_letter_waits_for_longer_than_a_day(app: Flask) -> None:
    slow = one(pace=3_600_000, at_once=1)
    verdicts = counted(*[slow] * 30)
    assert [each.taken for each in verdicts] == [True] * 24 + [False] * 6
    assert [each.taken for each in counted(slow)] == [False]


def test_a_burst_is_refused_for_the_rest_of_its_minute(app: Flask) -> None:
    code = one(action="code", burst=5, hourly=8, pace=0, at_once=0)
    assert [each.taken for each in counted(*[code] * 7)] == [True] * 5 + [False] * 2
    (refused,) = counted(replace(code, at=AT + timedelta(seconds=30)))
    assert refused == Verdict(taken=False, until=AT + timedelta(minutes=1))
    later = [replace(code, at=AT + timedelta(minutes=1))] * 5
    assert [each.taken for each in counted(*later)] == [True] * 3 + [False] * 2


def test_senders_and_actions_do_not_share_a_count(app: Flask) -> None:
    small = one(burst=1, hourly=1)
    assert [each.taken for each in counted(small, small, one(2, burst=1, hourly=1))] == [
        True,
        False,
        True,
    ]
    assert counted(replace(small, action="code"))[0].taken


def test_a_clock_that_was_ahead_does_not_refuse_for_ever(app: Flask) -> None:
    small = one(burst=1, hourly=1, pace=0)
    counted(replace(small, at=AT + timedelta(days=3)))
    assert counted(small)[0].taken


@dataclass
class Model:
    """The same rules, said once more, one charge after the other."""

    minute_at: int = -(10**15)
    minute: int = 0
    hour_at: int = -(10**15)
    hour: int = 0
    turn_at: int = -(10**15)

    def charge(self, given: Charge) -> bool:
        now = as_number(given.at)
        at = now - now % 60_000
        if abs(at - self.minute_at) >= 60_000:
            self.minute_at, self.minute = at, 0
        if abs(at - self.hour_at) >= 3_600_000:
            self.hour_at, self.hour = at, 0
        grid = now - now % given.pace
        turn = max(self.turn_at, grid)
        late = grid + 86_400_000 - turn < given.pace
        if self.minute >= given.burst or self.hour >= given.hourly or late:
            self.turn_at = turn
            return False
        self.minute, self.hour, self.turn_at = self.minute + 1, self.hour + 1, turn + given.pace
        return True

    def due(self, given: Charge) -> datetime:
        return max(as_time(self.turn_at - given.at_once * given.pace), given.at)


@pytest.mark.parametrize("seed", range(4))
def test_batches_do_what_the_rules_say_one_by_one(app: Flask, seed: int) -> None:
    dice, models, at = random.Random(seed), {n: Model() for n in range(3)}, AT
    limits = {"burst": 7, "hourly": 40, "pace": 400_000, "at_once": 2}
    for _ in range(60):
        at += timedelta(seconds=dice.choice((0, 5, 61, 600, 3600)))
        who = [dice.randrange(3) for _ in range(dice.randrange(1, 9))]
        batch = [one(number, at=at, **limits) for number in who]
        for number, given, verdict in zip(who, batch, counted(*batch), strict=True):
            assert verdict.taken == models[number].charge(given)
            if verdict.taken:
                assert verdict.until == models[number].due(given)


@pytest.mark.parametrize("charges", [1, 25])
def test_no_count_keeps_a_time_that_an_entry_s_number_tells(app: Flask, charges: int) -> None:
    odd = AT + timedelta(milliseconds=12_345)
    for each in range(charges):
        counted(one(at=odd + timedelta(milliseconds=17 * each), burst=20))
    (times,) = rows(app, "SELECT minute_at, hour_at, refused_at, turn_at FROM sender_counts")
    assert [each % 60_000 for each in times[:3]] == [0, 0, 0]
    assert times[3] % SIX_SECONDS == 0


COUNT_MANY = """
import os, sys
from datetime import UTC, datetime
from sqlalchemy import create_engine
from petition.store.abuse.senders import Charge, charge
from petition.store.db import engine_options, prepare, transaction
url, hourly = sys.argv[1], int(sys.argv[2])
children = []
while len(children) < 3 and 0 not in children:
    children.append(os.fork())
engine = create_engine(url, **engine_options(url))
prepare(engine)
at = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
taken = 0
for batch in range(10):
    each = [
        Charge(sender=bytes([n % 3]) * 16, day=at.date(), action="letter", burst=10**6,
               hourly=hourly, at=at)
        for n in range(50)
    ]
    with transaction(engine) as session:
        taken += sum(verdict.taken for verdict in charge(session, each))
os.write(1, f"{taken} ".encode())
sys.exit(0 not in children and any([os.waitpid(pid, 0)[1] for pid in children]))
"""


@pytest.mark.slow
def test_thousands_of_counts_of_four_processes_at_once_are_exact(
    app: Flask, database_url: str
) -> None:
    url = db.engine.url.render_as_string(hide_password=False)
    done = subprocess.run(
        [sys.executable, "-c", COUNT_MANY, url, "600"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    taken = [int(line) for line in done.stdout.split()]
    assert len(taken) == 4
    assert sum(taken) == 1800  # three senders, 600 each
    found = rows(app, "SELECT hour, hour + refused FROM sender_counts ORDER BY sender")
    assert [number for number, _ in found] == [600] * 3
    assert sum(int(str(number)) for _, number in found) == 2_000


def test_a_first_try_is_the_first_of_its_pair_and_day(app: Flask) -> None:
    with transaction() as session:
        tries = [senders.note_try(session, pair, AT.date()) for pair in (b"1" * 16, b"2" * 16)]
        assert tries == [True, True]
        assert not senders.note_try(session, b"1" * 16, AT.date())


def test_a_total_counts_everybody_in_one_window(app: Flask) -> None:
    def count(at: datetime) -> int:
        with transaction() as session:
            return senders.count_total(session, "codes", at=at, within=timedelta(hours=1))

    assert [count(AT), count(AT), count(AT + timedelta(minutes=59))] == [1, 2, 3]
    assert count(AT + timedelta(hours=1)) == 1
    assert count(AT + timedelta(hours=2, minutes=30)) == 1


def test_a_day_goes_with_its_key_and_all_its_hashes(app: Flask) -> None:
    today, yesterday = date(2026, 11, 4), date(2026, 11, 3)
    with transaction() as session:
        for day, secret in ((yesterday, b"y" * 32), (today, b"t" * 32)):
            senders.add_day_secret(session, day, secret)
            senders.note_try(session, secret[:16], day)
        charge(session, [one(1, day=yesterday), one(2, day=today)])
        senders.add_day_secret(session, today, b"late" * 8)
        assert senders.day_secret(session, today) == b"t" * 32  # the first one stays
        old = senders.old_hashes(before=today)
        assert sum(each.count(session) for each in old) == 2
        senders.old_keys(before=today).delete(session)
        assert sum(each.delete(session) for each in old) == 2
        assert senders.day_secret(session, yesterday) is None
    assert rows(app, "SELECT count(*) FROM sender_counts") == [(1,)]
    assert rows(app, "SELECT pair FROM sender_tries") == [(b"t" * 16,)]


def test_no_address_of_the_network_is_in_the_databases_files(
    app: Flask, settings: Settings, files: Callable[[], list[Path]]
) -> None:
    peer = Peer(address="203.0.113.9", forwarded=False)
    sender = Senders(settings, reading=reading, transaction=transaction).of(peer, at=AT)
    with transaction() as session:
        for action in Action:
            assert not limits.count(session, sender, action, at=AT).over
        assert limits.is_first_try(session, sender, b"subject")
    found = b"".join(path.read_bytes() for path in files())
    assert sender.hash is not None
    assert sender.hash in found  # these are the right files
    assert peer.address.encode() not in found
