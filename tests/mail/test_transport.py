"""Handing letters over by real SMTP: encrypted, logged in, and every refusal read aright."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from petition.config import Smtp, load
from petition.errors import SettingError
from petition.mail import transport as transports
from petition.mail.ready_letter import UnsafeLetter
from petition.mail.transport import (
    FolderTransport,
    Refused,
    ServerAway,
    SmtpTransport,
    TryLater,
    TurnedAway,
)
from tests.mail.written import part, plain_letter


@contextmanager
def _to(smtp: Smtp) -> Iterator[SmtpTransport]:
    transport = SmtpTransport(smtp)
    try:
        yield transport
    finally:
        transport.close()


@pytest.fixture
def trusted(certificates: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process trusts the throwaway authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))


@pytest.mark.usefixtures("trusted")
def test_a_letter_goes_encrypted_and_logged_in(start_smtp_server: Any) -> None:
    smtp_server = start_smtp_server(tls=True)
    with _to(smtp_server.smtp) as transport:
        transport.send(plain_letter())
    (taken,) = smtp_server.handler.taken
    assert taken.encrypted
    assert taken.sender == "no-reply@house.example.org"
    assert taken.recipients == ["ben@example.org"]
    assert taken.message["Subject"] == "Letter 1"
    assert part(taken.message, "plain").splitlines()[1] == "."


def test_a_certificate_that_nobody_vouches_for_is_refused(
    start_smtp_server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    empty = tmp_path / "none.pem"
    empty.write_text("")
    monkeypatch.setenv("SSL_CERT_FILE", str(empty))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    smtp_server = start_smtp_server(tls=True)
    with _to(smtp_server.smtp) as transport, pytest.raises(ServerAway, match="SSL"):
        transport.send(plain_letter())
    assert smtp_server.handler.taken == []


@pytest.mark.usefixtures("trusted")
def test_a_certificate_for_another_name_is_refused(start_smtp_server: Any) -> None:
    smtp_server = start_smtp_server(tls=True)
    with _to(replace(smtp_server.smtp, host="localhost")) as transport, pytest.raises(ServerAway):
        transport.send(plain_letter())
    assert smtp_server.handler.taken == []


@pytest.mark.usefixtures("trusted")
def test_a_wrong_password_is_the_servers_affair_not_the_letters(start_smtp_server: Any) -> None:
    smtp_server = start_smtp_server(tls=True)
    away = pytest.raises(ServerAway, match="Authentication")
    with _to(replace(smtp_server.smtp, password="wrong")) as transport, away:
        transport.send(plain_letter())


def test_a_server_without_starttls_gets_no_letter_when_it_was_asked_for(smtp_server: Any) -> None:
    with _to(replace(smtp_server.smtp, starttls=True)) as transport, pytest.raises(ServerAway):
        transport.send(plain_letter())
    assert smtp_server.handler.taken == []


def test_many_letters_go_over_one_connection(smtp_server: Any) -> None:
    with _to(smtp_server.smtp) as transport:
        for number in range(30):
            transport.send(plain_letter(f"p{number}@example.org", number))
    assert len(smtp_server.handler.taken) == 30
    assert len(smtp_server.handler.connections) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("550 5.1.1 no such mailbox", Refused),
        ("553 5.1.3 not that one", Refused),
        ("550 5.2.1 closed", Refused),
        ("450 greylisted", TryLater),
        ("452 full", TryLater),
        ("421 going down", TryLater),
        ("452 4.2.2 full", TryLater),
        ("552 5.2.2 full", TryLater),
        ("552 full", TryLater),
        ("550 5.7.1 not from you", TurnedAway),
        ("550 5.1.8 bad sender", TurnedAway),
        ("554 5.7.0 must issue STARTTLS first", TurnedAway),
        ("552 5.3.4 too big", TurnedAway),
        ("550 5.4.1 access denied", TurnedAway),
        ("535 not logged in", TurnedAway),
        ("554 no", TurnedAway),
        ("550 relay not permitted", TurnedAway),
        ("550 5.7.1.2 what is that", TurnedAway),
        ("550 5.1.1x what is that", TurnedAway),
    ],
)
@pytest.mark.parametrize("step", ["recipient", "data"])
def test_a_refusal_says_whom_it_is_about(
    smtp_server: Any, step: str, answer: str, error: type[Exception]
) -> None:
    handler = smtp_server.handler
    if step == "recipient":
        handler.at_recipient = lambda address: answer if address.startswith("bad") else None
    else:
        handler.at_data = lambda envelope: (
            answer if envelope.rcpt_tos[0].startswith("bad") else None
        )
    with _to(smtp_server.smtp) as transport:
        transport.send(plain_letter("good@example.org", 1))
        with pytest.raises(error, match=answer[:3]) as caught:
            transport.send(plain_letter("bad@example.org", 2))
        transport.send(plain_letter("good@example.org", 3))
    assert "bad@" not in str(caught.value)
    assert answer[4:] not in str(caught.value)  # a server's words may name the address
    assert [taken.message["Subject"] for taken in handler.taken] == ["Letter 1", "Letter 3"]
    assert len(handler.connections) == (2 if error is TryLater else 1)


@pytest.mark.parametrize("answer", ["550 not you", "451 not now", "421 going down"])
def test_a_server_that_refuses_us_refuses_noplain_letter(smtp_server: Any, answer: str) -> None:
    smtp_server.handler.at_sender = lambda address: answer
    with _to(smtp_server.smtp) as transport, pytest.raises(ServerAway, match=answer[:3]):
        transport.send(plain_letter())


@pytest.mark.parametrize("answer", ["554 no", "421 too many"])
def test_a_server_that_does_not_greet_is_away(smtp_server: Any, answer: str) -> None:
    smtp_server.handler.at_hello = answer
    with _to(smtp_server.smtp) as transport, pytest.raises(ServerAway):
        transport.send(plain_letter())


def test_a_connection_that_drops_after_the_data_is_tried_again(smtp_server: Any) -> None:
    smtp_server.handler.drop_after_data = True
    with _to(smtp_server.smtp) as transport:
        with pytest.raises(TryLater, match="cut off"):
            transport.send(plain_letter())
        smtp_server.handler.drop_after_data = False
        transport.send(plain_letter())
    assert [taken.message["Message-ID"] for taken in smtp_server.handler.taken] == [
        f"<{1:032x}@house.example.org>"
    ] * 2


def test_a_server_that_never_answers_is_left_in_time(
    smtp_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transports, "TIMEOUT", 0.3)
    smtp_server.handler.silent = True
    with _to(smtp_server.smtp) as transport, pytest.raises(TryLater, match="cut off"):
        transport.send(plain_letter())


def test_a_server_that_never_greets_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transports, "TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        smtp = _plain(mute.getsockname()[1])
        with _to(smtp) as transport, pytest.raises(ServerAway):
            transport.send(plain_letter())


def test_no_server_is_there(smtp_server: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with _to(_plain(port)) as transport, pytest.raises(ServerAway):
        transport.send(plain_letter())


def _plain(port: int) -> Smtp:
    return Smtp(
        host="127.0.0.1",
        port=port,
        username=None,
        password=None,
        starttls=False,
        implicit_tls=False,
    )


def test_an_address_of_another_script_goes_where_it_is_spoken(start_smtp_server: Any) -> None:
    smtp_server = start_smtp_server(smtputf8=True)
    with _to(smtp_server.smtp) as transport:
        transport.send(plain_letter("δοκιμή@example.org"))
    assert smtp_server.handler.taken[0].recipients == ["δοκιμή@example.org"]


def test_an_address_of_another_script_is_refused_where_it_is_not_spoken(
    start_smtp_server: Any,
) -> None:
    smtp_server = start_smtp_server(smtputf8=False)
    with _to(smtp_server.smtp) as transport:
        with pytest.raises(Refused, match="SMTPUTF8"):
            transport.send(plain_letter("δοκιμή@example.org"))
        transport.send(plain_letter())
    assert len(smtp_server.handler.taken) == 1


def test_closing_twice_does_no_harm(smtp_server: Any) -> None:
    transport = SmtpTransport(smtp_server.smtp)
    transport.close()
    transport.send(plain_letter())
    transport.close()
    transport.close()


def test_a_folder_takes_letters_whole_and_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "outbox"
    transport = FolderTransport(folder)
    letter = plain_letter()
    transport.send(letter)
    transport.send(letter)  # the same letter again is the same file
    (path,) = folder.iterdir()
    assert path.suffix == ".eml"
    assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert b"Subject: Letter 1\r\n" in path.read_bytes()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.org", ("mail.example.org", 587, None, None, False, False)),
        ("smtp://mail.example.org:25", ("mail.example.org", 25, None, None, False, False)),
        ("smtps://mail.example.org", ("mail.example.org", 465, None, None, False, True)),
        (
            "smtp://a%40b:p%3Aa%2Fs@mail.example.org:587?starttls=1",
            ("mail.example.org", 587, "a@b", "p:a/s", True, False),
        ),
        (
            "smtps://a:b@mail.example.org?starttls=1",
            ("mail.example.org", 465, "a", "b", False, True),
        ),
    ],
)
def test_the_setting_is_read(tmp_path: Path, url: str, expected: tuple[object, ...]) -> None:
    smtp = load({"SMTP_URL": url, "PETITION_INSTANCE": str(tmp_path)}).smtp
    assert smtp is not None
    found = (smtp.host, smtp.port, smtp.username, smtp.password, smtp.starttls, smtp.implicit_tls)
    assert found == expected


@pytest.mark.parametrize(
    "url", ["mail.example.org", "http://x", "smtp://", "smtp://h:port", "smtp://h:99999"]
)
def test_a_wrong_setting_is_named_and_not_shown(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingError, match="SMTP_URL takes"):
        load({"SMTP_URL": url, "PETITION_INSTANCE": str(tmp_path)})


def test_it_goes_to_nobody_whom_its_head_does_not_name(smtp_server: Any) -> None:
    letter = replace(plain_letter(), only_to=("elsewhere@example.org",))
    with _to(smtp_server.smtp) as transport, pytest.raises(UnsafeLetter):
        transport.send(letter)
    assert smtp_server.handler.taken == []
