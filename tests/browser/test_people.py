"""Journeys, each of one person; what they saw is kept as pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page, Route, expect

from petition import i18n
from tests import people
from tests.browser import actions
from tests.browser.conftest import Watch
from tests.browser.instance import Instance, wait_until
from tests.browser.keyboard import fill_in, follow, press, sign, sign_by_keyboard, tab_to
from tests.browser.staff import be_in

Opening = Callable[..., Page]
Picture = Callable[[Page, str], None]


@pytest.fixture
def outside(watch: Watch) -> Iterator[Callable[[Route], None]]:
    """The site where the way out leads: somebody wanted to go there, so it may be asked."""

    def answer(route: Route) -> None:
        route.fulfill(content_type="text/html", body="<!doctype html><title>An outing</title>")

    yield answer
    watch.foreign = [url for url in watch.foreign if ".wikipedia.org" not in url]


# --- somebody who works there, on a shared phone, behind a mail scanner ---------------------------


def form_as_it_is_read_out(lang: str) -> str:
    """Role, name and state of each control, in order, as a screen reader gets them."""
    words = i18n.language(lang).gettext
    may = words("(optional)")
    return f"""
- textbox "{words("Given name")}"
- textbox "{words("Family name")} {may}"
- textbox "{words("Email address")}"
- combobox "{words("Country")}"
- group: {words("Add why you sign")} {may}
- radiogroup:
  - radio [checked]
  - radio
  - radio
- radiogroup:
  - radio
  - radio
