"""Signing and confirming: consents, the letter of the same transaction, and one signature each."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from petition.domain.signatures.hold_reasons import HoldReason
from petition.domain.signatures.supporter import Person
from petition.errors import CampaignClosed, NotFound, StoreUnavailable
from petition.services.campaigns import content_files
from petition.services.signatures import holds, signing
from petition.services.signatures.holds import MoveRefused
from petition.store.db import db, reading, transaction
from petition.store.signatures import consents
from petition.web.http.dependencies import dependencies_of
from tests import people
from tests.conftest import Clock
from tests.factories import change, confirm, entries, keep, rows, the_call, together, work


def _state(app: Flask) -> Any:
    return rows(app, "SELECT state, confirmed_at IS NOT NULL, entry_id FROM signatures")


def _person(app: Flask, entry_id: int) -> Person:
    ((sealed, number),) = rows(
        app, "SELECT sealed, key_number FROM entries WHERE id = :id", id=entry_id
    )
    found: Person = dependencies_of(app).vault.open(bytes(sealed), entry_id, number)  # type: ignore[arg-type]
    return found


def _move(app: Flask, verb: Any, clock: Clock, signature_id: int = 1) -> None:
    with transaction() as session:
        verb(session, signature_id, reason=HoldReason.OTHER, by="sam", at=clock())


def test_a_form_is_found_with_its_own_words_whoever_else_signed(app: Flask) -> None:
    """Once those were asked for that ask what everybody's form asked: in two languages, none."""
    arabic, english = the_call(app, "ar"), the_call(app, "en")
    keep(app, arabic, people.amina)
    keep(app, english, people.ben)
    with reading() as session:
        found = [signing.find(session, entry_id) for entry_id in entries(app)]
    assert {each.text_id for each in found if each} == {arabic.text_id, english.text_id}


def test_a_new_signature_comes_with_its_consents_and_its_letter(app: Flask, clock: Clock) -> None:
    call = the_call(app, "ar")
    keep(app, call, people.amina)
    (entry_id,) = entries(app)
    assert _state(app) == [("pending", False, entry_id)]
    found = rows(
        app,
        "SELECT c.purpose, c.answer, c.way, t.language, t.purpose, c.consent_text_id"
        " FROM consents c JOIN consent_texts t ON t.id = c.consent_text_id ORDER BY c.id",
    )
    texts = call.consent_text_ids
    assert found == [
        ("sign", "yes", "web", "ar", "sign", texts["sign"]),
        ("updates", "yes", "web", "ar", "updates", texts["updates"]),
        ("visibility", "public", "web", "ar", "visibility", texts["visibility"]),
    ]
    stamps = rows(app, "SELECT DISTINCT answered_at FROM consents")
    assert len(stamps) == 1
    assert str(stamps[0][0]).startswith("2026-11-02 09:30:00")
    assert rows(app, "SELECT entry_id, kind, state FROM letters") == [(entry_id, "confirm", "owed")]
    person = _person(app, entry_id)
    assert (person.given_name, person.email) == (people.amina["given_name"], people.amina["email"])
    assert person.comment == people.amina["comment"]
    assert rows(app, "SELECT country, language, visibility FROM entries") == [
        ("MA", "ar", "public")
    ]


def test_no_signature_without_its_letter_and_no_letter_without_its_signature(app: Flask) -> None:
    call = the_call(app)

    def break_at(table: str) -> Any:
        def listener(_c: Any, _k: Any, statement: str, *_rest: Any) -> None:
            if f"INSERT INTO {table} " in statement:
                raise RuntimeError(table)

        return listener

    for table in ("signatures", "entries", "consents", "letters"):
        listener = break_at(table)
        event.listen(db.engine, "before_cursor_execute", listener)
        try:
            with pytest.raises(StoreUnavailable):
                keep(app, call, people.ben)
        finally:
            event.remove(db.engine, "before_cursor_execute", listener)
        for held in ("signatures", "entries", "consents", "letters"):
            assert rows(app, f"SELECT count(*) FROM {held}") == [(0,)], (table, held)
    keep(app, call, people.ben)
    assert rows(app, "SELECT count(*) FROM letters") == [(1,)]


