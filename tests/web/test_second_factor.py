"""The second factor over HTTP: setting it up, giving it, losing it, and all that leads round it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition.config import Settings
from petition.domain.staff import second_factor as factors
from petition.services.staff import accounts as services_accounts
from petition.services.staff.lost_factor import LINK_LIFE
from petition.store.db import transaction
from petition.web.http.dependencies import dependencies_of
from tests import console, factories
from tests.conftest import Clock

pytestmark = pytest.mark.slow

OWNER: Final = console.address("owner")
HALF_A_MINUTE: Final = timedelta(seconds=30)
LETTERS: Final = "SELECT kind, staff_id FROM letters WHERE staff_id IS NOT NULL ORDER BY id"
CAMPAIGN: Final = "/staff/campaigns/amazon"


def is_in(client: FlaskClient) -> bool:
    return client.get("/staff/").status_code == 200


def text_of(answer: Answer) -> str:
    return answer.get_data(as_text=True)


def recovery_codes(page: Answer) -> list[str]:
    return re.findall(r"<li><code>([a-z2-9-]{11})</code>", text_of(page))


def half(app: Flask, email: str = OWNER, password: str = console.PASSWORD) -> FlaskClient:
    """A browser that has given the password and nothing more: all that a thief of it has."""
    client = app.test_client()
    assert console.type_password(client, email, password).status_code == 303
    return client


def newcomer(app: Flask) -> tuple[FlaskClient, Answer]:
    """Who has chosen a password and has the set-up of the second factor before them."""
    client = app.test_client()
    assert console.choose_password(client, console.invite(app)).status_code == 303
    return client, client.get(console.SET_UP_PAGE)


class TestSetUp:
    def test_it_is_forced_before_any_page(self, app: Flask) -> None:
        client, page = newcomer(app)
        for address in ("/staff/", CAMPAIGN, "/staff/account", "/staff/limits"):
            assert client.get(address).headers["Location"] == "/staff/second-factor"
        assert client.get("/staff/second-factor").headers["Location"] == console.SET_UP_PAGE
        done = console.enrol(client, page)
        assert done.status_code == 200
        assert len(set(recovery_codes(done))) == factors.RECOVERY_CODES
        assert is_in(client)

    def test_looking_at_it_keeps_nothing_and_shows_the_same(self, app: Flask) -> None:
        client, page = newcomer(app)
        shown = [text_of(client.get(console.SET_UP_PAGE)) for _ in range(2)]
        secret = re.search(r'id="secret">([^<]+)<', text_of(page))
        assert secret
        assert all(secret[1] in each for each in shown)
        assert factories.rows(app, "SELECT totp_sealed FROM staff") == [(None,)]

    def test_a_wrong_code_sets_nothing_up(self, app: Flask) -> None:
        client, page = newcomer(app)
        data = {"csrf_token": console.form_token(page), "code": "000000"}
        answer = client.post(console.SET_UP_PAGE, data=data)
        assert answer.status_code == 422
        assert "clock of your phone" in text_of(answer)
        assert not is_in(client)
        assert console.enrol(client, client.get(console.SET_UP_PAGE)).status_code == 200

    def test_of_two_browsers_one_sets_it_up(self, app: Flask) -> None:
        first, page = newcomer(app)
        second = half(app)
        other = second.get(console.SET_UP_PAGE)
        assert console.enrol(first, page).status_code == 200
        assert console.enrol(second, other).status_code == 303
        assert not is_in(second)

    def test_all_other_sessions_end_and_a_letter_tells(self, app: Flask) -> None:
        client, page = newcomer(app)
        other = half(app)
        console.enrol(client, page)
        assert other.get(console.CODE_PAGE).headers["Location"] == "/staff/sign-in"
        assert factories.rows(app, LETTERS) == [("new_factor", 1)]
        assert factories.work(app) == 1
        (letter,) = factories.letters(app)
        assert letter["To"] == OWNER
        assert "was set up for your account" in factories.text_of(letter)

    def test_an_account_from_before_enrols_at_its_next_sign_in(self, app: Flask) -> None:
        console.enter(app)
        factories.change(app, "UPDATE staff SET totp_sealed = NULL")
        client = half(app)
        assert not is_in(client)
        assert console.enrol(client, client.get(console.SET_UP_PAGE)).status_code == 200
        assert is_in(client)

    def test_no_secret_is_kept_in_clear(self, app: Flask) -> None:
        client, page = newcomer(app)
        found = re.search(r'id="secret">([^<]+)<', text_of(page))
        assert found
        codes = recovery_codes(console.enrol(client, page))
        secret = factors.secret_of(found[1])
        kept = "".join(
            repr(factories.rows(app, f"SELECT * FROM {table}"))
            for table in ("staff", "staff_recovery_codes", "staff_sessions", "audit")
        )
        assert repr(secret)[2:-1] not in kept
        assert found[1].replace(" ", "") not in kept
        assert not any(code.replace("-", "") in kept for code in codes)

    def test_in_development_on_loopback_the_page_shows_the_code(self, app: Flask) -> None:
        client, page = newcomer(app)
        code = re.search(r'id="code-now">(\d{6})<', text_of(page))
        assert code
        proxied = client.get(console.SET_UP_PAGE, headers={"X-Forwarded-For": "192.0.2.1"})
        away = client.get(console.SET_UP_PAGE, environ_base={"REMOTE_ADDR": "192.0.2.1"})
        for other in (proxied, away):
            assert "code-now" not in text_of(other)

    def test_elsewhere_it_never_does(self, settings: Settings) -> None:
        assert replace(settings, env="development").on_own_machine
        assert not replace(settings, env="production").on_own_machine
        assert not replace(settings, base_url="https://call.example.org").on_own_machine


class TestGive:
    def test_a_code_works_once(self, app: Flask, clock: Clock) -> None:
        console.enter(app)
        code = console.code_of(app, OWNER)
        assert console.give_code(half(app), code).status_code == 303
        again = half(app)
        answer = console.give_code(again, code)
        assert answer.status_code == 422
        assert "used already" in text_of(answer)
        assert not is_in(again)
        clock.forward(HALF_A_MINUTE)
        assert console.give_code(again, code).status_code == 422, "still within its window"

    def test_none_from_before_the_last_one_works(self, app: Flask, clock: Clock) -> None:
        console.enter(app)
        earlier = console.code_of(app, OWNER)
        clock.forward(HALF_A_MINUTE)
        assert console.give_code(half(app), console.code_of(app, OWNER)).status_code == 303
        assert console.give_code(half(app), earlier).status_code == 422

    @pytest.mark.parametrize(
        ("early", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
    )
    def test_a_phones_clock_may_be_half_a_minute_wrong(
        self, app: Flask, clock: Clock, early: int, taken: bool
    ) -> None:
        console.enter(app)
        clock.forward(early * HALF_A_MINUTE)
        code = console.code_of(app, OWNER)
        clock.forward(-early * HALF_A_MINUTE)
        client = half(app)
        console.give_code(client, code)
        assert is_in(client) == taken

    def test_as_people_type_it(self, app: Flask) -> None:
        console.enter(app)
        code = console.code_of(app, OWNER)
        arabic = code.translate({48 + digit: 0x660 + digit for digit in range(10)})
        for number, typed in enumerate((f" {code[:3]} {code[3:]} ", arabic)):
            client = half(app)
            factories.change(app, "UPDATE staff SET totp_last_step = 0")
            assert console.give_code(client, typed).status_code == 303, number

    def test_a_recovery_code_works_once(self, app: Flask) -> None:
        client, page = newcomer(app)
        codes = recovery_codes(console.enrol(client, page))
        assert console.give_code(half(app), codes[0].upper().replace("-", " ")).status_code == 303
        assert console.give_code(half(app), codes[0]).status_code == 422
        assert console.give_code(half(app), codes[1]).status_code == 303
        assert "8 recovery codes left" in text_of(client.get("/staff/account"))

    def test_new_recovery_codes_end_the_old_ones(self, app: Flask) -> None:
        client, page = newcomer(app)
        old = recovery_codes(console.enrol(client, page))
        token = {"csrf_token": console.form_token(client.get("/staff/account"))}
        new = recovery_codes(client.post("/staff/account/recovery-codes", data=token))
        assert not set(new) & set(old)
        assert console.give_code(half(app), old[0]).status_code == 422
        assert console.give_code(half(app), new[0]).status_code == 303

    def test_the_cookie_of_the_first_step_opens_nothing_after_the_second(self, app: Flask) -> None:
        """Session fixation, between the two steps."""
        console.enter(app)
        client = half(app)
        cookie = client.get_cookie("staff")
        assert cookie is not None
        assert console.give_code(client, console.code_of(app, OWNER)).status_code == 303
        thief = app.test_client()
        thief.set_cookie("staff", cookie.value)
        assert not is_in(thief)
        assert thief.get(console.CODE_PAGE).headers["Location"] == "/staff/sign-in"

    def test_the_first_step_is_good_for_half_an_hour(self, app: Flask, clock: Clock) -> None:
        console.enter(app)
        client = half(app)
        clock.forward(factors.ENROL_WITHIN)
        assert client.get(console.CODE_PAGE).headers["Location"] == "/staff/sign-in"

    def test_five_wrong_ones_a_minute_and_a_known_browser_has_its_own(
        self, app: Flask, clock: Clock
    ) -> None:
        known = console.enter(app)
        console.sign_out(known)
        thief = half(app)
        found = [console.give_code(thief, "000000").status_code for _ in range(6)]
        assert found == [422] * 5 + [429]
        console.type_password(known, OWNER)
        assert console.give_code(known, console.code_of(app, OWNER)).status_code == 303
        clock.forward(timedelta(seconds=61))
        assert console.give_code(thief, "000000").status_code == 422

    def test_thirty_a_day_and_a_letter_after_five(self, app: Flask, clock: Clock) -> None:
        """Whoever has the password does not guess the rest; the owner is not kept out."""
        known, page = newcomer(app)
        spare = recovery_codes(console.enrol(known, page))[0]
        console.sign_out(known)
        factories.change(app, "DELETE FROM letters")
        statuses, thief = [], half(app)
        for _ in range(factors.CODES_A_DAY + 2):
            clock.forward(timedelta(seconds=16))
            statuses.append(console.give_code(thief, "000000").status_code)
        assert statuses == [422] * factors.CODES_A_DAY + [429] * 2
        assert factories.rows(app, LETTERS) == [("wrong_codes", 1)]
        clock.forward(timedelta(seconds=61))
        stranger = half(app)
        assert console.give_code(stranger, console.code_of(app, OWNER)).status_code == 429
        assert console.give_code(stranger, spare).status_code == 303
        clock.forward(timedelta(seconds=61))
        console.type_password(known, OWNER)
        assert console.give_code(known, console.code_of(app, OWNER)).status_code == 303

    def test_a_known_browser_that_guesses_is_a_stranger(self, app: Flask, clock: Clock) -> None:
        known = console.enter(app)
        console.sign_out(known)
        console.type_password(known, OWNER)
        for _ in range(factors.DEVICE_CODES):
            clock.forward(timedelta(seconds=13))
            assert console.give_code(known, "000000").status_code == 422
        assert factories.rows(app, "SELECT * FROM staff_devices") == []

    def test_what_happened_is_in_the_audit_log(self, app: Flask) -> None:
        console.enter(app)
        client = half(app)
        console.give_code(client, "000000")
        console.give_code(client, "not-a-code")
        console.give_code(client, console.code_of(app, OWNER))
        found = factories.rows(app, "SELECT action, outcome FROM audit ORDER BY id")
        assert found[-5:] == [
            ("password", "done"),
            ("code", "refused"),
            ("recovery code", "refused"),
            ("code", "done"),
            ("sign in", "done"),
        ]


class TestFresh:
    """What weighs most asks for a code when the last one is older than a quarter of an hour."""

    def test_what_was_typed_goes_on_with_the_code(self, app: Flask, clock: Clock) -> None:
        client = console.enter(app, "exporter")
        clock.forward(factors.FRESH_FOR)
        page = console.order(client, "for the hand-over", for_excel="y")
        assert page.status_code == 403
        assert factories.rows(app, "SELECT * FROM exports") == []
        body = text_of(page)
        action = re.search(r'action="(/staff/second-factor/again[^"]+)"', body)
        assert action
        fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', body))
        assert fields == {"reason": "for the hand-over", "for_excel": "y"}
        fields["csrf_token"] = console.form_token(page)
        wrong = client.post(action[1], data=fields | {"code": "000000"})
        assert wrong.status_code == 422
        assert 'value="for the hand-over"' in text_of(wrong)
        right = fields | {"code": console.code_of(app, console.address("exporter"))}
        led_on = client.post(action[1], data=right)
        assert (led_on.status_code, led_on.location) == (307, f"{CAMPAIGN}/export")
        made = client.post(led_on.location, data=right)  # as browsers do, by themselves
        assert made.status_code == 200
        assert "/exports/1/file" in text_of(made)
        assert factories.rows(app, "SELECT reason FROM exports") == [("for the hand-over",)]

    def test_a_stolen_cookie_takes_no_list_out(self, app: Flask, clock: Clock) -> None:
        client = console.enter(app, "exporter")
        console.export(client)
        clock.forward(factors.FRESH_FOR)
        assert console.order(client).status_code == 403
        for way in ("file", "recall"):
            answer = client.get(f"{CAMPAIGN}/exports/1/{way}")
            assert answer.status_code == 303
            assert "/again?to=/staff/" in answer.headers["Location"]
        assert len(factories.rows(app, "SELECT * FROM exports")) == 1

    @pytest.mark.parametrize(
        "place",
        [
            "",
            "https://evil.example/",
            "//evil.example",
            "/",
            "/en/amazon",
            "/staff/../x",
            "/staff/no",
        ],
    )
    @pytest.mark.parametrize("way", ["to", "send"])
    def test_it_leads_on_to_the_console_alone(self, app: Flask, way: str, place: str) -> None:
        client = console.enter(app)
        address = f"/staff/second-factor/again?{way}={place}"
        token = console.form_token(client.get("/staff/"))
        data = {"csrf_token": token, "code": console.code_of(app, OWNER)}
        assert client.post(address, data=data).status_code == 404

    def test_each_form_about_staff_asks(self, app: Flask, clock: Clock) -> None:
        client = console.enter(app)
        token = {"csrf_token": console.form_token(client.get("/staff/"))}
        clock.forward(factors.FRESH_FOR)
        for address in (
            "/staff/lost-factor",
            "/staff/account/recovery-codes",
            "/staff/account/second-factor",
        ):
            answer = client.post(address, data=token)
            assert answer.status_code == 403, address
            assert "/staff/second-factor/again" in text_of(answer)


class TestOwnAccount:
    def test_signing_out_everywhere(self, app: Flask) -> None:
        first, second = console.enter(app), app.test_client()
        console.sign_in(second, OWNER)
        waiting = half(app)
        token = {"csrf_token": console.form_token(first.get("/staff/account"))}
        answer = first.post("/staff/account/sign-out-everywhere", data=token)
        assert answer.headers["Location"] == "/staff/sign-in"
        assert not is_in(first)
        assert not is_in(second)
        assert waiting.get(console.CODE_PAGE).status_code == 303

    def test_another_app(self, app: Flask) -> None:
        client = console.enter(app)
        before = console.code_of(app, OWNER)
        token = {"csrf_token": console.form_token(client.get("/staff/account"))}
        assert client.post("/staff/account/second-factor", data=token).status_code == 303
        page = client.get(console.SET_UP_PAGE)
        assert console.enrol(client, page).status_code == 200
        assert console.code_of(app, OWNER) != before
        assert console.enrol(client, page).status_code == 303, "once"

    def test_a_disabled_account_loses_its_sessions_at_once(self, app: Flask) -> None:
        whole, waiting = console.enter(app, "viewer"), half(app, console.address("viewer"))
        link = console.invite(app, "viewer")
        with app.app_context(), transaction() as session:
            at = dependencies_of(app).now()
            services_accounts.disable(session, console.address("viewer"), by="test", at=at)
        for client in (whole, waiting):
            assert client.get("/staff/").headers["Location"] == "/staff/sign-in"
            assert client.get(console.CODE_PAGE).headers["Location"] == "/staff/sign-in"
        assert app.test_client().get(link).status_code == 404


class TestLostFactor:
    def made(self, owner: FlaskClient, email: str, reason: str = "lost") -> Answer:
        token = console.form_token(owner.get("/staff/lost-factor"))
        data = {"csrf_token": token, "email": email, "reason": reason}
        return owner.post("/staff/lost-factor", data=data)

    def link(self, page: Answer) -> str:
        found = re.search(r">https?://[^/]+(/staff/lost-factor/[^<]+)<", text_of(page))
        assert found
        return found[1]

    def follow(self, client: FlaskClient, link: str, password: str = console.PASSWORD) -> Answer:
        data = {"csrf_token": console.form_token(client.get(link)), "password": password}
        return client.post(link, data=data)

    def test_from_the_owners_form_to_the_new_app(self, app: Flask) -> None:
        email = console.address("editor")
        owner, lost = console.enter(app), console.enter(app, "editor")
        before = console.code_of(app, email)
        link = self.link(self.made(owner, email))
        assert not is_in(lost), "all sessions end"
        kinds = [kind for kind, _ in factories.rows(app, LETTERS)]
        assert kinds == ["reset", "reset_told"]
        noted = factories.rows(app, "SELECT who, detail FROM audit WHERE action LIKE 'reset%'")
        assert noted == [(OWNER, f"{email}: lost")]
        client = app.test_client()
        assert self.follow(client, link).headers["Location"] == console.SET_UP_PAGE
        assert not is_in(client)
        assert console.enrol(client, client.get(console.SET_UP_PAGE)).status_code == 200
        assert is_in(client)
        assert console.code_of(app, email) != before
        assert client.get(link).status_code == 404, "once"

    def test_a_wrong_password_does_not_spend_it(self, app: Flask) -> None:
        link = console.lost_factor_link(app, OWNER)
        client = app.test_client()
        assert self.follow(client, link, "wrong").status_code == 422
        assert self.follow(client, link).status_code == 303

    def test_the_old_factor_stays_until_there_is_a_new_one(self, app: Flask) -> None:
        link = console.lost_factor_link(app, OWNER)
        client = app.test_client()
        self.follow(client, link)
        assert console.give_code(half(app), console.code_of(app, OWNER)).status_code == 303

    def test_it_ends_after_a_day_and_nothing_revives_it(self, app: Flask, clock: Clock) -> None:
        link = console.lost_factor_link(app, OWNER)
        clock.forward(LINK_LIFE)
        assert app.test_client().get(link).status_code == 404
        newer = console.lost_factor_link(app, OWNER)
        assert app.test_client().get(link).status_code == 404
        assert app.test_client().get(newer).status_code == 200

    def test_a_newer_one_ends_it(self, app: Flask) -> None:
        older = console.lost_factor_link(app, OWNER)
        newer = console.lost_factor_link(app, OWNER)
        found = [app.test_client().get(link).status_code for link in (older, newer)]
        assert found == [404, 200]

    def test_each_kind_of_link_opens_its_own_page_alone(self, app: Flask) -> None:
        lost = console.lost_factor_link(app, OWNER).rpartition("/")[2]
        invited = console.invite(app).rpartition("/")[2]
        client = app.test_client()
        assert client.get(f"/staff/set-up/{lost}").status_code == 404
        assert client.get(f"/staff/lost-factor/{invited}").status_code == 404

    @pytest.mark.parametrize(
        ("email", "words"),
        [
            (OWNER, "another owner has to make this link"),
            ("nobody@example.org", "no open account"),
            (console.address("viewer"), "no second factor yet"),
            ("", "Please fill this in"),
        ],
    )
    def test_what_it_refuses_it_says(self, app: Flask, email: str, words: str) -> None:
        owner = console.enter(app)
        console.invite(app, "viewer")
        answer = self.made(owner, email)
        assert answer.status_code == 422
        assert words in text_of(answer)
        assert 'value="lost" id="reason" checked' in text_of(answer)
        assert factories.rows(app, LETTERS) == []


# --- a stolen password ----------------------------------------------------------------------------


def _everywhere(app: Flask, thief: FlaskClient) -> None:
    """Every address of the console, with every method, as it stands in the map of routes."""
    token = console.form_token(thief.get(console.CODE_PAGE))
    open_to_halves = {"/staff/sign-out", console.CODE_PAGE, console.SET_UP_PAGE} | {
        f"{console.CODE_PAGE}/passkey/{what}" for what in ("ask", "new")
    }
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/staff/") or rule.rule in open_to_halves | {"/staff/sign-in"}:
            continue
        if "secret" in rule.rule:
            continue
        address = re.sub(r"<id:\w+>", "1", rule.rule.replace("<slug:slug>", "amazon"))
        address = re.sub(r"<[^>]+>", "1", address)
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            answer = thief.open(address, method=method, data={"csrf_token": token})
            found = (answer.status_code, answer.headers.get("Location"))
            assert found == (303, console.CODE_PAGE), f"{method} {address}"


def _a_set_up_page(app: Flask, thief: FlaskClient) -> None:
    assert thief.get(console.SET_UP_PAGE).headers["Location"] == console.CODE_PAGE
    token = console.form_token(thief.get(console.CODE_PAGE))
    for code in ("", "000000", console.code_of(app, OWNER)):
        thief.post(console.SET_UP_PAGE, data={"csrf_token": token, "code": code})


def _a_new_password_by_invitation(app: Flask, thief: FlaskClient) -> None:
    link = console.invite(app)
    assert console.choose_password(thief, link, "another sentence of mine").status_code == 303


def _no_code(app: Flask, thief: FlaskClient) -> None:
    for data in ({}, {"code": ""}, {"code": " "}, {"code": "-"}, {"code[]": "000000"}):
        token = {"csrf_token": console.form_token(thief.get(console.CODE_PAGE))}
        thief.post(console.CODE_PAGE, data=token | data)


def _json(app: Flask, thief: FlaskClient) -> None:
    thief.post(console.CODE_PAGE, json={"code": console.code_of(app, OWNER)})


def _in_the_address(app: Flask, thief: FlaskClient) -> None:
    code = console.code_of(app, OWNER)
    for query in (f"code={code}", "second_factor=1", "skip=1", "2fa=0", "next=/staff/"):
        thief.get(f"{console.CODE_PAGE}?{query}")
        thief.get(f"/staff/?{query}")


def _headers(app: Flask, thief: FlaskClient) -> None:
    for name in ("Authorization", "X-Second-Factor", "X-OTP", "X-Original-URL", "X-Rewrite-URL"):
        thief.get("/staff/", headers={name: "/staff/second-factor"})
    thief.get("/staff/", headers={"X-HTTP-Method-Override": "POST"})


def _a_code_used_before(app: Flask, thief: FlaskClient) -> None:
    code = console.code_of(app, OWNER)
    console.give_code(half(app), code)
    console.give_code(thief, code)


def _a_code_of_long_ago(app: Flask, thief: FlaskClient) -> None:
    code = console.code_of(app, OWNER)
    factories.change(app, "UPDATE staff SET totp_last_step = 0")
    clock = dependencies_of(app).now
    clock.forward(timedelta(minutes=2))  # type: ignore[attr-defined]
    console.give_code(thief, code)


def _a_code_of_somebody_else(app: Flask, thief: FlaskClient) -> None:
    """Who has an account themselves, and an owner's password."""
    other, page = app.test_client(), None
    console.choose_password(other, console.invite(app, "viewer"))
    page = other.get(console.SET_UP_PAGE)
    codes = recovery_codes(console.enrol(other, page))
    console.give_code(thief, codes[0])
    console.give_code(thief, console.code_of(app, console.address("viewer")))


