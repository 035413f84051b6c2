"""Privacy: correcting, choosing, withdrawing, unsubscribing, blocking, and letting in again."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from petition.domain.signatures import consent
from petition.domain.signatures.supporter import Person
from petition.errors import NotFound
from petition.services.letters import link_requests
from petition.services.privacy import data_copy, rights as privacy_rights
from petition.services.signatures import holds
from petition.services.signatures.holds import MoveRefused
from petition.store.db import reading, transaction
from petition.store.signatures.signatures import Filters
from petition.web.http.dependencies import dependencies_of
from tests import factories, people, rights
from tests.conftest import Clock
from tests.factories import change, confirm, entries, keep, rows, the_call, work

pytestmark = pytest.mark.usefixtures("before_the_first_run")

DAY = timedelta(days=1)


@pytest.fixture
def ben(app: Flask) -> int:
    """Ben has signed and confirmed; his signature."""
    keep(app, the_call(app), people.ben)
    confirm(app, entries(app)[0])
    return 1


# --- correcting -----------------------------------------------------------------------------------


def test_a_name_is_corrected_and_all_else_stays(app: Flask, clock: Clock) -> None:
    keep(app, the_call(app), people.amina)
    before = rights.person(app)
    rights.correct(app, "Aminah", "Benyoussef")
    after = rights.person(app)
    assert (after.given_name, after.family_name) == ("Aminah", "Benyoussef")
    for field in ("email", "postcode", "comment"):
        assert getattr(after, field) == getattr(before, field) != ""


def test_the_same_name_changes_nothing(app: Flask, ben: int) -> None:
    before = rights.dump(app)
    rights.correct(app, people.ben["given_name"], people.ben["family_name"])
    assert rights.dump(app) == before


def test_a_corrected_public_name_is_looked_at_again(app: Flask, ben: int) -> None:
    for action in (
        lambda: rights.correct(app, "Benedict"),
        lambda: rights.choose(app, visibility="public"),
        lambda: rights.withdraw(app, 1),
    ):
        change(
            app,
            "INSERT INTO reviews (campaign_id, entry_id, verdict, by, at)"
            " SELECT campaign_id, entry_id, 'shown', 'sam', created_at FROM signatures",
        )
        action()
        assert rows(app, "SELECT * FROM reviews") == []


def test_who_is_gone_cannot_be_corrected(app: Flask) -> None:
    with pytest.raises(NotFound):
        rights.correct(app, "Nobody", signature_id=9)
    with pytest.raises(NotFound):
        rights.choose(app, 9)
    with reading() as session, pytest.raises(NotFound):
        privacy_rights.find(session, 9)
    assert not rights.withdraw(app, 9)
    assert not rights.unsubscribe(app, 9)


# --- choosing -------------------------------------------------------------------------------------


def test_a_changed_answer_is_one_more_row_and_the_one_that_counts(
    app: Flask, ben: int, clock: Clock
) -> None:
    clock.forward(DAY)
    rights.choose(app, updates="yes", visibility="public")
    assert rows(app, "SELECT updates, visibility FROM entries") == [("yes", "public")]
    found = rows(app, "SELECT purpose, answer, way FROM consents ORDER BY id")
    assert found[3:] == [("updates", "yes", "my"), ("visibility", "public", "my")]
    (line,) = rights.take_out(app)
    assert ",public,,yes,2026-11-03T09:30:00Z," in line
    rights.choose(app, updates="yes", visibility="public")
    assert len(rows(app, "SELECT id FROM consents")) == 5


# --- withdrawing ----------------------------------------------------------------------------------


def test_withdrawn_ones_are_in_no_list_whatever_states_are_asked_for(app: Flask, ben: int) -> None:
    keep(app, the_call(app), people.cora)
    assert rights.withdraw(app, 1)
    for filters in (rights.ALL, Filters(states=("withdrawn",)), Filters()):
        lines = rights.take_out(app, filters=filters)
        assert not any(line.startswith("1,") for line in lines)
    assert rights.take_out(app, for_target=True) == []


@pytest.mark.parametrize("verb", ["hold", "reject", "release"])
def test_staff_do_not_move_who_withdrew(app: Flask, ben: int, verb: str) -> None:
    """Above all they do not bring them back into the count."""
    assert rights.withdraw(app, 1)
    before = rights.dump(app)
    with pytest.raises(MoveRefused, match="withdrawn"):
        rights.move(app, getattr(holds, verb))
    assert rights.dump(app) == before


@pytest.mark.parametrize("verb", ["hold", "reject"])
def test_who_was_held_may_withdraw_and_who_was_rejected_need_not(
    app: Flask, ben: int, verb: str
) -> None:
    rights.move(app, getattr(holds, verb))
    work(app)
    assert rights.counted(app)["total", ""] == 0
    assert rights.withdraw(app, 1) == (verb == "hold")
    work(app)
    assert rights.counted(app) == rights.standing(app)


def test_an_unconfirmed_one_is_withdrawn_and_its_letter_no_longer_confirms_it(
    app: Flask, clock: Clock
) -> None:
    keep(app, the_call(app), people.ben)
    assert rights.withdraw(app, 1)
    confirm(app, entries(app)[0])
    assert rights.state(app) == "withdrawn"
    work(app)
    assert rights.counted(app)["total", ""] == 0


def test_ten_times_is_once(app: Flask, ben: int, clock: Clock) -> None:
    assert rights.withdraw(app, 1)
    before = rights.dump(app)
    for _ in range(9):
        clock.forward(DAY)
        assert not rights.withdraw(app, 1)
    assert rights.dump(app) == before


def test_only_a_form_from_after_the_withdrawal_brings_it_back(
    app: Flask, ben: int, clock: Clock
) -> None:
    keep(app, the_call(app), people.ben_again)
    clock.forward(timedelta(minutes=1))
    rights.withdraw(app, 1)
    keep(app, the_call(app), people.ben)  # at the very moment
    clock.forward(timedelta(microseconds=1))
    for entry_id in entries(app)[:3]:
        confirm(app, entry_id)
        assert rights.state(app) == "withdrawn"
    keep(app, the_call(app), people.ben_again)
    newest = entries(app)[3]
    confirm(app, newest)
    assert rows(app, "SELECT state, entry_id, withdrawn_at FROM signatures") == [
        ("confirmed", newest, None)
    ]
    work(app)
    assert rights.counted(app) == rights.standing(app)


# --- unsubscribing --------------------------------------------------------------------------------


def test_unsubscribing_holds_for_every_form_that_was_sent_in(app: Flask, clock: Clock) -> None:
    """Signed twice, unsubscribed by the reminder, then the second form is confirmed."""
    keep(app, the_call(app), people.cora)  # no news
    keep(app, the_call(app), people.carl)  # news
    clock.forward(DAY)
    assert rights.unsubscribe(app)
    confirm(app, entries(app)[1])
    (line,) = rights.take_out(app)
    assert ",no,2026-11-03T09:30:00Z," in line
    assert rows(app, "SELECT answer, way FROM consents WHERE purpose = 'updates' ORDER BY id") == [
        ("no", "web"),
        ("yes", "web"),
        ("no", "letter"),
    ]
    assert rows(app, "SELECT count(*) FROM signatures WHERE unsubscribed_at IS NULL") == [(0,)]


def test_asking_for_news_in_a_form_sent_in_later_ends_it(app: Flask, clock: Clock) -> None:
    keep(app, the_call(app), people.carl)
    rights.unsubscribe(app)
    clock.forward(DAY)
    keep(app, the_call(app), people.carl)
    keep(app, the_call(app), people.cora)
    _, with_news, without = entries(app)
    for entry_id, ended in ((without, False), (with_news, True)):
        confirm(app, entry_id)
        found = rows(app, "SELECT unsubscribed_at FROM signatures")
        assert (found == [(None,)]) == ended
        rights.withdraw(app, 1)
        change(app, "UPDATE signatures SET withdrawn_at = :at", at=clock() - timedelta(hours=1))


def test_unsubscribing_twice_is_once(app: Flask, clock: Clock) -> None:
    keep(app, the_call(app), people.carl)
    rights.unsubscribe(app)
    before = rights.dump(app)
    clock.forward(DAY)
    assert rights.unsubscribe(app)
    assert rights.dump(app) == before


def test_choosing_news_again_ends_it(app: Flask, ben: int) -> None:
    rights.unsubscribe(app)
    rights.choose(app, updates="no")
    assert rows(app, "SELECT count(*) FROM signatures WHERE unsubscribed_at IS NULL") == [(0,)]
    rights.choose(app, updates="yes")
    assert rows(app, "SELECT unsubscribed_at FROM signatures") == [(None,)]


# --- “this was not me” ----------------------------------------------------------------------------


def test_it_erases_whatever_state_and_blocks(app: Flask, ben: int) -> None:
    key = rights.key_of(app)
    gone = rights.stop(app, key)
    assert gone.address_key == key
    assert rights.ids(app) == []
    assert rows(app, "SELECT mailbox_key FROM mailbox_blocks") == [(key,)]
    work(app)
    assert rights.counted(app)["total", ""] == 0
    assert rights.stop(app, key) is None, "again: nothing is left to erase"
    assert len(rows(app, "SELECT * FROM mailbox_blocks")) == 1


def test_a_form_for_a_blocked_address_is_an_empty_pending_row_and_nothing_else(
    app: Flask, ben: int, clock: Clock
) -> None:
    key = rights.key_of(app)
    rights.stop(app, key)
    clock.forward(timedelta(seconds=1))
    keep(app, the_call(app), people.ben | {"comment": "From them", "source": "flyer"})
    work(app)
    assert factories.letters(app) == []
    assert rows(app, "SELECT state FROM letters") == [("withheld",)]
    assert rights.person(app, 2) == Person(
        given_name="", family_name="", email="", postcode="", comment=""
    )
    assert rights.take_out(app) == []
    (line,) = rights.take_out(app, filters=rights.ALL)
    assert line.startswith("2,amazon,pending,2026-11-02T09:30:01Z,,,,,NG,,en,counted,,no,")
    assert "flyer" not in line
    assert rights.take_out(app, for_target=True) == []


def test_the_worker_empties_it_though_no_letter_may_go_for_another_reason(
    app: Flask, ben: int, clock: Clock
) -> None:
    key = rights.key_of(app)
    rights.stop(app, key)
    clock.forward(timedelta(seconds=1))
    change(
        app,
        "INSERT INTO mailboxes (address_key, letters, confirmed) VALUES (:key, 99, false)",
        key=key,
    )
    for number in range(5):
        keep(app, the_call(app), people.ben)
        work(app)
        assert rights.person(app, 2).email == "", number
    vault = dependencies_of(app).vault
    found = rows(app, "SELECT sealed, id, key_number FROM entries")
    assert len(found) == 5
    assert {vault.open(bytes(s), i, k).email for s, i, k in found} == {""}  # type: ignore[call-overload, arg-type]


def test_lifting_the_block_lets_the_address_sign_and_takes_away_what_came_meanwhile(
    app: Flask, ben: int, clock: Clock
) -> None:
    key = rights.key_of(app)
    rights.stop(app, key)
    clock.forward(timedelta(seconds=1))
    keep(app, the_call(app), people.ben)
    work(app)
    rights.lift(app, key)
    assert rights.ids(app) == []
    keep(app, the_call(app), people.ben)
    work(app)
    assert len(factories.letters(app)) == 1
    assert rights.person(app, 3).given_name == "Ben"
    rights.lift(app, key)  # pressed once more: what was signed since stays
    assert rights.ids(app) == [3]


def test_nobody_is_written_to_about_an_empty_form(app: Flask, ben: int, clock: Clock) -> None:
    """Its block is gone, by a lost journal say, and somebody asks for the letter once more."""
    key = rights.key_of(app)
    rights.stop(app, key)
    clock.forward(timedelta(seconds=1))
    keep(app, the_call(app), people.ben)
    work(app)
    dependencies_of(app).settings.journal_path.unlink()
    change(app, "DELETE FROM mailbox_blocks")
    for kind in (link_requests.RESEND, link_requests.DATA):
        with transaction() as session:
            link_requests.request_link(
                session,
                the_call(app).id,
                key,
                kind,
                sender=None,
                at=dependencies_of(app).now(),
            )
    work(app)
    work(app)
    assert factories.letters(app) == []
    assert rows(app, "SELECT state FROM letters") == [("withheld",)] * 3


def test_another_calls_signature_of_the_address_stays(app: Flask, ben: int, tmp_path: Path) -> None:
    rights.another_call(app, tmp_path)
    keep(app, the_call(app, slug="other"), people.ben)
    work(app)
    confirm(app, entries(app)[-1])
    work(app)
    rights.stop(app, rights.key_of(app))
    work(app)
    assert rights.ids(app) == [2]
    assert rights.counted(app, "other")["total", ""] == 1
    assert rights.counted(app)["total", ""] == 0
    keep(app, the_call(app, slug="other"), people.ben)
    work(app)
    assert rights.person(app, 2).given_name == "Ben"
    assert rows(app, "SELECT count(*) FROM mailboxes") == [(1,)], "it still writes there"
    rights.stop(app, rights.key_of(app, 2), slug="other")
    assert rows(app, "SELECT count(*) FROM mailboxes") == [(0,)]


# --- the copy to take along -----------------------------------------------------------------------


def test_the_document_is_json_with_every_form(app: Flask, ben: int) -> None:
    keep(app, the_call(app), people.ben_again)
    with reading() as session:
        held = privacy_rights.find(session, 1)
    text = data_copy.as_json(data_copy.document(held, dependencies_of(app).vault))
    document = json.loads(text)
    assert json.dumps(document, ensure_ascii=False, indent=2) + "\n" == text
    assert [form["given_name"] for form in document["forms"]] == ["Ben", "Benjamin"]
    assert [form["signature_stands_on_it"] for form in document["forms"]] == [True, False]
    assert (
        tuple(answer["purpose"] for answer in document["forms"][0]["answers"]) == consent.PURPOSES
    )
