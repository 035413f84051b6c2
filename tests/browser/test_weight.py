"""What a page weighs: all that a browser loads for it, as it comes over the line."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page

from tests.browser import actions

MOST = 60_000
"""Bytes, headers included, for the page and all that it loads, from an empty cache."""


def load(page: Page, address: str) -> dict[str, int]:
    """Each address that was asked for, with the bytes of its answer."""
    line = page.context.new_cdp_session(page)
    asked: dict[str, str] = {}
    found: dict[str, int] = {}
    line.on(
        "Network.requestWillBeSent", lambda e: asked.update({e["requestId"]: e["request"]["url"]})
    )
    line.on(
        "Network.loadingFinished",
        lambda e: found.update({asked[e["requestId"]]: e["encodedDataLength"]}),
    )
    line.send("Network.enable")
    line.send("Network.setCacheDisabled", {"cacheDisabled": True})
    page.goto(address, wait_until="networkidle")
    line.detach()
    assert found.keys() == {*asked.values()}, "something was asked for and never came"
    return found


def languages(page: Page) -> list[str]:
    page.goto("/en/amazon")
    found = page.locator("link[rel=alternate][hreflang]").all()
    codes = [each.get_attribute("hreflang") or "" for each in found]
    return [code for code in codes if code != "x-default"]


def test_a_page_of_the_campaign_is_light_and_loads_nothing_foreign(
    instance: Any, open_page: Any
) -> None:
    actions.open_park(instance)
    codes = languages(open_page())
    assert {"en", "ar"} <= {*codes}
    for campaign in (*(f"/{code}/amazon" for code in codes), "/en/park"):
        page = open_page(phone=True, locale=campaign[1:3])
        for place in ("", "/thanks", "/confirmed", "/privacy"):
            found = load(page, f"{campaign}{place}")
            assert sum(found.values()) < MOST, found
            assert {urlsplit(url).netloc for url in found} == {urlsplit(instance.url).netloc}
            loaded = " ".join(found)
            assert re.search(r"/static/\w+/css/site\.css", loaded)
            assert "card.png" not in loaded
            assert ".pdf" not in loaded
