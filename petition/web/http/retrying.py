"""A page or form whose connection to the database was lost is worked on once more, whole.

It may have been kept all the same. So only what may be done twice is done again: confirming,
asking, choosing, withdrawing and erasing end the same, and signing has its own
way (store/signatures/group_commit).

The console's pages are read again as well. Its forms, each one transaction with its line of the
audit, would be noted twice: they are done again only where the server undid them because another
transaction stood in the way. Signing in is several transactions, and a list is on its way before
it is whole: whoever sits there sends those again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from itertools import islice
from typing import Any, Final

from flask import Flask, request

from petition.domain.staff.roles import Right
from petition.store.db import DatabaseFault
from petition.store.db.transient_failures import Outage, is_overtaken, is_passing, pauses
from petition.web.http.access import LINK, LOOKING, PUBLIC, SIGNED_IN, rule_of

TRIES: Final = 3
"""After the first one."""
FIRST_PAUSE: Final = 0.4
LONGEST_PAUSE: Final = 2.0
LONGEST_OUTAGE: Final = 10.0
_TOLD_AT_ONCE: Final = "health"
"""Who asks whether we are well wants to know it now."""
_MAY_BE_DONE_TWICE: Final = frozenset({PUBLIC, LINK})
_MAY_BE_READ_TWICE: Final = SIGNED_IN - {Right.EXPORT}

log = logging.getLogger(__name__)


def install(app: Flask) -> None:
    """Give every request its further tries whose view may have them."""
    outage = Outage(LONGEST_OUTAGE)
    dispatch = app.dispatch_request

    def tried() -> Any:
        try:
            return dispatch()
        except DatabaseFault as error:
            failure: Exception = error
        is_worth_it = _judge_of(app, request.endpoint)
        for pause in islice(pauses(FIRST_PAUSE, LONGEST_PAUSE), TRIES):
            if not is_worth_it(failure) or not outage.goes_on():
                break
            log.warning("again: %s at %s", type(failure).__name__, request.endpoint)
            time.sleep(pause)
            try:
                answer = dispatch()
            except DatabaseFault as error:
                failure = error
            else:
                outage.is_over()
                return answer
        raise failure

    app.dispatch_request = tried  # type: ignore[method-assign]


def _judge_of(app: Flask, endpoint: str | None) -> Callable[[Exception], bool]:
    """What says whether a view that failed so may be called once more."""
    rule = rule_of(app, endpoint)
    told_at_once = (endpoint or "").partition(".")[0] == _TOLD_AT_ONCE
    if rule in _MAY_BE_DONE_TWICE and not told_at_once:
        return is_passing
    return _left_nothing if rule in _MAY_BE_READ_TWICE else _never


def _never(_: Exception) -> bool:
    return False


def _left_nothing(error: Exception) -> bool:
    """True when the request that failed so has certainly changed nothing, and may yet succeed."""
    return is_passing(error) if request.method in LOOKING else is_overtaken(error)
