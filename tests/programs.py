"""Programs that sign by the API: what they send for a persona, and how."""

from __future__ import annotations

from typing import Any, Final

from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition.domain.signatures.source import TAGS
from petition.web.signing.questions import field_name
from tests.people import Form

PLACE: Final = "/api/v1/campaigns/amazon"
KEY: Final = "Idempotency-Key"
_TYPED: Final = ("given_name", "family_name", "email", "country", "postcode", "comment", *TAGS)


def body_of(client: FlaskClient, person: Form, lang: str = "en") -> dict[str, Any]:
    """What a program sends that asked this person everything, in the words of now."""
    asked = client.get(f"{PLACE}/texts/{lang}").get_json()["consents"]
    typed = {name: person[name] for name in _TYPED if name in person}
    answers = [(each, person.get(field_name(each["purpose"]))) for each in asked]
    return typed | {
        "language": lang,
        "consents": [
            {
                "purpose": question["purpose"],
                "text_sha256": question["text_sha256"],
                "answer": answer,
            }
            for question, answer in answers
            if answer is not None
        ],
    }


def send(
    client: FlaskClient, key: str | None, body: object, lang: str = "", **headers: str
) -> Answer:
    """Send a body for the partner with this key."""
    asked = {name: value for name, value in (("partner", key), ("lang", lang)) if value}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(f"{PLACE}/signatures", json=body, query_string=asked, headers=named)


def sign(client: FlaskClient, key: str, person: Form, lang: str = "en") -> Answer:
    """Fetch the texts, ask the person, send the form for the partner."""
    return send(client, key, body_of(client, person, lang))


def pointers(answer: Answer) -> list[str]:
    """Where a problem says that something is wrong."""
    return [each["pointer"] for each in answer.get_json()["errors"]]


def kind(answer: Answer) -> str:
    """The kind of problem."""
    assert answer.mimetype == "application/problem+json", answer.get_data(as_text=True)
    problem = answer.get_json()
    assert problem["status"] == answer.status_code
    return str(problem["type"].partition("#")[2])
