"""What many people do, in one transaction: where a test is about what comes after it."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Flask

from petition.domain.campaigns.campaign import CampaignView
from petition.services.signatures import signing
from petition.store.counts import totals
from petition.store.db import transaction
from petition.store.signatures import bulk_insert, mail_providers
from petition.web.http.dependencies import dependencies_of
from tests.factories import command
from tests.people import Form


def keep_all(app: Flask, call: CampaignView, forms: Iterable[Form]) -> None:
    """All of them sign, one after the other: their numbers are in the order of the forms."""
    deps = dependencies_of(app)
    with app.app_context(), transaction() as session:
        providers, at = mail_providers.table(session), deps.now()
        for form in forms:
            prepared = signing.prepare(
                deps.vault, providers, call, command(form), sender=None, at=at
            )
            bulk_insert.add(session, [prepared.new_entry])


def confirm_all(app: Flask, entry_ids: Iterable[int]) -> None:
    """The buttons behind all these links are pressed."""
    with app.app_context(), transaction() as session:
        for entry_id in entry_ids:
            signing.confirm(session, entry_id, at=dependencies_of(app).now())


def fold(app: Flask) -> None:
    """Of a worker's round, what brings the public counts up to date."""
    with app.app_context(), transaction() as session:
        totals.fold(session, at=dependencies_of(app).now())
