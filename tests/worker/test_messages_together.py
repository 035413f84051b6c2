"""One email to several targets: one message and one state, within the cap of each of them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.web.http.dependencies import dependencies_of
from tests import people
from tests.conftest import Clock
from tests.factories import change, confirm, entries, rows, work
from tests.messages import KEYS, form_of, states, to_targets


def together(app: Flask) -> None:
    ((kept,),) = rows(app, "SELECT presentation FROM campaigns WHERE slug = 'amazon'")
    document: dict[str, Any] = json.loads(str(kept))
    document["message"] |= {"together": True}
    change(
        app,
        "UPDATE campaigns SET presentation = :kept WHERE slug = 'amazon'",
        kept=json.dumps(document),
    )
    dependencies_of(app).campaign_cache.clear()


def test_it_goes_once_and_all_see_each_other(app: Flask, client: FlaskClient) -> None:
    together(app)
    form = form_of(client, people.cora, message_body="Dear {target},\n\nplease.\n\n{name}")
    page = client.post("/en/amazon/message/preview", data=form).get_data(as_text=True)
    assert client.post("/en/amazon/message", data=form).status_code == 303
    confirm(app, entries(app)[0])
    work(app)
    assert states(app) == {"sent": 1}
    (sent,) = to_targets(app)
    addresses = [each.addr_spec for each in sent["To"].addresses]
    assert [each.partition("@")[0] for each in addresses] == [*KEYS]
    assert all(each in page for each in addresses)
    greeting = sent.get_content().splitlines()[0]
    assert greeting in page
    assert greeting.count("Amazon.com") == 3
    # One in all, and one for each target.
    counted = "SELECT dimension, messages FROM message_counts WHERE step = 'sent'"
    numbers = [each for each in rows(app, counted) if each[0] in ("total", "target")]
    assert sorted(numbers) == [("target", 1)] * 3 + [("total", 1)]
    # None of them gets another one in this wave.
    known = set(entries(app))
    client.post("/en/amazon/message", data=form | {"to": KEYS[2]})
    for entry_id in set(entries(app)) - known:
        confirm(app, entry_id)
    client.post("/en/amazon/message", data=form_of(client, people.ben, to=KEYS[1]))
    assert states(app) == {"sent": 1, "cancelled": 1, "waiting": 1}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_waits_for_the_one_whose_cap_is_full_and_leaves_out_who_is_none(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    together(app)
    change(app, "UPDATE message_targets SET an_hour = 1 WHERE key = :key", key=KEYS[1])
    for person in (people.cora, people.ben):
        form = form_of(client, person)
        assert client.post("/en/amazon/message", data=form).status_code == 303
    for entry_id in entries(app):
        confirm(app, entry_id)
    work(app)
    assert states(app) == {"sent": 1, "queued": 1}
    taken = rows(app, "SELECT sum(messages) FROM message_hours GROUP BY target_id")
    assert taken == [(1,)] * 3
    change(
        app,
        "UPDATE message_targets SET retired_at = :at WHERE key = :key",
        at="2026-01-01",
        key=KEYS[0],
    )
    clock.forward(timedelta(hours=10))  # within the office hours there
    work(app)
    assert states(app) == {"sent": 2}
    last = to_targets(app)[-1]
    assert len(last["To"].addresses) == 2
