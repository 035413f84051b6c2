"""Runs migrations inside the app: `petition db upgrade`."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import text

from petition.store.db import Base, db, writer_queue

config = context.config


def run() -> None:
    """Migrate in one transaction. On PostgreSQL a lock is waited for 2 s, so signing goes on."""
    engine = db.engine
    with writer_queue(engine), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET lock_timeout = '2s'"))
            connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            **current_app.extensions["migrate"].configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
