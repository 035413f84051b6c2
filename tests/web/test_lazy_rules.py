"""What builds the addresses of a route is compiled when one is built, and not at the start."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, url_for
from werkzeug.routing import Rule

from petition import app as application
from petition.config import Settings
from tests import cheaper


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_address_is_compiled_when_it_is_built(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str] = []
    compile_now = Rule._compile_builder

    def note(rule: Rule, append_unknown: bool = True) -> Any:
        compiled.append(str(rule))
        return compile_now(rule, append_unknown)

    monkeypatch.setattr(Rule, "_compile_builder", note)
    monkeypatch.setattr(application, "_add_views", cheaper.REAL_VIEWS)
    app: Flask = application.make_app(settings)
    assert compiled == []
    with app.test_request_context("/"):
        for _ in range(3):
            assert url_for("health.healthz", more="1") == "/healthz?more=1"
    assert compiled == ["/healthz"]
