"""create_app: makes the app and all that its requests share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask
from flask_migrate import Migrate

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
from petition.web.api import bearer, cors, languages, refusals as api_refusals
from petition.web.api.lists import lists
from petition.web.api.public import readable
from petition.web.api.reference import reference
from petition.web.api.signing import signing
from petition.web.embed.frame import embed
from petition.web.embed.message import framed_message
from petition.web.embed.oembed import oembeds
from petition.web.http import access, errors, ready_answers, retrying, security, senders
from petition.web.http.campaign_cache import CampaignCache
from petition.web.http.dependencies import Dependencies, dependencies_of, set_dependencies
from petition.web.http.gateway import BODY_BYTES
from petition.web.http.lazy_rules import LazyRule
from petition.web.http.sessions import StaffSessions
from petition.web.http.url_converters import CONVERTERS, PercentEncodedRequest
from petition.web.ops.dev_mailbox import mailbox
from petition.web.ops.dev_partner import demo_partner
from petition.web.ops.health import health
from petition.web.ops.security_txt import security_txt
from petition.web.ops.static import static
from petition.web.public import link_tokens, typed_addresses
from petition.web.public.answers import answers
from petition.web.public.crawlers import finding
from petition.web.public.letter_links import links
from petition.web.public.link_requests import link_requests
from petition.web.public.message import message
from petition.web.public.message_outcomes import outcomes
from petition.web.public.my_signature import mine
from petition.web.public.own_files import own_files
from petition.web.public.partner_page import partner_page
from petition.web.public.partners import partners as public_partners
from petition.web.public.public_names import names
from petition.web.public.sharing import sharing
from petition.web.public.signing import public
from petition.web.public.updates import updates
from petition.web.signing import plain_requests
from petition.web.staff import auth, refusals, second_factor
from petition.web.staff.accounts import accounts
from petition.web.staff.audit import audit
from petition.web.staff.bulk_actions import bulk_actions
from petition.web.staff.campaigns import views as staff_campaigns
from petition.web.staff.exports import exports
from petition.web.staff.help import guide
from petition.web.staff.limits import limits
from petition.web.staff.lost_factor import lost
from petition.web.staff.messages import messages
from petition.web.staff.moderation import reviews
from petition.web.staff.opening import opening
from petition.web.staff.own_account import own_account
from petition.web.staff.panic import panic
from petition.web.staff.partner_pages import partner_pages
from petition.web.staff.partners import partners
from petition.web.staff.passkeys import passkeys
from petition.web.staff.people import people
from petition.web.staff.signatures import signatures
from petition.web.staff.target_domains import domains
from petition.web.staff.tokens import tokens
from petition.web.staff.webhooks import webhooks

SHIPPED = Path(__file__).parent / "campaigns"
"""The campaigns that come with the package."""


def _now() -> datetime:
    return datetime.now(UTC)


def create_app(settings: Settings | None = None, now: Callable[[], datetime] = _now) -> Flask:
    """The app for these settings (default: the environment's), after a look at its database.

    Raises SettingError, and KeysForeign where the keys are not those that filled the database. One
    that does not answer is looked at again by the first signature, in its transaction.
    """
    app = make_app(settings or load_settings(), now)
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


def make_app(settings: Settings, now: Callable[[], datetime] = _now) -> Flask:
    """The app for these settings, whatever its database is like: for commands that look at it."""
    app = _bare_app(settings)
    db.init_app(app)
    Migrate(app, db, render_as_batch=True)
    with app.app_context():
        prepare(db.engine)
        chain = AuditChain(settings.vault_keys.audit, HeadFile(settings.audit_head_path))
        audit_chain.use(db.engine, chain)
    set_dependencies(app, _dependencies(app, settings, now))
    _add_views(app, settings)
    _stand_around(app, settings)
    return app


def _bare_app(settings: Settings) -> Flask:
    """Flask, as it reads addresses, forms and cookies."""
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.request_class = PercentEncodedRequest
    app.url_rule_class = LazyRule
    app.session_interface = StaffSessions()
    app.url_map.converters.update(CONVERTERS)
    # web/public/typed_addresses.py leads on, without naming a host.
    app.url_map.merge_slashes = False
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
        MAX_CONTENT_LENGTH=BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=BODY_BYTES,
        MAX_FORM_PARTS=100,
        SESSION_COOKIE_NAME="__Host-staff" if settings.secure else "staff",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        WTF_CSRF_TIME_LIMIT=None,
    )
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


def _add_views(app: Flask, settings: Settings) -> None:
    """Every page."""
    for blueprint in (
        health,
        static,
        security_txt,
        finding,
        public,
        sharing,
        own_files,
        updates,
        embed,
        framed_message,
        oembeds,
        readable,
        signing,
        lists,
        reference,
        link_requests,
        message,
        links,
        mine,
        answers,
        outcomes,
        partner_page,
        names,
        public_partners,
        accounts,
        second_factor.factor,
        passkeys,
        own_account,
        lost,
        staff_campaigns,
        exports,
        domains,
        opening,
        partners,
        messages,
        webhooks,
        tokens,
        partner_pages,
        limits,
        reviews,
        signatures,
        bulk_actions,
        people,
        guide,
        audit,
        panic,
    ):
        app.register_blueprint(blueprint)
    if settings.shows_mailbox:
        app.register_blueprint(mailbox)
    if settings.on_own_machine:
        app.register_blueprint(demo_partner)


def _stand_around(app: Flask, settings: Settings) -> None:
    """What each request goes through before its view, and each answer after it."""
    errors.install(app)
    languages.install(app)
    api_refusals.install(app)
    cors.install(app)
    link_tokens.install(app)
    typed_addresses.install(app)
    senders.install(app)
    bearer.install(app)
    access.guard(app, settings.base_url, auth.current_staff, auth.require, second_factor.ask)
    refusals.install(app)
    retrying.install(app)
    plain_requests.install(app)
    ready_answers.install(app)
    security.secure(app, settings)
