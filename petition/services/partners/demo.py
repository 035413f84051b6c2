"""The demo partner: in development, one page on this machine shows the form as partners do."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from petition.domain.campaigns.campaign import OPEN
from petition.domain.partners.partner import DEMO
from petition.domain.partners.terms import Terms
from petition.services.partners import arrangements, partners as services_partners
from petition.services.partners.partners import NewPartner
from petition.store.campaigns import campaigns
from petition.store.db import Session
from petition.store.partners import partners, terms
from petition.store.partners.partners import PartnerRecord

NAME: Final = "Demo partner on this machine"
TERMS: Final = Terms(
    controller=NAME,
    privacy_url="https://demo.example/privacy",
    contact_email="demo@demo.example",
    language="en",
    retention_months=1,
)


def ensure(session: Session, origin: str, *, at: datetime) -> bool:
    """Make the demo partner whose page stands at this origin; False where no campaign is open."""
    if find(session, origin) is not None:
        return True
    slug = next((each.slug for each in campaigns.listed(session) if each.state == OPEN), None)
    if slug is None:
        return False
    command = NewPartner(campaign=slug, name=NAME, sites=(origin,))
    key = services_partners.add(session, command, by=DEMO, at=at)
    _arrange(session, key, at=at)
    return True


def _arrange(session: Session, key: str, *, at: datetime) -> None:
    """As staff and the partner's person do before its sites show anything."""
    arrangements.set_terms(session, key, TERMS, campaign=None, by=DEMO, at=at)
    made = partners.by_key(session, key)
    arranged = terms.newest(session, made.id) if made is not None else None
    assert arranged is not None
    arrangements.accept(session, arranged.id, NAME, at=at)


def find(session: Session, origin: str) -> PartnerRecord | None:
    """The demo partner whose page stands at this origin."""
    for campaign in campaigns.listed(session):
        for partner in partners.of_campaign(session, campaign.slug).values():
            if partner.made_by == DEMO and partner.origins == (origin,):
                return partner
    return None
