"""Once: a request that a program named is done once, however often it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from petition.domain.api.request_keys import KeyState, RequestKey
from petition.store.api import request_keys
from petition.store.db import Condition, Moment, Session, SessionFactory


@contextmanager
def once(
    transaction: SessionFactory, asked: RequestKey, now: Callable[[], datetime]
) -> Iterator[KeyState]:
    """Do it in the block where that says NEW; a block that fails has done nothing.

    A job: it opens transactions of its own, as the others must see that this one runs.
    """
    with transaction() as session:
        state = request_keys.claim(session, asked, at=now())
    if state != KeyState.NEW:
        yield state
        return
    try:
        yield state
    except BaseException:
        with transaction() as session:
            request_keys.release(session, asked)
        raise
    with transaction() as session:
        request_keys.finish(session, asked, at=now())


def is_due(at: Moment) -> Condition:
    """Whether there is something for `delete_past`."""
    return request_keys.is_any_past(at)


def delete_past(session: Session, *, at: datetime) -> None:
    """Requests that nobody may send again."""
    request_keys.delete_past(session, at=at)
