"""The form on a partner's site, in three origins: the host's, the partner's, and a stranger's.

The partner's pages and the stranger's are made here, by a server that answers to both names.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, FrameLocator, Page, expect

from petition import assets
from petition.assets import EMBED
from tests import people
from tests.browser import actions
from tests.browser.conftest import Driver
from tests.browser.instance import Instance
from tests.browser.page_checks import violations_in
from tests.people import Form

PHONE: Final = {"width": 390, "height": 844}
SMALL: Final = {"width": 320, "height": 640}
DESKTOP: Final = {"width": 1280, "height": 900}
PARTNER: Final = "partner.localhost"
STRANGER: Final = "stranger.localhost"
_RULES: Final = f"--host-resolver-rules=MAP {PARTNER} 127.0.0.1, MAP {STRANGER} 127.0.0.1"
_NO_THIRD_PARTY_COOKIES: Final = "--test-third-party-cookie-phaseout"
SETS_COOKIE: Final = "/sets-cookie"

_HEARD: Final = """
    window.events = [];
    for (const name of ["petition:loaded", "petition:failed"])
        document.addEventListener(name, (event) => events.push([name, event.detail.campaign]));
    window.messages = [];
    addEventListener("message", ({ data, origin }) => messages.push([origin, data]));
    window.shifts = [];
    new PerformanceObserver((list) => {
        for (const each of list.getEntries()) if (!each.hadRecentInput) shifts.push(each.value);
    }).observe({ type: "layout-shift", buffered: true });
"""
"""On the partner's page, from its beginning: what it is told, and what moves on it."""
_INNER_SCROLL: Final = """() => {
    const { scrollHeight, clientHeight, scrollWidth, clientWidth } = document.documentElement;
    return [scrollHeight - clientHeight, scrollWidth - clientWidth];
}"""


@dataclass
class Sites:
    """Pages of the partner and the stranger, by path; both names lead to all of them."""

    port: int = 0
    pages: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    cookies: list[str] = field(default_factory=list)
    """What came back of the cookie that SETS_COOKIE sets, with each request for it."""

    def put(self, path: str, body: str, **headers: str) -> None:
        words = "<p>What the partner says below the form.</p>"
        page = "<!doctype html><html lang=en><meta name=viewport content='width=device-width'>"
        text = f"{page}<title>Partner</title><h1>Join us</h1>{body}{words}"
        self.pages[path] = (text, {name.replace("_", "-"): each for name, each in headers.items()})

    def at(self, host: str, path: str = "") -> str:
        return f"http://{host}:{self.port}{path}"


