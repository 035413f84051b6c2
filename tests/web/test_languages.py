"""Languages of pages: which one an answer speaks, and the way from one to another."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition import i18n
from petition.app import create_app
from petition.config import load
from tests import console
from tests.factories import sign, the_call
from tests.people import Form

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
pytestmark = on_sqlite

TAGS = "source=ituc&utm_source=mastodon&utm_campaign=a.b~2"


def menu(text: str) -> dict[str, str]:
    """Language to address, as the menu has them."""
    found = re.search(r'<ul id="language-menu".*?</ul>', text, re.S)
    assert found, "the page has no language menu"
    links = re.findall(r'<a href="([^"]*)" lang="(\w+)" dir="(\w+)" hreflang="(\w+)"', found[0])
    assert all(lang == hreflang for _, lang, _, hreflang in links)
    assert all(direction == i18n.language(lang).direction for _, lang, direction, _ in links)
    return {lang: unescape(address) for address, lang, _, _ in links}


def tongue(text: str) -> tuple[str, str]:
    """What the page says that it is: language and direction."""
    found = re.search(r'<html lang="([\w-]+)" dir="(\w+)">', text)
    assert found
    return found[1], found[2]


def test_the_menu_leads_to_the_same_page_in_every_language(app: Flask, client: FlaskClient) -> None:
    codes = the_call(app).languages
    for place in ("", "/thanks", "/confirmed", "/privacy"):
        for code in codes:
            text = client.get(f"/{code}/amazon{place}").get_data(as_text=True)
            assert menu(text) == {other: f"/{other}/amazon{place}" for other in codes}
            assert tongue(text) == (code, i18n.language(code).direction)
            current = re.findall(r'lang="(\w+)" dir="\w+" hreflang="\w+" aria-current="true"', text)
            assert current == [code]


def test_a_change_of_language_keeps_the_tags_of_the_link(app: Flask, client: FlaskClient) -> None:
    text = client.get(f"/en/amazon?{TAGS}&other=x").get_data(as_text=True)
    addresses = menu(text)
    assert addresses == {code: f"/{code}/amazon?{TAGS}" for code in the_call(app).languages}
    other = client.get(addresses["ar"]).get_data(as_text=True)
    assert 'name="utm_campaign" value="a.b~2"' in other
    assert menu(other)["en"] == f"/en/amazon?{TAGS}"


def test_what_is_said_to_finders_holds_no_tags(app: Flask, client: FlaskClient) -> None:
    plain = client.get("/ar/amazon").get_data(as_text=True)
    tagged = client.get(f"/ar/amazon?{TAGS}").get_data(as_text=True)
    for name in ("canonical", "alternate"):
        links = re.findall(rf'<link rel="{name}"[^>]*>', plain)
        assert links == re.findall(rf'<link rel="{name}"[^>]*>', tagged)
    hreflangs = re.findall(r'<link rel="alternate" hreflang="([\w-]+)"', tagged)
    assert sorted(hreflangs) == sorted([*the_call(app).languages, "x-default"])


def test_tags_are_kept_when_the_form_comes_back(client: FlaskClient, people: Any) -> None:
    wrong: Form = people.amina | {"country": "", "source": "ituc"}
    answer = sign(client, wrong)
    assert answer.status_code == 422
    assert menu(answer.get_data(as_text=True))["ar"] == "/ar/amazon?source=ituc"


def test_a_tag_that_is_not_plain_goes_nowhere(client: FlaskClient) -> None:
    plain = client.get("/en/amazon").data
    for tag in ("%22%3E%3Cscript%3Ex", "a%26b", "Solidarno%C5%9B%C4%87", "x" * 65):
        assert client.get(f"/en/amazon?source={tag}").data == plain, tag
    kept = client.get("/en/amazon?source=union-b)").get_data(as_text=True)
    assert menu(kept)["ar"] == "/ar/amazon?source=union-b"


def test_an_address_without_a_language_keeps_the_tags(client: FlaskClient) -> None:
    for address in ("/amazon", "/"):
        answer = client.get(f"{address}?{TAGS}", headers={"Accept-Language": "en;q=0.1, ar-MA"})
        assert answer.headers["Location"] == f"/ar/amazon?{TAGS}"
        assert answer.headers["Vary"] == "Accept-Language"


ARABIC = {"Accept-Language": "ar-EG, en;q=0.5"}


@pytest.mark.parametrize(
    ("address", "headers", "code"),
    [
        ("/ar/nothing", {}, "ar"),
        ("/ar/amazon/nothing", {}, "ar"),
        ("/ar/nothing", {"Accept-Language": "en"}, "ar"),
        ("/en/nothing", ARABIC, "en"),
        ("/no/such/page", ARABIC, "ar"),
        ("/no/such/page", {}, "en"),
        ("/confirm/forged", ARABIC, "ar"),
        ("/confirm/forged?lang=en", ARABIC, "en"),
        ("/confirm/forged?lang=ar", {}, "ar"),
        ("/staff/sign-in", ARABIC, "ar"),
        ("/staff/sign-in", {}, "en"),
        ("/staff/nothing", ARABIC, "ar"),
    ],
)
def test_a_page_speaks_as_its_address_or_its_reader_asks(
    client: FlaskClient, address: str, headers: dict[str, str], code: str
) -> None:
    answer = client.get(address, headers=headers)
    assert tongue(answer.get_data(as_text=True))[0] == code
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_wrong_method_is_told_in_the_language_of_the_address(client: FlaskClient) -> None:
    answer = client.post("/ar/amazon", headers={"Accept-Language": "en"})
    assert answer.status_code == 405
    assert tongue(answer.get_data(as_text=True))[0] == "ar"


def test_a_page_behind_a_dead_link_can_be_read_in_every_language(client: FlaskClient) -> None:
    text = client.get("/confirm/forged").get_data(as_text=True)
    assert menu(text) == {code: f"?lang={code}" for code in i18n.codes()}


def test_the_console_speaks_as_the_browser_asks(app: Flask) -> None:
    owner = console.enter(app)
    for address in ("/staff/", "/staff/campaigns/amazon"):
        for code in i18n.codes():
            text = owner.get(address, headers={"Accept-Language": code}).get_data(as_text=True)
            assert tongue(text) == (code, i18n.language(code).direction)
            assert i18n.language(code).gettext("Confirmed") in text


def test_no_page_for_everybody_speaks_as_one_reader_asks(client: FlaskClient) -> None:
    """What a cache keeps is the same whatever the browser asks for."""
    for place in ("", "/thanks", "/privacy"):
        answers = [
            client.get(f"/en/amazon{place}", headers={"Accept-Language": asked})
            for asked in ("ar", "en", "*;q=0")
        ]
        assert len({answer.data for answer in answers}) == 1
        assert tongue(answers[0].get_data(as_text=True))[0] == "en"


@pytest.mark.parametrize("name", [None, "Unions Together"])
def test_every_page_names_the_organiser(
    app: Flask, settings: Any, tmp_path: Any, name: str | None, clock: Callable[[], Any]
) -> None:
    environ = {"DATABASE_URL": settings.database_url, "PETITION_INSTANCE": str(settings.instance)}
    named = create_app(load(environ | ({"PETITION_ORGANISER": name} if name else {})), now=clock)
    for code in the_call(app).languages:
        said = name or i18n.language(code).gettext("Campaign organiser")
        said = said[:1].upper() + said[1:]  # it stands alone there
        for place in (f"/{code}/amazon", f"/{code}/amazon/privacy", f"/{code}/amazon/nothing"):
            text = named.test_client().get(place).get_data(as_text=True)
            assert f'<a class="brand" href="/">{said}</a>' in unescape(text)


@pytest.mark.parametrize(
    ("contact", "link"),
    [
        ("contact@example.org", "mailto:contact@example.org"),
        ("https://example.org/contact", "https://example.org/contact"),
    ],
)
def test_every_page_says_how_to_reach_the_controller(
    app: Flask, settings: Any, clock: Callable[[], Any], contact: str, link: str
) -> None:
    environ = {"DATABASE_URL": settings.database_url, "PETITION_INSTANCE": str(settings.instance)}
    reachable = create_app(load(environ | {"PETITION_CONTACT": contact}), now=clock).test_client()
    silent = create_app(load(environ), now=clock).test_client()
    for code in the_call(app).languages:
        label = i18n.language(code).gettext("Contact:")
        asked = i18n.language(code).gettext(
            "For any question about your data, the controller can be reached here:"
        )
        for place in (f"/{code}/amazon", f"/{code}/amazon/privacy", f"/{code}/amazon/nothing"):
            text = unescape(reachable.get(place).get_data(as_text=True))
            assert (
                f'<p class="contact">{label} <a href="{link}" dir="ltr">{contact}</a></p>' in text
            )
            on_privacy = f'{asked} <a class="address" href="{link}" dir="ltr">{contact}</a>' in text
            assert on_privacy is place.endswith("/privacy")
            assert label not in unescape(silent.get(place).get_data(as_text=True))
