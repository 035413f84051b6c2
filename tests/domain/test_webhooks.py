"""Webhooks: which addresses are taken, which networks are connected to, and when tries are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from petition.domain.webhooks import retries
from petition.domain.webhooks.address import AddressRefused, address_of, may_connect

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://hooks.example.org", "https://hooks.example.org/"),
        ("https://Hooks.Example.org:443/in", "https://hooks.example.org/in"),
        ("https://xn--bcher-kva.example:8443/a/b?c=d&e=%20", None),
        ("https://hooks.example.org./in", "https://hooks.example.org/in"),
    ],
)
def test_an_address_is_taken(typed: str, kept: str | None) -> None:
    assert address_of(typed).url == (kept or typed)


@pytest.mark.parametrize("host", ["localhost", "a.localhost"])
def test_this_machine_is_taken_where_a_setting_says_so(host: str) -> None:
    url = f"https://{host}:8443/in"
    assert address_of(url, loopback=True).url == url
    with pytest.raises(AddressRefused):
        address_of(url)
    assert may_connect("127.0.0.1", loopback=True)
    assert not may_connect("10.0.0.1", loopback=True)
    assert not may_connect("::ffff:127.0.0.1", loopback=True)


@pytest.mark.parametrize("ip", ["93.184.215.14", "8.8.8.8", "2606:2800:21f::1", "2a00:1450:4001::"])
def test_public_addresses_are_connected_to(ip: str) -> None:
    assert may_connect(ip)


@pytest.mark.parametrize(
    ("attempts", "owed_for", "pause"),
    [
        (1, timedelta(), timedelta(seconds=5)),
        (2, timedelta(), timedelta(minutes=5)),
        (9, timedelta(days=2), timedelta(hours=24)),
        (30, timedelta(days=2), timedelta(hours=24)),
        (10, timedelta(days=3), None),
        (5, timedelta(days=9), timedelta(hours=5)),
    ],
)
def test_tries_come_more_rarely_and_end_after_three_days(
    attempts: int, owed_for: timedelta, pause: timedelta | None
) -> None:
    assert retries.pause_after(attempts, owed_for=owed_for, jitter=0) == pause
    if pause is not None:
        later = retries.pause_after(attempts, owed_for=owed_for, jitter=1)
        assert later == 1.25 * pause


def test_an_endpoint_that_answers_again_is_tried_within_five_minutes() -> None:
    longest = max(retries.endpoint_pause(failures, jitter=1) for failures in range(1, 1000))
    assert longest + timedelta(seconds=15) < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("120", timedelta(seconds=120)),
        ("99999999999999999999", timedelta(hours=24)),
        ("Mon, 02 Nov 2026 10:30:00 GMT", timedelta(hours=1)),
        ("Sun, 01 Nov 2026 10:30:00 GMT", timedelta()),
        ("soon", None),
        ("-5", None),
        ("Mon, 99 Nov 2026 10:30:00 GMT", None),
        ("", None),
        (None, None),
    ],
)
def test_what_an_answer_asks_us_to_wait(text: str | None, wait: timedelta | None) -> None:
    assert retries.wait_asked(text, at=AT) == wait