@pytest.fixture(scope="module")
def sites() -> Iterator[Sites]:
    made = Sites()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text, headers = made.pages.get(self.path, ("", {}))
            if self.path == SETS_COOKIE:
                made.cookies.append(self.headers.get("Cookie", ""))
            self.send_response(200 if text else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def key(instance: Instance, sites: Sites) -> str:
    """The partner's key."""
    site = ("--site", sites.at(PARTNER))
    terms = actions.PARTNER_TERMS
    instance.petition("partner", "add", "amazon", "Workers’ Union", *site, *terms)
    made = partners(instance)[-1]["key"]
    actions.accept_as_partner(instance, made)
    return made


@pytest.fixture(scope="module")
def three_origins(browsers: Driver) -> Browser:
    return browsers.browser(_RULES, _NO_THIRD_PARTY_COOKIES, whole=True)


Opening = Callable[..., Page]


def nothing_is_kept(context: BrowserContext) -> None:
    """No cookie was set, and nothing is in the browser."""
    kept = context.storage_state()
    context.close()
    assert kept["cookies"] == []
    assert kept["origins"] == []


def profile(browser: Browser, *, script: bool = True, **options: Any) -> BrowserContext:
    context = browser.new_context(
        java_script_enabled=script, reduced_motion="reduce", viewport=PHONE, **options
    )
    context.add_init_script(f"if (top === window) {{ {_HEARD} }}")
    return context


@pytest.fixture(scope="module")
def visitor(three_origins: Browser) -> Iterator[Page]:
    """The one page of somebody who has been on many sites: a new one costs as much as three visits.

    In the end nothing is kept.
    """
    context = profile(three_origins)
    yield context.new_page()
    nothing_is_kept(context)


@pytest.fixture
def visit(
    three_origins: Browser, visitor: Page, sites: Sites, instance: Instance
) -> Iterator[Opening]:
    """visit("/page", host=STRANGER, size=DESKTOP) -> on a page of one of the sites.

    With `fresh`, and whatever else is said of it, in a profile that was nowhere before, with
    nothing in its cache; in the end nothing is kept there.
    """
    contexts: list[BrowserContext] = []

    def opened(
        path: str,
        *,
        host: str = PARTNER,
        size: dict[str, int] = PHONE,
        fresh: bool = False,
        before: Callable[[BrowserContext], None] = lambda context: None,
        **options: Any,
    ) -> Page:
        page = visitor
        if fresh or options:
            contexts.append(profile(three_origins, **options))
            before(contexts[-1])
            page = contexts[-1].new_page()
        if page.viewport_size != size:
            page.set_viewport_size(size)  # type: ignore[arg-type]
        page.goto(path if "://" in path else sites.at(host, path))
        return page

    yield opened
    for context in contexts:
        nothing_is_kept(context)


def line(instance: Instance, key: str, lang: str = "en", more: str = 'data-open="now"') -> str:
    """What a partner pastes who wants the form at once; without `more`, as it stands in the guide.

    What stands below it is in sight here, so that the plain line waits for a click.
    """
    link = f'<a href="{instance.url}/{lang}/amazon?partner={key}">Sign the call</a>'
    data = f'data-campaign="amazon" data-partner="{key}" data-lang="{lang}" {more}'
    return f'{link}<script async src="{instance.url}/embed.js" {data}></script>'


def loaded(page: Page, number: int = 1) -> None:
    page.wait_for_function("number => events.length >= number", arg=number)


def form_in(page: Page, nth: int = 0) -> FrameLocator:
    return page.frame_locator("iframe").nth(nth)


def inner(page: Page) -> Frame:
    (found,) = [each for each in page.frames if "/embed/" in each.url]
    return found


def fill(form: FrameLocator, person: Form) -> None:
    for name in ("given_name", "family_name", "email"):
        form.locator(f"#{name}").fill(person[name])
    form.locator("#country").select_option(person["country"])
    form.locator("input[name=updates][value=no]").check()
    form.locator("#agree").check()


def test_this_browser_gives_frames_no_cookies(sites: Sites, three_origins: Browser) -> None:
    """The control of all that follows: a cookie that works on its own site, in a frame as well, is
    none in a frame on another. Playwright has private profiles, which do so by themselves."""
    sites.put(SETS_COOKIE, "", Set_Cookie="seen=1; Path=/; SameSite=None; Secure")
    sites.put("/around", f'<iframe src="{sites.at(STRANGER, SETS_COOKIE)}"></iframe>')
    context = three_origins.new_context()
    page = context.new_page()
    page.goto(sites.at(STRANGER, SETS_COOKIE))
    for host in (STRANGER, PARTNER):
        for _again in range(2):
            page.goto(sites.at(host, "/around"))
    context.close()
    assert sites.cookies == ["", "seen=1", "seen=1", "", ""]


# --- the whole way --------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "ar"])
def test_the_partners_page_signs_to_a_confirmed_count(
    instance: Instance, sites: Sites, key: str, visit: Opening, lang: str
) -> None:
    sites.put(f"/{lang}", line(instance, key, lang, more=""))
    page = visit(f"/{lang}", fresh=True)
    loaded(page)
    assert page.evaluate("events") == [["petition:loaded", "amazon"]]
    page.get_by_text("Sign the call").click()
    expect(page.get_by_text("Sign the call")).to_be_hidden()
    form = form_in(page)
    expect(form.locator("html")).to_have_attribute("dir", "rtl" if lang == "ar" else "ltr")
    assert inner(page).evaluate(_INNER_SCROLL) == [0, 0]
    person = people.someone(740 + (lang == "ar"))
    before = partners_count(instance, key)
    form.locator("#sign-button").click()
    expect(form.locator(".error-summary")).to_be_focused()
    assert inner(page).evaluate(_INNER_SCROLL) == [0, 0]
    assert not (found := violations_in(inner(page))), found
    fill(form, person)
    form.locator("#sign-button").click()
    expect(form.locator("h1[data-focus]")).to_be_focused()
    assert inner(page).evaluate(_INNER_SCROLL) == [0, 0]
    assert not (found := violations_in(inner(page))), found
    assert page.evaluate("shifts") == []
    actions.confirm(instance, person["email"])
    assert partners_count(instance, key) == before + 1


def partners(instance: Instance) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(
        instance.petition("partner", "list", "amazon", "--json")
    )
    return found


def partners_count(instance: Instance, key: str) -> int:
    instance.confirmed()
    found = json.loads(instance.petition("count", "amazon", "--by", "partner", "--format", "json"))
    return {each["value"]: int(each["confirmed"]) for each in found["counts"]}.get(key, 0)


def test_the_demo_page_signs_for_the_demo_partner(instance: Instance, visit: Opening) -> None:
    """Its origin is no partner's of ours: `petition start` made one, and printed the address."""
    started = (instance.folder / "start.log").read_text()
    found = re.search(r"^demo partner +(http://localhost:\d+)(/dev/partner)$", started, re.M)
    assert found, started
    assert found[1] != instance.url
    page = visit(found[1] + found[2])
    loaded(page)
    page.locator("main a[href*='partner=']").click()
    form = form_in(page)
    person = people.someone(705)
    fill(form, person)
    form.locator("#sign-button").click()
    expect(form.locator("h1[data-focus]")).to_be_focused()
    actions.confirm(instance, person["email"])
    (demo,) = [each for each in partners(instance) if each["made_by"] == "petition start"]
    assert partners_count(instance, demo["key"]) == 1


def test_without_any_script_a_plain_frame_signs(
    instance: Instance, sites: Sites, key: str, visit: Opening
) -> None:
    frame = f"{instance.url}/embed/amazon?partner={key}&lang=en"
    sites.put("/plain", f'<iframe src="{escape(frame)}" width="100%" height="1300"></iframe>')
    page = visit("/plain", script=False)
    form = form_in(page)
    fill(form, people.someone(710))
    form.locator("#sign-button").click()
    expect(form.locator("h1")).to_have_text("Now check your email")
    assert page.locator("iframe").bounding_box()["width"] <= PHONE["width"]  # type: ignore[index]


@pytest.mark.parametrize("lang", ["en", "ar"])
def test_what_has_no_script_is_copied_and_fits_a_classic_editors_page(
    instance: Instance, sites: Sites, key: str, visit: Opening, three_origins: Browser, lang: str
) -> None:
    """The plain frame, the picture and the badge, as the partner's own page has them."""
    own_page = instance.petition("partner", "link", key).split()[-1]
    context = three_origins.new_context(permissions=["clipboard-read", "clipboard-write"])
    own = context.new_page()
    own.goto(f"{own_page}?lang={lang}")
    asked = own.locator("#frame-text").inner_text()
    own.locator("[data-clipboard=frame-text] button").click()
    expect(own.locator("[data-clipboard=frame-text] [role=status]")).not_to_be_empty()
    assert own.evaluate("navigator.clipboard.readText()") == asked
    pasted = [own.locator(f"#{name}-text").inner_text() for name in ("frame", "picture", "badge")]
    context.close()
    padded = "".join(f'<div style="padding: 0 16px">{each}</div>' for each in pasted)
    sites.put(f"/classic-{lang}", padded)
    page = visit(f"/classic-{lang}")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    box = page.locator("iframe").bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (PHONE["width"] - 2 * (16 + 8), 1300)
    expect(form_in(page).locator("html")).to_have_attribute("lang", lang)
    assert inner(page).evaluate(_INNER_SCROLL)[1] == 0
    words = form_in(page).locator("h1").inner_text()
    for name in ("card.png", "badge"):
        picture = page.locator(f"a[href*='/{lang}/amazon?partner='] > img[src*='{name}']")
        expect(picture).to_have_attribute("alt", words)
        picture.scroll_into_view_if_needed()
        page.wait_for_function("each => each.naturalWidth > 0", arg=picture.element_handle())


@pytest.mark.parametrize("size", [SMALL, DESKTOP], ids=["320", "1280"])
def test_the_frame_is_whole_at_every_width(
    instance: Instance, sites: Sites, key: str, visit: Opening, size: dict[str, int]
) -> None:
    """320 pixels are also what is left of 1280 at 400 % zoom."""
    sites.put("/width", line(instance, key))
    page = visit("/width", size=size)
    loaded(page)
    assert inner(page).evaluate(_INNER_SCROLL) == [0, 0]
    assert not (found := violations_in(inner(page))), found
    unfolded = form_in(page).locator("details.more summary")
    for nth in range(unfolded.count()):
        unfolded.nth(nth).click()
    if unfolded.count():
        page.wait_for_function("messages.length > 1")
    assert inner(page).evaluate(_INNER_SCROLL) == [0, 0]


def test_a_narrow_arabic_frame_has_room_for_all_that_can_be_wrong(
    instance: Instance, sites: Sites, key: str, visit: Opening
) -> None:
    for width in (320, 200):
        body = f'<div style="width: {width}px">{line(instance, key, "ar")}</div>'
        sites.put(f"/narrow-{width}", body)
        page = visit(f"/narrow-{width}", size=SMALL)
        loaded(page)
        assert inner(page).evaluate(_INNER_SCROLL) == [0, 0]
        form_in(page).locator("#sign-button").click()
        expect(form_in(page).locator(".error-summary")).to_be_focused()
        assert inner(page).evaluate(_INNER_SCROLL) == [0, 0], width


@pytest.mark.parametrize("place", ["below", "kept"])
def test_nothing_moves_on_a_page_that_has_the_line(
    instance: Instance, sites: Sites, key: str, visit: Opening, place: str
) -> None:
    """Where it stands below what is first seen, and where the page keeps room for it."""
    article = "<p>Words.</p>" * 50
    plain = line(instance, key, more="")
    room = f"<style>div {{ min-height: 1600px }}</style><div>{plain}</div>"
    sites.put("/shifts", room if place == "kept" else article + plain)
    page = visit("/shifts", size=DESKTOP, fresh=True)
    loaded(page)
    expect(page.get_by_text("Sign the call")).to_be_hidden()
    assert page.evaluate("shifts") == []


def test_a_form_behind_its_link_moves_nothing_until_it_is_clicked(
    instance: Instance, sites: Sites, key: str, visit: Opening
) -> None:
    """In sight, with words in sight below it, on a page that keeps no room."""
    sites.put("/click", line(instance, key, more='data-open="click"'))
    page = visit("/click", fresh=True)
    loaded(page)
    assert page.evaluate("events") == [["petition:loaded", "amazon"]]
    link = page.get_by_text("Sign the call")
    expect(link).to_be_visible()
    assert inner(page).evaluate("document.querySelector('[data-ask][hidden]')") is None
    link.click()
    expect(link).to_be_hidden()
    expect(form_in(page).locator("#given_name")).to_be_visible()
    assert inner(page).evaluate(_INNER_SCROLL) == [0, 0]
    person = people.someone(707)
    fill(form_in(page), person)
    form_in(page).locator("#sign-button").click()
    expect(form_in(page).locator("h1[data-focus]")).to_be_focused()
    assert page.evaluate("shifts") == []


def test_a_form_leaves_little_empty_room(
    instance: Instance, sites: Sites, key: str, visit: Opening
) -> None:
    """What it needs when it is sent back is filled with what we ask for, until then."""
    sites.put("/room", line(instance, key))
    for size, most in ((PHONE, 250), (DESKTOP, 350)):
        page = visit("/room", size=size)
        loaded(page)
        empty = inner(page).evaluate(
            "innerHeight - document.querySelector('.frame').getBoundingClientRect().bottom"
        )
        assert empty < most, (size, empty)


def test_two_forms_on_one_page(instance: Instance, sites: Sites, key: str, visit: Opening) -> None:
    both = line(instance, key) + "<p>And in Arabic:</p>" + line(instance, key, "ar")
    sites.put("/two", both)
    page = visit("/two")
    loaded(page, 2)
    assert page.locator("iframe").count() == 2
    for nth, lang in enumerate(("en", "ar")):
        expect(form_in(page, nth).locator("html")).to_have_attribute("lang", lang)
    expect(page.get_by_text("Sign the call").first).to_be_hidden()


# --- in a sandbox ---------------------------------------------------------------------------------


def sandboxed(instance: Instance, key: str, allowed: str, behind: str = "") -> str:
    frame = escape(f"{instance.url}/embed/amazon?partner={key}&lang=en{behind}")
    return f'<iframe src="{frame}" sandbox="{allowed}" width="100%" height="900"></iframe>'


def test_in_a_sandbox_that_lets_forms_out_it_is_the_whole_form(
    instance: Instance, sites: Sites, key: str, visit: Opening
) -> None:
    sites.put("/forms", sandboxed(instance, key, "allow-scripts allow-forms"))
    page = visit("/forms")
    form = form_in(page)
    expect(form.locator("#elsewhere")).to_be_hidden()
    before = partners_count(instance, key)
    person = people.someone(706)
    fill(form, person)
    form.locator("#sign-button").click()
    expect(form.locator("h1[data-focus]")).to_have_text("Now check your email")
    actions.confirm(instance, person["email"])
    assert partners_count(instance, key) == before + 1


def test_in_wordpress_own_sandbox_a_button_leads_to_the_page(
    instance: Instance, sites: Sites, key: str, visit: Opening
) -> None:
    """Its script: shows the frame at the first message, sets its height, follows its link."""
    sites.put("/wordpress", sandboxed(instance, key, "allow-scripts", "#?secret=Ab3dEfgh1j"))
    page = visit("/wordpress")
    form = form_in(page)
    expect(form.locator("#elsewhere")).to_be_visible()
    expect(form.locator("#sign")).to_be_hidden()
    expect(form.get_by_role("heading", level=1)).to_be_visible()
    assert not (found := violations_in(inner(page))), found
    page.wait_for_function("messages.length > 0")
    origin, told = page.evaluate("messages[0]")
    assert origin == "null"
    assert told["secret"] == "Ab3dEfgh1j"
    assert told["message"] == "height"
    high = inner(page).evaluate("document.querySelector('main').getBoundingClientRect().height")
    assert 200 < high <= told["value"] < high + 2
    said = page.evaluate("messages.length")
    page.evaluate("frames[0].postMessage({ message: 'ready', secret: 'Ab3dEfgh1j' }, '*')")
    page.wait_for_function("said => messages.length > said", arg=said)
    form.locator("#elsewhere a").click()
    page.wait_for_function("messages.at(-1)[1].message === 'link'")
    link = page.evaluate("messages.at(-1)[1].value")
    assert link == f"{instance.url}/en/amazon?partner={key}"
    assert {each["message"] for _, each in page.evaluate("messages")} == {"height", "link"}


def test_in_the_strictest_sandbox_it_says_where_to_sign(
    instance: Instance, sites: Sites, key: str, visit: Opening
) -> None:
    sites.put("/strictest", sandboxed(instance, key, ""))
    form = form_in(visit("/strictest"))
    expect(form.locator("noscript a")).to_be_visible()
    address = f"{instance.url}/en/amazon?partner={key}"
    expect(form.locator("noscript bdi")).to_have_text(address, use_inner_text=True)


# --- where it must not be -------------------------------------------------------------------------


def test_a_strangers_page_can_neither_show_nor_sign(
    instance: Instance, sites: Sites, key: str, visit: Opening
) -> None:
    ticket = actions.TICKET.search(actions.get(instance, f"/embed/amazon?partner={key}&lang=en"))
    assert ticket
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in (people.someone(720) | {"ticket": ticket[1]}).items()
    )
    post = f"{instance.url}/embed/amazon/sign?partner={key}&lang=en"
    sites.put(
        "/stranger",
        line(instance, key)
        + f'<iframe name="into"></iframe><form method="post" target="into" action="{escape(post)}">'
        f"{hidden}<button>Win a prize</button></form>",
    )
    count = "SELECT count(*) FROM entries"
    before = instance.rows(count)
    page = visit("/stranger", host=STRANGER)
    page.get_by_text("Win a prize").click()
    loaded(page)
    assert page.evaluate("events") == [["petition:failed", "amazon"]]
    expect(page.get_by_text("Sign the call")).to_be_visible()
    assert [each.name for each in page.frames if each.parent_frame] == ["into"]
    assert instance.rows(count) == before


