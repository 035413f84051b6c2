"""Who is written to no more, what came back two weeks later, and what a target answers to all."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from petition.app import SHIPPED
from petition.cli.worker import make_worker
from petition.domain.messages.forecast import Forecast, Queue, forecasts
from petition.domain.messages.targets import ASK_AFTER, Leaving, Outcome, ProofRefused, Stand
from petition.services.campaigns import content_files
from petition.services.messages import answers, follow_up, parked, targets, trials
from petition.services.messages.answers import NotDecided
from petition.services.messages.targets import NewStand, ReplacementRefused, Which
from petition.store.db import reading, transaction
from petition.store.messages import answers as store_answers, target_details
from petition.store.tables import Letter, Message, Signature
from tests import console, people
from tests.conftest import Clock
from tests.factories import change, confirm, entries, letters, rows, text_of
from tests.messages import KEYS, states, to_targets, write
from tests.people import Form

pytestmark = pytest.mark.slow

ONE = Which(slug="amazon", key=KEYS[0], by="t")
TWO = Which(slug="amazon", key=KEYS[1], by="t")


def writers(app: Flask, client: FlaskClient, *who: Form, **typed: str) -> None:
    for person in who:
        write(client, person, **typed)
    for entry_id in entries(app):
        confirm(app, entry_id)


def work(app: Flask) -> None:
    """All that is due, once; development's mailbox has no office hours."""
    make_worker(app, threading.Event()).once()


def letters_of(app: Flask, kind: str) -> list[object]:
    found = rows(app, "SELECT state FROM letters WHERE kind = :kind ORDER BY id", kind=kind)
    return [state for (state,) in found]


def to(app: Flask, person: Form, subject: str) -> list[EmailMessage]:
    found = [each for each in letters(app) if each["To"] == person["email"]]
    return [each for each in found if each["Subject"] == subject]


def targets_of(app: Flask) -> list[tuple[object, ...]]:
    return rows(
        app,
        "SELECT key, retired_at IS NULL, left_as, an_hour, a_day FROM message_targets ORDER BY id",
    )


