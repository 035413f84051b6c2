"""Every command: its answers, its files, and 0, 1 or 2 at the end."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from flask import Flask

from petition import i18n
from petition.app import SHIPPED
from petition.cli import main
from petition.config import Settings
from petition.keyring import KeyRing
from petition.services.exports.csv_file import COLUMNS, FOR_TARGET
from petition.web.http.url_converters import first_parts
from tests import console, people
from tests.cli.conftest import one_line
from tests.conftest import Clock
from tests.factories import change, confirm, entries, keep, rows, shipped_call, the_call, work
from tests.worlds import Worlds

pytestmark = pytest.mark.slow


def _commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))
        else:
            yield (*path, name)


COMMANDS = list(_commands(main))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_says_what_it_does(path: tuple[str, ...], flag: str) -> None:
    found = CliRunner().invoke(main, [*path, flag])
    assert found.exit_code == 0
    usage, _, rest = found.stdout.partition("\n\n")
    assert usage.startswith("Usage: ")
    assert rest.strip()
    assert not rest.strip().startswith("Options:")  # a sentence comes first


DESTRUCTIVE = {"erase", "delete", "remove", "purge", "rekey", "accept-secret", "disable"}
"""By their names: what they do cannot be undone (docs/decisions/0431)."""


@pytest.mark.parametrize(
    "path", [path for path in COMMANDS if DESTRUCTIVE & {*path[-1:]}], ids=" ".join
)
def test_what_cannot_be_undone_asks_or_takes_yes(path: tuple[str, ...]) -> None:
    assert "--yes" in CliRunner().invoke(main, [*path, "--help"]).stdout


def test_there_are_the_commands_that_we_promised() -> None:
    promised = """start serve worker count export doctor|db upgrade|db check|campaign load|
        campaign list|campaign open|campaign close|staff invite|signature hold|signature reject|
        signature release|provider list|provider set|provider rekey|vault new-key|
        vault status|vault rotate"""
    first, *pairs = promised.split("|")
    expected = {(name,) for name in first.split()} | {tuple(pair.split()) for pair in pairs}
    assert expected <= set(COMMANDS)


@pytest.mark.parametrize(
    "args",
    [
        ["dance"],
        ["campaign", "dance"],
        ["count"],
        ["count", "amazon", "--by", "shoe-size"],
        ["count", "amazon", "--format", "xml"],
        ["export", "amazon", "-o", "-"],
        ["export", "amazon", "--reason", "r"],
        ["export", "amazon", "--reason", "r", "-o", "-", "--state", "famous"],
        ["export", "amazon", "--reason", "r", "-o", "-", "--since", "yesterday"],
        ["staff", "invite", "sam@example.org"],
        ["staff", "invite", "sam@example.org", "--role", "king"],
        ["signature", "hold", "one", "--reason", "other"],
        ["signature", "hold", "1"],
        ["signature", "reject", "1", "--reason", "words of mine"],
        ["serve", "--port", "0"],
        ["serve", "--workers", "0"],
        ["worker", "--twice"],
    ],
    ids=" ".join,
)
def test_misuse_ends_with_two(args: list[str]) -> None:
    found = CliRunner().invoke(main, args)
    assert found.exit_code == 2
    assert "Error: " in found.stderr
    assert found.stdout == ""


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["count", "nowhere"], "no campaign called nowhere"),
        (["campaign", "open", "nowhere"], "no campaign called nowhere"),
        (["campaign", "close", "nowhere"], "no campaign called nowhere"),
        (["campaign", "load", "nowhere"], "cannot be read"),
        (["export", "nowhere", "--reason", "r", "-o", "-"], "no campaign called nowhere"),
        (["export", "amazon", "--reason", "r", "-o", "/nowhere/x.csv"], "No such file"),
        (["signature", "hold", "99", "--reason", "other"], "no signature 99"),
        (["signature", "release", "99", "--reason", "r"], "no signature 99"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_fails_ends_with_one_and_says_why_in_a_line(
    run: Any, args: list[str], said: str
) -> None:
    found = run(*args)
    assert found.exit_code == 1
    (line,) = found.stderr.strip().splitlines()
    assert line.startswith("Error: ")
    assert said in line


@pytest.fixture
def counted(app: Flask, clock: Clock, worlds: Worlds) -> None:
    """Amina, Ben and Mallory have confirmed, Wanda has not; all is folded."""
    worlds.enter(app, clock, "counted", lambda: _counted(app, clock))


def _counted(app: Flask, clock: Clock) -> None:
    for form, lang in (
        (people.amina, "ar"),
        (people.ben | {"source": "flyer"}, "en"),
        (people.wanda_in_private, "en"),
        (people.mallory, "en"),
    ):
        keep(app, the_call(app, lang), form)
        clock.forward(timedelta(minutes=1))
    for place, entry_id in enumerate(entries(app)):
        if place != 2:
            confirm(app, entry_id)
    work(app)


@pytest.mark.usefixtures("counted")
def test_count_in_words(run: Any) -> None:
    assert run("count", "amazon").stdout == "amazon: 3 confirmed\n"
    found = run("count", "amazon", "--by", "country")
    assert found.exit_code == 0
    assert found.stdout == "MA: 1\nNG: 1\nUS: 1\namazon: 3 confirmed\n"
    assert run("count", "amazon", "--by", "source").stdout.startswith("(none): 2\nflyer: 1\n")


@pytest.mark.usefixtures("counted")
def test_count_as_csv(run: Any) -> None:
    def read(*args: str) -> list[list[str]]:
        text = run("count", "amazon", "--format", "csv", *args).stdout
        return list(csv.reader(io.StringIO(text, newline="")))

    assert read() == [["campaign", "confirmed"], ["amazon", "3"]]
    assert read("--by", "language") == [["language", "confirmed"], ["ar", "1"], ["en", "2"]]


@pytest.mark.usefixtures("counted")
def test_count_as_json(run: Any, clock: Clock) -> None:
    document = json.loads(run("count", "amazon", "--format", "json", "--by", "day").stdout)
    assert document == {
        "campaign": "amazon",
        "confirmed": 3,
        "as_of": clock().isoformat(),
        "by": "day",
        "counts": [{"value": "2026-11-02", "confirmed": 3}],
    }
    assert "counts" not in json.loads(run("count", "amazon", "--format", "json").stdout)


@pytest.mark.usefixtures("counted")
def test_a_recount_repairs_and_says_so(app: Flask, run: Any) -> None:
    change(app, "UPDATE counts SET confirmed = 90")
    assert run("count", "amazon").stdout == "amazon: 90 confirmed\n"
    found = run("count", "amazon", "--recount")
    assert found.stdout == "amazon: 3 confirmed\n"
    assert found.stderr == "amazon: the total was 90 and is now 3\n"
    assert run("count", "amazon", "--recount").stderr == ""


def _csv(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


@pytest.mark.usefixtures("counted")
def test_an_export_into_a_file(app: Flask, run: Any, tmp_path: Path) -> None:
    path = tmp_path / "out" / "signatures.csv"
    path.parent.mkdir()
    found = run("export", "amazon", "--reason", "archive", "-o", str(path))
    assert (found.exit_code, found.stdout) == (0, "")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["signatures.csv"]
    data = path.read_bytes()
    assert tuple(_csv(data)[0]) == COLUMNS
    assert [row["country"] for row in _csv(data)] == ["MA", "NG", "US"]
    ((by, reason, number, sha256),) = rows(app, "SELECT by, reason, rows, sha256 FROM exports")
    assert str(by).startswith("cli:")
    assert (reason, number) == ("archive", 3)
    assert sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.usefixtures("counted")
def test_an_export_to_standard_output_is_the_same(run: Any, tmp_path: Path) -> None:
    run("export", "amazon", "--reason", "r", "-o", str(tmp_path / "x.csv"))
    found = run("export", "amazon", "--reason", "r", "-o", "-")
    assert found.stdout_bytes == (tmp_path / "x.csv").read_bytes()


@pytest.mark.usefixtures("counted")
def test_an_export_for_excel_begins_with_its_mark(run: Any) -> None:
    plain = run("export", "amazon", "--reason", "r", "-o", "-").stdout_bytes
    marked = run("export", "amazon", "--reason", "r", "-o", "-", "--bom").stdout_bytes
    assert marked == b"\xef\xbb\xbf" + plain


@pytest.mark.usefixtures("counted")
def test_a_broken_export_leaves_the_old_file_and_nothing_else(
    app: Flask, run: Any, tmp_path: Path
) -> None:
    path = tmp_path / "out" / "signatures.csv"
    path.parent.mkdir()
    path.write_text("the old file")
    change(app, "UPDATE entries SET sealed = :b", b=b"\0" * 40)
    found = run("export", "amazon", "--reason", "r", "-o", str(path))
    assert found.exit_code == 1
    assert "does not open" in found.stderr
    assert path.read_text() == "the old file"
    assert [file.name for file in path.parent.iterdir()] == ["signatures.csv"]
    assert rows(app, "SELECT finished_at FROM exports") == [(None,)]


@pytest.mark.usefixtures("counted")
def test_an_export_for_news_holds_only_who_wants_them_today(app: Flask, run: Any) -> None:
    def answers() -> set[tuple[str, str]]:
        found = run("export", "amazon", "--reason", "r", "--updates", "yes", "-o", "-")
        return {(row["signature_id"], row["updates_consent"]) for row in _csv(found.stdout_bytes)}

    change(app, "UPDATE entries SET updates = 'no'")
    assert answers() == set()
    change(app, "UPDATE entries SET updates = 'yes' WHERE signature_id = 1")
    assert answers() == {("1", "yes")}
    kept = rows(app, "SELECT filters FROM exports")
    assert [json.loads(str(filters))["updates"] for (filters,) in kept] == ["yes", "yes"]


@pytest.mark.each_case_on_both
@pytest.mark.parametrize(
    "choice", [("--updates", "yes"), ("--state", "all"), ("--since", "2026-11-02")], ids=" ".join
)
def test_the_targets_list_is_of_all_who_agreed_or_none(run: Any, choice: tuple[str, ...]) -> None:
    found = run("export", "amazon", "--reason", "r", "--for-target", "-o", "-", *choice)
    assert (found.exit_code, found.stdout) == (2, "")
    assert "nobody agreed to tell that" in found.stderr


@pytest.mark.usefixtures("counted")
def test_an_export_takes_what_was_asked_for(run: Any) -> None:
    def ids(*args: str) -> list[str]:
        found = run("export", "amazon", "--reason", "r", "-o", "-", *args)
        assert found.exit_code == 0
        return [row["signature_id"] for row in _csv(found.stdout_bytes)]

    assert ids() == ["1", "2", "4"]
    assert ids("--state", "pending") == ["3"]
    assert ids("--state", "pending", "--state", "confirmed") == ["1", "2", "3", "4"]
    assert ids("--state", "all") == ["1", "2", "3", "4"]
    assert ids("--since", "2026-11-02T09:31:00Z") == ["2", "4"]
    assert ids("--since", "2026-11-03") == []


@pytest.mark.usefixtures("counted")
def test_the_file_for_the_target_holds_no_address(run: Any) -> None:
    found = run("export", "amazon", "--reason", "r", "-o", "-", "--for-target")
    assert tuple(_csv(found.stdout_bytes)[0]) == FOR_TARGET
    assert b"@" not in found.stdout_bytes


def _copied(folder: Path, **changes: str) -> Path:
    """The tests' call in a folder of its own, with words of campaign.toml put for others."""
    copy = shipped_call(folder)
    file = copy / "campaign.toml"
    text = file.read_text("utf-8")
    for name, value in changes.items():
        text = re.sub(rf"(?m)^{name} = .*$", f"{name} = {value}", text)
    file.write_text(text, "utf-8")
    return copy


