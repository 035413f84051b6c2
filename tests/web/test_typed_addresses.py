"""Addresses as people type them: led on to those meant, on this host, and only for looking."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition import assets, i18n
from petition.web.http.dependencies import dependencies_of
from tests import factories, people, rights

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

MEANT = {
    "/amazon/": "/amazon",
    "/Amazon": "/amazon",
    "/AMAZON": "/amazon",
    "/AMAZON/": "/amazon",
    "/amazon.": "/amazon",
    "/amazon,": "/amazon",
    "/amazon)": "/amazon",
    "/amazon).": "/amazon",
    "/amazon%22": "/amazon",
    "/amazon%3E": "/amazon",
    "/%3Camazon%3E": "/amazon",
    "/(amazon)": "/amazon",
    "/amazon%20": "/amazon",
    "/%20amazon": "/amazon",
    "/amazon%0A": "/amazon",
    "/amazon%E2%80%A6": "/amazon",
    "/amazon%E2%80%9D": "/amazon",
    "/%E2%80%8Eamazon%E2%80%8B": "/amazon",
    "/%EF%BD%81mazon": "/amazon",
    "/\\amazon": "/amazon",
    "//amazon": "/amazon",
    "///amazon//": "/amazon",
    "/EN/amazon": "/en/amazon",
    "/En/Amazon/": "/en/amazon",
    "/en/amazon/": "/en/amazon",
    "/en/amazon.": "/en/amazon",
    "/en//amazon": "/en/amazon",
    "//en/amazon": "/en/amazon",
    "/en/%20amazon": "/en/amazon",
    "/en-GB/amazon": "/en/amazon",
    "/en_gb/amazon": "/en/amazon",
    "/de-AT/amazon/": "/de/amazon",
    "/AR/amazon": "/ar/amazon",
    "/DE": "/de",
    "/de/": "/de",
    "/en/": "/en",
    "/de-CH": "/de",
    "/de.": "/de",
    "/Code": "/code",
    "/code/": "/code",
    "/CODE.": "/code",
    "/my/": "/my",
    "/My": "/my",
    "/my.": "/my",
    "/en/amazon/Privacy": "/en/amazon/privacy",
    "/en/amazon/privacy/": "/en/amazon/privacy",
    "/en/amazon/my/": "/en/amazon/my",
    "/en/amazon/CODE": "/en/amazon/code",
    "/DE/amazon/poster.pdf.": "/de/amazon/poster.pdf",
    "/.": "/",
    "//": "/",
    "/staff": "/staff/",
}
NOTHING = (
    "/nothing",
    "/Nothing/",
    "/en/nothing",
    "/en/nothing/",
    "/xx/amazon",
    "/english/amazon",
    "/e/amazon",
    "/en/amazon/nothing",
    "/en/amazon/privacy/more",
    "/amazon/sign/",
    "/en/amazon/sign/",
    "/Staff",
    "/STAFF/",
    "/staff/sign-in/",
    "/staff/Sign-In",
    "/Static/x/css/site.css",
    "/static",
    "/api",
    "/API/v1/",
    "/api/v1/campaigns/",
    "/en/amazon/sign.",
    "/healthz/",
    "/evil.example",
    "/amazonas",
    "/ama zon",
    "/en-" + "x" * 2000 + "/amazon",
    "/" + "a." * 900,
)


def test_each_is_led_to_the_address_meant(client: FlaskClient) -> None:
    for typed, wanted in MEANT.items():
        for method in ("GET", "HEAD"):
            answer = client.open("/", method=method, environ_overrides=path(typed))
            assert (answer.status_code, answer.headers["Location"]) == (308, wanted), typed
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert answer.headers["Cache-Control"] == "no-store"
        found = client.get(wanted, follow_redirects=True)
        assert found.status_code in {200, 303}, wanted
        assert len(found.history) <= 2, wanted


def path(typed: str) -> dict[str, str]:
    """The path as a server hands it on: a test client would put it right first."""
    return {"PATH_INFO": unquote_to_bytes(typed).decode("latin-1"), "REQUEST_URI": typed}


def test_no_answer_leads_to_where_it_came_from(client: FlaskClient) -> None:
    for wanted in {*MEANT.values()}:
        place, seen = wanted, set[str]()
        while (answer := client.get(place)).status_code in {302, 303, 308}:
            seen.add(place)
            place = answer.headers["Location"]
            assert place not in seen, wanted


def test_tags_come_along(client: FlaskClient) -> None:
    for typed, wanted in {
        "/AMAZON?source=x&utm_medium=mail": "/amazon?source=x&utm_medium=mail",
        "/de/?source=x": "/de?source=x",
        "/de?source=x": "/de/amazon?source=x",
        "/amazon&utm_source=x": "/amazon?utm_source=x",
        "/amazon&amp;utm_source=x": "/amazon?utm_source=x",
        "/amazon%3Fsource=x%26utm_medium=y": "/amazon?source=x&utm_medium=y",
        "/amazon/%3Fsource=x": "/amazon?source=x",
        "/amazon&source=a?utm_medium=b": "/amazon?utm_medium=b&source=a",
        "/amazon%23sign": "/amazon",
        "/Code?source=x": "/code?source=x",
    }.items():
        answer = client.get(typed)
        assert (answer.status_code, answer.headers["Location"]) == (308, wanted), typed
    for raw in (b"source=Solidarno\xc5\x9b\xc4\x87", b"source=%C5%82", b"source=%25C5&x=a+b"):
        for place in ("/amazon", "/", "/Amazon", "/de", "/code"):
            query = {"QUERY_STRING": raw.decode("latin-1")}
            answer = client.get(place, environ_overrides=query)
            kept = raw.replace(b"\xc5\x9b\xc4\x87", b"%C5%9B%C4%87").decode()
            assert answer.headers["Location"].partition("?")[2] == kept, place


def test_what_is_unknown_stays_nothing(client: FlaskClient) -> None:
    plain = client.get("/nothing")
    assert plain.status_code == 404
    for typed in NOTHING:
        answer = client.get("/", environ_overrides=path(typed))
        assert answer.status_code == 404, typed
        if not typed.startswith(("/en/", "/xx", "/static", "/api")):
            assert answer.data == plain.data, typed
        assert "Location" not in answer.headers


def test_nobody_is_led_to_another_host(client: FlaskClient) -> None:
    for typed in (
        "//evil.example", "///evil.example", "/\\evil.example", "/%5Cevil.example",
        "/en//evil.example",
        "//evil.example/amazon", "//evil.example/en/amazon", "/%2F%2Fevil.example",
        "//evil.example/..",
        "/https://evil.example", "/.//evil.example", "//staff", "/en//amazon", "/staff", "//",
        "/%09/evil.example", "//amazon@evil.example", "/amazon//evil.example",
    ):  # fmt: skip
        for method in ("GET", "HEAD", "POST", "PUT"):
            answer = client.open(
                "/",
                method=method,
                headers={"Host": "evil.example"},
                environ_overrides=path(typed),
            )
            place = answer.headers.get("Location", "/")
            assert place.startswith("/"), (typed, place)
            assert not place.startswith(("//", "/\\")), (typed, place)
            assert "evil.example" not in place
            assert b"evil.example" not in answer.data


def test_every_redirect_names_its_place_without_a_host(app: Flask, client: FlaskClient) -> None:
    link = rights.signed(app, client, people.cora)
    host = {"Host": "evil.example"}
    found = [client.get(place, headers=host) for place in ("/", "/amazon", "/code", "/my", "/de")]
    found += [client.get(place, headers=host) for place in ("/staff", "/staff/")]
    found.append(client.post(f"{link}/withdraw", headers=host))
    found.append(client.post(rights.newest(app, "confirm"), headers=host))
    form = people.ben | {"ticket": factories.ticket(client)}
    found.append(client.post("/en/amazon/sign", data=form, headers=host))
    for answer in found:
        assert answer.status_code in {302, 303, 308}
        assert answer.headers["Location"].startswith("/")


def test_a_form_is_never_sent_on(app: Flask, client: FlaskClient) -> None:
    form = people.ben | {"ticket": factories.ticket(client)}
    before = rights.dump(app)
    for typed in ("/EN/amazon/sign", "/en/amazon/sign/", "/en//amazon/sign", "/en-GB/amazon/sign"):
        answer = client.post("/", data=form, environ_overrides=path(typed))
        assert answer.status_code == 404, typed
    for typed in ("/AMAZON", "/staff", "/de/", "/my/", "/Confirm/x"):
        assert client.post(typed, data=form).status_code in {404, 405}, typed
    assert rights.dump(app) == before


def test_the_word_before_a_token_may_be_typed_in_any_case(app: Flask, client: FlaskClient) -> None:
    token = rights.signed(app, client, people.cora).rpartition("/")[2]
    for typed in (f"/My/{token}", f"/MY/{token}/", f"//my/{token}", f"/MY//{token}."):
        answer = client.get("/", environ_overrides=path(typed))
        assert answer.status_code == 308, typed
        assert answer.headers["Location"] == f"/my/{token}"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_a_language_alone_leads_on_in_it_or_lists_in_it(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    for code in i18n.codes():
        answer = client.get(f"/{code}", headers={"Accept-Language": "it"})
        assert (answer.status_code, answer.headers["Location"]) == (308, f"/{code}/amazon")
    rights.another_call(app, tmp_path)
    for code in i18n.codes():
        page = client.get(f"/{code}", headers={"Accept-Language": "it"})
        assert page.status_code == 200
        text = page.get_data(as_text=True)
        assert f'<html lang="{code}"' in text
        assert f'href="/{code}/other"' in text
    assert client.get("/Other/").headers["Location"] == "/other"
    assert client.get("/code/", follow_redirects=True).status_code == 200


def test_a_draft_is_not_given_away(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    rights.another_call(app, tmp_path)
    factories.change(app, "UPDATE campaigns SET state = 'draft' WHERE slug = 'other'")
    dependencies_of(app).campaign_cache.clear()
    for typed in ("/other/", "/OTHER", "/en/other/", "/en/Other"):
        assert client.get(typed).status_code == 404, typed


def test_what_there_is_answers_as_ever(client: FlaskClient) -> None:
    for place in ("/en/amazon", assets.address("css/site.css"), "/staff/sign-in", "/healthz"):
        assert client.get(place).status_code == 200
    assert client.get("/static//css/site.css").status_code == 404