@pytest.mark.parametrize("state", ["new", "pending", "confirmed", "held", "rejected"])
def test_a_form_is_kept_alike_whatever_was_there(app: Flask, clock: Clock, state: str) -> None:
    """The same rows, and never a second signature or a changed state."""
    call = the_call(app)
    if state != "new":
        keep(app, call, people.ben)
    if state == "confirmed":
        confirm(app, entries(app)[0])
    if state in {"held", "rejected"}:
        _move(app, holds.hold if state == "held" else holds.reject, clock)
    before, known = _state(app), len(entries(app))
    keep(app, call, people.ben_again)
    if state != "new":
        assert _state(app) == before
    assert len(_state(app)) == 1
    assert len(entries(app)) == known + 1
    last = entries(app)[-1]
    assert rows(
        app, "SELECT purpose, answer FROM consents WHERE entry_id = :id ORDER BY id", id=last
    ) == [("sign", "yes"), ("updates", "yes"), ("visibility", "target")]
    assert rows(app, "SELECT state FROM letters WHERE entry_id = :id", id=last) == [("owed",)]


def test_the_same_statements_for_a_new_and_a_known_address(app: Flask) -> None:
    call, seen = the_call(app), []
    keep(app, call, people.cora)  # the first form of a process also looks at the keys

    def listener(_c: Any, _k: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", listener)
    try:
        keep(app, call, people.ben)
        new, seen[:] = list(seen), []
        keep(app, call, people.ben_again)
    finally:
        event.remove(db.engine, "before_cursor_execute", listener)
    assert new
    assert seen == new


def test_two_who_share_a_mailbox_are_one_signature(app: Flask) -> None:
    call = the_call(app)
    keep(app, call, people.cora)
    keep(app, call, people.carl)
    assert rows(app, "SELECT count(*) FROM signatures") == [(1,)]
    assert len(entries(app)) == 2


def test_the_same_person_may_sign_another_call(app: Flask, clock: Clock) -> None:
    change(
        app,
        "INSERT INTO campaigns (slug, state, goal, default_language, targets, created_at)"
        " VALUES ('other', 'open', 5, 'en', '[]', :at)",
        at=clock().isoformat(),
    )
    call = the_call(app)
    keep(app, call, people.ben)
    ((other,),) = rows(app, "SELECT id FROM campaigns WHERE slug = 'other'")
    keep(app, replace(call, id=int(str(other))), people.ben)
    assert rows(app, "SELECT count(*) FROM signatures") == [(2,)]
    assert rows(app, "SELECT count(DISTINCT address_key) FROM signatures") == [(1,)]


def test_once_or_ten_times_confirmed_is_the_same(app: Flask, clock: Clock) -> None:
    keep(app, the_call(app), people.ben)
    (entry_id,) = entries(app)
    first = confirm(app, entry_id)
    assert first is not None
    assert (first.state, first.mailbox_confirmed) == ("confirmed", True)
    then = rows(app, "SELECT confirmed_at FROM signatures")
    for _ in range(9):
        clock.forward(timedelta(hours=1))
        assert confirm(app, entry_id) == first
    assert rows(app, "SELECT confirmed_at FROM signatures") == then
    assert rows(app, "SELECT count(*) FROM count_changes") == [(1,)]


def test_the_entry_whose_link_was_clicked_is_the_one_that_holds(app: Flask) -> None:
    """Who fills in somebody's address cannot put words into their mouth."""
    call = the_call(app)
    keep(app, call, people.cora)  # counted, no updates
    keep(app, call, people.carl)  # target, updates
    mine, other = entries(app)
    found = confirm(app, other)
    assert found is not None
    with reading() as session:
        answers = consents.current(session, other)
    assert (answers["visibility"], answers["updates"]) == ("target", "yes")
    assert _state(app)[0][2] == other
    assert _person(app, other).given_name == "Carl"
    again = confirm(app, mine)  # the other link, later, changes nothing
    assert again is not None
    assert again.state == "confirmed"
    assert _state(app)[0][2] == other


def test_two_links_at_once_confirm_once(app: Flask) -> None:
    call = the_call(app)
    for form in (people.cora, people.carl) * 3:
        keep(app, call, form)
    links = entries(app)
    assert together(6, lambda place: confirm(app, links[place]) and None) == []
    assert rows(app, "SELECT count(*) FROM count_changes") == [(1,)]
    assert _state(app)[0][0] == "confirmed"


def test_a_held_one_stays_held_until_it_is_released(app: Flask, clock: Clock) -> None:
    keep(app, the_call(app), people.ben)
    (entry_id,) = entries(app)
    _move(app, holds.hold, clock)
    found = confirm(app, entry_id)
    assert found is not None
    assert (found.state, found.mailbox_confirmed) == ("held", True)
    assert rows(app, "SELECT count(*) FROM count_changes") == [(0,)]
    _move(app, holds.release, clock)
    assert _state(app)[0][0] == "confirmed"
    assert rows(app, "SELECT change FROM count_changes") == [(1,)]


def test_a_held_one_keeps_the_entry_that_was_confirmed_first(app: Flask, clock: Clock) -> None:
    call = the_call(app)
    keep(app, call, people.cora)
    keep(app, call, people.carl)
    mine, other = entries(app)
    _move(app, holds.hold, clock)
    confirm(app, mine)
    before = rows(app, "SELECT * FROM signatures")
    clock.forward(timedelta(hours=1))
    confirm(app, other)
    assert rows(app, "SELECT * FROM signatures") == before


def test_a_held_one_whose_mailbox_said_nothing_is_released_to_pending(
    app: Flask, clock: Clock
) -> None:
    keep(app, the_call(app), people.ben)
    _move(app, holds.hold, clock)
    _move(app, holds.release, clock)
    assert _state(app)[0][0] == "pending"
    confirm(app, entries(app)[0])
    assert _state(app)[0][0] == "confirmed"


def test_a_rejected_one_is_not_confirmed(app: Flask, clock: Clock) -> None:
    keep(app, the_call(app), people.ben)
    _move(app, holds.reject, clock)
    found = confirm(app, entries(app)[0])
    assert found is not None
    assert found.state == "rejected"
    assert rows(app, "SELECT count(*) FROM count_changes") == [(0,)]


def test_a_move_is_written_into_the_audit_log(app: Flask, clock: Clock) -> None:
    keep(app, the_call(app), people.ben)
    _move(app, holds.hold, clock)
    assert rows(app, "SELECT who, action, outcome, detail FROM audit") == [
        ("sam", "signature held", "done", "1: other")
    ]
    assert rows(app, "SELECT hold_reason FROM signatures") == [("other",)]


def test_a_move_that_may_not_be_is_refused_and_leaves_no_trace(app: Flask, clock: Clock) -> None:
    keep(app, the_call(app), people.ben)
    with pytest.raises(MoveRefused, match="pending"):
        _move(app, holds.release, clock)
    with pytest.raises(NotFound):
        _move(app, holds.hold, clock, signature_id=99)
    assert rows(app, "SELECT count(*) FROM audit") == [(0,)]


@pytest.mark.slow
def test_a_link_to_nothing_confirms_nothing(app: Flask) -> None:
    assert confirm(app, 424242) is None


def test_a_closed_call_takes_nothing(app: Flask, clock: Clock) -> None:
    with transaction() as session:
        content_files.close(session, "amazon", at=clock())
    with pytest.raises(CampaignClosed):
        keep(app, the_call(app), people.ben)
    assert rows(app, "SELECT count(*) FROM signatures") == [(0,)]


def test_what_is_confirmed_before_the_fold_counts_after_it(app: Flask) -> None:
    keep(app, the_call(app), people.ben)
    confirm(app, entries(app)[0])
    work(app)
    assert rows(app, "SELECT confirmed FROM counts WHERE dimension = 'total'") == [(1,)]


def test_finding_changes_nothing(app: Flask) -> None:
    keep(app, the_call(app), people.ben)
    before = rows(app, "SELECT * FROM signatures")
    with transaction() as session:
        found = signing.find(session, entries(app)[0])
    assert found is not None
    assert (found.state, found.slug, found.mailbox_confirmed) == ("pending", "amazon", False)
    assert rows(app, "SELECT * FROM signatures") == before