def test_loading_says_what_would_change_and_asks(app: Flask, run: Any, tmp_path: Path) -> None:
    mine = _copied(tmp_path / "mine", goal="7000")
    path = mine / "de" / "call.toml"
    path.write_text(
        re.sub("(?m)^title = .*$", 'title = "Anders"', path.read_text("utf-8")), "utf-8"
    )
    found = run("campaign", "load", str(mine))
    assert found.exit_code == 2
    assert found.stderr.splitlines() == [
        "amazon: would change the goal",
        "amazon: would change the words in German (title)",
        "Error: this change cannot be undone: say --yes to do it",
    ]
    assert rows(app, "SELECT goal FROM campaigns") == [(100,)]
    assert run("campaign", "load", str(mine), "--yes").stdout == "amazon: loaded\n"
    assert rows(app, "SELECT goal FROM campaigns") == [(7000,)]
    assert run("campaign", "load", str(mine)).stdout == "amazon: nothing new\n"
    found = run("campaign", "load", "amazon")
    assert found.exit_code == 2
    assert "amazon: would change the goal, which you loaded yourself\n" in found.stderr


def test_a_campaign_is_loaded_listed_opened_and_closed(
    app: Flask, run: Any, tmp_path: Path
) -> None:
    assert run("campaign", "load", str(shipped_call(tmp_path))).stdout == "amazon: nothing new\n"
    folder = tmp_path / "mine"
    for path in (SHIPPED / "amazon").rglob("*.*"):
        copy = folder / path.relative_to(SHIPPED / "amazon")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text("utf-8").replace('slug = "amazon"', 'slug = "mine"'))
    assert run("campaign", "load", str(folder)).stdout == "mine: loaded\n"
    assert run("campaign", "list").stdout == ("amazon  open  0 of 100\nmine  draft  0 of 100\n")
    assert run("campaign", "open", "mine").stdout == "mine: open\n"
    assert run("campaign", "open", "mine").stdout == "mine: was open already\n"
    assert run("campaign", "close", "mine").stdout == "mine: closed\n"
    assert json.loads(run("campaign", "list", "--json").stdout)[1] == {
        "slug": "mine",
        "state": "closed",
        "goal": 100,
        "confirmed": 0,
    }


