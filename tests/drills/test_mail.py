"""The mail drill's own eyes: what it must see in an email, it sees."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from drills.failure import DrillError
from drills.mail import _covers, _Run
from drills.mail_doors import PAGE, lines
from drills.mail_dovecot import FOLDER, PASSWORD, USER, Mailbox, noted
from drills.mail_folder import addresses, command, put_in
from drills.mail_target import FAULTS, Does, Taken, faulty
from drills.mail_writers import Writer, holds
from petition.dkim_keys import read
from petition.mail.dkim import Signer
from petition.setting_urls import mail_folder
from tests.dkim import ED25519, RSA
from tests.mail.written import plain_letter

LETTER = plain_letter("office@one.example").content
SEEN: Any = SimpleNamespace(composed={})


def taken(content: bytes, *recipients: str) -> Taken:
    return Taken(0.0, "no-reply@house.example.org", recipients or ("office@one.example",), content)


def test_the_lines_of_the_page_are_read_whole_or_missed() -> None:
    page = PAGE.read_text(encoding="utf-8")
    found = lines(page)
    assert found.script.endswith("|| exit 75\n")
    assert "argv=" in found.services
    assert found.main.count("\n") == 3
    assert "transport = petition_pipe" in found.router
    assert "temp_errors = *" in found.transport
    with pytest.raises(DrillError, match="petition_pipe"):
        lines(page.replace("    petition_pipe:", "    pipe:"))


def test_the_pages_way_to_a_folder_is_read_or_missed() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert command(page) == ["mail", "receive", "--imap"]
    box = Mailbox(port=20143, tls_port=20993, authority=Path("ca.pem"))
    implicit, starttls = (mail_folder(put_in(each, box)) for each in addresses(page))
    for each in (implicit, starttls):
        assert (each.username, each.password, each.folder) == (USER, PASSWORD, FOLDER)
        assert each.host == "127.0.0.1"
    assert (implicit.port, implicit.implicit_tls) == (20993, True)
    assert (starttls.port, starttls.implicit_tls) == (20143, False)
    with pytest.raises(DrillError, match="no command"):
        command(page.replace("receive --imap", "receive"))
    with pytest.raises(DrillError, match="IMAP_URL"):
        addresses(page.replace("imap://user", "user"))


def test_what_is_noted_on_an_email_of_the_folder_is_seen() -> None:
    answer = r"[b'1 (UID 4 FLAGS (\\Recent))', b'2 (UID 5 FLAGS (\\Seen \\Recent))']"
    assert noted(answer) == ["", r"\\Seen"]
    assert noted("[None]") == []


def test_what_was_added_on_the_way_is_seen() -> None:
    relayed = b"Received: from here\r\n" + LETTER
    assert _Run._extra(SEEN, [taken(LETTER), taken(relayed)]) == 0
    for content in (
        b"Bcc: x@elsewhere.example\r\n" + LETTER,
        b"X-Injected: 1\r\n" + LETTER,
        b"Subject: twice\r\n" + LETTER,
        LETTER.replace(b"To: ", b"To: x@elsewhere.example, "),
    ):
        assert _Run._extra(SEEN, [taken(content)]) == 1
    assert _Run._extra(SEEN, [taken(LETTER, "office@one.example", "x@elsewhere.example")]) == 1


def test_a_trace_is_seen_in_the_head_and_in_the_text() -> None:
    number = plain_letter().message_id
    known = Writer(message_id=number, traces=("Ultrazson7", "1795737853"))
    run: Any = SimpleNamespace(composed={number: known})
    message = b"Reply-To: replies@house.example.org\r\n" + LETTER
    assert _Run._traced(run, [taken(message)]) == 0
    for line in (b"X-Time: 1795737853\r\n", b"X-Name: =?utf-8?b?VWx0cmF6c29uNw==?=\r\n"):
        assert _Run._traced(run, [taken(line + message)]) == 1
    assert holds(["by ULTRAZSON7"], known.traces) == ["Ultrazson7"]


def test_a_signature_that_covers_too_little_is_seen() -> None:
    keys = read(RSA + ED25519, "rsa,ed")
    domain = "call.drill.example"
    records = {key.host(domain): key.record for key in keys}
    signed = Signer(keys, domain).signed(LETTER)
    assert _covers(signed, records, 2)
    assert not _covers(LETTER, records, 2)
    assert not _covers(signed.replace(b"Letter 1", b"Letter 2"), records, 2)
    assert not _covers(signed.replace(b"message-id", b"x-other-id"), records, 2)


def test_the_failing_server_does_all_that_servers_do() -> None:
    draw = faulty(7)
    assert set(Counter(draw() for _ in range(500))) == set(Does) == set(FAULTS)
