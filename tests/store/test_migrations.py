"""Migrations: up, down, up with data in the tables, and equal to the models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from petition.app import SHIPPED, create_app
from petition.cli import migrations
from petition.config import load, resource_dir
from petition.domain.campaigns.presentation import Presentation
from petition.domain.letters.recipient import Recipient
from petition.services.campaigns import content_files
from petition.store.db import Base, db, is_migrated, transaction
from petition.store.letters import outbox
from petition.store.letters.outbox import NewLetter
from petition.store.signatures.signatures import Filters, pages
from petition.store.tables import Staff
from petition.web.http.dependencies import dependencies_of
from tests import people
from tests.conftest import Clock, PostgreSQL
from tests.factories import change, confirm, entries, keep, rows, shipped_call, the_call, work
from tests.worlds import Worlds

pytestmark = pytest.mark.slow

FOLDER = str(resource_dir("migrations"))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    with server.database(migrated=False) as url:
        yield url


@contextmanager
def _app(url: str, tmp_path: Path, clock: Clock) -> Iterator[Flask]:
    app = create_app(load({"DATABASE_URL": url, "PETITION_INSTANCE": str(tmp_path / "i")}), clock)
    migrations.ready(app)
    with app.app_context():
        yield app
        db.engine.dispose()


def _shape() -> dict[str, object]:
    """Tables, columns, keys, indexes and triggers as the database has them."""
    found = inspect(db.engine)
    with db.engine.connect() as connection:
        names = (
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            if db.engine.dialect.name == "sqlite"
            else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
        )
        triggers = sorted(connection.execute(text(names)).scalars())
    # Of all tables at once: PostgreSQL then answers one question and not one for each of them.
    names_of = {
        "foreign keys": found.get_multi_foreign_keys(),
        "indexes": found.get_multi_indexes(),
        "unique": found.get_multi_unique_constraints(),
        "checks": found.get_multi_check_constraints(),
    }
    return {
        "triggers": triggers,
        **{
            str(table): [
                [(column["name"], str(column["type"])) for column in columns],
                *(
                    sorted(
                        str(key if what == "foreign keys" else key["name"]) for key in keys[where]
                    )
                    for what, keys in names_of.items()
                ),
            ]
            for where, columns in found.get_multi_columns().items()
            for table in (where[1],)
            if table != "alembic_version"
        },
    }


def _load_and_fill(app: Flask, clock: Clock) -> None:
    with transaction() as session:
        content_files.load_and_open_new(session, SHIPPED / "amazon", organiser="Us", at=clock())
    _fill(app)


def _fill(app: Flask) -> None:
    """Four people sign, and one confirms."""
    call = the_call(app)
    for form in people.SIGNERS:
        keep(app, call, form)
    confirm(app, entries(app)[0])
    work(app)
    assert rows(app, "SELECT item FROM campaign_edits") == [], "staff changed nothing of the call"


DOWN: Final = ("0028", "0027", "0014", "0012", "0010", "0009")
"""Versions that tests begin with, in the order in which a migrated database gets there."""


@pytest.fixture
def app(app: Flask, clock: Clock, worlds: Worlds, request: pytest.FixtureRequest) -> Flask:
    """A migrated database with people in it: an older version's, where a test names one."""
    _enter(app, clock, worlds, DOWN.index(request.param) if hasattr(request, "param") else -1)
    return app


def _enter(app: Flask, clock: Clock, worlds: Worlds, step: int) -> None:
    if step < 0:
        worlds.enter(app, clock, "four_signed", lambda: _fill(app))
        return

    def bring() -> None:
        _enter(app, clock, worlds, step - 1)
        flask_migrate.downgrade(directory=FOLDER, revision=DOWN[step])

    worlds.enter(app, clock, f"four_signed_{DOWN[step]}", bring)


def _begins_with(revision: str) -> pytest.MarkDecorator:
    """For tests of one migration, which need not go through all that came after it.

    With rows in the tables those go down for each of these tests to begin, and up in the tests of
    letters, of questions and of calls from before.
    """
    return pytest.mark.parametrize("app", [revision], indirect=True)