def _a_device_cookie(app: Flask, thief: FlaskClient) -> None:
    """Stolen with the password: it opens nothing."""
    owner = console.enter(app)
    cookie = owner.get_cookie("staff-device", path="/staff")
    assert cookie is not None
    thief.set_cookie("staff-device", cookie.value, path="/staff")
    thief.get("/staff/")


def _two_at_once(app: Flask, thief: FlaskClient) -> None:
    """Another session of the owner's, which has passed, lifts none of the thief's."""
    owner = app.test_client()
    console.sign_in(owner, OWNER)
    assert is_in(owner)


def _an_old_session(app: Flask, thief: FlaskClient) -> None:
    owner = app.test_client()
    console.sign_in(owner, OWNER)
    cookie = owner.get_cookie("staff")
    assert cookie is not None
    console.sign_out(owner)
    thief.set_cookie("staff", cookie.value)


def _a_stale_form(app: Flask, thief: FlaskClient) -> None:
    """A form of the console, as it was before somebody signed out."""
    owner = app.test_client()
    console.sign_in(owner, OWNER)
    token = console.form_token(owner.get(CAMPAIGN))
    console.sign_out(owner)
    for client in (owner, thief):
        client.post(f"{CAMPAIGN}/export", data={"csrf_token": token, "reason": "x"})
    assert factories.rows(app, "SELECT * FROM exports") == []


