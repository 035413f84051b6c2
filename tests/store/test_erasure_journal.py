"""The journal of erasures: whole lines or none, no address, and a clear word when it is broken."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import stat
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from petition.errors import StoreUnavailable
from petition.store.privacy.erasure_journal import (
    BLOCKED,
    ERASED,
    UNBLOCKED,
    Journal,
    JournalBroken,
    JournalEntry,
)
from tests.factories import together

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
KEY = bytes(range(16))


def line(number: int = 0, verb: str = ERASED) -> JournalEntry:
    key = number.to_bytes(16, "big")
    return JournalEntry(
        verb=verb, slug="amazon", address_key=key, at=AT + timedelta(seconds=number)
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "instance" / "erasures.journal"


def test_what_is_written_is_read_in_its_order(path: Path) -> None:
    written = [line(1), line(2, BLOCKED), line(2, UNBLOCKED), line(1)]
    for each in written:
        Journal(path).add(each)
    assert list(Journal(path).lines()) == written


def test_before_the_first_entry_there_is_nothing(path: Path) -> None:
    assert list(Journal(path).lines()) == []
    assert not path.exists()


def test_it_holds_the_key_in_hex_and_is_for_its_owner_alone(path: Path) -> None:
    Journal(path).add(JournalEntry(verb=ERASED, slug="amazon", address_key=KEY, at=AT))
    assert path.read_bytes() == (
        b"2026-11-02T09:30:00+00:00 erased amazon 000102030405060708090a0b0c0d0e0f\n"
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.slow
@given(
    verb=st.sampled_from([ERASED, BLOCKED, UNBLOCKED]),
    slug=st.from_regex(r"[a-z0-9][a-z0-9-]{0,63}", fullmatch=True),
    key=st.binary(min_size=16, max_size=16),
    at=st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))])),
)
@settings(max_examples=50)
def test_any_entry_comes_back_as_it_was(
    path: Path, verb: str, slug: str, key: bytes, at: datetime
) -> None:
    path.unlink(missing_ok=True)
    action = JournalEntry(verb=verb, slug=slug, address_key=key, at=at)
    Journal(path).add(action)
    assert list(Journal(path).lines()) == [action]


def test_a_last_line_cut_short_is_no_entry_and_spoils_none_after_it(path: Path) -> None:
    """A power cut may leave any part of the last line."""
    journal = Journal(path)
    journal.add(line(1))
    whole = path.read_bytes()
    for cut in range(1, len(whole)):
        path.write_bytes(whole + whole[:cut])
        assert list(journal.lines()) == [line(1)]
        journal.add(line(2))
        assert list(journal.lines()) == [line(1), line(2)]


def test_a_first_line_cut_short_and_zeros_of_a_file_system_are_no_entry(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    for torn in (b"2026-11-02T09:30", b"\0" * 4096, b"2026\0\0\0"):
        path.write_bytes(torn)
        assert list(Journal(path).lines()) == []
        Journal(path).add(line(1))
        assert list(Journal(path).lines()) == [line(1)]
        with path.open("ab") as file:
            file.write(torn)
        Journal(path).add(line(2))
        assert list(Journal(path).lines()) == [line(1), line(2)]


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"2026-11-02T09:30:00+00:00 erased amazon",
        b"2026-11-02T09:30:00+00:00 forgiven amazon 000102030405060708090a0b0c0d0e0f",
        b"2026-11-02T09:30:00 erased amazon 000102030405060708090a0b0c0d0e0f",
        b"2026-11-02T09:30:00+00:00 erased amazon 000102030405060708090a0b0c0d0e",
        b"2026-11-02T09:30:00+00:00 erased amazon zz0102030405060708090a0b0c0d0e0f",
        b"yesterday erased amazon 000102030405060708090a0b0c0d0e0f",
        b"2026-11-02T09:30:00+00:00  erased amazon 000102030405060708090a0b0c0d0e0f",
        "2026-11-02T09:30:00+00:00 erased amazón 000102030405060708090a0b0c0d0e0f".encode(),
    ],
)
def test_a_broken_line_is_named(path: Path, broken: bytes) -> None:
    journal = Journal(path)
    journal.add(line(1))
    with path.open("ab") as file:
        file.write(broken + b"\n")
    journal.add(line(2))
    with pytest.raises(JournalBroken, match=r"erasures\.journal: line 2 cannot be read"):
        list(journal.lines())


def test_threads_write_whole_lines(path: Path) -> None:
    def action(place: int) -> None:
        for number in range(20):
            Journal(path).add(line(place * 100 + number))

    assert together(8, action) == []
    assert sorted(each.at for each in Journal(path).lines()) == sorted(
        line(place * 100 + number).at for place in range(8) for number in range(20)
    )


def _write_apart(path: Path, place: int) -> None:
    for number in range(20):
        Journal(path).add(line(place * 100 + number))


@pytest.mark.slow
def test_processes_write_whole_lines(path: Path) -> None:
    start = multiprocessing.get_context("spawn")
    crew = [start.Process(target=_write_apart, args=(path, place)) for place in range(3)]
    for each in crew:
        each.start()
    for each in crew:
        each.join(60)
        assert each.exitcode == 0
    assert len({each.at for each in Journal(path).lines()}) == 60


def test_a_disk_that_takes_nothing_is_said_so() -> None:
    with pytest.raises(StoreUnavailable):
        Journal(Path("/dev/full")).add(line())


def _fill_up(path: Path) -> None:
    """The file may grow to 100 bytes: the second line fits in part."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    Journal(path).add(line(1))
    try:
        Journal(path).add(line(2))
    except StoreUnavailable:
        os._exit(17)


@pytest.mark.slow
def test_a_disk_that_takes_a_part_is_left_with_whole_lines(path: Path) -> None:
    child = multiprocessing.get_context("spawn").Process(target=_fill_up, args=(path,))
    child.start()
    child.join(60)
    assert child.exitcode == 17
    assert path.read_bytes().count(b"\n") == 1
    assert path.read_bytes().endswith(b"\n")
    Journal(path).add(line(3))
    assert list(Journal(path).lines()) == [line(1), line(3)]
