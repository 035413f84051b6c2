"""A scanner that runs a real browser, with scripts, and stays: it opens every link and presses
nothing, so nothing changes. Then the buttons work."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Final

from playwright.sync_api import Browser, BrowserContext

from tests.browser import deeds
from tests.browser.stand import Letter, Stand, wait_until
from tests.people import someone

STAY: Final = 10_000
"""Milliseconds. What such a scanner waits for is a script that acts by itself, after a while: so
this test waits as well, once for all links."""

IDLE: Final = frozenset({"seen_at", "folded_at", "last_at", "next_at", "figures", "at"})
"""Columns that the worker moves while nobody does anything."""

WAITING = someone(901, email="scanned.waiting@example.org")
SIGNED = someone(902, email="scanned.signed@example.org")


def read(stand: Stand, sql: str, *values: object) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(stand.instance / "petition.db")) as connection:
        found = [tuple(row) for row in connection.execute(sql, values)]
        connection.commit()
    return found


def dump(stand: Stand) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, without idle clocks."""
    tables = read(stand, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    found = {}
    for (table,) in tables:
        columns = [str(row[1]) for row in read(stand, f"PRAGMA table_info({table})")]
        kept = ", ".join(f'"{name}"' for name in columns if name not in IDLE)
        found[str(table)] = sorted(read(stand, f'SELECT {kept} FROM "{table}"'), key=repr)
    return found


def is_quiet(stand: Stand) -> bool:
    """Nothing is owed: no letter, no answer, no count."""
    return read(
        stand,
        "SELECT (SELECT count(*) FROM letters WHERE state = 'owed')"
        " + (SELECT count(*) FROM link_requests) + (SELECT count(*) FROM count_changes)",
    ) == [(0,)]


def letters(stand: Stand) -> dict[str, Letter]:
    """A letter of every kind."""
    for form in (WAITING, SIGNED):
        deeds.sign(stand, form)
    found = {"confirm": stand.letter(WAITING["email"], "/confirm/")}
    found["thanks"] = deeds.confirm(stand, SIGNED["email"])
    deeds.sign(stand, SIGNED)
    found["already"] = stand.letter(SIGNED["email"], "/my/", 2)
    # The form is dated back: no test waits for three days.
    ago = (datetime.now(UTC) - timedelta(days=3, hours=1)).strftime("%Y-%m-%d %H:%M:%S.%f")
    key = read(stand, "SELECT max(id) FROM signatures WHERE state = 'pending'")[0][0]
    read(stand, "UPDATE signatures SET created_at = ? WHERE id = ?", ago, key)
    read(stand, "UPDATE jobs SET next_at = ? WHERE name = 'retention'", ago)
    stand.petition("worker", "--once")
    found["reminder"] = stand.letter(WAITING["email"], "/confirm/", 2)
    deeds.post(stand, f"{stand.url}/en/amazon/my", email=SIGNED["email"])
    found["data"] = stand.letter(SIGNED["email"], "/my/", 3)
    return found


def links_of(found: dict[str, Letter]) -> list[str]:
    links = {re.sub(r"[.,;]$", "", link) for letter in found.values() for link in letter.links}
    assert {link.split("/")[3] for link in links} >= {"confirm", "my", "stop", "unsubscribe"}
    return sorted(links)


def looked_at(context: BrowserContext, links: list[str]) -> None:
    """Each link in a tab of its own; all stay open for ten seconds."""
    pages = []
    for link in links:
        page = context.new_page()
        answer = page.goto(link)
        assert answer is not None
        assert answer.status == 200, link
        page.mouse.move(200, 200)
        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        pages.append(page)
    pages[-1].wait_for_timeout(STAY)
    for page in pages:
        assert page.evaluate("document.readyState") == "complete"
    assert [cookie["name"] for cookie in context.cookies()] == []


def test_a_browser_that_stays_on_each_link_changes_nothing(stand: Stand, chromium: Browser) -> None:
    found = letters(stand)
    links = links_of(found)
    assert len(links) >= 9
    wait_until(lambda: is_quiet(stand), "the worker to be done", 60)
    before = dump(stand)
    with chromium.new_context(base_url=stand.url, java_script_enabled=True) as context:
        looked_at(context, links)
    wait_until(lambda: is_quiet(stand), "the worker to be done", 60)
    after = dump(stand)
    assert after == before

    with chromium.new_context(base_url=stand.url) as context:
        page = context.new_page()
        for kind in ("confirm", "reminder"):
            page.goto(found[kind].link("/confirm/"))
            page.locator("main form button").first.click()
            page.wait_for_url("**/confirmed")
        page.goto(found["thanks"].link("/unsubscribe/"))
        page.locator("main form button").first.click()
        page.goto(found["data"].link("/my/"))
        page.locator("button[value=withdraw]").click()
        page.goto(found["confirm"].link("/stop/"))
        page.locator("main form button").first.click()
    assert read(stand, "SELECT count(*) FROM blocks") == [(len(before["blocks"]) + 1,)]
    states = read(stand, "SELECT state FROM signatures WHERE unsubscribed_at IS NOT NULL")
    assert ("withdrawn",) in states
