"""Signing in of staff: what is judged and when, by a clock that is put forward; no password is
hashed here, for the rule is the same whatever scrypt costs.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from flask import Flask

from petition.config import Limit, Limits
from petition.domain.abuse.senders import SenderKey
from petition.services.abuse.limits import Sender
from petition.services.staff import accounts as services_accounts, signing_in
from petition.services.staff.signing_in import DEVICE_LIFE, KEPT_FOR, SHOWN_FOR, TooManyTries, Try
from petition.store.db import db, reading, transaction
from petition.store.staff import accounts as store_accounts
from tests import console
from tests.conftest import Clock
from tests.factories import change, rows, together

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
OWNER = console.address("owner")
EVERYTHING = console.everywhere("owner")
SECRET = "a secret key of more than thirty-two characters"


def sender(name: str, day: datetime | None = None) -> Sender:
    """As the limits by sender know them: by a hash that is good for one day."""
    key = SenderKey(day=(day or datetime(2026, 11, 2, tzinfo=UTC)).date(), key=b"a day's key")
    limit = Limit(1000, 1000)
    limits = Limits(
        letters=limit, forms=1000, codes=limit, links=limit, sign_ins=limit, pages=limit
    )
    return Sender(hash=sha256(name.encode()).digest()[:16], key=key, limits=limits)


def a_try(by: str = "somebody", email: str = OWNER, device: str = "") -> Try:
    return signing_in.new_try(SECRET, email, device, sender(by))


@pytest.fixture
def device(app: Flask, clock: Clock) -> str:
    """The owner's account, and the secret of the device that set it up."""
    with transaction() as session:
        token = services_accounts.invite(session, OWNER, EVERYTHING, by="test", at=clock())
    return set_up(token, clock())


def set_up(token: str, at: datetime) -> str:
    with transaction() as session:
        half = services_accounts.set_up(session, token, "a hash", at=at)
        assert half is not None
        return console.past_second_factor(session, half, at=at).device


def come_in(each: Try, at: datetime) -> str:
    """With the right password and code; the secret of the device afterwards."""
    with transaction() as session:
        half = signing_in.enter(session, each, at=at)
        assert half is not None
        return console.past_second_factor(session, half, device=each.device, at=at).device


def is_judged(each: Try, *, at: datetime) -> bool:
    """Whether this try is judged, in the order of the page."""
    try:
        with reading() as session:
            known = signing_in.is_known(session, each, at=at)
            signing_in.check_room(session, each, known=known, at=at)
        with transaction() as session:
            signing_in.take_place(session, each, known=known, at=at)
    except TooManyTries:
        return False
    return True


def the_wait(each: Try, *, at: datetime) -> int:
    """The seconds that a refused try is told to wait."""
    with pytest.raises(TooManyTries) as refused, transaction() as session:
        signing_in.take_place(session, each, known=False, at=at)
    return refused.value.seconds


def most_in_a_minute(times: list[datetime]) -> int:
    """The most of these that any sixty seconds hold."""
    window: deque[datetime] = deque()
    most = 0
    for at in sorted(times):
        window.append(at)
        while window[0] <= at - MINUTE:
            window.popleft()
        most = max(most, len(window))
    return most


# --- the rule, under attack -----------------------------------------------------------------------


def test_tries_without_end_at_one_account(app: Flask, clock: Clock) -> None:
    """Two a second, five minutes long: five a minute are judged, however many were refused."""
    judged = []
    for _ in range(6):
        with transaction() as session:  # many in one, for the sake of the time
            for _ in range(100):
                clock.forward(timedelta(milliseconds=500))
                with suppress(TooManyTries):
                    signing_in.check_room(session, a_try("attacker"), known=False, at=clock())
                    signing_in.take_place(session, a_try("attacker"), known=False, at=clock())
                    judged.append(clock())
    assert most_in_a_minute(judged) <= 5
    assert len(judged) >= 4 * 5
    assert len(rows(app, "SELECT * FROM sign_in_places")) <= 5


@pytest.mark.slow
def test_hundreds_of_tries_spread_over_addresses(app: Flask, clock: Clock) -> None:
    """They leave no rows behind but the last minute's, and nothing that was typed."""
    for hundred in range(4):
        with transaction() as session:  # many in one, for the sake of the time
            for number in range(100):
                clock.forward(timedelta(milliseconds=500))
                each = a_try(f"sender {number}", f"person.{hundred}.{number}@example.org")
                signing_in.take_place(session, each, known=False, at=clock())
                signing_in.refuse(session, each, at=clock())
    assert len(rows(app, "SELECT * FROM sign_in_places")) <= 130
    assert len(rows(app, "SELECT * FROM sign_in_refusals")) <= 3
    for table in ("audit", "sender_tries"):
        assert rows(app, f"SELECT * FROM {table}") == []


