"""The drill of strange requests: what it calls a fault, and that it draws what it says."""

import random
from collections.abc import Mapping

import pytest

from drills import payloads
from drills.fuzz import HEADERS, TELLS, Drawing, Sending, judge
from drills.http_client import Answer
from drills.routes import Route, Site

SENDING = Sending(of="GET /x", raw=b"")
RIGHT = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=()",
    "cache-control": "no-store",
    "server": "granian",
}


def rules(status: int, headers: Mapping[str, str], body: bytes = b"", **of: bool) -> set[str]:
    sending = Sending(of="GET /x", raw=b"", **of)
    return {fault.rule for fault in judge(sending, Answer(status, dict(headers), body))}


@pytest.mark.parametrize("status", [200, 303, 400, 403, 404, 405, 413, 422, 429])
def test_an_answer_as_it_should_be(status: int) -> None:
    assert rules(status, RIGHT) == set()


@pytest.mark.parametrize(
    ("status", "headers", "body", "rule"),
    [
        (500, {}, b"", "5xx"),
        (503, {}, b"", "5xx"),
        (200, {}, b"<p>Traceback (most recent call last)", "tells"),
        (404, {}, b"sqlalchemy.exc.OperationalError", "tells"),
        (200, {}, b"SELECT signatures.id FROM", "tells"),
        (200, {"server": "granian/2.5"}, b"", "tells"),
        (200, {"x-powered-by": "x"}, b"", "tells"),
        (200, {"x-injected": "1"}, b"", "injected"),
        (303, {"location": "//evil.example"}, b"", "leads away"),
        (308, {"location": "http://evil.example/staff/"}, b"", "leads away"),
        (302, {"location": "/\\evil.example"}, b"", "leads away"),
        (404, {"cache-control": "public, max-age=10"}, b"", "headers"),
        *[(200, {name: ""}, b"", "headers") for name in HEADERS],
        (200, {"content-security-policy": "default-src *"}, b"", "headers"),
    ],
)
def test_each_fault_is_seen(status: int, headers: dict[str, str], body: bytes, rule: str) -> None:
    assert rules(status, RIGHT | headers, body) == {rule}


def test_the_server_may_refuse_by_itself_what_is_no_request() -> None:
    assert rules(400, {"server": "granian"}, whole=False) == set()
    assert rules(400, {"server": "granian"}, whole=True) == {"headers"}
    assert rules(500, RIGHT, whole=False) == {"5xx"}
    assert rules(200, {}, whole=False) == {"headers"}


def test_no_payload_looks_like_what_would_tell() -> None:
    for name, text in payloads.TEXTS.items():
        assert not TELLS.search(text), name


ROUTES = [
    Route(method="GET", rule="/<lang:code>/<slug:slug>"),
    Route(method="POST", rule="/<lang:code>/<slug:slug>/sign"),
    Route(method="POST", rule="/staff/sign-out"),
    Route(method="GET", rule="/my/<token:token>"),
    Route(method="GET", rule="/dev/outbox/<name>"),
]


def site() -> Site:
    return Site(
        "http://127.0.0.1:1",
        routes=ROUTES,
        tokens={"my": ["1.2.token"]},
        cookie="staff=x",
        csrf_token="right-token",
        ticket="ticket",
    )


def test_the_same_seed_draws_the_same() -> None:
    first, second = (
        [each.raw for each in Drawing(site(), random.Random(7)).draw(300)] for _ in range(2)
    )
    assert first == second


def test_everything_is_drawn_and_staff_stay_signed_in() -> None:
    drawn = list(Drawing(site(), random.Random(1)).draw(8_000))
    of = " ".join(each.of for each in drawn)
    for route in ROUTES:
        assert f"to {route} with" in of
    for name in (*payloads.TEXTS, *payloads.BROKEN_REQUESTS, *payloads.TYPES):
        assert name in of, name
    for name in payloads.HEADERS:
        assert f"{name}: " in of, name
    assert sum(each.whole for each in drawn) > 6_000
    for each in drawn:
        if " /staff/sign-out " in each.of:
            assert b"right-token" not in each.raw
        if "/dev/" in each.of and "X-Forwarded-For:" not in each.of:
            assert b"X-Forwarded-For" not in each.raw
