"""Figures: numbers for public pages as they were at one moment; they do not move in between."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from petition.store.tables import Snapshot


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Names to numbers, as of a time."""

    at: datetime
    numbers: dict[str, int]


def read(session: Session, campaign_id: int, name: str) -> Figures | None:
    """The snapshot of that name; None before the first one."""
    row = session.get(Snapshot, (campaign_id, name))
    return Figures(at=row.at, numbers=json.loads(row.figures)) if row is not None else None


def write(
    session: Session, campaign_id: int, name: str, numbers: Mapping[str, int], *, at: datetime
) -> None:
    """Put a new snapshot in the old one's place."""
    dialect = session.get_bind().dialect.name
    make: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    text = json.dumps(dict(numbers))
    session.connection().execute(
        make(Snapshot.__table__)
        .values(campaign_id=campaign_id, name=name, at=at, figures=text)
        .on_conflict_do_update(
            index_elements=["campaign_id", "name"], set_={"at": at, "figures": text}
        )
    )
