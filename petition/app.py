"""The roof: create_app joins everything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask
from flask_migrate import Migrate
from werkzeug.routing import BaseConverter

from petition import i18n
from petition.config import Settings, load
from petition.domain.tokens import Tokens
from petition.printing import Press
from petition.rendering import Renderer
from petition.store import db as store
from petition.store.db import db
from petition.store.intake import Intake
from petition.store.journal import Journal
from petition.store.vault import Vault
from petition.web import access, errors, security
from petition.web.asking import asking
from petition.web.calls import Calls
from petition.web.finding import finding
from petition.web.house import House
from petition.web.links import links
from petition.web.mailbox import mailbox
from petition.web.mine import mine
from petition.web.names import names
from petition.web.operations import operations
from petition.web.public import public
from petition.web.sharing import sharing
from petition.web.shelf import Shelf
from petition.web.staff import gate
from petition.web.staff.accounts import accounts
from petition.web.staff.domains import domains
from petition.web.staff.recall import recall
from petition.web.staff.reviews import reviews
from petition.web.staff.rooms import rooms

SHIPPED = Path(__file__).parent / "campaigns"
"""The calls that come with the house."""


class LanguageConverter(BaseConverter):
    """A language that the house speaks, in an address."""

    regex = "|".join(i18n.codes())


class SlugConverter(BaseConverter):
    """A campaign's name in an address; anything else is nothing here, and asks no database."""

    regex = "[a-z0-9][a-z0-9-]{0,63}"


def _now() -> datetime:
    return datetime.now(UTC)


def create_app(settings: Settings | None = None, now: Callable[[], datetime] = _now) -> Flask:
    """The app for these settings (default: the environment's). Raises SettingError."""
    settings = settings or load()
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.url_map.converters.update(lang=LanguageConverter, slug=SlugConverter)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=store.engine_options(settings.database_url),
        MAX_CONTENT_LENGTH=64 * 1024,
        MAX_FORM_MEMORY_SIZE=64 * 1024,
        MAX_FORM_PARTS=100,
        SESSION_COOKIE_NAME="__Host-staff" if settings.secure else "staff",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        WTF_CSRF_TIME_LIMIT=None,
    )
    db.init_app(app)
    Migrate(app, db, render_as_batch=True)
    with app.app_context():
        engine = db.engine
        store.prepare(engine)
        if settings.production:
            store.check_durability(engine)
    app.extensions["petition"] = House(
        settings=settings,
        vault=Vault(settings.vault_keys, settings.vault_key_file),
        tokens=Tokens(settings.secret_key),
        intake=Intake(engine),
        journal=Journal(settings.journal_path),
        calls=Calls(lambda: store.reading(engine)),
        render=Renderer(organiser=settings.organiser),
        press=Press(),
        shelf=Shelf(),
        now=now,
    )
    for blueprint in (
        operations,
        finding,
        public,
        sharing,
        asking,
        links,
        mine,
        names,
        accounts,
        rooms,
        recall,
        domains,
        reviews,
    ):
        app.register_blueprint(blueprint)
    if settings.shows_mailbox:
        app.register_blueprint(mailbox)
    access.guard(app, gate.who, gate.may)
    security.secure(app, settings)
    errors.install(app)
    return app
