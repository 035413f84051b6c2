"""Message tables: targets, and what supporters write to them, as a campaign's files say it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from petition import i18n
from petition.addr_spec import AddressRefused, addr_spec
from petition.domain.campaigns.campaign import Target
from petition.domain.messages.content_checks import links
from petition.domain.messages.digest import TargetMode
from petition.domain.messages.message import (
    BODY_LENGTH,
    QUESTIONS,
    SUBJECT_LENGTH,
    Choice,
    MessageSettings,
    Variant,
    Writing,
)
from petition.domain.messages.pacing import UTC_NAME
from petition.errors import ContentError

_KEY: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?\Z")
_MOST: Final = 100_000
"""As high as a cap goes."""


class TargetTable(msgspec.Struct, frozen=True, kw_only=True):
    """One of [[targets]]; empty is what is missing."""

    name: str = ""
    email: str = ""
    key: str = ""
    country: str = ""
    time_zone: str = UTC_NAME
    an_hour: int = 30
    a_day: int = 200
    mode: TargetMode = TargetMode.SINGLE
    language: str = ""


class MessageTable(msgspec.Struct, frozen=True, kw_only=True):
    """[message] of campaign.toml: whether and how supporters write to the targets."""

    enabled: bool = False
    choice: Choice = Choice.ALL
    wave: int = 1
    together: bool = False

    def settings(self, path: Path) -> MessageSettings:
        """Raises ContentError."""
        if self.wave < 1:
            raise ContentError(f"{path}: [message] wave takes a whole number from 1")
        return MessageSettings(
            enabled=self.enabled, choice=self.choice, wave=self.wave, together=self.together
        )


def targets(tables: Sequence[TargetTable], message: MessageTable, path: Path) -> tuple[Target, ...]:
    """Whom the campaign addresses. Raises ContentError."""
    found = tuple(_target(each, path) for each in tables)
    if message.enabled:
        for each in found:
            _check_writable(each, path)
            if message.together and each.mode == TargetMode.DIGEST:
                raise ContentError(
                    f'{path}: targets: mode = "digest" does not go with [message] together = true'
                )
        keys = [each.own_key for each in found]
        if len(set(keys)) < len(keys):
            raise ContentError(f"{path}: targets: two have the same key; give each its own")
    return found


def _target(table: TargetTable, path: Path) -> Target:
    for name in ("name", "email"):
        if not getattr(table, name).strip():
            raise ContentError(f"{path}: {name} is missing")
    if table.time_zone != UTC_NAME:
        try:
            ZoneInfo(table.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ContentError(
                f'{path}: targets: time_zone takes a name such as "Europe/Berlin"'
            ) from None
    if table.country and table.country not in i18n.COUNTRIES:
        raise ContentError(f'{path}: targets: country takes two letters, as in "DE"')
    if not (1 <= table.an_hour <= _MOST and 1 <= table.a_day <= _MOST):
        raise ContentError(f"{path}: targets: an_hour and a_day take 1 to {_MOST}")
    if table.language and table.language not in i18n.codes():
        raise ContentError(
            f"{path}: targets: language takes one of {', '.join(sorted(i18n.codes()))}"
        )
    return Target(
        name=table.name.strip(),
        email=table.email.strip(),
        key=table.key,
        country=table.country,
        time_zone=table.time_zone,
        an_hour=table.an_hour,
        a_day=table.a_day,
        mode=table.mode,
        language=table.language,
    )


def _check_writable(target: Target, path: Path) -> None:
    if not _KEY.match(target.own_key):
        raise ContentError(f"{path}: targets: key takes a-z, 0-9, dots and dashes")
    try:
        addr_spec(target.email)
    except AddressRefused:
        raise ContentError(
            f"{path}: targets: {target.email} is no address that an email goes to"
        ) from None
    if not target.email.isascii():
        raise ContentError(f"{path}: targets: {target.email} is not written in plain letters")


def variants(found: Sequence[Variant], message: MessageTable, path: Path) -> tuple[Variant, ...]:
    """The messages to begin with, in one language. Raises ContentError."""
    if message.enabled and not found:
        raise ContentError(f"{path}: at least one [[messages]] with subject and body is needed")
    clean = tuple(Variant(subject=each.subject.strip(), body=each.body.strip()) for each in found)
    for each in clean:
        if not each.subject or not each.body:
            raise ContentError(f"{path}: messages: subject and body are needed")
        if len(each.subject) > SUBJECT_LENGTH or len(each.body) > BODY_LENGTH:
            raise ContentError(
                f"{path}: messages: a subject has at most {SUBJECT_LENGTH} characters, "
                f"a body at most {BODY_LENGTH}"
            )
        if "\n" in each.subject or links(each.body):
            raise ContentError(f"{path}: messages: a subject has one line, and a body no link")
    return clean


def writing(found: Writing, path: Path) -> Writing:
    """What helps to write, in one language. Raises ContentError."""
    questions = tuple(each.strip() for each in found.questions)
    if len(questions) > QUESTIONS or not all(questions):
        raise ContentError(f"{path}: [writing] questions takes up to {QUESTIONS} texts")
    if any(len(each) > SUBJECT_LENGTH for each in questions):
        raise ContentError(
            f"{path}: [writing] questions: one has at most {SUBJECT_LENGTH} characters"
        )
    insults = tuple(each.strip() for each in found.insults if each.strip())
    return Writing(questions=questions, insults=insults, consent=found.consent.strip())
