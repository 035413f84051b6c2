"""What a person does in a browser: by keyboard alone, and filling in the form either way."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from playwright.sync_api import Page, expect

MOST_STOPS: Final = 120
PAGE: Final = 3
"""Lines of a closed list that Chromium passes for one press of PageDown."""

# Where the keyboard is, and whether one can see it there.
_SHOWN: Final = """at => {
    const styles = [at, at.closest(".choice") ?? at].map((each) => getComputedStyle(each));
    const seen = styles.some(
        (each) => each.outlineStyle !== "none" && parseFloat(each.outlineWidth) >= 2
    );
    return [seen, `${at.tagName} ${at.id || at.className || at.textContent}`];
}"""
_AT: Final = f"""wanted => {{
    const at = document.activeElement;
    return [at.matches(wanted), ...({_SHOWN})(at), window.unseenStops ?? []];
}}"""
# From here on, what gets the focus without showing it is kept. Returns how many stops are on the
# way to the element at least: none, where the page runs no scripts and so would keep nothing.
_AHEAD: Final = f"""wanted => {{
    window.unseenStops = [];
    if (!window.watched) {{
        document.addEventListener("focusin", ({{ target }}) => {{
            window.watched = true;
            if (target === document) return;
            const [seen, name] = ({_SHOWN})(target);
            if (!seen) unseenStops.push(name);
        }});
        document.dispatchEvent(new Event("focusin"));
    }}
    if (!window.watched) return 0;
    const all = "a[href], button, input, select, textarea, summary, [tabindex='0']";
    const at = document.activeElement;
    const group = (each) => each.type === "radio" ? each.name : each;
    const usable = [...document.querySelectorAll(all)].filter((each) =>
        each.checkVisibility({{ visibilityProperty: true }}) && each.tabIndex >= 0
        && !each.disabled && group(each) !== group(at)
        && (at === document.body || at.compareDocumentPosition(each) === 4));
    const there = usable.findIndex((each) => each.matches(wanted));
    return new Set(usable.slice(0, Math.max(there, 0)).map(group)).size;
}}"""


def hold(page: Page, key: str, times: int) -> None:
    """Hold a key down until it has been repeated so often.

    Playwright would wait for an answer to each press, and the browser paint in between. Here they
    go out together; the browser takes them in order.
    """

    async def down() -> None:
        ours = page.keyboard._impl_obj
        await asyncio.gather(*(ours.down(key) for _ in range(times)))

    if times:
        page.keyboard._sync(down())
        page.keyboard.up(key)


def tab_to(page: Page, wanted: str) -> None:
    """Press Tab until the element has the focus; at each stop on the way the focus shows."""
    # Where the keyboard is, the page is asked once it should be one stop away.
    hold(page, "Tab", page.evaluate(_AHEAD, wanted))
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        there, seen, name, unseen = page.evaluate(_AT, wanted)
        assert seen or name.startswith("BODY"), f"the focus does not show on {name}"
        assert unseen == [], "the focus does not show"
        if there:
            return
    raise AssertionError(f"Tab never reached {wanted}")


def follow(page: Page, wanted: str) -> None:
    """Tab to a link or button and press it."""
    tab_to(page, wanted)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def choose_country(page: Page, code: str) -> None:
    """Down the list, as it opens; letters would only do for those that a keyboard has."""
    tab_to(page, "#country")
    place = "code => [...document.activeElement.options].findIndex(each => each.value === code)"
    pages, lines = divmod(page.evaluate(place, code), PAGE)
    hold(page, "PageDown", pages)
    hold(page, "ArrowDown", lines)
    expect(page.locator("#country")).to_have_value(code)


def sign_by_keyboard(page: Page, form: Mapping[str, str]) -> None:
    """From the top of the page to the button, through every field."""
    for name in ("given_name", "family_name", "email"):
        tab_to(page, f"#{name}")
        page.keyboard.press("ControlOrMeta+A")
        page.keyboard.type(form.get(name, ""))
    choose_country(page, form["country"])
    if "comment" in form:
        tab_to(page, ".more:has(#comment) > summary")
        page.keyboard.press("Enter")
        tab_to(page, "#comment")
        page.keyboard.type(form["comment"])
    _pick(page, "visibility", form["visibility"])
    _pick(page, "updates", form["updates"])
    tab_to(page, "#agree")
    if not page.locator("#agree").is_checked():
        page.keyboard.press("Space")
    follow(page, "#sign-button")


def _pick(page: Page, name: str, value: str) -> None:
    """Into the group of radios, then along it with the arrow keys."""
    tab_to(page, f"input[name={name}]")
    picked = page.locator(f"input[name={name}][value={value}]")
    page.keyboard.press("Space")
    for _ in range(3):
        if picked.is_checked():
            return
        page.keyboard.press("ArrowDown")
    expect(picked).to_be_checked()


def fill_in(page: Page, form: Mapping[str, str]) -> None:
    """The same by pointing and typing."""
    for name in ("given_name", "family_name", "email"):
        if name in form:
            page.locator(f"#{name}").fill(form[name])
    if form.get("comment"):
        unfold(page)
        page.locator("#comment").fill(form["comment"])
    page.locator("#country").select_option(form["country"])
    for name in ("visibility", "updates", "agree"):
        page.locator(f"input[name={name}][value={form[name]}]").check()


def unfold(page: Page) -> None:
    """Open what the form keeps folded, by a click where it is closed."""
    for closed in page.locator(".more:not([open]) > summary").all():
        closed.click()


def press(page: Page, wanted: str) -> None:
    """Press a button that leads to another page."""
    with page.expect_navigation():
        page.locator(wanted).click()


def sign(page: Page, form: Mapping[str, str], lang: str = "en") -> None:
    page.goto(f"/{lang}/amazon")
    fill_in(page, form)
    press(page, "#sign-button")
    page.wait_for_url(f"**/{lang}/amazon/thanks")