@pytest.mark.parametrize(("number", "every"), [(1, 8 * SECOND), (6, 6 * SECOND)])
def test_the_owner_comes_in_on_a_new_device(
    app: Flask, clock: Clock, number: int, every: timedelta
) -> None:
    """Under attack by so many senders without end: within as many minutes, trying when told."""
    start, judged = clock(), []
    again, came_in = start, None
    while came_in is None and clock() - start < (number + 2) * MINUTE:
        clock.forward(every)
        for attacker in range(number):
            judged += [clock()] * is_judged(a_try(f"attacker {attacker}"), at=clock())
        if clock() >= again:
            if is_judged(a_try("owner"), at=clock()):
                came_in = clock()
            else:
                again = clock() + min(MINUTE, 10 * SECOND)
    assert came_in is not None
    assert came_in - start <= number * MINUTE
    assert most_in_a_minute([*judged, came_in]) <= 5


def test_the_owner_comes_in_at_once_on_a_known_device(
    app: Flask, clock: Clock, device: str
) -> None:
    for _ in range(5):
        clock.forward(12 * SECOND)
        for attacker in range(30):
            is_judged(a_try(f"attacker {attacker}"), at=clock())
        assert is_judged(a_try("owner", device=device), at=clock())


def test_one_wrong_try_every_eight_seconds_keeps_nobody_out(app: Flask, clock: Clock) -> None:
    """As it was found: and at any moment the owner gets in."""
    for number in range(60):
        clock.forward(8 * SECOND)
        is_judged(a_try("attacker"), at=clock())
        if number % 15 == 0:
            assert is_judged(a_try(f"owner at {number}"), at=clock())


def test_refused_tries_do_not_count(app: Flask, clock: Clock) -> None:
    assert [is_judged(a_try("one"), at=clock()) for _ in range(100)] == ([True] * 5 + [False] * 95)
    clock.forward(MINUTE - timedelta(microseconds=1))
    assert the_wait(a_try("one"), at=clock()) == 1
    clock.forward(timedelta(microseconds=1))
    assert is_judged(a_try("one"), at=clock())


def test_a_thief_of_the_device_cannot_keep_its_owner_out(
    app: Flask, clock: Clock, device: str
) -> None:
    """The thief uses up the device's own count; the account's is there still."""
    stolen = [is_judged(a_try("thief", device=device), at=clock()) for _ in range(5)]
    assert stolen == [True] * 5
    assert is_judged(a_try("owner", device=device), at=clock())


# --- devices --------------------------------------------------------------------------------------


def is_known(each: Try, at: datetime) -> bool:
    with reading() as session:
        return signing_in.is_known(session, each, at=at)


def test_a_device_is_its_accounts_alone(app: Flask, clock: Clock, device: str) -> None:
    assert is_known(a_try(device=device), clock())
    assert not is_known(a_try(email="other@campaign.example.org", device=device), clock())
    for made_up in ("", "x", device[:-1], device + "x", "\0", "é" * 50):
        assert not is_known(a_try(device=made_up), clock())


def test_a_device_is_forgotten_when_it_stays_away(app: Flask, clock: Clock, device: str) -> None:
    clock.forward(DEVICE_LIFE - SECOND)
    assert is_known(a_try(device=device), clock())
    clock.forward(SECOND)
    assert not is_known(a_try(device=device), clock())
    with transaction() as session:
        signing_in.delete_old(session, at=clock())
    assert rows(app, "SELECT * FROM staff_devices") == []


def test_signing_in_again_keeps_it_and_its_time_begins_anew(
    app: Flask, clock: Clock, device: str
) -> None:
    clock.forward(DEVICE_LIFE - SECOND)
    assert come_in(a_try(device=device), clock()) == device
    clock.forward(DEVICE_LIFE - SECOND)
    assert is_known(a_try(device=device), clock())


def test_a_device_that_was_planted_is_not_taken_over(app: Flask, clock: Clock, device: str) -> None:
    """Another member of staff puts their cookie into somebody's browser."""
    with transaction() as session:
        token = services_accounts.invite(
            session,
            "other@campaign.example.org",
            console.everywhere("viewer"),
            by="t",
            at=clock(),
        )
    planted = set_up(token, clock())
    assert come_in(a_try(device=planted), clock()) != planted
    assert not is_known(a_try(device=planted), clock())


def test_a_new_password_makes_every_device_a_stranger(
    app: Flask, clock: Clock, device: str
) -> None:
    with transaction() as session:
        token = services_accounts.invite(session, OWNER, EVERYTHING, by="test", at=clock())
    newest = set_up(token, clock())
    assert not is_known(a_try(device=device), clock())
    assert is_known(a_try(device=newest), clock())


