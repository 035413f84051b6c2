"""Undoing decisions about names: what everyone reads, and what waits, is again as it was."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from petition.domain.signatures.moderation import NAME_ONLY, REFUSED, SHOWN
from petition.services.privacy import erasure
from petition.services.signatures import moderation, public_names, review_undo
from petition.services.signatures.review_undo import LastDecision, Undone
from petition.store.db import reading, transaction
from petition.store.signatures import moderation as kept
from petition.web.http.dependencies import dependencies_of
from tests import factories, people, rights
from tests.conftest import Clock

MO, SAM = "mo@example.org", "sam@example.org"
AN_HOUR = timedelta(hours=1)
A_SECOND = timedelta(seconds=1)


@pytest.fixture
def ids(app: Flask) -> list[int]:
    """Three with a public name and a comment."""
    call = factories.the_call(app)
    for number in range(3):
        form = people.someone(number, visibility="public", comment=f"Because {number}.")
        factories.keep(app, call, form)
    for entry_id in factories.entries(app):
        factories.confirm(app, entry_id)
    return [
        int(str(row[0])) for row in factories.rows(app, "SELECT id FROM signatures ORDER BY id")
    ]


def decide(app: Flask, verdict: str, *signature_ids: int, by: str = MO) -> None:
    """By one press of a button."""
    deps, batch = dependencies_of(app), moderation.new_batch()
    with transaction() as session:
        for signature_id in signature_ids:
            moderation.decide(
                session,
                deps.vault,
                signature_id,
                verdict,
                seen=None,
                campaign_id=None,
                by=by,
                at=deps.now(),
                batch=batch,
            )


def undo(app: Flask, by: str = MO, batch: str | None = None) -> Undone | None:
    campaign_id = factories.the_call(app).id
    with transaction() as session:
        return review_undo.undo(session, campaign_id, batch, by=by, at=dependencies_of(app).now())


def last(app: Flask) -> LastDecision | None:
    with reading() as session:
        campaign_id = factories.the_call(app).id
        return review_undo.last_decision(session, campaign_id, by=MO, at=dependencies_of(app).now())


def in_public(app: Flask) -> list[tuple[str, str]]:
    """What everyone reads of it, and in which order."""
    deps = dependencies_of(app)
    with reading() as session:
        page = public_names.shown(session, deps.vault, factories.the_call(app).id, at=deps.now())
    return [(each.name, each.comment) for each in page.names]


def stands(app: Flask) -> tuple[object, ...]:
    """All that is decided, what waits, and what everyone reads."""
    with reading() as session:
        waiting = kept.count_waiting(session, factories.the_call(app).id)
    reviews = factories.rows(app, "SELECT id, entry_id, verdict, by, at FROM reviews ORDER BY id")
    return reviews, waiting, in_public(app)


def test_a_first_decision_is_undone(app: Flask, ids: list[int]) -> None:
    before = stands(app)
    decide(app, SHOWN, ids[1])
    assert undo(app) == Undone(signature_ids=(ids[1],), left=0)
    assert stands(app) == before
    log = factories.rows(app, "SELECT who, action, detail FROM audit ORDER BY id")
    assert log[-1] == (MO, "review undone", f"signature {ids[1]}")


@pytest.mark.parametrize("verdict", [NAME_ONLY, REFUSED])
def test_a_change_of_what_everyone_reads_is_undone_exactly(
    app: Flask, ids: list[int], clock: Clock, verdict: str
) -> None:
    decide(app, SHOWN, *ids, by=SAM)
    clock.forward(timedelta(days=2))
    before = stands(app)
    assert in_public(app) == [(f"Person{n} Of-Many", f"Because {n}.") for n in (2, 1, 0)]
    decide(app, verdict, ids[1])
    assert stands(app) != before
    clock.forward(AN_HOUR - A_SECOND)
    undo(app)
    assert stands(app) == before, "in its old place, by whom and from when it was"


def test_the_last_ones_go_first_and_those_of_one_press_together(app: Flask, ids: list[int]) -> None:
    decide(app, SHOWN, ids[0], ids[1])
    decide(app, REFUSED, ids[0])
    found = last(app)
    assert found is not None
    assert (found.verdict, found.number) == (REFUSED, 1)
    assert undo(app) == Undone(signature_ids=(ids[0],), left=0)
    found = last(app)
    assert found is not None
    assert (found.verdict, found.number) == (SHOWN, 2)
    assert undo(app) == Undone(signature_ids=(ids[0], ids[1]), left=0)
    assert last(app) is None
    assert undo(app) is None
    assert factories.rows(app, "SELECT count(*) FROM reviews") == [(0,)]


def test_an_hour_later_it_stays(app: Flask, ids: list[int], clock: Clock) -> None:
    decide(app, SHOWN, ids[0])
    clock.forward(AN_HOUR)
    assert (last(app), undo(app)) == (None, None)
    factories.work(app)
    assert factories.rows(app, "SELECT count(*) FROM review_changes") == [(0,)]
    assert factories.rows(app, "SELECT verdict FROM reviews") == [(SHOWN,)]


def test_what_somebody_else_decided_since_stays(app: Flask, ids: list[int], clock: Clock) -> None:
    decide(app, SHOWN, ids[0], ids[1])
    clock.forward(A_SECOND)
    decide(app, REFUSED, ids[0], by=SAM)
    assert undo(app) == Undone(signature_ids=(ids[1],), left=1)
    assert factories.rows(app, "SELECT verdict, by FROM reviews") == [(REFUSED, SAM)]
    assert undo(app, by=SAM) == Undone(signature_ids=(ids[0],), left=0)
    assert factories.rows(app, "SELECT verdict, by FROM reviews") == [(SHOWN, MO)]


def test_undoing_brings_back_no_words_that_nobody_read(
    app: Flask, ids: list[int], clock: Clock
) -> None:
    decide(app, SHOWN, ids[0], by=SAM)
    clock.forward(timedelta(days=2))
    decide(app, REFUSED, ids[0])
    rights.correct(app, "Buy", "Now", ids[0])
    assert undo(app) == Undone(signature_ids=(), left=1)
    assert factories.rows(app, "SELECT count(*) FROM reviews") == [(0,)]
    assert in_public(app) == []


def test_who_is_erased_leaves_nothing_to_undo(app: Flask, ids: list[int]) -> None:
    decide(app, SHOWN, ids[0], ids[1])
    deps = dependencies_of(app)
    with transaction() as session:
        erasure.erase(session, deps.erasure_context, ids[0], at=deps.now())
    assert undo(app) == Undone(signature_ids=(ids[1],), left=0)


def test_a_button_undoes_what_its_page_named_and_only_once(app: Flask, ids: list[int]) -> None:
    decide(app, SHOWN, ids[0])
    decide(app, REFUSED, ids[1])
    found = last(app)
    assert found is not None
    done: list[Undone | None] = []

    def press(_place: int) -> None:
        with app.app_context():
            done.append(undo(app, batch=found.batch))

    assert factories.together(3, press) == []
    assert [each for each in done if each] == [Undone(signature_ids=(ids[1],), left=0)]
    assert factories.rows(app, "SELECT verdict FROM reviews") == [(SHOWN,)]


def test_nobody_undoes_what_others_decided(app: Flask, ids: list[int]) -> None:
    decide(app, SHOWN, ids[0], by=SAM)
    assert undo(app) is None
    assert factories.rows(app, "SELECT verdict FROM reviews") == [(SHOWN,)]
