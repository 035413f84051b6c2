"""The form and the steps after it on a phone, measured: what is seen at once, and how soon."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests import people
from tests.browser import actions
from tests.browser.instance import Instance
from tests.browser.keyboard import tab_to, unfold
from tests.browser.page_checks import overflows, violations

PHONE: Final = {"width": 390, "height": 844}
LANGUAGES: Final = ("ar", "de", "en", "es", "fr", "it", "pl")
FORM_HEIGHT: Final = 1000
"""Pixels at most, consent text and all."""
WAY_TO_SIGN: Final = PHONE["height"] * 1.5
"""Pixels at most from the top of the page to the top of the button."""
TAPS: Final = 7
KEYS: Final = 22

# Where an element lies on the whole page, and how many lines its words take.
_PLACE: Final = """element => {
    const box = element.getBoundingClientRect();
    const words = document.createRange();
    words.selectNodeContents(element);
    const lines = new Set([...words.getClientRects()].map((each) => Math.round(each.bottom)));
    const [top, bottom] = [box.top, box.bottom].map((each) => each + scrollY);
    return { top, bottom, height: box.height, lines: lines.size };
}"""
# Every shift that nobody asked for, from the first paint on.
_WATCH_SHIFTS: Final = """
    window.shifts = [];
    new PerformanceObserver((list) => {
        for (const each of list.getEntries()) {
            const moved = each.sources.map((one) => one.node?.outerHTML?.slice(0, 80));
            if (!each.hadRecentInput) shifts.push([each.value, ...moved]);
        }
    }).observe({ type: "layout-shift", buffered: true });
