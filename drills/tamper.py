"""Wounds that the red controls and the checker's tests give a database, by plain SQL."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.exc import IntegrityError

from drills.failure import DrillError

UNIQUE = re.compile(r",\s*CONSTRAINT \w+ UNIQUE \(campaign_id, address_key\)")


@contextmanager
def opened(url: str) -> Iterator[Connection]:
    """A connection that commits at the end; foreign keys are not minded (SQLite's default)."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def lose_form(url: str, mark: str) -> None:
    """Delete the signature that the form with this mark made, and all that hangs on it."""
    with opened(url) as connection:
        signature = connection.execute(
            text("SELECT signature_id FROM entries WHERE utm_campaign = :mark"), {"mark": mark}
        ).scalar_one()
        entries = "(SELECT id FROM entries WHERE signature_id = :id)"
        for statement in (
            f"DELETE FROM consents WHERE entry_id IN {entries}",
            f"DELETE FROM letters WHERE entry_id IN {entries}",
            "DELETE FROM entries WHERE signature_id = :id",
            "DELETE FROM signatures WHERE id = :id",
        ):
            connection.execute(text(statement), {"id": signature})


def double_signature(url: str) -> bool:
    """Write the first signature a second time, as a forgetful program would; False if refused."""
    with opened(url) as connection:
        columns = [column["name"] for column in inspect(connection).get_columns("signatures")]
        copied = ", ".join(name for name in columns if name != "id")
        try:
            connection.execute(
                text(
                    f"INSERT INTO signatures ({copied}) SELECT {copied} FROM signatures"
                    " WHERE id = (SELECT min(id) FROM signatures)"
                )
            )
        except IntegrityError:
            connection.rollback()
            return False
    return True


def drop_unique(url: str) -> None:
    """Take away the key that makes an address unique in a campaign."""
    with opened(url) as connection:
        if connection.dialect.name == "postgresql":
            _drop_constraints(connection)
        else:
            _remake_table(connection)


def _drop_constraints(connection: Connection) -> None:
    names = connection.scalars(
        text(
            "SELECT conname FROM pg_constraint"
            " WHERE conrelid = 'signatures'::regclass AND contype = 'u'"
        )
    ).all()
    if not names:
        raise DrillError("the signatures have no unique key to drop")
    for name in names:
        connection.execute(text(f'ALTER TABLE signatures DROP CONSTRAINT "{name}"'))


def _remake_table(connection: Connection) -> None:
    """SQLite drops no constraint: the table is made anew without it."""
    sql = connection.execute(
        text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'signatures'")
    ).scalar_one()
    loose, number = UNIQUE.subn("", sql)
    if number != 1:
        raise DrillError("the signatures have no unique key to drop")
    for statement in (
        loose.replace("signatures", "loose", 1),
        "INSERT INTO loose SELECT * FROM signatures",
        "DROP TABLE signatures",
        "ALTER TABLE loose RENAME TO signatures",
    ):
        connection.execute(text(statement))
