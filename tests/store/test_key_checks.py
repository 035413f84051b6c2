"""Key checks: a database that people are in works with the keys that it was filled under."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from petition.app import create_app, keys_of
from petition.config import Settings, load
from petition.errors import SettingError
from petition.keyring import KeyRing
from petition.services.vault import rotation
from petition.store.db import db, reading, transaction
from petition.store.vault import key_checks
from petition.store.vault.key_checks import Keys, KeysForeign
from petition.web.http.dependencies import dependencies_of
from tests import people
from tests.conftest import Clock
from tests.factories import change, confirm, entries, keep, rows, the_call
from tests.worlds import Worlds

Ring = Callable[[KeyRing], KeyRing]


@pytest.fixture
def filled(app: Flask, clock: Clock, worlds: Worlds) -> Flask:
    """Four people have signed, the first has confirmed."""
    worlds.enter(app, clock, "one_of_four_confirmed", lambda: _fill(app))
    return app


def _fill(app: Flask) -> None:
    call = the_call(app)
    for form in people.SIGNERS:
        keep(app, call, form)
    confirm(app, entries(app)[0])


@contextmanager
def _begun(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    with app.app_context():
        yield app
        db.engine.dispose()


def _refused(settings: Settings) -> str:
    with pytest.raises(KeysForeign) as caught:
        create_app(settings)
    said = str(caught.value)
    assert "\n" not in said
    return said


def _with_ring(settings: Settings, ring: KeyRing) -> Settings:
    return replace(settings, vault_keys=ring, vault_key_file=None)


def _new() -> KeyRing:
    return KeyRing.parse(KeyRing.generate_text())


FOREIGN: dict[str, tuple[Ring, str]] = {
    "all of it": (lambda ring: _new(), "another index key"),
    "its index key": (
        lambda ring: KeyRing(index=_new().index, sealing=ring.sealing),
        "another index key",
    ),
    "its sealing key": (
        lambda ring: KeyRing(index=ring.index, sealing=_new().sealing),
        "another sealing key 1",
    ),
    "a sealing key is gone": (
        lambda ring: KeyRing(index=ring.index, sealing={2: _new().sealing[1]}),
        "lacks sealing key 1",
    ),
    "the two keys are swapped": (
        lambda ring: KeyRing(index=ring.sealing[1], sealing={1: ring.index}),
        "another index key",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("checked", [True, False], ids=["with fingerprints", "before there were"])
def test_a_foreign_ring_is_refused_by_name(
    filled: Flask, settings: Settings, checked: bool
) -> None:
    if not checked:
        change(filled, "DELETE FROM key_checks")
    for what, (make, said) in FOREIGN.items():
        words = said if checked else said.replace("another index key", "PETITION_VAULT_KEY")
        assert words in _refused(_with_ring(settings, make(settings.vault_keys))), what
    with _begun(settings):
        pass


def test_a_foreign_secret_key_is_refused_until_it_is_accepted(
    filled: Flask, settings: Settings
) -> None:
    other = replace(settings, secret_key="x" * 48)
    assert "petition vault accept-secret" in _refused(other)
    keys = Keys(ring=settings.vault_keys, secret_key=other.secret_key)
    with transaction() as session:
        key_checks.accept_secret(session, keys)
    with _begun(other):
        pass
    assert "PETITION_SECRET_KEY" in _refused(settings)


def test_who_has_another_ring_cannot_accept_a_secret_key(filled: Flask, settings: Settings) -> None:
    keys = Keys(ring=_new(), secret_key="x" * 48)
    with pytest.raises(KeysForeign), transaction() as session:
        key_checks.accept_secret(session, keys)
    with _begun(settings):
        pass


def test_a_database_without_people_takes_any_keys(app: Flask, settings: Settings) -> None:
    with transaction() as session:
        key_checks.keep(session, keys_of(app))
    with _begun(replace(_with_ring(settings, _new()), secret_key="x" * 48)) as other:
        keep(other, the_call(other), people.ben)
    assert "PETITION_VAULT_KEY" in _refused(settings)


def test_of_two_that_begin_on_an_empty_database_the_second_keeps_nothing(
    app: Flask, settings: Settings
) -> None:
    """Both started while nobody was in it; under the second's keys Ben would count twice."""
    with _begun(_with_ring(settings, _new())) as second:
        with app.app_context():
            keep(app, the_call(app), people.ben)
        with pytest.raises(Exception, match="did not keep this"):
            keep(second, the_call(second), people.ben)
    assert rows(app, "SELECT count(*) FROM signatures") == [(1,)]


