"""Senders: one address or one /64 is one sender, and its hash is good for one day."""

from __future__ import annotations

from datetime import date

import pytest

from petition.domain.abuse.senders import NO_NETWORK, SenderKey, is_nearby, network_of

SECRET = "s" * 40
DAY = date(2026, 11, 2)


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        ("192.0.2.7:5678", "192.0.2.7/32"),
        ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ("[::ffff:c000:207]:443", "192.0.2.7/32"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::1]:4711", "2001:db8:1:2::/64"),
        ('"[2001:DB8:1:2::9]"', "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (" 192.0.2.7 ", "192.0.2.7/32"),
    ],
)
def test_an_address_as_proxies_write_it_is_its_network(text: str, network: str) -> None:
    assert str(network_of(text)) == network


@pytest.mark.parametrize(
    "text", ["", "unknown", "_hidden", "192.0.2.300", "a" * 5000, "[", "٣.٣.٣.٣"]
)
def test_what_is_no_address_is_one_sender_together(text: str) -> None:
    assert network_of(text) == NO_NETWORK


@pytest.mark.parametrize(
    ("text", "nearby"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("10.9.8.7", True),
        ("172.31.0.1", True),
        ("172.32.0.1", False),
        ("192.168.1.1", True),
        ("169.254.1.1", True),
        ("100.64.0.1", True),
        ("fd00::1", True),
        ("fe80::1%eth0", True),
        ("::ffff:10.0.0.1", True),
        ("", True),  # a socket without an address
        ("unknown", False),
        ("203.0.113.9", False),
        ("2001:db8::1", False),
        ("8.8.8.8", False),
    ],
)
def test_which_peers_are_loopback_or_private(text: str, nearby: bool) -> None:
    assert is_nearby(text) is nearby


def test_a_hash_needs_the_secret_key_and_the_days_value() -> None:
    network = network_of("192.0.2.7")
    hashes = {
        SenderKey.of_day(secret, DAY, value).sender(network)
        for secret in (SECRET, "t" * 40)
        for value in (b"1" * 32, b"2" * 32)
    }
    assert len(hashes) == 4
    assert {len(each) for each in hashes} == {16}


def test_a_pair_is_neither_of_its_two() -> None:
    key = SenderKey.of_day(SECRET, DAY, b"1" * 32)
    one, two = key.sender(network_of("192.0.2.7")), key.sender(network_of("192.0.2.8"))
    assert len({one, two, *(key.pair(s, x) for s in (one, two) for x in (b"a", b"b"))}) == 6


def test_the_key_does_not_print_itself() -> None:
    key = SenderKey.of_day(SECRET, DAY, b"1" * 32)
    assert repr(key) == "SenderKey(day=datetime.date(2026, 11, 2))"
