"""Exports, and which signature left in which."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    ForeignKey,
    LargeBinary,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from petition.store.db import Base, Id, Instant


class Export(Base):
    """The ledger: one row for each file of signatures that staff took out."""

    __tablename__ = "exports"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), index=True)
    by: Mapped[str] = mapped_column(String(254))
    reason: Mapped[str] = mapped_column(String(500))
    filters: Mapped[str] = mapped_column(Text)
    format: Mapped[str] = mapped_column(String(10))
    started_at: Mapped[datetime] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    """None when the file was cut off on its way: then it is not whole."""
    rows: Mapped[int | None]
    sha256: Mapped[str | None] = mapped_column(String(64))


class ExportPage(Base):
    """Which signatures a page of an export held, as a bit for each id from the first on."""

    __tablename__ = "export_pages"

    export_id: Mapped[int] = mapped_column(ForeignKey("exports.id"), primary_key=True)
    first_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    last_id: Mapped[int] = mapped_column(Id)
    bits: Mapped[bytes] = mapped_column(LargeBinary)
