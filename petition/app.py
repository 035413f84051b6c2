"""create_app: makes the app with its pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Flask

from petition.base_app import (
    SHIPPED,
    create_base_app,
    keys_of,
    load_settings,
    make_base_app,
    utc_now,
)
from petition.config import Settings
from petition.web.api import bearer, cors, languages, refusals as api_refusals
from petition.web.api.lists import lists
from petition.web.api.public import readable
from petition.web.api.reference import reference
from petition.web.api.signing import signing
from petition.web.embed.frame import embed
from petition.web.embed.message import framed_message
from petition.web.embed.oembed import oembeds
from petition.web.http import access, errors, ready_answers, retrying, security, senders
from petition.web.http.dependencies import dependencies_of
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

__all__ = ["SHIPPED", "add_pages", "create_app", "keys_of", "load_settings", "make_app"]


def create_app(settings: Settings | None = None, now: Callable[[], datetime] = utc_now) -> Flask:
    """The app for these settings (default: the environment's), after a look at its database.

    Raises what `create_base_app` raises.
    """
    return add_pages(create_base_app(settings, now))


def make_app(settings: Settings, now: Callable[[], datetime] = utc_now) -> Flask:
    """The same, whatever its database is like: for commands that look at it."""
    return add_pages(make_base_app(settings, now))


def add_pages(app: Flask) -> Flask:
    """The same app, which answers requests from now on."""
    settings = dependencies_of(app).settings
    _read_requests(app, settings)
    _add_views(app, settings)
    _stand_around(app, settings)
    return app


def _read_requests(app: Flask, settings: Settings) -> None:
    """How Flask reads addresses, forms and cookies."""
    app.request_class = PercentEncodedRequest
    app.url_rule_class = LazyRule
    app.session_interface = StaffSessions()
    app.url_map.converters.update(CONVERTERS)
    # web/public/typed_addresses.py leads on, without naming a host.
    app.url_map.merge_slashes = False
    app.config.update(
        MAX_CONTENT_LENGTH=BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=BODY_BYTES,
        MAX_FORM_PARTS=100,
        SESSION_COOKIE_NAME="__Host-staff" if settings.secure else "staff",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        WTF_CSRF_TIME_LIMIT=None,
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
