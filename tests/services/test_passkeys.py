"""Passkeys: which answers of a browser are right, and how often each is good."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from copy import copy
from datetime import timedelta
from typing import Any, Final

import pytest
from flask import Flask

from petition.domain.staff import passkeys as domain
from petition.domain.staff.passkeys import CHALLENGE_LIFE, MOST, RelyingParty
from petition.errors import NotFound
from petition.services.staff import (
    accounts as services_accounts,
    own_factors,
    passkeys as services_passkeys,
    second_factor,
    signing_in,
)
from petition.services.staff.own_factors import LastFactor
from petition.services.staff.passkeys import Answer
from petition.services.staff.second_factor import Enrolled, Given, NotYours, SignedIn
from petition.store.db import db, reading, transaction
from petition.store.staff import accounts, passkeys
from petition.store.staff.accounts import OpenSession, StaffMember
from petition.web.http.dependencies import dependencies_of
from tests import console
from tests.authenticator import ORIGIN, Authenticator
from tests.conftest import Clock
from tests.factories import rows, together
from tests.services.test_signing_in import SECRET, sender

PARTY: Final = RelyingParty(id="localhost", origin=ORIGIN)
SAM: Final = "sam@example.org"
LONG: Final = timedelta(days=1)
MINUTE: Final = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _database(app: Flask) -> None:
    """Each test reads and writes the app's database."""


class Person:
    """Somebody with a password, on the way to a second factor."""

    def __init__(self, app: Flask, clock: Clock, email: str = SAM) -> None:
        self.vault, self.clock, self.email = dependencies_of(app).vault, clock, email
        with transaction() as session:
            grant = console.everywhere("owner")
            link = services_accounts.invite(session, email, grant, by="test", at=clock())
            token = services_accounts.set_up(session, link, "a hash", at=clock())
        assert token is not None
        self.token = token

    @property
    def opened(self) -> OpenSession:
        with reading() as session:
            found = accounts.of_session(
                session, self.token, at=self.clock(), life=LONG, idle=LONG, half=LONG
            )
        assert found is not None
        return found

    @property
    def member(self) -> StaffMember:
        return self.opened.person

    def asked_for_new(self) -> str:
        with transaction() as session:
            return services_passkeys.ask_for_new(
                session,
                self.vault,
                PARTY,
                self.member,
                self.token,
                issuer="us",
                at=self.clock(),
            )

    def asked(self) -> str:
        with transaction() as session:
            return services_passkeys.ask(session, PARTY, self.member, self.token, at=self.clock())

    def given(self, answer: str) -> Given:
        return Given(
            opened=self.opened,
            token=self.token,
            device="",
            code="",
            language="en",
            passkey=Answer(party=PARTY, text=answer),
        )

    def enrol(self, answer: str) -> Enrolled | None:
        given = self.given(answer)
        assert given.passkey is not None
        with transaction() as session:
            done = second_factor.enrol_passkey(
                session, self.vault, given, given.passkey, at=self.clock()
            )
        if done is not None:
            self.token = done.signed_in.token
        return done

    def give(self, answer: str) -> SignedIn | None:
        """As though the last try was a minute ago."""
        self.clock.forward(MINUTE)
        each = signing_in.new_code_try(SECRET, self.email, "", sender(self.email))
        with transaction() as session:
            done = second_factor.give(
                session, self.vault, self.given(answer), each, at=self.clock()
            )
        if done is not None:
            self.token = done.token
        return done

    def type_password(self) -> None:
        with transaction() as session:
            self.token = services_accounts.begin(session, self.member.id, at=self.clock())

    def in_another_browser(self) -> Person:
        """Where they have typed their password, too."""
        other = copy(self)
        other.type_password()
        return other

    def is_in(self) -> bool:
        return self.opened.second_factor_at is not None

    def add(self, device: Authenticator | None = None) -> Authenticator:
        """One beside what they have."""
        device = device or Authenticator()
        with transaction() as session:
            second_factor.let_replace(session, self.token, at=self.clock())
        assert self.enrol(device.create(self.asked_for_new())) is not None
        return device


@pytest.fixture
def sam(app: Flask, clock: Clock) -> Person:
    return Person(app, clock)


@pytest.fixture
def device() -> Authenticator:
    return Authenticator()


@pytest.fixture
def enrolled(sam: Person, device: Authenticator) -> Person:
    """Sam has a passkey, and has typed the password once more."""
    done = sam.enrol(device.create(sam.asked_for_new()))
    assert done is not None
    assert len(done.recovery_codes) == 10
    assert sam.is_in()
    sam.type_password()
    return sam


