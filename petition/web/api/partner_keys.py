"""Keys of partners in the API: whose they are, and a trace for staff where one does not work."""

from __future__ import annotations

from typing import Final

from flask import request

from petition.domain.campaigns.campaign import CampaignView
from petition.domain.partners.refused_form import KeyFault, site_of
from petition.services.partners.refused_forms import refused_form
from petition.store.partners.partners import PartnerRecord
from petition.web.api.refusals import Refusal
from petition.web.http.dependencies import deps
from petition.web.http.problems import ProblemKind

ORIGIN: Final = "Origin"


def live_partner(view: CampaignView, key: str) -> PartnerRecord:
    """The campaign's partner with this key, which may take signatures. Raises Refusal."""
    found = deps().campaign_cache.partner(view.slug, key)
    if found is None or not found.is_live:
        note_refused(view, found)
        raise Refusal(ProblemKind.NO_PARTNER)
    return found


def note_refused(
    view: CampaignView, partner: PartnerRecord | None, fault: KeyFault | None = None
) -> None:
    """Staff see from which site, as far as a browser says it, and no visitors."""
    site = site_of(request.headers.get(ORIGIN, ""))
    refused = refused_form(view.id, partner, site, fault)
    deps().refused_forms.note(refused, at=deps().now())
