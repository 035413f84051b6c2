"""Counts: each confirmed signature is folded in once, and a wrong total is repaired."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from petition.domain.signatures.hold_reasons import HoldReason
from petition.services.signatures import holds
from petition.store.counts import totals
from petition.store.db import db, reading, snapshot_transaction, transaction
from tests import people
from tests.conftest import Clock
from tests.factories import change, confirm, entries, keep, rows, the_call, together


def _fold(clock: Clock) -> int:
    with transaction() as session:
        return totals.fold(session, at=clock())


def _total(app: Flask) -> int:
    campaign_id = the_call(app).id
    with app.app_context(), reading() as session:
        return totals.total(session, campaign_id)


def _by(app: Flask, dimension: str) -> list[tuple[str, int]]:
    campaign_id = the_call(app).id
    with reading() as session:
        return totals.by(session, campaign_id, dimension)


@pytest.fixture
def entry_ids(app: Flask, clock: Clock) -> list[int]:
    """Twelve pending people; their entries."""
    call = the_call(app)
    for number in range(12):
        form = people.someone(number, country=("DE", "FR", "MA")[number % 3])
        keep(app, call, form | {"source": "flyer"} if number < 4 else form)
    return entries(app)


def test_only_confirmed_ones_count_and_each_once(
    app: Flask, clock: Clock, entry_ids: list[int]
) -> None:
    assert _fold(clock) == 0
    assert _total(app) == 0
    for entry_id in entry_ids[:5] * 3:  # each presses the button three times
        confirm(app, entry_id)
    assert _total(app) == 0  # until the fold
    assert _fold(clock) == 5
    assert _fold(clock) == 0
    assert _total(app) == 5
    assert _by(app, "country") == [("DE", 2), ("FR", 2), ("MA", 1)]
    assert _by(app, "day") == [("2026-11-02", 5)]
    assert _by(app, "language") == [("en", 5)]
    assert _by(app, "source") == [("", 1), ("flyer", 4)]


def test_the_day_is_that_of_the_confirmation(
    app: Flask, clock: Clock, entry_ids: list[int]
) -> None:
    confirm(app, entry_ids[0])
    clock.forward(timedelta(hours=14, minutes=29, seconds=59))
    confirm(app, entry_ids[1])
    clock.forward(timedelta(seconds=1))
    confirm(app, entry_ids[2])
    _fold(clock)
    expected = [("2026-11-02", 2), ("2026-11-03", 1)]
    assert _by(app, "day") == expected
    with snapshot_transaction() as session:
        totals.recount(session, the_call(app).id, at=clock())
    assert _by(app, "day") == expected


def test_who_is_held_leaves_the_count_and_comes_back(
    app: Flask, clock: Clock, entry_ids: list[int]
) -> None:
    for entry_id in entry_ids[:3]:
        confirm(app, entry_id)
    _fold(clock)
    (signature_id,) = rows(app, "SELECT signature_id FROM entries WHERE id = :id", id=entry_ids[0])[
        0
    ]
    for action, expected in ((holds.hold, 2), (holds.release, 3), (holds.reject, 2)):
        with transaction() as session:
            action(session, int(str(signature_id)), reason=HoldReason.OTHER, by="sam", at=clock())
        _fold(clock)
        assert _total(app) == expected


def test_two_workers_fold_at_once_and_nothing_is_counted_twice(
    app: Flask, clock: Clock, entry_ids: list[int]
) -> None:
    for entry_id in entry_ids:
        confirm(app, entry_id)
    engine, folded = db.engine, []

    def action(_place: int) -> None:
        with transaction(engine) as session:
            folded.append(totals.fold(session, at=clock()))

    assert together(4, action) == []
    assert sum(folded) == 12
    assert _total(app) == 12


def test_confirming_and_folding_at_once_loses_nothing(
    app: Flask, clock: Clock, entry_ids: list[int]
) -> None:
    engine = db.engine

    def action(place: int) -> None:
        if place < 3:
            for entry_id in entry_ids[place::3]:
                confirm(app, entry_id)
        else:
            for _ in range(6):
                with transaction(engine) as session:
                    totals.fold(session, at=clock())

    assert together(5, action) == []
    _fold(clock)
    assert _total(app) == 12
    assert sum(number for _, number in _by(app, "country")) == 12


def test_the_public_count_is_never_above_what_is_confirmed(
    app: Flask, clock: Clock, entry_ids: list[int]
) -> None:
    seen, engine = [], db.engine
    campaign_id = the_call(app).id

    def action(place: int) -> None:
        if place == 0:
            for entry_id in entry_ids:
                confirm(app, entry_id)
        elif place == 1:
            for _ in range(8):
                with transaction(engine) as session:
                    totals.fold(session, at=clock())
        else:
            for _ in range(20):
                with reading(engine) as session:  # one snapshot
                    shown = totals.total(session, campaign_id)
                    true = totals.states_of(session, campaign_id).get("confirmed", 0)
                    seen.append((shown, true))

    assert together(3, action) == []
    assert seen
    assert all(shown <= true for shown, true in seen)


def test_a_recount_repairs_tampered_totals(app: Flask, clock: Clock, entry_ids: list[int]) -> None:
    for entry_id in entry_ids[:6]:
        confirm(app, entry_id)
    _fold(clock)
    good = {name: _by(app, name) for name in totals.BY}
    change(app, "UPDATE counts SET confirmed = confirmed + 1000")
    change(app, "INSERT INTO counts VALUES (:id, 'country', 'XX', 5)", id=the_call(app).id)
    assert _total(app) == 1006
    with snapshot_transaction() as session:
        found = totals.recount(session, the_call(app).id, at=clock())
    assert found == (1006, 6)
    assert _total(app) == 6
    assert {name: _by(app, name) for name in totals.BY} == good


def test_every_dimension_is_folded_as_it_is_recounted(
    app: Flask, clock: Clock, entry_ids: list[int]
) -> None:
    """One declaration serves the changes, the fold and the recount."""
    for entry_id in entry_ids:
        confirm(app, entry_id)
    with transaction() as session:
        holds.hold(session, 1, reason=HoldReason.OTHER, by="sam", at=clock())
    _fold(clock)
    folded = {dimension: _by(app, dimension) for dimension in totals.BY}
    sums = {sum(number for _, number in values) for values in folded.values()}
    assert sums == {11}
    with snapshot_transaction() as session:
        totals.recount(session, the_call(app).id, at=clock())
    assert {dimension: _by(app, dimension) for dimension in totals.BY} == folded


def test_a_recount_swallows_what_waited_and_is_not_added_to_again(
    app: Flask, clock: Clock, entry_ids: list[int]
) -> None:
    for entry_id in entry_ids[:4]:
        confirm(app, entry_id)
    with snapshot_transaction() as session:
        assert totals.recount(session, the_call(app).id, at=clock()) == (0, 4)
    assert _fold(clock) == 0
    confirm(app, entry_ids[4])
    assert _fold(clock) == 1
    assert _total(app) == 5


def test_a_fold_says_when_it_was(app: Flask, clock: Clock) -> None:
    campaign_id = the_call(app).id
    with reading() as session:
        assert totals.folded_at(session, campaign_id) is None
    _fold(clock)
    later = clock.forward(timedelta(minutes=1))
    _fold(clock)
    with reading() as session:
        assert totals.folded_at(session, campaign_id) == later
