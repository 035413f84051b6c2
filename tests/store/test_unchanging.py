"""What was said or done is a record: the database itself refuses to change it."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from petition.store.db import transaction
from petition.store.staff import audit
from tests import people
from tests.conftest import Clock
from tests.factories import keep, rows, the_call

CHANGES = (
    "UPDATE consent_texts SET wording = 'I sell my soul'",
    "UPDATE consent_texts SET sha256 = 'x' WHERE id = 1",
    "DELETE FROM consent_texts WHERE id = 1",
    "UPDATE consents SET answer = 'yes'",
    "UPDATE consents SET way = 'api'",
    "UPDATE audit SET who = 'nobody'",
    "DELETE FROM audit",
)


@pytest.mark.parametrize("change", CHANGES)
def test_a_record_is_not_changed(app: Flask, clock: Clock, change: str) -> None:
    keep(app, the_call(app), people.ben)
    with transaction() as session:
        audit.note(session, who="sam", action="export", outcome="done", at=clock())
    table = next(name for name in ("consent_texts", "consents", "audit") if name in change)
    before = rows(app, f"SELECT * FROM {table} ORDER BY id")
    assert before
    with pytest.raises(DatabaseError, match="never changed"), transaction() as session:
        session.execute(text(change))
    assert rows(app, f"SELECT * FROM {table} ORDER BY id") == before


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE signatures SET state = 'famous'",
        "UPDATE letters SET state = 'lost'",
        "UPDATE campaigns SET state = 'secret'",
        "UPDATE entries SET country = NULL",
        "UPDATE entries SET signature_id = 424242",
    ],
)
def test_the_database_knows_its_own_rules(app: Flask, change: str) -> None:
    keep(app, the_call(app), people.ben)
    with pytest.raises(DatabaseError), transaction() as session:
        session.execute(text(change))


def test_erasing_a_signature_takes_its_entries_consents_and_letters(app: Flask) -> None:
    """The one way that a consent goes: with the person's whole signature."""
    call = the_call(app)
    keep(app, call, people.ben)
    keep(app, call, people.amina)
    with transaction() as session:
        session.execute(text("DELETE FROM signatures WHERE id = (SELECT min(id) FROM signatures)"))
    for table, left in (("signatures", 1), ("entries", 1), ("consents", 3), ("letters", 1)):
        assert rows(app, f"SELECT count(*) FROM {table}") == [(left,)]
