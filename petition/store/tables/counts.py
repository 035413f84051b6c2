"""Count totals, the changes that wait to be folded in, and published snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Date,
    ForeignKey,
    String,
    Text,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeEngine

from petition.store.db import Base, Id, Instant
from petition.store.tables.signatures import Entry, Signature


@dataclass(frozen=True)
class Dimension:
    """What confirmed signatures are counted by, beside their total."""

    name: str
    """In the totals, in the table of changes and in `petition count --by`."""
    type: TypeEngine[Any]
    """Of its column in the table of changes."""
    value: Any
    """What a signature counts under: SQL on the signature joined with its entry."""


DIMENSIONS: Final = (
    Dimension("country", String(2), Entry.country),
    Dimension("day", Date(), func.date(Signature.confirmed_at)),
    Dimension("language", String(10), Entry.language),
    Dimension("partner", String(64), func.coalesce(Entry.partner, "")),
    Dimension("source", String(64), func.coalesce(Entry.source, "")),
)
"""All of them: one more is a line here and a migration that adds its column."""


class CountChange(Base):
    """A confirmed signature more (+1) or less (-1), waiting to be folded into the totals.

    Beside these columns it has one for each dimension.
    """

    __tablename__ = "count_changes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), index=True)
    change: Mapped[int]


for _dimension in DIMENSIONS:
    setattr(CountChange, _dimension.name, mapped_column(_dimension.type, nullable=False))


class Count(Base):
    """Confirmed signatures by one dimension; dimension `total` has the one value ``."""

    __tablename__ = "counts"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    dimension: Mapped[str] = mapped_column(String(10), primary_key=True)
    value: Mapped[str] = mapped_column(String(64), primary_key=True)
    confirmed: Mapped[int]


class Fold(Base):
    """When the totals of a campaign were last brought up to date."""

    __tablename__ = "folds"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    folded_at: Mapped[datetime] = mapped_column(Instant)
    decreases: Mapped[int] = mapped_column(server_default="0")
    """By how much the total ever fell, fold by fold: what a watcher of the page has seen."""


class Snapshot(Base):
    """Figures for public pages as they were at one moment; they do not move in between."""

    __tablename__ = "snapshots"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    figures: Mapped[str] = mapped_column(Text)
    """JSON: a name to a number."""