def test_a_script_that_is_kept_away_leaves_the_link(
    instance: Instance, sites: Sites, key: str, visit: Opening
) -> None:
    sites.put("/blocked", line(instance, key))
    page = visit(
        "/blocked",
        fresh=True,
        before=lambda context: context.route("**/embed.js", lambda r: r.abort()),
    )
    expect(page.get_by_text("Sign the call")).to_be_visible()
    banner = line(instance, key).replace("<script", '<script type="text/plain"')
    sites.put("/banner", banner)
    page = visit("/banner")
    expect(page.get_by_text("Sign the call")).to_be_visible()
    assert page.locator("iframe").count() == 0


def test_a_frame_that_is_kept_away_leaves_the_link_and_no_hole(
    instance: Instance, sites: Sites, key: str, visit: Opening
) -> None:
    sites.put("/no-frame", line(instance, key))
    page = visit(
        "/no-frame",
        fresh=True,
        before=lambda context: context.route("**/embed/**", lambda r: r.abort()),
    )
    loaded(page)
    assert page.evaluate("events") == [["petition:failed", "amazon"]]
    assert page.locator("iframe").count() == 0
    link = page.get_by_text("Sign the call").bounding_box()
    below = page.get_by_text("What the partner says").bounding_box()
    assert link
    assert below
    assert below["y"] - link["y"] < 100


