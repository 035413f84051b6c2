"""Letters as a mail program shows them: each opened once and looked at in every way asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page

from petition.mail.letters import LetterContext
from tests.browser.page_checks import AXE
from tests.mail.written import NAMES, part, write

RULES: Final = {
    "resultTypes": ["violations"],
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
}
Look = tuple[int, str]
"""A width and a scheme."""
LOOKS: Final[tuple[Look, ...]] = ((320, "light"), (1280, "dark"))
"""Both widths, both schemes."""
EVERY_LOOK: Final = (*LOOKS, (320, "dark"), (1280, "light"))


def findings(
    browser: Browser,
    letter_context: LetterContext,
    folder: Path,
    lang: str,
    looks: Sequence[Look] = LOOKS,
    *,
    picture: Callable[[Page, str], None] | None = None,
) -> Iterator[str]:
    """All that is wrong with the letters in a language."""
    context = browser.new_context()
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    for name in NAMES:
        path = folder / f"{name}.html"
        path.write_text(part(write(letter_context, name, lang), "html"), encoding="utf-8")
        page.goto(path.as_uri())
        page.evaluate(AXE)
        for width, scheme in looks:
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            for each in _complaints(page):
                yield f"letter {name}, {width} px, {scheme}: {each}"
            if picture is not None:
                picture(page, f"letter-{name}-{lang}-{scheme}")
    # It fetches nothing.
    yield from (f"a letter asked for {url}" for url in asked if not url.startswith("file:"))
    context.close()


def _complaints(page: Page) -> list[str]:
    # Axe takes a page that paints no ground of its own for white, in the dark as well.
    page.evaluate("document.body.style.backgroundColor = 'Canvas'")
    found = page.evaluate("async rules => (await axe.run(rules)).violations", RULES)
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return [f"{each['id']}: {each['nodes']}" for each in found] + ["too wide"] * wide
