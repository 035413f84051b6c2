"""A scanner that runs a real browser, with scripts, and stays: it opens every link and presses
nothing, so nothing changes. Then the buttons work."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Final

from playwright.sync_api import Browser, BrowserContext

from tests.browser import actions
from tests.browser.instance import Instance, Letter, wait_until
from tests.people import someone

STAY: Final = 60_000
"""Milliseconds by the pages' own clock, which is put forward. What such a scanner waits for is a
script that acts by itself after a while, or a page that leads on by itself."""

IDLE: Final = frozenset({"seen_at", "folded_at", "last_at", "next_at", "figures", "at"})
"""Columns that the worker moves while nobody does anything."""

WAITING = someone(901, email="scanned.waiting@example.org")
SIGNED = someone(902, email="scanned.signed@example.org")


def read(instance: Instance, sql: str, *values: object) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(instance.folder / "petition.db")) as connection:
        found = [tuple(row) for row in connection.execute(sql, values)]
        connection.commit()
    return found


def dump(instance: Instance) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, without idle clocks."""
    tables = read(instance, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    found = {}
    for (table,) in tables:
        columns = [str(row[1]) for row in read(instance, f"PRAGMA table_info({table})")]
        kept = ", ".join(f'"{name}"' for name in columns if name not in IDLE)
        found[str(table)] = sorted(read(instance, f'SELECT {kept} FROM "{table}"'), key=repr)
    return found


def is_quiet(instance: Instance) -> bool:
    """Nothing is owed: no letter, no answer, no count."""
    return read(
        instance,
        "SELECT (SELECT count(*) FROM letters WHERE state = 'owed')"
        " + (SELECT count(*) FROM link_requests) + (SELECT count(*) FROM count_changes)",
    ) == [(0,)]


def letters(instance: Instance) -> dict[str, Letter]:
    """A letter of every kind."""
    for form in (WAITING, SIGNED):
        actions.sign(instance, form)
    found = {"confirm": instance.letter(WAITING["email"], "/confirm/")}
    found["thanks"] = actions.confirm(instance, SIGNED["email"])
    actions.sign(instance, SIGNED)
    found["already"] = instance.letter(SIGNED["email"], "/my/", 2)
    # The form is dated back: no test waits for three days.
    ago = (datetime.now(UTC) - timedelta(days=3, hours=1)).strftime("%Y-%m-%d %H:%M:%S.%f")
    key = read(instance, "SELECT max(id) FROM signatures WHERE state = 'pending'")[0][0]
    read(instance, "UPDATE signatures SET created_at = ? WHERE id = ?", ago, key)
    read(instance, "UPDATE jobs SET next_at = ? WHERE name = 'retention'", ago)
    instance.petition("worker", "--once")
    found["reminder"] = instance.letter(WAITING["email"], "/confirm/", 2)
    actions.post(instance, f"{instance.url}/en/amazon/my", email=SIGNED["email"])
    found["data"] = instance.letter(SIGNED["email"], "/my/", 3)
    return found


def links_of(found: dict[str, Letter]) -> list[str]:
    links = {re.sub(r"[.,;]$", "", link) for letter in found.values() for link in letter.links}
    assert {link.split("/")[3] for link in links} >= {"confirm", "my", "stop", "unsubscribe"}
    return sorted(links)


def looked_at(context: BrowserContext, links: list[str]) -> None:
    """Each link in a tab of its own; all stay open for a minute of their clock."""
    pages = []
    context.clock.install()
    for link in links:
        page = context.new_page()
        answer = page.goto(link)
        assert answer is not None
        assert answer.status == 200, link
        # What a browser would do without a script, by a clock that cannot be put forward.
        assert "refresh" not in answer.all_headers(), link
        assert page.locator("meta[http-equiv]").count() == 0, link
        page.mouse.move(200, 200)
        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        pages.append(page)
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    context.clock.fast_forward(STAY)
    for page in pages:
        assert page.evaluate("document.readyState") == "complete"
    assert asked == []
    assert [cookie["name"] for cookie in context.cookies()] == []


def test_a_browser_that_stays_on_each_link_changes_nothing(
    instance: Instance, chromium: Browser
) -> None:
    found = letters(instance)
    links = links_of(found)
    assert len(links) >= 9
    wait_until(lambda: is_quiet(instance), "the worker to be done", 60)
    before = dump(instance)
    with chromium.new_context(base_url=instance.url, java_script_enabled=True) as context:
        looked_at(context, links)
    wait_until(lambda: is_quiet(instance), "the worker to be done", 60)
    after = dump(instance)
    assert after == before

    with chromium.new_context(base_url=instance.url) as context:
        page = context.new_page()
        for kind in ("confirm", "reminder"):
            page.goto(found[kind].link("/confirm/"))
            page.locator("main form button").first.click()
            page.wait_for_url("**/confirmed")
        page.goto(found["thanks"].link("/unsubscribe/"))
        page.locator("main form button").first.click()
        page.goto(found["data"].link("/my/"))
        page.locator("#withdraw-button").click()
        page.goto(found["confirm"].link("/stop/"))
        page.locator("main form button").first.click()
    assert read(instance, "SELECT count(*) FROM mailbox_blocks") == [
        (len(before["mailbox_blocks"]) + 1,)
    ]
    states = read(instance, "SELECT state FROM signatures WHERE unsubscribed_at IS NOT NULL")
    assert ("withdrawn",) in states
