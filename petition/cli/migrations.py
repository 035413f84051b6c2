"""Migrations: the database's tables brought to this version, or compared with the code's."""

from __future__ import annotations

import flask_migrate
from flask import Flask

from petition.config import resource_dir
from petition.store.db import db

_FOLDER = str(resource_dir("migrations"))


def upgrade(app: Flask) -> None:
    """Make or update the tables; keeps what is in them."""
    ready(app)
    flask_migrate.upgrade(directory=_FOLDER)


def check(app: Flask) -> None:
    """Raise unless the tables equal the code's."""
    ready(app)
    flask_migrate.check(directory=_FOLDER)


def ready(app: Flask) -> None:
    """From now on Flask-Migrate knows this app's database."""
    flask_migrate.Migrate(app, db, render_as_batch=True)
