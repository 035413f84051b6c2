"""`petition mail …`: the one door for email that comes in, as a mail server knocks at it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient

from petition.cli import main
from petition.domain.letters.inbound import LARGEST
from petition.mail import inbound
from petition.mail.inbound import imap_folder
from petition.services.letters import receiving
from petition.store.letters import inbound_mails
from petition.web.http.dependencies import dependencies_of
from tests.cli.conftest import environ_of
from tests.factories import change, rows, work
from tests.imap_server import imap_server
from tests.inbound import RETURN_DOMAIN, email_of
from tests.smtp_server import PASSWORD, USER, Certificates, certificates

pytestmark = pytest.mark.slow

__all__ = ["certificates"]

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def pipe(app: Flask, content: bytes, *args: str, **environ: str) -> Result:
    """What a mail server does."""
    given = environ_of(dependencies_of(app).settings) | {"PETITION_RETURN_DOMAIN": RETURN_DOMAIN}
    runner = CliRunner(env=given | environ)
    return runner.invoke(main, ["mail", "receive", *args], input=content)


def kept(app: Flask) -> list[bytes]:
    """What was kept of emails, opened."""
    vault = dependencies_of(app).vault
    found = rows(app, "SELECT id, sealed, key_number FROM inbound_mails ORDER BY id")
    return [
        receiving.opened(
            vault.open_inbound(bytes(sealed), int(str(id_)), int(str(number)))  # type: ignore[call-overload]
        ).content
        for id_, sealed, number in found
    ]


def test_whatever_comes_is_kept_and_answered_alike(app: Flask) -> None:
    emails = [b"", b"\0\xff", email_of("Hello").encode(), b"x" * (3 * LARGEST)]
    for each in emails:
        for args in ((), ("--to", f"a@{RETURN_DOMAIN}", "--from", "")):
            found = pipe(app, each, *args)
            assert (found.exit_code, found.output) == (0, "")
    assert sorted(kept(app), key=len) == sorted([e[:LARGEST] for e in emails] * 2, key=len)


@on_sqlite
def test_whatever_is_wrong_the_email_is_handed_over_again(
    app: Flask, run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gone = f"sqlite:///{tmp_path / 'nowhere' / 'x.db'}"
    for args, environ in (
        ((), {"DATABASE_URL": gone}),
        ((), {"PETITION_RETURN_DOMAIN": "not a domain"}),
        (("--nonsense",), {}),
        (("--maildir", str(tmp_path / "none")), {}),
    ):
        found = pipe(app, b"Subject: secret\r\n\r\nsecret", *args, **environ)
        assert found.exit_code == 75, args
        assert "secret" not in found.output
        assert len(found.output.splitlines()) == 1
    monkeypatch.setattr(inbound, "find_spec", lambda name: None)
    assert inbound.HOW_TO_INSTALL in run("doctor", PETITION_RETURN_DOMAIN=RETURN_DOMAIN).stdout
    found = pipe(app, b"x")
    assert found.exit_code == 75
    assert "pip install 'petition[mail]'" in found.output
    assert kept(app) == []


@on_sqlite
def test_a_real_pipe(app: Flask) -> None:
    settings = dependencies_of(app).settings
    done = subprocess.run(
        [sys.executable, "-m", "petition", "mail", "receive"],
        env={**environ_of(settings), "PATH": ""},
        input=email_of("Hello").encode(),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert kept(app) == [email_of("Hello").encode()]


@on_sqlite
def test_a_maildir_is_taken_in_once(app: Flask, tmp_path: Path) -> None:
    folder = tmp_path / "Maildir"
    for name in ("new", "cur", "tmp"):
        (folder / name).mkdir(parents=True)
    for number in range(3):
        (folder / "new" / f"1.{number}.host").write_bytes(email_of(f"No {number}").encode())
    (folder / "tmp" / "half").write_bytes(b"half")
    args = ("--maildir", str(folder))
    assert pipe(app, b"", *args).output == "3 taken in\n"
    assert pipe(app, b"", *args).output == "0 taken in\n"
    assert len(kept(app)) == 3
    (folder / "cur" / "1.0.host:2,S").rename(folder / "new" / "1.0.host")
    assert pipe(app, b"", *args).output == "1 taken in\n"
    assert len(kept(app)) == 3, "it ended before it had moved this one"
    assert sorted(path.name for path in (folder / "cur").iterdir()) == [
        f"1.{number}.host:2,S" for number in range(3)
    ]


def test_an_imap_folder_is_taken_in_once_whenever_it_breaks(
    app: Flask, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    emails = {number: email_of(f"No {number}").encode() for number in (3, 5, 8)}
    login = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}"
    with imap_server(certificates) as folder:
        folder.emails |= emails
        url = f"imaps://{login}@127.0.0.1:{folder.port}/INBOX%2Fpetition"
        untrusted = pipe(app, b"", "--imap", IMAP_URL=url)
        assert (untrusted.exit_code, len(untrusted.output.splitlines())) == (75, 1)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
        wrong = pipe(app, b"", "--imap", IMAP_URL=url.replace(login, "somebody:else"))
        assert wrong.exit_code == 75
        assert "else" not in wrong.output
        # It breaks after each step: kept and not marked, marked and not gone.
        for command in ("UID FETCH", "UID STORE", "UID EXPUNGE"):
            folder.breaks_at = command
            assert pipe(app, b"", "--imap", IMAP_URL=url).exit_code == 75
        assert folder.deleted == {3}
        folder.breaks_at = ""
        assert pipe(app, b"", "--imap", IMAP_URL=url).output == "2 taken in\n"
        assert pipe(app, b"", "--imap", IMAP_URL=url).output == "0 taken in\n"
        assert sorted(kept(app)) == sorted(emails.values())
        assert folder.emails == {}
    assert pipe(app, b"", "--imap").output == "Error: IMAP_URL is not set\n"


@on_sqlite
@pytest.mark.parametrize("uidplus", [True, False])
def test_what_others_marked_as_deleted_in_an_imap_folder_stays_where_the_server_can(
    app: Flask, certificates: Certificates, monkeypatch: pytest.MonkeyPatch, *, uidplus: bool
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    with imap_server(certificates) as folder:
        folder.uidplus = uidplus
        folder.emails |= {number: email_of(f"No {number}").encode() for number in (3, 5)}
        folder.deleted = {3}
        assert pipe(app, b"", "--imap", IMAP_URL=_url(folder.port)).output == "1 taken in\n"
        assert kept(app) == [email_of("No 5").encode()]
        assert set(folder.emails) == ({3} if uidplus else set())


@on_sqlite
def test_an_imap_folder_of_any_name_and_size_is_read(
    app: Flask, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    monkeypatch.setattr(imap_folder, "AT_ONCE", 2)
    with imap_server(certificates) as folder:
        folder.name = r"R&-D \"ours\""
        folder.emails |= {number: email_of(f"No {number}").encode() for number in (3, 5, 8, 9, 11)}
        url = _url(folder.port, 'R&D "ours"')
        assert pipe(app, b"", "--imap", IMAP_URL=url).output == "5 taken in\n"
        assert folder.emails == {}
        assert folder.found_at_once == 2
        assert pipe(app, b"", "--imap", IMAP_URL=url).output == "0 taken in\n"


def _url(port: int, folder: str = "INBOX/petition") -> str:
    login = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}"
    return f"imaps://{login}@127.0.0.1:{port}/{quote(folder, safe='')}"


@on_sqlite
def test_what_cannot_be_read_stays_and_is_counted(
    app: Flask, client: FlaskClient, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(dependencies_of(app).settings.__dict__, "receives", True)
    pipe(app, email_of("Hello").encode(), "--to", f"nobody@{RETURN_DOMAIN}")
    pipe(app, b"whatever")
    change(
        app,
        "UPDATE inbound_mails SET sealed = X'0011' WHERE id = (SELECT min(id) FROM inbound_mails)",
    )
    for _ in range(inbound_mails.MOST_TRIES + 1):
        change(app, "UPDATE inbound_mails SET due_at = received_at")
        change(app, "UPDATE inbound_mails SET due_at = '2020-01-01 00:00:00.000000'")
        work(app)
    assert len(rows(app, "SELECT id FROM inbound_mails")) == 1
    numbers = json.loads(run("mail", "counts", "--json").stdout)
    assert (numbers["left_unread"], numbers["nowhere"], numbers["unreadable"]) == (1, 0, 0)
    change(app, "UPDATE inbound_counts SET on_day = '2999-01-01'")
    numbers = json.loads(run("mail", "counts", "--json").stdout)
    assert (numbers["nowhere"], numbers["unreadable"]) == (1, 1)
    assert "1 left_unread" in run("mail", "counts").stdout
