"""Who said yes to a partner: counted once confirmed, taken off at once, and told in order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from petition.domain.partners import references
from petition.keyring import KeyRing
from petition.services.privacy import withdrawals
from petition.services.signatures import holds
from petition.store.db import transaction
from petition.web.http.dependencies import dependencies_of
from tests import partner_sites, people, rights
from tests.conftest import Clock
from tests.factories import change, confirm, entries, rows, work

pytestmark = pytest.mark.usefixtures("before_the_first_run")


@pytest.fixture
def key(app: Flask) -> str:
    return partner_sites.asking(app)


def kinds(app: Flask, key: str) -> list[str]:
    return [kind for _, kind, _ in partner_sites.learned(app, key)]


def test_a_yes_counts_once_the_address_is_confirmed(app: Flask, key: str) -> None:
    partner_sites.keep(app, key, people.ben)
    partner_sites.keep(app, key, people.amina, answer="no")
    assert (partner_sites.learned(app, key), partner_sites.on_list(app, key)) == ([], [])
    for entry in entries(app):
        confirm(app, entry)
    assert partner_sites.learned(app, key) == [(1, "opted_in", 1)]
    assert partner_sites.on_list(app, key) == [1]
    confirm(app, entries(app)[0])
    assert len(partner_sites.learned(app, key)) == 1


def test_a_form_that_somebody_else_sent_in_counts_for_nobody(app: Flask, key: str) -> None:
    """Whoever knows an address that has signed cannot say yes in its name."""
    partner_sites.keep(app, key, people.ben, answer="no")
    confirm(app, entries(app)[0])
    partner_sites.keep(app, key, people.ben)
    for entry in entries(app):
        confirm(app, entry)
    assert partner_sites.learned(app, key) == []


def test_a_yes_to_one_partner_is_none_to_another(app: Flask, key: str) -> None:
    other = partner_sites.asking(app, "Other")
    partner_sites.keep(app, key, people.ben)
    # A form cannot bring an answer to a question that the partner never asked.
    change(app, "UPDATE entries SET partner = :other", other=other)
    confirm(app, entries(app)[0])
    assert partner_sites.on_list(app, key) == []
    assert partner_sites.on_list(app, other) == [1]  # the words are the same, so is the text
    partner_sites.ask(app, other, "Yes, write to me.")
    partner_sites.keep(app, key, people.amina)
    confirm(app, entries(app)[1])
    assert partner_sites.on_list(app, key) == [2]
    assert partner_sites.on_list(app, other) == [1]


def test_withdrawing_undoing_and_erasing_are_told_in_order(
    app: Flask, clock: Clock, key: str
) -> None:
    partner_sites.keep(app, key, people.ben)
    confirm(app, entries(app)[0])
    rights.withdraw(app, 1)
    assert partner_sites.on_list(app, key) == []
    rights.undo(app)
    assert kinds(app, key) == ["opted_in", "withdrawn", "opted_in"]
    rights.withdraw(app, 1)
    clock.forward(withdrawals.UNDO_LIFE)
    work(app)
    # Of who is erased only that is left, under a number that was not given before.
    assert partner_sites.learned(app, key) == [(5, "erased", 1)]
    assert rows(app, "SELECT count(*) FROM partner_opt_ins") == [(0,)]


def test_staff_who_hold_one_take_it_off_the_list(app: Flask, key: str) -> None:
    partner_sites.keep(app, key, people.ben)
    confirm(app, entries(app)[0])
    rights.move(app, holds.hold)
    rights.move(app, holds.release)
    assert kinds(app, key) == ["opted_in", "withdrawn", "opted_in"]


def test_what_does_not_touch_the_yes_is_not_told(app: Flask, key: str) -> None:
    partner_sites.keep(app, key, people.ben)
    confirm(app, entries(app)[0])
    rights.choose(app, visibility="target")
    rights.correct(app, "Benno", country="FR")  # the figures let it go and take it again
    assert kinds(app, key) == ["opted_in"]


def test_erasing_who_never_said_yes_tells_the_partner_nothing(app: Flask, key: str) -> None:
    partner_sites.keep(app, key, people.ben, answer="no")
    confirm(app, entries(app)[0])
    rights.erase(app, 1)
    assert partner_sites.learned(app, key) == []


def test_retention_erases_them_for_the_partner_too(app: Flask, clock: Clock, key: str) -> None:
    partner_sites.keep(app, key, people.ben)
    partner_sites.keep(app, key, people.amina)
    for entry in entries(app):
        confirm(app, entry)
    change(app, "UPDATE campaigns SET state = 'closed', closed_at = :at", at=clock())
    clock.forward(timedelta(days=400))
    work(app)
    assert rights.ids(app) == []
    assert partner_sites.learned(app, key) == [(3, "erased", 1), (4, "erased", 2)]


def test_a_transaction_that_fails_tells_nothing(app: Flask, key: str) -> None:
    partner_sites.keep(app, key, people.ben)
    confirm(app, entries(app)[0])

    def fail() -> None:
        with app.app_context(), transaction() as session:
            withdrawals.withdraw(session, 1, at=dependencies_of(app).now())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert kinds(app, key) == ["opted_in"]


def test_a_reference_is_a_partners_own(app: Flask) -> None:
    ring = KeyRing.parse(KeyRing.generate_text())
    one = references.reference(ring.partners, "a" * 16, 7)
    assert len(one) == references.LENGTH
    assert one == references.reference(ring.with_new_key().partners, "a" * 16, 7)
    assert one != references.reference(ring.partners, "b" * 16, 7)
    assert references.signature_of(ring.partners, "a" * 16, one) == 7
    assert references.signature_of(ring.partners, "a" * 16, one.upper()) == 7
    assert references.signature_of(ring.partners, "b" * 16, one) is None
    other_ring = KeyRing.parse(KeyRing.generate_text())
    for wrong in ("", "7", one[:-1], "é" * 26, "1" * 26, one[:-1] + "!", "a" * 26):
        assert references.signature_of(ring.partners, "a" * 16, wrong) is None
    assert references.signature_of(other_ring.partners, "a" * 16, one) is None