def test_the_table_of_providers_can_be_read_and_changed(app: Flask, run: Any) -> None:
    listed = run("provider", "list").stdout
    assert "gmail.com: ignores dots and +tags\n" in listed
    assert "googlemail.com: ignores dots and +tags, delivers as gmail.com\n" in listed
    found = run("provider", "set", "Mail.Example.org", "--tags", "--same-as", "example.org")
    assert found.stdout == "mail.example.org: saved\n"
    listed = run("provider", "list").stdout
    assert "mail.example.org: ignores +tags, delivers as example.org\n" in listed
    run("provider", "set", "mail.example.org")
    assert "mail.example.org: ignores nothing\n" in run("provider", "list").stdout
    run("provider", "set", "mail.example.org", "--marks", "--dots-as-hyphens", "--subdomains")
    words = (
        "mail.example.org: ignores hyphens and underscores, reads dots as hyphens, "
        "takes anything@name.mail.example.org\n"
    )
    assert words in run("provider", "list").stdout


def test_signatures_are_keyed_anew_after_the_table_changed(app: Flask, run: Any) -> None:
    for email in ("an.na@mail.example.org", "anna@mail.example.org"):
        keep(app, the_call(app), people.someone(1, email=email))
        confirm(app, entries(app)[-1])
    assert "every signature is compared by today's table" in run("doctor").stdout
    found = run("provider", "set", "mail.example.org", "--dots")
    assert found.stdout == "mail.example.org: saved\n"
    assert "petition provider rekey" in found.stderr
    assert "2 signatures were compared by another table" in run("doctor").stdout
    refused = run("provider", "rekey")
    assert (refused.exit_code, "--yes" in refused.stderr) == (2, True)
    assert rows(app, "SELECT count(*) FROM signatures") == [(2,)], "nothing is done unasked"
    found = run("provider", "rekey", "--json", "--yes")
    assert json.loads(found.stdout) == {
        "looked_at": 2,
        "rekeyed": 1,
        "merged": 1,
        "count_fell_by": 1,
        "erased": 0,
        "unreadable": 0,
        "left": 0,
    }
    again = run("provider", "rekey")
    assert again.stdout.startswith("0 signatures looked at, 0 keyed anew, 0 merged")
    assert "anna" not in found.stdout + found.stderr
    ((detail,),) = rows(app, "SELECT detail FROM audit WHERE action = 'rekey'")
    assert detail == "1 keyed anew, 1 merged, 0 erased, the count fell by 1"