def test_up_down_and_up_again_with_data(empty_url: str, tmp_path: Path, clock: Clock) -> None:
    with _app(empty_url, tmp_path, clock) as app:
        assert not is_migrated(db.engine)
        flask_migrate.upgrade(directory=FOLDER)
        assert is_migrated(db.engine)
        shape = _shape()
        assert len(shape["triggers"]) == 5  # type: ignore[arg-type]
        _load_and_fill(app, clock)
        flask_migrate.downgrade(directory=FOLDER, revision="base")
        assert not is_migrated(db.engine)
        assert set(_shape()) == {"triggers"}
        flask_migrate.upgrade(directory=FOLDER)
        assert _shape() == shape
        _load_and_fill(app, clock)
        with transaction() as session:
            (page,) = pages(session, the_call(app).id, Filters())
            assert len(page) == 1


def test_up_again_changes_nothing(app: Flask) -> None:
    before = rows(app, "SELECT * FROM entries ORDER BY id")
    flask_migrate.upgrade(directory=FOLDER)
    assert rows(app, "SELECT * FROM entries ORDER BY id") == before


OLD_LETTERS = (
    "SELECT id, entry_id, kind, state, due_at, leased_until, leased_by, admitted, attempts,"
    " finished_at, last_error FROM letters WHERE entry_id IS NOT NULL ORDER BY id"
)


def test_letters_get_other_recipients_and_lose_them(app: Flask, clock: Clock) -> None:
    change(app, "DELETE FROM letters WHERE id = (SELECT max(id) FROM letters)")
    before, shape = rows(app, OLD_LETTERS), _shape()["letters"]
    assert before
    flask_migrate.downgrade(directory=FOLDER, revision="0007")
    assert rows(app, OLD_LETTERS) == before
    old = _shape()["letters"]
    assert old != shape
    flask_migrate.upgrade(directory=FOLDER)
    assert (rows(app, OLD_LETTERS), _shape()["letters"]) == (before, shape)
    _owe_to_staff(app, clock)
    (newest,) = rows(app, "SELECT id FROM letters WHERE staff_id IS NOT NULL")
    # The number of the one that was erased last is nobody's.
    assert int(str(newest[0])) == int(str(before[-1][0])) + 2
    flask_migrate.downgrade(directory=FOLDER, revision="0007")
    assert (rows(app, OLD_LETTERS), _shape()["letters"]) == (before, old)


def _owe_to_staff(app: Flask, clock: Clock) -> None:
    with transaction() as session:
        sam = Staff(email="sam@example.org", created_at=clock())
        session.add(sam)
        session.flush()
        digest = NewLetter(kind="digest", to=Recipient.staff(sam.id), due_at=clock())
        outbox.enqueue(session, [digest])


@_begins_with("0009")
def test_decreases_move_to_the_folds_and_back(app: Flask) -> None:
    folded = "SELECT campaign_id, folded_at, decreases FROM folds"
    went = "SELECT confirmed FROM counts WHERE dimension = 'went'"
    change(app, "UPDATE folds SET decreases = 7")
    before, counted = rows(app, folded), rows(app, "SELECT * FROM counts ORDER BY 2, 3")
    flask_migrate.downgrade(directory=FOLDER, revision="0008")
    assert rows(app, went) == [(7,)]
    flask_migrate.upgrade(directory=FOLDER, revision="0009")
    assert rows(app, went) == []
    assert rows(app, folded) == before
    assert rows(app, "SELECT * FROM counts ORDER BY 2, 3") == counted


KEPT = "id, address_key, state, created_at, confirmed_at, entry_id, state_reason, withdrawn_at"
"""Of a signature: what it had before and after 0010."""
KEPT_OF_ENTRIES = "id, signature_id, created_at, sealed, key_number, country, language, visibility"


@_begins_with("0010")
def test_no_signature_is_erased_and_there(app: Flask) -> None:
    everything = (
        f"SELECT {KEPT} FROM signatures ORDER BY id",
        f"SELECT {KEPT_OF_ENTRIES} FROM entries ORDER BY id",
        "SELECT * FROM consents ORDER BY id",
    )
    erase = "UPDATE signatures SET state = 'erased'"
    before = [rows(app, sql) for sql in everything]
    with pytest.raises(IntegrityError):
        change(app, erase)
    flask_migrate.downgrade(directory=FOLDER, revision="0009")
    assert [rows(app, sql) for sql in everything] == before
    change(app, erase)
    change(app, "UPDATE signatures SET state = 'pending'")
    flask_migrate.upgrade(directory=FOLDER, revision="0010")
    with pytest.raises(IntegrityError):
        change(app, erase)
    for state in ("pending", "confirmed", "held", "rejected", "withdrawn"):
        change(app, "UPDATE signatures SET state = :state", state=state)


