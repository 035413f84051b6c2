"""Dated texts: a campaign's news, what was reported, and its outcome, as their files say them."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Final

import msgspec

from petition.domain.campaigns.campaign import Outcome, Report, Update
from petition.errors import ContentError

MARK: Final = re.compile(r"\[(\d+)\]")

_FILE: Final = re.compile(r"(\d{4}-\d{2}-\d{2})-[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_FILE_TAKES: Final = "is named by its day and a few words, as in 2026-05-04-first-talks.md"
_HEADING: Final = re.compile(r"^ {0,3}(?:#{1,6}\s|={3,}\s*$|-{3,}\s*$)", re.MULTILINE)


class DatedTable(msgspec.Struct, frozen=True, kw_only=True):
    """One of [[timeline]], or [outcome]."""

    date: object = ""
    text: str = ""


def report(table: DatedTable, text: str, path: Path) -> Report:
    """A line of the timeline. Raises ContentError."""
    on = str(table.date)
    if not re.fullmatch(r"\d{4}(-\d{2}){0,2}", on) or not _is_day((on + "-01-01")[:10]):
        raise ContentError(
            f'{path}: timeline: date takes "2020", "2020-10" or "2020-10-06", not "{on}"'
        )
    return Report(on=on, text=text)


def outcome(table: DatedTable, text: str, path: Path) -> Outcome:
    """What came of the campaign. Raises ContentError."""
    on = str(table.date)
    if not _is_day(on):
        raise ContentError(f'{path}: outcome: date takes a day, as in "2026-05-04", not "{on}"')
    return Outcome(on=on, text=_without_headings(text, path, "outcome: text"))


def update(path: Path, text: str) -> Update:
    """The news in one file: `# Title`, then Markdown. Raises ContentError."""
    named = _FILE.match(path.stem)
    if named is None or not _is_day(named[1]):
        raise ContentError(f"{path}: {_FILE_TAKES}")
    first, _, rest = text.strip().partition("\n")
    if not first.startswith("# ") or not rest.strip():
        raise ContentError(f'{path}: begins with a line "# Title", and the news comes below it')
    return Update(
        key=path.stem,
        on=named[1],
        title=first.removeprefix("# ").strip(),
        text=_without_headings(rest.strip(), path, "news"),
    )


def _without_headings(text: str, path: Path, what: str) -> str:
    """It stands below a heading of the page, whose outline further ones would break."""
    if _HEADING.search(text):
        raise ContentError(f"{path}: {what} takes no further headings")
    return text


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