def test_keying_anew_says_what_does_not_open(app: Flask, run: Any) -> None:
    keep(app, the_call(app), people.ben)
    change(app, "UPDATE entries SET sealed = :junk", junk=b"0" * 64)
    run("provider", "set", "mail.example.org", "--dots")
    found = run("provider", "rekey", "--yes")
    assert found.exit_code == 1
    assert "1 signatures do not open with these keys" in found.stderr


STAFF = (
    "SELECT email, role, campaign_id, further FROM staff JOIN staff_roles ON staff_id = staff.id"
    " ORDER BY staff_roles.id"
)


def test_an_invitation_is_a_link_that_is_kept_only_as_a_hash(app: Flask, run: Any) -> None:
    found = run("staff", "invite", "Sam@Example.org", "--role", "exporter")
    assert found.exit_code == 0
    link = found.stdout.strip()
    assert link.startswith("http://127.0.0.1:8000/staff/set-up/")
    token = link.rpartition("/")[2]
    assert len(token) >= 43
    assert rows(app, STAFF) == [("sam@example.org", "exporter", None, "[]")]
    assert rows(app, "SELECT token_sha256 FROM staff_invites") == [
        (hashlib.sha256(token.encode()).hexdigest(),)
    ]
    assert rows(app, "SELECT action, detail FROM audit") == [
        ("invite", "sam@example.org as exporter on all campaigns")
    ]