def test_a_passkey_lets_in_after_the_password(enrolled: Person, device: Authenticator) -> None:
    assert not enrolled.is_in()
    assert enrolled.give(device.show(enrolled.asked())) is not None
    assert enrolled.is_in()


def test_a_device_without_a_counter_does_too(sam: Person) -> None:
    device = Authenticator(counts=False)
    assert sam.enrol(device.create(sam.asked_for_new())) is not None
    for _ in range(2):
        sam.type_password()
        assert sam.give(device.show(sam.asked())) is not None


WRONG: Final[dict[str, Callable[[str], dict[str, Any]]]] = {
    "another origin": lambda _: {"origin": "https://petition.example"},
    "another port": lambda _: {"origin": "http://localhost:81"},
    "another host": lambda _: {"rp_id": "petition.example"},
    "another challenge": lambda _: {"challenge": "x" * 43},
    "no finger, face or PIN": lambda _: {"verified": False},
    "an answer of the other kind": lambda kind: {
        "as_kind": "webauthn.get" if kind == "create" else "webauthn.create"
    },
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_lets_nobody_in(enrolled: Person, device: Authenticator, wrong: str) -> None:
    assert enrolled.give(device.show(enrolled.asked(), **WRONG[wrong]("get"))) is None
    assert not enrolled.is_in()
    assert enrolled.give(device.show(enrolled.asked())) is not None


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_sets_nothing_up(app: Flask, sam: Person, wrong: str) -> None:
    assert sam.enrol(Authenticator().create(sam.asked_for_new(), **WRONG[wrong]("create"))) is None
    assert rows(app, "SELECT * FROM staff_passkeys") == []
    assert not sam.member.has_second_factor


EMPTY: Final = (
    '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {"clientDataJSON": "AA",'
    ' "attestationObject": "oA", "authenticatorData": "AA", "signature": "oA"}}'
)


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "null",
        "[]",
        "{}",
        "[" * 20_000,
        '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {}}',
        EMPTY,
        EMPTY.replace("oA", "\\ud800"),
        "\0",
        "9" * 5000,
        "x" * 60_000,
    ],
    ids=lambda text: text[:20],
)
def test_what_is_no_answer_at_all_is_wrong(enrolled: Person, text: str) -> None:
    enrolled.asked()
    assert enrolled.give(text) is None
    with transaction() as session:
        second_factor.let_replace(session, enrolled.token, at=enrolled.clock())
    enrolled.asked_for_new()
    assert enrolled.enrol(text) is None


class TestChallenge:
    def test_an_answer_is_good_once(self, enrolled: Person, device: Authenticator) -> None:
        answer = device.show(enrolled.asked())
        assert enrolled.give(answer) is not None
        enrolled.type_password()
        assert enrolled.give(answer) is None
        enrolled.asked()
        assert enrolled.give(answer) is None

    def test_a_wrong_one_spends_it(self, enrolled: Person, device: Authenticator) -> None:
        options = enrolled.asked()
        assert enrolled.give(device.show(options, verified=False)) is None
        assert enrolled.give(device.show(options)) is None

    def test_a_newer_one_ends_it(self, enrolled: Person, device: Authenticator) -> None:
        older = device.show(enrolled.asked())
        enrolled.asked()
        assert enrolled.give(older) is None

    def test_it_is_good_for_five_minutes(
        self, enrolled: Person, device: Authenticator, clock: Clock
    ) -> None:
        answer = device.show(enrolled.asked())
        clock.forward(CHALLENGE_LIFE - MINUTE)
        assert enrolled.give(answer) is None, "a minute more has passed"

    def test_it_belongs_to_one_session(self, enrolled: Person, device: Authenticator) -> None:
        answer = device.show(enrolled.asked())
        assert enrolled.in_another_browser().give(answer) is None
        assert enrolled.give(answer) is not None

    def test_of_eight_who_bring_one_answer_one_gets_in(
        self, enrolled: Person, clock: Clock
    ) -> None:
        # Without a counter, so that the challenge alone decides.
        with transaction() as session:
            passkeys.remove_all(session, enrolled.member.id)
        device = Authenticator(counts=False)
        assert enrolled.enrol(device.create(enrolled.asked_for_new())) is not None
        given = enrolled.given(device.show(enrolled.asked()))
        engine, let_in = db.engine, []

        def action(place: int) -> None:
            each = signing_in.new_code_try(SECRET, SAM, "", sender(f"sender {place}"))
            try:
                with transaction(engine) as session:
                    if second_factor.give(session, enrolled.vault, given, each, at=clock()):
                        let_in.append(place)
            except signing_in.TooManyTries:
                pass

        assert together(8, action) == []
        assert len(let_in) == 1