# --- what a page around it can do and learn -------------------------------------------------------


def test_foreign_messages_are_not_accepted(
    instance: Instance, sites: Sites, key: str, visit: Opening
) -> None:
    """From the page to the form, and as if from the form to the page."""
    sites.put("/hostile", line(instance, key))
    page = visit("/hostile")
    loaded(page)
    before = page.evaluate("document.querySelector('iframe').offsetHeight")
    inner(page).evaluate("window.heard = []")
    page.evaluate(
        """async () => {
            const [frame] = document.querySelectorAll("iframe");
            const shapes = [null, 1, "hello", "ready", [], {}, { petition: null },
                { petition: "height", height: 1 }, { petition: "ready", height: 9000 },
                { petition: ["hello"] }];
            for (let n = 0; n < 100; n++) {
                frame.contentWindow.postMessage(shapes[n % shapes.length], "*");
                // As the form would, but from this page itself.
                postMessage({ petition: "height", height: 3000 + n }, "*");
            }
            await new Promise((done) => setTimeout(done, 0));
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        }"""
    )
    # A stranger's frame on the same page speaks as well: it is no frame of ours.
    page.evaluate(
        """async (src) => {
            const other = document.createElement("iframe");
            other.src = src;
            document.body.append(other);
            await new Promise((done) => other.addEventListener("load", done));
        }""",
        sites.at(STRANGER, "/shouting"),
    )
    after = page.evaluate("[document.querySelector('iframe').offsetHeight, messages]")
    assert after[0] == before
    # It may tell its height again when its letters have come; it answered none of those.
    told = [data for origin, data in after[1] if origin == instance.url]
    assert [each["petition"] for each in told].count("ready") == 1
    assert len({each["height"] for each in told}) == 1


