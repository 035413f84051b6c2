"""Letters as a mail program shows them: on a light phone and a dark desktop, either direction.

`./run drill pages` looks at them in every language, with each width in each scheme.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from petition.domain.letters.letter import CONFIRM
from petition.mail.letters import LetterContext
from tests.browser.letter_pages import findings
from tests.mail.written import context as make_context, part, write


@pytest.fixture(scope="module")
def letter_context(tmp_path_factory: pytest.TempPathFactory) -> LetterContext:
    return make_context(tmp_path_factory.mktemp("instance"))


@pytest.mark.parametrize("lang", ["en", "ar"])
def test_a_letter_is_readable(
    chromium: Browser,
    letter_context: LetterContext,
    picture: Callable[[Page, str], None],
    tmp_path: Path,
    lang: str,
) -> None:
    found = list(findings(chromium, letter_context, tmp_path, lang, picture=picture))
    assert not found, "\n".join(found)


def test_links_and_code_read_from_left_to_right_in_arabic(
    chromium: Browser, letter_context: LetterContext, tmp_path: Path
) -> None:
    path = tmp_path / "letter.html"
    path.write_text(part(write(letter_context, CONFIRM, "ar"), "html"), encoding="utf-8")
    page = chromium.new_page()
    page.goto(path.as_uri())
    assert page.evaluate("getComputedStyle(document.body.firstElementChild).direction") == "rtl"
    directions = page.evaluate(
        "[...document.querySelectorAll('a, span')].filter(each => /^[!-~]+$/.test(each.innerText))"
        ".map(each => getComputedStyle(each).direction)"
    )
    assert directions == ["ltr"] * 3  # the link, the address of the page for codes, the code
    page.close()
