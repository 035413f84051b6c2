"""Kept files: a list waits, sealed, for who ordered it, and for a quarter of an hour only."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import pytest
from flask import Flask
from sqlalchemy import func, select

from petition.domain.exports.contents import Contents
from petition.errors import NotFound
from petition.services.exports import csv_file, kept_file
from petition.services.exports.csv_file import Export
from petition.services.exports.kept_file import Progress
from petition.store.db import reading, transaction
from petition.store.exports import kept_files
from petition.store.exports.kept_files import KeptFile
from petition.store.signatures.signatures import Filters
from petition.store.tables import ExportFile, ExportFilePart
from petition.web.http.dependencies import dependencies_of
from tests import factories, people
from tests.conftest import Clock
from tests.in_one_go import confirm_all, keep_all
from tests.worlds import Worlds

pytestmark = pytest.mark.slow

BY: Final = "exporter@campaign.example.org"
ORDER: Final = Export(slug="amazon", by=BY, reason="x", filters=Filters(), for_target=False)


@pytest.fixture(autouse=True)
def signed(app: Flask, clock: Clock, worlds: Worlds) -> None:
    worlds.enter(app, clock, "thirty_confirmed", lambda: _sign(app))


def _sign(app: Flask) -> None:
    keep_all(app, factories.the_call(app), map(people.someone, range(30)))
    confirm_all(app, factories.entries(app))


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several parts of a file, and several pages, of few signatures."""
    monkeypatch.setattr(kept_file, "PART", 1000)
    monkeypatch.setattr("petition.store.signatures.signatures.PAGE", 7)


def make(app: Flask) -> Iterator[Progress]:
    deps = dependencies_of(app)
    return kept_file.make(ORDER, deps.vault, reading=reading, transaction=transaction, now=deps.now)


def kept(app: Flask, by: str = BY) -> list[KeptFile]:
    with reading() as session:
        campaign_id = factories.the_call(app).id
        at = dependencies_of(app).now()
        return list(kept_files.kept(session, campaign_id, by=by, at=at).values())


def number_of(table: type[ExportFile] | type[ExportFilePart]) -> int:
    with reading() as session:
        return session.scalars(select(func.count()).select_from(table)).one()


def test_it_says_how_far_it_is_from_the_beginning_to_the_end(app: Flask) -> None:
    found = [(each.rows, each.of) for each in make(app)]
    assert found[0] == (0, 30)
    assert found[-1] == (30, 30)
    assert found == sorted(found)
    assert len(found) > 3


def test_the_file_is_the_one_that_the_ledger_knows(app: Flask) -> None:
    *_, _ = make(app)
    (file,) = kept(app)
    assert file.parts > 2
    whole = b"".join(kept_file.chunks(file, dependencies_of(app).vault, reading=reading))
    assert whole.count(b"\r\n") >= 31
    assert hashlib.sha256(whole).hexdigest() == file.export.sha256
    name = csv_file.file_name("amazon", file.export)
    assert Contents.FULL in name


def test_nobody_else_is_given_it(app: Flask) -> None:
    *_, _ = make(app)
    assert kept(app, "owner@campaign.example.org") == []


def test_it_lies_nowhere_in_clear(app: Flask) -> None:
    *_, _ = make(app)
    with reading() as session:
        parts = b"".join(session.scalars(select(ExportFilePart.sealed)))
    assert len(parts) > 1000
    for form in map(people.someone, range(30)):
        assert form["email"].encode() not in parts
    with pytest.raises(zlib.error):  # and it is not merely compressed
        zlib.decompress(parts)


def test_a_reader_who_leaves_takes_all_of_it_along(app: Flask) -> None:
    making = make(app)
    far = next(each for each in making if number_of(ExportFilePart))
    assert far.rows < far.of
    making.close()  # type: ignore[attr-defined]  # it is a generator
    assert (number_of(ExportFile), number_of(ExportFilePart)) == (0, 0)
    assert factories.rows(app, "SELECT count(*) FROM exports WHERE sha256 IS NULL") == [(1,)]


def test_of_a_dead_process_nothing_opens_and_soon_nothing_is_left(app: Flask, clock: Clock) -> None:
    making = make(app)
    for _ in making:
        if number_of(ExportFilePart):
            break
    # As a kill leaves it: the generator neither goes on nor clears up.
    assert kept(app) == []
    assert factories.rows(app, "SELECT sealed_key FROM export_files") == [(None,)]
    clock.forward(kept_file.KEPT)
    factories.work(app)
    assert (number_of(ExportFile), number_of(ExportFilePart)) == (0, 0)
    with pytest.raises(NotFound):  # had it only been slow, it would notice
        list(making)
    assert number_of(ExportFilePart) == 0


def test_after_a_quarter_of_an_hour_it_is_gone(app: Flask, clock: Clock) -> None:
    *_, _ = make(app)
    (file,) = kept(app)
    clock.forward(kept_file.KEPT - timedelta(seconds=1))
    factories.work(app)
    assert len(kept(app)) == 1
    clock.forward(timedelta(seconds=1))
    assert kept(app) == []
    factories.work(app)
    assert (number_of(ExportFile), number_of(ExportFilePart)) == (0, 0)
    with pytest.raises(NotFound):
        list(kept_file.chunks(file, dependencies_of(app).vault, reading=reading))
    digest = factories.rows(app, "SELECT sha256 FROM exports")
    assert digest == [(file.export.sha256,)]