def test_fingerprints_come_with_the_first_signature_and_tell_nothing(
    app: Flask, settings: Settings
) -> None:
    assert rows(app, "SELECT * FROM key_checks") == []
    keep(app, the_call(app), people.ben)
    stored = {str(name): value for name, value in rows(app, "SELECT * FROM key_checks")}
    assert set(stored) == {"index", "seal 1", "secret"}
    ring = settings.vault_keys
    for value in stored.values():
        assert bytes(value) not in ring.index + ring.sealing[1] + settings.secret_key.encode()  # type: ignore[call-overload]
    assert len(set(map(bytes, stored.values()))) == 3  # type: ignore[arg-type]


def test_a_rotation_goes_on_and_the_old_key_may_go(filled: Flask, settings: Settings) -> None:
    vault = dependencies_of(filled).vault
    rotation.add_key(vault, settings.vault_key_file, reading)
    with _begun(settings):
        pass
    assert sum(rotation.reseal(vault, transaction)) == len(people.SIGNERS)
    rotated = vault.ring
    without_the_old = KeyRing(index=rotated.index, sealing={2: rotated.sealing[2]})
    with _begun(_with_ring(settings, without_the_old)) as later:
        keep(later, the_call(later), people.ben)
    assert "lacks sealing key 2" in _refused(_with_ring(settings, settings.vault_keys))
    assert {row[0] for row in rows(filled, "SELECT name FROM key_checks")} == {
        "index",
        "seal 2",
        "secret",
    }


def test_an_index_key_is_known_even_where_the_table_of_providers_changed(
    app: Flask, settings: Settings
) -> None:
    keep(app, the_call(app), people.ben | {"email": "b.e.n+x@gmail.com"})
    keep(app, the_call(app), people.amina)
    change(app, "DELETE FROM key_checks")
    change(app, "UPDATE mail_providers SET ignores_dots = :no, ignores_tags = :no", no=False)
    with _begun(settings):
        pass


def test_blank_records_are_no_witness(filled: Flask, settings: Settings) -> None:
    """Nothing opens and nothing can be compared: the ring cannot be shown to be right."""
    change(filled, "DELETE FROM key_checks")
    change(filled, "UPDATE entries SET sealed = :blank", blank=b"\0" * 40)
    assert "sealing key 1" in _refused(settings)


def test_no_key_is_made_beside_a_database_with_people(
    filled: Flask, settings: Settings, tmp_path: Path
) -> None:
    for missing in (("secret.key",), ("vault.key",), ("secret.key", "vault.key")):
        instance = tmp_path / "-".join(missing)
        shutil.copytree(settings.instance, instance)
        for name in missing:
            (instance / name).unlink()
        before = sorted(path.name for path in instance.iterdir())
        environ = {"DATABASE_URL": settings.database_url, "PETITION_INSTANCE": str(instance)}
        with pytest.raises(SettingError, match="no new keys are made beside it"):
            load(environ, before_generating=key_checks.refuse_beside_people)
        assert sorted(path.name for path in instance.iterdir()) == before


def test_keys_are_made_beside_a_database_without_people(
    app: Flask, settings: Settings, tmp_path: Path
) -> None:
    environ = {"DATABASE_URL": settings.database_url, "PETITION_INSTANCE": str(tmp_path / "other")}
    made = load(environ, before_generating=key_checks.refuse_beside_people)
    assert made.vault_keys != settings.vault_keys


@pytest.mark.parametrize(
    "url", ["postgresql://nobody:planted@127.0.0.1:1/none", "sqlite:///{garbage}"]
)
def test_no_key_is_made_beside_a_database_that_cannot_be_read(tmp_path: Path, url: str) -> None:
    (tmp_path / "garbage").write_bytes(b"no database" * 1000)
    environ = {
        "DATABASE_URL": url.format(garbage=tmp_path / "garbage"),
        "PETITION_INSTANCE": str(tmp_path / "instance"),
    }
    with pytest.raises(SettingError, match="cannot be read, so no keys are made") as caught:
        load(environ, before_generating=key_checks.refuse_beside_people)
    assert "planted" not in str(caught.value)
    assert not (tmp_path / "instance").exists()