class TestWhose:
    def test_somebody_elses_passkey_is_none(
        self, app: Flask, enrolled: Person, clock: Clock
    ) -> None:
        eve, hers = Person(app, clock, "eve@example.org"), Authenticator()
        assert eve.enrol(hers.create(eve.asked_for_new())) is not None
        assert enrolled.give(hers.show(enrolled.asked())) is None
        eve.type_password()
        assert eve.give(hers.show(eve.asked())) is not None

    def test_nor_is_one_that_is_called_like_ones_own(
        self, enrolled: Person, device: Authenticator
    ) -> None:
        made_up = Authenticator()
        made_up.credential_id = device.credential_id
        made_up.count = 99
        assert enrolled.give(made_up.show(enrolled.asked())) is None

    def test_one_device_is_kept_once(
        self, app: Flask, enrolled: Person, device: Authenticator, clock: Clock
    ) -> None:
        eve = Person(app, clock, "eve@example.org")
        options = json.loads(eve.asked_for_new())
        assert options["excludeCredentials"] == []
        with pytest.raises(NotYours):
            eve.enrol(device.create(json.dumps(options)))
        assert not eve.member.has_second_factor
        assert enrolled.give(device.show(enrolled.asked())) is not None


class TestCounter:
    def test_a_copy_of_the_key_falls_behind(self, enrolled: Person, device: Authenticator) -> None:
        assert enrolled.give(device.show(enrolled.asked())) is not None
        for behind in (2, 1):
            enrolled.type_password()
            device.count -= behind
            assert enrolled.give(device.show(enrolled.asked())) is None

    def test_it_is_kept(self, app: Flask, enrolled: Person, device: Authenticator) -> None:
        device.count = 700
        assert enrolled.give(device.show(enrolled.asked())) is not None
        assert rows(app, "SELECT sign_count FROM staff_passkeys") == [(701,)]

    def test_one_that_another_request_moved_is_not_moved_back(
        self, enrolled: Person, clock: Clock
    ) -> None:
        with transaction() as session:
            (kept,) = passkeys.of(session, enrolled.member.id)
            assert passkeys.use(session, kept, 5, at=clock())
            assert not passkeys.use(session, kept, 4, at=clock())


class TestTries:
    def test_five_wrong_ones_tell_the_owner(
        self, app: Flask, enrolled: Person, device: Authenticator
    ) -> None:
        for _ in range(5):
            enrolled.give(device.show(enrolled.asked(), verified=False))
        kinds = rows(app, "SELECT kind FROM letters WHERE staff_id IS NOT NULL ORDER BY id")
        assert kinds == [("new_factor",), ("wrong_codes",)]

    def test_they_have_the_places_of_codes(
        self, enrolled: Person, device: Authenticator, clock: Clock
    ) -> None:
        each = signing_in.new_code_try(SECRET, SAM, "", sender("a cafe"))

        def give() -> None:
            with transaction() as session:
                second_factor.give(session, enrolled.vault, enrolled.given("x"), each, at=clock())

        for _ in range(signing_in.TRIES_A_MINUTE):
            give()
        with pytest.raises(signing_in.TooManyTries):
            give()

    def test_each_stands_in_the_audit_log(
        self, app: Flask, enrolled: Person, device: Authenticator
    ) -> None:
        enrolled.give(device.show(enrolled.asked(), verified=False))
        enrolled.give(device.show(enrolled.asked()))
        noted = "SELECT action, outcome, detail FROM audit WHERE action LIKE 'passkey%' ORDER BY id"
        assert rows(app, noted) == [
            ("passkey added", "done", None),
            ("passkey", "refused", None),
            ("passkey", "done", None),
        ]


