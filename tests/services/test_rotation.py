"""Rotating the key: on a full database, interrupted and gone on with, each record readable."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from petition.app import create_app
from petition.config import Settings, load
from petition.keyring import KeyRing
from petition.services.vault import rotation
from petition.services.vault.rotation import NoNewKey
from petition.store.db import reading, transaction
from petition.store.vault.vault import Vault
from petition.web.http.dependencies import dependencies_of
from tests import people
from tests.conftest import Clock
from tests.factories import confirm, entries, keep, rows, the_call


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "BATCH", 5)


@pytest.fixture
def signed_app(app: Flask) -> Flask:
    """Eighteen people have signed."""
    call = the_call(app)
    for number in range(18):
        keep(app, call, people.someone(number))
    return app


def _vault(app: Flask) -> Vault:
    vault: Vault = dependencies_of(app).vault
    return vault


def _file(settings: Settings) -> Path:
    assert settings.vault_key_file is not None
    return settings.vault_key_file


def _by_key() -> dict[int, int]:
    with reading() as session:
        return rotation.by_key(session)


def _all_open(app: Flask, vault: Vault) -> bool:
    found = rows(app, "SELECT id, sealed, key_number FROM entries ORDER BY id")
    names = {
        vault.open(bytes(sealed), int(str(id_)), int(str(number))).given_name  # type: ignore[arg-type]
        for id_, sealed, number in found
    }
    return len(names) == len(found)


def test_every_record_moves_to_a_new_key(signed_app: Flask, settings: Settings) -> None:
    vault, before = _vault(signed_app), rows(signed_app, "SELECT sealed FROM entries ORDER BY id")
    assert rotation.add_key(vault, _file(settings), reading)
    assert vault.current == 2
    assert list(rotation.reseal(vault, transaction)) == [5, 5, 5, 3]
    assert _by_key() == {2: 18}
    after = rows(signed_app, "SELECT sealed FROM entries ORDER BY id")
    assert not set(map(str, before)) & set(map(str, after))
    ring = KeyRing.parse(_file(settings).read_text().strip())
    only_new = Vault(KeyRing(index=ring.index, sealing={2: ring.sealing[2]}))
    assert _all_open(signed_app, only_new)
    assert list(rotation.reseal(vault, transaction)) == []


def test_an_interrupted_rotation_leaves_all_readable_and_is_gone_on_with(
    signed_app: Flask, settings: Settings
) -> None:
    vault = _vault(signed_app)
    rotation.add_key(vault, _file(settings), reading)
    batches = rotation.reseal(vault, transaction)
    next(batches)
    next(batches)
    batches.close()  # type: ignore[attr-defined]  # it is a generator
    assert _by_key() == {1: 8, 2: 10}
    # A process that starts now knows only the file.
    later = create_app(settings)
    with later.app_context():
        ring = KeyRing.parse(_file(settings).read_text().strip())
        fresh = Vault(ring, _file(settings))
        assert _all_open(signed_app, fresh)
        assert not rotation.add_key(fresh, _file(settings), reading)  # no third key
        assert sum(rotation.reseal(fresh, transaction)) == 8
    assert _by_key() == {2: 18}
    assert _all_open(signed_app, fresh)


def test_a_batch_that_fails_halfway_moves_nothing(
    signed_app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = _vault(signed_app)
    rotation.add_key(vault, _file(settings), reading)
    seal, sealed = vault.seal, []

    def fail_at_third(person: object, entry_id: int, number: int) -> bytes:
        sealed.append(entry_id)
        if len(sealed) == 3:
            raise RuntimeError("power")
        return seal(person, entry_id, number)  # type: ignore[arg-type]

    monkeypatch.setattr(vault, "seal", fail_at_third)
    with pytest.raises(RuntimeError):
        list(rotation.reseal(vault, transaction))
    assert _by_key() == {1: 18}
    assert _all_open(signed_app, vault)


def test_signing_goes_on_under_the_new_key_and_still_finds_the_old_address(
    signed_app: Flask, settings: Settings
) -> None:
    vault = _vault(signed_app)
    rotation.add_key(vault, _file(settings), reading)
    keep(signed_app, the_call(signed_app), people.someone(3))  # signed under key 1 before
    assert _by_key() == {1: 18, 2: 1}
    assert rows(signed_app, "SELECT count(*) FROM signatures") == [(18,)]
    list(rotation.reseal(vault, transaction))
    keep(signed_app, the_call(signed_app), people.someone(4))
    assert rows(signed_app, "SELECT count(*) FROM signatures") == [(18,)]
    found = confirm(signed_app, entries(signed_app)[-1])
    assert found is not None
    assert found.state == "confirmed"


def test_the_key_file_is_for_its_owner_and_keeps_every_key(
    signed_app: Flask, settings: Settings
) -> None:
    path, old = _file(settings), settings.vault_keys
    rotation.add_key(_vault(signed_app), path, reading)
    assert path.stat().st_mode & 0o777 == 0o600
    ring = KeyRing.parse(path.read_text().strip())
    assert ring.index == old.index
    assert ring.sealing[1] == old.sealing[1]
    assert sorted(ring.sealing) == [1, 2]
    assert [found.name for found in path.parent.iterdir() if "key" not in found.name] == []


def test_a_ring_in_the_environment_needs_its_new_key_first(
    signed_app: Flask, settings: Settings, clock: Clock
) -> None:
    with pytest.raises(NoNewKey, match="PETITION_VAULT_KEY"):
        rotation.add_key(_vault(signed_app), None, reading)
    environ = {
        "DATABASE_URL": settings.database_url,
        "PETITION_INSTANCE": str(settings.instance),
        "PETITION_VAULT_KEY": settings.vault_keys.with_new_key().as_text(),
    }
    app = create_app(load(environ), now=clock)
    with app.app_context():
        vault = _vault(app)
        assert not rotation.add_key(vault, dependencies_of(app).settings.vault_key_file, reading)
        assert sum(rotation.reseal(vault, transaction)) == 18
        assert _by_key() == {2: 18}
        assert _all_open(app, vault)
        assert not rotation.add_key(vault, None, reading)
