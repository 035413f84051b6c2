"""How a command begins: the app opened, the time, who runs it, and a progress bar."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click
from flask import Flask

from petition.base_app import create_base_app, load_settings, make_base_app
from petition.store.db import Session
from petition.store.staff import audit


@contextmanager
def open_app(*, with_pages: bool = False) -> Iterator[Flask]:
    """The app, with its context; its database, if it answers, was filled under its keys."""
    with _opened(create_base_app(), with_pages=with_pages) as app:
        yield app


@contextmanager
def open_app_unchecked(*, with_pages: bool = False) -> Iterator[Flask]:
    """The same, whatever the database is like: for commands that look at it or mend it."""
    with _opened(make_base_app(load_settings()), with_pages=with_pages) as app:
        yield app


@contextmanager
def _opened(app: Flask, *, with_pages: bool) -> Iterator[Flask]:
    if with_pages:
        from petition.app import add_pages  # noqa: PLC0415  # few commands ask which pages there are

        add_pages(app)
    with app.app_context():
        yield app


def now() -> datetime:
    return datetime.now(UTC)


def operator() -> str:
    """Who runs this command, for ledger and audit."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a user id without a name
        return "cli"


def note(
    session: Session, action: str, detail: str | None = None, *, outcome: str = "done"
) -> None:
    """Put what this command does into the audit log, in the transaction that does it."""
    audit.note(session, who=operator(), action=action, outcome="done", at=now(), detail=detail)


@contextmanager
def progress(label: str, length: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal's standard error; silent elsewhere."""
    if length is None or not sys.stderr.isatty():
        yield lambda steps: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        yield bar.update
