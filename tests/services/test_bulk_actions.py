"""Bulk actions: what was counted is done, and undone to what it was, and the count is right."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from flask import Flask

from petition.domain.signatures.bulk_actions import UNDO_LIFE, ActionState, Verb
from petition.domain.signatures.hold_reasons import HoldReason
from petition.domain.signatures.states import State
from petition.errors import NotFound
from petition.services.signatures import bulk_actions, holds
from petition.services.signatures.bulk_actions import NotAny
from petition.services.staff import panic
from petition.store.db import transaction
from petition.store.signatures import bulk_actions as store
from petition.store.signatures.bulk_actions import Action
from petition.store.signatures.search import NEWEST, Search
from petition.web.http.dependencies import dependencies_of
from tests import factories, people, rights
from tests.conftest import Clock
from tests.factories import rows, together, work
from tests.in_one_go import confirm_all, fold, keep_all
from tests.worlds import Worlds

pytestmark = pytest.mark.slow

MOVED: Final = (
    "SELECT id, state, hold_reason, state_reason, CAST(moved_at AS text),"
    " CAST(confirmed_at AS text) FROM signatures ORDER BY id"
)
REASON: Final = HoldReason.MANY_ALIKE


@pytest.fixture(autouse=True)
def signed(app: Flask, clock: Clock, worlds: Worlds) -> None:
    """1 to 4 confirmed, 5 pending, 6 held and once confirmed, 7 rejected, 8 withdrawn."""
    worlds.enter(app, clock, "in_every_state", lambda: _sign(app, clock))


def _sign(app: Flask, clock: Clock) -> None:
    call = factories.the_call(app)
    for number in range(8):
        form = people.someone(number, country="DE" if number % 2 else "FR")
        factories.keep(app, call, form, clock.forward(timedelta(seconds=1)))
    for number, entry_id in enumerate(factories.entries(app)):
        if number != 4:
            factories.confirm(app, entry_id)
    rights.move(app, holds.hold, 6)
    rights.move(app, holds.reject, 7)
    rights.withdraw(app, 8)
    work(app)


def plan(app: Flask, verb: Verb, *ids: int, **search: object) -> Action:
    campaign_id = factories.the_call(app).id
    with transaction() as session:
        at = dependencies_of(app).now()
        if ids:
            number = bulk_actions.plan_these(
                session, campaign_id, verb, ids, reason=REASON, by="sam", at=at
            )
        else:
            wanted = Search(**search)  # type: ignore[arg-type]
            number = bulk_actions.plan_all(
                session, campaign_id, verb, wanted, NEWEST, reason=REASON, by="sam", at=at
            )
        return store.find(session, campaign_id, number)


def act(app: Flask, what: object, action: Action) -> None:
    with app.app_context(), transaction() as session:
        now = store.find(session, action.campaign_id, action.id)
        what(session, now, by="sam", at=dependencies_of(app).now())  # type: ignore[operator]


def states(app: Flask) -> list[object]:
    return [row[0] for row in rows(app, "SELECT state FROM signatures ORDER BY id")]


def totals_are_true(app: Flask) -> bool:
    fold(app)
    return rights.counted(app) == rights.standing(app)


ALL: Final = tuple(range(1, 9))


CASES: Final = (
    (
        Verb.HOLD,
        {"confirmed": 4, "pending": 1, "rejected": 1},
        {"held": 1, "withdrawn": 1},
        ["held"] * 7 + ["withdrawn"],
    ),
    (
        Verb.REJECT,
        {"confirmed": 4, "pending": 1, "held": 1},
        {"rejected": 1, "withdrawn": 1},
        ["rejected"] * 7 + ["withdrawn"],
    ),
    (
        Verb.RESTORE,
        {"held": 1, "rejected": 1},
        {"confirmed": 4, "pending": 1, "withdrawn": 1},
        ["confirmed"] * 4 + ["pending"] + ["confirmed"] * 2 + ["withdrawn"],
    ),
)
"""What each verb takes, what it leaves out, and the states after it."""


@pytest.mark.parametrize("by_filter", [False, True])
def test_it_is_counted_then_done_then_as_before(app: Flask, clock: Clock, by_filter: bool) -> None:
    """One after the other: each leaves what the next one begins with."""
    before = rows(app, MOVED)
    for verb, takes, left_out, after in CASES:
        action = plan(app, verb) if by_filter else plan(app, verb, *ALL)
        assert (action.counted.takes, action.counted.left_out) == (takes, left_out), verb
        assert rows(app, MOVED) == before, "counting changes nothing"
        clock.forward(timedelta(minutes=5))
        act(app, bulk_actions.do, action)
        assert states(app) == after, verb
        assert totals_are_true(app), verb
        reasons = {row[0] for row in rows(app, "SELECT hold_reason FROM signatures WHERE id < 5")}
        assert reasons == ({None} if verb == Verb.RESTORE else {REASON}), verb
        clock.forward(UNDO_LIFE - timedelta(seconds=1))
        act(app, bulk_actions.undo, action)
        assert rows(app, MOVED) == before, verb
        assert totals_are_true(app), verb


@pytest.mark.slow
def test_one_hundred_are_done_and_undone_together(app: Flask) -> None:
    """More than one part, so that no part is done twice and none is left."""
    call = factories.the_call(app)
    keep_all(app, call, (people.someone(number, country="MT") for number in range(100, 160)))
    confirm_all(app, factories.entries(app)[8::2])
    assert totals_are_true(app)
    before = rows(app, MOVED)
    for part in (7, 500):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(store, "_PART", part)
            action = plan(app, Verb.REJECT, country="MT")
            assert action.counted.takes == {"confirmed": 30, "pending": 30}
            act(app, bulk_actions.do, action)
            assert states(app)[8:] == ["rejected"] * 60
            assert totals_are_true(app)
            act(app, bulk_actions.undo, action)
    assert rows(app, MOVED) == before
    assert totals_are_true(app)


def test_what_has_changed_since_it_was_counted_is_left_alone(app: Flask) -> None:
    action = plan(app, Verb.HOLD, 1, 2, 5, 99)
    assert action.counted.gone == 1
    rights.withdraw(app, 2)
    factories.confirm(app, factories.entries(app)[4])  # 5 was pending
    act(app, bulk_actions.do, action)
    assert states(app)[:5] == ["held", "withdrawn", "confirmed", "confirmed", "confirmed"]
    assert rows(app, "SELECT changed FROM bulk_actions") == [(1,)]
    assert totals_are_true(app)


def test_what_has_changed_since_it_was_done_is_left_alone(app: Flask, clock: Clock) -> None:
    action = plan(app, Verb.HOLD, 1, 2, 3, 4)
    act(app, bulk_actions.do, action)
    clock.forward(timedelta(minutes=1))
    rights.withdraw(app, 1)
    rights.move(app, holds.reject, 2)
    rights.move(app, holds.release, 3)
    rights.move(app, holds.hold, 3)  # by somebody else, for a reason of theirs
    act(app, bulk_actions.undo, action)
    assert states(app)[:4] == ["withdrawn", "rejected", "held", "confirmed"]
    assert rows(app, "SELECT kept FROM bulk_actions") == [(3,)]
    assert totals_are_true(app)


def test_who_confirms_while_held_is_confirmed_when_it_is_undone(app: Flask) -> None:
    action = plan(app, Verb.HOLD, 5)
    act(app, bulk_actions.do, action)
    factories.confirm(app, factories.entries(app)[4])
    assert states(app)[4] == "held"
    act(app, bulk_actions.undo, action)
    assert states(app)[4] == "confirmed"
    assert totals_are_true(app)


def test_it_is_done_once_and_undone_once(app: Flask) -> None:
    action = plan(app, Verb.HOLD, 1, 2, 3)
    wrong = together(6, lambda _place: act(app, bulk_actions.do, action))
    assert len(wrong) == 5
    assert all(isinstance(error, NotAny) for error in wrong)
    wrong = together(6, lambda _place: act(app, bulk_actions.undo, action))
    assert len(wrong) == 5
    assert states(app)[:3] == ["confirmed"] * 3
    assert totals_are_true(app)
    for what in (bulk_actions.do, bulk_actions.undo):
        with pytest.raises(NotAny):
            act(app, what, action)


def test_two_that_overlap_at_once(app: Flask) -> None:
    one, other = plan(app, Verb.HOLD, 1, 2, 3), plan(app, Verb.REJECT, 3, 2, 4)
    assert together(2, lambda place: act(app, bulk_actions.do, one if place else other)) == []
    found = states(app)[:4]
    assert (found[0], found[3]) == ("held", "rejected")
    assert {found[1], found[2]} <= {"held", "rejected"}
    assert totals_are_true(app)


def test_after_an_hour_it_stays(app: Flask, clock: Clock) -> None:
    action = plan(app, Verb.HOLD, 1)
    act(app, bulk_actions.do, action)
    clock.forward(UNDO_LIFE)
    with pytest.raises(NotAny):
        act(app, bulk_actions.undo, action)
    assert states(app)[0] == "held"


def test_a_count_of_yesterday_is_not_done(app: Flask, clock: Clock) -> None:
    action = plan(app, Verb.HOLD, 1)
    clock.forward(timedelta(days=1))
    with pytest.raises(NotAny):
        act(app, bulk_actions.do, action)


def test_what_was_cancelled_is_not_done(app: Flask) -> None:
    action = plan(app, Verb.HOLD, 1)
    with transaction() as session:
        bulk_actions.drop(session, action)
    with pytest.raises(NotAny):
        act(app, bulk_actions.do, action)


def test_too_many_are_done_in_turns(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_actions, "MOST", 2)
    for action in (plan(app, Verb.HOLD, state=State.CONFIRMED), plan(app, Verb.HOLD, 1, 2, 3, 4)):
        assert (action.counted.number, action.counted.beyond) == (2, 2)
    act(app, bulk_actions.do, plan(app, Verb.HOLD, state=State.CONFIRMED))
    assert states(app)[:4] == ["confirmed", "confirmed", "held", "held"], "the newest first"
    action = plan(app, Verb.HOLD, state=State.CONFIRMED)
    assert (action.counted.number, action.counted.beyond) == (2, 0)


def test_each_move_stands_in_the_log_by_number(app: Flask) -> None:
    log = "SELECT who, action, outcome, detail FROM audit ORDER BY number"
    begun = len(rows(app, log))
    action = plan(app, Verb.REJECT, 1, 5)
    assert len(rows(app, log)) == begun, "counting is no move"
    act(app, bulk_actions.do, action)
    act(app, bulk_actions.undo, action)
    assert rows(app, log)[begun:] == [
        ("sam", "signature rejected", "done", "1: many-alike"),
        ("sam", "signature rejected", "done", "5: many-alike"),
        ("sam", "signature confirmed", "undone", "1"),
        ("sam", "signature pending", "undone", "5"),
    ]


def test_another_campaigns_are_none(app: Flask, tmp_path: Path) -> None:
    rights.another_call(app, tmp_path)
    action = plan(app, Verb.HOLD, 1)
    other = factories.the_call(app, slug="other").id
    with transaction() as session:
        with pytest.raises(NotFound):
            store.find(session, other, action.id)
        number = bulk_actions.plan_these(
            session,
            other,
            Verb.HOLD,
            [1, 2],
            reason=REASON,
            by="sam",
            at=dependencies_of(app).now(),
        )
        found = store.find(session, other, number)
    assert (found.counted.number, found.counted.gone) == (0, 2)


# --- erasing --------------------------------------------------------------------------------------


def test_an_erasure_waits_for_an_hour(app: Flask, clock: Clock) -> None:
    rights.take_out(app)
    action = plan(app, Verb.ERASE, 1, 5, 6)
    assert action.counted.takes == {"confirmed": 1, "pending": 1, "held": 1}
    act(app, bulk_actions.ask_erasure, action)
    clock.forward(UNDO_LIFE - timedelta(seconds=1))
    work(app)
    assert set(ALL) - {8} <= set(rights.ids(app))
    with transaction() as session:
        assert set(store.asked_at(session, ALL)) == {1, 5, 6}
    clock.forward(timedelta(seconds=1))
    work(app)
    assert rights.ids(app) == [2, 3, 4, 7]
    assert rows(app, "SELECT * FROM bulk_action_items") == []
    assert totals_are_true(app)
    assert ("1", "erased") in rights.recalled(app)
    log = "SELECT who, detail FROM audit WHERE action = 'signature erased' ORDER BY detail"
    assert rows(app, log) == [("sam", "1"), ("sam", "5"), ("sam", "6")]
    journal = dependencies_of(app).erasure_context.journal
    assert len([entry for entry in journal.lines() if entry.verb == "erased"]) >= 3
    with pytest.raises(NotAny):
        act(app, bulk_actions.cancel_erasure, action)


def test_until_then_it_can_be_cancelled(app: Flask, clock: Clock) -> None:
    before = rows(app, MOVED)
    action = plan(app, Verb.ERASE, 1, 2)
    act(app, bulk_actions.ask_erasure, action)
    clock.forward(UNDO_LIFE - timedelta(seconds=1))
    act(app, bulk_actions.cancel_erasure, action)
    clock.forward(timedelta(hours=3))
    work(app)
    assert rows(app, MOVED)[:7] == before[:7]
    log = "SELECT action, detail FROM audit WHERE action LIKE '%erasure' ORDER BY number"
    assert rows(app, log) == [
        ("ask erasure", "1"),
        ("ask erasure", "2"),
        ("cancel erasure", "1"),
        ("cancel erasure", "2"),
    ]


def test_while_everything_is_closed_nothing_is_erased(app: Flask, clock: Clock) -> None:
    """Who should not be in may have asked for it."""
    first, second = plan(app, Verb.ERASE, 1), plan(app, Verb.ERASE, 2)
    act(app, bulk_actions.ask_erasure, first)
    act(app, bulk_actions.ask_erasure, second)
    with transaction() as session:
        panic.panic(session, by="sam", at=clock())
    clock.forward(timedelta(hours=5))
    work(app)
    act(app, bulk_actions.cancel_erasure, first)
    with transaction() as session:
        panic.resume(session, by="sam", at=clock())
    work(app)
    assert 1 in rights.ids(app)
    assert 2 not in rights.ids(app)


def test_who_is_gone_by_then_is_gone(app: Flask, clock: Clock) -> None:
    act(app, bulk_actions.ask_erasure, plan(app, Verb.ERASE, 1, 2))
    rights.erase(app, 1)
    clock.forward(UNDO_LIFE)
    work(app)
    assert 2 not in rights.ids(app)
    assert totals_are_true(app)


def test_many_are_erased_batch_by_batch_by_workers_at_once(
    app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("petition.services.privacy.asked_erasures.BATCH", 2)
    act(app, bulk_actions.ask_erasure, plan(app, Verb.ERASE, 1, 2, 3, 4, 5, 6, 7))
    clock.forward(UNDO_LIFE)
    assert together(2, lambda _place: work(app) and None) == []
    assert rights.ids(app) == []
    assert totals_are_true(app)


def test_of_two_that_became_one_the_one_is_erased(app: Flask, clock: Clock) -> None:
    act(app, bulk_actions.ask_erasure, plan(app, Verb.ERASE, 1))
    with transaction() as session:
        store.follow(session, 1, 2)
    clock.forward(UNDO_LIFE)
    work(app)
    assert 1 in rights.ids(app)
    assert 2 not in rights.ids(app)


# --- afterwards -----------------------------------------------------------------------------------


def test_nothing_of_it_is_kept_for_longer_than_a_day(app: Flask, clock: Clock) -> None:
    plan(app, Verb.HOLD, 1)
    done = plan(app, Verb.HOLD, 2, 3)
    act(app, bulk_actions.do, done)
    waiting = plan(app, Verb.ERASE, 4)
    clock.forward(timedelta(hours=23, minutes=30))
    act(app, bulk_actions.ask_erasure, waiting)
    clock.forward(timedelta(minutes=31))
    work(app)
    assert rows(app, "SELECT id, state FROM bulk_actions") == [(waiting.id, ActionState.WAITING)]
    clock.forward(timedelta(days=1, hours=1))
    work(app)
    work(app)
    assert rows(app, "SELECT * FROM bulk_actions") == []
    assert rows(app, "SELECT * FROM bulk_action_items") == []
    assert states(app)[1:3] == ["held", "held"]
