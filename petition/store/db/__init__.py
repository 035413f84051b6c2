"""The database: engine, sessions, types and what keeps acknowledged rows safe."""

from sqlalchemy.orm import Session

from petition.store.db.conditions import Condition, Moment, Question
from petition.store.db.durability import check_durability, check_takes_changes
from petition.store.db.engine import READING, engine_options, file_of, is_there, prepare
from petition.store.db.errors import UNAVAILABLE, DatabaseFault, is_away
from petition.store.db.integrity import DAMAGED, faults_of_file
from petition.store.db.schema import is_migrated
from petition.store.db.session import (
    SessionFactory,
    read_once,
    reading,
    snapshot_transaction,
    transaction,
)
from petition.store.db.types import Base, Id, Instant, db
from petition.store.db.vacuum import vacuum
from petition.store.db.writer_queue import WriterQueue, writer_queue

__all__ = [
    "DAMAGED",
    "READING",
    "UNAVAILABLE",
    "Base",
    "Condition",
    "DatabaseFault",
    "Id",
    "Instant",
    "Moment",
    "Question",
    "Session",
    "SessionFactory",
    "WriterQueue",
    "check_durability",
    "check_takes_changes",
    "db",
    "engine_options",
    "faults_of_file",
    "file_of",
    "is_away",
    "is_migrated",
    "is_there",
    "prepare",
    "read_once",
    "reading",
    "snapshot_transaction",
    "transaction",
    "vacuum",
    "writer_queue",
]