def test_disabling_ends_it(app: Flask, clock: Clock, device: str) -> None:
    change(app, "UPDATE staff SET disabled = true")
    assert not is_known(a_try(device=device), clock()), "also where a row is left"
    change(app, "UPDATE staff SET disabled = false")
    change(app, "UPDATE staff_roles SET role = 'viewer'")  # the last owner stays
    with transaction() as session:
        services_accounts.disable(session, OWNER, by="test", at=clock())
    assert rows(app, "SELECT * FROM staff_devices") == []


def test_twenty_devices_the_last_seen_ones(app: Flask, clock: Clock, device: str) -> None:
    for _ in range(21):
        clock.forward(MINUTE)
        come_in(a_try(), clock())
        come_in(a_try(device=device), clock())
    assert is_known(a_try(device=device), clock())
    assert len(rows(app, "SELECT * FROM staff_devices")) == 20


def test_a_password_alone_makes_no_device_known(app: Flask, clock: Clock, device: str) -> None:
    """Or whoever stole one had tries of codes that nobody else can use up."""
    before = rows(app, "SELECT id FROM staff_devices")
    with transaction() as session:
        signing_in.enter(session, a_try("thief", device="planted"), at=clock())
    assert rows(app, "SELECT id FROM staff_devices") == before


# --- at the same moment ---------------------------------------------------------------------------


def test_many_at_once_get_five_places(app: Flask, clock: Clock) -> None:
    judged: list[int] = []
    engine = db.engine

    def action(place: int) -> None:
        for _ in range(4):
            try:
                with transaction(engine) as session:
                    each = a_try(f"sender {place} at {clock()}")
                    signing_in.take_place(session, each, known=False, at=clock())
                judged.append(place)
            except TooManyTries:
                pass

    for _ in range(5):
        judged.clear()
        assert together(8, action) == []
        assert len(judged) == 5
        clock.forward(MINUTE)


def test_a_link_to_set_up_an_account_that_eight_follow_at_once_is_one_persons(
    app: Flask, clock: Clock
) -> None:
    with transaction() as session:
        token = services_accounts.invite(session, OWNER, EVERYTHING, by="test", at=clock())
    engine, came_in = db.engine, []

    def action(place: int) -> None:
        with transaction(engine) as session:
            found = services_accounts.set_up(session, token, f"hash {place}", at=clock())
        if found is not None:
            came_in.append(place)

    assert together(8, action) == []
    assert len(came_in) == 1
    assert rows(app, "SELECT password_hash FROM staff") == [(f"hash {came_in[0]}",)]


def test_many_wrong_ones_at_once_are_all_counted(app: Flask, clock: Clock, device: str) -> None:
    engine = db.engine

    def action(place: int) -> None:
        for _ in range(5):
            with transaction(engine) as session:
                signing_in.refuse(session, a_try(), at=clock())

    assert together(8, action) == []
    assert rows(app, "SELECT number FROM sign_in_refusals") == [(40,)]


# --- what is kept of wrong tries ------------------------------------------------------------------


def refusals(app: Flask, at: datetime) -> int:
    with reading() as session:
        person = store_accounts.by_email(session, OWNER)
        assert person is not None
        return signing_in.refusals(session, person.id, at=at).number


def test_wrong_tries_are_a_number_an_hour(app: Flask, clock: Clock, device: str) -> None:
    for _ in range(3):
        for email in (OWNER, "nobody@example.org", "\x1b[31m\r\nforged"):
            with transaction() as session:
                signing_in.refuse(session, a_try(email=email), at=clock())
        clock.forward(timedelta(minutes=20))
    found = rows(app, "SELECT account, number FROM sign_in_refusals ORDER BY account, hour")
    assert found == [(0, 4), (0, 2), (1, 2), (1, 1)]
    assert refusals(app, clock()) == 3


def test_they_are_shown_for_a_month_and_kept_for_three(
    app: Flask, clock: Clock, device: str
) -> None:
    with transaction() as session:
        signing_in.refuse(session, a_try(), at=clock())
    clock.forward(SHOWN_FOR - SECOND)
    assert refusals(app, clock()) == 1
    clock.forward(SECOND)
    assert refusals(app, clock()) == 0
    for later, left in ((KEPT_FOR - SHOWN_FOR - SECOND, 1), (SECOND, 0)):
        clock.forward(later)
        with transaction() as session:
            signing_in.delete_old(session, at=clock())
        assert len(rows(app, "SELECT * FROM sign_in_refusals")) == left


@pytest.fixture(autouse=True)
def _database(app: Flask) -> None:
    """Each test reads and writes the app's database."""
