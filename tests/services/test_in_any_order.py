"""Whatever happened to people and in whatever order: the totals are those who stand."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from petition.errors import NotFound
from petition.services.signatures import holds
from petition.services.signatures.holds import MoveRefused
from petition.store.db import db
from petition.web.http.dependencies import dependencies_of
from tests import partner_sites, people, rights
from tests.conftest import Clock
from tests.factories import confirm, keep, rows, the_call, work
from tests.in_one_go import fold

pytestmark = pytest.mark.slow


class Life:
    """What can happen to five people and their signatures, one thing after the other."""

    def __init__(self, app: Flask, clock: Clock, seed: int) -> None:
        self.app, self.clock, self.chance = app, clock, random.Random(seed)
        self.key = {
            number: dependencies_of(app).vault.address_key(f"person.{number}@example.org")
            for number in range(5)
        }
        self.partner = partner_sites.asking(app)

    def step(self) -> str:
        self.clock.forward(timedelta(hours=self.chance.randint(0, 40)))
        actions = [name for name in dir(self) if name.startswith("do_")]
        name = self.chance.choice([*actions, "do_sign", "do_click", "do_click", "do_click"])
        getattr(self, name)()
        return name

    def _any(self) -> int | None:
        found = rights.ids(self.app)
        return self.chance.choice(found) if found else None

    def do_sign(self) -> None:
        number = self.chance.randrange(5)
        form = people.someone(
            number,
            country=self.chance.choice(["DE", "FR", "MA"]),
            source=self.chance.choice(["flyer", ""]),
        )
        answer = self.chance.choice(["yes", "no", ""])
        if answer:
            partner_sites.keep(self.app, self.partner, form, answer)
        else:
            keep(self.app, the_call(self.app, self.chance.choice(["en", "ar"])), form)

    def do_click(self) -> None:
        # No letter with a link goes to a mailbox that is blocked.
        found = rows(
            self.app,
            "SELECT entries.id FROM entries JOIN signatures ON signatures.id = signature_id"
            " WHERE coalesce(mailbox_key, address_key) NOT IN"
            " (SELECT mailbox_key FROM mailbox_blocks) ORDER BY entries.id",
        )
        if found:
            confirm(self.app, int(str(self.chance.choice(found)[0])))

    def do_withdraw(self) -> None:
        rights.withdraw(self.app, self._any() or 0)

    def _move(self, verb: Callable[..., None]) -> None:
        with contextlib.suppress(MoveRefused, NotFound):
            rights.move(self.app, verb, self._any() or 0)

    def do_hold(self) -> None:
        self._move(holds.hold)

    def do_release(self) -> None:
        self._move(holds.release)

    def do_reject(self) -> None:
        self._move(holds.reject)

    def do_erase(self) -> None:
        rights.erase(self.app, self._any() or 0)

    def do_stop(self) -> None:
        rights.stop(self.app, self.key[self.chance.randrange(5)])

    def do_lift(self) -> None:
        for key in self.key.values():
            rights.lift(self.app, key)

    def do_unsubscribe(self) -> None:
        rights.unsubscribe(self.app, self._any() or 0)

    def do_choose(self) -> None:
        id_ = self._any()
        if id_ is not None:
            rights.choose(self.app, id_, visibility=self.chance.choice(["counted", "public"]))

    def do_work(self) -> None:
        work(self.app)


def said_yes(app: Flask) -> list[int]:
    """Who stands confirmed on a form whose last answer to the partner was yes."""
    found = rows(
        app,
        "SELECT s.id, (SELECT answer FROM consents AS c WHERE c.entry_id = s.entry_id"
        " AND purpose = 'partner' ORDER BY c.id DESC LIMIT 1)"
        " FROM signatures AS s WHERE state = 'confirmed' ORDER BY s.id",
    )
    return [int(str(number)) for number, answer in found if answer == "yes"]


@pytest.mark.parametrize("seed", range(3))
def test_the_totals_are_true_after_whatever_happened(app: Flask, clock: Clock, seed: int) -> None:
    """Six lives: PostgreSQL has others than SQLite."""
    if db.engine.dialect.name == "postgresql":
        seed += 3
    life, told = Life(app, clock, seed), []
    for place in range(120):
        told.append(life.step())
        if place % 10 == 9:
            if place % 30 == 29:
                work(app)  # a whole round; otherwise when it comes
            fold(app)
            assert rights.counted(app) == rights.standing(app), told
            assert not any(number < 0 for number in rights.counted(app).values()), told
            partners_list = partner_sites.on_list(app, life.partner)
            assert sorted(partners_list) == said_yes(app), told
            assert sorted(partner_sites.list_of_events(app, life.partner)) == said_yes(app), told
    assert "do_withdraw" in told
    for key in rights.ids(app):
        assert rows(
            app,
            "SELECT count(*) FROM entries WHERE signature_id = :id AND id ="
            " (SELECT entry_id FROM signatures WHERE id = :id)",
            id=key,
        ) == [(1,)], told
