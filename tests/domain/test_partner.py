"""Partners' names and the origins of their sites: what is taken, and as what."""

from __future__ import annotations

import re

import pytest

from petition.domain.partners.partner import (
    MOST_ORIGINS,
    NameRefused,
    OriginRefused,
    OriginsRefused,
    name_of,
    new_key,
    origin_of,
    origins_of,
)


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("https://union.example.org", "https://union.example.org"),
        (" https://Union.Example.ORG/join?x=1#y ", "https://union.example.org"),
        ("https://union.example.org:443", "https://union.example.org"),
        ("https://union.example.org:8443/", "https://union.example.org:8443"),
        ("https://union.example.org.", "https://union.example.org"),
        ("https://gewerkschaft-für-alle.example/", "https://xn--gewerkschaft-fr-alle-2ec.example"),
        ("http://127.0.0.1:8001/partner", "http://127.0.0.1:8001"),
        ("http://localhost:8001", "http://localhost:8001"),
        ("http://partner.localhost", "http://partner.localhost"),
    ],
)
def test_an_origin_is_read_out_of_any_address_of_a_site(typed: str, origin: str) -> None:
    assert origin_of(typed) == origin


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "union.example.org",
        "http://union.example.org",
        "ftp://union.example.org",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://",
        "https://*.example.org",
        "https://union.example.org'; script-src *",
        "https://union.example.org;frame-ancestors *",
        "https://union.example.org https://evil.example",
        "https://union.example.org\nhttps://evil.example",
        "https://a:b@union.example.org",
        "https://union.example.org:99999",
        "https://union",
        "https://[::1",
        "'self'",
        "*",
    ],
)
def test_what_is_no_origin_is_refused(typed: str) -> None:
    try:
        origin = origin_of(typed)
    except OriginRefused:
        return
    # Or what comes out has nothing of a header's own marks in it.
    assert re.fullmatch(r"https://[a-z0-9.-]+", origin), origin
    assert "evil" not in origin


def test_a_partner_has_some_sites_and_each_once() -> None:
    twice = ["https://a.example", "https://A.example/x", "https://b.example"]
    assert origins_of(twice) == ("https://a.example", "https://b.example")
    with pytest.raises(OriginsRefused):
        origins_of([])
    with pytest.raises(OriginsRefused):
        origins_of([f"https://{number}.example" for number in range(MOST_ORIGINS + 1)])


@pytest.mark.parametrize("name", ["Ver.di", "نقابة العمال", "Solidarność 80"])
def test_a_name_is_one_in_any_script(name: str) -> None:
    assert name_of(f"  {name} ") == name


@pytest.mark.parametrize("name", ["", "   ", "123", "a" * 101])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(NameRefused):
        name_of(name)


def test_keys_differ_and_are_tags_that_a_link_can_carry() -> None:
    keys = {new_key() for _ in range(1000)}
    assert len(keys) == 1000
    assert all(re.fullmatch(r"[0-9a-f]{16}", key) for key in keys)