def test_a_click_that_something_is_laid_over_signs_nothing(
    instance: Instance, sites: Sites, key: str, visit: Opening
) -> None:
    """The page hides the form under a bait that lets clicks through: nobody typed who they are."""
    bait = "<style>iframe { opacity: 0.01 } b { position: fixed; pointer-events: none }</style>"
    sites.put("/bait", f"{bait}<b>Win a prize</b>{line(instance, key)}")
    count = "SELECT count(*) FROM entries"
    before = instance.rows(count)
    page = visit("/bait")
    loaded(page)
    form = form_in(page)
    form.locator("#agree").click()
    form.locator("#sign-button").click()
    expect(form.locator(".error-summary")).to_be_focused()
    assert instance.rows(count) == before


def test_no_message_height_or_event_tells_what_became_of_a_form(
    instance: Instance, sites: Sites, key: str, visit: Opening
) -> None:
    sites.put("/learn", line(instance, key))
    learned = []
    for number, change in ((730, {}), (730, {}), (731, {"given_name": ""})):
        page = visit("/learn", fresh=True)
        page.evaluate(
            """() => {
                window.loads = 0;
                window.heights = [];
            }"""
        )
        loaded(page)
        form = form_in(page)
        fill(form, people.someone(number) | change)
        said = page.evaluate("messages.length")
        page.evaluate(
            """() => {
                const frame = document.querySelector("iframe");
                frame.addEventListener("load", () => { loads += 1; });
                new ResizeObserver(() => heights.push(frame.offsetHeight)).observe(frame);
            }"""
        )
        form.locator("#sign-button").click()
        expect(form.locator("[data-focus]")).to_be_focused()
        page.wait_for_function("loads > 0")
        learned.append(
            page.evaluate(
                "said => [loads, heights, messages.slice(said), events, history.length, scrollY,"
                " frames[0].length]",
                said,
            )
        )
    accepted, repeated, refused = learned
    assert accepted == repeated == refused
    assert accepted[0] == 1
    assert accepted[2] == []