TEXT_IDS = ("sign_text_id", "updates_text_id", "visibility_text_id")
"""The columns of a campaign text that became rows in 0011."""


def _texts(app: Flask) -> list[tuple[object, ...]]:
    return rows(app, f"SELECT id, {', '.join(TEXT_IDS)}, content FROM campaign_texts ORDER BY id")


def test_the_questions_of_a_text_become_rows_and_columns_again(app: Flask) -> None:
    asked = "SELECT campaign_text_id, purpose, consent_text_id, required FROM campaign_questions"
    before, answered = rows(app, f"{asked} ORDER BY id"), rows(app, "SELECT * FROM consents")
    call = the_call(app)
    with transaction() as session:  # a question that the older tables have no column for
        session.execute(
            text(
                "INSERT INTO campaign_questions"
                " (campaign_text_id, purpose, consent_text_id, required)"
                " VALUES (:text_id, 'meetings', :consent, false)"
            ),
            {"text_id": call.text_id, "consent": call.consent_text_ids["updates"]},
        )
    flask_migrate.downgrade(directory=FOLDER, revision="0010")
    older = _texts(app)
    assert {row[0]: row[1:4] for row in older}[call.text_id] == tuple(
        call.consent_text_ids[purpose] for purpose in ("sign", "updates", "visibility")
    )
    assert len(older) * 3 == len(before)
    flask_migrate.upgrade(directory=FOLDER)
    assert rows(app, f"{asked} ORDER BY id") == before
    assert rows(app, "SELECT * FROM consents") == answered
    # Its colours and picture came with 0015: the older tables have no column for them either.
    assert call.presentation != Presentation()
    assert the_call(app) == replace(call, presentation=Presentation())
    keep(app, the_call(app), people.someone(1))
    assert rows(app, "SELECT count(*) FROM consents") == [(len(answered) + 3,)]


@_begins_with("0014")
def test_moves_of_before_are_understood_and_told_to_older_versions(app: Flask) -> None:
    before = rows(app, "SELECT * FROM entries ORDER BY id")
    flask_migrate.downgrade(directory=FOLDER, revision="0013")
    change(app, "UPDATE signatures SET state = 'withdrawn', withdrawn_at = created_at")
    change(app, "UPDATE signatures SET state_reason = 'odd' WHERE id IN (3, 4)")
    change(app, "UPDATE signatures SET state = 'rejected' WHERE id = 4")
    for number, at in ((4, "2026-11-03"), (44, "2026-11-04")):
        change(
            app,
            "INSERT INTO audit (at, who, action, outcome, detail)"
            f" VALUES ('{at} 10:00:00+00:00', 'sam', 'signature rejected', 'done',"
            f" '{number}: odd')",
        )
    flask_migrate.upgrade(directory=FOLDER, revision="0014")
    moved = "SELECT withdrawn_from, hold_reason, state_reason FROM signatures WHERE id <= 4"
    assert rows(app, f"{moved} ORDER BY id") == [
        ("confirmed", None, None),
        ("pending", None, None),
        ("held", None, "odd"),
        (None, None, "odd"),
    ]
    ((at,),) = rows(app, "SELECT CAST(moved_at AS text) FROM signatures WHERE id = 4")
    assert str(at).startswith("2026-11-03 10:00:00")
    change(app, "UPDATE signatures SET hold_reason = 'made-up', state_reason = NULL")
    change(app, "UPDATE signatures SET hold_reason = NULL WHERE id <= 2")
    with pytest.raises(IntegrityError):
        change(app, "UPDATE signatures SET hold_reason = 'because'")
    flask_migrate.downgrade(directory=FOLDER, revision="0013")
    kept = "SELECT state_reason FROM signatures WHERE id <= 4 ORDER BY id"
    assert rows(app, kept) == [(None,), (None,), ("made-up",), ("made-up",)]
    flask_migrate.upgrade(directory=FOLDER, revision="0014")
    assert rows(app, "SELECT * FROM entries ORDER BY id") == before


