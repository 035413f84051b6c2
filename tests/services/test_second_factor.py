"""Second factors at the same moment: of many who type one code, the database lets in one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from petition.domain.staff import second_factor as factors
from petition.errors import SealBroken
from petition.services.staff import accounts as services_accounts, second_factor, signing_in
from petition.services.staff.second_factor import Given, NotYours
from petition.services.staff.signing_in import TooManyTries
from petition.store.db import db, reading, transaction
from petition.store.staff import accounts, second_factors
from petition.store.staff.accounts import OpenSession
from petition.web.http.dependencies import dependencies_of
from tests import console
from tests.conftest import Clock
from tests.factories import rows, together
from tests.services.test_signing_in import SECRET, sender

OWNER = console.address("owner")
EVERYTHING = console.everywhere("owner")
LONG = timedelta(days=1)


@pytest.fixture(autouse=True)
def _database(app: Flask) -> None:
    """Each test reads and writes the app's database."""


def opened(token: str, clock: Clock) -> OpenSession:
    with reading() as session:
        found = accounts.of_session(session, token, at=clock(), life=LONG, idle=LONG, half=LONG)
    assert found is not None
    return found


def halves(number: int, clock: Clock) -> list[Given]:
    """Sessions that have given the owner's password."""
    with reading() as session:
        person = accounts.by_email(session, OWNER)
    assert person is not None
    with transaction() as session:
        tokens = [services_accounts.begin(session, person.id, at=clock()) for _ in range(number)]
    return [
        Given(opened=opened(token, clock), token=token, device="", code="", language="en")
        for token in tokens
    ]


def all_at_once(app: Flask, clock: Clock, code: str) -> int:
    """Eight browsers of eight senders type it; how many are let in."""
    vault, engine, let_in = dependencies_of(app).vault, db.engine, []
    waiting = halves(8, clock)

    def action(place: int) -> None:
        given = waiting[place]
        typed = Given(opened=given.opened, token=given.token, device="", code=code, language="en")
        each = signing_in.new_code_try(SECRET, OWNER, "", sender(f"sender {place}"))
        try:
            with transaction(engine) as session:
                if second_factor.give(session, vault, typed, each, at=clock()) is not None:
                    let_in.append(place)
        except TooManyTries:
            pass

    assert together(8, action) == []
    return len(let_in)


def test_a_code_that_eight_type_at_once_lets_one_in(app: Flask, clock: Clock) -> None:
    console.enter(app)
    assert all_at_once(app, clock, console.code_of(app, OWNER)) == 1


def test_so_does_a_recovery_code(app: Flask, clock: Clock) -> None:
    console.enter(app)
    vault = dependencies_of(app).vault
    with transaction() as session:
        person = accounts.by_email(session, OWNER)
        assert person is not None
        code, *_ = second_factor.new_recovery_codes(session, vault, person, at=clock())
    assert all_at_once(app, clock, factors.typed(code)) == 1


def test_of_eight_who_set_it_up_at_once_one_does(app: Flask, clock: Clock) -> None:
    with transaction() as session:
        token = services_accounts.invite(session, OWNER, EVERYTHING, by="test", at=clock())
        services_accounts.set_up(session, token, "a hash", at=clock())
    vault, engine, done = dependencies_of(app).vault, db.engine, []
    waiting = halves(8, clock)

    def action(place: int) -> None:
        given = waiting[place]
        secret = second_factor.offered_secret(vault, given.token)
        typed = Given(
            opened=given.opened,
            token=given.token,
            device="",
            code=factors.code_at(secret, clock()),
            language="en",
        )
        try:
            with transaction(engine) as session:
                second_factor.enrol(session, vault, typed, at=clock())
            done.append(place)
        except NotYours:
            pass

    assert together(8, action) == []
    assert len(done) == 1
    assert rows(app, "SELECT count(*) FROM staff_recovery_codes") == [(10,)]
    whole = "SELECT count(*) FROM staff_sessions WHERE revoked_at IS NULL"
    assert rows(app, whole) == [(1,)]


def test_wrong_codes_at_once_are_all_counted(app: Flask, clock: Clock) -> None:
    console.enter(app)
    assert all_at_once(app, clock, "000000") == 0
    (found,) = rows(app, "SELECT codes_tried FROM staff")
    assert found == (signing_in.TRIES_A_MINUTE,)


def test_the_secret_of_one_account_opens_no_other(app: Flask) -> None:
    vault = dependencies_of(app).vault
    sealed = vault.seal_factor(b"secret", 1)
    assert vault.open_factor(sealed, 1) == b"secret"
    with pytest.raises(SealBroken):
        vault.open_factor(sealed, 2)


@pytest.mark.parametrize("step", [lambda last: last, lambda last: last - 1])
def test_a_step_is_used_once_and_none_before_it(app: Flask, step: Callable[[int], int]) -> None:
    console.enter(app)
    with transaction() as session:
        assert second_factors.use_step(session, 1, 100)
        assert not second_factors.use_step(session, 1, step(100))
        assert second_factors.use_step(session, 1, 101)
