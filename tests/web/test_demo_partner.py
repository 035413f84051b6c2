"""The demo partner: one page on this machine that shows the form as partners do."""

from __future__ import annotations

import dataclasses

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.app import create_app
from petition.config import Settings
from petition.services.partners import demo
from petition.store.db import reading
from tests import factories, partner_sites

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_it_is_made_once_and_marked(app: Flask) -> None:
    assert partner_sites.make_demo(app)
    assert partner_sites.make_demo(app)
    rows = factories.rows(app, "SELECT name, made_by, origins FROM partners")
    with app.app_context(), reading() as session:
        found = demo.find(session, "http://localhost:8000")
    assert found is not None
    assert found.accepts_now
    assert rows == [("Demo partner on this machine", "petition start", '["http://localhost:8000"]')]


def test_its_page_stands_on_another_origin_and_pastes_one_line(
    app: Flask, client: FlaskClient
) -> None:
    assert client.get("/dev/partner").status_code == 404
    partner_sites.make_demo(app)
    page = client.get("/dev/partner")
    assert 'src="http://127.0.0.1:8000/embed.js"' in page.get_data(as_text=True)
    assert "script-src http://127.0.0.1:8000;" in page.headers["Content-Security-Policy"]
    here = client.get("/dev/partner", base_url="http://127.0.0.1:8000")
    assert here.headers["Location"] == "http://localhost:8000/dev/partner"
    arabic = client.get("/dev/partner?lang=ar").get_data(as_text=True)
    assert 'data-lang="ar"' in arabic
    assert client.get("/dev/partner", environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code == 404


def test_somebody_elses_partner_is_none(app: Flask, client: FlaskClient) -> None:
    partner_sites.make(app, sites=("http://localhost:8000",))
    assert client.get("/dev/partner").status_code == 404


def test_without_an_open_campaign_there_is_none(app: Flask) -> None:
    factories.change(app, "UPDATE campaigns SET state = 'closed'")
    assert not partner_sites.make_demo(app)
    with app.app_context(), reading() as session:
        assert demo.find(session, "http://localhost:8000") is None


def test_it_is_there_on_ones_own_machine_alone(settings: Settings) -> None:
    away = dataclasses.replace(settings, base_url="https://petition.example.org")
    for chosen, there in ((settings, True), (away, False)):
        rules = {rule.rule for rule in create_app(chosen).url_map.iter_rules()}
        assert ("/dev/partner" in rules) == there
