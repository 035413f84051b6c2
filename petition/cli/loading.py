"""What loading a campaign's files changes, in words for who runs the command."""

from __future__ import annotations

from pathlib import Path

from babel import Locale
from flask import Flask

from petition.base_app import SHIPPED
from petition.cli.context import now
from petition.domain.campaigns.loading import DOMAINS, WORDS, Change, Loaded
from petition.services.campaigns import content_files
from petition.store.db import Session, transaction
from petition.web.http.dependencies import dependencies_of
from petition.web.http.url_converters import first_parts

_ITEMS = {
    "goal": "the goal",
    "default_language": "the default language",
    "targets": "whom it addresses",
    "presentation": "its organiser, colour, drawings, and whether people are at risk",
    DOMAINS: "the target's mail domains: more of them",
}


def change_in_words(change: Change) -> str:
    """As in: the words in German (story, title), which you loaded yourself."""
    what = _ITEMS.get(change.item, change.item)
    if change.item.startswith(WORDS):
        code = change.item.removeprefix(WORDS)
        what = f"the words in {Locale('en').languages.get(code, code)} ({', '.join(change.parts)})"
    return f"{what}, which you loaded yourself" if change.is_staffs else what


def load_files(app: Flask, session: Session, folder: Path) -> Loaded:
    """Put a campaign's files into the database; shipped ones are the program's again."""
    return content_files.load(
        session,
        folder,
        organiser=dependencies_of(app).settings.organiser,
        at=now(),
        places=first_parts(app),
        is_shipped=folder.resolve().parent == SHIPPED.resolve(),
    )


def would_change(app: Flask, folder: Path) -> list[str]:
    """What loading these files would change of a campaign that is there, in words."""
    with transaction() as session:
        done = load_files(app, session, folder)
        session.rollback()
    if done.is_new:
        return []
    return [f"{done.slug}: would change {change_in_words(each)}" for each in done.changed]
