"""Settings: a wrong one stops the start by its name, secrets come from files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url

from petition.app import create_app
from petition.config import DOCUMENTED, Settings, load
from petition.errors import SettingError
from petition.keyring import KeyRing
from tests.cli.conftest import ROOT, environ_of, inside, one_line, outside
from tests.factories import shipped_call

pytestmark = pytest.mark.slow


PG = "postgresql+psycopg://"
RING = KeyRing.generate_text()
SECRET = "s" * 48
TARGETS_OWN = "the target's own company"
PRODUCTION = {
    "PETITION_ENV": "production",
    "PETITION_SECRET_KEY": SECRET,
    "PETITION_VAULT_KEY": RING,
    "PETITION_BASE_URL": "https://call.example.org",
    "SMTP_URL": "smtp://user:pass@mail.example.org:587?starttls=1",
}


def _load(tmp_path: Path, **environ: str) -> Settings:
    return load({"PETITION_INSTANCE": str(tmp_path / "instance")} | environ)


def test_with_nothing_set_it_starts_on_sqlite_with_keys_of_its_own(tmp_path: Path) -> None:
    settings = _load(tmp_path)
    instance = tmp_path / "instance"
    assert settings.database_url == f"sqlite:///{instance / 'petition.db'}"
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.generated == ("PETITION_SECRET_KEY", "PETITION_VAULT_KEY")
    assert settings.shows_mailbox
    assert not settings.production
    assert not settings.secure
    for name in ("secret.key", "vault.key"):
        assert (instance / name).stat().st_mode & 0o777 == 0o600
    assert {path.name for path in instance.iterdir()} == {"secret.key", "vault.key"}
    again = _load(tmp_path)
    assert (again.secret_key, again.vault_keys) == (settings.secret_key, settings.vault_keys)


def test_answers_to_staff_never_come_where_programs_take_mail_in(tmp_path: Path) -> None:
    env = {
        "PETITION_INSTANCE": str(tmp_path),
        "PETITION_MAIL_FROM": "letters@example.org",
        "PETITION_RETURN_DOMAIN": "returns.example.org",
    }
    assert load(env).reply_to == "replies@example.org"


def test_two_instances_have_different_keys(tmp_path: Path) -> None:
    one, other = _load(tmp_path / "one"), _load(tmp_path / "other")
    assert one.secret_key != other.secret_key
    assert one.vault_keys != other.vault_keys


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://localhost/petition"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "petition.db"),
        ("DATABASE_URL", "postgresql://u:planted@h1:x,h2/d"),
        ("DATABASE_URL", "postgresql://u:planted@h1:99999,h2:5432/d"),
        ("DATABASE_URL", "postgresql://u:planted@h1:0,h2/d"),
        ("DATABASE_URL", "postgresql://u:planted@h1:-1,h2/d"),
        ("DATABASE_URL", "postgresql://u:planted@h1:٣,h2/d"),
        ("DATABASE_URL", "postgresql://u:planted@h1 ,h2/d"),
        ("DATABASE_URL", "postgresql://u:plan@ted@h1,h2/d"),
        ("DATABASE_URL", "postgresql://u:planted@[::1,h2/d"),
        ("DATABASE_URL", "postgresql://u:planted@[x],h2/d"),
        ("DATABASE_URL", "postgresql://u:planted@h1:1:2,h2/d"),
        ("DATABASE_URL", "postgresql:///d?host=h1,h2&port=1,2,3"),
        ("DATABASE_URL", "postgresql:///d?host=h1,h2&port=1,x"),
        ("DATABASE_URL", "postgresql:///d?host=h1&host=h2:x"),
        ("DATABASE_URL", "postgresql:///d?host=h1:1&host=h2&port=2"),
        ("SMTP_URL", "mail.example.org:587"),
        ("SMTP_URL", "smtp://mail.example.org:port"),
        ("IMAP_URL", "imap://u:p@mail.example.org"),
        ("IMAP_URL", "imap://u:p@mail.example.org?starttls=0"),
        ("IMAP_URL", "imaps://mail.example.org"),
        ("IMAP_URL", "imaps://u:p@mail.example.org/%0d%0aX"),
        ("IMAP_URL", "https://u:p@mail.example.org"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "http"),
        ("PORT", "-1"),
        ("PORT", "٨٠٠٠"),
        ("PETITION_BASE_URL", "call.example.org"),
        ("PETITION_BASE_URL", "ftp://call.example.org"),
        ("PETITION_BASE_URL", "https://call.example.org/path"),
        ("PETITION_BASE_URL", "https://"),
        ("PETITION_BASE_URL", "https://user:planted@a"),
        ("PETITION_BASE_URL", "https://@a"),
        ("PETITION_BASE_URL", "https://a b"),
        ("PETITION_BASE_URL", "https://a\u00a0b"),
        ("PETITION_BASE_URL", "https://a\\b"),
        ("PETITION_BASE_URL", "https://a\r\nX: y"),
        ("PETITION_BASE_URL", "https://a:99999"),
        ("PETITION_BASE_URL", "https://a:0"),
        ("PETITION_BASE_URL", "https://a:٣"),
        ("PETITION_BASE_URL", "https://a:80:80"),
        ("PETITION_BASE_URL", "https://a?x"),
        ("PETITION_BASE_URL", "https://a#x"),
        ("PETITION_BASE_URL", "https://a,b"),
        ("PETITION_BASE_URL", "https://a..b"),
        ("PETITION_BASE_URL", "https://<b>"),
        ("PETITION_BASE_URL", "https://[::1"),
        ("PETITION_BASE_URL", "https://1.2.3.400"),
        ("PETITION_SECRET_KEY", "short"),
        ("PETITION_VAULT_KEY", "garbage"),
        ("PETITION_VAULT_KEY", "index:AAAA,1:AAAA"),
        ("PETITION_MAIL_FROM", "nobody"),
        ("PETITION_MAIL_FROM", "a@example.org\r\nBcc: b@example.org"),
        ("PETITION_CONTACT", "call us"),
        ("PETITION_CONTACT", "a@example.org, b@example.org"),
        ("PETITION_CONTACT", "Union <a@example.org>"),
        ("PETITION_CONTACT", "mailto:a@example.org"),
        ("PETITION_CONTACT", "example.org/contact"),
        ("PETITION_CONTACT", "ftp://example.org/contact"),
        ("PETITION_CONTACT", "javascript://example.org/%0aalert(1)"),
        ("PETITION_CONTACT", "https://user:planted@example.org/contact"),
        ("PETITION_CONTACT", 'https://example.org/"onclick="planted'),
        ("PETITION_CONTACT", "https://example.org/a b"),
        ("PETITION_CONTACT", "https://example.org/a\r\nBcc: b@example.org"),
        ("PETITION_CONTACT", "https://example.org/" + "a" * 400),
        ("PETITION_TRUSTED_PROXIES", "many"),
        ("PETITION_TRUSTED_PROXIES", "11"),
        ("PETITION_SENDER_LETTERS", "20"),
        ("PETITION_SENDER_LETTERS", "0/600"),
        ("PETITION_SENDER_LETTERS", "20/600/9"),
        ("PETITION_SENDER_CODES", "٢٠/600"),
        ("PETITION_SENDER_LINKS", "20/1000001"),
        ("PETITION_SENDER_SIGN_INS", "/"),
        ("PETITION_SENDER_PAGES", "1/" + "9" * 5000),
        ("PETITION_SENDER_FORMS", "0"),
        ("PETITION_ENV", "staging"),
    ],
)
def test_a_wrong_value_is_named_with_what_it_takes(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingError) as caught:
        _load(tmp_path, **{name: value})
    said = str(caught.value)
    assert said.startswith(name)
    assert " takes " in said
    assert "\n" not in said
    assert "plan" not in said
    if name.endswith("_KEY"):
        assert value not in said


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("postgres://u:p@h:5432/d", "postgresql+psycopg://u:p@h:5432/d"),
        ("postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql+psycopg://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("sqlite:////srv/petition.db", "sqlite:////srv/petition.db"),
        ("postgresql://u@h1:5432,h2:5432/d", f"{PG}u@/d?host=h1,h2&port=5432,5432"),
        ("postgresql://u:p@h1,h2/d", f"{PG}u:p@/d?host=h1,h2"),
        ("postgres://u@h1:1,h2,h3:3/d", f"{PG}u@/d?host=h1,h2,h3&port=1,,3"),
        ("postgresql://u@[::1]:5432,h2/d", f"{PG}u@/d?host=::1,h2&port=5432,"),
        ("postgresql://h1,h2", f"{PG}/?host=h1,h2"),
        ("postgresql:///d?host=h1:1&host=h2:2", f"{PG}/d?host=h1,h2&port=1,2"),
        ("postgresql:///d?host=h1,h2&port=5433", f"{PG}/d?host=h1,h2&port=5433"),
        ("postgresql://u@h1,h2/d?sslmode=require", f"{PG}u@/d?host=h1,h2&sslmode=require"),
        ("postgresql://u@%2Frun%2Fa,h2/d", f"{PG}u@/d?host=/run/a,h2"),
        ("postgresql:///d?host=/run/a&host=h2:1", f"{PG}/d?host=/run/a,h2&port=,1"),
    ],
)
def test_a_database_may_be_named_as_hosts_name_it(tmp_path: Path, value: str, url: str) -> None:
    assert _load(tmp_path, DATABASE_URL=value).database_url == url


@pytest.mark.parametrize(
    ("value", "shown", "link"),
    [
        ("contact@Example.org", "contact@example.org", "mailto:contact@example.org"),
        ("a+b/c@example.org", "a+b/c@example.org", "mailto:a%2Bb%2Fc@example.org"),
        ("contact@bücher.example", "contact@xn--bcher-kva.example", None),
        ("HTTPS://Example.org/Contact?to=us#form", "https://example.org/Contact?to=us#form", None),
        ("http://example.org", "http://example.org", None),
    ],
)
def test_the_contact_is_a_mailbox_or_a_page(
    tmp_path: Path, value: str, shown: str, link: str | None
) -> None:
    contact = _load(tmp_path, PETITION_CONTACT=value).contact
    assert contact is not None
    assert contact.shown == shown
    assert contact.link == (link or (f"mailto:{shown}" if "@" in shown else shown))


FILED = {
    "DATABASE_URL": "postgresql+psycopg://u:p@h/d",
    "REDIS_URL": "redis://127.0.0.1",
    "SMTP_URL": "smtps://u:p@mail.example.org",
    "IMAP_URL": "imaps://u:p@mail.example.org/INBOX/returns",
    "PETITION_SECRET_KEY": SECRET,
    "PETITION_VAULT_KEY": RING,
    "PETITION_MAIL_FROM": "House <no-reply@example.org>",
}


@pytest.mark.parametrize("name", FILED)
def test_a_setting_may_lie_in_a_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / "secret"
    path.write_text(FILED[name] + "\n")
    assert _load(tmp_path, **{f"{name}_FILE": str(path)}) == _replaced(
        _load(tmp_path, **{name: FILED[name]}), name, path
    )


def _replaced(settings: Settings, name: str, path: Path) -> Settings:
    """The ring's file is remembered, so that a rotation is followed."""
    if name != "PETITION_VAULT_KEY":
        return settings
    return replace(settings, vault_key_file=path)


