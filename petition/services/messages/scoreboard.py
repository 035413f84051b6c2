"""The scoreboard: each target as everybody may see it, with what it did, received and answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from petition.domain.messages.targets import Leaving, Outcome, Stand
from petition.services.counts import target_figures
from petition.services.counts.target_figures import TargetFigure
from petition.store.db import Session
from petition.store.messages import answers
from petition.store.messages.answers import AnswerRecord
from petition.store.messages.target_details import StandRecord, TargetDetails


@dataclass(frozen=True, kw_only=True)
class Score:
    """A target in public."""

    name: str
    stand: StandRecord | None
    received: int
    """Emails of supporters, in tens; 0 where they are too few to be shown."""
    outcomes: Mapping[Outcome, int]
    """What supporters say came back, in tens; without those of fewer than ten."""
    answers: tuple[AnswerRecord, ...]
    """To all who wrote."""

    @property
    def tells(self) -> bool:
        """Whether there is anything to show of it."""
        return bool(self.stand or self.received or self.outcomes or self.answers)


def scores(session: Session, campaign_id: int, found: Iterable[TargetDetails]) -> tuple[Score, ...]:
    """Of those of them that are targets; nothing while there is nothing to show of any."""
    figures = target_figures.shown(session, campaign_id)
    answered = answers.of_campaign(session, campaign_id)
    shown = tuple(
        _score(each, figures.get(each.key, TargetFigure()), answered)
        for each in found
        if each.retired_at is None or each.left_as == Leaving.EXCLUDED
    )
    return shown if any(each.tells for each in shown) else ()


def _score(target: TargetDetails, figure: TargetFigure, answered: list[AnswerRecord]) -> Score:
    return Score(
        name=target.name,
        stand=target.stand,
        received=figure.shown,
        outcomes=figure.shown_outcomes,
        answers=tuple(each for each in answered if each.target_id == target.id),
    )


def who_agreed(found: Iterable[TargetDetails]) -> frozenset[str]:
    """Keys of the targets that agreed: nobody needs to write to them any more."""
    return frozenset(
        each.key for each in found if each.stand is not None and each.stand.stand == Stand.PROMISED
    )
