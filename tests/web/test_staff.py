"""The console over HTTP: setting up, signing in and out, and taking a list out."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import secrets
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from petition.config import Limit
from petition.services.exports import csv_file, kept_file
from petition.services.staff import accounts
from petition.services.staff.accounts import SESSION_IDLE, SESSION_LIFE
from petition.services.staff.password_turns import WAITING, Line
from petition.store.db import db
from petition.web.http.dependencies import dependencies_of, set_dependencies
from tests import console, factories, people as personas, rights
from tests.conftest import Clock
from tests.worlds import Worlds

OWNER = console.address("owner")


def audit(app: Flask) -> list[tuple[object, ...]]:
    return factories.rows(app, "SELECT who, action, outcome FROM audit ORDER BY id")


def fill(stack: ExitStack, line: Line) -> None:
    """Nobody else finds room in this line."""
    for _ in range(1 + WAITING):
        assert line._room.acquire(blocking=False)
        stack.callback(line._room.release)


def _statements(found: list[str]) -> Callable[..., None]:
    def note(_: object, __: object, statement: str, *___: object) -> None:
        if not statement.startswith("BEGIN"):
            found.append(statement)

    return note


def is_in(client: FlaskClient) -> bool:
    return client.get("/staff/").status_code == 200


def cookie(client: FlaskClient) -> str:
    found = client.get_cookie("staff")
    assert found is not None
    return str(found.value)


def device_cookie(client: FlaskClient) -> str:
    found = client.get_cookie("staff-device", path="/staff")
    assert found is not None
    return str(found.value)


def with_cookie(app: Flask, value: str) -> FlaskClient:
    """Another browser that holds a copy of the cookie."""
    client = app.test_client()
    client.set_cookie("staff", value)
    return client


class TestSetUp:
    def test_the_link_works_once(self, app: Flask, client: FlaskClient) -> None:
        link = console.invite(app)
        answer = console.set_up(client, link)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/staff/second-factor")
        assert is_in(client)
        assert client.get(link).status_code == 404
        other = app.test_client()
        token = console.form_token(other.get("/staff/sign-in"))
        spent = other.post(link, data={"csrf_token": token, "password": "x" * 20})
        assert spent.status_code == 404
        assert not is_in(other)
        assert console.sign_in(other, OWNER).status_code == 303

    def test_looking_does_not_spend_it(self, app: Flask, client: FlaskClient) -> None:
        link = console.invite(app)
        for _ in range(3):
            assert client.get(link).status_code == 200
            assert client.head(link).status_code == 200
        assert console.set_up(client, link).status_code == 303

    def test_a_short_password_leaves_it_alive(self, app: Flask, client: FlaskClient) -> None:
        link = console.invite(app)
        for short in ("", "x" * 14):
            answer = console.set_up(client, link, short)
            assert answer.status_code == 422
            assert "15 characters" in answer.get_data(as_text=True)
        assert not is_in(client)
        assert console.set_up(client, link, "x" * 15).status_code == 303

    def test_it_ends_after_three_days(self, app: Flask, client: FlaskClient, clock: Any) -> None:
        link = console.invite(app)
        clock.forward(timedelta(days=3, seconds=1))
        assert client.get(link).status_code == 404

    def test_without_the_forms_token_nothing_happens(self, app: Flask, client: FlaskClient) -> None:
        link = console.invite(app)
        for data in ({"password": "x" * 20}, {"password": "x" * 20, "csrf_token": "forged"}):
            assert client.post(link, data=data).status_code == 403
        assert factories.rows(app, "SELECT password_hash FROM staff") == [(None,)]
        assert console.set_up(client, link).status_code == 303

    def test_a_new_invitation_ends_what_was_open_under_the_old_password(self, app: Flask) -> None:
        old = console.enter(app)
        new = app.test_client()
        assert (
            console.set_up(new, console.invite(app), "another sentence of mine").status_code == 303
        )
        assert is_in(new)
        assert not is_in(old)

    def test_no_secret_is_kept(self, app: Flask) -> None:
        link = console.invite(app)
        client = app.test_client()
        console.set_up(client, link)
        kept = repr([factories.rows(app, f"SELECT * FROM {table}") for table in db.metadata.tables])
        assert device_cookie(client) not in kept
        assert link.rpartition("/")[2] not in kept
        assert console.PASSWORD not in kept


class TestSignIn:
    def test_right_and_wrong(self, app: Flask, client: FlaskClient) -> None:
        console.enter(app)
        wrong = [
            console.sign_in(app.test_client(), OWNER, "wrong password!!"),
            console.sign_in(app.test_client(), "nobody@example.org", console.PASSWORD),
            console.sign_in(app.test_client(), OWNER, ""),
        ]
        assert {answer.status_code for answer in wrong} == {422}
        assert console.sign_in(client, f" {OWNER.upper()} ").status_code == 303
        assert is_in(client)

    def test_unknown_wrong_disabled_and_unfinished_look_alike(self, app: Flask) -> None:
        console.enter(app, "owner")
        console.enter(app, "viewer")
        console.invite(app, "editor")
        factories.change(app, "UPDATE staff SET disabled = true WHERE email LIKE 'viewer@%'")
        pages = set()
        for email, password in (
            (OWNER, "wrong password!!"),
            (console.address("viewer"), console.PASSWORD),
            (console.address("editor"), console.PASSWORD),
            ("nobody@example.org", console.PASSWORD),
        ):
            client = app.test_client()
            answer = console.sign_in(client, email, password)
            page = answer.get_data(as_text=True)
            token = console.form_token(answer)
            pages.add((answer.status_code, page.replace(token, "").replace(email, "")))
            assert not is_in(client)
        assert len(pages) == 1

    def test_five_tries_a_minute(self, app: Flask, clock: Any) -> None:
        console.enter(app)
        tries = [console.sign_in(app.test_client(), OWNER, "wrong") for _ in range(5)]
        assert [answer.status_code for answer in tries] == [422] * 5
        for password in ("wrong", console.PASSWORD):
            answer = console.sign_in(app.test_client(), OWNER, password)
            assert answer.status_code == 429
            assert answer.headers["Retry-After"] == "60"
            assert "There have been many attempts" in answer.get_data(as_text=True)
        other = console.sign_in(app.test_client(), "other@example.org", "wrong")
        assert other.status_code == 422, "another account is not held up"
        clock.forward(timedelta(seconds=61))
        assert console.sign_in(app.test_client(), OWNER).status_code == 303

    def test_the_audit_log_has_what_was_done_and_wrong_tries_are_a_number(
        self, app: Flask, client: FlaskClient
    ) -> None:
        console.enter(app)
        console.sign_in(client, OWNER, "wrong")
        console.sign_in(client, "\x1b[31mforged\r\n@example.org", "wrong")
        console.sign_in(client, "nobody@example.org", "wrong")
        console.sign_in(client, OWNER)
        console.sign_out(client)
        assert audit(app) == [
            ("test", "invite", "done"),
            (OWNER, "set up", "done"),
            (OWNER, "sign in", "done"),
            (OWNER, "password", "done"),
            (OWNER, "code", "done"),
            (OWNER, "sign in", "done"),
            (OWNER, "sign out", "done"),
        ]
        counted = factories.rows(app, "SELECT account, number FROM sign_in_refusals")
        assert sorted(counted) == [(0, 1), (1, 1)]

    def test_what_strangers_typed_is_kept_nowhere(self, app: Flask, caplog: Any) -> None:
        console.enter(app)
        strangers = (
            "planted@example.org",
            "planted\x1b[31m",
            "planted\r\nforged: line",
            "planted'",
        )
        for typed in strangers:
            console.sign_in(app.test_client(), typed, typed)
        for table in db.metadata.tables:
            kept = repr(factories.rows(app, f"SELECT * FROM {table}"))
            assert "planted" not in kept, table
        assert "planted" not in caplog.text

    def test_the_owner_sees_how_often_somebody_was_wrong(self, app: Flask, clock: Any) -> None:
        client = console.enter(app)
        assert "wrong password" not in client.get("/staff/").get_data(as_text=True)
        for email in (OWNER, OWNER, "nobody@example.org"):
            console.sign_in(app.test_client(), email, "wrong")
        page = client.get("/staff/").get_data(as_text=True)
        assert "with your address and a wrong password: 2" in page
        assert "with addresses that have no account: 1" in page
        viewer = console.enter(app, "viewer").get("/staff/").get_data(as_text=True)
        assert "wrong password" not in viewer
        assert "that have no account" not in viewer
        clock.forward(timedelta(days=31))
        assert console.sign_in(client, OWNER).status_code == 303
        assert "wrong password" not in client.get("/staff/").get_data(as_text=True)

    def test_a_known_browser_does_not_wait_for_others(self, app: Flask) -> None:
        """And the page that sends a stranger away keeps the address, and says for how long."""
        known = console.enter(app)
        console.sign_out(known)
        for _ in range(5):
            assert console.sign_in(app.test_client(), OWNER, "wrong").status_code == 422
        answer = console.sign_in(app.test_client(), OWNER, "wrong")
        page = answer.get_data(as_text=True)
        assert answer.status_code == 429
        assert f'value="{OWNER}"' in page
        assert "Please wait a minute" in page
        assert console.sign_in(known, OWNER).status_code == 303

    def test_a_stolen_device_cookie_opens_nothing(self, app: Flask) -> None:
        owner = console.enter(app)
        stolen = device_cookie(owner)
        thief = app.test_client()
        thief.set_cookie("staff-device", stolen, path="/staff")
        assert not is_in(thief)
        assert console.sign_in(thief, OWNER, "wrong").status_code == 422
        assert not is_in(thief)

    def test_a_sender_who_tries_without_end_is_sent_away(self, app: Flask) -> None:
        deps = dependencies_of(app)
        limits = replace(deps.settings.limits, sign_ins=Limit(2, 3))
        set_dependencies(app, replace(deps, settings=replace(deps.settings, limits=limits)))
        dependencies_of(app).senders._settings = dependencies_of(app).settings
        tries = [console.sign_in(app.test_client(), f"{n}@example.org", "wrong") for n in range(3)]
        assert [each.status_code for each in tries] == [422, 422, 429]
        assert "your network" in tries[-1].get_data(as_text=True)
        assert int(tries[-1].headers["Retry-After"]) >= 1
        counted = factories.rows(app, "SELECT number FROM sign_in_refusals")
        assert counted == [(2,)], "what is not judged is not counted"

    def test_who_gets_no_turn_is_sent_away_and_not_counted(self, app: Flask) -> None:
        console.enter(app)
        turns = dependencies_of(app).password_turns
        with ExitStack() as stack:
            for line in (turns.others, turns.newcomers):
                fill(stack, line)
            answer = console.sign_in(app.test_client(), OWNER)
            assert answer.status_code == 503
            assert answer.headers["Retry-After"] == "5"
            assert "Many people are signing in" in answer.get_data(as_text=True)
        assert factories.rows(app, "SELECT * FROM sign_in_places") == []
        assert console.sign_in(app.test_client(), OWNER).status_code == 303

    def test_who_gets_no_turn_costs_the_database_nothing(self, app: Flask) -> None:
        console.enter(app)
        turns = dependencies_of(app).password_turns
        stranger, deceiver = app.test_client(), app.test_client()
        deceiver.set_cookie("staff-device", "made up")
        stranger.get("/staff/sign-in")  # from then on, what every page needs is at hand
        asked: list[str] = []
        with app.app_context(), ExitStack() as stack:
            for line in (turns.others, turns.newcomers):
                fill(stack, line)
            listener = _statements(asked)
            event.listen(db.engine, "before_cursor_execute", listener)
            stack.callback(event.remove, db.engine, "before_cursor_execute", listener)
            assert console.sign_in(stranger, OWNER).status_code == 503
            assert asked == []
            assert console.sign_in(deceiver, OWNER).status_code == 503
            assert len(asked) == 1, "whether the device is known"

    def test_a_device_that_is_known_does_not_wait_behind_strangers(self, app: Flask) -> None:
        known = console.enter(app)
        console.sign_out(known)
        turns = dependencies_of(app).password_turns
        with ExitStack() as stack:
            for line in (turns.others, turns.newcomers):
                fill(stack, line)
            assert console.sign_in(known, OWNER).status_code == 303

    def test_a_newcomer_does_not_wait_behind_others(self, app: Flask) -> None:
        console.enter(app)
        others = dependencies_of(app).password_turns.others
        with ExitStack() as stack:
            fill(stack, others)
            assert console.sign_in(app.test_client(), OWNER).status_code == 303
            again = console.sign_in(app.test_client(), OWNER)
            assert again.status_code == 503, "once a day for each sender"

    def test_a_link_that_is_made_up_costs_no_scrypt(
        self, app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def scrypt(password: str) -> str:
            raise AssertionError("a stranger's password was hashed")

        monkeypatch.setattr(accounts, "hash_password", scrypt)
        token = console.form_token(client.get("/staff/sign-in"))
        data = {"csrf_token": token, "password": "x" * 20}
        made_up = f"/staff/set-up/{secrets.token_urlsafe(32)}"
        assert client.post(made_up, data=data).status_code == 404

    def test_without_the_forms_token(self, app: Flask, client: FlaskClient) -> None:
        console.enter(app)
        before = audit(app)
        answer = client.post("/staff/sign-in", data={"email": OWNER, "password": console.PASSWORD})
        assert answer.status_code == 422
        assert not is_in(client)
        assert audit(app) == before

    def test_a_planted_cookie_is_not_the_one_after_signing_in(
        self, app: Flask, client: FlaskClient
    ) -> None:
        """Session fixation: what was there before signing in opens nothing after it."""
        console.enter(app)
        client.get("/staff/sign-in")
        planted = cookie(client)
        assert console.sign_in(client, OWNER).status_code == 303
        assert cookie(client) != planted
        assert not is_in(with_cookie(app, planted))

    def test_junk_is_answered(self, app: Flask, client: FlaskClient, clock: Any) -> None:
        for junk in (
            *("\x00", "a\x00b@example.org", "é" * 400),
            *("x" * 5000, "' OR 1=1 --", "\U0010ffff"),
        ):
            clock.forward(timedelta(minutes=1))  # one sender types them all, and has a limit
            assert console.sign_in(client, junk, junk).status_code in {422, 429}, ascii(junk)
            assert not is_in(client), ascii(junk)

    def test_a_password_beyond_the_forms_size(self, client: FlaskClient) -> None:
        assert console.sign_in(client, OWNER, "x" * 70_000).status_code == 413


class TestSession:
    def test_signing_out_ends_it_on_the_server(self, app: Flask) -> None:
        client = console.enter(app)
        stolen = cookie(client)
        assert is_in(with_cookie(app, stolen))
        answer = console.sign_out(client)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/staff/sign-in")
        assert not is_in(client)
        assert not is_in(with_cookie(app, stolen))

    def test_signing_out_needs_the_forms_token(self, app: Flask) -> None:
        client = console.enter(app)
        assert client.post("/staff/sign-out").status_code == 403
        assert is_in(client)

    def test_a_disabled_account_is_out_at_once(self, app: Flask) -> None:
        client = console.enter(app)
        factories.change(app, "UPDATE staff SET disabled = true")
        assert not is_in(client)

    def test_it_ends_when_idle(self, app: Flask, clock: Any) -> None:
        client = console.enter(app)
        for _ in range(3):
            clock.forward(SESSION_IDLE - timedelta(minutes=2))
            assert is_in(client), "who works stays in"
        clock.forward(SESSION_IDLE + timedelta(seconds=1))
        assert not is_in(client)

    def test_who_looks_on_within_a_minute_waits_for_no_writer(self, app: Flask, clock: Any) -> None:
        client = console.enter(app)
        assert not self._moves_the_idle_clock(client)
        clock.forward(timedelta(minutes=1, seconds=1))
        assert self._moves_the_idle_clock(client)
        assert not self._moves_the_idle_clock(client)

    def _moves_the_idle_clock(self, client: FlaskClient) -> bool:
        """Whether a look writes; on SQLite it would wait for whoever writes already."""
        asked: list[str] = []

        def note(_c: object, _k: object, statement: str, *_: object) -> None:
            asked.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        assert is_in(client)
        event.remove(db.engine, "before_cursor_execute", note)
        writes = [each for each in asked if each.startswith(("UPDATE", "BEGIN IMMEDIATE"))]
        assert writes == [] or any("UPDATE staff_sessions" in each for each in writes)
        return bool(writes)

    def test_it_ends_after_twelve_hours(self, app: Flask, clock: Any) -> None:
        client = console.enter(app)
        for _ in range(int(SESSION_LIFE / timedelta(hours=1)) - 1):
            clock.forward(timedelta(hours=1))
            assert is_in(client)
        clock.forward(timedelta(hours=1))
        assert not is_in(client)

    @pytest.mark.parametrize("value", ["x", "a.b.c", "eyJzaWQiOiJ4In0.aaaa.bbbb", ""])
    def test_a_forged_cookie(self, app: Flask, value: str) -> None:
        assert not is_in(with_cookie(app, value))


class TestExport:
    @pytest.fixture
    def listed(self, app: Flask, client: FlaskClient, clock: Clock, worlds: Worlds) -> None:
        """Amina, Ben and Mallory have confirmed; Cora has not."""
        worlds.enter(app, clock, "three_of_four_confirmed", lambda: self._listed(app, client))

    def _listed(self, app: Flask, client: FlaskClient) -> None:
        for form in (personas.amina, personas.ben, personas.mallory, personas.cora):
            assert factories.sign(client, form).status_code == 303
        factories.work(app)
        for letter in factories.letters(app)[:3]:
            assert client.post(factories.link_in(letter)).status_code == 303
        factories.work(app)

    @pytest.mark.usefixtures("listed")
    def test_the_file_and_its_entry_in_the_ledger(self, app: Flask) -> None:
        client = console.enter(app, "exporter")
        answer = console.export(client, "for the printer")
        assert answer.status_code == 200
        assert answer.content_type == "text/csv; charset=utf-8"
        assert answer.headers["Content-Disposition"].startswith(
            'attachment; filename="amazon-full-confidential-2'
        )
        rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True), newline="")))
        assert tuple(rows[0]) == csv_file.COLUMNS
        assert [row["email"] for row in rows] == [
            personas.amina["email"],
            personas.ben["email"],
            personas.mallory["email"],
        ]
        assert rows[0]["given_name"] == personas.amina["given_name"]
        ledger = factories.rows(app, "SELECT by, reason, rows, sha256 FROM exports")
        digest = hashlib.sha256(answer.data).hexdigest()
        assert ledger == [(console.address("exporter"), "for the printer", 3, digest)]
        assert digest in client.get("/staff/campaigns/amazon").get_data(as_text=True)

    @pytest.mark.usefixtures("listed")
    def test_the_page_says_at_once_that_the_list_is_being_made(
        self, app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("petition.store.signatures.signatures.PAGE", 1)
        with console.piece_by_piece(console.enter(app)) as piece:
            assert "Your list is being made" in piece()
            assert factories.rows(app, "SELECT id FROM exports") == [], "nothing has begun yet"
            first = piece()
            assert "0 of 3 signatures" in first
            assert '<progress max="3" value="0">' in first
            *steps, end, rest = iter(piece, "")
            assert "2 of 3 signatures" in "".join(steps)
            assert "/file" in end
            assert rest.rstrip().endswith("</html>")

    @pytest.mark.usefixtures("listed")
    def test_who_leaves_the_page_leaves_no_file(self, app: Flask) -> None:
        with console.piece_by_piece(console.enter(app)) as piece:
            assert "of 3 signatures" in piece() + piece()
            assert factories.rows(app, "SELECT sealed_key FROM export_files") == [(None,)]
        assert factories.rows(app, "SELECT rows, sha256 FROM exports") == [(None, None)]
        assert factories.rows(app, "SELECT export_id FROM export_files") == []

    @pytest.mark.usefixtures("listed")
    def test_a_list_that_breaks_says_so_on_the_page_and_tells_the_log_no_row(
        self, app: Flask, caplog: pytest.LogCaptureFixture
    ) -> None:
        factories.change(app, "UPDATE entries SET sealed = :cut", cut=b"cut")
        page = console.order(console.enter(app)).get_data(as_text=True)
        assert "The list could not be made" in page
        assert "/file" not in page
        assert page.rstrip().endswith("</html>")
        assert [each.getMessage() for each in caplog.records if "export" in each.name] == [
            "export: cut off: SealBroken"
        ]
        assert factories.rows(app, "SELECT export_id FROM export_files") == []

    @pytest.mark.usefixtures("listed")
    def test_only_who_ordered_a_file_may_fetch_it_and_only_for_its_time(
        self, app: Flask, clock: Clock
    ) -> None:
        mine = console.enter(app, "exporter")
        console.export(mine)
        file = "/staff/campaigns/amazon/exports/1/file"
        assert file in mine.get("/staff/campaigns/amazon").get_data(as_text=True)
        assert mine.get(file).status_code == 200
        assert mine.get(file.replace("amazon", "nothing")).status_code == 404
        owner = console.enter(app, "owner")
        assert owner.get(file).status_code == 404
        assert file not in owner.get("/staff/campaigns/amazon").get_data(as_text=True)
        clock.forward(kept_file.KEPT)
        console.give_code_again(mine, console.address("exporter"))
        assert mine.get(file).status_code == 404
        assert file not in mine.get("/staff/campaigns/amazon").get_data(as_text=True)

    @pytest.mark.usefixtures("listed")
    @pytest.mark.parametrize("leave", [rights.withdraw, rights.erase])
    def test_whoever_leaves_while_a_list_waits_is_not_handed_out(
        self, app: Flask, leave: Callable[[Flask, int], object]
    ) -> None:
        staff = console.enter(app, "exporter")
        console.order(staff, reason="to count the cities")
        file = "/staff/campaigns/amazon/exports/1/file"
        assert file in staff.get("/staff/campaigns/amazon").get_data(as_text=True)
        ((somebody,),) = factories.rows(
            app, "SELECT min(id) FROM signatures WHERE state = 'confirmed'"
        )
        leave(app, int(str(somebody)))
        answer = staff.get(file)
        assert answer.status_code == 410
        page = answer.get_data(as_text=True)
        assert "Somebody in this list has left it since it was made." in page
        assert 'value="to count the cities"' in page
        assert file not in page
        again = console.export(staff, reason="to count the cities")
        assert again.status_code == 200
        assert again.mimetype == "text/csv"

    @pytest.mark.usefixtures("listed")
    def test_the_targets_file_holds_only_names_that_were_handed_over(self, app: Flask) -> None:
        staff = console.enter(app)
        answer = console.export(staff, for_target="yes")
        assert answer.headers["Content-Disposition"].startswith(
            'attachment; filename="amazon-for-target-2'
        )
        rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True), newline="")))
        assert tuple(rows[0]) == csv_file.FOR_TARGET
        assert len(rows) == 3
        for form in personas.SIGNERS:
            assert form["email"] not in answer.get_data(as_text=True)

    @pytest.mark.usefixtures("listed")
    def test_the_ledger_tells_the_full_list_from_the_targets(self, app: Flask) -> None:
        staff = console.enter(app)
        console.export(staff, "for ourselves")
        console.export(staff, "for them", for_target="yes")
        page = staff.get("/staff/campaigns/amazon").get_data(as_text=True)
        ledger = page[page.index('<table class="ledger">') :]
        head = re.findall(r"<th scope=\"col\"[^>]*>(?:<a [^>]*>)?([^<]+)", ledger)
        assert head[:4] == ["When", "Who", "What", "Why"]
        said = re.findall(
            r"What\">([^<]+)</td>\s*<td data-label=\"Why\"><bdi>([^<]+)</bdi>", ledger
        )
        assert said == [
            ("For the target", "for them"),
            ("Full list, confidential", "for ourselves"),
        ]

    @pytest.mark.usefixtures("listed")
    def test_a_list_for_news_holds_only_who_wants_them(self, app: Flask) -> None:
        staff = console.enter(app)
        answer = console.export(staff, "news", updates="yes")
        found = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True), newline="")))
        wanted = [personas.amina, personas.ben, personas.mallory]
        assert [row["email"] for row in found] == [
            form["email"] for form in wanted if form["updates"] == "yes"
        ]
        assert 0 < len(found) < len(wanted)
        ((filters,),) = factories.rows(app, "SELECT filters FROM exports")
        assert json.loads(str(filters))["updates"] == "yes"

    @pytest.mark.usefixtures("listed")
    def test_the_targets_list_is_never_chosen_by_who_wants_news(self, app: Flask) -> None:
        answer = console.export(console.enter(app), updates="yes", for_target="yes")
        assert answer.status_code == 422
        text = answer.get_data(as_text=True)
        assert 'id="updates-problem" role="alert"' in text
        assert "<title>Please check the form" in text
        assert factories.rows(app, "SELECT id FROM exports") == []

    def test_for_excel_the_file_begins_with_its_mark(self, app: Flask) -> None:
        staff = console.enter(app)
        for more, mark in (({"for_excel": "yes"}, b"\xef\xbb\xbf"), ({}, b"")):
            data = console.export(staff, **more).data
            assert data.startswith(mark + b"signature_id,")

    def test_without_a_reason_there_is_no_file(self, app: Flask) -> None:
        client = console.enter(app)
        for reason in ("", "   ", "x" * 501, "a\x00b"):
            answer = console.export(client, reason)
            assert answer.status_code == 422
            assert answer.mimetype == "text/html"
        assert factories.rows(app, "SELECT * FROM exports") == []

    def test_without_the_forms_token_there_is_no_file(self, app: Flask) -> None:
        client = console.enter(app)
        answer = client.post("/staff/campaigns/amazon/export", data={"reason": "x"})
        assert answer.mimetype == "text/html"
        assert factories.rows(app, "SELECT * FROM exports") == []

    def test_a_campaign_that_is_not_there(self, app: Flask) -> None:
        client = console.enter(app)
        token = console.form_token(client.get("/staff/campaigns/amazon"))
        data = {"csrf_token": token, "reason": "x"}
        assert client.post("/staff/campaigns/nothing/export", data=data).status_code == 404

    def test_who_may_only_look_is_offered_no_list(self, app: Flask) -> None:
        page = console.enter(app, "viewer").get("/staff/campaigns/amazon").get_data(as_text=True)
        assert "/export" not in page
        assert "not download lists" in page

    def test_many_days_and_countries_are_folded_and_languages_have_names(self, app: Flask) -> None:
        for number in range(30):
            factories.change(
                app,
                "INSERT INTO counts (campaign_id, dimension, value, confirmed)"
                " SELECT id, 'day', :day, 1 FROM campaigns",
                day=f"2026-11-{number + 1:02d}",
            )
        for code in ("de", "pl"):
            factories.change(
                app,
                "INSERT INTO counts (campaign_id, dimension, value, confirmed)"
                " SELECT id, 'language', :code, 1 FROM campaigns",
                code=code,
            )
        page = console.enter(app, "moderator").get("/staff/campaigns/amazon").get_data(as_text=True)
        shown, _, folded = page.partition("<details>")
        assert "23 more</summary>" in folded
        assert [n for n in range(1, 31) if f">{n} Nov 2026<" in shown] == [*range(24, 31)]
        assert shown.index(">30 Nov 2026<") < shown.index(">24 Nov 2026<")
        assert folded.index(">23 Nov 2026<") < folded.index(">1 Nov 2026<")
        assert ">German</th>" in page
        assert ">Polish</th>" in page

    @pytest.mark.usefixtures("listed")
    def test_the_numbers_on_the_page(self, app: Flask) -> None:
        page = console.enter(app, "moderator").get("/staff/campaigns/amazon").get_data(as_text=True)
        assert '<p class="figure">3</p>' in page
        for name in ("Morocco", "Nigeria", "United States"):
            assert name in page
        assert "Sweden" not in page, "who has not confirmed does not count"
        for form in personas.SIGNERS:
            assert form["email"] not in page
