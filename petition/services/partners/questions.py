"""Partners' own questions: staff write them, and forms on a partner's site ask them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import msgspec

from petition.domain.campaigns.campaign import CampaignView
from petition.domain.partners.questions import asked_by
from petition.domain.signatures import consent
from petition.errors import NotFound, PetitionError
from petition.services.partners.partners import note, of_campaign
from petition.store.campaigns import campaigns
from petition.store.db import Session
from petition.store.partners import questions, terms
from petition.store.partners.questions import AskedQuestion


class NoTerms(PetitionError):
    """Before a partner's question stands who asks it: that is a part of its terms."""


def put(
    session: Session,
    key: str,
    language: str,
    text: str,
    *,
    campaign: str | None,
    by: str,
    at: datetime,
) -> bool:
    """Ask this in that language from now on, or nothing where the text is empty.

    False when that was so. What somebody answered keeps the words that it was given to. Raises
    NotFound, also for a language that the campaign does not speak, NoTerms and QuestionRefused.
    """
    partner = of_campaign(session, key, campaign)
    campaign_id = campaigns.by_slug(session, partner.campaign).id
    if language not in campaigns.languages(session, campaign_id):
        raise NotFound(f"{partner.campaign} is not written in {language}")
    arranged = terms.newest(session, partner.id)
    if arranged is None:
        raise NoTerms("set who asks, and its privacy notice, before you set the question")
    question = asked_by(arranged.terms, text) if text.strip() else None
    changed = questions.put(session, partner.id, language, question, by=by, at=at)
    if changed:
        note(session, partner, "question", by=by, at=at, more=f" {language}")
    return changed


def with_question(view: CampaignView, asked: AskedQuestion | None) -> CampaignView:
    """The call with a partner's question on its form, beside those that it asks everywhere."""
    if asked is None:
        return view
    question = asked.question.question()
    return replace(
        view,
        call=msgspec.structs.replace(
            view.call, consents=view.call.consents | {consent.PARTNER: question}
        ),
        consent_text_ids=view.consent_text_ids | {consent.PARTNER: asked.consent_text_id},
    )
