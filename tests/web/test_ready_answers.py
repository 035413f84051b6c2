"""What lies ready is given before Flask is asked: the same answer, counted and dated as ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask, request_started
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition.app import create_app
from petition.config import Limit, Settings
from petition.web.http import ready_answers
from petition.web.http.dependencies import dependencies_of
from tests.conftest import Clock

PAGE = "/en/amazon"
BROWSER = {"Accept-Encoding": "gzip, deflate, br"}


@contextmanager
def asked_of(app: Flask) -> Iterator[list[str]]:
    """The requests that Flask sees meanwhile."""
    seen: list[str] = []

    def note(sender: Flask, **_: object) -> None:
        seen.append(sender.name)

    with request_started.connected_to(note, app):
        yield seen


def get(client: FlaskClient, path: str = PAGE, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(path, headers=BROWSER | named)


def test_the_second_reader_gets_the_same_answer_without_flask(
    app: Flask, client: FlaskClient
) -> None:
    first = get(client)
    with asked_of(app) as seen:
        second = get(client)
    assert not seen
    assert (first.status, list(first.headers), first.data) == (
        second.status,
        list(second.headers),
        second.data,
    )
    assert "Content-Security-Policy" in second.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"If-None-Match": '"x"'},
        {"Range": "bytes=0-9"},
        {"Accept-Encoding": "identity"},
        {"Accept-Encoding": "gzip;q=0"},
    ],
)
def test_who_asks_for_something_else_is_flasks(
    app: Flask, client: FlaskClient, headers: dict[str, str]
) -> None:
    get(client)
    with asked_of(app) as seen:
        answer = client.get(PAGE, headers=BROWSER | headers)
    assert seen
    assert answer.status_code == 200


def test_who_brings_a_cookie_is_flasks(app: Flask, client: FlaskClient) -> None:
    get(client)
    client.set_cookie("staff", "x")
    with asked_of(app) as seen:
        get(client)
    assert seen


def test_other_methods_addresses_and_queries_are_not_mixed_up(
    app: Flask, client: FlaskClient
) -> None:
    english = get(client)
    assert get(client, "/de/amazon").data != english.data
    assert get(client, f"{PAGE}?source=mail").data != english.data
    assert get(client, f"{PAGE}/").status_code != 200
    assert client.post(PAGE, headers=BROWSER).status_code == 405
    assert client.head(PAGE, headers=BROWSER).data == b""
    assert get(client).data == english.data


def test_what_is_one_persons_never_lies_ready(app: Flask, client: FlaskClient) -> None:
    for path in ("/en/amazon?utm_source=somebody", "/staff/sign-in", "/nowhere", "/healthz"):
        get(client, path)
        with asked_of(app) as seen:
            get(client, path)
        assert seen, path


def test_a_change_is_shown_at_once(app: Flask, client: FlaskClient) -> None:
    get(client)
    dependencies_of(app).campaign_cache.clear()
    with asked_of(app) as seen:
        get(client)
    assert seen


def test_an_answer_goes_with_the_page_that_it_was_made_of(app: Flask, client: FlaskClient) -> None:
    get(client)
    dependencies_of(app).campaign_cache.clear()
    get(client, f"{PAGE}?nothing=1")  # makes the same page anew, for another address
    with asked_of(app) as seen:
        get(client)
    assert seen


def test_it_is_no_way_round_the_limit(app: Flask, settings: Settings, clock: Clock) -> None:
    few = replace(settings, limits=replace(settings.limits, pages=Limit(20, 20)))
    client = create_app(few, now=clock).test_client()
    answers = [get(client).status_code for _ in range(30)]
    assert answers == [200] * 21 + [429] * 9  # shared by twos, and refused with the second
    clock.forward(timedelta(hours=1))
    assert get(client).status_code == 200


def test_no_more_is_remembered_than_was_said(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ready_answers, "MOST", 3)
    for number in range(4):
        get(client, f"{PAGE}?nothing={number}")
    with asked_of(app) as seen:
        get(client, f"{PAGE}?nothing=3")
        assert not seen
        get(client, f"{PAGE}?nothing=0")
    assert seen
