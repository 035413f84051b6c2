"""Templates in the language of the request."""

from __future__ import annotations

import contextlib

from petition.domain.campaigns.campaign import RiskWords
from petition.store.db import UNAVAILABLE
from petition.web.http.dependencies import deps
from petition.web.http.locale import language


def page(template: str, **context: object) -> str:
    """A page in the language of the request."""
    if "at_risk" not in context:
        context["at_risk"] = _any_at_risk()
    context.setdefault("risk_words", RiskWords())
    return deps().render(template, language(), **context)


def _any_at_risk() -> bool:
    """Whether a page of no campaign takes care; while the database is away, it does."""
    with contextlib.suppress(*UNAVAILABLE):
        return deps().campaign_cache.any_at_risk()
    return True
