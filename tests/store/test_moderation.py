"""The queue of names finds what waits by its own index, and never reads all signatures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import event, text

from petition.domain.signatures.moderation import IN_PUBLIC
from petition.store.db import db, reading, transaction
from petition.store.signatures import moderation
from tests.conftest import Clock
from tests.factories import change, rows, the_call

SIGNATURES = 20_000
EVERY = 50
"""One in so many is to be public."""


@pytest.fixture
def many(app: Flask) -> None:
    """Twenty thousand confirmed signatures, of which four hundred are to be public."""
    numbers = (
        f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers "
        f"WHERE n < {SIGNATURES}) "
    )
    campaign = the_call(app).id
    key = (
        "CAST(printf('%016d', n) AS BLOB)"
        if _is_sqlite()
        else "decode(lpad(to_hex(n), 32, '0'), 'hex')"
    )
    at = "'2026-11-02 09:30:00'"
    change(
        app,
        "INSERT INTO signatures (campaign_id, address_key, state, created_at, confirmed_at, "
        f"entry_id) {numbers} SELECT {campaign}, {key}, 'confirmed', {at}, {at}, n FROM numbers"
        if _is_sqlite()
        else f"{numbers} INSERT INTO signatures (campaign_id, address_key, state, created_at, "
        f"confirmed_at, entry_id) SELECT {campaign}, {key}, 'confirmed', {at}, {at}, n "
        "FROM numbers ORDER BY n",
    )
    ((first,),) = rows(app, "SELECT min(id) FROM signatures")
    change(
        app,
        "INSERT INTO entries (id, signature_id, created_at, sealed, key_number, country, language, "
        f"visibility) SELECT entry_id, id, {at}, address_key, 1, 'DE', 'en', "
        f"CASE WHEN (id - {first}) % {EVERY} = 0 THEN 'public' ELSE 'counted' END FROM signatures",
    )
    _analyze()


def _analyze() -> None:
    if not _is_sqlite():  # it does so by itself, by and by; SQLite never does
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))


def _is_sqlite() -> bool:
    return db.engine.dialect.name == "sqlite"


@pytest.fixture
def plans(app: Flask) -> Iterator[list[str]]:
    """How the database goes about each SELECT of the test."""
    found: list[str] = []
    asking = False

    def explain(
        connection: object, cursor: object, statement: str, values: object, *_: object
    ) -> None:
        nonlocal asking
        if asking or not statement.lstrip().startswith("SELECT"):
            return
        asking = True
        word = "EXPLAIN QUERY PLAN" if _is_sqlite() else "EXPLAIN"
        # One of its own: a cursor that streams takes nothing but a SELECT.
        asked = cursor.connection.cursor()  # type: ignore[attr-defined]
        asked.execute(f"{word} {statement}", values)
        found.append("\n".join(str(row[-1]) for row in asked.fetchall()))
        asking = False

    event.listen(db.engine, "before_cursor_execute", explain)
    yield found
    event.remove(db.engine, "before_cursor_execute", explain)


@pytest.mark.usefixtures("many")
def test_the_queue_is_found_by_its_index(app: Flask, plans: list[str]) -> None:
    campaign_id = the_call(app).id
    plans.clear()
    with reading() as session:
        waiting = list(moderation.waiting_words(session, campaign_id))
        number = moderation.count_waiting(session, campaign_id)
        of_all = moderation.count_waiting_of_all(session)
    assert len(waiting) == SIGNATURES // EVERY
    assert number == SIGNATURES // EVERY
    assert of_all == {campaign_id: number}
    assert len(plans) == 3
    for plan in plans:
        assert "ix_entries_waiting" in plan, plan
        for all_of_it in ("Seq Scan on signatures", "SCAN signatures", "SCAN entries\n"):
            assert all_of_it not in plan, plan
        assert "campaign_id=?" not in plan, "not all signatures of the campaign either"


@pytest.mark.usefixtures("many")
def test_names_that_were_decided_about_are_not_read(app: Flask, clock: Clock) -> None:
    """Each step of it keeps the mark by which the index leaves them out."""
    campaign_id = the_call(app).id

    def waiting() -> list[int]:
        with reading() as session:
            words = moderation.waiting_words(session, campaign_id)
            found = [each.entry_id for each in words]
        marked = rows(app, "SELECT id FROM entries WHERE visibility = 'public' AND NOT reviewed")
        assert {id_ for (id_,) in marked} == {*found}
        return found

    first, second, *rest = waiting()
    for entry_id in (first, second, second):
        with transaction() as session:
            moderation.decide(session, campaign_id, entry_id, "shown", by="t", at=clock())
    assert waiting() == rest
    with transaction() as session:
        moderation.put_back(session, first, None)
    assert waiting() == [first, *rest]
    ((signature_id,),) = rows(app, "SELECT signature_id FROM entries WHERE id = :id", id=second)
    with transaction() as session:
        moderation.delete_review(session, int(str(signature_id)))
    assert waiting() == [first, second, *rest]


@pytest.mark.usefixtures("many")
def test_what_is_shown_is_found_by_the_order_of_approval(app: Flask, plans: list[str]) -> None:
    campaign_id = the_call(app).id
    change(
        app,
        "INSERT INTO reviews (campaign_id, entry_id, verdict, by, at) "
        "SELECT s.campaign_id, s.entry_id, 'shown', 't', s.created_at FROM signatures s "
        "JOIN entries e ON e.id = s.entry_id WHERE e.visibility = 'public'",
    )
    plans.clear()
    with reading() as session:
        which = moderation.Decided(verdicts=IN_PUBLIC)
        found = moderation.decided(session, campaign_id, which, before=2**63 - 1, most=11)
        assert list(moderation.waiting_words(session, campaign_id)) == []
    assert len(found) == 11
    for plan in plans:
        for all_of_it in ("Seq Scan on signatures", "SCAN signatures", "Seq Scan on entries"):
            assert all_of_it not in plan, plan


@pytest.mark.usefixtures("many")
def test_where_nearly_all_is_decided_the_decisions_are_not_read_whole(
    app: Flask, plans: list[str]
) -> None:
    """What is public is common here, and so is what waits; public names that wait are not."""
    campaign_id = the_call(app).id
    change(app, "UPDATE entries SET visibility = 'public' WHERE id % 2 = 0")
    change(app, "UPDATE entries SET reviewed = true WHERE visibility = 'public' AND id % 1000 != 0")
    change(
        app,
        "INSERT INTO reviews (campaign_id, entry_id, verdict, by, at) "
        f"SELECT {campaign_id}, id, 'shown', 't', created_at FROM entries WHERE reviewed",
    )
    _analyze()
    plans.clear()
    with reading() as session:
        assert len(list(moderation.waiting_words(session, campaign_id))) == 20
        assert moderation.count_waiting(session, campaign_id) == 20
    for plan in plans:
        for all_of_it in ("Seq Scan on signatures", "Seq Scan on reviews", "SCAN signatures"):
            assert all_of_it not in plan, plan
