"""Pages: every page in every state and language, in all widths and schemes, in a real browser.

A server is set up in which everything has happened that a page can be about. Each page is loaded
and looked at on a phone and on a desktop, in light and dark, with text of twice the size, in forced
colours and by keyboard; then the letters of each language. In each language somebody gets there
by the menu and the keyboard alone, and somebody signs, changes their mind and erases all without
scripts. What the server answers in that language passes the Nu HTML Checker. What a page holds does
not depend on the database, so SQLite serves for both. The controls spoil the style sheet on its way
to the browser.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error as PlaywrightError,
    Page,
    Route,
    ViewportSize,
)

from drills.failure import Unavailable
from drills.outcome import Verdict, busy, say
from petition import i18n
from tests.browser import letter_pages
from tests.browser.instance import Instance, run_instance
from tests.browser.launching import chromium_path, running
from tests.browser.pages import Ready, Tour, templates
from tests.browser.test_journey import sign_and_erase
from tests.browser.test_keyboard import change_language
from tests.browser.walk import Walk
from tests.mail.written import context as letter_context

PHONE = ViewportSize(width=360, height=740)
DESKTOP = ViewportSize(width=1280, height=900)


@dataclass(frozen=True)
class Control:
    """What is added to the style sheet, and what must be found then."""

    style: str
    sign: str


_UNREADABLE = "main p, main label { color: #777 !important; background: #555 !important; }"
CONTROLS = {
    # These two are seen only where widths and schemes are crossed.
    "dark-phone": Control(
        f"@media (prefers-color-scheme: dark) and (max-width: 400px) {{ {_UNREADABLE} }}",
        "320 px, dark: color-contrast",
    ),
    "light-desktop": Control(
        f"@media (prefers-color-scheme: light) and (min-width: 1000px) {{ {_UNREADABLE} }}",
        "1280 px, light: color-contrast",
    ),
    "wide": Control("main h1 { inline-size: 2000px; }", "320 px: overflow"),
    "no-focus": Control(
        "*, *::before, *::after { outline: none !important; }", "by keyboard: reached"
    ),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """In which languages."""
    parser.add_argument(
        "--languages", nargs="+", choices=i18n.codes(), default=i18n.codes(), metavar="CODE"
    )


def drill(database: str, chosen: argparse.Namespace) -> Verdict:
    """Every language, then each control on one page."""
    verdict = Verdict(title=f"pages {database}")
    if database == "postgresql":
        verdict.extras.append("the pages are those of sqlite")
        return verdict
    with (
        _folder(keep=chosen.keep) as folder,
        _browser() as browser,
        run_instance(folder / "instance") as instance,
    ):
        say(f"pages: {', '.join(chosen.languages)}{busy()}")
        ready = Ready(instance, folder / "calls", chosen.languages)
        for name, control in CONTROLS.items():
            verdict.controls[name] = _shown(browser, ready, chosen.languages[0], control)
        verdict.controls["no-menu"] = _menu_shown(browser, instance, chosen.languages[0])
        walk = Walk(browser, ready, every_scheme=True)
        found = [*_journeys(browser, instance, chosen.languages)]
        found += _told(_invalid(chosen.languages))
        found += _found(walk, browser, folder, chosen.languages)
        verdict.extras.append(f"{walk.places} places in {len(chosen.languages)} languages")
        verdict.broken += summary(found, templates() - walk.visited)
    return verdict


def _found(walk: Walk, browser: Browser, folder: Path, languages: Sequence[str]) -> Iterator[str]:
    """What is wrong with the pages and letters of each language, told as it is found."""
    letters = letter_context(folder / "letters")

    def letters_in(lang: str) -> list[str]:
        return [*letter_pages.findings(browser, letters, folder, lang, letter_pages.EVERY_LOOK)]

    ways = (walk.public, walk.way_into_the_console, walk.console, letters_in)
    for lang in languages:
        for way in ways:
            yield from _told(f"{lang}, {each}" for each in way(lang))
        say(f"  {lang}: looked at, {walk.places} places so far")
    yield from _told(walk.mailbox())


def _journeys(browser: Browser, instance: Instance, languages: Sequence[str]) -> Iterator[str]:
    """What goes wrong on the ways that the test run goes in English and Arabic only."""
    for lang in languages:
        ways: dict[str, Callable[[], None]] = {
            "menu on a phone": partial(_menu, browser, instance, lang, phone=True),
            "menu on a desktop": partial(_menu, browser, instance, lang, phone=False),
            "without scripts": partial(_without_scripts, browser, instance, lang),
        }
        for name, go in ways.items():
            yield from _told(f"{lang}, {name}: {each}" for each in _wrong(go))
        say(f"  {lang}: menu and the way without scripts gone")


def _invalid(languages: Sequence[str]) -> Iterator[str]:
    """What the Nu HTML Checker says of these languages' pages: the test asks it of two."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--no-header", "tests/html/test_valid.py"],
        env={**os.environ, "PAGES_LANGUAGES": " ".join(languages)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        yield from (line for line in done.stdout.splitlines() if line.startswith(("E  ", "FAILED")))
        yield f"the pages' HTML: pytest ended with {done.returncode}"
    say(f"  the HTML of {len(languages)} languages checked")


def _wrong(go: Callable[[], None]) -> Iterator[str]:
    try:
        go()
    except (AssertionError, PlaywrightError) as error:
        yield str(error).strip().partition("\n")[0]


def _menu(browser: Browser, instance: Instance, lang: str, *, phone: bool, style: str = "") -> None:
    """To this language, by Tab and Enter alone."""
    with _page(browser, instance, lang, phone=phone, style=style) as page:
        change_language(page, lang, phone=phone, before="ar" if lang == "en" else "en")


def _without_scripts(browser: Browser, instance: Instance, lang: str) -> None:
    with _page(browser, instance, lang, script=False) as page:
        sign_and_erase(instance, page, lambda _page, _name: None, lang)


def _menu_shown(browser: Browser, instance: Instance, lang: str) -> str | None:
    """The control: a menu that is not there for the keyboard is found missing."""
    style = ".languages { display: none !important; }"
    shown = next(_wrong(lambda: _menu(browser, instance, lang, phone=True, style=style)), None)
    say(f"  control: {f'red, as it must be: {shown[:160]}' if shown else 'GREEN'}")
    return shown


@contextmanager
def _page(
    browser: Browser,
    instance: Instance,
    lang: str,
    *,
    phone: bool = True,
    script: bool = True,
    style: str = "",
) -> Iterator[Page]:
    """A page in a fresh profile, with more in its style sheet where that is to be spoiled."""
    context = browser.new_context(
        base_url=instance.url,
        viewport=PHONE if phone else DESKTOP,
        java_script_enabled=script,
        locale=lang,
        reduced_motion="reduce",
    )
    if style:
        _spoil(context, style)
    try:
        yield context.new_page()
    finally:
        context.close()


def _spoil(context: BrowserContext, style: str) -> None:
    def spoil(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text() + style)

    context.route("**/css/*.css", spoil)


def _told(found: Iterable[str]) -> Iterator[str]:
    for each in found:
        say(f"  RED {each}")
        yield each


def summary(found: Sequence[str], left_out: set[str]) -> list[str]:
    """What is broken, in one line each."""
    missed = [f"never looked at: {', '.join(sorted(left_out))}"] if left_out else []
    return ([f"{len(found)} findings"] if found else []) + missed


def _shown(browser: Browser, ready: Ready, lang: str, control: Control) -> str | None:
    """What is found on the campaign page with a spoiled style sheet, if it is what must be."""
    walk = Walk(
        browser, ready, every_scheme=True, prepare=lambda context: _spoil(context, control.style)
    )
    shown = [each for each in walk.one(lang, Tour.start) if control.sign in each]
    say(f"  control: {f'red, as it must be: {shown[0][:160]}' if shown else 'GREEN'}")
    return shown[0] if shown else None


def _browser() -> AbstractContextManager[Browser]:
    if chromium_path() is None:
        raise Unavailable("there is no chromium on PATH")
    return running()


@contextmanager
def _folder(*, keep: bool) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="drill-pages-"))
    for name in ("instance", "calls", "letters"):
        (folder / name).mkdir(mode=0o700)
    try:
        yield folder
    finally:
        if keep:
            say(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
