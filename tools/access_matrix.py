"""`python -m tools.access_matrix`: write docs/access.md, who may open which address.

It is made from the app's own addresses and from the table of roles, and committed: whoever changes
who may do what sees it in the difference, and so does who reads it. A test compares the two.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from flask import Flask

from petition.app import create_app
from petition.config import load
from petition.domain.staff.roles import SEPARATE, Right, Role, rights
from petition.web.http.access import (
    HALF_SIGNED_IN,
    LOOPBACK,
    SIGNED_IN,
    TOKEN,
    AccessRule,
    rule_of,
)

FILE: Final = Path(__file__).parents[1] / "docs" / "access.md"

YES: Final = "yes"
NO: Final = "403"
SIGN_IN: Final = "sign in"
NO_TOKEN: Final = "401"
"""For who brings no token of the API: whoever is signed in has none by that."""
FOREIGN: Final = "404"
"""For who has nothing to do with the campaign: as if there were no such page."""

_HEAD: Final = """# Who may open what

Written by `python -m tools.access_matrix`. `./run test tests/project/test_access_rules.py` fails
while it is not as the code is, and tries each line of it. How staff get a role:
[staff.md](staff.md#roles).

## Roles

A role is held on one campaign or on all of them. Four rights stand apart, and none of them follows
from editing: seeing personal data, exporting it, sending letters to supporters, opening and closing
a campaign. Each can be given to one person beside their role. Exporting brings seeing along, for a
list shows all of it. Whoever decides about names and comments must see them, so an editor does that
only with the right to see personal data. Telling supporters by email that a target is written to no
more, or has answered, takes `letters`.

"""
_ROUTES: Final = """
## Addresses

By role on the campaign that the address names. Addresses that name none are about all campaigns,
and ask for the right on all of them. `403` is the page that says “Not allowed”. On a campaign that
somebody has nothing to do with, each address that names one answers `404`, with the bytes of a page
that is not there. What needs “link” opens for whoever holds the link of a letter, “loopback” at the
server itself, “half signed in” with the password alone; everything else of the console takes the
second factor before it asks for a right.

"""


def matrix() -> str:
    """The whole page, for an app with everything switched on."""
    with tempfile.TemporaryDirectory() as folder:
        return "".join([_HEAD, *_roles(), _ROUTES, *_routes(create_app(load(_settings(folder))))])


def _settings(folder: str) -> dict[str, str]:
    return {"PETITION_INSTANCE": folder}


def _roles() -> Iterator[str]:
    yield from _table(
        ["right", *Role],
        (
            [right, *(YES if right in rights(role) else "–" for role in Role)]
            for right in Right
            if right not in SEPARATE
        ),
    )
    yield "\n"
    yield from _table(
        ["right that stands apart", *Role],
        ([right, *(YES if right in rights(role) else "–" for role in Role)] for right in SEPARATE),
    )


def _routes(app: Flask) -> Iterator[str]:
    found = sorted(
        (rule.rule, method, rule_of(app, rule.endpoint))
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    )
    yield from _table(
        ["method", "address", "needs", "nobody", *Role, "on another campaign"],
        (
            [
                method,
                f"`{address}`",
                rule,
                *(answer(rule, role) for role in (None, *Role)),
                _elsewhere(rule, address),
            ]
            for address, method, rule in found
        ),
    )


def answer(rule: AccessRule, role: Role | None) -> str:
    """What somebody with that role (None: who is not signed in) gets."""
    if rule == TOKEN:
        return NO_TOKEN
    if rule not in SIGNED_IN and rule != HALF_SIGNED_IN:
        return YES
    if role is None:
        return SIGN_IN
    return YES if not isinstance(rule, Right) or rule in rights(role) else NO


def _elsewhere(rule: AccessRule, address: str) -> str:
    """What staff get who have a role on one campaign alone, and this is not it."""
    if rule == TOKEN:
        return NO_TOKEN
    if not isinstance(rule, Right):
        return YES if rule != LOOPBACK else "–"
    return FOREIGN if "<slug:slug>" in address else NO


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(row)} |\n"


def main() -> None:
    FILE.write_text(matrix(), encoding="utf-8")


if __name__ == "__main__":
    main()