- checkbox
- button "{words("Sign")}"
"""


def test_a_worker_at_risk(
    instance: Instance,
    open_page: Opening,
    picture: Picture,
    pictures: Path,
    outside: Callable[[Route], None],
) -> None:
    page = open_page(phone=True, locale="ar")
    page.context.route("https://*.wikipedia.org/**", outside)
    page.goto("/amazon")
    page.wait_for_url("**/ar/amazon")
    form = page.get_by_role("form")
    expect(form).to_match_aria_snapshot(form_as_it_is_read_out("ar"))
    (pictures / "worker-form-as-read-out.txt").write_text(form.aria_snapshot(), encoding="utf-8")
    expect(page.locator("#email")).to_have_accessible_description(
        page.locator("#email-hint").inner_text()
    )
    picture(page, "worker-1-form")

    before = instance.rows("SELECT count(*) FROM entries")
    wanda = people.wanda | {"given_name": "وندا", "family_name": "", "comment": ""}
    sign_by_keyboard(page, wanda)
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("alert").get_by_role("link")).to_have_count(1)
    said = i18n.language("ar").gettext("Please check the form: %(title)s").partition("%")[0]
    assert page.title().startswith(said)
    picture(page, "worker-2-work-address-refused")
    assert instance.rows("SELECT count(*) FROM entries") == before
    assert instance.letters(wanda["email"]) == []

    tab_to(page, ".error-summary a")
    page.keyboard.press("Enter")
    expect(page.locator("#email")).to_be_focused()
    page.keyboard.press("ControlOrMeta+A")
    private = people.wanda_in_private["email"]
    page.keyboard.type(private)
    page.keyboard.press("Enter")
    page.wait_for_url("**/ar/amazon/thanks")
    picture(page, "worker-3-thanks")

    letter = instance.letter(private, "/confirm/")
    count = instance.confirmed()
    actions.scan(instance, letter)
    assert instance.confirmed() == count, "the scanner confirmed"
    page.goto(letter.link("/confirm/"))
    picture(page, "worker-4-confirm")
    follow(page, "#confirm-button")
    page.wait_for_url("**/ar/amazon/confirmed")
    assert instance.confirmed() == count + 1
    actions.scan(instance, instance.letter(private, "/my/"))
    assert instance.confirmed() == count + 1, "the scanner withdrew"
    picture(page, "worker-5-confirmed")

    follow(page, ".quick-exit")
    page.wait_for_url("https://ar.wikipedia.org/**")
    page.go_back()
    assert not page.url.endswith("/confirmed")


# --- a pensioner without scripts, with two devices ------------------------------------------------


def test_a_pensioner(instance: Instance, open_page: Opening, picture: Picture) -> None:
    karl = people.carl | {"given_name": "Karl", "email": "karl.lindqvist@gmial.com"}
    page = open_page(script=False, locale="de-DE")
    page.goto("/amazon")
    page.wait_for_url("**/de/amazon")
    fill_in(page, karl)
    press(page, "#sign-button")
    expect(page.locator(".error-summary")).to_contain_text("karl.lindqvist@gmail.com")
    assert page.title() != page.locator("h1").inner_text()
    picture(page, "pensioner-1-did-you-mean")
    press(page, "button[name=use_email]")
    page.wait_for_url("**/de/amazon/thanks")
    assert instance.letters(karl["email"]) == []
    letter = instance.letter("karl.lindqvist@gmail.com", "/confirm/")
    picture(page, "pensioner-2-thanks")

    other = open_page(phone=True, script=False, locale="de-DE")
    other.goto("/de/amazon/thanks")
    press(other, "a[href$='/de/amazon/code']")
    other.locator("#email").fill("karl.lindqvist@gmail.com")
    other.locator("#code").fill("bcd fgh")
    press(other, "main form button")
    expect(other.locator("#code")).to_have_attribute("aria-invalid", "true")
    picture(other, "pensioner-3-wrong-code")
    other.locator("#code").fill(letter.code.lower().replace("-", " "))
    press(other, "main form button")
    other.wait_for_url("**/de/amazon/confirmed")
    picture(other, "pensioner-4-confirmed")
    instance.letter("karl.lindqvist@gmail.com", "/my/")


# --- somebody who changes their mind --------------------------------------------------------------


def shown_count(page: Page) -> int:
    """The count as the progress bar has it; in words it may be without a digit."""
    return int(page.locator(".count progress").get_attribute("value") or "")


def reload_until(page: Page, ready: Callable[[], bool], what: str) -> None:
    """Pages are made anew every few seconds: one look a second."""

    def again() -> bool:
        page.reload()
        return ready()

    wait_until(again, what, pause=1.0)


def approve(page: Page, instance: Instance, name: str) -> None:
    """In the console: find the comment among those that wait, and show it."""
    be_in(page, instance.invite("moderator", "reader@campaign.example.org"))
    page.goto("/staff/campaigns/amazon/comments")
    waiting = page.locator(".reviews > li", has_text=name)
    with page.expect_navigation():
        waiting.locator("button[name=shown]").click()
    expect(page.locator(".reviews > li", has_text=name)).to_have_count(0)


def test_somebody_who_changes_their_mind(
    instance: Instance, open_page: Opening, picture: Picture
) -> None:
    zoe = people.ben | {
        "given_name": "Zoë",
        "family_name": "Ndiaye",
        "email": "zoe@example.org",
        "visibility": "public",
        "comment": "My mother packed parcels. She deserved better.",
    }
    before = instance.confirmed()
    page = open_page(phone=True)
    sign(page, zoe)
    page.goto(instance.letter(zoe["email"], "/confirm/").link("/confirm/"))
    press(page, "#confirm-button")
    everyone = open_page(locale="fr")
    everyone.goto("/fr/amazon")
    assert instance.confirmed() == before + 1
    reload_until(everyone, lambda: shown_count(everyone) == before + 1, "the count to rise")
    everyone.goto("/fr/amazon/names")
    expect(everyone.locator("main")).not_to_contain_text("Zoë")

    staff = open_page()
    approve(staff, instance, "Zoë")
    actions.a_day_after_approval(instance)
    shown = everyone.locator(".names > li", has_text="Zoë Ndiaye")
    reload_until(everyone, lambda: shown.count() == 1, "the name to be shown")
    expect(shown).to_contain_text(zoe["comment"])
    expect(shown.locator("blockquote")).to_have_attribute("lang", "en")
    picture(everyone, "changes-their-mind-1-name-in-public")

    page.goto(instance.letter(zoe["email"], "/my/").link("/my/"))
    picture(page, "changes-their-mind-2-my-signature")
    press(page, "#withdraw-button")
    expect(page.locator(".done")).to_be_visible()
    picture(page, "changes-their-mind-3-withdrawn")
    reload_until(everyone, lambda: shown.count() == 0, "the name to go")
    everyone.goto("/fr/amazon")
    assert instance.confirmed() == before
    reload_until(everyone, lambda: shown_count(everyone) == before, "the count to fall")


# --- somebody whose address was entered by another ------------------------------------------------


def test_somebody_who_was_entered_by_another(
    instance: Instance, open_page: Opening, picture: Picture
) -> None:
    form = people.someone(77, given_name="Joke", email="never.asked@example.org")
    someone_else = open_page()
    sign(someone_else, form)
    letter = instance.letter(form["email"], "/stop/")

    page = open_page(phone=True)
    page.goto(letter.link("/stop/"))
    picture(page, "entered-by-another-1-was-it-you")
    press(page, "main form button")
    expect(page.locator("h1")).to_have_text("This address is blocked here")
    picture(page, "entered-by-another-2-blocked")
    page.goto(letter.link("/confirm/"))
    assert page.locator("main form").count() == 0, "there is nothing left to confirm"

    had = len(instance.letters(form["email"]))
    sign(someone_else, form)  # the page answers as it does for everybody
    instance.petition("worker", "--once")
    assert len(instance.letters(form["email"])) == had

    page.goto(letter.link("/stop/"))
    press(page, "button[name=lift]")
    expect(page.locator("h1")).to_have_text("Wasn’t this you?")
    sign(page, form)
    instance.letter(form["email"], "/confirm/", had + 1)


# As the page of whoever shows the card would load it; it stays for the picture.
CARD: Final = """async address => {
    const card = new Image();
    card.src = address;
    await card.decode();
    document.body.replaceChildren(card);
    return [card.naturalWidth, card.naturalHeight];
}"""


# --- somebody who passes it on --------------------------------------------------------------------


def test_somebody_who_passes_it_on(
    instance: Instance, open_page: Opening, picture: Picture
) -> None:
    page = open_page(phone=True, locale="it")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    form = people.someone(88, given_name="Chiara", email="chiara@example.org", country="IT")
    sign(page, form, "it")
    page.goto(instance.letter(form["email"], "/confirm/").link("/confirm/"))
    press(page, "#confirm-button")
    page.locator("[data-copy]").last.click()
    expect(page.get_by_role("status")).not_to_be_empty()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == f"{instance.url}/it/amazon?source=copy"
    code = page.locator(".share-paper img")
    code.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.share-paper img').naturalWidth > 0")
    picture(page, "passes-it-on-1-confirmed")

    with page.expect_download() as poster:
        page.locator("a[href$='poster.pdf']").click(modifiers=["Alt"])
    file = poster.value.path().read_bytes()
    assert file.startswith(b"%PDF-")
    assert file.rstrip().endswith(b"%%EOF")

    friend = open_page(locale="it")
    friend.goto(link)
    card = friend.locator("meta[property='og:image']").get_attribute("content")
    size = friend.evaluate(CARD, card)
    assert size == [1200, 630]
    picture(friend, "passes-it-on-2-card")
