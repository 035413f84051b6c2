"""The shelf: made once, kept for minutes, and nobody waits for what is made anew."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from petition.web import shelf
from petition.web.shelf import LIFE, Shelf
from tests import factories

START = datetime(2026, 11, 2, tzinfo=UTC)


def test_what_lies_there_is_made_again_after_its_life() -> None:
    kept, made = Shelf(), iter("abc")
    assert kept.keep("key", lambda: next(made), START) == "a"
    assert kept.keep("key", lambda: next(made), START + LIFE / 2) == "a"
    assert kept.keep("other", lambda: next(made), START) == "b"
    assert kept.keep("key", lambda: next(made), START + LIFE) == "c"


def test_many_who_come_at_once_make_it_once() -> None:
    kept, made = Shelf(), []

    def make() -> str:
        made.append(threading.get_ident())
        return "it"

    assert factories.together(8, lambda _: kept.keep("key", make, START)) == []  # type: ignore[arg-type,return-value]
    assert len(made) == 1


def test_only_one_is_made_at_a_time_and_the_old_one_serves_meanwhile() -> None:
    kept = Shelf()
    kept.keep("old", lambda: "before", START)
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        assert go_on.wait(30)
        return "slow"

    maker = threading.Thread(target=kept.keep, args=("slow", slow, START))
    maker.start()
    try:
        assert begun.wait(30)
        assert kept.keep("old", lambda: "after", START + LIFE) == "before"
    finally:
        go_on.set()
        maker.join(30)
    assert kept.keep("old", lambda: "after", START + LIFE) == "after"


def test_what_fails_is_made_by_the_next() -> None:
    kept = Shelf()

    def broken() -> str:
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011  # the very one from above
        kept.keep("key", broken, START)
    assert kept.keep("key", lambda: "it", START) == "it"


def test_it_holds_no_more_than_its_boards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "MOST", 3)
    kept = Shelf()
    for number in range(10):
        kept.keep(number, lambda: "it", START)
        assert len(kept._kept) <= 3
