"""One action closes everything and says what; a second one lets letters and lists go on."""

from __future__ import annotations

import pytest
from flask import Flask

from petition.services.exports import csv_file
from petition.services.exports.csv_file import Export
from petition.services.staff import panic
from petition.services.staff.panic import ListsPaused
from petition.store.db import reading, transaction
from petition.store.signatures.signatures import Filters
from petition.web.http.dependencies import dependencies_of
from tests import console, people
from tests.conftest import Clock
from tests.factories import keep, letters, rows, the_call, work


def close(clock: Clock) -> panic.Closed:
    with transaction() as session:
        return panic.panic(session, by="cli:sam", at=clock())


def resume(clock: Clock) -> bool:
    with transaction() as session:
        return panic.resume(session, by="cli:sam", at=clock())


def take_out(app: Flask) -> list[bytes]:
    deps = dependencies_of(app)
    order = Export(slug="amazon", by="sam", reason="r", filters=Filters(), for_target=False)
    return [
        *csv_file.export(order, deps.vault, reading=reading, transaction=transaction, now=deps.now)
    ]


def test_everything_is_closed_and_written_down(app: Flask, clock: Clock) -> None:
    browsers = [console.enter(app, role) for role in ("owner", "viewer")]
    link = console.invite(app, "editor", "late@example.org")
    page = console.order(browsers[0])
    assert "/file" in page.get_data(as_text=True)
    done = close(clock)
    assert (done.sessions, done.links, done.devices, done.files) == (2, 1, 2, 1)
    for browser in browsers:
        assert browser.get("/staff/").headers["Location"] == "/staff/sign-in"
    assert app.test_client().get(link).status_code == 404
    assert rows(app, "SELECT who, outcome, detail FROM audit WHERE action = 'panic'") == [
        ("cli:sam", "done", "sessions 2, links 1, devices 2, files 1, requests 0, tokens 0")
    ]


def test_letters_wait_and_go_on(app: Flask, clock: Clock) -> None:
    close(clock)
    keep(app, the_call(app), people.ben)
    work(app)
    assert letters(app) == []
    assert resume(clock)
    work(app)
    assert len(letters(app)) == 1
    assert not resume(clock), "nothing is paused any more"
    assert rows(app, "SELECT count(*) FROM audit WHERE action = 'resume'") == [(1,)]


def test_no_list_is_made_until_they_go_on(app: Flask, clock: Clock) -> None:
    close(clock)
    with pytest.raises(ListsPaused):
        take_out(app)
    assert rows(app, "SELECT count(*) FROM exports") == [(0,)]
    browser = console.enter(app, "owner")
    said = console.order(browser)
    assert said.status_code == 422
    assert "Lists are paused" in said.get_data(as_text=True)
    resume(clock)
    assert take_out(app)


def test_a_second_panic_keeps_the_time_of_the_first(app: Flask, clock: Clock) -> None:
    close(clock)
    before = rows(app, "SELECT * FROM pauses ORDER BY what")
    clock.at = clock.at.replace(hour=12)
    assert close(clock).sessions == 0
    assert rows(app, "SELECT * FROM pauses ORDER BY what") == before
