"""How a command begins: the app opened, the clock, who is asking, and a progress bar."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click
from flask import Flask
from sqlalchemy.exc import OperationalError, ProgrammingError

from petition.app import create_app
from petition.errors import PetitionError


class DatabaseAway(PetitionError):
    """The database does not answer or has no tables: see DATABASE_URL, `petition db upgrade`."""


@contextmanager
def house_open() -> Iterator[Flask]:
    """The app, with its context; a database that is away is one line, not a trace."""
    try:
        app = create_app()
        with app.app_context():
            yield app
    except (OperationalError, ProgrammingError):
        raise DatabaseAway from None


def now() -> datetime:
    return datetime.now(UTC)


def asking() -> str:
    """Who runs this command, for ledger and audit."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a user id without a name
        return "cli"


@contextmanager
def progress(label: str, length: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal's standard error; silent elsewhere."""
    if length is None or not sys.stderr.isatty():
        yield lambda steps: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        yield bar.update