@_begins_with("0012")
def test_calls_from_before_count_as_staffs_own(app: Flask, tmp_path: Path, clock: Clock) -> None:
    edits = "SELECT item FROM campaign_edits"
    flask_migrate.upgrade(directory=FOLDER)
    assert rows(app, edits) == [("*",)]
    change(app, "UPDATE campaigns SET goal = 7000")
    with transaction() as session:
        done = content_files.load_and_open_new(
            session,
            shipped_call(tmp_path),
            organiser=dependencies_of(app).settings.organiser,
            at=clock(),
        )
    # 0015 gave it an empty presentation, the look that it had: that is staff's as well.
    assert [each.item for each in done.kept] == ["goal", "presentation"]
    assert rows(app, "SELECT goal, presentation FROM campaigns") == [(7000, "{}")]


def test_sessions_end_and_a_second_factor_comes_and_goes(
    empty_url: str, tmp_path: Path, clock: Clock
) -> None:
    """Whoever was signed in is so no more, both ways; accounts and open invitations stay."""
    with _app(empty_url, tmp_path, clock) as app:
        flask_migrate.upgrade(directory=FOLDER, revision="0015")
        _staff_of_before(app)
        flask_migrate.upgrade(directory=FOLDER, revision="0016")
        ended = "SELECT count(*) FROM staff_sessions WHERE revoked_at IS NOT NULL"
        assert rows(app, ended) == [(1,)]
        assert rows(app, "SELECT email, totp_sealed FROM staff") == [("sam@example.org", None)]
        assert rows(app, "SELECT purpose FROM staff_invites") == [("set-up",)]
        change(app, "UPDATE staff_sessions SET revoked_at = NULL")
        change(
            app,
            "INSERT INTO staff_invites (staff_id, token_sha256, purpose, expires_at)"
            " VALUES (1, 'd', 'new-factor', '2026-11-05 10:00:00+00:00')",
        )
        change(app, "INSERT INTO staff_recovery_codes (staff_id, code_mac) VALUES (1, 'e')")
        flask_migrate.downgrade(directory=FOLDER, revision="0015")
        assert rows(app, ended) == [(1,)], "or one that gave a password only would be whole"
        assert rows(app, "SELECT token_sha256 FROM staff_invites") == [("b",)]
        flask_migrate.upgrade(directory=FOLDER, revision="0016")
        assert rows(app, "SELECT count(*) FROM staff_recovery_codes") == [(0,)]


def test_without_passkeys_nobody_gets_in_by_a_password_alone(app: Flask, clock: Clock) -> None:
    """Accounts with passkeys alone are invited anew by a version that knows none."""
    with transaction() as session:
        session.add_all(
            Staff(
                email=f"{name}@example.org",
                password_hash="a hash",
                totp_sealed=sealed,
                passkeys=number,
                created_at=clock(),
            )
            for name, sealed, number in (("ada", b"x", 1), ("ben", None, 1), ("cleo", None, 0))
        )
    at = "'2026-11-02 10:00:00+00:00'"
    for staff_id in (1, 2):
        change(
            app,
            "INSERT INTO staff_sessions (staff_id, token_sha256, created_at, seen_at)"
            f" VALUES ({staff_id}, 'c{staff_id}', {at}, {at})",
        )
        change(
            app,
            "INSERT INTO staff_passkeys"
            " (staff_id, credential_id, public_key, sign_count, created_at)"
            f" VALUES ({staff_id}, 'd{staff_id}', 'e', 0, {at})",
        )
    flask_migrate.downgrade(directory=FOLDER, revision="0018")
    hashes = "SELECT password_hash FROM staff ORDER BY email"
    assert rows(app, hashes) == [("a hash",), (None,), ("a hash",)]
    whole = "SELECT staff_id FROM staff_sessions WHERE revoked_at IS NULL"
    assert rows(app, whole) == [(1,)]
    flask_migrate.upgrade(directory=FOLDER, revision="0022")
    assert rows(app, "SELECT email, passkeys FROM staff ORDER BY email") == [
        (f"{name}@example.org", 0) for name in ("ada", "ben", "cleo")
    ]


def _staff_of_before(app: Flask) -> None:
    at = "'2026-11-02 10:00:00+00:00'"
    for sql in (
        (
            "INSERT INTO staff (id, email, role, disabled, created_at)"
            f" VALUES (1, 'sam@example.org', 'owner', false, {at})"
        ),
        f"INSERT INTO staff_invites (staff_id, token_sha256, expires_at) VALUES (1, 'b', {at})",
        (
            "INSERT INTO staff_sessions (staff_id, token_sha256, created_at, seen_at)"
            f" VALUES (1, 'c', {at}, {at})"
        ),
    ):
        change(app, sql)


