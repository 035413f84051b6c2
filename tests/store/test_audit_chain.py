"""The audit log is chained: whatever is done to it in the database shows, by the row's number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from petition.app import make_app
from petition.config import Settings
from petition.keyring import KeyRing
from petition.services.staff import audit_log
from petition.store.db import db, reading, transaction
from petition.store.staff import audit, audit_chain, audit_check
from petition.store.staff.audit_chain import AuditChain
from petition.store.staff.audit_check import Kind
from petition.store.staff.audit_head import HeadFile
from petition.web.http.dependencies import dependencies_of
from tests.conftest import Clock
from tests.factories import rows, together

ROWS = 8


def note(clock: Clock, number: int, detail: str | None = None) -> None:
    with transaction() as session:
        audit.note(
            session, who="sam", action=f"act {number}", outcome="done", at=clock(), detail=detail
        )


@pytest.fixture
def log(app: Flask, clock: Clock) -> Flask:
    """A log with eight rows, each other one with a detail."""
    for number in range(1, ROWS + 1):
        note(clock, number, detail="ü, 1" if number % 2 else None)
    return app


def chain(app: Flask) -> AuditChain:
    settings = dependencies_of(app).settings
    return AuditChain(settings.vault_keys.audit, HeadFile(settings.audit_head_path))


def found(app: Flask) -> list[tuple[str, int, int]]:
    checked = audit_log.check(reading)
    return [(each.kind, each.first, each.last) for each in checked.findings]


def tamper(*statements: str) -> None:
    """As somebody does who may do everything in the database: past the triggers."""
    with transaction() as session:
        for verb in ("update", "delete"):
            if db.engine.dialect.name == "postgresql":
                session.execute(text(f"ALTER TABLE audit DISABLE TRIGGER audit_refuse_{verb}"))
            else:
                session.execute(text(f"DROP TRIGGER audit_refuse_{verb}"))
        for statement in statements:
            session.execute(text(statement))


def test_a_log_that_nobody_touched_is_whole(log: Flask) -> None:
    checked = audit_log.check(reading)
    assert (checked.whole, checked.rows, checked.head_kept) == (True, ROWS, True)
    assert rows(log, "SELECT number FROM audit ORDER BY id") == [(n,) for n in range(1, ROWS + 1)]


def test_an_empty_log_is_whole(app: Flask) -> None:
    checked = audit_log.check(reading)
    assert (checked.whole, checked.rows, checked.head_kept) == (True, 0, False)


INSERT = "INSERT INTO audit (at, who, action, outcome, detail, number, mac)"
INSERT_LAST = f"{INSERT} SELECT at, 'kim', action, outcome, detail, 9, mac FROM audit WHERE id = 8"
INSERT_FOURTH = (
    f"{INSERT} SELECT at, 'kim', action, outcome, detail, 4, mac FROM audit WHERE id = 3"
)
SWAP = (
    "UPDATE audit SET number = 99 WHERE number = 3",
    "UPDATE audit SET number = 3 WHERE number = 4",
    "UPDATE audit SET number = 4 WHERE number = 99",
)
SHIFT = tuple(f"UPDATE audit SET number = {n + 1} WHERE number = {n}" for n in range(ROWS, 3, -1))


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        # 1: changed
        *[
            ([f"UPDATE audit SET {change} WHERE number = 3"], [(Kind.CHANGED, 3, 3)])
            for change in (
                "who = 'kim'",
                "action = 'nothing'",
                "outcome = 'refused'",
                "detail = 'ü, 2'",
                "detail = NULL",
                "at = '2026-11-02 09:30:01'",
            )
        ],
        (["UPDATE audit SET detail = '' WHERE number = 4"], [(Kind.CHANGED, 4, 4)]),
        (["UPDATE audit SET who = 'kim' WHERE number = 8"], [(Kind.CHANGED, 8, 8)]),
        # 2: dropped
        (["DELETE FROM audit WHERE number = 5"], [(Kind.DROPPED, 5, 5)]),
        (["DELETE FROM audit WHERE number <= 2"], [(Kind.DROPPED, 1, 2)]),
        # 3: re-ordered
        (SWAP, [(Kind.REORDERED, n, n) for n in (3, 4, 5)]),
        # 4: cut off
        (["DELETE FROM audit WHERE number > 6"], [(Kind.CUT_OFF, 7, 8)]),
        (["DELETE FROM audit"], [(Kind.CUT_OFF, 1, 8)]),
        # 5: inserted
        (
            [INSERT_LAST],
            [(Kind.INSERTED, 9, 9)],
        ),
        ([INSERT_LAST.replace(" 9,", " 0,")], [(Kind.INSERTED, 0, 0)]),
        (
            [*SHIFT, INSERT_FOURTH],
            [(Kind.INSERTED, 4, 4)],
        ),
        # 6: another key
        (
            ["UPDATE audit SET mac = (SELECT mac FROM audit WHERE number = 8)"],
            [(Kind.OTHER_KEY, 1, 8)],
        ),
        # several at once
        (
            ["UPDATE audit SET who = 'kim' WHERE number = 2", "DELETE FROM audit WHERE number = 6"],
            [(Kind.CHANGED, 2, 2), (Kind.DROPPED, 6, 6)],
        ),
    ],
)
def test_what_is_done_past_the_service_is_named(
    log: Flask, statements: list[str], expected: list[tuple[str, int, int]]
) -> None:
    tamper(*statements)
    assert found(log) == expected


def test_rows_that_were_cut_off_and_written_anew_show(log: Flask, clock: Clock) -> None:
    """Also when the log is as long again as it was, and the service itself wrote the new ones."""
    tamper("DELETE FROM audit WHERE number > 6")
    for number in range(5):
        note(clock, number)
    assert found(log) == [(Kind.CUT_OFF, 8, 8)]


def test_under_another_key_nothing_fits(log: Flask) -> None:
    other = AuditChain(KeyRing.parse(KeyRing.generate_text()).audit, chain(log).head)
    audit_chain.use(db.engine, other)
    checked = audit_log.check(reading)
    assert [(each.kind, each.first, each.last) for each in checked.findings] == [
        (Kind.OTHER_KEY, 1, ROWS)
    ]


def test_the_key_stays_when_a_sealing_key_is_added(settings: Settings) -> None:
    ring = settings.vault_keys
    assert ring.with_new_key().audit == ring.audit
    assert ring.audit != ring.index


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_two_rows_are_the_same_bytes(app: Flask, clock: Clock) -> None:
    line = audit_chain.AuditLine(at=clock(), who="a", action="b", outcome="c", detail=None)
    others = [
        replace(line, who="a1:b", action=""),
        replace(line, who="ab", action=""),
        replace(line, detail=""),
        replace(line, detail="-"),
    ]
    assert len({audit_chain.canonical(each) for each in (line, *others)}) == 5


# --- the head -------------------------------------------------------------------------------------


def test_the_head_is_kept_with_each_commit(log: Flask, clock: Clock) -> None:
    with reading() as session:
        assert chain(log).head.read() == audit_chain.last(session)
    path = dependencies_of(log).settings.audit_head_path
    assert path.parent == dependencies_of(log).settings.journal_path.parent
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_rolled_back_stands_nowhere(log: Flask, clock: Clock) -> None:
    before = chain(log).head.read()

    def fail() -> None:
        with transaction() as session:
            audit.note(session, who="sam", action="x", outcome="done", at=clock())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with transaction() as session:
        audit.note(session, who="sam", action="x", outcome="done", at=clock())
        session.rollback()
    assert rows(log, "SELECT count(*) FROM audit") == [(ROWS,)]
    assert chain(log).head.read() == before


def test_a_head_that_is_behind_is_whole(log: Flask, clock: Clock) -> None:
    """As after a power cut, or on a machine that wrote no row for a while."""
    head = chain(log).head
    early = head.read()
    note(clock, 9)
    note(clock, 10)
    assert early is not None
    head.replace(early)
    assert found(log) == []
    note(clock, 11)
    kept = head.read()
    assert kept is not None
    assert kept.number == 11


def test_a_head_never_goes_back_by_itself(log: Flask) -> None:
    head = chain(log).head
    kept = head.read()
    assert kept is not None
    head.advance(replace(kept, number=2))
    assert head.read() == kept


@pytest.mark.parametrize("text", ["", "x", "8", "8 zz", "8 00", "\xff"])
def test_a_head_that_cannot_be_read_is_said(log: Flask, clock: Clock, text: str) -> None:
    path = dependencies_of(log).settings.audit_head_path
    path.write_text(text, encoding="latin-1")
    note(clock, 9)  # what staff do goes on
    assert path.read_text(encoding="latin-1") == text
    assert found(log) == [(Kind.HEAD_UNREADABLE, 0, 0)]


def test_a_disk_that_is_full_does_not_undo_what_was_done(
    log: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(path: Path, chunks: object, **more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("petition.store.staff.audit_head.write_whole", full)
    note(clock, 9)
    assert rows(log, "SELECT count(*) FROM audit") == [(ROWS + 1,)]
    assert "audit: its head was not kept: OSError" in caplog.text
    assert found(log) == []


# --- accepting ------------------------------------------------------------------------------------


def accept(app: Flask, clock: Clock) -> audit_check.Checked:
    return audit_log.accept(reading, transaction, by="cli:kim", at=clock())


def test_a_log_that_is_whole_is_not_accepted(log: Flask, clock: Clock) -> None:
    assert accept(log, clock).whole
    assert rows(log, "SELECT count(*) FROM audit") == [(ROWS,)]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit WHERE number > 6",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE number = 5",
        "UPDATE audit SET mac = (SELECT mac FROM audit WHERE number = 8)",
    ],
)
def test_after_it_was_accepted_all_that_follows_is_checked(
    log: Flask, clock: Clock, statement: str
) -> None:
    tamper(statement)
    assert not accept(log, clock).whole
    assert found(log) == []
    note(clock, 100)
    note(clock, 101)
    assert found(log) == []
    ((last,),) = rows(log, "SELECT max(number) FROM audit")
    ((who, detail),) = rows(log, "SELECT who, detail FROM audit WHERE action = 'accept audit'")
    assert who == "cli:kim"
    assert str(detail).split()[0] == str(int(str(last)) - 3)
    with transaction() as session:
        session.execute(text(f"UPDATE audit SET who = 'x' WHERE number = {last}"))
    assert found(log) == [(Kind.CHANGED, last, last)]


def test_a_checkpoint_that_somebody_made_up_accepts_nothing(log: Flask) -> None:
    tamper(
        "UPDATE audit SET who = 'kim' WHERE number = 2",
        f"{INSERT} SELECT at, who, 'accept audit', outcome,"
        f" '8 {'0' * 64}', 9, mac FROM audit WHERE number = 8",
    )
    assert found(log) == [(Kind.CHANGED, 2, 2), (Kind.INSERTED, 9, 9)]


def test_each_machine_keeps_a_head_of_its_own(
    log: Flask, settings: Settings, clock: Clock, tmp_path: Path
) -> None:
    """What one wrote, the other goes on from; what was cut off shows on both."""
    instance = tmp_path / "another machine"
    other = make_app(replace(settings, instance=instance), clock)
    with other.app_context():
        note(clock, 9)
        db.engine.dispose()
    note(clock, 10)
    assert (instance / "audit.head").read_text().split()[0] == "9"
    assert found(log) == []
    tamper("DELETE FROM audit WHERE number > 8")
    assert found(log) == [(Kind.CUT_OFF, 9, 10)]
    with other.app_context():
        assert found(other) == [(Kind.CUT_OFF, 9, 9)]
        db.engine.dispose()


# --- at once --------------------------------------------------------------------------------------


def test_many_that_write_at_once_make_one_chain(app: Flask, clock: Clock) -> None:
    def work(place: int) -> None:
        with app.app_context():
            for number in range(5):
                note(clock, 10 * place + number)

    assert together(6, work) == []
    assert found(app) == []
    checked = audit_log.check(reading)
    assert checked.rows == 30
    with reading() as session:
        assert chain(app).head.read() == audit_chain.last(session)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_that_need_each_others_rows_do_not_wait_in_a_circle(app: Flask, clock: Clock) -> None:
    """The lock is taken last: who waits for a row of a campaign holds up nobody's audit."""
    touch = text("UPDATE campaigns SET goal = goal + 1")
    with transaction() as first:
        audit.note(first, who="sam", action="first", outcome="done", at=clock())
        with transaction() as second:
            audit.note(second, who="kim", action="second", outcome="done", at=clock())
            second.execute(touch)
        first.execute(touch)
    assert rows(app, "SELECT action FROM audit ORDER BY number") == [("second",), ("first",)]
    assert found(app) == []
