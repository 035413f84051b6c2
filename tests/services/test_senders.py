"""Who sends: the day's key, hidden senders, places with wider limits, and counting for routes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from petition.config import Settings
from petition.domain.abuse.actions import Action
from petition.services.abuse import limits
from petition.services.abuse.limits import Sender
from petition.services.abuse.senders import Peer, Senders
from petition.services.privacy import retention
from petition.store.abuse import senders as store
from petition.store.db import reading, transaction
from petition.web.http.dependencies import dependencies_of
from tests.conftest import Clock
from tests.factories import rows

pytestmark = pytest.mark.usefixtures("before_the_first_run")

HOME = Peer(address="203.0.113.9", forwarded=False)


@pytest.fixture
def senders(app: Flask, settings: Settings) -> Senders:
    """What a process of its own knows."""
    return Senders(settings, reading=reading, transaction=transaction)


def count(sender: Sender, action: Action, clock: Clock) -> limits.LimitResult:
    with transaction() as session:
        return limits.count(session, sender, action, at=clock())


def test_processes_have_the_same_hash_for_a_day_and_another_tomorrow(
    senders: Senders, settings: Settings, clock: Clock
) -> None:
    other = Senders(settings, reading=reading, transaction=transaction)
    today = senders.of(HOME, at=clock())
    assert other.of(HOME, at=clock()).hash == today.hash
    assert senders.of(HOME, at=clock.forward(timedelta(days=1))).hash != today.hash


def test_an_action_is_over_past_its_limit_with_seconds_to_wait(
    senders: Senders, clock: Clock
) -> None:
    sender = senders.of(HOME, at=clock())
    tries = [count(sender, Action.STAFF_SIGN_IN, clock) for _ in range(11)]
    assert [each.over for each in tries] == [False] * 10 + [True]
    assert tries[-1].retry_after == 60
    assert not count(sender, Action.CODE, clock).over
    neighbour = Peer(address="203.0.113.10", forwarded=False)
    assert not count(senders.of(neighbour, at=clock()), Action.STAFF_SIGN_IN, clock).over


def test_who_forwards_to_us_unknown_hides_all_and_nobody_is_limited(
    app: Flask, senders: Senders, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for address in ("127.0.0.1", "10.0.0.1", "fd00::1"):
        sender = senders.of(Peer(address=address, forwarded=True), at=clock())
        assert sender.hash is None
        assert not any(count(sender, Action.STAFF_SIGN_IN, clock).over for _ in range(30))
    assert caplog.text.count("PETITION_TRUSTED_PROXIES is 0") == 1  # once a day and process
    with reading() as session:
        assert store.hidden_at(session) == clock()
    assert rows(app, "SELECT count(*) FROM sender_counts") == [(0,)]


def test_a_header_from_somewhere_in_the_world_is_not_believed(
    senders: Senders, clock: Clock
) -> None:
    claimed = senders.of(Peer(address=HOME.address, forwarded=True), at=clock())
    assert claimed.hash == senders.of(HOME, at=clock()).hash


def test_a_first_try_is_first_for_each_sender_and_subject(senders: Senders, clock: Clock) -> None:
    one = senders.of(HOME, at=clock())
    two = senders.of(Peer(address="203.0.113.10", forwarded=False), at=clock())
    hidden = senders.of(Peer(address="127.0.0.1", forwarded=True), at=clock())
    with transaction() as session:
        tries = [
            limits.is_first_try(session, sender, subject)
            for sender in (one, one, two, hidden, hidden)
            for subject in (b"a", b"b")
        ]
    assert tries == [True, True, False, False, True, True, True, True, False, False]


def test_a_place_has_wider_limits_until_they_end(senders: Senders, clock: Clock) -> None:
    with transaction() as session:
        for network, hours in (("203.0.113.0/24", 2), ("2001:db8::/32", 1)):
            until = clock() + timedelta(hours=hours)
            store.allow(session, network, factor=10, until=until, by="x", at=clock())
    wide = senders.of(HOME, at=clock()).limits
    assert (wide.letters.an_hour, wide.forms) == (6000, 30_000)
    six = Peer(address="2001:db8:1::7", forwarded=False)
    assert senders.of(six, at=clock()).limits.forms == 30_000
    elsewhere = Peer(address="203.0.114.9", forwarded=False)
    assert senders.of(elsewhere, at=clock()).limits.forms == 3000
    assert senders.of(HOME, at=clock.forward(timedelta(hours=2))).limits.forms == 3000


def test_a_days_hashes_go_with_its_key_an_hour_after_midnight(
    app: Flask, senders: Senders, clock: Clock
) -> None:
    context = dependencies_of(app).erasure_context

    def run() -> int:
        steps = list(retention.delete_due(reading, transaction, context, at=clock(), since=clock()))
        return sum(step.number for step in steps if step.kind is retention.Kind.SENDER_HASHES)

    count(senders.of(HOME, at=clock()), Action.CODE, clock)
    clock.at = clock().replace(hour=0, minute=59) + timedelta(days=1)
    assert run() == 0
    count(senders.of(HOME, at=clock()), Action.CODE, clock)
    clock.forward(timedelta(minutes=1))
    with reading() as session:
        due = retention.due(session, dependencies_of(app).erasure_context, at=clock())
    assert {step.kind: step.number for step in due}[retention.Kind.SENDER_HASHES] == 1
    assert run() == 1
    days = rows(app, "SELECT DISTINCT day FROM sender_keys UNION SELECT day FROM sender_counts")
    assert len(days) == 1


def test_a_place_is_forgotten_when_its_limits_end(app: Flask, clock: Clock) -> None:
    with transaction() as session:
        until = clock() + timedelta(hours=1)
        store.allow(session, "203.0.113.0/24", factor=10, until=until, by="x", at=clock())
    clock.forward(timedelta(hours=1))
    context = dependencies_of(app).erasure_context
    list(retention.delete_due(reading, transaction, context, at=clock(), since=clock()))
    assert rows(app, "SELECT * FROM sender_allowances") == []