@pytest.mark.slow
def test_accounts_keep_their_role_on_every_campaign(app: Flask, clock: Clock) -> None:
    with transaction() as session:
        session.add_all(
            Staff(email=f"{name}@example.org", created_at=clock()) for name in ("ada", "sam")
        )
    for staff_id, campaign_id, role in ((1, None, "owner"), (1, 1, "viewer"), (2, 1, "editor")):
        change(
            app,
            "INSERT INTO staff_roles (staff_id, campaign_id, role)"
            " VALUES (:staff_id, :campaign_id, :role)",
            staff_id=staff_id,
            campaign_id=campaign_id,
            role=role,
        )
    with pytest.raises(IntegrityError):
        change(app, "INSERT INTO staff_roles (staff_id, role) VALUES (1, 'viewer')")
    flask_migrate.downgrade(directory=FOLDER, revision="0015")
    # Who had one campaign alone does not get all of them, and is shut out.
    older = "SELECT email, role, disabled FROM staff ORDER BY id"
    assert [(email, role, bool(shut)) for email, role, shut in rows(app, older)] == [
        ("ada@example.org", "owner", False),
        ("sam@example.org", "viewer", True),
    ]
    change(app, "UPDATE staff SET role = 'moderator', disabled = false WHERE id = 2")
    flask_migrate.upgrade(directory=FOLDER, revision="0017")
    held = "SELECT staff_id, campaign_id, role, further FROM staff_roles ORDER BY id"
    assert rows(app, held) == [(1, None, "owner", "[]"), (2, None, "moderator", "[]")]


@_begins_with("0027")
def test_what_was_decided_before_waits_no_more(app: Flask, clock: Clock) -> None:
    ((entry_id,), *_) = rows(app, "SELECT id FROM entries ORDER BY id")
    change(
        app,
        "INSERT INTO reviews (campaign_id, entry_id, verdict, by, at)"
        " VALUES (1, :id, 'shown', 't', :at)",
        id=entry_id,
        at=clock(),
    )
    flask_migrate.upgrade(directory=FOLDER, revision="0029")
    assert rows(app, "SELECT id FROM entries WHERE reviewed") == [(entry_id,)]


@_begins_with("0028")
def test_tokens_of_partners_stay_and_keys_that_did_not_work_get_a_reason(app: Flask) -> None:
    at = "'2026-11-02 10:00:00+00:00'"
    change(
        app,
        "INSERT INTO partners (id, campaign_id, key, name, origins, state, made_by, made_at)"
        f" VALUES (7, 1, 'abc', 'Union', '[]', 'live', 't', {at})",
    )
    change(
        app,
        "INSERT INTO api_tokens (partner_id, hash, shown, scopes, made_by, made_at, expires_at)"
        f" VALUES (7, :hash, 'ptk_a', '[]', 't', {at}, {at})",
        hash=b"x" * 32,
    )
    for key in ("", "abc"):
        change(
            app,
            "INSERT INTO refused_forms (campaign_id, partner_key, site, number, last_hour)"
            f" VALUES (1, '{key}', '', 1, {at})",
        )
    flask_migrate.upgrade(directory=FOLDER, revision="0030")
    tokens = "SELECT shown, campaign_id, partner_id, used_number FROM api_tokens"
    assert rows(app, tokens) == [("ptk_a", 1, 7, 0)]
    reasons = "SELECT partner_key, reason FROM refused_forms ORDER BY partner_key"
    assert rows(app, reasons) == [("", "unknown"), ("abc", "blocked")]
    change(
        app,
        "INSERT INTO api_tokens (campaign_id, hash, shown, scopes, made_by, made_at,"
        f" expires_at) VALUES (1, :hash, 'ptk_b', '[]', 't', {at}, {at})",
        hash=b"y" * 32,
    )
    flask_migrate.downgrade(directory=FOLDER, revision="0028")
    assert rows(app, "SELECT shown, partner_id FROM api_tokens") == [("ptk_a", 7)]


def test_models_equal_migrations(app: Flask) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_a_column_that_no_migration_made_is_found(app: Flask) -> None:
    """The control of the test above."""
    with transaction() as session:
        session.execute(text("ALTER TABLE staff ADD COLUMN shoe_size INTEGER"))
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) != []


def test_the_providers_come_with_the_tables(app: Flask) -> None:
    found = rows(app, "SELECT domain, same_as FROM mail_providers WHERE domain LIKE '%mail.com'")
    assert ("googlemail.com", "gmail.com") in found
