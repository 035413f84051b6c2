"""A copy of the database without the key: no name, no address, no comment, in any spelling.

Twenty people sign whose every word holds a made-up syllable. Then every byte that the database
wrote is searched for these syllables, as they are and encoded, and for hashes of the addresses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from petition.store.db import db
from tests import leak_search, people
from tests.factories import change, confirm, entries, keep, rows, the_call, work

SYLLABLES = ("Wexqorin", "Zomkrefal", "vuxpaltiq", "Krelvonq", "ظقعجثخص", "9QZ7X4")
"""In a given name, a family name, an address, a comment, a name in Arabic, and a postcode."""


def _person(number: int) -> people.Form:
    arabic = number % 2
    return people.someone(
        number,
        given_name=f"{SYLLABLES[4] if arabic else SYLLABLES[0]} {number}",
        family_name=f"{SYLLABLES[1]} {number}",
        email=f"{SYLLABLES[2]}.{number}@{SYLLABLES[1].lower()}.example.org",
        postcode=SYLLABLES[5],
        comment=f"{SYLLABLES[3]} {SYLLABLES[4]} {number}\n" * 3,
    )


CROWD = [_person(number) for number in range(20)]
PATTERNS = leak_search.of_words(SYLLABLES) | leak_search.of_addresses(
    form["email"] for form in CROWD
)


def _search(files: list[Path]) -> set[str]:
    return leak_search.search(files, PATTERNS)


def test_no_name_no_address_no_comment_stands_in_the_files(
    app: Flask, files: Callable[[], list[Path]]
) -> None:
    call = the_call(app)
    for form in CROWD * 2:
        keep(app, call, form)
    for entry_id in entries(app)[:10]:
        confirm(app, entry_id)
    work(app)
    assert rows(app, "SELECT count(*) FROM entries") == [(40,)]
    searched = files()
    assert sum(path.stat().st_size for path in searched) > 100_000
    if db.engine.dialect.name == "sqlite":
        assert {path.name for path in searched} >= {"petition.db", "petition.db-wal"}
    else:
        assert any(path.parent.name == "pg_wal" for path in searched)
    assert _search(searched) == set()


@pytest.mark.parametrize("planted", sorted(PATTERNS))
def test_the_search_finds_what_is_planted(planted: str, tmp_path: Path) -> None:
    """The control: each pattern by itself, in the middle of a file."""
    for number, pattern in enumerate(PATTERNS[planted]):
        path = tmp_path / f"{number}.bin"
        path.write_bytes(b"\x07before" + pattern + b"after\x08")
        assert planted in _search([path])


def test_the_search_finds_a_planted_row(app: Flask, files: Callable[[], list[Path]]) -> None:
    """The control through the database: an unsealed record, an address and a plain hash."""
    keep(app, the_call(app), CROWD[0])
    address = CROWD[0]["email"].encode()
    change(app, "UPDATE entries SET sealed = :bytes", bytes=CROWD[0]["given_name"].encode())
    change(app, "UPDATE letters SET last_error = :text", text=f"550 {CROWD[0]['email']}")
    change(app, "UPDATE signatures SET state_reason = :text", text=SYLLABLES[4])
    change(
        app,
        "INSERT INTO mailboxes (address_key, letters, confirmed) VALUES (:key, 0, false)",
        key=hashlib.sha256(address).digest()[:16],
    )
    found = _search(files())
    assert {
        f"utf-8 {SYLLABLES[0]}",
        f"utf-8 {SYLLABLES[2]}",
        f"utf-8 {SYLLABLES[4]}",
        "sha256 bytes",
    } <= found


def test_a_file_that_went_meanwhile_does_not_stop_the_search(tmp_path: Path) -> None:
    """PostgreSQL removes files of its own at any moment; those after them are still read."""
    (tmp_path / "left").write_bytes(SYLLABLES[0].encode())
    assert f"utf-8 {SYLLABLES[0]}" in _search([tmp_path / "gone", tmp_path / "left"])