def test_an_invitation_for_one_campaign_with_a_right_beside_the_role(app: Flask, run: Any) -> None:
    words = ("staff", "invite", "sam@example.org", "--campaign", "amazon", "--role")
    assert run(*words, "editor", "--also", "letters", "--also", "open-close").exit_code == 0
    assert rows(app, STAFF) == [("sam@example.org", "editor", 1, '["letters", "open-close"]')]
    assert run(*words, "viewer").exit_code == 0, "instead of the one that is there"
    assert run("staff", "invite", "sam@example.org", "--role", "moderator").exit_code == 0
    assert [row[1:3] for row in rows(app, STAFF)] == [("viewer", 1), ("moderator", None)]
    unknown = run("staff", "invite", "sam@example.org", "--campaign", "nothing", "--role", "viewer")
    assert unknown.exit_code == 1
    assert "there is no campaign called nothing" in unknown.stderr


def test_the_last_owner_stays(app: Flask, run: Any) -> None:
    console.enter(app, "owner", "sam@example.org")
    run("staff", "invite", "invited@example.org", "--role", "owner")
    for words in (
        ("disable", "sam@example.org", "--yes"),
        ("invite", "sam@example.org", "--role", "editor"),
    ):
        found = run("staff", *words)
        assert found.exit_code == 1, "who never came in is no owner yet"
        assert "Make somebody else an owner first" in found.stderr
    console.enter(app, "owner", "invited@example.org")
    assert run("staff", "disable", "sam@example.org", "--yes").exit_code == 0


