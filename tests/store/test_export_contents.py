"""Disclosures: what left in which export, to the bit, and what each must let go."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice

import pytest
from flask import Flask
from hypothesis import given, settings, strategies as st
from sqlalchemy.orm import Session

from petition.errors import NotFound
from petition.services.campaigns import content_files
from petition.services.exports import csv_file
from petition.services.privacy import erasure
from petition.services.signatures import holds
from petition.store.db import db, reading, transaction
from petition.store.exports import contents, ledger
from petition.store.signatures import signatures
from petition.store.signatures.signatures import Filters
from petition.store.tables import ExportPage
from petition.web.http.dependencies import dependencies_of
from tests import people, rights
from tests.conftest import Clock
from tests.factories import (
    change,
    confirm,
    entries,
    keep,
    rows,
    the_call,
    together,
    until,
    waits_for_lock,
    work,
)
from tests.in_one_go import confirm_all, keep_all
from tests.worlds import Worlds


@pytest.fixture
def signature_ids(app: Flask, clock: Clock, worlds: Worlds) -> list[int]:
    """Twelve confirmed people; their signatures."""
    return worlds.enter(app, clock, "twelve_confirmed", lambda: _sign(app))


def _sign(app: Flask) -> list[int]:
    keep_all(
        app,
        the_call(app),
        (people.someone(n, visibility=("counted", "target")[n % 2]) for n in range(12)),
    )
    confirm_all(app, entries(app))
    return rights.ids(app)


def _begin(app: Flask, clock: Clock, campaign_id: int | None = None) -> int:
    with transaction() as session:
        return ledger.begin_export(
            session,
            campaign_id=campaign_id or the_call(app).id,
            by="sam",
            reason="to look",
            filters=ledger.FiltersRecord(),
            at=clock(),
        )


# --- the bits -------------------------------------------------------------------------------------

NUMBERS = st.sets(st.integers(1, 400), min_size=1, max_size=20)


@pytest.mark.slow
@given(pages=st.lists(NUMBERS, min_size=1, max_size=4))
@settings(max_examples=15)
def test_the_bits_are_exactly_the_set(app: Flask, clock: Clock, pages: list[set[int]]) -> None:
    """Several pages, each beginning where the one before ended, with whatever gaps."""
    export_id, held, offset = _begin(app, clock), set(), 2**40
    with transaction() as session:
        for page in pages:
            numbers = sorted(offset + number for number in page)
            contents.note_page(session, export_id, numbers)
            held |= set(numbers)
            offset = numbers[-1]
        campaign_id = the_call(app).id
        around = {number + step for number in held for step in (-8, -1, 0, 1, 8)}
        found = {
            id_
            for id_ in around
            if any(e.id == export_id for e in contents.holding(session, campaign_id, [id_]))
        }
        assert found == held
        ledger.finish_export(session, export_id, rows=len(held), sha256="", at=clock())
        # Exports of other examples are finished as well, so that these are facts and no caution.
        mine = set(contents.held(session, campaign_id, sorted(held)))
        assert mine == held


def test_a_page_takes_a_bit_for_each_number(app: Flask, clock: Clock) -> None:
    export_id = _begin(app, clock)
    with transaction() as session:
        contents.note_page(session, export_id, [7])
        contents.note_page(session, export_id, list(range(8, 10_008)))
        sizes = [len(page.bits) for page in session.query(ExportPage).order_by("first_id")]
    assert sizes == [1, 1250]


# --- what an export holds -------------------------------------------------------------------------


@pytest.mark.slow
def test_each_signature_knows_its_exports(
    app: Flask, clock: Clock, signature_ids: list[int]
) -> None:
    rights.take_out(app)
    rights.take_out(app, for_target=True)
    campaign_id = the_call(app).id
    with reading() as session:
        for place, id_ in enumerate(signature_ids):
            found = [each.id for each in contents.holding(session, campaign_id, [id_])]
            assert found == ([1, 2] if place % 2 else [1])


@pytest.mark.slow
def test_pages_of_a_long_export_are_all_on_record(
    app: Flask, signature_ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signatures, "PAGE", 2)
    monkeypatch.setattr(csv_file, "NOTED_TOGETHER", 2)
    assert len(rights.take_out(app)) == 12
    assert rows(app, "SELECT first_id, last_id FROM export_pages ORDER BY 1") == [
        (1, 4),
        (5, 8),
        (9, 12),
    ]
    for id_ in signature_ids[::3]:
        rights.withdraw(app, id_)
    assert rights.recalled(app) == [(str(id_), "withdrawn") for id_ in signature_ids[::3]]


@pytest.mark.slow
@pytest.mark.parametrize("chunks", [1, 2, 3, 4, 7])  # the first of each kind, and all
def test_an_export_that_is_cut_off_has_on_record_at_least_what_left(
    app: Flask, signature_ids: list[int], monkeypatch: pytest.MonkeyPatch, chunks: int
) -> None:
    monkeypatch.setattr(signatures, "PAGE", 2)
    monkeypatch.setattr(csv_file, "NOTED_TOGETHER", 2)
    deps = dependencies_of(app)
    stream = csv_file.export(
        rights.order(), deps.vault, reading=reading, transaction=transaction, now=deps.now
    )
    left = b"".join(islice(stream, chunks)).decode().splitlines()[1:]
    stream.close()  # type: ignore[attr-defined]  # a generator
    assert rows(app, "SELECT rows, finished_at FROM exports") == [(None, None)]
    for id_ in signature_ids:
        rights.erase(app, id_)
    numbers = {number for number, _ in rights.recalled(app)}
    assert {line.split(",")[0] for line in left} <= numbers
    assert len(numbers) <= len(left) + 4


def test_an_export_that_does_not_exist(app: Flask) -> None:
    with reading() as session:
        for number in (1, 2**62):
            with pytest.raises(NotFound, match="no export"):
                list(csv_file.recall(session, dependencies_of(app).vault, number))


# --- what it must let go --------------------------------------------------------------------------


def test_withdrawn_and_erased_ones_stand_on_the_list_of_each_export_that_holds_them(
    app: Flask, clock: Clock, signature_ids: list[int]
) -> None:
    rights.take_out(app)
    rights.take_out(app, for_target=True)
    assert rights.recalled(app, 1) == []
    assert rights.recall(app, 2) == ["reference"]
    clock.forward(timedelta(hours=1))
    rights.withdraw(app, signature_ids[0])
    rights.erase(app, signature_ids[1])
    rights.take_out(app)
    rights.erase(app, signature_ids[3])
    assert rights.recalled(app, 1) == [("1", "withdrawn"), ("2", "erased"), ("4", "erased")]
    assert rights.recall(app, 2)[1:] == sorted(rights.reference(app, id_, 2) for id_ in (2, 4))
    assert rights.recalled(app, 3) == [("4", "erased")]


def test_a_rejected_one_is_recalled_and_nobody_is_told_that_it_was_rejected(
    app: Flask, clock: Clock, signature_ids: list[int]
) -> None:
    rights.take_out(app)
    rights.take_out(app, for_target=True)
    clock.forward(timedelta(hours=1))
    rights.move(app, holds.hold, 2)
    assert rights.recalled(app) == [], "held: perhaps it is released"
    rights.move(app, holds.reject, 2)
    assert rights.recall(app)[1:] == ["2,removed,2026-11-02T10:30:00Z"]
    assert rights.recall(app, 2)[1:] == [rights.reference(app, 2, 2)]
    rights.take_out(app, filters=Filters(states=("rejected",)))
    assert rights.recalled(app, 3) == [], "that list holds it on purpose"
    rights.move(app, holds.hold, 2)
    rights.move(app, holds.release, 2)
    assert rights.recalled(app) == []


def test_one_who_was_rejected_before_anyone_noted_when_is_recalled_too(
    app: Flask, signature_ids: list[int]
) -> None:
    rights.take_out(app)
    change(app, "UPDATE signatures SET state = 'rejected' WHERE id = 3")
    assert rights.recall(app)[1:] == ["3,removed,"]


def test_a_list_from_when_the_target_got_numbers_is_recalled_by_number(
    app: Flask, signature_ids: list[int]
) -> None:
    rights.take_out(app, for_target=True)
    change(app, "UPDATE exports SET reference_salt = NULL")
    rights.withdraw(app, signature_ids[1])
    assert rights.recall(app) == ["signature_id", "2"]


def test_who_withdrew_and_had_it_erased_then_is_named_once(
    app: Flask, signature_ids: list[int]
) -> None:
    rights.take_out(app)
    rights.withdraw(app, signature_ids[4])
    rights.erase(app, signature_ids[4])
    assert rights.recalled(app) == [("5", "erased")]


def test_who_withdrew_and_agreed_anew_is_no_longer_called_back(
    app: Flask, clock: Clock, signature_ids: list[int]
) -> None:
    """The list holds what they agreed to again; until the click it is called back."""
    rights.take_out(app)
    rights.withdraw(app, signature_ids[4])
    clock.forward(timedelta(days=1))
    keep(app, the_call(app), people.someone(4))
    assert rights.recalled(app) == [("5", "withdrawn")]
    confirm(app, entries(app)[-1])
    assert rights.recalled(app) == []
    assert len(rights.take_out(app)) == 12


def test_an_erased_one_who_signs_anew_has_another_number(
    app: Flask, clock: Clock, signature_ids: list[int]
) -> None:
    rights.take_out(app)
    rights.erase(app, signature_ids[-1])
    keep(app, the_call(app), people.someone(11))
    confirm(app, entries(app)[-1])
    assert rights.ids(app)[-1] > signature_ids[-1]
    assert rights.recalled(app) == [(str(signature_ids[-1]), "erased")]


def test_a_form_that_went_unconfirmed_after_it_left_is_called_back(
    app: Flask, clock: Clock, signature_ids: list[int]
) -> None:
    keep(app, the_call(app), people.ben)
    rights.take_out(app, filters=rights.ALL)
    clock.forward(timedelta(days=7, seconds=1))
    work(app)
    assert rights.ids(app) == signature_ids
    assert rights.recalled(app) == [("13", "erased")]


def test_a_list_of_a_call_whose_time_is_over_is_called_back_whole(
    app: Flask, clock: Clock, signature_ids: list[int]
) -> None:
    rights.take_out(app)
    with transaction() as session:
        content_files.close(session, "amazon", at=clock())
    clock.forward(timedelta(days=366))
    work(app)
    assert rights.ids(app) == []
    assert rights.recalled(app) == [(str(id_), "erased") for id_ in signature_ids]


def test_one_campaigns_numbers_are_not_anothers(
    app: Flask, clock: Clock, signature_ids: list[int]
) -> None:
    change(
        app,
        "INSERT INTO campaigns (slug, state, goal, default_language, targets, created_at)"
        " SELECT 'other', 'open', goal, default_language, targets, created_at FROM campaigns",
    )
    ((other,),) = rows(app, "SELECT id FROM campaigns WHERE slug = 'other'")
    export_id = _begin(app, clock, int(str(other)))
    with transaction() as session:
        contents.note_page(session, export_id, signature_ids)
        ledger.finish_export(session, export_id, rows=12, sha256="", at=clock())
    rights.withdraw(app, signature_ids[0])
    rights.erase(app, signature_ids[1])
    assert rights.recalled(app, export_id) == []
    assert rows(app, "SELECT count(*) FROM erasures") == [(0,)]


def test_who_is_in_no_list_leaves_not_even_a_number(app: Flask, signature_ids: list[int]) -> None:
    rights.take_out(app, for_target=True)
    rights.erase(app, signature_ids[0])
    assert rows(app, "SELECT * FROM erasures") == []


# --- erased while an export is under way ----------------------------------------------------------


def test_who_is_erased_after_the_export_read_and_before_it_noted_is_called_back(
    app: Flask, signature_ids: list[int]
) -> None:
    """The export's snapshot holds them, though its record does not yet."""
    deps = dependencies_of(app)

    @contextmanager
    def reading_then_erased() -> Iterator[Session]:
        with reading() as session:
            assert session.query(signatures.Signature).count() == 12  # the snapshot stands
            rights.erase(app, signature_ids[2])
            yield session

    chunks = csv_file.export(
        rights.order(),
        deps.vault,
        reading=reading_then_erased,
        transaction=transaction,
        now=deps.now,
    )
    left = b"".join(chunks).decode().splitlines()[1:]
    assert len(left) == 12
    assert rights.recalled(app) == [(str(signature_ids[2]), "erased")]


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_export_waits_for_an_erasure_that_has_not_seen_it(
    app: Flask, clock: Clock, signature_ids: list[int]
) -> None:
    """Erased, not committed, when an export begins: it must not read the old state."""
    deps, engine = dependencies_of(app), db.engine
    lines: list[str] = []

    def export() -> None:
        with app.app_context():
            lines.extend(rights.take_out(app))

    other = threading.Thread(target=export)
    with transaction(engine) as session:
        erasure.erase(session, deps.erasure_context, signature_ids[2], at=clock())
        other.start()
        until(lambda: waits_for_lock(app), 20)
    other.join(30)
    assert len(lines) == 11
    assert rights.recalled(app) == []


def test_many_leave_and_are_erased_at_once(app: Flask, signature_ids: list[int]) -> None:
    """Whoever is in a file that left and is erased now stands on that file's list."""
    deps, engine = dependencies_of(app), db.engine
    files: dict[str, list[str]] = {}

    def action(place: int) -> None:
        with app.app_context():
            if place % 2:
                files[str(place)] = rights.take_out(app, reason=str(place))
            else:
                with transaction(engine) as session:
                    erasure.erase(
                        session, deps.erasure_context, signature_ids[place], at=deps.now()
                    )

    assert together(8, action) == []
    there = {str(id_) for id_ in rights.ids(app)}
    assert len(there) == 8
    assert len(files) == 4
    for export_id, reason in rows(app, "SELECT id, reason FROM exports"):
        numbers = {number for number, _ in rights.recalled(app, int(str(export_id)))}
        assert {line.split(",")[0] for line in files[str(reason)]} - there <= numbers
