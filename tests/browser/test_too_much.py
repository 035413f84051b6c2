"""Too much, or not now: what somebody meets over a limit, and while the database does not answer.

The server has low limits and believes its one proxy, which the browser plays: each test is a
sender of its own. Of each limit the hour's is as low as the minute's, so no turn of a minute
opens it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from petition import i18n
from tests import people
from tests.browser import actions
from tests.browser.instance import Instance, run_instance
from tests.browser.keyboard import fill_in
from tests.browser.page_checks import findings

Opening = Callable[..., Page]
Picture = Callable[[Page, str], None]

LANGUAGES: Final = pytest.mark.parametrize("lang", ["en", "ar"])
SCRIPTS: Final = pytest.mark.parametrize("script", [True, False], ids=["scripts", "no-scripts"])

FORMS: Final = 1
CODES: Final = 1
LINKS: Final = 1
PAGES: Final = 19
"""So few that every process tells the database of each request, and learns of the others'."""
LOW: Final = {
    "PETITION_TRUSTED_PROXIES": "1",
    "PETITION_SENDER_FORMS": str(FORMS),
    "PETITION_SENDER_CODES": f"{CODES}/{CODES}",
    "PETITION_SENDER_LINKS": f"{LINKS}/{LINKS}",
    "PETITION_SENDER_PAGES": f"{PAGES}/{PAGES}",
}
SENDERS: Final = count(1)
OVER: Final = (
    "A lot has come from your network in a short time, so we could not accept this yet. Please "
    "send it again later. Time to wait: %(time)s."
)


