"""The park: a second campaign of another kind, as files (tests/campaigns/park)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from flask import Flask

from petition.services.campaigns import content_files
from petition.store.db import transaction
from petition.web.http.dependencies import dependencies_of

PARK: Final = Path(__file__).parent / "campaigns" / "park"


def open_park(app: Flask, folder: Path = PARK) -> None:
    """Load the park, or a copy of it that was edited, and open it."""
    with app.app_context(), transaction() as session:
        slug = content_files.load(
            session,
            folder,
            organiser=dependencies_of(app).settings.organiser,
            at=dependencies_of(app).now(),
        ).slug
        content_files.open_(session, slug, at=dependencies_of(app).now())
    dependencies_of(app).campaign_cache.clear()
