"""What a password's hash costs; the other tests hash with less memory (tests/cheaper.py)."""

from __future__ import annotations

import pytest
from werkzeug.security import check_password_hash

from petition.services.staff import accounts
from tests import cheaper

PASSWORD = "a long walk by the river"
COST = "scrypt:32768:8:1$"


@pytest.fixture
def as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "generate_password_hash", cheaper.REAL_HASH)
    monkeypatch.setattr(accounts, "check_password_hash", check_password_hash)


@pytest.mark.usefixtures("as_ever")
def test_a_password_is_hashed_at_full_cost() -> None:
    hashed = accounts.hash_password(PASSWORD)
    assert hashed.startswith(COST)
    assert accounts.is_right(hashed, PASSWORD)
    assert not accounts.is_right(hashed, PASSWORD + "s")


@pytest.mark.usefixtures("as_ever")
def test_nobodys_costs_as_much() -> None:
    assert accounts._NOBODY.startswith(COST)
    assert not accounts.is_right(None, PASSWORD)