def _once_more_before_the_first_time(app: Flask, thief: FlaskClient) -> None:
    token = console.form_token(thief.get(console.CODE_PAGE))
    data = {"csrf_token": token, "code": console.code_of(app, OWNER)}
    thief.post(f"{console.CODE_PAGE}/again?to=/staff/", data=data)


def _a_lost_phone(app: Flask, thief: FlaskClient) -> None:
    """Only an owner makes that link."""
    token = console.form_token(thief.get(console.CODE_PAGE))
    data = {"csrf_token": token, "email": OWNER, "reason": "lost"}
    thief.post("/staff/lost-factor", data=data)
    assert factories.rows(app, "SELECT * FROM staff_invites WHERE purpose <> 'set-up'") == []


def _a_spent_link(app: Flask, thief: FlaskClient) -> None:
    link = console.lost_factor_link(app, OWNER)
    owner = app.test_client()
    data = {"csrf_token": console.form_token(owner.get(link)), "password": console.PASSWORD}
    owner.post(link, data=data)
    assert console.enrol(owner, owner.get(console.SET_UP_PAGE)).status_code == 200
    assert thief.post(link, data=data).status_code == 404


def _an_expired_link(app: Flask, thief: FlaskClient) -> None:
    link = console.lost_factor_link(app, OWNER)
    dependencies_of(app).now.forward(LINK_LIFE)  # type: ignore[attr-defined]
    assert thief.get(link).status_code == 404