class TestFirstAndLast:
    def test_of_eight_who_set_a_first_one_up_one_does(
        self, app: Flask, sam: Person, clock: Clock
    ) -> None:
        browsers = [sam.in_another_browser() for _ in range(8)]
        waiting = [each.given(Authenticator().create(each.asked_for_new())) for each in browsers]
        engine, done = db.engine, []

        def action(place: int) -> None:
            given = waiting[place]
            assert given.passkey is not None
            try:
                with transaction(engine) as session:
                    second_factor.enrol_passkey(
                        session, sam.vault, given, given.passkey, at=clock()
                    )
                done.append(place)
            except NotYours:
                pass

        assert together(8, action) == []
        assert len(done) == 1
        assert rows(app, "SELECT count(*) FROM staff_passkeys") == [(1,)]
        assert rows(app, "SELECT passkeys FROM staff") == [(1,)]

    def test_there_are_at_most_ten(self, sam: Person) -> None:
        sam.enrol(Authenticator().create(sam.asked_for_new()))
        for _ in range(MOST - 1):
            sam.add()
        with pytest.raises(NotYours):
            sam.add()
        assert sam.member.passkeys == MOST

    def test_a_new_one_ends_other_sessions_and_keeps_the_recovery_codes(
        self, app: Flask, enrolled: Person, device: Authenticator
    ) -> None:
        macs = rows(app, "SELECT code_mac FROM staff_recovery_codes")
        assert enrolled.give(device.show(enrolled.asked())) is not None
        enrolled.add()
        assert rows(app, "SELECT code_mac FROM staff_recovery_codes") == macs
        whole = "SELECT count(*) FROM staff_sessions WHERE revoked_at IS NULL"
        assert rows(app, whole) == [(1,)]

    def test_a_session_that_was_not_let_adds_none(
        self, enrolled: Person, device: Authenticator
    ) -> None:
        with pytest.raises(NotYours):
            enrolled.enrol(Authenticator().create(enrolled.asked_for_new()))

    def test_the_last_one_stays(self, app: Flask, sam: Person, clock: Clock) -> None:
        sam.enrol(Authenticator().create(sam.asked_for_new()))
        with pytest.raises(LastFactor), transaction() as session:
            own_factors.remove_passkey(session, sam.member, 1, sam.token, at=clock())
        with pytest.raises(LastFactor), transaction() as session:
            own_factors.remove_app(session, sam.member, sam.token, at=clock())
        assert len(rows(app, "SELECT * FROM staff_passkeys")) == 1
        sam.add()
        with transaction() as session:
            own_factors.remove_passkey(session, sam.member, 1, sam.token, at=clock())
        assert rows(app, "SELECT id FROM staff_passkeys") == [(2,)]
        told = rows(app, "SELECT kind FROM letters WHERE staff_id IS NOT NULL ORDER BY id")
        assert told == [("new_factor",), ("new_factor",), ("factor_removed",)]

    def test_of_two_that_are_taken_away_at_once_one_stays(
        self, app: Flask, sam: Person, clock: Clock
    ) -> None:
        sam.enrol(Authenticator().create(sam.asked_for_new()))
        sam.add()
        member, engine, kept = sam.member, db.engine, []

        def action(place: int) -> None:
            try:
                with transaction(engine) as session:
                    own_factors.remove_passkey(session, member, place + 1, sam.token, at=clock())
            except LastFactor:
                kept.append(place)

        assert together(2, action) == []
        assert len(kept) == 1
        assert rows(app, "SELECT passkeys FROM staff") == [(1,)]

    def test_somebody_elses_is_not_there(self, app: Flask, sam: Person, clock: Clock) -> None:
        sam.enrol(Authenticator().create(sam.asked_for_new()))
        eve = Person(app, clock, "eve@example.org")
        eve.enrol(Authenticator().create(eve.asked_for_new()))
        eve.add()
        with pytest.raises(NotFound), transaction() as session:
            own_factors.remove_passkey(session, eve.member, 1, eve.token, at=clock())
        assert sam.member.passkeys == 1


# --- without the package, and where there are none ------------------------------------------------


@pytest.mark.parametrize(
    ("base_url", "host"),
    [
        ("https://petition.example.org", "petition.example.org"),
        ("https://petition.example.org:8443", "petition.example.org"),
        ("http://localhost:8000", "localhost"),
        ("http://127.0.0.1:8000", None),
        ("https://192.0.2.1", None),
        ("https://[::1]", None),
        ("http://petition.example.org", None),
    ],
)
def test_passkeys_need_a_name_and_https(base_url: str, host: str | None) -> None:
    expected = None if host is None else RelyingParty(id=host, origin=base_url)
    assert domain.relying_party(base_url) == expected


def test_without_the_package_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "webauthn", None)
    assert domain.__file__
    spec = importlib.util.spec_from_file_location("without_webauthn", domain.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "without_webauthn", module)
    spec.loader.exec_module(module)
    assert not module.AVAILABLE
    assert module.relying_party("https://petition.example.org") is None
