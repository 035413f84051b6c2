"""Erasing: not a row, not a byte of a person stays, in the database or beside it.

Somebody signs whose every word holds a made-up syllable, does all that a supporter can do, and is
erased. Then every file below the instance folder and every file of the database is searched.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from petition.domain.signatures.hold_reasons import HoldReason
from petition.services.signatures import holds
from petition.store.db import db, engine as engine_module, reading, transaction, vacuum
from petition.store.privacy import erasure
from petition.web.http.dependencies import dependencies_of
from petition.worker.maintenance import Maintenance
from tests import factories, leak_search, people, rights
from tests.conftest import Clock
from tests.factories import change, confirm, entries, keep, rows, the_call, work

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("before_the_first_run")]

WORDS = ("Qelvimrax", "Dovrunthep", "Jabrixolm", "tesquivory", "Hywragnol", "ضغثشقظمط", "8XQ4ZV")
"""Given name, family name, corrected name, address, comment, comment in Arabic, postcode."""

NORA = people.someone(
    1,
    given_name=WORDS[0],
    family_name=WORDS[1],
    email=f"{WORDS[3]}@{WORDS[1].lower()}.example.org",
    comment=f"{WORDS[4]} {WORDS[5]}\n" * 3,
    postcode=WORDS[6],
    visibility="public",
    updates="yes",
    country="NO",
)
PATTERNS = leak_search.of_words(WORDS) | leak_search.of_addresses([NORA["email"]])

Files = Callable[[], list[Path]]


@pytest.fixture
def everything(app: Flask, files: Files) -> Files:
    """Every file of the database and of the instance folder."""
    instance = dependencies_of(app).settings.instance

    def found() -> list[Path]:
        return [*files(), *(path for path in instance.rglob("*") if path.is_file())]

    return found


@pytest.fixture
def nora(app: Flask, client: FlaskClient, clock: Clock) -> str:
    """Nora did all that a supporter can do; the link to her signature."""
    for other in (people.ben, people.cora):
        rights.signed(app, client, other)
    link = rights.signed(app, client, NORA)
    rights.take_out(app)
    name = {"given_name": WORDS[2], "family_name": WORDS[1]}
    assert client.post(f"{link}/correct", data=name).status_code == 303
    clock.forward(timedelta(hours=1))
    factories.sign(client, NORA | {"given_name": f"{WORDS[0]} again"})
    rights.ask(client, NORA["email"])
    rights.ask(client, NORA["email"], "resend")
    rights.type_code(client, NORA["email"], "BCDFGH")
    client.post(rights.newest(app, "unsubscribe"))
    work(app)
    rights.take_out(app, for_target=True)
    client.post(f"{link}/download-page")
    client.post(f"{link}/download")
    return link


def secrets_of(app: Flask) -> dict[str, list[bytes]]:
    """What the database keeps of Nora in other words: sealed records and the address key."""
    sealed = rows(
        app,
        "SELECT sealed FROM entries JOIN signatures ON signatures.id = signature_id"
        " WHERE country = 'NO'",
    )
    keys = rows(
        app,
        "SELECT address_key FROM signatures JOIN entries ON entries.id = entry_id"
        " WHERE country = 'NO'",
    )
    assert len(sealed) == 2
    assert len(keys) == 1
    # A page of the database may split a long record: any 24 bytes of it tell.
    return {
        "sealed": [bytes(one)[:24] for (one,) in sealed]  # type: ignore[call-overload]
        + [bytes(one)[-24:] for (one,) in sealed],  # type: ignore[call-overload]
        "address key": [bytes(key) for (key,) in keys],  # type: ignore[call-overload]
    }


def erase_her(app: Flask, client: FlaskClient, link: str) -> None:
    """And a day goes by: for so long the tries of a code are kept, for every address."""
    answer = client.post(f"{link}/erase", data={"sure": "yes"})
    assert answer.status_code == 200
    work(app)
    dependencies_of(app).now.forward(timedelta(hours=25))
    work(app)


# --- not a byte -----------------------------------------------------------------------------------


def test_no_word_of_hers_stands_in_any_file(
    app: Flask, client: FlaskClient, nora: str, everything: Files
) -> None:
    before = leak_search.search(everything(), PATTERNS)
    assert f"lower case {WORDS[3]}" in before, "her letters lie in the mailbox folder"
    erase_her(app, client, nora)
    searched = everything()
    assert leak_search.search(searched, PATTERNS) == set()
    names = {path.name for path in searched}
    assert "erasures.journal" in names
    assert any(name.endswith(".eml") for name in names), "the others' letters are left"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_sealed_record_and_no_key_of_hers_stands_in_the_database(
    app: Flask, client: FlaskClient, nora: str, everything: Files
) -> None:
    kept = secrets_of(app)
    assert leak_search.search(everything(), kept) == set(kept)
    erase_her(app, client, nora)
    searched = everything()
    assert {path.name for path in searched} >= {"petition.db", "petition.db-wal"}
    assert leak_search.search(searched, kept) == set()
    hexed = kept["address key"][0].hex().encode()
    holders = [path.name for path in searched if hexed in path.read_bytes()]
    assert holders == ["erasures.journal"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_control_without_overwriting_a_copy_stays(
    app: Flask,
    client: FlaskClient,
    nora: str,
    everything: Files,
) -> None:
    kept = secrets_of(app)
    db.engine.dispose()

    def set_pragmas(connection: Any, record: Any) -> None:
        engine_module._set_pragmas(connection, record)
        connection.execute("PRAGMA secure_delete = OFF")

    event.listen(db.engine, "connect", set_pragmas)
    erase_her(app, client, nora)
    assert leak_search.search(everything(), kept) == set(kept)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_control_without_cutting_the_log_a_copy_stays(
    app: Flask,
    client: FlaskClient,
    nora: str,
    everything: Files,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = secrets_of(app)
    monkeypatch.setattr(Maintenance, "vacuum", lambda self: None)
    erase_her(app, client, nora)
    assert leak_search.search(everything(), kept) == set(kept)
    assert vacuum(db.engine)
    assert leak_search.search(everything(), kept) == set()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_reads_long_holds_up_the_clearing_and_nobody_who_signs(
    app: Flask, client: FlaskClient, nora: str, clock: Clock, everything: Files
) -> None:
    kept = secrets_of(app)
    with reading() as long_export:
        assert long_export.query(db.metadata.tables["signatures"]).count() == 3
        erase_her(app, client, nora)
        assert leak_search.search(everything(), kept) == set(kept)
        keep(app, the_call(app), people.amina)
        clock.forward(timedelta(seconds=4))
        work(app)
    work(app)
    assert leak_search.search(everything(), kept) == set(kept), "not before five seconds are over"
    clock.forward(timedelta(seconds=1))
    work(app)
    assert leak_search.search(everything(), kept) == set()


# --- not a row ------------------------------------------------------------------------------------

STAYS = frozenset(
    {
        "counts",
        "jobs",
        "snapshots",
        "exports",
        "export_pages",
        "erasures",
        "count_changes",
        "code_tries",
        "link_requests",
        "provider_minutes",
        "audit",
        "audit_head",
    }
)
"""Numbers that name nobody; what staff did, with the numbers of lists; when the worker was there;
tries of codes end with their day, as for an address that nobody signed with
(tests/web/test_enumeration.py says why); requests of letters go when the worker comes by, in a
second; how many letters a mail provider took, by a keyed hash of it, within two hours."""


def test_the_tables_are_as_if_she_had_never_come(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    for other in (people.ben, people.cora):
        rights.signed(app, client, other)
    before = {name: found for name, found in rights.dump(app).items() if name not in STAYS}
    link = rights.signed(app, client, NORA)
    rights.take_out(app)
    change(
        app,
        "INSERT INTO reviews (campaign_id, entry_id, verdict, by, at)"
        " SELECT campaign_id, entry_id, 'shown', 'sam', created_at FROM signatures WHERE id = 3",
    )
    rights.ask(client, NORA["email"])
    rights.type_code(client, NORA["email"], "BCDFGH")
    held = rights.held_now(app)
    assert {"link_requests", "code_tries", "reviews", "mailboxes"} <= held.keys()
    client.post(f"{link}/erase", data={"sure": "yes"})
    now = {name: found for name, found in rights.dump(app).items() if name not in STAYS}
    assert now == before
    assert rights.counted(app) - rights.standing(app) == rights.Counter(
        {("total", ""): 1, ("country", "NO"): 1, ("day", "2026-11-02"): 1} | _plain()
    ), "until the fold"
    clock.forward(timedelta(hours=25))
    work(app)
    for table in ("link_requests", "code_tries", "provider_minutes"):
        assert rows(app, f"SELECT * FROM {table}") == []
    assert rights.counted(app) == rights.standing(app)
    assert rows(app, "SELECT signature_id FROM erasures") == [(3,)]


def _plain() -> dict[tuple[str, str], int]:
    return {("language", "en"): 1, ("source", ""): 1, ("partner", ""): 1}


def test_what_was_asked_before_the_erasure_brings_no_letter_after_it(
    app: Flask, client: FlaskClient
) -> None:
    link = rights.signed(app, client, NORA)
    rights.ask(client, NORA["email"])
    rights.ask(client, NORA["email"], "resend")
    client.post(f"{link}/erase", data={"sure": "yes"})
    work(app)
    assert factories.letters(app) == []
    assert rows(app, "SELECT * FROM link_requests") == []


def test_a_mailbox_that_another_call_writes_to_keeps_its_limits(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    rights.another_call(app, tmp_path)
    rights.signed(app, client, people.ben)
    rights.signed(app, client, people.ben, slug="other")
    rights.signed(app, client, people.cora)
    first, second, _cora = rights.ids(app)
    rights.erase(app, first)
    assert rows(app, "SELECT count(*) FROM mailboxes") == [(2,)]
    assert rows(app, "SELECT id, state FROM signatures WHERE id = :id", id=second) == [
        (second, "confirmed")
    ]
    rights.erase(app, second)
    assert rows(app, "SELECT count(*) FROM mailboxes") == [(1,)], "and Cora's stays"
    assert len(rows(app, "SELECT * FROM mailboxes JOIN signatures USING (address_key)")) == 1


@pytest.mark.parametrize("state", ["pending", "confirmed", "held", "rejected", "withdrawn"])
def test_the_count_follows_from_every_state(app: Flask, clock: Clock, state: str) -> None:
    call = the_call(app)
    for form in (people.ben, people.cora):
        keep(app, call, form)
    for entry_id in entries(app)[state == "pending" :]:
        confirm(app, entry_id)
    with transaction() as session:
        if state == "held":
            holds.hold(session, 1, reason=HoldReason.OTHER, by="sam", at=clock())
        elif state == "rejected":
            holds.reject(session, 1, reason=HoldReason.OTHER, by="sam", at=clock())
    if state == "withdrawn":
        rights.withdraw(app, 1)
    work(app)
    assert rights.counted(app) == rights.standing(app)
    gone = rights.erase(app, 1)
    assert gone is not None
    assert gone.slug == "amazon"
    work(app)
    assert rights.counted(app) == rights.standing(app)
    assert rights.counted(app)["total", ""] == 1
    assert rights.ids(app) == [2]


def test_what_is_gone_cannot_be_erased(app: Flask, clock: Clock) -> None:
    keep(app, the_call(app), people.ben)
    assert rights.erase(app, 1) is not None
    before = rights.dump(app)
    journal = dependencies_of(app).settings.journal_path.read_bytes()
    assert rights.erase(app, 1) is None
    assert rights.erase(app, 99) is None
    with transaction() as session:
        assert erasure.erase(session, 1, at=clock()) is None
    assert rights.dump(app) == before
    assert dependencies_of(app).settings.journal_path.read_bytes() == journal


def test_an_erasure_that_fails_leaves_everything(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal cannot be written: nothing is erased, and the person is told so."""
    link = rights.signed(app, client, people.ben)
    before = rights.dump(app)
    path = dependencies_of(app).settings.journal_path
    path.mkdir()
    answer = client.post(f"{link}/erase", data={"sure": "yes"})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert rights.dump(app) == before
    assert len(factories.letters(app)) == 2
    path.rmdir()
    assert client.post(f"{link}/erase", data={"sure": "yes"}).status_code == 200
    assert rights.ids(app) == []
