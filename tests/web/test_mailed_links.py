"""Mailed links as programs mangle them: what got stuck to a token or into it is no part of it."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.web.http.url_converters import bare_token
from tests import console, factories, people, rights

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

AFTER = (
    ".", ",", ")", "%22", "%3E", "%3D", "%20", "/", "//", "&utm_source=x", "&amp;utm_source=x",
    ">", "%5D", "]", "%C2%BB", "%E2%80%9D", "%E2%80%A6", "...", ");", ".)", "%0A", "%0D%0A", "=",
    "=20", "=3D", "%3Futm_source=x", "%23top", "%E2%80%8B", "%EF%BB%BF", "%20to%20confirm",
    "%0AHello", "'", "*", "|", "%7D", "%00", "%FF", "!", "?", "?utm_source=x&fbclid=y", ".html",
)  # fmt: skip
BEFORE = ("%20", "%3C", "%22", "(", "%0A", "%E2%80%8E", "=%0D%0A", "/", "%E2%80%9E", ".")
INSIDE = (
    "%0A", "=%0D%0A", "%0D%0A%20", "%20", "%09", "%E2%80%8B", "%C2%AD", "%EF%BB%BF", "=%0A",
    "%E2%81%A0",
)  # fmt: skip


def mangled(token: str) -> list[str]:
    """Every way that a token comes back in."""
    found = [token + each for each in AFTER] + [each + token for each in BEFORE]
    for place in (1, len(token) // 2, len(token) - 1, token.index("."), token.index(".") + 1):
        found += [token[:place] + each + token[place:] for each in INSIDE]
    found += [token.replace(".", "=2E"), token.replace("-", "=2D"), f"%E2%80%AA{token}%E2%80%AC."]
    return [*found, f"%3C{token[:30]}=%0D%0A{token[30:60]}=%0D%0A{token[60:]}%3E."]


@pytest.fixture
def links(app: Flask, client: FlaskClient) -> dict[str, str]:
    """A right token for each address, all of the same person."""
    rights.signed(app, client, people.cora)
    letter = factories.letters(app)[-1]
    found = {prefix: rights.link_to(prefix, letter) for prefix in ("my", "unsubscribe", "stop")}
    found["confirm"] = rights.newest(app, "confirm")
    return {prefix: link.rpartition("/")[2] for prefix, link in found.items()}


@pytest.mark.slow
@on_sqlite
@pytest.mark.parametrize("prefix", ["confirm", "my", "stop", "unsubscribe"])
def test_a_mangled_link_is_the_link(
    client: FlaskClient, links: dict[str, str], prefix: str
) -> None:
    right = client.get(f"/{prefix}/{links[prefix]}")
    assert right.status_code == 200
    for number, token in enumerate(mangled(links[prefix])):
        answer = client.get(f"/{prefix}/{token}")
        assert (answer.status_code, answer.data) == (200, right.data), token
        if number % 6 == 0:  # one view answers both
            assert client.head(f"/{prefix}/{token}").status_code == 200


def test_the_buttons_behind_a_mangled_link_work(
    app: Flask, client: FlaskClient, links: dict[str, str]
) -> None:
    for token in mangled(links["unsubscribe"])[::6]:
        one_click = {"List-Unsubscribe": "One-Click"}
        answer = client.post(f"/unsubscribe/{token}", data=one_click)
        assert answer.status_code == 200, token
    assert factories.rows(
        app, "SELECT count(*) FROM signatures WHERE unsubscribed_at IS NOT NULL"
    ) == [(1,)]
    for token in mangled(links["confirm"])[::6]:
        answer = client.post(f"/confirm/{token}")
        assert answer.headers["Location"] == "/en/amazon/confirmed", token
    for token in mangled(links["my"])[::6]:
        form = {"do": "name", "given_name": "Cora", "family_name": ""}
        answer = client.post(f"/my/{token}", data=form)
        assert answer.headers["Location"] == f"/my/{links['my']}?done=name", token
        assert client.post(f"/my/{token}", data={"do": "download"}).status_code == 200
    for token in mangled(links["stop"])[::6]:
        answer = client.post(f"/stop/{token}")
        assert answer.status_code == 303
        place, _, query = answer.headers["Location"].partition("?")
        assert place == f"/stop/{links['stop']}"
        assert query == token.partition("?")[2]
        assert client.get(answer.headers["Location"]).status_code == 200
    assert rights.ids(app) == []


@on_sqlite
def test_a_query_that_is_no_text_comes_along_and_breaks_nothing(
    app: Flask, client: FlaskClient, links: dict[str, str]
) -> None:
    raw = b'lang=\xff\xfe&x=\xc5\x82&y=%5B["<>'.decode("latin-1")
    answer = client.post(f"/stop/{links['stop']}", environ_overrides={"QUERY_STRING": raw})
    assert answer.status_code == 303
    assert "?" not in answer.headers["Location"], "nothing but a language goes on from there"
    answer = client.get("/amazon", environ_overrides={"QUERY_STRING": raw})
    query = answer.headers["Location"].partition("?")[2]
    assert query.startswith("lang=%FF%FE&x=%C5%82&y=%5B")


@on_sqlite
def test_a_mangled_link_to_set_an_account_up(app: Flask, client: FlaskClient) -> None:
    token = console.invite(app).rpartition("/")[2]
    right = client.get(f"/staff/set-up/{token}").status_code
    assert right == 200
    for end in AFTER:
        assert client.get(f"/staff/set-up/{token}{end}").status_code == 200, end
    for start in BEFORE:
        assert client.get(f"/staff/set-up/{start}{token}").status_code == 200, start
    for inside in INSIDE:
        assert client.get(f"/staff/set-up/{token[:9]}{inside}{token[9:]}").status_code == 200
    for bad in (token[:-1], f"{token}A", f"A{token}", f"{token}-", token[:20], "%00", "."):
        assert client.get(f"/staff/set-up/{bad}").status_code == 404, bad
    page = client.get(f"/staff/set-up/{token}")
    form = {"csrf_token": console.form_token(page), "password": console.PASSWORD}
    assert client.post(f"/staff/set-up/{token}%3E.", data=form).status_code == 303


@on_sqlite
def test_nothing_is_guessed(client: FlaskClient, links: dict[str, str]) -> None:
    """What could be a part of a token is left where it is, and then the signature is wrong."""
    token = links["my"]
    for bad in (
        token[:-1], f"{token}A", f"{token}-", f"{token}_", f"A{token}", token.swapcase(),
        token.replace(".", ""), f"{token[:-1]}%20", f"{token[:40]}.{token[41:]}", token[1:],
        f"{token[:-2]}{token[-1]}{token[-2]}", token[:-1] + "%C3%A9", "%20", ".", "=", "%0A",
    ):  # fmt: skip
        if bad != token:
            assert client.get(f"/my/{bad}").status_code == 404, bad


@pytest.mark.parametrize("part", [" ", "=\r\n", "a ", "a.", "1.1.", "=2E", "\u200b", "a\n.\n"])
def test_a_long_address_is_read_as_quickly(part: str) -> None:
    """No text makes the reading of it explode: this would take years."""
    text = part * 200_000
    assert bare_token(text) == text
    assert quote(text)
