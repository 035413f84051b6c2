"""Vacuum: clears what deleted rows leave behind in the database's files."""

from __future__ import annotations

from sqlalchemy import Engine

from petition.store.db.writer_queue import writer_queue


def vacuum(engine: Engine) -> bool:
    """Clear what deleted rows leave behind; False when somebody's reading stands in the way.

    SQLite overwrites freed space itself (secure_delete); its write-ahead log still holds the old
    pages until it is copied over and cut off. PostgreSQL frees the rows' space for new ones; what
    lies there until then is sealed, as it was.
    """
    if engine.dialect.name != "sqlite":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(
                "VACUUM signatures, entries, consents, letters, reviews, mailboxes, "
                "link_requests, code_tries, former_keys, merged_signatures, sender_keys, "
                "sender_counts, sender_tries, sender_allowances"
            )
        return True
    with writer_queue(engine):
        raw = engine.raw_connection()
        try:
            cursor = raw.cursor()
            cursor.execute("PRAGMA busy_timeout = 200")  # a long export must not hold up signing
            busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            cursor.execute("PRAGMA busy_timeout = 30000")
            return not busy
        finally:
            raw.close()
