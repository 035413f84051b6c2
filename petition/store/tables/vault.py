"""Checks of the keys under which the database was filled."""

from __future__ import annotations

from sqlalchemy import (
    LargeBinary,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column

from petition.store.db import Base


class KeyCheck(Base):
    """A fingerprint of a key that this database was filled under: `index`, `seal 1`, `secret`."""

    __tablename__ = "key_checks"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(16))
