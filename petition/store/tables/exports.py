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

from petition.domain.exports.second_person import RequestState
from petition.store.db import Base, Id, Instant
from petition.store.tables.constraints import one_of


class Export(Base):
    """The ledger: one row for each file of signatures that staff took out."""

    __tablename__ = "exports"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), index=True)
    by: Mapped[str] = mapped_column(String(254))
    reason: Mapped[str] = mapped_column(String(500))
    filters: Mapped[str] = mapped_column(Text)
    format: Mapped[str] = mapped_column(String(10))
    reference_salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What makes this list's references its own; None where it names signatures by number."""
    started_at: Mapped[datetime] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    """None when the file was cut off on its way: then it is not whole."""
    rows: Mapped[int | None]
    sha256: Mapped[str | None] = mapped_column(String(64))
    to_remove: Mapped[int] = mapped_column(server_default="0")
    """How many of it were withdrawn, erased or rejected since: as a worker counted last."""


class ExportRequest(Base):
    """A list that is too long for one person to take out alone, until a second one has agreed."""

    __tablename__ = "export_requests"
    __table_args__ = (one_of("state", tuple(RequestState)),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), index=True
    )
    by: Mapped[str] = mapped_column(String(254))
    reason: Mapped[str] = mapped_column(String(500))
    wanted: Mapped[str] = mapped_column(Text)
    """What the list is to hold, as JSON."""
    rows: Mapped[int]
    """How many it would have held then."""
    asked_at: Mapped[datetime] = mapped_column(Instant)
    state: Mapped[str] = mapped_column(String(10))
    decided_by: Mapped[str | None] = mapped_column(String(254))
    decided_at: Mapped[datetime | None] = mapped_column(Instant)


class ExportFile(Base):
    """A list that the console made, until staff have fetched it; its parts are sealed."""

    __tablename__ = "export_files"

    export_id: Mapped[int] = mapped_column(ForeignKey("exports.id"), primary_key=True)
    until: Mapped[datetime] = mapped_column(Instant)
    """It is deleted then; while it is being made, this moves on with each part."""
    parts: Mapped[int]
    sealed_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What opens its parts; None until the last of them is there: nobody has it before."""
    key_number: Mapped[int | None]


class ExportFilePart(Base):
    """A piece of such a file, compressed and sealed."""

    __tablename__ = "export_file_parts"

    export_id: Mapped[int] = mapped_column(ForeignKey("export_files.export_id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """From 0 on, in the order of the file."""
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class ExportPage(Base):
    """Which signatures a page of an export held, as a bit for each id from the first on."""

    __tablename__ = "export_pages"

    export_id: Mapped[int] = mapped_column(ForeignKey("exports.id"), primary_key=True)
    first_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    last_id: Mapped[int] = mapped_column(Id)
    bits: Mapped[bytes] = mapped_column(LargeBinary)
