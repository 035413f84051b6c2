"""A copy of the database without the key: no name, no address, no comment, in any spelling.

Twenty people sign whose every word holds a made-up syllable. Then every byte that the database
wrote is searched for these syllables, as they are and encoded, and for hashes of the addresses.
"""

from __future__ import annotations

import base64
import hashlib
import quopri
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from flask import Flask

from petition.store.db import db
from tests import people
from tests.conftest import PostgreSQL
from tests.factories import change, confirm, entries, keep, rows, the_call, work

SYLLABLES = ("Wexqorin", "Zomkrefal", "vuxpaltiq", "Krelvonq", "ظقعجثخص", "9QZ7X4")
"""In a given name, a family name, an address, a comment, a name in Arabic, and a postcode."""

Encode = Callable[[bytes], list[bytes]]


def _base64(text: bytes) -> list[bytes]:
    """How the text looks inside of a longer one: at each of three offsets, without its ends."""
    found = []
    for offset in range(3):
        coded = base64.b64encode(b"\0" * offset + text)
        begin = (offset * 8 + 5) // 6
        end = (offset + len(text)) * 8 // 6
        found += [coded[begin:end], coded[begin:end].translate(bytes.maketrans(b"+/", b"-_"))]
    return found


def _as_text(encoding: str) -> Encode:
    return lambda text: [text.decode().encode(encoding)]


ENCODINGS: dict[str, Encode] = {
    "utf-8": lambda text: [text],
    "lower case": lambda text: [text.decode().lower().encode()],
    "upper case": lambda text: [text.decode().upper().encode()],
    "reversed": lambda text: [text[::-1]],
    "utf-16-le": _as_text("utf-16-le"),
    "utf-16-be": _as_text("utf-16-be"),
    "utf-32-le": _as_text("utf-32-le"),
    "hex": lambda text: [text.hex().encode(), text.hex().upper().encode()],
    "base64": _base64,
    "quoted-printable": lambda text: [quopri.encodestring(text).rstrip(b"=\n")],
    "escaped": lambda text: [text.decode().encode("unicode_escape")],
}
HASHES: dict[str, Callable[[bytes], bytes]] = {
    name: lambda text, name=name: hashlib.new(name, text).digest()  # type: ignore[misc]
    for name in ("md5", "sha1", "sha256", "sha512", "blake2b")
}
FORMS: dict[str, Callable[[bytes], bytes]] = {
    "bytes": lambda digest: digest[:16],  # as long as an address key is
    "hex": lambda digest: digest.hex().encode()[:32],
    "base64": lambda digest: base64.b64encode(digest)[:20],
}


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


def _addresses() -> Iterator[bytes]:
    for form in CROWD:
        local = form["email"].partition("@")[0]
        yield from (form["email"].encode(), form["email"].lower().encode(), local.encode())


def _needles() -> dict[str, list[bytes]]:
    found = {
        f"{name} {syllable}": encode(syllable.encode())
        for name, encode in ENCODINGS.items()
        for syllable in SYLLABLES
    }
    digests = {name: [make(address) for address in _addresses()] for name, make in HASHES.items()}
    for name, made in digests.items():
        for shape, form in FORMS.items():
            found[f"{name} {shape}"] = [form(digest) for digest in made]
    return found


NEEDLES = _needles()


def _search(files: list[Path]) -> set[str]:
    """Which needles stand in the files."""
    found = set()
    for path in files:
        hay = path.read_bytes()
        found |= {name for name, needles in NEEDLES.items() if any(n in hay for n in needles)}
    return found


@pytest.fixture
def files(request: pytest.FixtureRequest, app: Flask) -> Callable[[], list[Path]]:
    """Every file that holds what this test's database wrote."""
    if db.engine.dialect.name == "sqlite":
        path = Path(str(db.engine.url.database))
        return lambda: sorted(path.parent.glob("petition.db*"))
    server: PostgreSQL = request.getfixturevalue("postgresql")
    data = server.data
    if data is None:
        pytest.skip("the server of TEST_DATABASE_URL keeps its files elsewhere")
    (oid,), (begin,) = rows(
        app,
        "SELECT CAST(oid AS text) FROM pg_database WHERE datname = current_database()"
        " UNION ALL SELECT pg_walfile_name(pg_current_wal_lsn())",
    )

    def found() -> list[Path]:
        with psycopg.connect(server.url_of("postgres"), autocommit=True) as connection:
            connection.execute("CHECKPOINT")
        others = {path for path in (data / "base").iterdir() if path.name != oid}
        return [
            path
            for path in data.rglob("*")
            if path.is_file()
            and not others.intersection(path.parents)
            and not (path.parent.name == "pg_wal" and path.name < str(begin))
        ]

    return found


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


@pytest.mark.parametrize("planted", sorted(NEEDLES))
def test_the_search_finds_what_is_planted(planted: str, tmp_path: Path) -> None:
    """The control: each needle by itself, in the middle of a file."""
    for number, needle in enumerate(NEEDLES[planted]):
        path = tmp_path / f"{number}.bin"
        path.write_bytes(b"\x07before" + needle + b"after\x08")
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
