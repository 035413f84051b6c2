"""Every page in every state, in English and Arabic: WCAG 2.2 AA by axe, and what axe does not see.

Each page is loaded once and looked at on a small phone and on a desktop, in light and dark, with
text of twice the size, in forced colours, and by keyboard. `./run drill pages` does the same in
every language, with each width in each scheme.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import PICTURED, Driver
from tests.browser.instance import run_instance
from tests.browser.launching import UNDRAWN
from tests.browser.pages import FOLDERS, Ready, templates
from tests.browser.walk import Walk

LANGUAGES = pytest.mark.parametrize("lang", ["en", "ar"])


@pytest.fixture(scope="module")
def walk(
    browsers: Driver,
    tmp_path_factory: pytest.TempPathFactory,
    take_picture: Callable[[Page, str], None],
) -> Iterator[Walk]:
    with run_instance(tmp_path_factory.mktemp("instance")) as instance:
        ready = Ready(instance, tmp_path_factory.mktemp("calls"), ["en", "ar"])
        if PICTURED:
            yield Walk(browsers.browser(), ready, picture=take_picture)
        else:
            yield Walk(browsers.browser(UNDRAWN), ready, undrawn=True)


@LANGUAGES
def test_every_public_page(walk: Walk, lang: str) -> None:
    assert not (found := walk.public(lang)), "\n".join(found)


@LANGUAGES
def test_the_way_into_the_console(walk: Walk, lang: str) -> None:
    assert not (found := walk.way_into_the_console(lang)), "\n".join(found)


@LANGUAGES
def test_every_page_of_the_console(walk: Walk, lang: str) -> None:
    assert not (found := walk.console(lang)), "\n".join(found)


def test_the_mailbox_of_development(walk: Walk) -> None:
    assert not (found := walk.mailbox()), "\n".join(found)


def test_no_page_is_left_out(walk: Walk) -> None:
    folders = {template.partition("/")[0] for template in walk.visited}
    if folders < FOLDERS:
        pytest.skip("the pages were not all looked at")
    assert templates() - walk.visited == set()