def test_a_strict_policy_needs_three_directives(
    instance: Instance, sites: Sites, key: str, visit: Opening
) -> None:
    """Those that docs/partners.md names, and no other."""
    host = instance.url
    policy = f"default-src 'none'; script-src {host}; frame-src {host}; img-src {host}"
    picture = f'<img src="{host}/en/amazon/card.png" alt="The call" width="100%">'
    sites.put("/strict", line(instance, key) + picture, Content_Security_Policy=policy)
    complaints: list[str] = []
    page = visit(
        "/strict",
        before=lambda context: context.on("console", lambda said: complaints.append(said.text)),
        bypass_csp=False,
    )
    loaded(page)
    assert page.evaluate("events") == [["petition:loaded", "amazon"]]
    assert page.evaluate("document.images[0].naturalWidth") == 1200
    ours = [each for each in complaints if "Content Security Policy" in each]
    assert ours == []


def test_a_version_for_good_is_checked_by_the_browser(
    instance: Instance, sites: Sites, key: str, visit: Opening
) -> None:
    versioned = instance.url + assets.address(EMBED)
    good = f'src="{versioned}" integrity="{assets.integrity(EMBED)}" crossorigin="anonymous"'
    pasted = line(instance, key).replace(f'src="{instance.url}/embed.js"', good)
    sites.put("/fixed", pasted)
    page = visit("/fixed")
    loaded(page)
    assert page.evaluate("events") == [["petition:loaded", "amazon"]]
    assert urlsplit(inner(page).url).path == "/embed/amazon"
