"""The tokens in links: forged, changed by a bit, or taken to another door, they open nothing."""

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
from petition.web.access import LINK
from tests import factories, people, rights
from tests.conftest import Clock
from tests.factories import rows, work

DOORS: Final = ("confirm", "my", "unsubscribe", "stop")
"""Each purpose has a door of its name; `ticket` is the one without."""


@pytest.fixture
def links(app: Flask, client: FlaskClient) -> dict[str, str]:
    """A right token for each purpose, all of the same person."""
    rights.signed(app, client, people.cora)
    factories.sign(client, people.cora)
    work(app)
    thanks = next(
        letter for letter in factories.letters(app) if str(letter["Subject"]) == "Thank you"
    )
    found = {door: rights.link_to(door, thanks) for door in ("my", "unsubscribe", "stop")}
    found["confirm"] = rights.newest(app, "confirm")
    found = {door: link.rpartition("/")[2] for door, link in found.items()}
    found["ticket"] = factories.ticket(client)
    return found


def press(client: FlaskClient, door: str, token: str) -> Iterator[int]:
    """Everything that can be done at that door."""
    yield client.get(f"/{door}/{token}").status_code
    for data in ({}, {"do": "withdraw"}, {"do": "erase", "sure": "yes"}, {"lift": "yes"}):
        yield client.post(f"/{door}/{token}", data=data).status_code


def test_every_door_with_a_link_is_tried_here(app: Flask) -> None:
    found = {
        rule.rule.split("/")[1]
        for rule in app.url_map.iter_rules()
        if getattr(app.view_functions[rule.endpoint], "access", None) == LINK
    }
    assert found == set(DOORS)
    assert {*DOORS, "ticket"} == set(tokens.PURPOSES)


@pytest.mark.parametrize("door", DOORS)
def test_a_token_opens_its_own_door_and_no_other(
    app: Flask, client: FlaskClient, links: dict[str, str], door: str
) -> None:
    before = rights.dump(app)
    for purpose, token in links.items():
        if purpose != door:
            assert set(press(client, door, token)) == {404}, purpose
    assert rights.dump(app) == before
    assert client.get(f"/{door}/{links[door]}").status_code == 200


@pytest.mark.parametrize("door", DOORS)
def test_ten_thousand_changed_ones_are_refused(
    app: Flask, links: dict[str, str], door: str, clock: Clock
) -> None:
    """Bits flipped, characters changed, cut, doubled: read as the door reads them."""
    reader: Tokens = app.extensions["petition"].tokens
    right = links[door]
    assert reader.read(door, right, at=clock())
    accepted = [bad for bad in changed(right) if not refused(reader, door, bad, clock)]
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


@pytest.mark.parametrize("door", DOORS)
def test_some_of_them_at_the_door_itself(
    app: Flask, client: FlaskClient, links: dict[str, str], door: str
) -> None:
    before = rights.dump(app)
    for bad in list(changed(links[door]))[::701]:
        if "\n" in bad or not bad:
            continue
        assert set(press(client, door, bad)) <= {404, 405, 308}, bad
    for odd in ("é" * 40, "🙂", "..", "%00", "a" * 4000, "1.1.1", "-", "'; DROP TABLE signatures"):
        for status in press(client, door, odd):
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
    assert [row for (row,) in rows(app, "SELECT campaign_id FROM blocks")] == [int(campaign)]
    (left,) = rights.ids(app)
    assert rights.state(app, left) == "confirmed"


def test_a_language_with_a_region_has_a_link_too(app: Flask, client: FlaskClient) -> None:
    """`pt-br` has a dash, as the parts of the link's value have between them."""
    house = app.extensions["petition"]
    token = house.tokens.sign(
        tokens.STOP, f"1-{'0' * 32}-pt-br", expires=house.now() + timedelta(days=1)
    )
    assert client.get(f"/stop/{token}").status_code == 404, "not written in that language"


def test_a_link_to_a_call_that_is_gone_is_nothing(app: Flask, client: FlaskClient) -> None:
    house = app.extensions["petition"]
    token = house.tokens.sign(
        tokens.STOP, f"99-{'0' * 32}-en", expires=house.now() + timedelta(days=1)
    )
    assert set(press(client, "stop", token)) == {404}
