"""What is written once: a second spelling of it would drift from the first."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "petition"

ONCE = {
    r"on_conflict_do|sqlalchemy\.dialects": {"store/db/upsert.py"},
    # Each of these writes in one statement what depends on each other's rows.
    r"^ON CONFLICT": {"store/signatures/bulk_insert.py", "store/abuse/senders.py"},
    r"insert\(Letter\)": {"store/letters/outbox.py"},
    r"INSERT INTO letters": {"store/signatures/bulk_insert.py"},
    r"os\.(replace|rename|link)\(|mkstemp|TemporaryFile": {"files.py"},
    # The journal of erasures grows by a line at a time.
    r"os\.fsync": {"files.py", "store/privacy/erasure_journal.py"},
    # Two threads that do it by themselves end the process.
    r"msgspec\.(json\.decode|json\.Decoder|convert)\(": {"structs.py"},
    r"outbox_files\.remove": {"services/privacy/erasure.py"},
    # What else reads the clock waits or measures, and keeps nothing.
    r"self\._kept\b": {"ttl_cache.py"},
    r"AbstractContextManager\[Session\]": {"store/db/session.py"},
}


@pytest.mark.parametrize("spelling", ONCE)
def test_it_is_written_in_one_place(spelling: str) -> None:
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if re.search(spelling, path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert found == ONCE[spelling]