def test_what_is_queued_is_cancelled_and_who_wrote_is_told_once(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    writers(app, client, people.cora, people.amina)
    with transaction() as session:
        targets.leave(session, ONE, Leaving.RETIRED, None, at=clock())
        targets.leave(session, TWO, Leaving.EXCLUDED, None, at=clock())
    work(app)
    assert states(app) == {"cancelled": 4, "sent": 2}
    assert letters_of(app, "message_cancelled") == ["sent", "sent"]
    (letter,) = to(app, people.cora, "An email of yours was not sent")
    assert "/my/" in text_of(letter)
    assert "Amazon" not in text_of(letter)


def test_or_moved_to_another_where_its_writer_has_not_written_yet(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    writers(app, client, people.cora, to=KEYS[0])
    writers(app, client, people.amina)
    write(client, people.ben, to=KEYS[0])  # waits for his click
    with transaction() as session:
        for wrong in (KEYS[0], "nobody", ""):
            with pytest.raises(ReplacementRefused):
                targets.leave(session, ONE, Leaving.REPLACED, wrong or None, at=clock())
        targets.leave(session, ONE, Leaving.REPLACED, KEYS[1], at=clock())
    work(app)
    # Cora's goes to the other one, and Amina's own to that one is enough.
    assert states(app) == {"cancelled": 1, "sent": 3, "waiting": 1}
    assert [each["To"] for each in to_targets(app)].count(f"{KEYS[1]}@amazon.example.org") == 2
    assert letters_of(app, "message_moved") == ["sent"]
    assert letters_of(app, "message_cancelled") == ["sent"]
    assert to(app, people.cora, "An email of yours goes to others")
    confirm(app, entries(app)[-1])
    assert rows(
        app,
        "SELECT t.key FROM messages m JOIN message_targets t ON t.id = m.target_id"
        " WHERE m.state = 'queued'",
    ) == [(KEYS[1],)]


def test_what_staff_set_stays_after_loading(app: Flask, clock: Clock) -> None:
    with transaction() as session:
        targets.set_caps(session, ONE, an_hour=7, a_day=70, at=clock())
        targets.leave(session, TWO, Leaving.RETIRED, None, at=clock())
    change(app, "UPDATE message_targets SET an_hour = 1 WHERE key = :key", key=KEYS[2])
    with transaction() as session:
        content_files.load(session, SHIPPED / "amazon", organiser=None, at=clock())
    assert targets_of(app) == [
        (KEYS[0], True, None, 7, 70),
        (KEYS[1], False, "retired", 30, 200),
        (KEYS[2], True, None, 30, 200),
    ]
    with transaction() as session:
        assert targets.take_back(session, TWO, at=clock())
        assert not targets.take_back(session, TWO, at=clock())
    assert [row[1] for row in targets_of(app)] == [True, True, True]


@pytest.mark.parametrize("decision", ["sent", "again"])
def test_staff_decide_what_parked_ones_are(
    app: Flask, client: FlaskClient, clock: Clock, decision: str
) -> None:
    writers(app, client, people.cora, people.amina, to=KEYS[0])
    shown_at = clock()
    clock.forward(timedelta(minutes=1))
    first = min(row[0] for row in rows(app, "SELECT id FROM messages"))  # type: ignore[type-var]
    with transaction() as session:
        session.execute(update(Message).values(state="parked", finished_at=clock()))
        session.execute(update(Message).where(Message.id == first).values(finished_at=shown_at))
        session.execute(update(Letter).where(Letter.message_id.is_not(None)).values(state="failed"))
    decide = parked.were_sent if decision == "sent" else parked.send_again
    with transaction() as session:
        # One came after the page was shown: nothing is decided about that one.
        assert decide(session, ONE, until=shown_at, at=clock()) == 1
    work(app)
    assert states(app) == {"sent": 1, "parked": 1}
    assert len(to_targets(app)) == (1 if decision == "again" else 0)
    sent = "SELECT messages FROM message_counts WHERE step = 'sent' AND dimension = 'total'"
    assert rows(app, sent) == [(1,)]
    assert rows(app, "SELECT action, outcome, detail FROM audit WHERE who = 't'") == [
        ("parked messages", decision, "amazon: chief-executive, 1")
    ]


def test_two_weeks_later_each_is_asked_once_but_who_wants_no_more_emails(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    writers(app, client, people.cora, people.amina)
    work(app)
    assert states(app) == {"sent": 6}
    with transaction() as session:
        last = select(func.max(Signature.id)).scalar_subquery()
        session.execute(
            update(Signature).where(Signature.id == last).values(unsubscribed_at=clock())
        )
    clock.forward(ASK_AFTER - timedelta(hours=2))
    work(app)
    assert letters_of(app, "follow_up") == []
    for hours in (4, 40, 400):
        clock.forward(timedelta(hours=hours))
        work(app)
    assert letters_of(app, "follow_up") == ["sent"]
    (letter,) = to(app, people.cora, "Did an answer come?")
    assert letter["List-Unsubscribe-Post"]
    assert "/answers" in text_of(letter)


def test_an_answer_to_all_goes_to_who_asked_and_many_take_two_of_staff(
    app: Flask, client: FlaskClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    writers(app, client, people.cora, people.amina, wants_answer="yes")
    writers(app, client, people.ben)
    work(app)
    monkeypatch.setattr("petition.domain.messages.targets.LETTERS_ALONE", 1)
    monkeypatch.setattr(answers, "BATCH", 1)
    day = clock().date()
    with transaction() as session:
        answers.publish(session, ONE, day, {"en": "We will talk.", "de": ""}, at=clock())
        target = targets.find(session, ONE.slug, ONE.key)
        (answer,) = store_answers.of_targets(session, [target.id])
        assert answer.text(("de", "en")) == ("en", "We will talk.")
        assert not answers.tell(session, ONE, answer.id, setting=True, at=clock())
        with pytest.raises(NotDecided):  # nobody agrees with themselves
            answers.approve(session, ONE, answer.id, at=clock())
    work(app)
    assert letters_of(app, "target_answer") == []
    second = Which(slug=ONE.slug, key=ONE.key, by="u")
    with transaction() as session:
        answers.approve(session, second, answer.id, at=clock())
        with pytest.raises(NotDecided):
            answers.approve(session, second, answer.id, at=clock())
    for told in (1, 2, 2):
        work(app)
        assert letters_of(app, "target_answer") == ["sent"] * told
    assert to(app, people.cora, "An answer has come")
    assert not to(app, people.ben, "An answer has come")
    with reading() as session:
        (answer,) = store_answers.of_targets(session, [target.id])
    assert (answer.told, answer.done_at is not None) == (2, True)
    assert [row[0] for row in rows(app, "SELECT outcome FROM audit WHERE who IN ('t', 'u')")] == [
        "published",
        "asked",
        "approved",
    ]


def test_staff_send_themselves_a_test_by_the_outbox(app: Flask, clock: Clock) -> None:
    console.enter(app)
    ((staff_id,),) = rows(app, "SELECT id FROM staff")
    with transaction() as session:
        trials.send(session, ONE, staff_id=int(str(staff_id)), language="de", variant=1, at=clock())
    assert letters(app) == []
    work(app)
    (letter,) = letters(app)
    assert letter["To"] == console.address("owner")
    assert letter["Subject"].startswith("Test: ")
    assert "{" not in text_of(letter)
    assert rows(app, "SELECT state FROM messages") == []


FRIDAY = datetime(2026, 11, 6, 15, 30, tzinfo=UTC)
MONDAY = datetime(2026, 11, 9, 9, tzinfo=UTC)
QUEUE = Queue(queued=1, provider="example.org", time_zone="UTC", an_hour=10, a_day=25)


def test_the_forecast_keeps_caps_and_office_hours() -> None:
    def ends(*queues: Queue, cap: int = 120, sent: int = 0) -> list[Forecast]:
        numbered = dict(enumerate(queues))
        found = forecasts(
            numbered, provider_cap=cap, sent_to_provider={"example.org": sent}, at=FRIDAY
        )
        return [found[number] for number in numbered]

    def end(queued: int, **changes: Any) -> datetime | None:
        caps = {name: changes.pop(name) for name in ("cap", "sent") if name in changes}
        (found,) = ends(replace(QUEUE, queued=queued, **changes), **caps)
        return found.empty_at

    assert end(1) == FRIDAY
    assert end(20) == FRIDAY.replace(hour=16, minute=0)
    assert end(20, sent_this_hour=1) == MONDAY
    assert end(21) == MONDAY
    assert end(20, sent_today=25) == MONDAY.replace(hour=10)
    assert end(20 + 25 + 1) == MONDAY.replace(day=10)
    assert end(100_000, a_day=1) is None
    # The mail provider's cap, which two targets share, and what is used up of it.
    assert end(8, cap=4) == FRIDAY.replace(hour=16, minute=0)
    assert end(8, cap=4, sent=3) == MONDAY
    small, large = replace(QUEUE, queued=2), replace(QUEUE, queued=12)
    found = ends(small, large, replace(large, provider="example.net"), cap=5)
    # Of five an hour the large one gets three, five and the rest; the other provider's all five.
    assert [each.empty_at for each in found] == [FRIDAY, MONDAY, MONDAY]
    # A digest a day, of 200; fewer than ten wait for more.
    daily = replace(QUEUE, is_digest=True, an_hour=1, a_day=1)
    for queued, last, empty in (
        (10, None, FRIDAY),
        (200, FRIDAY, MONDAY),
        (410, None, MONDAY.replace(day=10)),
    ):
        (found_,) = ends(replace(daily, queued=queued, last_digest=last), cap=1)
        assert found_ == Forecast(empty_at=empty)
    assert ends(replace(daily, queued=9)) == [Forecast(waits_for_people=True)]
    assert ends(replace(daily, queued=209)) == [Forecast(waits_for_people=True)]


def test_what_came_back_is_noted_by_who_sent_it_alone(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    writers(app, client, people.cora, people.amina, to=KEYS[0])
    ((first, mine), (_, foreign)) = rows(
        app, "SELECT signature_id, id FROM messages ORDER BY signature_id"
    )
    numbers = [int(str(each)) for each in (first, mine, foreign)]
    with transaction() as session:
        assert not follow_up.note_outcome(session, numbers[0], numbers[1], Outcome.NONE)
    work(app)
    with transaction() as session:
        assert follow_up.note_outcome(session, numbers[0], numbers[1], Outcome.FORM)
        assert follow_up.note_outcome(session, numbers[0], numbers[1], Outcome.NONE)
        assert not follow_up.note_outcome(session, numbers[0], numbers[2], Outcome.NONE)
    assert rows(app, "SELECT outcome FROM messages ORDER BY signature_id") == [("none",), (None,)]


def test_of_one_day_what_was_noted_last_is_how_it_stands(app: Flask, clock: Clock) -> None:
    today = clock().date()
    with transaction() as session:
        for stand, days, link in (
            (Stand.ANSWERED, 0, "https://example.org/a?b=1"),
            (Stand.ASKED, 9, ""),
            (Stand.REFUSED, 0, ""),
        ):
            day = today - timedelta(days=days)
            new = NewStand(stand=stand, day=day, link=link, note="A letter of theirs.")
            targets.add_stand(session, ONE, new, at=clock())
        for day, link, note in (
            (today, "", ""),
            (today + timedelta(days=1), "", "Tomorrow."),
            (today, "javascript:alert(1)", "No page."),
            (today, "https://a@b.example/", "No page."),
        ):
            new = NewStand(stand=Stand.PROMISED, day=day, link=link, note=note)
            with pytest.raises(ProofRefused):
                targets.add_stand(session, ONE, new, at=clock())
        target = targets.find(session, ONE.slug, ONE.key)
        assert target.stand is not None
        assert target.stand.stand == Stand.REFUSED
        found = [each.stand for each in target_details.stands(session, target.id)]
        assert found == [Stand.REFUSED, Stand.ANSWERED, Stand.ASKED]