"""
_SHEET: Final = "navigator.share = async (what) => { window.passedOn = what; }"

Opening = Callable[..., Page]


@pytest.fixture
def on_a_phone(chromium: Browser, instance: Instance) -> Iterator[Opening]:
    """on_a_phone("de", zone="Europe/Berlin") -> a page of a browser that is held in a hand."""
    contexts: list[BrowserContext] = []

    def opened(lang: str, *, zone: str = "Etc/UTC", locale: str = "", script: bool = True) -> Page:
        context = chromium.new_context(
            base_url=instance.url,
            viewport=PHONE,  # type: ignore[arg-type]
            locale=locale or lang,
            timezone_id=zone,
            has_touch=True,
            is_mobile=True,
            java_script_enabled=script,
            reduced_motion="reduce",
        )
        contexts.append(context)
        if script:
            context.add_init_script(_WATCH_SHIFTS)
            context.add_init_script(_SHEET)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()


def place(page: Page, wanted: str) -> Mapping[str, float]:
    """Where the element lies on the page, in pixels, and its lines."""
    found: Mapping[str, float] = page.locator(wanted).evaluate(_PLACE)
    return found


def shifts(page: Page) -> list[Any]:
    """What moved by itself since the page was asked for, two frames from now."""
    page.evaluate("new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))")
    found: list[Any] = page.evaluate("window.shifts")
    return found


def letter_to(instance: Instance, lang: str) -> str:
    """The link to confirm of somebody who has just signed in this language."""
    form = people.someone(600 + LANGUAGES.index(lang), email=f"measured.{lang}@example.org")
    if not instance.letters(form["email"]):
        actions.sign(instance, form, lang)
    return instance.letter(form["email"], "/confirm/").link("/confirm/")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_step_is_seen_soon_and_stays_where_it_is(
    instance: Instance, on_a_phone: Opening, picture: Callable[[Page, str], None], lang: str
) -> None:
    page = on_a_phone(lang)
    page.goto(f"/{lang}/amazon")
    form, button, count = (
        place(page, at) for at in (".sign form", "#sign-button", "#count-figure")
    )
    print(f"{lang}: form {form['height']:.0f}, Sign at {button['top']:.0f}")
    assert form["height"] <= FORM_HEIGHT
    assert button["top"] <= WAY_TO_SIGN
    assert count["lines"] == 1
    assert count["bottom"] <= form["top"]
    assert shifts(page) == []
    picture(page, f"step-1-form-{lang}")

    with page.expect_navigation():
        page.locator("#sign-button").click()
    expect(page.locator(".error-summary")).to_be_focused()
    assert shifts(page) == []
    expect(page.locator(".hero")).to_have_count(0)
    between = place(page, ".sign form")["top"] - place(page, ".error-summary")["bottom"]
    assert between <= PHONE["height"] / 4, "from what is wrong straight to the form"
    picture(page, f"step-2-errors-{lang}")

    page.goto(f"/{lang}/amazon/thanks")
    steps = page.locator("[aria-labelledby=next-heading] li")
    expect(steps).to_have_count(3)
    assert place(page, "[aria-labelledby=next-heading] li:first-child")["bottom"] <= PHONE["height"]
    order = ("[aria-labelledby=next-heading]", ".share", "#resend")
    tops = [place(page, each)["top"] for each in order]
    assert tops == sorted(tops)
    expect(page.locator(".share button").first).to_have_attribute(
        "data-url", re.compile(rf"/{lang}/amazon\?source=device$")
    )
    assert shifts(page) == []
    picture(page, f"step-3-thanks-{lang}")

    page.goto(letter_to(instance, lang))
    assert place(page, "#confirm-button")["bottom"] <= PHONE["height"]
    assert shifts(page) == []
    picture(page, f"step-4-confirm-{lang}")
    page.goto(f"/{lang}/amazon/confirmed")
    assert place(page, ".share button >> nth=0")["bottom"] <= PHONE["height"]
    assert shifts(page) == []
    picture(page, f"step-5-confirmed-{lang}")


def test_taps_and_keys_to_sign_are_counted(
    instance: Instance, on_a_phone: Opening, open_page: Opening
) -> None:
    """What people do beyond typing their name and address."""
    page = on_a_phone("en")
    page.goto("/en/amazon")
    taps = 0
    for name, words in (("given_name", "Tap"), ("email", "taps@example.org")):
        page.locator(f"#{name}").tap()
        page.keyboard.type(words)
        taps += 1
    # The list that opens belongs to the phone: a tap opens it, a second one chooses.
    page.locator("#country").select_option("DE")
    taps += 2
    for wanted in ("#updates", "#agree", "#sign-button"):
        page.locator(wanted).tap()
        taps += 1
    page.wait_for_url("**/en/amazon/thanks")
    assert taps <= TAPS

    page = open_page()
    page.goto("/en/amazon")
    pressed = 0

    def press(*keys: str) -> None:
        nonlocal pressed
        for key in keys:
            page.keyboard.press(key)
            pressed += 1

    def tab(wanted: str) -> None:
        while not page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
            press("Tab")
            assert pressed < 3 * KEYS, f"Tab never reached {wanted}"

    press("Tab", "Enter")  # past the head of the page
    tab("#given_name")
    page.keyboard.type("Keys")
    tab("#email")
    page.keyboard.type("keys@example.org")
    tab("#country")
    press("S")  # the first country with that letter will do
    tab("#updates")
    press("Space")
    tab("#agree")
    press("Space")
    tab("#sign-button")
    press("Enter")
    page.wait_for_url("**/en/amazon/thanks")
    print(f"{taps} taps, {pressed} keys")
    assert pressed <= KEYS


def test_what_is_folded_opens_for_everybody_and_stays_open_when_something_is_in_it(
    on_a_phone: Opening,
) -> None:
    for script in (True, False):
        page = on_a_phone("en", script=script)
        page.goto("/en/amazon")
        comment = page.locator("#comment")
        expect(comment).to_be_hidden()
        tab_to(page, ".more > summary")
        page.keyboard.press("Enter")
        expect(comment).to_be_visible()
        comment.fill("Dignity for all.")
        with page.expect_navigation():
            page.locator("#sign-button").click()
        expect(page.locator("#comment")).to_be_visible()
        expect(page.locator("#comment")).to_have_value("Dignity for all.")


def test_what_an_answer_means_is_seen_under_the_chosen_one_and_heard_with_each(
    on_a_phone: Opening,
) -> None:
    page = on_a_phone("en")
    page.goto("/en/amazon")
    shown = "element => element.getBoundingClientRect().width > 1"
    for value in ("target", "public", "counted"):
        page.locator(f"input[name=visibility][value={value}]").check()
        for each in page.locator("input[name=visibility]").all():
            chosen = each.get_attribute("value") == value
            detail = page.locator(f".choice:has([value={each.get_attribute('value')}]) .detail")
            assert detail.evaluate(shown) is chosen
            words = detail.inner_text()
            assert (
                words
                in page.locator(f".choice:has([value={each.get_attribute('value')}])").inner_text()
            )
    radios = page.get_by_role("radio", name="and nothing else")
    expect(radios).to_have_count(2)


HERE: Final = [
    # Language of the browser, its time zone, and what stands in the list then.
    ("de-AT", "Europe/Vienna", "AT"),
    ("de", "Europe/Berlin", "DE"),
    ("pl-PL", "Europe/Warsaw", "PL"),
    ("en-GB", "Europe/London", "GB"),
    ("de-DE", "Europe/Paris", ""),
    ("en-US", "Europe/London", ""),
    ("eo", "Europe/Warsaw", ""),
]


@pytest.mark.parametrize(("locale", "zone", "country"), HERE)
def test_the_country_is_chosen_where_language_and_clock_say_the_same(
    on_a_phone: Opening, locale: str, zone: str, country: str
) -> None:
    page = on_a_phone("en", locale=locale, zone=zone)
    page.goto("/en/amazon")
    expect(page.locator("#country")).to_have_value(country)
    assert page.context.cookies() == []
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


def test_no_choice_of_a_persons_own_is_overwritten(on_a_phone: Opening) -> None:
    page = on_a_phone("en", locale="de-AT", zone="Europe/Vienna")
    page.goto("/en/amazon")
    page.locator("#country").select_option("NG")
    page.locator("#given_name").fill("Ngozi")
    page.goto("/en/amazon/privacy")
    page.go_back()
    expect(page.locator("#given_name")).to_have_value("Ngozi")
    expect(page.locator("#country")).to_have_value("NG")
    page.locator("#sign-button").click()
    expect(page.locator(".error-summary")).to_be_focused()
    expect(page.locator("#country")).to_have_value("NG")
    page.locator("#country").select_option("")
    with page.expect_navigation():
        page.locator("#sign-button").click()
    expect(page.locator("#country")).to_have_value("")
    plain = on_a_phone("en", locale="de-AT", zone="Europe/Vienna", script=False)
    plain.goto("/en/amazon")
    expect(plain.locator("#country")).to_have_value("")


def test_the_form_is_in_reach_from_everywhere_on_the_page(on_a_phone: Opening) -> None:
    page = on_a_phone("en")
    page.goto("/en/amazon")
    page.evaluate("scrollTo(0, document.scrollingElement.scrollHeight)")
    page.locator(".to-sign").tap()
    page.wait_for_function(
        "Math.abs(document.querySelector('#sign').getBoundingClientRect().top) < 200"
    )
    # It stands in the strip that has the way out: nothing more lies on the page.
    fixed = "e => ['fixed', 'sticky'].includes(getComputedStyle(e).position)"
    lying = page.evaluate(
        f"[...document.body.querySelectorAll('*')].filter({fixed}).map(e => e.className)"
    )
    assert lying == ["exit"]


@pytest.mark.parametrize("lang", ["de", "ar"])
def test_nothing_is_lost_on_the_smallest_phone_and_with_the_largest_text(
    on_a_phone: Opening, lang: str
) -> None:
    page = on_a_phone(lang)
    page.goto(f"/{lang}/amazon")
    unfold(page)
    page.locator("input[name=visibility][value=public]").check()
    page.set_viewport_size({"width": 320, "height": 640})
    page.evaluate("scrollTo(0, 0)")  # or what lies half under the strip is found too small
    assert violations(page) == []
    for size in ("100%", "200%"):
        page.evaluate("size => document.documentElement.style.fontSize = size", size)
        assert overflows(page) <= 0


def test_no_link_row_or_number_says_who_brought_whom(
    instance: Instance, on_a_phone: Opening
) -> None:
    """Two people see the very same links, before and after confirming: what they hold is a tag."""
    seen = []
    for number in (1, 2):
        page = on_a_phone("en")
        form = people.someone(650 + number, email=f"passer.on.{number}@example.org")
        page.goto("/en/amazon")
        actions.sign(instance, form)
        for address in ("/en/amazon/thanks", "/en/amazon/confirmed"):
            if address.endswith("confirmed"):
                page.goto(instance.letter(form["email"], "/confirm/").link("/confirm/"))
                with page.expect_navigation():
                    page.locator("#confirm-button").click()
            else:
                page.goto(address)
            section = page.locator(".share")
            links = section.locator("a").evaluate_all("all => all.map((each) => each.href)")
            held = section.locator("[data-url], [data-copy]").evaluate_all(
                "all => all.map((each) => ({...each.dataset}))"
            )
            seen.append((links, held))
    assert all(each == seen[0] for each in seen)
    (columns,) = [
        {row[1] for row in instance.rows(f"PRAGMA table_info({table})")} for table in ("entries",)
    ]
    tags = {name for name in columns if "source" in name or "utm" in name}
    assert tags == {"source", "utm_source", "utm_medium", "utm_campaign"}
