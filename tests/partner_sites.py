"""Partners and the form on their sites: making one, opening its frame, signing in it."""

from __future__ import annotations

import re
from typing import Final

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition.services.partners import partners
from petition.services.partners.partners import NewPartner
from petition.store.db import transaction
from petition.web.http.dependencies import dependencies_of
from tests.people import Form

SITE: Final = "https://union.example.org"
_TICKET: Final = re.compile(r'<input\b(?=[^>]*\bname="ticket")[^>]*\bvalue="([^"]*)"')


def make(
    app: Flask, name: str = "Union", sites: tuple[str, ...] = (SITE,), slug: str = "amazon"
) -> str:
    """The key of a new partner."""
    deps = dependencies_of(app)
    with app.app_context(), transaction() as session:
        command = NewPartner(campaign=slug, name=name, sites=sites)
        key = partners.add(session, command, by="test", at=deps.now())
    deps.campaign_cache.clear()
    return key


def block(app: Flask, key: str) -> None:
    deps = dependencies_of(app)
    with app.app_context(), transaction() as session:
        assert partners.block(session, key, campaign=None, by="test", at=deps.now())
    deps.campaign_cache.clear()


def address(key: str, lang: str = "en", place: str = "", more: str = "") -> str:
    """The frame's address, or that of what belongs to it."""
    return f"/embed/amazon{place}?partner={key}&lang={lang}{more}"


def ticket(client: FlaskClient, key: str, lang: str = "en") -> str:
    """The ticket in the form in the frame."""
    found = _TICKET.search(client.get(address(key, lang)).get_data(as_text=True))
    assert found, "the frame has no ticket"
    return found[1]


def sign(client: FlaskClient, key: str, form: Form, lang: str = "en") -> Answer:
    """Open the frame, fill its form in, send it."""
    filled = form | {"ticket": ticket(client, key, lang)}
    return client.post(address(key, lang, "/sign"), data=filled)
