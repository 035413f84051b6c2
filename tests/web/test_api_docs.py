"""docs/api.md: each example of it is sent, and answered as it says."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import api_tokens, partner_sites, people, programs, rights
from tests.conftest import Clock
from tests.factories import confirm, entries
from tests.programs import PLACE, kind

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

TEXT: Final = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


def documents() -> list[Any]:
    """The examples in JSON, in their order."""
    found = re.findall(r"^    (\{.*\}|\{\n(?:.*\n)*?    \})\n", TEXT, re.MULTILINE)
    return [json.loads(each) for each in found]


def addresses(method: str) -> list[str]:
    return re.findall(rf"^    {method} (\S+)$", TEXT, re.MULTILINE)


def test_every_address_to_read_is_there(client: FlaskClient) -> None:
    places = addresses("GET")[:5]
    assert len(addresses("GET")) == 7
    for place in places:
        assert client.get(place).status_code == 200, place
    assert client.get(places[-1]).get_json() == documents()[0]


def test_the_form_is_taken_as_it_stands_there(app: Flask, client: FlaskClient) -> None:
    _counter, form, accepted, _signatures, _withdrawals, problem = documents()
    (place,) = addresses("POST")
    asked = {
        each["purpose"]: each for each in client.get(f"{PLACE}/texts/en").get_json()["consents"]
    }
    for each in form["consents"]:
        assert each["text_sha256"] == "VERSION"
        each["text_sha256"] = asked[each["purpose"]]["text_sha256"]
    key = partner_sites.make(app)
    answer = client.post(place.replace("KEY", key), json=form)
    assert (answer.status_code, answer.get_json()) == (202, accepted)
    wrong = programs.send(client, key, form | {"country": "Britain"})
    here = "https://petition.example.org"
    kept = {**problem, "type": problem["type"].replace(here, "http://127.0.0.1:8000")}
    assert wrong.get_json() == kept


def test_what_a_token_reads_is_as_it_stands_there(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """But for what is drawn or made from keys: references and versions."""
    *_, signatures, withdrawals, _problem = documents()
    key = partner_sites.asking(app)
    ada = {"given_name": "Ada", "family_name": "", "email": "ada@example.org", "country": "GB"}
    partner_sites.keep(app, key, people.ben | ada)
    confirm(app, entries(app)[0])
    clock.forward(timedelta(minutes=5))
    rest = {"Authorization": f"Bearer {api_tokens.make(app, key)}"}
    found = client.get(addresses("GET")[5], headers=rest).get_json()
    rights.withdraw(app, 1)
    left = client.get(addresses("GET")[6], headers=rest).get_json()
    told = (found["signatures"][0], left["withdrawals"][0])
    assert told[0]["reference"] == told[1]["reference"]
    said = (signatures["signatures"][0], withdrawals["withdrawals"][0])
    for one, other in zip(told, said, strict=True):
        assert len(one["reference"]) == len(other["reference"])
        assert list(one) == list(other)
        assert without_drawn(one) == without_drawn(other)
    assert {**found, "signatures": []} == {**signatures, "signatures": []}
    assert {**left, "withdrawals": []} == {**withdrawals, "withdrawals": []}


def without_drawn(one: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in one.items()
        if name not in {"reference", "text_sha256", "answered_at", "at"}
    }


def test_the_kinds_that_it_names_are_there(client: FlaskClient) -> None:
    page = client.get("/api/v1/").get_data(as_text=True)
    for name in re.findall(r"`([a-z]+-[a-z]+)`", TEXT):
        assert f'id="{name}"' in page, name
    assert kind(client.get("/api/v1/none")) == "not-found"
