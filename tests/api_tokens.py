"""Tokens of the API, and what a program reads with one."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition.domain.api.tokens import Scope
from petition.services.api import tokens
from petition.services.api.tokens import NewToken
from petition.store.db import transaction
from petition.web.http.dependencies import dependencies_of
from tests.programs import PLACE


def make(
    app: Flask,
    partner: str | None = None,
    scopes: tuple[Scope, ...] = tuple(Scope),
    days: int = 30,
    slug: str = "amazon",
) -> str:
    """A token of the organiser's, or of the partner with this key."""
    command = NewToken(campaign=slug, partner=partner, scopes=scopes, days=days)
    with app.app_context(), transaction() as session:
        return tokens.make(session, command, by="test", at=dependencies_of(app).now())


def read(client: FlaskClient, token: str, what: str = "signatures", **asked: Any) -> Answer:
    """What a program gets that brings this token."""
    headers = {"Authorization": f"Bearer {token}"}
    return client.get(f"{PLACE}/{what}", query_string=asked, headers=headers)


def names(answer: Answer) -> list[str]:
    """Of the people whom an answer holds."""
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return [each["given_name"] for each in answer.get_json()["signatures"]]
