"""`petition doctor`: every setting with its verdict, and what a host should know."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import click
from sqlalchemy.exc import SQLAlchemyError

from petition.cli.opening import house_open
from petition.config import DOCUMENTED, Settings
from petition.errors import SettingError
from petition.store.db import check_durability, db, is_migrated

TARGETS_OWN = re.compile(r"(^|\.)(amazonaws\.com|amazonses\.com|awsapps\.com|amazon\.\w+)$")


@dataclass(frozen=True)
class Verdict:
    """One line of the report: `ok`, `note`, `warning` or `wrong`."""

    name: str
    verdict: str
    words: str


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def doctor(as_json: bool) -> None:
    """Look at every setting and at the database. Exit 1 when something is wrong."""
    with house_open() as app:
        settings = app.extensions["petition"].settings
        lines = [*_settings(settings), *_database()]
    if as_json:
        click.echo(json.dumps([line.__dict__ for line in lines]))
    else:
        for line in lines:
            click.echo(f"{line.verdict:8} {line.name:26} {line.words}")
    if any(line.verdict == "wrong" for line in lines):
        raise SystemExit(1)


def _settings(settings: Settings) -> Iterator[Verdict]:
    for name in DOCUMENTED:
        given = name in os.environ or f"{name}_FILE" in os.environ
        if name in settings.generated:
            yield Verdict(name, "note", "generated into the instance folder; set it in production")
        else:
            yield Verdict(name, "ok", "set" if given else "default")
    if settings.smtp is None:
        yield Verdict("SMTP_URL", "note", f"letters go to {settings.outbox_dir}")
    elif not (settings.smtp.starttls or settings.smtp.implicit_tls):
        yield Verdict("SMTP_URL", "warning", "letters travel unencrypted to the mail server")
    if not settings.secure:
        yield Verdict("PETITION_BASE_URL", "note", "plain http is for this machine only")
    for name, host in (
        ("DATABASE_URL", urlsplit(settings.database_url).hostname),
        ("SMTP_URL", settings.smtp.host if settings.smtp else None),
        ("REDIS_URL", urlsplit(settings.redis_url or "").hostname),
        ("PETITION_BASE_URL", urlsplit(settings.base_url).hostname),
    ):
        if host and TARGETS_OWN.search(host.lower()):
            yield Verdict(name, "warning", "this host belongs to the target's own company")


def _database() -> Iterator[Verdict]:
    try:
        migrated = is_migrated(db.engine)
        yield Verdict(
            "the database",
            "ok" if migrated else "wrong",
            "up to date" if migrated else "run `petition db upgrade`",
        )
        check_durability(db.engine)
        yield Verdict("durability", "ok", "a commit survives a power cut")
    except SettingError as error:
        yield Verdict("durability", "wrong", str(error))
    except SQLAlchemyError:
        yield Verdict("the database", "wrong", "does not answer")
