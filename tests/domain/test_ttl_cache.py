"""The cache: made once, kept for a while, and nobody waits for what is made anew."""

from __future__ import annotations

import threading

import pytest

from petition.ttl_cache import TtlCache
from tests import factories

LIFE = 600.0


class Seconds:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def cache(seconds: Seconds) -> TtlCache:
    return TtlCache(LIFE, most=3, stale_on=(OSError,), clock=seconds)


def test_what_lies_there_is_made_again_after_its_life(cache: TtlCache, seconds: Seconds) -> None:
    made = iter("abc")
    assert cache.keep("key", lambda: next(made)) == "a"
    seconds.now = LIFE / 2
    assert cache.keep("key", lambda: next(made)) == "a"
    assert cache.keep("other", lambda: next(made)) == "b"
    seconds.now = LIFE
    assert cache.keep("key", lambda: next(made)) == "c"


def test_many_who_come_at_once_make_it_once(cache: TtlCache) -> None:
    made = []

    def make() -> str:
        made.append(threading.get_ident())
        return "it"

    assert factories.together(8, lambda _: cache.keep("key", make)) == []  # type: ignore[arg-type,return-value]
    assert len(made) == 1


def test_only_one_is_made_at_a_time_and_the_old_one_serves_meanwhile(
    cache: TtlCache, seconds: Seconds
) -> None:
    cache.keep("old", lambda: "before")
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        assert go_on.wait(30)
        return "slow"

    maker = threading.Thread(target=cache.keep, args=("slow", slow))
    maker.start()
    seconds.now = LIFE
    try:
        assert begun.wait(30)
        assert cache.keep("old", lambda: "after") == "before"
    finally:
        go_on.set()
        maker.join(30)
    assert cache.keep("old", lambda: "after") == "after"


def broken() -> str:
    raise OSError


def test_what_fails_is_made_by_the_next(cache: TtlCache) -> None:
    with pytest.raises(OSError):  # noqa: PT011  # the very one from above
        cache.keep("key", broken)
    assert cache.keep("key", lambda: "it") == "it"


def test_what_lay_there_serves_for_another_life_where_making_fails(
    cache: TtlCache, seconds: Seconds
) -> None:
    cache.keep("key", lambda: "before")
    seconds.now = LIFE
    assert cache.keep("key", broken) == "before"
    seconds.now = 2 * LIFE - 1
    assert cache.keep("key", lambda: "after") == "before"
    seconds.now = 2 * LIFE
    assert cache.keep("key", lambda: "after") == "after"


def test_other_failures_are_told(cache: TtlCache, seconds: Seconds) -> None:
    cache.keep("key", lambda: "before")
    seconds.now = LIFE
    with pytest.raises(ZeroDivisionError):
        cache.keep("key", lambda: 1 // 0)


def test_what_is_made_may_take_something_else_from_it(cache: TtlCache) -> None:
    assert cache.keep("page", lambda: cache.keep("call", lambda: "words") + "!") == "words!"


def test_it_is_cleared_and_expires(cache: TtlCache) -> None:
    cache.keep("key", lambda: "one")
    cache.expire()
    assert cache.keep("key", broken) == "one"
    assert cache.keep("key", lambda: "two") == "one"
    cache.clear()
    assert cache.keep("key", lambda: "two") == "two"


def test_it_holds_no_more_than_it_was_told(cache: TtlCache) -> None:
    for number in range(10):
        cache.keep(number, lambda: "it")
        assert len(cache._kept) <= 3
