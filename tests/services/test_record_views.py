"""Opening records: each leaves its trace, and more than thirty in an hour are told to owners."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from petition.domain.staff.audit_actions import AuditAction
from petition.services.staff import record_views
from petition.store.db import reading, transaction
from petition.web.http.dependencies import dependencies_of
from tests import console, factories, people
from tests.conftest import Clock

SAM = "sam@example.org"


@pytest.fixture
def entry_id(app: Flask) -> int:
    factories.keep(app, factories.the_call(app), people.amina)
    return factories.entries(app)[0]


def opens(app: Flask, entry_id: int, *signature_ids: int, by: str = SAM) -> None:
    """One transaction for each, as a page of the console has it."""
    at = dependencies_of(app).now()
    for signature_id in signature_ids:
        with transaction() as session:
            record_views.note_opened(
                session, signature_id, [entry_id], by=by, role="exporter", at=at
            )


def flagged(app: Flask) -> list[str]:
    with reading() as session:
        return [each.who for each in record_views.flags(session, at=dependencies_of(app).now())]


def told(app: Flask) -> list[tuple[object, ...]]:
    return factories.rows(
        app,
        "SELECT s.email, count(*) FROM letters l JOIN staff s ON s.id = l.staff_id "
        "WHERE l.kind = 'many_records' GROUP BY s.email ORDER BY s.email",
    )


def test_each_is_noted_for_staff_and_for_the_signer(app: Flask, entry_id: int) -> None:
    opens(app, entry_id, 7)
    assert factories.rows(
        app,
        "SELECT who, detail FROM audit WHERE action = :action",
        action=AuditAction.VIEW_SIGNATURE,
    ) == [(SAM, "signature 7")]
    assert factories.rows(app, "SELECT entry_id, role FROM staff_views") == [(entry_id, "exporter")]


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three are many enough: each costs a commit."""
    monkeypatch.setattr(record_views, "RECORDS_AN_HOUR", 3)


def test_thirty_are_a_days_work_and_one_more_is_told(app: Flask, entry_id: int) -> None:
    console.enter(app, "owner", "one@example.org")
    console.enter(app, "owner", "two@example.org")
    console.enter(app, "editor")
    opens(app, entry_id, *range(1, 31), 30)
    assert (flagged(app), told(app)) == ([], []), "the same one again is no more"
    opens(app, entry_id, 31, by="other@example.org")
    assert flagged(app) == [], "each account for itself"
    opens(app, entry_id, 31)
    assert flagged(app) == [SAM]
    assert told(app) == [("one@example.org", 1), ("two@example.org", 1)]


@pytest.mark.usefixtures("three")
def test_once_an_hour(app: Flask, entry_id: int, clock: Clock) -> None:
    console.enter(app, "owner")
    opens(app, entry_id, *range(1, 7))
    assert flagged(app) == [SAM]
    clock.forward(timedelta(hours=1))
    opens(app, entry_id, *range(1, 4))
    assert flagged(app) == [SAM], "those of the hour before count no more"
    opens(app, entry_id, 4)
    assert flagged(app) == [SAM, SAM]
    assert told(app) == [(console.address("owner"), 2)]


@pytest.mark.usefixtures("three")
def test_opened_at_once_they_are_told_once(app: Flask, entry_id: int) -> None:
    console.enter(app, "owner", SAM)

    def begin(place: int) -> None:
        with app.app_context():
            opens(app, entry_id, place + 1)

    assert factories.together(6, begin) == []
    assert flagged(app) == [SAM]
    assert told(app) == [(SAM, 1)], "the only owner hears of themselves"


@pytest.mark.usefixtures("three")
def test_slowly_they_are_not_many(app: Flask, entry_id: int, clock: Clock) -> None:
    for signature_id in range(1, 7):
        opens(app, entry_id, signature_id)
        clock.forward(timedelta(minutes=20))
    assert flagged(app) == []


@pytest.mark.usefixtures("three")
def test_owners_see_it_in_the_console_and_others_do_not(app: Flask, entry_id: int) -> None:
    owner, viewer = console.enter(app, "owner"), console.enter(app, "viewer")
    opens(app, entry_id, *range(1, 5))
    page = owner.get("/staff/").get_data(as_text=True)
    assert "Many signatures opened" in page
    assert "sam<wbr>@example<wbr>.org" in page
    found = owner.get("/staff/audit?action=many%20records").get_data(as_text=True)
    assert "Opened more than 30 signatures within an hour" in found
    assert "Many signatures opened" not in viewer.get("/staff/").get_data(as_text=True)