def test_a_signature_is_held_released_and_rejected(app: Flask, run: Any) -> None:
    keep(app, the_call(app), people.ben)
    confirm(app, entries(app)[0])
    for verb, said, state in (
        ("hold", "1: held\n", "held"),
        ("release", "1: released\n", "confirmed"),
        ("reject", "1: rejected\n", "rejected"),
    ):
        found = run("signature", verb, "1", "--reason", "other")
        assert (found.exit_code, found.stdout) == (0, said)
        assert rows(app, "SELECT state FROM signatures") == [(state,)]
    found = run("signature", "release", "1", "--reason", "other")
    assert found.exit_code == 1
    assert "it cannot become" in found.stderr
    assert rows(app, "SELECT count(*) FROM audit") == [(3,)]


def test_a_worker_for_once_says_what_it_did(
    app: Flask, run: Any, settings: Settings, clock: Clock
) -> None:
    clock.at = datetime.now(UTC)  # as for the command
    keep(app, the_call(app), people.ben)
    assert run("worker", "--once").stdout == "1 letters dealt with, 0 still owed\n"
    assert len(list(settings.outbox_dir.glob("*.eml"))) == 1
    assert run("worker", "--once").stdout == "0 letters dealt with, 0 still owed\n"


def test_the_key_is_rotated(
    app: Flask, run: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The package names a command `database` too. No other process seals here: nobody to wait for.
    monkeypatch.setattr(import_module("petition.cli.database"), "LOOK_AGAIN", -10.0)
    for form in people.SIGNERS:
        keep(app, the_call(app), form)
    assert run("vault", "status").stdout == "key 1: 4 records (seals now)\n"
    found = run("vault", "rotate")
    assert found.exit_code == 0
    assert found.stdout == (
        "key 2 was added to the ring and seals from now on\nevery record is sealed under key 2\n"
    )
    assert run("vault", "status").stdout == "key 2: 4 records (seals now)\n"
    assert settings.vault_key_file is not None
    assert KeyRing.parse(settings.vault_key_file.read_text().strip()).current == 2


def test_a_new_key_joins_the_ring_of_the_environment(run: Any) -> None:
    made = KeyRing.parse(run("vault", "new-key").stdout.strip())
    assert sorted(made.sealing) == [1]
    text = made.as_text()
    grown = KeyRing.parse(run("vault", "new-key", PETITION_VAULT_KEY=text).stdout.strip())
    assert sorted(grown.sealing) == [1, 2]
    assert (grown.index, grown.sealing[1]) == (made.index, made.sealing[1])
    found = run("vault", "rotate", PETITION_VAULT_KEY=text)
    assert found.exit_code == 1
    assert "one key only" in found.stderr


def test_the_database_is_checked(app: Flask, run: Any) -> None:
    assert run("db", "check").stdout.endswith("the database is up to date\n")
    assert run("db", "upgrade").stdout.endswith("the database is up to date\n")
    change(app, "ALTER TABLE staff ADD COLUMN shoe_size INTEGER")
    assert run("db", "check").exit_code == 1
    change(app, "UPDATE alembic_version SET version_num = '0000'")
    found = run("db", "check")
    assert found.exit_code == 1
    assert "petition db upgrade" in found.stderr


@pytest.mark.parametrize("mark", ["\u200b", "\u202a", "\ufeff"], ids=ascii)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_argument_is_taken_without_the_marks_pasted_along(
    app: Flask, run: Any, tmp_path: Path, mark: str
) -> None:
    wrapped = f"{mark}Sam <sam@camp{mark}aign.example.org>{mark}"
    assert run("staff", "invite", wrapped, "--role", f"{mark}viewer").exit_code == 0
    assert rows(app, STAFF) == [("sam@campaign.example.org", "viewer", None, "[]")]
    assert run("staff", "disable", wrapped, "--yes").exit_code == 0
    keep(app, the_call(app), people.cora)
    found = run("signature", "hold", f"{mark}1{mark}", "--reason", f"{mark}other{mark}")
    assert found.stdout == "1: held\n"
    assert rows(app, "SELECT hold_reason FROM signatures") == [("other",)]
    run("campaign", "domains", f"amazon{mark}", "--add", f"corp{mark}.example.org{mark}")
    found = run("campaign", "domains", "amazon")
    assert "corp.example.org" in found.stdout.splitlines()
    # A file keeps its name, whatever it holds.
    file = tmp_path / f"{mark}list.csv"
    assert run("export", "amazon", "--reason", "x", "-o", str(file)).exit_code == 0
    assert file.exists()


# Every first part of an address that is served or will be, and languages, also those to come.
OURS = (
    *("accept", "api", "badge", "code", "confirm", "dev", "embed", "healthz", "live", "metrics"),
    *("my", "oembed", "partner", "press", "readyz", "staff", "static", "stop", "unsubscribe"),
)
LANGUAGES = ["ar", "de", "en", "es", "fr", "it", "pl", "eo", "tr"]


@pytest.mark.parametrize("slug", [*OURS, *LANGUAGES])
def test_no_call_is_loaded_at_an_address_of_ours(run: Any, tmp_path: Path, slug: str) -> None:
    folder = _call_at(tmp_path, slug)
    found = run("campaign", "load", str(folder))
    assert found.exit_code == 1
    assert f"/{slug} is " in one_line(found.stderr)
    assert slug not in [
        each["slug"] for each in json.loads(run("campaign", "list", "--json").stdout)
    ]


@pytest.mark.parametrize("slug", ["code-red", "stop-it", "my-union", "desk", "deu", "x", "9to5"])
def test_what_only_begins_like_one_is_taken(run: Any, tmp_path: Path, slug: str) -> None:
    assert run("campaign", "load", str(_call_at(tmp_path, slug))).exit_code == 0


def _call_at(folder: Path, slug: str) -> Path:
    """The shipped call under another name; its words in one language are enough."""
    left_out = shutil.ignore_patterns(*(code for code in i18n.codes() if code != "en"))
    copy = Path(shutil.copytree(SHIPPED / "amazon", folder / "call", ignore=left_out))
    facts = copy / "campaign.toml"
    facts.write_text(facts.read_text().replace('slug = "amazon"', f'slug = "{slug}"'))
    return copy


def test_every_address_that_is_served_is_known_to_this_test(app: Flask) -> None:
    parts = {part for part in first_parts(app) if "." not in part}
    assert parts <= {*OURS}


def test_doctor_says_what_a_new_version_brings_of_the_shipped_call(app: Flask, run: Any) -> None:
    def said() -> list[str]:
        return [line for line in run("doctor").stdout.splitlines() if "campaign load" in line]

    assert run("campaign", "load", "amazon", "--yes").exit_code == 0
    assert said() == []
    change(app, "UPDATE campaigns SET goal = 7 WHERE slug = 'amazon'")
    words = "`petition campaign load amazon` would change the goal"
    assert [line.split(maxsplit=2) for line in said()] == [["note", "campaigns", words]]
    assert rows(app, "SELECT goal FROM campaigns") == [(7,)], "it only looks"


@pytest.mark.parametrize(("slug", "why"), [("healthz", "an address of ours"), ("pl", "a language")])
def test_doctor_names_a_campaign_whose_address_is_taken(
    app: Flask, run: Any, slug: str, why: str
) -> None:
    assert "nobody finds it there" not in run("doctor").stdout
    change(app, "UPDATE campaigns SET slug = :slug WHERE slug = 'amazon'", slug=slug)
    said = [line for line in run("doctor").stdout.splitlines() if "nobody finds it" in line]
    assert len(said) == 1
    assert said[0].startswith("warning")
    assert f"/{slug} is " in said[0]
    assert why in said[0]
