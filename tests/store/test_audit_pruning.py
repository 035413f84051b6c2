"""Pruning the audit log: a checkpoint in the chain, and every kind of tampering still shows."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from petition.keyring import KeyRing
from petition.services.staff import audit_log
from petition.services.staff.audit_log import NotWhole, TooYoung
from petition.store.db import db, reading, transaction
from petition.store.staff import audit, audit_chain
from petition.store.staff.audit_chain import AuditChain
from petition.store.staff.audit_check import Kind
from petition.store.staff.audit_head import Head, HeadFile
from petition.web.http.dependencies import dependencies_of
from tests.conftest import Clock
from tests.factories import rows

OLD = 5
"""Rows that are pruned; three more are younger, then comes the checkpoint, then two more."""
CHECKPOINT = 9
LAST = 11


def note(at: datetime, number: int) -> None:
    with transaction() as session:
        audit.note(session, who="sam", action=f"act {number}", outcome="done", at=at)


def prune(clock: Clock) -> bool:
    before = clock() - audit_log.KEPT
    going = audit_log.prunable(reading, before=before, at=clock())
    if going is not None:
        audit_log.prune(transaction, going, by="cli:sam", at=clock())
    return going is not None


@pytest.fixture
def log(app: Flask, clock: Clock) -> Flask:
    """Pruned, and written on."""
    for number in range(1, CHECKPOINT):
        note(clock() - timedelta(days=100 if number <= OLD else 1), number)
    assert prune(clock)
    for number in range(CHECKPOINT + 1, LAST + 1):
        note(clock(), number)
    return app


def found() -> list[tuple[str, int, int]]:
    return [(each.kind, each.first, each.last) for each in audit_log.check(reading).findings]


def tamper(*statements: str) -> None:
    """Past the triggers."""
    with transaction() as session:
        on = " ON audit" if db.engine.dialect.name == "postgresql" else ""
        for verb in ("update", "delete"):
            session.execute(text(f"DROP TRIGGER audit_refuse_{verb}{on}"))
        for statement in statements:
            session.execute(text(statement))


def chain(app: Flask) -> AuditChain:
    settings = dependencies_of(app).settings
    return AuditChain(settings.vault_keys.audit, HeadFile(settings.audit_head_path))


def test_the_old_rows_are_gone_and_the_log_is_whole(log: Flask) -> None:
    checked = audit_log.check(reading)
    assert (checked.whole, checked.pruned, checked.rows) == (True, OLD, LAST - OLD)
    numbers = [number for (number,) in rows(log, "SELECT number FROM audit ORDER BY number")]
    assert numbers == [*range(OLD + 1, LAST + 1)]
    ((who, action, detail),) = rows(
        log, f"SELECT who, action, detail FROM audit WHERE number = {CHECKPOINT}"
    )
    assert (who, action) == ("cli:sam", "prune audit")
    assert str(detail).startswith(f"{OLD} ")


INSERT = (
    "INSERT INTO audit (at, who, action, outcome, detail, number, mac)"
    " SELECT at, 'kim', action, outcome, detail, {number}, mac FROM audit WHERE number = {copied}"
)


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (["UPDATE audit SET who = 'kim' WHERE number = 7"], [(Kind.CHANGED, 7, 7)]),
        (["UPDATE audit SET who = 'kim' WHERE number = 11"], [(Kind.CHANGED, 11, 11)]),
        (["DELETE FROM audit WHERE number = 6"], [(Kind.DROPPED, 6, 6)]),
        (["DELETE FROM audit WHERE number = 10"], [(Kind.DROPPED, 10, 10)]),
        (
            [
                "UPDATE audit SET number = 99 WHERE number = 7",
                "UPDATE audit SET number = 7 WHERE number = 8",
                "UPDATE audit SET number = 8 WHERE number = 99",
            ],
            [(Kind.REORDERED, n, n) for n in (7, 8, 9)],
        ),
        (
            [
                "UPDATE audit SET number = 99 WHERE number = 10",
                "UPDATE audit SET number = 10 WHERE number = 11",
                "UPDATE audit SET number = 11 WHERE number = 99",
            ],
            [(Kind.REORDERED, n, n) for n in (10, 11)],
        ),
        (["DELETE FROM audit WHERE number > 9"], [(Kind.CUT_OFF, 10, 11)]),
        (
            ["DELETE FROM audit WHERE number > 8"],
            [(Kind.DROPPED, 1, 5), (Kind.CUT_OFF, 9, 11)],
        ),
        (["DELETE FROM audit"], [(Kind.CUT_OFF, 1, 11)]),
        (
            [
                INSERT.format(number=5, copied=6),
            ],
            [(Kind.INSERTED, 5, 5)],
        ),
        (
            [
                INSERT.format(number=12, copied=11),
            ],
            [(Kind.INSERTED, 12, 12)],
        ),
        (
            ["UPDATE audit SET mac = (SELECT mac FROM audit WHERE number = 8)"],
            [(Kind.OTHER_KEY, 6, 11)],
        ),
        # Who prunes past the service has no seal, and the checkpoint's own cannot be moved.
        (
            [
                "INSERT INTO audit_prunings SELECT 7, max(at) FROM audit",
                "DELETE FROM audit WHERE number <= 7",
            ],
            [(Kind.DROPPED, 6, 7)],
        ),
        (
            [
                "UPDATE audit SET detail = '7' || substr(detail, 2) WHERE number = 9",
                "DELETE FROM audit WHERE number <= 7",
            ],
            [(Kind.DROPPED, 1, 7), (Kind.CHANGED, 9, 9)],
        ),
    ],
)
def test_what_is_done_past_the_service_is_named(
    log: Flask, statements: list[str], expected: list[tuple[str, int, int]]
) -> None:
    tamper(*statements)
    assert found() == expected


def test_under_another_key_nothing_fits(log: Flask) -> None:
    other = AuditChain(KeyRing.parse(KeyRing.generate_text()).audit, chain(log).head)
    audit_chain.use(db.engine, other)
    assert found() == [(Kind.OTHER_KEY, 1, LAST)]


def test_a_log_that_is_not_whole_is_not_pruned(log: Flask, clock: Clock) -> None:
    tamper("UPDATE audit SET who = 'kim' WHERE number = 7")
    clock.forward(timedelta(days=100))
    with pytest.raises(NotWhole):
        prune(clock)
    assert rows(log, "SELECT count(*) FROM audit WHERE number = 6") == [(1,)]


def test_young_rows_stay(log: Flask, clock: Clock) -> None:
    with pytest.raises(TooYoung):
        audit_log.prunable(reading, before=clock() - timedelta(days=89), at=clock())
    assert not prune(clock), "nothing is old enough"


def test_pruned_again_and_to_the_last_row_which_stays(log: Flask, clock: Clock) -> None:
    """The older checkpoint goes, too: the new one says it all."""
    clock.forward(timedelta(days=100))
    assert prune(clock)
    checked = audit_log.check(reading)
    assert (checked.whole, checked.pruned, checked.rows) == (True, LAST - 1, 2)
    note(clock(), 13)
    assert audit_log.check(reading).whole
    tamper("DELETE FROM audit WHERE number = 13")
    assert found() == [(Kind.CUT_OFF, 13, 13)]


def test_a_machine_that_saw_only_pruned_rows_goes_on(log: Flask, clock: Clock) -> None:
    """Its head names a row that is gone: that is no proof of anything."""
    file = chain(log).head
    file.replace(Head(number=2, mac=b"\x01" * 32))
    assert audit_log.check(reading).whole
    file.replace(Head(number=2, mac=b"\x01" * 32))
    note(clock(), LAST + 1)
    head = file.read()
    assert head is not None
    assert head.number == LAST + 1


@pytest.mark.parametrize("number", [OLD + 1, LAST])
def test_the_database_lets_no_other_row_go(log: Flask, number: int) -> None:
    with pytest.raises(DatabaseError, match="never changed"), transaction() as session:
        session.execute(text(f"DELETE FROM audit WHERE number = {number}"))


def test_a_row_that_waited_for_its_commit_keeps_those_after_it(app: Flask, clock: Clock) -> None:
    """The log stays without a gap, though rows are not quite in the order of their times."""
    for days in (100, 1, 100):
        note(clock() - timedelta(days=days), days)
    assert prune(clock)
    assert rows(app, "SELECT number FROM audit ORDER BY number") == [(2,), (3,), (4,)]
    assert audit_log.check(reading).whole