@pytest.fixture(scope="module")
def narrow(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """A server of its own with low limits."""
    with run_instance(tmp_path_factory.mktemp("narrow"), tables=tables, **LOW) as running:
        yield running


@pytest.fixture
def instance(narrow: Instance) -> Instance:
    """Where the pages of this file are opened."""
    return narrow


def newcomer() -> dict[str, str]:
    """What the proxy says of a sender who was never here."""
    return {"X-Forwarded-For": f"203.0.113.{next(SENDERS)}"}


def opened(
    open_page: Opening, lang: str, *, script: bool = True, sender: dict[str, str] | None = None
) -> Page:
    """A page on a phone, of that sender or a new one."""
    page = open_page(phone=True, script=script, locale=lang)
    page.set_extra_http_headers(sender or newcomer())
    return page


def press(page: Page, button: str) -> int:
    """Press a button that sends a form; the status of the page that came of it."""
    with page.expect_navigation() as done:
        page.locator(button).click()
    answer = done.value
    assert answer is not None
    return answer.status


def said(lang: str, words: str) -> str:
    return i18n.language(lang).gettext(words)


def look(page: Page, picture: Picture, name: str, *, script: bool = True) -> None:
    """Keep its picture as on a phone; and nothing is wrong with it."""
    picture(page, f"too-much-{name}")
    if script:
        assert [*findings(page, every_scheme=False)] == []


def kept_with_its_summary(page: Page, lang: str) -> None:
    """The form came back: the summary says so first, has the focus, and leads to the form."""
    summary = page.locator(".error-summary")
    expect(summary).to_be_focused()
    waiting = said(lang, "Please wait a while. What you typed is still here.")
    expect(summary.get_by_role("heading")).to_have_text(waiting)
    (link,) = summary.get_by_role("link").all()
    assert page.locator(str(link.get_attribute("href"))).count() == 1
    expect(page.locator("html")).to_have_attribute("dir", "rtl" if lang == "ar" else "ltr")


def kept(page: Page, form: dict[str, str]) -> None:
    """Every field, choice and tick of the form is as it was left."""
    for name in ("given_name", "family_name", "email", "comment", "country"):
        expect(page.locator(f"#{name}")).to_have_value(form[name])
    for name in ("visibility", "updates", "agree"):
        expect(page.locator(f"input[name={name}][value={form[name]}]")).to_be_checked()


def typed(page: Page, lang: str, number: int) -> dict[str, str]:
    """The call's form filled in by somebody, with the choices that nobody has by themselves."""
    form = people.someone(number, visibility="public", updates="yes") | {"comment": "Würde. كرامة"}
    page.goto(f"/{lang}/amazon")
    fill_in(page, form)
    return form


def sent(
    page: Page, sender: dict[str, str], address: str, to: str, form: Mapping[str, str]
) -> None:
    """What came from that sender before, and was taken: by plain HTTP."""
    ticket = actions.TICKET.search(page.request.get(address, headers=sender).text())
    fields = dict(form) | ({"ticket": ticket[1]} if ticket else {})
    answer = page.request.post(f"{address}{to}", form=fields, headers=sender)
    assert answer.status == 200
    assert not answer.url.endswith(f"{address}{to}"), "it led to no other page"


@SCRIPTS
@LANGUAGES
def test_a_form_over_the_limit_comes_back_as_it_was_typed(
    open_page: Opening, picture: Picture, lang: str, script: bool
) -> None:
    sender = newcomer()
    page = opened(open_page, lang, script=script, sender=sender)
    for number in range(FORMS):
        sent(page, sender, f"/{lang}/amazon", "/sign", people.someone(number))
    form = typed(page, lang, FORMS)
    assert press(page, "#sign-button") == 429
    kept_with_its_summary(page, lang)
    kept(page, form)
    look(page, picture, f"form-{lang}-{script}", script=script)
    assert press(page, "#sign-button") == 429  # and again, as often as they like
    kept(page, form)


@LANGUAGES
def test_a_link_asked_for_over_the_limit(open_page: Opening, picture: Picture, lang: str) -> None:
    sender = newcomer()
    page = opened(open_page, lang, sender=sender)
    for _ in range(LINKS):
        sent(page, sender, f"/{lang}/amazon/my", "", {"email": "somebody@example.org"})
    page.goto(f"/{lang}/amazon/my")
    page.locator("#email").fill("somebody@example.org")
    assert press(page, "#ask-button") == 429
    kept_with_its_summary(page, lang)
    expect(page.locator("#email")).to_have_value("somebody@example.org")
    look(page, picture, f"link-{lang}")


@LANGUAGES
def test_codes_over_the_limit(open_page: Opening, picture: Picture, lang: str) -> None:
    page = opened(open_page, lang)
    page.goto(f"/{lang}/amazon/code")
    page.locator("#email").fill("somebody@example.org")
    page.locator("#code").fill("BCD-FGH")
    for status in (*[422] * CODES, 429):
        assert press(page, "main form button") == status
    expect(page.locator(".error-summary")).to_be_focused()
    expect(page.locator("#code-problem")).to_contain_text(said(lang, OVER).partition("%")[0])
    expect(page.locator("#errors-heading")).to_have_text(
        said(lang, "Please wait a while. What you typed is still here.")
    )
    expect(page.locator("#email")).to_have_value("somebody@example.org")
    expect(page.locator("#code")).to_have_value("BCD-FGH")
    look(page, picture, f"code-{lang}")


@LANGUAGES
def test_pages_over_the_limit(open_page: Opening, picture: Picture, lang: str) -> None:
    sender = newcomer()
    page = opened(open_page, lang, sender=sender)
    page.goto(f"/{lang}/amazon/my")
    page.locator("#email").fill("somebody@example.org")
    found = [
        page.request.get(f"/{lang}/amazon/thanks", headers=sender).status for _ in range(2 * PAGES)
    ]
    assert found[0] == 200
    assert found[-1] == 429
    assert press(page, "#ask-button") == 429  # a form that they had open is kept
    expect(page.locator("#email")).to_have_value("somebody@example.org")
    answer = page.goto(f"/{lang}/amazon")
    assert answer is not None
    assert (answer.status, answer.headers["retry-after"].isdigit()) == (429, True)
    expect(page.get_by_role("heading", level=1)).to_have_text(said(lang, "Too many attempts"))
    look(page, picture, f"pages-{lang}")


@SCRIPTS
@LANGUAGES
def test_a_form_that_cannot_be_kept_now_comes_back_as_it_was_typed(
    instance: Instance, open_page: Opening, picture: Picture, lang: str, script: bool
) -> None:
    page = opened(open_page, lang, script=script)
    form = typed(page, lang, 50)
    instance.rows("ALTER TABLE letters RENAME TO letters_away")
    try:
        assert press(page, "#sign-button") == 503
    finally:
        instance.rows("ALTER TABLE letters_away RENAME TO letters")
    kept_with_its_summary(page, lang)
    kept(page, form)
    picture(page, f"too-much-not-now-{lang}-{script}")  # the page that was looked at over the limit
    assert press(page, "#sign-button") == 200
    page.wait_for_url(f"**/{lang}/amazon/thanks")


@LANGUAGES
def test_a_page_while_the_database_does_not_answer(
    instance: Instance, open_page: Opening, picture: Picture, lang: str
) -> None:
    page = opened(open_page, lang)
    instance.rows("ALTER TABLE signatures RENAME TO signatures_away")
    try:
        answer = page.goto(f"/{lang}/amazon/names")
    finally:
        instance.rows("ALTER TABLE signatures_away RENAME TO signatures")
    assert answer is not None
    assert (answer.status, answer.headers["retry-after"].isdigit()) == (503, True)
    title = said(lang, "Please try again in a moment")
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    look(page, picture, f"unavailable-{lang}")
