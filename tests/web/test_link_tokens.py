"""The tokens in links: forged, changed by a bit, or put into another address, they open nothing."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.domain import tokens
from petition.domain.tokens import Tokens
from petition.web.http.access import LINK
from petition.web.http.dependencies import dependencies_of
from tests import factories, partner_sites, people, rights
from tests.conftest import Clock
from tests.factories import rows, work
from tests.worlds import Worlds

PREFIXES: Final = ("confirm", "my", "unsubscribe", "stop", "accept")
"""Each purpose has an address that begins with its name; `ticket` is the one without."""


@pytest.fixture
def links(app: Flask, client: FlaskClient, clock: Clock, worlds: Worlds) -> dict[str, str]:
    """A right token for each purpose, all of the same person."""
    return worlds.enter(app, clock, "token_of_each", lambda: _links(app, client))


def _links(app: Flask, client: FlaskClient) -> dict[str, str]:
    rights.signed(app, client, people.cora)
    factories.sign(client, people.cora)
    work(app)
    thanks = next(
        letter for letter in factories.letters(app) if str(letter["Subject"]) == "Thank you"
    )
    found = {prefix: rights.link_to(prefix, thanks) for prefix in ("my", "unsubscribe", "stop")}
    found["confirm"] = rights.newest(app, "confirm")
    found = {prefix: link.rpartition("/")[2] for prefix, link in found.items()}
    terms_id = partner_sites.set_terms(app, partner_sites.make_new(app))
    found["accept"] = partner_sites.accept_link(app, terms_id).rpartition("/")[2]
    found["ticket"] = factories.ticket(client)
    return found


def press(client: FlaskClient, prefix: str, token: str) -> Iterator[int]:
    """Everything that can be done at that address."""
    yield client.get(f"/{prefix}/{token}").status_code
    for data in ({}, {"do": "withdraw"}, {"do": "erase", "sure": "yes"}, {"lift": "yes"}):
        yield client.post(f"/{prefix}/{token}", data=data).status_code
    for action in actions(client.application, prefix):
        for data in ({}, {"sure": "yes"}):
            yield client.post(f"/{prefix}/{token}/{action}", data=data).status_code


def actions(app: Flask, prefix: str) -> list[str]:
    """The last parts of the addresses of what can be done there."""
    rules = (rule.rule.split("/")[1:] for rule in app.url_map.iter_rules())
    token = "<token:token>"
    return [rule[2] for rule in rules if len(rule) == 3 and rule[:2] == [prefix, token]]


def test_every_route_with_a_token_is_tried_here(app: Flask) -> None:
    found = {
        rule.rule.split("/")[1]
        for rule in app.url_map.iter_rules()
        if getattr(app.view_functions[rule.endpoint], "access", None) == LINK
    }
    # A partner's link is no signed token: tests/web/test_partner_page.py.
    assert found == {*PREFIXES, "partner"}
    tickets = {"ticket", "frame-ticket", "link-ticket", "preview-ticket"}
    assert {*PREFIXES, *tickets} == set(tokens.PURPOSES)
    assert "withdraw" in actions(app, "my")
    assert "lift" in actions(app, "stop")


@pytest.mark.slow
@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_token_opens_its_own_page_and_no_other(
    app: Flask, client: FlaskClient, links: dict[str, str], prefix: str
) -> None:
    before = rights.dump(app)
    for purpose, token in links.items():
        if purpose != prefix:
            assert set(press(client, prefix, token)) == {404}, purpose
    assert rights.dump(app) == before
    assert client.get(f"/{prefix}/{links[prefix]}").status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize("prefix", PREFIXES)
def test_ten_thousand_changed_ones_are_refused(
    app: Flask, links: dict[str, str], prefix: str, clock: Clock
) -> None:
    """Bits flipped, characters changed, cut, doubled: read as the routes read them."""
    reader: Tokens = dependencies_of(app).tokens
    right = links[prefix]
    assert reader.read(prefix, right, at=clock())
    accepted = [bad for bad in changed(right) if not refused(reader, prefix, bad, clock)]
    assert accepted == []


def changed(token: str) -> Iterator[str]:
    chance = random.Random(1)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    for place in range(len(token)):
        for char in alphabet:
            if char != token[place]:
                yield token[:place] + char + token[place + 1 :]
        yield token[:place]
        yield token[:place] + token[place + 1 :]
        yield token[:place] + token[place] + token[place:]
    body, _, mac = token.rpartition(".")
    raw = bytearray(base64.urlsafe_b64decode(mac + "=" * (-len(mac) % 4)))
    for bit in range(len(raw) * 8):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        yield f"{body}.{base64.urlsafe_b64encode(flipped).decode().rstrip('=')}"
    for _ in range(10_000):
        text = list(token)
        for _ in range(chance.randint(1, 3)):
            text[chance.randrange(len(text))] = chance.choice(alphabet)
        if "".join(text) != token:
            yield "".join(text)
    yield from (mac, f".{mac}", f"{token}=", f"{token}==", f" {token}", f"{token}\n", token.upper())


def refused(reader: Tokens, purpose: str, token: str, clock: Clock) -> bool:
    try:
        reader.read(purpose, token, at=clock())
    except (tokens.TokenRefused, tokens.TokenExpired):
        return True
    return False


@pytest.mark.slow
@pytest.mark.parametrize("prefix", PREFIXES)
def test_some_of_them_in_requests(
    app: Flask, client: FlaskClient, links: dict[str, str], prefix: str
) -> None:
    before = rights.dump(app)
    for bad in list(changed(links[prefix]))[::701]:
        if "\n" in bad or not bad:
            continue
        assert set(press(client, prefix, bad)) <= {404, 405, 308}, bad
    for odd in ("é" * 40, "🙂", "..", "%00", "a" * 4000, "1.1.1", "-", "'; DROP TABLE signatures"):
        for status in press(client, prefix, odd):
            assert status in {404, 405, 308, 302}, odd
    assert rights.dump(app) == before


def test_a_link_to_stop_is_for_its_own_call_and_address(
    app: Flask, client: FlaskClient, links: dict[str, str], tmp_path: Path
) -> None:
    """Its value is in clear; another one with the same signature is refused."""
    rights.another_call(app, tmp_path)
    rights.signed(app, client, people.cora, slug="other")
    value, expires, mac = links["stop"].split(".")
    campaign, key, lang = value.split("-")
    other = f"{int(campaign) + 1}-{key}-{lang}"
    stranger = f"{campaign}-{'0' * 32}-{lang}"
    before = rights.dump(app)
    for forged in (other, stranger, f"{campaign}-{key}", f"{campaign}-{key}-xx", value + "-x"):
        assert set(press(client, "stop", f"{forged}.{expires}.{mac}")) == {404}
    assert rights.dump(app) == before
    assert client.post(f"/stop/{links['stop']}").status_code == 303
    assert rows(app, "SELECT count(*) FROM mailbox_blocks") == [(1,)]
    (left,) = rights.ids(app)
    assert rights.state(app, left) == "confirmed"


def test_a_language_with_a_region_has_a_link_too(app: Flask, client: FlaskClient) -> None:
    """`pt-br` has a dash, as the parts of the link's value have between them."""
    deps = dependencies_of(app)
    token = deps.tokens.sign(
        tokens.STOP, f"1-{'0' * 32}-pt-br", expires=deps.now() + timedelta(days=1)
    )
    assert client.get(f"/stop/{token}").status_code == 404, "not written in that language"


def test_a_link_to_a_call_that_is_gone_is_nothing(app: Flask, client: FlaskClient) -> None:
    deps = dependencies_of(app)
    token = deps.tokens.sign(
        tokens.STOP, f"99-{'0' * 32}-en", expires=deps.now() + timedelta(days=1)
    )
    assert set(press(client, "stop", token)) == {404}
