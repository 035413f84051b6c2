"""A host without https: the browser says nothing of where a form comes from, as old ones do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests import people
from tests.browser import actions
from tests.browser.conftest import Driver
from tests.browser.instance import Instance
from tests.browser.staff import PASSWORD, next_code, set_up_second_factor

HOST = "petition.test"
FOREIGN = "foreign.test"


@pytest.fixture(scope="module")
def plain(browsers: Driver) -> Browser:
    """A Chromium for which both hosts are this machine."""
    return browsers.browser(f"--host-resolver-rules=MAP {HOST} 127.0.0.1, MAP {FOREIGN} 127.0.0.1")


@dataclass
class Sent:
    """The forms that a page sent: what the browser said of where each came from."""

    asked: list[Request] = field(default_factory=list)

    def over(self, page: Page) -> None:
        page.on("request", lambda request: self.asked.append(request))

    def origins(self) -> list[str | None]:
        """Of all forms; that the browser says nothing else is what this host is for."""
        found = [each.all_headers() for each in self.asked if each.method == "POST"]
        assert [headers.get("sec-fetch-site") for headers in found] == [None] * len(found)
        return [headers.get("origin") for headers in found]


@pytest.fixture
def base(instance: Instance) -> str:
    return f"http://{HOST}:{urlsplit(instance.url).port}"


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def page(plain: Browser, base: str, sent: Sent, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = plain.new_context(base_url=base, java_script_enabled=request.param, locale="en-GB")
    page = context.new_page()
    sent.over(page)
    yield page
    context.close()


def press(page: Page, button: str) -> int:
    """Press a button that sends a form; the status of the page that came of it."""
    with page.expect_navigation() as done:
        page.locator(button).click()
    answer = done.value
    assert answer is not None
    return answer.status


def test_a_form_that_came_back_is_taken(page: Page, base: str, sent: Sent) -> None:
    page.goto("/en/amazon")
    for name in ("given_name", "family_name"):
        page.locator(f"#{name}").fill(people.ben[name])
    page.locator("#email").fill(f"plain.{id(page)}@example.org")
    page.locator("#country").select_option(people.ben["country"])
    page.locator("input[name=updates][value=no]").check()
    assert press(page, "#sign-button") == 422
    expect(page.locator("#given_name")).to_have_value(people.ben["given_name"])
    assert press(page, "#sign-button") == 422
    page.locator("#agree").check()
    assert press(page, "#sign-button") == 200
    page.wait_for_url("**/en/amazon/thanks")
    assert press(page, "main form button") == 422  # the letter once more, without an address
    page.locator("#email").fill("nobody@example.org")
    assert press(page, "main form button") == 200
    page.wait_for_url("**/en/amazon/asked")
    assert sent.origins() == [base] * 5


@pytest.mark.parametrize("place", ["my", "code"])
def test_so_are_the_small_forms(page: Page, base: str, sent: Sent, place: str) -> None:
    page.goto(f"/en/amazon/{place}")
    assert press(page, "main form button") == 422
    assert press(page, "main form button") == 422
    page.locator("#email").fill("nobody@example.org")
    if place == "code":
        page.locator("#code").fill("BBB-BBB")
    assert press(page, "main form button") == {"my": 200, "code": 422}[place]
    assert sent.origins() == [base] * 3


@pytest.fixture
def foreign() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Another host, and the headers of whatever asks it for something."""
    asked: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/":  # and not the picture that browsers ask for by themselves
                asked.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<title>elsewhere</title>")

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://{FOREIGN}:{server.server_port}/", asked
    server.shutdown()
    thread.join()
    server.server_close()


def leave(page: Page, to: str) -> None:
    """Follow a link to another host that somebody put on this very page."""
    page.evaluate(
        """to => {
            const link = document.createElement("a");
            link.href = to; link.id = "away"; link.textContent = "away";
            document.getElementById("main").append(link);
        }""",
        to,
    )
    page.locator("#away").click()
    page.wait_for_url(to)


def test_personal_pages_work_and_no_token_leaves(
    page: Page, instance: Instance, base: str, sent: Sent, foreign: tuple[str, list[dict[str, str]]]
) -> None:
    elsewhere, asked = foreign
    email = f"personal.{id(page)}@example.org"
    actions.sign(instance, people.cora | {"email": email})
    confirm = urlsplit(instance.letter(email, "/confirm/").link("/confirm/")).path
    page.goto(f"{confirm}).")
    leave(page, elsewhere)
    page.goto(confirm)
    assert press(page, "#confirm-button") == 200
    page.wait_for_url("**/en/amazon/confirmed")

    mine = urlsplit(instance.letter(email, "/my/").link("/my/")).path
    page.goto(mine)
    page.locator("#given_name").fill("")
    assert press(page, "#name-button") == 422
    page.locator("#given_name").fill("Cora")
    assert press(page, "#name-button") == 200
    leave(page, elsewhere)
    page.goto(mine)
    assert press(page, "#erase-button") == 422
    leave(page, elsewhere)
    page.goto("/nothing")
    leave(page, elsewhere)
    assert len(asked) == 4
    assert [headers.get("referer") for headers in asked] == [None] * 4
    page.goto("/en/amazon/my")
    leave(page, elsewhere)
    assert asked[-1]["referer"] == f"{base}/", "a public page says its host, and no more"
    assert set(sent.origins()) == {"null"}


def test_staff_work_there_too(page: Page, instance: Instance, sent: Sent) -> None:
    email = f"plain.{id(page)}@campaign.example.org"
    page.goto(urlsplit(instance.invite("editor", email)).path)
    page.locator("#password").fill("short")
    assert press(page, "main form button") == 422
    page.locator("#password").fill(PASSWORD)
    assert press(page, "main form button") == 200
    secret = set_up_second_factor(page)
    page.goto("/staff/campaigns/amazon/domains")
    add = "section:has(#domain) form button"
    page.locator("#domain").fill("-")
    assert press(page, add) == 422
    page.locator("#domain").fill("plain.example")
    assert press(page, add) == 200
    assert press(page, "header form button") == 200
    page.wait_for_url("**/staff/sign-in")
    page.locator("#email").fill(email)
    page.locator("#password").fill("not this one, surely")
    assert press(page, "main form button") == 422
    page.locator("#password").fill(PASSWORD)
    assert press(page, "main form button") == 200
    page.locator("#code").fill(next_code(secret))
    assert press(page, "main form button") == 200
    page.wait_for_url("**/staff/")
    assert set(sent.origins()) == {"null"}
