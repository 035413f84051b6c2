"""The app without pages: what every process shares, and all that most commands need of it.

Pages, and all that they import, are half of what a process takes to start.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask

from petition.config import Settings, load
from petition.domain.tokens import Tokens
from petition.printing import Press
from petition.rendering import Renderer
from petition.services.abuse.senders import Senders
from petition.services.abuse.shared_counts import SharedCounts
from petition.services.partners.refused_forms import RefusedForms
from petition.services.staff.password_turns import PasswordTurns
from petition.store.db import (
    DatabaseFault,
    check_durability,
    db,
    engine_options,
    is_away,
    is_there,
    prepare,
    reading,
    transaction,
)
from petition.store.privacy.erasure_journal import Journal
from petition.store.signatures.group_commit import GroupCommit
from petition.store.signatures.readiness import Readiness
from petition.store.staff import audit_chain
from petition.store.staff.audit_chain import AuditChain
from petition.store.staff.audit_head import HeadFile
from petition.store.vault import key_checks
from petition.store.vault.key_checks import Keys
from petition.store.vault.vault import Vault
from petition.ttl_cache import TtlCache
from petition.web.http.campaign_cache import CampaignCache
from petition.web.http.dependencies import Dependencies, dependencies_of, set_dependencies

SHIPPED = Path(__file__).parent / "campaigns"
"""The campaigns that come with the package."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def create_base_app(
    settings: Settings | None = None, now: Callable[[], datetime] = utc_now
) -> Flask:
    """The app for these settings (default: the environment's), after a look at its database.

    Raises SettingError, and KeysForeign where the keys are not those that filled the database. One
    that does not answer is looked at again by the first signature, in its transaction.
    """
    app = make_base_app(settings or load_settings(), now)
    settings = dependencies_of(app).settings
    with app.app_context():
        if settings.production:
            check_durability(db.engine)
        dependencies_of(app).vault.look()
        if is_there(db.engine):
            _check_keys(app)
    return app


def _check_keys(app: Flask) -> None:
    try:
        with reading(db.engine) as session:
            key_checks.require(session, keys_of(app))
    except DatabaseFault as error:
        if not is_away(error):
            raise


def load_settings() -> Settings:
    """The environment's settings; no key is made beside a database that others filled."""
    return load(before_generating=key_checks.refuse_beside_people)


def keys_of(app: Flask) -> Keys:
    """The keys that this app works with now: a ring in a file may have a new one."""
    deps = dependencies_of(app)
    return Keys(ring=deps.vault.ring, secret_key=deps.settings.secret_key)


def make_base_app(settings: Settings, now: Callable[[], datetime] = utc_now) -> Flask:
    """The same, whatever its database is like: for commands that look at it."""
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
    )
    db.init_app(app)
    with app.app_context():
        prepare(db.engine)
        chain = AuditChain(settings.vault_keys.audit, HeadFile(settings.audit_head_path))
        audit_chain.use(db.engine, chain)
    set_dependencies(app, _dependencies(app, settings, now))
    return app


def _dependencies(app: Flask, settings: Settings, now: Callable[[], datetime]) -> Dependencies:
    """What views, services and the worker are given."""
    with app.app_context():
        engine = db.engine
    vault = Vault(settings.vault_keys, settings.vault_key_file)
    group_commit = GroupCommit(engine, lambda session: key_checks.keep(session, keys_of(app)))
    return Dependencies(
        settings=settings,
        vault=vault,
        tokens=Tokens(settings.secret_key),
        group_commit=group_commit,
        journal=Journal(settings.journal_path),
        readiness=Readiness(engine, group_commit),
        campaign_cache=CampaignCache(lambda: reading(engine), vault, now),
        render=Renderer(organiser=settings.organiser, contact=settings.contact),
        press=Press(),
        ttl_cache=TtlCache(600.0, most=300, clock=lambda: now().timestamp()),
        senders=Senders(
            settings,
            reading=lambda: reading(engine),
            transaction=lambda: transaction(engine),
        ),
        password_turns=PasswordTurns(),
        requests=SharedCounts(settings.limits.pages),
        refused_forms=RefusedForms(lambda: transaction(engine)),
        now=now,
    )
