"""Composing: from what a supporter typed to sealed messages, kept with the form they came with."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from petition.domain.campaigns.campaign import CampaignView
from petition.domain.messages.message import (
    NAME,
    TARGET,
    Choice,
    MessageText,
    ShownAs,
    filled,
)
from petition.domain.signatures.entry_ids import new_entry_id
from petition.store.messages.targets import TargetRecord
from petition.store.signatures.bulk_insert import NewEntry, NewMessage
from petition.store.vault.vault import Vault

FEW: Final = 5


@dataclass(frozen=True, kw_only=True)
class Compose:
    """What somebody wrote, and to whom."""

    targets: Sequence[TargetRecord]
    shown_as: ShownAs
    name: str
    """As the target sees it."""
    sender: str
    """The same, with the organiser through whom it goes."""
    subject: str
    body: str
    variant: int
    together: bool = False
    """True where one email goes to all of them, who see each other."""
    wants_answer: bool = False


@dataclass(frozen=True, kw_only=True)
class Composed:
    """One message as its target will see it, or all its targets."""

    targets: tuple[TargetRecord, ...]
    text: MessageText


def is_offered(view: CampaignView) -> bool:
    """Whether supporters of the campaign may write to its targets."""
    return view.presentation.message.enabled and bool(view.call.messages)


def offered(view: CampaignView, found: Sequence[TargetRecord]) -> list[TargetRecord]:
    """The targets that a new form begins with: one of them by chance where they share the load.

    Where the writer chooses, all of a few; of many, none.
    """
    match view.presentation.message.choice:
        case Choice.ONE:
            return [secrets.choice(found)]
        case Choice.ALL:
            return list(found)
        case Choice.OFFICES:
            return list(found) if len(found) <= FEW else []


def turn_of_variant(view: CampaignView, *, at: datetime) -> int:
    """Which of the texts a new form begins with: with each minute the next, for everybody."""
    return int(at.timestamp() // 60) % len(view.call.messages)


def written(command: Compose) -> list[Composed]:
    """What each target will see, to the letter."""
    targets = tuple(command.targets)
    groups = [targets] if command.together else [(target,) for target in targets]
    return [
        Composed(
            targets=group,
            text=MessageText(
                sender=command.sender,
                subject=_filled(command.subject, command, group),
                body=_filled(command.body, command, group),
            ),
        )
        for group in groups
    ]


def _filled(text: str, command: Compose, targets: Sequence[TargetRecord]) -> str:
    return filled(text, {NAME: command.name, TARGET: ", ".join(each.name for each in targets)})


def with_messages(
    vault: Vault, entry: NewEntry, view: CampaignView, command: Compose, *, at: datetime
) -> NewEntry:
    """The form with what was written, sealed: kept in one commit, or not at all."""
    made = []
    for each in written(command):
        id_, number = new_entry_id(at), vault.current
        made.append(
            NewMessage(
                id=id_,
                target_id=each.targets[0].id,
                also_to=tuple(target.id for target in each.targets[1:]),
                wave=view.presentation.message.wave,
                text_id=view.text_id,
                variant=command.variant,
                shown_as=command.shown_as,
                sealed=vault.seal_message(each.text, id_, number),
                key_number=number,
                wants_answer=command.wants_answer,
            )
        )
    return replace(entry, messages=tuple(made))