@pytest.mark.parametrize("name", ["PETITION_SECRET_KEY", "PETITION_VAULT_KEY", "SMTP_URL"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingError, match=f"{name}_FILE cannot be read: No such file"):
        _load(tmp_path, **{f"{name}_FILE": str(tmp_path / "nowhere")})


def test_a_value_comes_before_a_file(tmp_path: Path) -> None:
    settings = _load(
        tmp_path, PETITION_SECRET_KEY=SECRET, PETITION_SECRET_KEY_FILE=str(tmp_path / "nowhere")
    )
    assert settings.secret_key == SECRET


def test_a_vault_key_in_the_environment_has_no_file_to_follow(tmp_path: Path) -> None:
    settings = _load(tmp_path, PETITION_VAULT_KEY=RING)
    assert settings.vault_key_file is None
    assert "PETITION_VAULT_KEY" not in settings.generated


@pytest.mark.parametrize(
    ("base_url", "smtp", "env", "shown"),
    [
        ("http://127.0.0.1:8000", "", "development", True),
        ("http://localhost:8000", "", "development", True),
        ("http://call.example.org", "", "development", False),
        ("http://127.0.0.1:8000", "smtp://mail.example.org", "development", False),
    ],
)
def test_the_mailbox_is_shown_only_at_home(
    tmp_path: Path, base_url: str, smtp: str, env: str, shown: bool
) -> None:
    settings = _load(tmp_path, PETITION_BASE_URL=base_url, SMTP_URL=smtp, PETITION_ENV=env)
    assert settings.shows_mailbox is shown


def test_production_with_everything_set_starts(tmp_path: Path) -> None:
    settings = _load(tmp_path, **PRODUCTION)
    assert settings.production
    assert settings.secure
    assert settings.generated == ()
    assert not settings.shows_mailbox


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"PETITION_SECRET_KEY": ""}, "PETITION_SECRET_KEY must be set in production"),
        ({"PETITION_VAULT_KEY": ""}, "PETITION_VAULT_KEY must be set in production"),
        ({"SMTP_URL": ""}, "SMTP_URL must be set in production"),
        ({"PETITION_BASE_URL": "http://call.example.org"}, "PETITION_BASE_URL must start with"),
        ({"PETITION_BASE_URL": ""}, "PETITION_BASE_URL must start with https"),
    ],
)
def test_production_refuses_what_is_not_safe(
    tmp_path: Path, change: dict[str, str], said: str
) -> None:
    with pytest.raises(SettingError, match=said):
        _load(tmp_path, **PRODUCTION | change)


