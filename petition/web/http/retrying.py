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
from functools import wraps
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
    """Give every view its further tries that may have them."""
    outage = Outage(LONGEST_OUTAGE)
    for endpoint, view in app.view_functions.items():
        ours = endpoint.partition(".")[0] != _TOLD_AT_ONCE
        rule = rule_of(app, endpoint)
        if ours and rule in _MAY_BE_DONE_TWICE:
            app.view_functions[endpoint] = _again(view, outage, is_passing)
        elif rule in _MAY_BE_READ_TWICE:
            app.view_functions[endpoint] = _again(view, outage, _left_nothing)


def _left_nothing(error: Exception) -> bool:
    """True when the request that failed so has certainly changed nothing, and may yet succeed."""
    return is_passing(error) if request.method in LOOKING else is_overtaken(error)


def _again(
    view: Callable[..., Any], outage: Outage, is_worth_it: Callable[[Exception], bool]
) -> Callable[..., Any]:
    @wraps(view)
    def tried(**values: Any) -> Any:
        try:
            return view(**values)
        except DatabaseFault as error:
            failure: Exception = error
        for pause in islice(pauses(FIRST_PAUSE, LONGEST_PAUSE), TRIES):
            if not is_worth_it(failure) or not outage.goes_on():
                break
            log.warning("again: %s at %s", type(failure).__name__, request.endpoint)
            time.sleep(pause)
            try:
                answer = view(**values)
            except DatabaseFault as error:
                failure = error
            else:
                outage.is_over()
                return answer
        raise failure

    return tried
