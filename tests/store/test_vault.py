"""The vault: what is sealed opens whole, for its own row and with its own key, or not at all."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from petition.domain.signatures.supporter import Person
from petition.errors import SealBroken
from petition.keyring import KeyRing
from petition.store.vault import vault as vaults
from petition.store.vault.vault import Vault

RING = KeyRing.parse(KeyRing.generate_text())
PERSON = Person(
    given_name="أمينة",
    family_name="بن يوسف",
    email="amina@example.org",
    postcode="20250",
    comment="One.\nTwo, “three”.",
)
texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)


@given(texts, texts, texts, texts, texts, st.integers(0, 2**63 - 1))
def test_what_was_sealed_opens_the_same(
    given_name: str, family_name: str, email: str, postcode: str, comment: str, entry_id: int
) -> None:
    person = Person(
        given_name=given_name,
        family_name=family_name,
        email=email,
        postcode=postcode,
        comment=comment,
    )
    vault = Vault(RING)
    assert vault.open(vault.seal(person, entry_id, 1), entry_id, 1) == person


def test_every_flipped_bit_is_refused() -> None:
    vault = Vault(RING)
    sealed = vault.seal(PERSON, 7, 1)
    for place in range(len(sealed)):
        for bit in range(8):
            changed = bytearray(sealed)
            changed[place] ^= 1 << bit
            with pytest.raises(SealBroken):
                vault.open(bytes(changed), 7, 1)


def test_cut_off_and_grown_records_are_refused() -> None:
    vault = Vault(RING)
    sealed = vault.seal(PERSON, 7, 1)
    for end in range(len(sealed)):
        with pytest.raises(SealBroken):
            vault.open(sealed[:end], 7, 1)
    with pytest.raises(SealBroken):
        vault.open(sealed + b"\0", 7, 1)


def test_a_record_opens_only_in_its_own_row_and_under_its_own_number() -> None:
    ring = KeyRing(index=RING.index, sealing={1: RING.sealing[1], 2: RING.sealing[1]})
    vault = Vault(ring)
    sealed = vault.seal(PERSON, 7, 1)
    with pytest.raises(SealBroken, match="8"):
        vault.open(sealed, 8, 1)
    with pytest.raises(SealBroken):
        vault.open(sealed, 7, 2)  # the same key under another number


def test_another_ring_does_not_open_it_and_a_missing_key_is_named() -> None:
    sealed = Vault(RING).seal(PERSON, 7, 1)
    with pytest.raises(SealBroken):
        Vault(KeyRing.parse(KeyRing.generate_text())).open(sealed, 7, 1)
    with pytest.raises(SealBroken, match="lacks sealing key 9"):
        Vault(RING).open(sealed, 7, 9)


def test_the_same_person_is_never_sealed_the_same_twice() -> None:
    vault = Vault(RING)
    assert len({vault.seal(PERSON, 7, 1) for _ in range(200)}) == 200
    nonces = Counter(vault.seal(PERSON, 7, 1)[: vaults.NONCE] for _ in range(200))
    assert max(nonces.values()) == 1


def test_the_index_is_keyed_and_steady() -> None:
    one, again = Vault(RING), Vault(RING.with_new_key())
    assert one.address_key("ben@gmail.com") == again.address_key("ben@gmail.com")
    assert len(one.address_key("ben@gmail.com")) == 16
    assert one.address_key("ben@gmail.com") != one.address_key("bem@gmail.com")
    other = Vault(KeyRing.parse(KeyRing.generate_text()))
    assert one.address_key("ben@gmail.com") != other.address_key("ben@gmail.com")


def test_a_rotated_ring_is_followed_through_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "vault.key"
    path.write_text(RING.as_text() + "\n")
    vault = Vault(RING, path)
    grown = RING.with_new_key()
    beside = tmp_path / "new"
    beside.write_text(grown.as_text() + "\n")
    os.replace(beside, path)
    assert vault.current == 1  # it does not look at the file for every signature
    monkeypatch.setattr(vault, "_next_look", 0.0)
    assert vault.current == 2
    assert vault.open(vault.seal(PERSON, 7, 2), 7, 2) == PERSON
    assert vault.open(Vault(RING).seal(PERSON, 8, 1), 8, 1) == PERSON


def test_a_record_under_a_newer_key_makes_the_vault_look_at_once(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    path.write_text(RING.as_text() + "\n")
    vault = Vault(RING, path)
    grown = RING.with_new_key()
    path.write_text(grown.as_text() + "\n\n")
    sealed = Vault(grown).seal(PERSON, 7, 2)
    assert vault.open(sealed, 7, 2) == PERSON