def test_production_accepts_a_database_that_syncs(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The tests may themselves run in memory.
    monkeypatch.setattr("petition.store.db.durability._file_system", lambda folder: "ext4")
    create_app(_load(tmp_path, DATABASE_URL=database_url, **PRODUCTION))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", ["tmpfs", "nfs4"])
def test_production_refuses_sqlite_where_a_power_cut_takes_it(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("petition.store.db.durability._file_system", lambda folder: kind)
    with pytest.raises(SettingError, match=f"DATABASE_URL: an SQLite file on {kind}"):
        create_app(_load(tmp_path, DATABASE_URL=database_url, **PRODUCTION))
    create_app(_load(tmp_path, DATABASE_URL=database_url))  # in development it only warns


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_production_refuses_postgresql_that_answers_before_it_syncs(
    database_url: str, tmp_path: Path
) -> None:
    url = make_url(database_url).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {url.database} SET synchronous_commit = off")  # type: ignore[call-overload]
    with pytest.raises(SettingError, match="DATABASE_URL: PostgreSQL runs with synchronous_commit"):
        create_app(_load(tmp_path, DATABASE_URL=database_url, **PRODUCTION))


def test_doctor_lists_every_setting_and_the_database(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("petition.store.db.durability._file_system", lambda folder: "ext4")
    found = run("doctor")
    assert found.exit_code == 0
    named = {line.split()[1] for line in found.stdout.splitlines()}
    assert named >= set(DOCUMENTED)
    lines = json.loads(run("doctor", "--json").stdout)
    verdicts = {(line["name"], line["verdict"]) for line in lines}
    assert ("the database", "ok") in verdicts
    assert ("durability", "ok") in verdicts
    assert ("PETITION_SECRET_KEY", "note") in verdicts
    assert not any(line["verdict"] in {"warning", "wrong"} for line in lines)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_doctor_says_when_nobody_learns_whom_to_reach(
    run: Callable[..., Any], settings: Settings
) -> None:
    def verdict(**environ: str) -> list[str]:
        lines = json.loads(run("doctor", "--json", **environ).stdout)
        found = [line["verdict"] for line in lines if line["name"] == "PETITION_CONTACT"]
        return [each for each in found if each != "ok"]

    assert verdict() == ["note"]
    assert verdict(PETITION_CONTACT="contact@example.org") == []
    lines = import_module("petition.cli.doctor")._settings(replace(settings, env="production"))
    said = {line.verdict for line in lines if line.name == "PETITION_CONTACT"}
    assert said == {"ok", "warning"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_URL", "smtp://u:p@email-smtp.eu-west-1.amazonaws.com:587?starttls=1"),
        ("SMTP_URL", "smtps://smtp.mail.eu-west-1.awsapps.com"),
        ("REDIS_URL", "redis://cache.abc.euw1.cache.AMAZONAWS.com:6379"),
        ("PETITION_BASE_URL", "https://ec2-1-2-3-4.compute.amazonaws.com"),
    ],
)
def test_doctor_warns_when_the_target_would_hold_signers_data(
    run: Callable[..., Any], name: str, value: str
) -> None:
    lines = json.loads(run("doctor", "--json", **{name: value}).stdout)
    assert [line["name"] for line in lines if TARGETS_OWN in line["words"]] == [name]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "host", ["mail.example.org", "notamazonaws.com", "amazonaws.com.example.org"]
)
def test_doctor_does_not_warn_of_others(run: Callable[..., Any], host: str) -> None:
    lines = json.loads(run("doctor", "--json", SMTP_URL=f"smtps://{host}").stdout)
    assert not any(TARGETS_OWN in line["words"] for line in lines)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_doctor_warns_of_a_database_of_the_targets(settings: Settings) -> None:
    url = "postgresql+psycopg://u:p@db.abc.eu-west-1.rds.amazonaws.com/petition"
    lines = import_module("petition.cli.doctor")._settings(replace(settings, database_url=url))
    assert [line.name for line in lines if TARGETS_OWN in line.words] == ["DATABASE_URL"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_doctor_warns_of_unencrypted_letters(run: Callable[..., Any]) -> None:
    found = run("doctor", SMTP_URL="smtp://mail.example.org:25").stdout
    assert "letters travel unencrypted" in found
    assert "unencrypted" not in run("doctor", SMTP_URL="smtps://mail.example.org").stdout


def test_doctor_fails_without_tables(tmp_path: Path, run: Callable[..., Any]) -> None:
    found = run("doctor", DATABASE_URL=f"sqlite:///{tmp_path / 'empty.db'}")
    assert found.exit_code == 1
    assert "run `petition db upgrade`" in found.stdout


def test_doctor_fails_when_the_database_does_not_answer(run: Callable[..., Any]) -> None:
    found = run("doctor", DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    assert found.exit_code == 1
    assert "does not answer" in found.stdout + found.stderr


def test_a_database_without_tables_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = outside("worker", "--once", cwd=tmp_path)
    ended = [(done.returncode, done.stderr.decode())]
    monkeypatch.chdir(tmp_path)
    for args in (("count", "amazon"), ("db", "check")):
        found = inside(*args)
        ended.append((found.exit_code, found.stderr))
    for code, said in ended:
        assert code == 1, said
        line = one_line(said.splitlines()[-1])
        assert line.startswith("Error: ")
        assert "petition db upgrade" in line
        assert "Traceback" not in said


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_as_a_process_it_ends_with_zero_one_and_two(settings: Settings, tmp_path: Path) -> None:
    environ = environ_of(settings)
    done = outside("--version", cwd=tmp_path)
    assert (done.returncode, done.stdout[:9]) == (0, b"petition ")
    call = shipped_call(tmp_path)
    found = inside("campaign", "load", str(call), **environ)
    assert (found.exit_code, found.stdout) == (0, "amazon: nothing new\n")
    done = outside("count", "nowhere", cwd=tmp_path, **environ)
    assert (done.returncode, done.stdout) == (1, b"")
    assert one_line(done.stderr.decode()) == "Error: there is no campaign called nowhere"
    done = outside("no-such-command", cwd=tmp_path, **environ)
    assert (done.returncode, done.stdout) == (2, b"")
    found = inside("count", **environ)
    assert (found.exit_code, found.stdout) == (2, "")
    found = inside("count", "amazon", **environ, PORT="http")
    assert (found.exit_code, found.stdout) == (1, "")
    assert one_line(found.stderr) == "Error: PORT takes a whole number from 1 to 65535"


WAYS_TO_START = """
import sys
from petition.cli import main

for way in ("worker", "serve", "start", "doctor"):
    try:
        main([way], "petition")
    except SystemExit as end:
        print(way, end.code, flush=True)
"""
"""In one process, as each would import the same for a second."""


def test_production_refuses_every_way_to_start(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WAYS_TO_START],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PETITION_ENV": "production"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines() == ["worker 1", "serve 1", "start 1", "doctor 1"]
    said = done.stderr.splitlines()
    assert len(said) == 4, "one line each"
    for line in said:
        assert line.startswith("Error: PETITION_SECRET_KEY must be set")


def test_a_fresh_folder_is_made_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = outside("db", "upgrade", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "instance" / "petition.db").exists()
    assert os.stat(tmp_path / "instance").st_mode & 0o777 == 0o700
    monkeypatch.chdir(tmp_path)
    assert inside("campaign", "load", "amazon").exit_code == 0
    assert inside("campaign", "list").stdout == "amazon  draft  0 of 100\n"
