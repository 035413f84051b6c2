"""What every request needs at hand, made once with the app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

from flask import Flask, current_app

from petition.config import Settings
from petition.domain.tokens import Tokens
from petition.printing import Press
from petition.rendering import Renderer
from petition.services.abuse.senders import Senders
from petition.services.abuse.shared_counts import SharedCounts
from petition.services.partners.refused_forms import RefusedForms
from petition.services.privacy.erasure import ErasureContext
from petition.services.staff.password_turns import PasswordTurns
from petition.store.privacy.erasure_journal import Journal
from petition.store.signatures.group_commit import GroupCommit
from petition.store.signatures.readiness import Readiness
from petition.store.vault.vault import Vault
from petition.ttl_cache import TtlCache
from petition.web.http.campaign_cache import CampaignCache


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """The settings, and one of each object that requests share."""

    settings: Settings
    vault: Vault
    tokens: Tokens
    group_commit: GroupCommit
    journal: Journal
    readiness: Readiness
    campaign_cache: CampaignCache
    render: Renderer
    press: Press
    ttl_cache: TtlCache
    senders: Senders
    password_turns: PasswordTurns
    requests: SharedCounts
    refused_forms: RefusedForms
    now: Callable[[], datetime]

    @property
    def erasure_context(self) -> ErasureContext:
        """Where erasures reach besides the database."""
        return ErasureContext(settings=self.settings, journal=self.journal)


_NAME: Final = "petition"
"""In Flask's own place for what an app carries; read and written here only."""


def set_dependencies(app: Flask, dependencies: Dependencies) -> None:
    """From now on the app's requests use these."""
    app.extensions[_NAME] = dependencies


def dependencies_of(app: Flask) -> Dependencies:
    """What this app was made with."""
    return cast(Dependencies, app.extensions[_NAME])


def deps() -> Dependencies:
    """What the current app was made with."""
    return dependencies_of(current_app)
