"""A walk through every page in one language: each place is loaded once, and looked at all ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser import staff
from tests.browser.page_checks import LARGE, SMALL, bring_along, findings
from tests.browser.pages import Ready, Tour

PICTURED: Final[dict[str, tuple[Any, Any]]] = {"en": (LARGE, "dark"), "ar": (SMALL, "light")}
"""Languages whose pages are kept as pictures: one of each direction, in two looks."""

Picture = Callable[[Page, str], None]


class Walk:
    """Leads through an instance; remembers which templates it saw."""

    def __init__(
        self,
        browser: Browser,
        ready: Ready,
        *,
        picture: Picture | None = None,
        undrawn: bool = False,
        every_scheme: bool = False,
        prepare: Callable[[BrowserContext], None] | None = None,
    ) -> None:
        self.visited: set[str] = set()
        self.places = 0
        self._browser, self._ready = browser, ready
        self._picture, self._every_scheme = picture, every_scheme
        self._undrawn, self._prepare = undrawn, prepare

    def public(self, lang: str) -> list[str]:
        """All that is wrong with the pages for everybody."""
        return self.one(lang, Tour.everywhere)

    def way_into_the_console(self, lang: str) -> list[str]:
        return self.one(lang, Tour.console_from_outside)

    def console(self, lang: str) -> list[str]:
        with self._page(lang) as page:
            page.context.add_cookies(self._signed_in(lang))
            return self.look(page, Tour(self._ready, page, lang).console())

    def one(self, lang: str, tour: Callable[[Tour], Iterator[str]]) -> list[str]:
        with self._page(lang) as page:
            return self.look(page, tour(Tour(self._ready, page, lang)))

    def mailbox(self) -> list[str]:
        return self.one("en", Tour.mailbox)

    def look(self, page: Page, tour: Iterator[str]) -> list[str]:
        """All that is wrong with the places of a tour."""
        found, titles = [], {}
        for place in tour:
            title, lang = page.evaluate("[document.title, document.documentElement.lang]")
            self._take_picture(page, place, lang)
            found += [f"{place}: {each}" for each in self._findings(page, lang)]
            titles[place] = title
            self.visited.add(place.partition(":")[0])
            self.places += 1
        return [*found, *_unclear(titles)]

    def _findings(self, page: Page, lang: str) -> Iterator[str]:
        if self._every_scheme:
            return findings(page, every_scheme=True)
        # As with schemes: each language at one width, and both widths are tried.
        width = LARGE if lang == "en" else SMALL
        return findings(page, every_scheme=False, by_keyboard=(width,))

    def _take_picture(self, page: Page, place: str, lang: str) -> None:
        if self._picture is not None and lang in PICTURED:
            size, scheme = PICTURED[lang]
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme)
            name = place.translate(str.maketrans("/: ?=", "-----")).replace(".html", "")
            self._picture(page, f"{lang}-{name}")

    @contextmanager
    def _page(self, lang: str) -> Iterator[Page]:
        """A page whose reader asks for that language."""
        context = self._browser.new_context(
            base_url=self._ready.instance.url,
            viewport=SMALL,  # type: ignore[arg-type]
            locale=lang,
            reduced_motion="reduce",
        )
        bring_along(context, undrawn=self._undrawn)
        if self._prepare is not None:
            self._prepare(context)
        try:
            yield context.new_page()
        finally:
            context.close()

    def _signed_in(self, lang: str) -> list[Any]:
        """The cookies of somebody who has just set up their account: each tour signs all out."""
        context = self._browser.new_context(base_url=self._ready.instance.url)
        link = self._ready.instance.invite("owner", f"walker.{lang}@campaign.example.org")
        staff.come_in(context.new_page(), link)
        cookies = [dict(each) for each in context.cookies()]
        context.close()
        return cookies


def _unclear(titles: dict[str, str]) -> Iterator[str]:
    """Titles that do not tell a page from another, or an error from what it came from."""
    seen: dict[str, str] = {}
    for place, title in titles.items():
        template, _, state = place.partition(".html")
        if not title.strip():
            yield f"{place}: no title"
        if "errors" in state and title == titles[f"{template}.html"]:
            yield f"{place}: the title does not say that something is wrong: {title}"
        if seen.setdefault(title, template) != template:
            yield f"{place}: the title is that of {seen[title]}: {title}"