def _a_recovery_code_twice(app: Flask, thief: FlaskClient) -> None:
    factories.change(app, "UPDATE staff SET totp_sealed = NULL")
    owner = half(app)
    codes = recovery_codes(console.enrol(owner, owner.get(console.SET_UP_PAGE)))
    assert console.give_code(half(app), codes[0]).status_code == 303
    console.type_password(thief, OWNER)
    assert console.give_code(thief, codes[0]).status_code == 422


def _the_back_button(app: Flask, thief: FlaskClient) -> None:
    """The pages that were seen before are kept by no browser."""
    owner = app.test_client()
    console.sign_in(owner, OWNER)
    for address in ("/staff/", CAMPAIGN, "/staff/account"):
        assert owner.get(address).headers["Cache-Control"] == "no-store"
    console.sign_out(owner)
    assert not is_in(owner)


TRICKS: Final = (
    _everywhere,
    _a_set_up_page,
    _a_new_password_by_invitation,
    _no_code,
    _json,
    _in_the_address,
    _headers,
    _a_code_used_before,
    _a_code_of_long_ago,
    _a_code_of_somebody_else,
    _a_device_cookie,
    _two_at_once,
    _an_old_session,
    _a_stale_form,
    _once_more_before_the_first_time,
    _a_lost_phone,
    _a_spent_link,
    _an_expired_link,
    _a_recovery_code_twice,
    _the_back_button,
)


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.__name__.strip("_"))
def test_a_stolen_password_gets_nowhere(
    app: Flask, trick: Callable[[Flask, FlaskClient], None]
) -> None:
    console.enter(app)
    thief = half(app)
    trick(app, thief)
    assert not is_in(thief)
    assert thief.get(CAMPAIGN).status_code == 303
    assert thief.get("/staff/account").status_code == 303
