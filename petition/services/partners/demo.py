"""The demo partner: in development, one page on this machine shows the form as partners do."""

from __future__ import annotations

from datetime import datetime

from petition.domain.campaigns.campaign import OPEN
from petition.domain.partners.partner import DEMO
from petition.services.partners import partners as services_partners
from petition.services.partners.partners import NewPartner
from petition.store.campaigns import campaigns
from petition.store.db import Session
from petition.store.partners import partners
from petition.store.partners.partners import PartnerRecord

NAME = "Demo partner on this machine"


def ensure(session: Session, origin: str, *, at: datetime) -> bool:
    """Make the demo partner whose page stands at this origin; False where no campaign is open."""
    if find(session, origin) is not None:
        return True
    slug = next((each.slug for each in campaigns.listed(session) if each.state == OPEN), None)
    if slug is None:
        return False
    command = NewPartner(campaign=slug, name=NAME, sites=(origin,))
    services_partners.add(session, command, by=DEMO, at=at)
    return True


def find(session: Session, origin: str) -> PartnerRecord | None:
    """The demo partner whose page stands at this origin."""
    for campaign in campaigns.listed(session):
        for partner in partners.of_campaign(session, campaign.slug).values():
            if partner.made_by == DEMO and partner.origins == (origin,):
                return partner
    return None
