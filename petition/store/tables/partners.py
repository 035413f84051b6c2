"""Partners, who show a campaign's form on their own sites."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from petition.domain.partners.partner import PartnerState
from petition.store.db import Base, Id, Instant
from petition.store.tables.constraints import one_of


class Partner(Base):
    """An organisation whose sites may show the form of one campaign; never deleted."""

    __tablename__ = "partners"
    __table_args__ = (one_of("state", tuple(PartnerState)),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), index=True)
    key: Mapped[str] = mapped_column(String(16), unique=True)
    """What its pages name it by, and what its signatures are kept under."""
    name: Mapped[str] = mapped_column(String(100))
    origins: Mapped[str] = mapped_column(Text)
    """JSON: the origins of its sites, as browsers write them."""
    state: Mapped[str] = mapped_column(String(10))
    made_by: Mapped[str] = mapped_column(String(254))
    made_at: Mapped[datetime] = mapped_column(Instant)
