"""Letters as a mail program shows them: on a phone and a desk, light and dark, in each language."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from petition import i18n
from petition.domain.letter import CONFIRM
from petition.mail.letters import Desk
from tests.mail.written import NAMES, desk as make_desk, part, write

RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }
}
WIDTHS = (320, 1280)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return make_desk(tmp_path_factory.mktemp("instance"))


def _complaints(page: Page) -> list[str]:
    # Axe takes a page that paints no ground of its own for white, in the dark as well.
    page.evaluate("document.body.style.backgroundColor = 'Canvas'")
    found = Axe().run(page, options=RULES).response["violations"]
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return [f"{each['id']}: {each['nodes']}" for each in found] + ["too wide"] * wide


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", i18n.codes())
def test_a_letter_is_readable(
    chromium: Browser,
    desk: Desk,
    picture: Callable[[Page, str], None],
    tmp_path: Path,
    lang: str,
    scheme: Any,
) -> None:
    context = chromium.new_context(color_scheme=scheme)
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    for name in NAMES:
        path = tmp_path / f"{name}.html"
        path.write_text(part(write(desk, name, lang), "html"), encoding="utf-8")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(path.as_uri())
            assert _complaints(page) == [], (name, width)
            if width == WIDTHS[0]:
                picture(page, f"letter-{name}-{lang}-{scheme}")
    assert {url.partition(":")[0] for url in asked} == {"file"}  # it fetches nothing
    context.close()


def test_links_and_code_read_from_left_to_right_in_arabic(
    chromium: Browser, desk: Desk, tmp_path: Path
) -> None:
    path = tmp_path / "letter.html"
    path.write_text(part(write(desk, CONFIRM, "ar"), "html"), encoding="utf-8")
    page = chromium.new_page()
    page.goto(path.as_uri())
    assert page.evaluate("getComputedStyle(document.body.firstElementChild).direction") == "rtl"
    directions = page.evaluate(
        "[...document.querySelectorAll('a, span')].filter(each => /^[!-~]+$/.test(each.innerText))"
        ".map(each => getComputedStyle(each).direction)"
    )
    assert directions == ["ltr"] * 3  # the link, the address of the page for codes, the code
    page.close()
