"""Limits by sender: for routes to call, in the transaction that they have anyway.

A route gets its sender from `petition.web.http.senders.current_sender()`. Where a proxy hides who
sends, that sender has no hash, and nobody is limited by sender.

- `count(session, sender, Action.CODE, at=at)`: count an action; `.over` says whether to answer 429,
  with `.retry_after` seconds. Commit it either way.
- `is_first_try(session, sender, subject)`: True when this sender has not yet tried this subject (an
  address key, say) today; it remembers that it now has. Where senders are hidden: when nobody has.
- `count_total(session, "codes", at=at, within=AN_HOUR)`: how often anybody did something in the
  window that this time belongs to, this one counted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from petition.config import Limit, Limits
from petition.domain.abuse.actions import AN_HOUR, Action
from petition.domain.abuse.senders import SenderKey
from petition.store.abuse import senders as store
from petition.store.abuse.senders import Charge, Verdict, milliseconds
from petition.store.db import Session


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who sends, as far as we want to know: a hash that is good for one day."""

    hash: bytes | None
    """None where a proxy hides who sends: then nobody is limited by sender."""
    key: SenderKey
    limits: Limits
    """What this sender may do: more at a place for which staff widened them."""


@dataclass(frozen=True, kw_only=True)
class LimitResult:
    """Whether a sender is over the limit, and for how many seconds from now."""

    over: bool
    retry_after: int = 0


def count(
    session: Session, sender: Sender, action: Action, *, at: datetime, number: int = 1
) -> LimitResult:
    """Count an action of this sender."""
    if sender.hash is None:
        return LimitResult(over=False)
    limit = _limit(sender.limits, action)
    charge = Charge(
        sender=sender.hash,
        day=sender.key.day,
        action=action,
        burst=limit.burst,
        hourly=limit.an_hour,
        number=number,
        at=at,
    )
    (verdict,) = store.charge(session, [charge])
    return LimitResult(over=not verdict.taken, retry_after=retry_after(verdict.until, at=at))


def retry_after(until: datetime, *, at: datetime) -> int:
    """Whole seconds until then, one at least."""
    return max(1, math.ceil((until - at).total_seconds()))


def _limit(limits: Limits, action: Action) -> Limit:
    match action:
        case Action.CODE:
            return limits.codes
        case Action.LINK_REQUEST:
            return limits.links
        case Action.STAFF_SIGN_IN:
            return limits.sign_ins
        case Action.OTHER:
            return limits.pages
        case Action.LETTER:
            return Limit(limits.forms, limits.forms)


def letter_charge(sender: Sender, *, at: datetime) -> Charge | None:
    """What a form costs its sender that makes us owe a letter."""
    if sender.hash is None:
        return None
    limit = _limit(sender.limits, Action.LETTER)
    return Charge(
        sender=sender.hash,
        day=sender.key.day,
        action=Action.LETTER,
        burst=limit.burst,
        hourly=limit.an_hour,
        pace=math.ceil(milliseconds(AN_HOUR) / sender.limits.letters.an_hour),
        at_once=sender.limits.letters.burst,
        at=at,
    )


def letter_turn(session: Session, sender: Sender, *, at: datetime) -> Verdict:
    """Whether a form is taken with which this sender asks for a letter, and when that is due."""
    charge = letter_charge(sender, at=at)
    if charge is None:
        return Verdict(taken=True, until=at)
    (verdict,) = store.charge(session, [charge])
    return verdict


def is_first_try(session: Session, sender: Sender, subject: bytes) -> bool:
    """Whether this sender tries this subject for the first time today; now it has."""
    pair = sender.key.pair(sender.hash or b"", subject)
    return store.note_try(session, pair, sender.key.day)


def has_tried(session: Session, sender: Sender, subject: bytes) -> bool:
    """Whether `is_first_try` would say no. A look, which changes nothing."""
    return store.was_tried(session, sender.key.pair(sender.hash or b"", subject))


def count_total(session: Session, action: str, *, at: datetime, within: timedelta) -> int:
    """How often anybody did this in the window that began with the first; this one counted."""
    return store.count_total(session, action, at=at, within=within)
