"""The queue of names: each is read by one at a time, and some can be asked for alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from petition.domain.signatures.moderation import ALL_NAMES, REFUSED, SHOWN, NameFilter
from petition.services.privacy import erasure
from petition.services.signatures import moderation, review_queue
from petition.services.signatures.moderation import Claimed, DecidedMeanwhile, Named
from petition.services.signatures.review_queue import Queue
from petition.store.db import db, reading, transaction
from petition.web.http.dependencies import dependencies_of
from tests import factories, people
from tests.conftest import Clock

MO, SAM = "mo@example.org", "sam@example.org"
FIVE_MINUTES = timedelta(minutes=5)


def signed(app: Flask, *changes: dict[str, str]) -> None:
    """Somebody for each, with a public name."""
    call = factories.the_call(app)
    for number, change in enumerate(changes):
        factories.keep(app, call, people.someone(number, visibility="public") | change)
    for entry_id in factories.entries(app):
        factories.confirm(app, entry_id)


def take(app: Flask, by: str, wanted: NameFilter = ALL_NAMES, after: int = 0) -> Queue:
    deps, campaign_id = dependencies_of(app), factories.the_call(app).id
    with transaction() as session:
        return review_queue.take(
            session, deps.vault, campaign_id, wanted, after=after, by=by, at=deps.now()
        )


def decide(app: Flask, name: Named, verdict: str, by: str) -> None:
    deps = dependencies_of(app)
    with transaction() as session:
        moderation.decide(
            session,
            deps.vault,
            name.signature_id,
            verdict,
            seen=name.seen,
            campaign_id=None,
            by=by,
            at=deps.now(),
        )


def names(queue: Queue) -> list[str]:
    return [each.name.removesuffix(" Of-Many") for each in queue.names]


def claims(app: Flask) -> list[tuple[object, ...]]:
    return factories.rows(app, "SELECT by, count(*) FROM review_claims GROUP BY by ORDER BY by")


def test_two_who_read_at_once_are_shown_different_names(app: Flask) -> None:
    signed(app, *({} for _ in range(25)))
    first, second = take(app, MO), take(app, SAM)
    assert names(first) == [f"Person{n}" for n in range(20)]
    assert names(second) == [f"Person{n}" for n in range(20, 25)]
    assert (first.with_others, second.with_others) == (0, 20)
    assert first.until == dependencies_of(app).now() + FIVE_MINUTES
    assert names(take(app, MO)) == names(first), "they stay one's own"


def test_a_claim_lapses(app: Flask, clock: Clock) -> None:
    signed(app, {}, {})
    take(app, MO)
    clock.forward(FIVE_MINUTES - timedelta(seconds=1))
    assert names(take(app, SAM)) == []
    clock.forward(timedelta(seconds=1))
    assert names(take(app, SAM)) == ["Person0", "Person1"]
    assert claims(app) == [(SAM, 2)]


def test_what_one_goes_past_is_free_at_once(app: Flask) -> None:
    signed(app, *({} for _ in range(22)))
    first = take(app, MO)
    take(app, MO, after=first.names[-1].signature_id)
    assert names(take(app, SAM)) == names(first)


def test_who_is_being_read_is_decided_by_that_reader(app: Flask, clock: Clock) -> None:
    signed(app, {})
    (mine,) = take(app, MO).names
    clock.forward(FIVE_MINUTES)
    take(app, SAM)
    with pytest.raises(Claimed):
        decide(app, mine, SHOWN, MO)
    clock.forward(FIVE_MINUTES)
    decide(app, mine, SHOWN, MO)
    assert claims(app) == [], "and with the decision the claim is gone"


def test_the_first_decision_stands(app: Flask, clock: Clock) -> None:
    signed(app, {})
    (mine,) = take(app, MO).names
    clock.forward(FIVE_MINUTES)
    (theirs,) = take(app, SAM).names
    decide(app, theirs, REFUSED, SAM)
    with pytest.raises(DecidedMeanwhile):
        decide(app, mine, SHOWN, MO)
    assert factories.rows(app, "SELECT verdict, by FROM reviews") == [(REFUSED, SAM)]
    assert factories.rows(app, "SELECT count(*) FROM audit WHERE action LIKE 'review%'") == [(1,)]


def test_a_button_that_was_pressed_twice_decides_once(app: Flask) -> None:
    signed(app, {})
    (name,) = take(app, MO).names
    for _ in range(2):
        decide(app, name, SHOWN, MO)
    assert factories.rows(app, "SELECT count(*) FROM audit WHERE action LIKE 'review%'") == [(1,)]
    with pytest.raises(DecidedMeanwhile):
        decide(app, name, REFUSED, MO)


def test_what_was_decided_anew_meanwhile_is_no_more_what_was_read(app: Flask, clock: Clock) -> None:
    signed(app, {})
    (name,) = take(app, MO).names
    decide(app, name, SHOWN, MO)
    with reading() as session:
        vault, campaign_id = dependencies_of(app).vault, factories.the_call(app).id
        (listed,) = moderation.decided(session, vault, campaign_id, SHOWN).names
    clock.forward(timedelta(seconds=1))
    decide(app, listed, REFUSED, SAM)
    with pytest.raises(DecidedMeanwhile):
        decide(app, listed, SHOWN, MO)


def test_many_that_read_at_once_share_the_queue(app: Flask) -> None:
    signed(app, *({} for _ in range(60)))
    found: list[str] = []
    readers = [f"{place}@example.org" for place in range(3)]

    def read(place: int) -> None:
        with app.app_context():
            found.extend(names(take(app, readers[place])))

    assert factories.together(3, read) == []
    assert sorted(found) == sorted(f"Person{n}" for n in range(60))


def test_many_that_decide_at_once_leave_one_decision(app: Flask) -> None:
    signed(app, {})
    (name,) = take(app, MO).names
    factories.change(app, "DELETE FROM review_claims")

    def begin(place: int) -> None:
        with app.app_context():
            decide(app, name, SHOWN, f"{place}@example.org")

    wrong = factories.together(4, begin)
    assert [type(each) for each in wrong] == [DecidedMeanwhile] * 3
    assert factories.rows(app, "SELECT count(*) FROM review_changes") == [(1,)]


def test_some_can_be_asked_for_alone(app: Flask) -> None:
    signed(
        app,
        {"country": "FR", "comment": "Parce que."},
        {"country": "FR"},
        {"country": "DE", "comment": "Because."},
    )
    factories.change(app, "UPDATE entries SET language = 'fr' WHERE country = 'FR'")

    def asked(**wanted: object) -> list[str]:
        return names(take(app, MO, NameFilter(**wanted)))  # type: ignore[arg-type]

    assert asked(country="FR") == ["Person0", "Person1"]
    assert asked(language="fr", has_comment=True) == ["Person0"]
    assert asked(has_comment=False) == ["Person1"]
    assert asked(language="en") == ["Person2"]
    assert asked(country="US") == []
    for name in take(app, MO).names:
        decide(app, name, SHOWN, MO)
    with reading() as session:
        vault, campaign_id = dependencies_of(app).vault, factories.the_call(app).id
        wanted = NameFilter(country="FR")
        page = moderation.decided(session, vault, campaign_id, SHOWN, wanted)
    assert [each.name for each in page.names] == ["Person1 Of-Many", "Person0 Of-Many"]


def test_a_claim_holds_numbers_alone_and_goes_with_its_time_and_its_person(
    app: Flask, clock: Clock
) -> None:
    signed(app, {}, {"comment": "Because."})
    first, _second = take(app, MO).names
    columns = {"entry_id", "campaign_id", "by", "until"}
    assert {column.name for column in db.metadata.tables["review_claims"].columns} == columns
    deps = dependencies_of(app)
    with transaction() as session:
        erasure.erase(session, deps.erasure_context, first.signature_id, at=deps.now())
    assert claims(app) == [(MO, 1)]
    clock.forward(FIVE_MINUTES)
    factories.work(app)
    assert claims(app) == []
