"""Templates in the language of the request."""

from __future__ import annotations

import contextlib

from petition.domain.campaigns.campaign import RiskWords
from petition.domain.partners.questions import PartnerQuestion, read
from petition.domain.signatures import consent
from petition.domain.signatures.consent import Question
from petition.store.db import UNAVAILABLE
from petition.web.http.dependencies import deps
from petition.web.http.locale import language


def page(template: str, **context: object) -> str:
    """A page in the language of the request."""
    if "at_risk" not in context:
        context["at_risk"] = _any_at_risk()
    context.setdefault("risk_words", RiskWords())
    context.setdefault("partner_question", _partner_question)
    return deps().render(template, language(), **context)


def _partner_question(question: Question) -> PartnerQuestion | None:
    """What a partner asks by this question; None where the campaign itself asks it."""
    return read(question.text) if question.purpose == consent.PARTNER else None


def _any_at_risk() -> bool:
    """Whether a page of no campaign takes care; while the database is away, it does."""
    with contextlib.suppress(*UNAVAILABLE):
        return deps().campaign_cache.any_at_risk()
    return True
