"""The mailbox folder: an erased letter leaves no file, and the others stay."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from petition.config import Settings
from petition.store.letters import outbox_files
from tests import people
from tests.conftest import Clock
from tests.factories import change, keep, rows, the_call, work

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def _names(settings: Settings) -> set[str]:
    return {path.name for path in settings.outbox_dir.iterdir()}


def _of(settings: Settings, letter_id: int, names: set[str]) -> set[str]:
    return {name for name in names if outbox_files.stem(settings.secret_key, letter_id) in name}


@pytest.fixture
def three(app: Flask) -> list[int]:
    """Three people's letters went into the folder: their numbers."""
    for number in range(3):
        keep(app, the_call(app), people.someone(number))
    work(app)
    return [int(str(id_)) for (id_,) in rows(app, "SELECT id FROM letters ORDER BY id")]


def test_a_letters_files_go_and_the_others_stay(settings: Settings, three: list[int]) -> None:
    before = _names(settings)
    assert all(len(_of(settings, each, before)) == 1 for each in three)
    assert outbox_files.remove(settings, three[:2]) == 2
    assert _names(settings) == _of(settings, three[2], before)
    assert outbox_files.remove(settings, three[:2]) == 0


def test_a_letter_that_went_twice_and_one_half_written_go_too(
    app: Flask, settings: Settings, clock: Clock, three: list[int]
) -> None:
    clock.forward(timedelta(hours=1))
    change(app, "UPDATE letters SET state = 'owed' WHERE id = :id", id=three[0])
    work(app)
    stem = outbox_files.stem(settings.secret_key, three[0])
    outbox_files.path(settings.outbox_dir, stem, at=clock()).with_suffix(".part").write_text(
        "To: a"
    )
    assert len(_of(settings, three[0], _names(settings))) == 3
    assert outbox_files.remove(settings, [three[0]]) == 3
    assert len(_names(settings)) == 2


def test_no_folder_and_no_letters_are_no_trouble(settings: Settings) -> None:
    assert outbox_files.remove(settings, [1, 2]) == 0
    settings.outbox_dir.mkdir(parents=True)
    assert outbox_files.remove(settings, [1, 2]) == 0
    assert outbox_files.remove(settings, []) == 0
