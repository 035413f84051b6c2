"""`petition db …` and `petition vault …`."""

from __future__ import annotations

import time

import click

from petition.base_app import keys_of
from petition.cli import migrations
from petition.cli.confirmation import cannot_be_undone, require_confirmation
from petition.cli.context import note, open_app, open_app_unchecked, progress
from petition.cli.permissions import loose
from petition.errors import PetitionError
from petition.keyring import KeyRing
from petition.services.vault import rotation
from petition.store.db import db, faults_of_file, file_of, is_migrated, reading, transaction
from petition.store.vault import key_checks
from petition.store.vault.vault import LOOK_AGAIN, Vault
from petition.web.http.dependencies import dependencies_of


class NotMigrated(PetitionError):
    """The database is not at this version: run `petition db upgrade`."""


class Damaged(PetitionError):
    """The database file is damaged."""


class Loose(PetitionError):
    """Others may read what only the service should."""


@click.group("db")
def database() -> None:
    """The database: bring it up to date, or check it."""


@database.command()
def upgrade() -> None:
    """Make or update the tables; keeps what is in them."""
    with open_app_unchecked() as app:
        dependencies_of(app).settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
        with reading() as session:  # migrations use the keys: not with others than the database's
            key_checks.require(session, keys_of(app))
        migrations.upgrade(app)
        with transaction() as session:
            key_checks.keep(session, keys_of(app))
    click.echo("the database is up to date")


@database.command()
def check() -> None:
    """Fail unless the database is whole, at this version, and equals the code's tables."""
    with open_app_unchecked() as app:
        database = file_of(db.engine)
        if not is_migrated(db.engine):
            raise NotMigrated
        for fault in faults_of_file(db.engine, thorough=True):
            raise Damaged(fault)
        migrations.check(app)
        with reading() as session:
            key_checks.require(session, keys_of(app))
        for name, words in loose(dependencies_of(app).settings, database):
            raise Loose(f"{name}: {words}")
    click.echo("the database is up to date")


@click.group()
def vault() -> None:
    """The key ring that seals personal data."""


@vault.command("new-key")
def new_key() -> None:
    """Print a ring for PETITION_VAULT_KEY: today's with one more key, or a new one."""
    with open_app() as app:
        settings = dependencies_of(app).settings
        if "PETITION_VAULT_KEY" in settings.generated:
            click.echo(KeyRing.generate_text())
        else:
            click.echo(settings.vault_keys.with_new_key().as_text())


@vault.command("accept-secret")
@cannot_be_undone
def accept_secret(sure: bool) -> None:
    """Take PETITION_SECRET_KEY as it is now, after you changed it on purpose.

    Links and codes that were mailed before stop working, for ever.
    """
    require_confirmation("breaking the links and codes that were mailed before", sure=sure)
    with open_app_unchecked() as app, transaction() as session:
        key_checks.accept_secret(session, keys_of(app))
        note(session, "accept secret")
    click.echo("PETITION_SECRET_KEY is this database's own from now on")


@vault.command()
def status() -> None:
    """How many sealed records stand under which key."""
    with open_app() as app:
        current = dependencies_of(app).vault.current
        with reading() as session:
            for number, records in sorted(rotation.by_key(session).items()):
                mark = " (seals now)" if number == current else ""
                click.echo(f"key {number}: {records} records{mark}")


@vault.command()
def rotate() -> None:
    """Seal every record anew under the newest key; start it again if it was interrupted.

    With the key ring in a file, a new key is added first. With PETITION_VAULT_KEY in the
    environment, add one yourself (`petition vault new-key`), restart, then run this.
    Keep the old keys for as long as you keep backups.
    """
    with open_app() as app:
        deps = dependencies_of(app)
        began = time.monotonic()
        added = rotation.add_key(deps.vault, deps.settings.vault_key_file, reading)
        with transaction() as session:
            key_checks.keep(session, keys_of(app))
        if added:
            click.echo(f"key {deps.vault.current} was added to the ring and seals from now on")
        with transaction() as session:
            note(session, "rotate keys", f"key {deps.vault.current}")
        _reseal(deps.vault)
        # A process that was sealing all along takes the new key up within LOOK_AGAIN seconds.
        if added:
            time.sleep(max(0.0, began + LOOK_AGAIN + 1 - time.monotonic()))
            _reseal(deps.vault)
        click.echo(f"every record is sealed under key {deps.vault.current}")


def _reseal(vault: Vault) -> None:
    with reading() as session:
        left = rotation.left(session, vault.current)
    with progress("sealing anew", left) as step:
        for done in rotation.reseal(vault, transaction):
            step(done)
