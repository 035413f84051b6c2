"""Passing a call on in a browser: what scripts add, what is there without them, and the way out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

LANGUAGES = pytest.mark.parametrize("lang", ["en", "ar"])
# A system share sheet cannot be looked into: this one keeps what it is given.
SHEET = "navigator.share = async (what) => { window.passedOn = what; }"


@LANGUAGES
def test_without_scripts_there_are_links_and_words_to_copy(
    open_page: Any, picture: Callable[[Page, str], None], lang: str
) -> None:
    page = open_page(phone=True, script=False, locale=lang)
    page.goto(f"/{lang}/amazon/confirmed")
    share = page.locator(".share")
    expect(share.locator("button:visible")).to_have_count(0)
    expect(share.locator(".share-links a:visible")).to_have_count(7)
    assert f"/{lang}/amazon?source=copy" in share.locator("#share-text").inner_text()
    expect(share.locator("img")).to_be_visible()
    picture(page, f"share-{lang}-plain")


@LANGUAGES
def test_every_target_is_large_enough(open_page: Any, lang: str) -> None:
    page = open_page(phone=True, locale=lang)
    page.context.add_init_script(SHEET)
    page.goto(f"/{lang}/amazon/confirmed")
    for target in page.locator(".share :is(a, button):visible").all():
        box = target.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 24, target.inner_text()


def test_the_share_sheet_is_offered_only_where_there_is_one(open_page: Any) -> None:
    page = open_page(phone=True)
    page.context.add_init_script("delete Navigator.prototype.share")
    page.goto("/en/amazon/confirmed")
    expect(page.locator("[data-share]")).to_be_hidden()
    page = open_page(phone=True)
    page.context.add_init_script(SHEET)
    page.goto("/en/amazon/confirmed")
    page.get_by_role("button", name="Share with an app").click()
    passed_on = page.evaluate("window.passedOn")
    assert passed_on["url"].endswith("/en/amazon?source=device")
    assert passed_on["title"]
    assert passed_on["text"]


def test_a_share_sheet_that_is_closed_again_is_no_error(open_page: Any) -> None:
    page = open_page(phone=True)
    page.context.add_init_script(
        "navigator.share = async () => { throw new DOMException('', 'AbortError'); }"
    )
    page.goto("/en/amazon/confirmed")
    page.get_by_role("button", name="Share with an app").click()
    expect(page.locator(".share")).to_be_visible()


@LANGUAGES
def test_copying_says_that_it_is_done(open_page: Any, lang: str) -> None:
    page = open_page(locale=lang)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/{lang}/amazon/confirmed")
    said = page.locator("#copied")
    expect(said).to_have_text("")
    words = page.locator("#share-text").inner_text()
    both, link = page.locator("[data-copy]").all()
    both.click()
    expect(said).to_have_text(said.get_attribute("data-done") or "nothing")
    assert page.evaluate("navigator.clipboard.readText()") == words
    link.press("Enter")
    expect(said).not_to_have_text("")
    assert words.endswith(page.evaluate("navigator.clipboard.readText()"))


def test_where_copying_is_forbidden_the_words_are_marked(open_page: Any) -> None:
    page = open_page()
    page.context.add_init_script(
        "navigator.clipboard.writeText = async () => { throw new DOMException('', 'NotAllowed'); }"
    )
    page.goto("/en/amazon/confirmed")
    page.locator("[data-copy]").first.click()
    page.wait_for_function("String(getSelection()).includes('source=copy')")
    expect(page.locator("#copied")).to_have_text("")


class Outside:
    """The site where the way out leads: it answers here, and keeps what it is told."""

    def __init__(self, page: Page) -> None:
        self.referer: str | None = "nobody came"
        page.context.route("https://*.wikipedia.org/**", self._answer)

    def _answer(self, route: Route) -> None:
        self.referer = route.request.header_value("referer")
        route.fulfill(content_type="text/html", body="<!doctype html><title>An outing</title>")


@pytest.fixture
def leave_watch(watch: Any) -> Any:
    """The way out leads elsewhere: that host is asked because somebody wants it."""
    yield
    watch.foreign = [url for url in watch.foreign if ".wikipedia.org" not in url]


def press_escape(page: Page, times: int) -> None:
    for _ in range(times):
        page.keyboard.press("Escape")


@pytest.mark.parametrize("way", ["click", "keys"])
def test_the_way_out_leaves_nothing_to_go_back_to(
    open_page: Any, leave_watch: Any, way: str
) -> None:
    page = open_page()
    outside = Outside(page)
    page.goto("/en/amazon/privacy")
    page.goto("/en/amazon")
    if way == "click":
        page.locator("[data-quick-exit]").click()
    else:
        press_escape(page, 3)
    page.wait_for_url("https://en.wikipedia.org/**")
    assert outside.referer is None
    page.go_back()
    assert page.url.endswith("/en/amazon/privacy")


def test_escape_twice_or_between_other_keys_stays(open_page: Any) -> None:
    page = open_page()
    page.goto("/en/amazon")
    press_escape(page, 2)
    page.keyboard.press("Tab")
    press_escape(page, 2)
    expect(page.locator("h1")).to_be_visible()
    assert page.url.endswith("/en/amazon")
