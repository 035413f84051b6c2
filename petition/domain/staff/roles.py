"""Roles: what each lets a member of staff do, on one campaign or on all; pure data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What somebody is, on one campaign or on all of them."""

    OWNER = "owner"
    EDITOR = "editor"
    MODERATOR = "moderator"
    EXPORTER = "exporter"
    VIEWER = "viewer"


class Right(StrEnum):
    """What a page or a form asks of who opens it; the value is what the matrix shows."""

    NUMBERS = "numbers"
    """See the campaign and how many signed."""
    EDIT = "edit"
    """Change the campaign: its target's mail domains, and for all campaigns the limits."""
    MODERATE = "moderate"
    """Decide which names and comments are shown, and hold, reject and restore signatures. It takes
    PERSONAL_DATA: they must be read."""
    ERASE = "erase"
    """Erase signatures whose people ask for it in another way than by their own page."""
    PERSONAL_DATA = "personal-data"
    """See names, addresses and comments, and numbers under ten."""
    EXPORT = "export"
    """Take lists of people out. It brings PERSONAL_DATA along: a list shows all of it."""
    LETTERS = "letters"
    """Send letters to supporters."""
    OPEN_CLOSE = "open-close"
    """Open and close the campaign."""
    MANAGE_STAFF = "manage-staff"
    """Invite people, change what they may do, close accounts."""
    WEBHOOKS = "webhooks"
    """Say which programs are told what happens to signatures, and which may read them."""
    AUDIT = "audit"
    """Read the audit log."""


SEPARATE: Final = (Right.PERSONAL_DATA, Right.EXPORT, Right.LETTERS, Right.OPEN_CLOSE)
"""The four that stand apart: none follows from editing, and each can be given to one person."""

GIVES: Final[Mapping[Role, frozenset[Right]]] = {
    Role.OWNER: frozenset(Right),
    Role.EDITOR: frozenset({Right.NUMBERS, Right.EDIT, Right.MODERATE}),
    Role.MODERATOR: frozenset({Right.NUMBERS, Right.MODERATE, Right.PERSONAL_DATA}),
    Role.EXPORTER: frozenset({Right.NUMBERS, Right.EXPORT}),
    Role.VIEWER: frozenset({Right.NUMBERS}),
}
"""What each role gives by itself."""


@dataclass(frozen=True, kw_only=True)
class Grant:
    """A role, and rights beside it, on one campaign or on all."""

    campaign_id: int | None
    """None: every campaign, also those that are still to come."""
    role: Role
    further: frozenset[Right] = frozenset()
    """Of SEPARATE."""


def rights(role: Role, further: Iterable[Right] = ()) -> frozenset[Right]:
    """What a role and the rights beside it come to."""
    return _whole(GIVES[role] | frozenset(further))


def _whole(found: frozenset[Right]) -> frozenset[Right]:
    """With what a right brings along, and without what lacks what it takes."""
    if Right.EXPORT in found:
        return found | {Right.PERSONAL_DATA}
    return found if Right.PERSONAL_DATA in found else found - {Right.MODERATE}


@dataclass(frozen=True, kw_only=True)
class Permissions:
    """All that one member of staff may do."""

    grants: tuple[Grant, ...]

    @property
    def everywhere(self) -> frozenset[Right]:
        """On every campaign: what pages ask that are about none."""
        return self._sum(None)

    def on(self, campaign_id: int) -> frozenset[Right]:
        """On this campaign; empty for who has nothing to do with it."""
        return self._sum(campaign_id)

    def _sum(self, campaign_id: int | None) -> frozenset[Right]:
        found: frozenset[Right] = frozenset()
        for grant in self.grants:
            if grant.campaign_id in {None, campaign_id}:
                found |= GIVES[grant.role] | grant.further
        return _whole(found)

    @property
    def is_owner(self) -> bool:
        """Of everything: of these one must always be left."""
        return any(each.campaign_id is None and each.role == Role.OWNER for each in self.grants)
