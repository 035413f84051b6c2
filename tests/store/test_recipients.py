"""Recipients: a letter to staff waits, is claimed and ends like any other, and is nobody's form."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from petition.domain.letters import letter as letters
from petition.domain.letters.recipient import Recipient, RecipientKind
from petition.services.letters import screening
from petition.store.abuse import figures
from petition.store.db import transaction
from petition.store.letters import budget, outbox, relay
from petition.store.letters.outbox import ClaimedLetter, NewLetter
from petition.store.tables import Staff
from tests import people, rights
from tests.conftest import Clock
from tests.factories import change, entries, keep, rows, the_call, work

LEASE = timedelta(minutes=10)
HOUR = timedelta(hours=1)
TO_STAFF = frozenset({RecipientKind.STAFF})
LETTERS_TO_STAFF = "SELECT kind, state, attempts FROM letters WHERE staff_id IS NOT NULL"


@pytest.fixture
def sam(app: Flask, clock: Clock) -> Recipient:
    """Sam signs in, and is owed a letter of a kind that no form has."""
    with transaction() as session:
        row = Staff(email="sam@example.org", created_at=clock())
        session.add(row)
        session.flush()
        found = Recipient.staff(row.id)
        outbox.enqueue(session, [NewLetter(kind="digest", to=found, due_at=clock())])
    return found


def claim(clock: Clock, to: frozenset[RecipientKind] = TO_STAFF) -> list[ClaimedLetter]:
    with transaction() as session:
        return outbox.claim(session, worker="one", at=clock(), lease=LEASE, most=20, to=to)


def test_it_is_claimed_postponed_and_finished(app: Flask, clock: Clock, sam: Recipient) -> None:
    (letter,) = claim(clock)
    assert (letter.to, letter.kind, letter.attempts) == (sam, "digest", 0)
    assert claim(clock) == []  # it is leased
    with transaction() as session:
        outbox.postpone(session, letter.id, until=clock() + HOUR, error="SMTP 450")
    assert claim(clock) == []
    clock.forward(HOUR)
    (again,) = claim(clock)
    assert (again.id, again.attempts) == (letter.id, 1)
    with transaction() as session:
        outbox.release(session, [again.id], worker="one")
        (free,) = outbox.claim_these(session, [again.id], worker="two", at=clock(), lease=LEASE)
        assert free.to == sam
        assert outbox.finish(session, again.id, letters.SENT, at=clock())
    clock.forward(timedelta(days=30))
    assert claim(clock) == []
    assert rows(app, LETTERS_TO_STAFF) == [("digest", "sent", 2)]


def test_one_of_a_kind_that_nobody_knows_is_withheld(
    app: Flask, clock: Clock, sam: Recipient
) -> None:
    """A newer version may have owed it."""
    with transaction() as session:
        assert set(budget.to_confirmed(session, at=clock(), most=20)) == set()
    work(app)
    assert rows(app, LETTERS_TO_STAFF) == [("digest", "withheld", 0)]


def test_a_held_queue_may_be_tried_with_it(app: Flask, clock: Clock, sam: Recipient) -> None:
    with transaction() as session:
        for _ in range(100):
            relay.note_refused(session, attempts=0, reason="SMTP 550", at=clock())
        assert relay.state(session).held_since is not None
    clock.forward(HOUR)
    with transaction() as session:
        assert len(relay.take_turn(session, 20, at=clock()).probes or ()) == 1


def test_limits_of_mailboxes_and_waiting_letters_do_not_count_it(
    app: Flask, clock: Clock, sam: Recipient
) -> None:
    with transaction() as session:
        later = NewLetter(kind="digest", to=sam, due_at=clock() + HOUR)
        outbox.enqueue(session, [later])
        assert screening.withhold_surplus(session, at=clock()) == 0
        assert figures.waiting(session, at=clock(), burst=5, an_hour=5).letters == 0
    assert rows(app, LETTERS_TO_STAFF) == [("digest", "owed", 0)] * 2


def test_erasing_everybody_leaves_it(app: Flask, clock: Clock, sam: Recipient) -> None:
    keep(app, the_call(app), people.ben)
    rights.erase(app, 1)
    assert rows(app, "SELECT count(*) FROM letters WHERE entry_id IS NOT NULL") == [(0,)]
    assert rows(app, LETTERS_TO_STAFF) == [("digest", "owed", 0)]


def test_it_goes_with_its_recipient(app: Flask, sam: Recipient) -> None:
    change(app, "DELETE FROM staff")
    assert rows(app, LETTERS_TO_STAFF) == []


@pytest.mark.parametrize("columns", [{}, {"entry_id": 7, "staff_id": 1}])
def test_a_letter_has_one_recipient(
    app: Flask, clock: Clock, sam: Recipient, columns: dict[str, int]
) -> None:
    keep(app, the_call(app), people.ben)
    if "entry_id" in columns:
        columns = {"entry_id": entries(app)[0], "staff_id": sam.id}
    names = "".join(f"{name}, " for name in columns)
    values = "".join(f"{value}, " for value in columns.values())
    with pytest.raises(IntegrityError):
        change(
            app,
            f"INSERT INTO letters ({names}kind, state, due_at, admitted, attempts)"
            f" SELECT {values}kind, state, due_at, admitted, attempts FROM letters LIMIT 1",
        )


def test_a_form_and_a_service_begin_a_letter_alike(app: Flask, clock: Clock) -> None:
    """The bulk insert spells its own statement, for speed."""
    keep(app, the_call(app), people.ben)
    (entry_id,) = entries(app)
    with transaction() as session:
        again = NewLetter(kind=letters.CONFIRM, to=Recipient.entry(entry_id), due_at=clock())
        outbox.enqueue(session, [again])
    one, other = rows(app, "SELECT * FROM letters ORDER BY id")
    assert one[1:] == other[1:]
