"""Red controls: breaks the program from outside, at its start, as DRILL_CONTROL says.

Python runs this file at the start of every process that has this folder on PYTHONPATH, so the
program's own children are broken too. Nothing in the program knows of it. It must not stop
anything from starting: a process that cannot import what it would break stays whole.
"""

import contextlib
import os
import threading
import time
from importlib import import_module
from typing import Any

EARLY_BY = 0.2  # seconds between the answer and the commit that it speaks of


def _listen(*what: Any, **how: Any) -> None:
    import_module("sqlalchemy.event").listen(*what, **how)


def _sqlite_without(level: str) -> None:
    """SQLite commits that do not wait for the disk."""

    def weaken(connection: Any, *_: object) -> None:
        cursor = connection.cursor()
        with contextlib.suppress(Exception):  # PostgreSQL knows no such word
            cursor.execute(f"PRAGMA synchronous = {level}")
        cursor.close()

    _listen(import_module("sqlalchemy.pool").Pool, "checkout", weaken)


def _answer_early() -> None:
    """The intake says "kept" at once and keeps a moment later."""
    intake = import_module("petition.store.intake").Intake
    keep = intake.put

    def put(self: Any, arrival: Any) -> None:
        def later() -> None:
            time.sleep(EARLY_BY)
            keep(self, arrival)

        threading.Thread(target=later, daemon=True).start()

    intake.put = put


def _look_first() -> None:
    """The door asks whether the address has signed; if it has, what became of it."""
    signing: Any = import_module("petition.services.signing")
    erasing = import_module("petition.store.erasing")
    reading = import_module("petition.store.db").reading
    keep = signing.sign

    def sign(intake: Any, vault: Any, providers: Any, call: Any, command: Any, *, at: Any) -> None:
        key = signing.address_key(vault, providers, command.local_part, command.domain)
        with reading() as session:
            known = erasing.of_address(session, call.id, key)
            if known is not None:
                erasing.address_key(session, known)
        keep(intake, vault, providers, call, command, at=at)

    signing.sign = sign


CONTROLS = {
    "synchronous-off": lambda: _sqlite_without("OFF"),
    "synchronous-normal": lambda: _sqlite_without("NORMAL"),
    "ack-early": _answer_early,
    "looks-first": _look_first,
}

_chosen = os.environ.get("DRILL_CONTROL", "")
if _chosen in CONTROLS:
    with contextlib.suppress(ImportError):
        CONTROLS[_chosen]()
