"""The API's document: whole both ways, well-formed, and never less than what was released."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.web.api import openapi
from petition.web.http.problems import PLACE, STATUSES, ProblemKind
from tools import openapi_changes
from tools.openapi_changes import RELEASED, breaking

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Document = dict[str, Any]


def released() -> Document:
    found: Document = json.loads(RELEASED.read_text(encoding="utf-8"))
    return found


@on_sqlite
def test_it_is_served_as_it_is_committed(client: FlaskClient) -> None:
    answer = client.get("/api/v1/openapi.json")
    assert answer.mimetype == "application/json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    served = answer.get_data(as_text=True)
    assert served == released_text(), "run python -m tools.openapi_changes, and look at it"


def released_text() -> str:
    return Path(RELEASED).read_text(encoding="utf-8").removesuffix("\n")


@on_sqlite
def test_every_address_of_the_api_is_in_it_and_no_other(app: Flask) -> None:
    served = {
        (
            rule.rule.replace("<slug:slug>", "{slug}").replace("<language>", "{language}"),
            method.lower(),
        )
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith(f"{PLACE}/campaigns")
    }
    document = openapi.document(app)
    told = {(path, method) for path, each in document["paths"].items() for method in each}
    assert told == served
    beside = {rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/")}
    assert {each for each in beside if not each.startswith(f"{PLACE}/campaigns")} == {
        f"{PLACE}/",
        f"{PLACE}/openapi.json",
    }


@on_sqlite
def test_everything_in_it_has_a_name_words_and_a_place(app: Flask) -> None:
    document = openapi.document(app)
    names = [each.operation.id for each in openapi.operations(app)]
    assert len(names) == len(set(names))
    schemas = document["components"]["schemas"]
    text = json.dumps(document)
    for name, schema in schemas.items():
        assert f"#/components/schemas/{name}" in text, f"{name} is used nowhere"
        assert schema.get("description"), name
    for methods in document["paths"].values():
        for operation in methods.values():
            assert operation["summary"]
            assert operation["description"].endswith(".")
            for parameter in operation["parameters"]:
                assert parameter["description"].endswith("."), parameter["name"]
            for answer in operation["responses"].values():
                assert answer["description"].endswith(".")


@on_sqlite
def test_every_kind_of_problem_is_explained(app: Flask, client: FlaskClient) -> None:
    outside = {ProblemKind.METHOD, ProblemKind.TIMED_OUT, ProblemKind.WRONG_HERE}
    assert set(openapi.problems()) == set(ProblemKind) - outside
    assert set(STATUSES) == set(ProblemKind)
    page = client.get(f"{PLACE}/").get_data(as_text=True)
    for kind in openapi.problems():
        assert f'id="{kind}"' in page


@on_sqlite
def test_the_page_says_what_the_document_says(app: Flask, client: FlaskClient) -> None:
    answer = client.get(f"{PLACE}/", headers={"Accept-Language": "ar"})
    page = answer.get_data(as_text=True)
    assert '<html lang="ar"' in page
    for path, methods in openapi.document(app)["paths"].items():
        for method, operation in methods.items():
            assert f"{method.upper()} {path}" in page
            assert f'id="{operation["operationId"]}"' in page
    for name in openapi.document(app)["components"]["schemas"]:
        assert f'id="{name}"' in page


# --- what would break a program -------------------------------------------------------------------

SIGN = f"{PLACE}/campaigns/{{slug}}/signatures"


def _schema(document: Document, name: str) -> Document:
    found: Document = document["components"]["schemas"][name]
    return found


BREAKS: dict[str, Callable[[Document], object]] = {
    "an address is gone": lambda new: new["paths"].pop(SIGN),
    "a method is gone": lambda new: new["paths"][SIGN].pop("post"),
    "a status is gone": lambda new: new["paths"][SIGN]["post"]["responses"].pop("202"),
    "a name of an operation changes": lambda new: new["paths"][SIGN]["post"].update(
        operationId="signNow"
    ),
    "a parameter is gone": lambda new: new["paths"][SIGN]["post"]["parameters"].pop(),
    "a parameter must be there": lambda new: new["paths"][SIGN]["post"]["parameters"][-1].update(
        required=True
    ),
    "a token is needed": lambda new: new["paths"][SIGN]["post"].update(security=[{"token": []}]),
    "an answer has a field less": lambda new: _schema(new, "Counts")["properties"].pop("confirmed"),
    "an answer may lack a field": lambda new: _schema(new, "Counts")["required"].remove(
        "confirmed"
    ),
    "a field of an answer is of another type": lambda new: _schema(new, "Counts")[
        "properties"
    ].update(confirmed={"type": "string"}),
    "an answer has a value more": lambda new: _schema(new, "NextStep")["enum"].append("wait"),
    "a body has a field less": lambda new: _schema(new, "SignatureForm")["properties"].pop(
        "comment"
    ),
    "a body must have a field": lambda new: _schema(new, "SignatureForm")["required"].append(
        "comment"
    ),
    "a field of a body must be shorter": lambda new: _schema(new, "SignatureForm")["properties"][
        "email"
    ].update(maxLength=10),
}


@pytest.mark.parametrize("what", BREAKS)
def test_what_would_break_a_program_is_seen(what: str) -> None:
    new = copy.deepcopy(released())
    BREAKS[what](new)
    assert breaking(released(), new), what


def test_what_breaks_nobody_passes() -> None:
    new = copy.deepcopy(released())
    counts, form = _schema(new, "Counts"), _schema(new, "SignatureForm")
    counts["properties"]["more"] = {"type": "integer"}
    counts["required"].append("more")
    form["properties"]["more"] = {"type": "string", "default": ""}
    new["paths"][f"{PLACE}/more"] = {}
    new["paths"][SIGN]["post"]["responses"]["418"] = {"description": "x"}
    new["info"]["description"] = "x"
    assert breaking(released(), new) == []


@on_sqlite
def test_nothing_breaks_what_was_released(app: Flask) -> None:
    assert breaking(released(), openapi.document(app)) == []
    assert openapi_changes.RELEASED.is_file()
