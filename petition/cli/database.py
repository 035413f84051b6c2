"""`petition db …` and `petition vault …`."""

from __future__ import annotations

import time

import click
import flask_migrate

from petition.cli.opening import house_open, progress
from petition.config import resource_dir
from petition.errors import PetitionError
from petition.keyring import KeyRing
from petition.services import rotating
from petition.store.db import db, is_migrated, reading, transaction
from petition.store.vault import LOOK_AGAIN, Vault


class NotMigrated(PetitionError):
    """The database is not at this version: run `petition db upgrade`."""


@click.group("db")
def database() -> None:
    """The database: bring it up to date, or check it."""


@database.command()
def upgrade() -> None:
    """Make or update the tables; keeps what is in them."""
    with house_open() as app:
        app.extensions["petition"].settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
        flask_migrate.upgrade(directory=str(resource_dir("migrations")))
    click.echo("the database is up to date")


@database.command()
def check() -> None:
    """Fail unless the database is at this version and equals the code's tables."""
    with house_open():
        if not is_migrated(db.engine):
            raise NotMigrated
        flask_migrate.check(directory=str(resource_dir("migrations")))
    click.echo("the database is up to date")


@click.group()
def vault() -> None:
    """The key ring that seals personal data."""


@vault.command("new-key")
def new_key() -> None:
    """Print a ring for PETITION_VAULT_KEY: today's with one more key, or a new one."""
    with house_open() as app:
        settings = app.extensions["petition"].settings
        if "PETITION_VAULT_KEY" in settings.generated:
            click.echo(KeyRing.generate_text())
        else:
            click.echo(settings.vault_keys.with_new_key().as_text())


@vault.command()
def status() -> None:
    """How many sealed records stand under which key."""
    with house_open() as app:
        current = app.extensions["petition"].vault.current
        with reading() as session:
            for number, records in sorted(rotating.by_key(session).items()):
                mark = " (seals now)" if number == current else ""
                click.echo(f"key {number}: {records} records{mark}")


@vault.command()
def rotate() -> None:
    """Seal every record anew under the newest key; start it again if it was interrupted.

    With the key ring in a file, a new key is added first. With PETITION_VAULT_KEY in the
    environment, add one yourself (`petition vault new-key`), restart, then run this.
    Keep the old keys for as long as you keep backups.
    """
    with house_open() as app:
        house = app.extensions["petition"]
        began = time.monotonic()
        added = rotating.add_key(house.vault, house.settings.vault_key_file, reading)
        if added:
            click.echo(f"key {house.vault.current} was added to the ring and seals from now on")
        _reseal(house.vault)
        # A process that was sealing all along takes the new key up within LOOK_AGAIN seconds.
        if added:
            time.sleep(max(0.0, began + LOOK_AGAIN + 1 - time.monotonic()))
            _reseal(house.vault)
        click.echo(f"every record is sealed under key {house.vault.current}")


def _reseal(vault: Vault) -> None:
    with reading() as session:
        left = rotating.left(session, vault.current)
    with progress("sealing anew", left) as step:
        for done in rotating.reseal(vault, transaction):
            step(done)
