"""The key ring's text: what it takes, and that a wrong one is named and not shown."""

from __future__ import annotations

import base64

import pytest

from petition.errors import SettingError
from petition.keyring import KeyRing

A, B, C = (base64.urlsafe_b64encode(bytes([n]) * 32).decode() for n in (1, 2, 3))


def test_a_ring_is_read_and_written_the_same() -> None:
    ring = KeyRing.parse(f"index:{A},2:{B},1:{C}")
    assert ring.index == b"\1" * 32
    assert ring.sealing == {2: b"\2" * 32, 1: b"\3" * 32}
    assert ring.current == 2
    assert KeyRing.parse(ring.as_text()) == ring
    assert ring.as_text().startswith("index:")


def test_lines_blanks_and_a_last_comma_do_no_harm() -> None:
    assert KeyRing.parse(f" index:{A},\n1:{B},\n") == KeyRing.parse(f"index:{A},1:{B}")


def test_the_highest_number_seals_in_whatever_order() -> None:
    assert KeyRing.parse(f"2:{A},10:{B},9:{C},index:{A}").current == 10


def test_generated_rings_are_different_and_readable() -> None:
    one, other = (KeyRing.parse(KeyRing.generate_text()) for _ in range(2))
    assert one.index != other.index
    assert one.sealing[1] != other.sealing[1]
    assert one.index != one.sealing[1]


def test_a_new_key_is_added_and_the_old_ones_stay() -> None:
    ring = KeyRing.parse(f"index:{A},3:{B}")
    grown = ring.with_new_key()
    assert grown.index == ring.index
    assert grown.current == 4
    assert grown.sealing[3] == ring.sealing[3]
    assert grown.sealing[4] not in {ring.index, *ring.sealing.values()}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "garbage",
        f"index:{A}",
        f"1:{A}",
        f"index:{A},0:{B}",
        f"index:{A},65536:{B}",
        f"index:{A},-1:{B}",
        f"index:{A},one:{B}",
        f"index:{A},1:{B},1:{C}",
        f"index:{A},1:{B},01:{C}",
        f"index:{A},index:{B},1:{C}",
        f"index:{A},1:{B[:-4]}",
        f"index:{A},1:",
        f"index:{A},1",
        f"index:{A},1:ключ",
        f"index:{A},١:{B}",
        f"index:{A},1:{B}extra{B}",
    ],
)
def test_a_wrong_ring_is_refused_by_name_and_its_keys_are_not_shown(text: str) -> None:
    with pytest.raises(SettingError, match="PETITION_VAULT_KEY") as caught:
        KeyRing.parse(text)
    assert not any(key in str(caught.value) for key in (A, B, C))
