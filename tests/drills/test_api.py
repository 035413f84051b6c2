"""The drill of the API, in short and in one process: all of schemathesis's checks, some cases."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from drills import api
from petition.web.http.dependencies import dependencies_of
from tests import api_tokens, partner_sites
from tests.programs import PLACE

pytestmark = pytest.mark.slow

DRAWN = 40
"""Beside some hundred that the edges of the document make."""


@pytest.fixture
def served(app: Flask) -> Iterator[str]:
    """The origin of the app behind a small server of this process."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


def test_whatever_a_program_sends_is_answered_as_the_document_says(
    app: Flask, client: FlaskClient, served: str
) -> None:
    key = partner_sites.asking(app)
    settings = dependencies_of(app).settings
    dependencies_of(app).senders._settings = replace(settings, limits=settings.limits.widened(1000))
    texts = client.get(f"{PLACE}/texts/en?partner={key}").get_json()
    caller = api.Caller(
        partner=key,
        tokens=(api_tokens.make(app), api_tokens.make(app, key)),
        consents=api.consents_of(texts),
        base=served,
    )
    found = api.run(caller, DRAWN, 1)
    assert sorted(found.failures) == []
    assert found.cases >= 300
    assert {200, 202, 401, 422} <= set(found.statuses)
    assert "negative_data_rejection" in found.checks
