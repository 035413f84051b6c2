"""The staff guide as a text, and somebody who reads it and does what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from tests.html_pages import Page as HtmlPage


class Guide:
    """The guide's text, and what was quoted of it."""

    def __init__(self, path: Path) -> None:
        self._text = path.read_text(encoding="utf-8")
        found = re.findall(r"(?ms)^## (.+?)\n(.*?)(?=^## |\Z)", self._text)
        self._sections: dict[str, str] = dict(found)
        self._section = ""
        self._opened: set[str] = set()
        self._quoted: dict[str, list[str]] = {}
        self._title = ""

    def open(self, title: str) -> None:
        assert title in self._sections, f"the guide has no section {title}"
        self._title, self._section = title, " ".join(self._sections[title].split())
        self._opened.add(title)

    def says(self, words: str) -> None:
        """These words stand in the section that is open, as they are here."""
        quote = " ".join(words.split())
        assert quote in self._section, f"the guide does not say: {words}"
        self._quoted.setdefault(self._title, []).append(quote)

    def not_quoted(self, title: str) -> list[str]:
        """The sentences of a section of which nobody quoted a word."""
        body = _NO_SENTENCE.sub("", self._sections[title])
        found = []
        for block in _BLOCK.split(body):
            words = " ".join(block.split()).removeprefix("- ")
            at = [(words.find(each), len(each)) for each in self._quoted.get(title, ())]
            spans = [(start, start + length) for start, length in at if start >= 0]
            place = 0
            for sentence in filter(None, _SENTENCE.split(words)):
                start = words.index(sentence, place)
                place = start + len(sentence)
                if not any(first < place and last > start for first, last in spans):
                    found.append(sentence)
        return found

    def table(self, head: str) -> list[str]:
        """The first column of the table that begins so."""
        rows = re.search(rf"(?m)^\| {head} \|.*\n\|[-| ]+\|\n((?:\|.*\n)+)", self._text)
        assert rows, f"the guide has no table of {head}"
        return [row.split("|")[1].strip() for row in rows[1].splitlines()]

    def names(self, *, opened: bool) -> set[str]:
        """Whatever is set in bold or italics in the sections that were opened, or in the others."""
        bodies = [
            body for title, body in self._sections.items() if (title in self._opened) == opened
        ]
        return names_in("\n\n".join(bodies))


_NO_SENTENCE: Final = re.compile(r"(?m)^    .*$|^\|.*$|^#+ .*$")
"""Commands, tables and headings."""
_BLOCK: Final = re.compile(r"\n\s*\n|\n(?=- )")
_SENTENCE: Final = re.compile(r"(?<=[.?!:])\s+(?=[A-Z“*`])")


def names_in(text: str) -> set[str]:
    """What is set in bold or italics there; code and commands are neither."""
    text = re.sub(r"(?m)^    .*$|`[^`]*`", "", text)
    found = re.findall(r"\*\*(.+?)\*\*|(?<!\*)\*([^*\n][^*]*?)\*(?!\*)", text, re.DOTALL)
    return {" ".join((bold or plain).split()) for bold, plain in found}


# What the page holds, where nobody has read it so far.
_NEW: Final = """() => {
    const text = document.documentElement.outerHTML;
    if (window.readSoFar === text.length) return "";
    window.readSoFar = text.length;
    return text;
}"""


class Reader:
    """Somebody who reads the guide and does what it says; keeps the names of all that they saw."""

    def __init__(self, page: Page, guide: Guide) -> None:
        self.page, self.guide = page, guide
        self.seen: set[str] = set()
        self.been: set[str] = set()
        """The paths of the pages that they saw."""

    def look(self) -> None:
        """Each page once, as long as it is the same one and as long."""
        if text := self.page.evaluate(_NEW):
            self.seen |= HtmlPage(text).names
            self.been.add(urlsplit(self.page.url).path)

    def go(self, address: str) -> None:
        self.page.goto(address)
        self.look()

    def press(self, name: str) -> None:
        """A button or link that is called so, or whose name begins so."""
        self.look()
        begins = re.compile(rf"^{re.escape(name)}")
        for words in (re.compile(rf"^{re.escape(name)}$"), begins):
            for role in ("button", "link"):
                found = self.page.get_by_role(role, name=words)  # type: ignore[arg-type]
                if found.count():
                    with self.page.expect_navigation():
                        found.first.click()
                    self.look()
                    return
        raise AssertionError(f"nothing on the page is called {name}")

    def fill(self, **values: str) -> None:
        for name, value in values.items():
            self.page.locator(f"#{name}").fill(value)

    def enter(self) -> None:
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.look()

    def heading(self, name: str) -> None:
        expect(self.page.get_by_role("heading", name=name, exact=True)).to_be_visible()

    def reads(self, words: str) -> None:
        expect(self.page.locator("main")).to_contain_text(words)
