"""What a stranger types as an address or a name never becomes a header, a body or a recipient."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.addr_spec import AddressRefused, addr_spec
from petition.config import Sender, load
from petition.errors import SettingError
from petition.mail.letters import LetterContext
from petition.mail.ready_letter import UnsafeLetter, check
from petition.mail.transport import FolderTransport, SmtpTransport
from petition.worker import letters as workers
from tests import people
from tests.factories import keep, letters, rows, sign, the_call
from tests.letter_rules import faults
from tests.mail.hostile import ADDRESSES, GOOD, NAMES, SENDERS
from tests.mail.written import (
    NAMES as LETTER_NAMES,
    context as make_context,
    plain_letter,
    ready,
    write,
)

SENDABLE = [address for address in ADDRESSES if address and "\ud800" not in address]
"""What a browser can send, and what an older version may have stored."""

every_hostile = pytest.mark.parametrize("address", ADDRESSES)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> LetterContext:
    return make_context(tmp_path_factory.mktemp("instance"))


# --- the rule -------------------------------------------------------------------------------------


@every_hostile
def test_it_is_no_address_that_we_write_to(address: str) -> None:
    with pytest.raises(AddressRefused):
        addr_spec(address)


@pytest.mark.parametrize(("typed", "written"), GOOD)
def test_people_have_such_addresses(context: LetterContext, typed: str, written: str) -> None:
    assert addr_spec(typed) == written
    letter = ready(context, "confirm", to=typed)
    check(letter)
    assert faults(letter.content, [written]) == []


@every_hostile
def test_no_letter_is_written_to_it(context: LetterContext, address: str) -> None:
    with pytest.raises(AddressRefused):
        ready(context, "confirm", to=address)


# --- the forms ------------------------------------------------------------------------------------


@pytest.fixture
def visitor(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.mark.slow
def test_no_form_takes_it(app: Flask, visitor: FlaskClient) -> None:
    """Sign, ask for a link, type a code: each says so, none stores it, none fails."""
    strange: list[str] = []
    for address in SENDABLE:
        form = people.ben | {"email": address}
        answers = [
            sign(visitor, form),
            sign(visitor, people.ben | {"email": "", "use_email": address}),
            visitor.post("/en/amazon/resend", data={"email": address}),
            visitor.post("/en/amazon/my", data={"email": address}),
            visitor.post("/en/amazon/code", data={"email": address, "code": "KFQ-TRW"}),
        ]
        strange += [
            f"{address!r}: {[answer.status_code for answer in answers]}"
            for answer in answers
            if answer.status_code != 422
        ]
    # What is a good address once the blanks around it are gone, or its wrapping, is no attack.
    assert [each for each in strange if not _is_only_wrapped(each)] == []


def _is_only_wrapped(report: str) -> bool:
    wrapped = (
        " ben@example.org",
        "ben@example.org ",
        "ben@example.org\n",
        "<ben@example.org>",
        "Ben <ben@example.org>",
        "ben\u200b@example.org",
        "ben\u202emoc@example.org",
        # White space of any kind before the @ is taken out, and so is a word before a colon:
        # what is left is judged like any other address.
        *(f"ben{blank}@example.org" for blank in "\n\r\x0b\x0c\x85\u2029"),
        "ben\u2028Bcc: x@example.org",
    )
    return any(report.startswith(f"{address!r}: ") for address in wrapped)


def test_who_types_an_odd_one_is_told_kindly(app: Flask, visitor: FlaskClient) -> None:
    answer = sign(visitor, people.ben | {"email": "ben!ben@example.org"})
    assert answer.status_code == 422
    assert "Please give another one." in answer.get_data(as_text=True)
    assert rows(app, "SELECT count(*) FROM entries") == [(0,)]


# --- rows from before -----------------------------------------------------------------------------


def test_an_address_that_was_stored_before_fails_closed(
    app: Flask, smtp_server: Any, worker_to: Any, caplog: pytest.LogCaptureFixture
) -> None:
    call = the_call(app)
    for address in SENDABLE:
        keep(app, call, people.ben | {"email": address})
    keep(app, call, people.amina)
    worker_to(smtp_server.smtp).once()
    assert [taken.recipients for taken in smtp_server.handler.taken] == [[people.amina["email"]]]
    assert dict(rows(app, "SELECT state, count(*) FROM letters GROUP BY state")) == {
        "failed": len(SENDABLE),
        "sent": 1,
    }
    assert rows(app, "SELECT DISTINCT last_error FROM letters WHERE state = 'failed'") == [
        ("stopped by us: address",)
    ]
    assert rows(app, "SELECT sum(letters) FROM mailboxes") == [(1,)]  # none was charged for it
    said = [record.getMessage() for record in caplog.records]
    assert len([line for line in said if "a letter was stopped" in line]) == len(SENDABLE)
    assert not any("@" in line for line in said)


def test_an_old_row_leaves_no_file_either(app: Flask, work: Any) -> None:
    keep(app, the_call(app), people.ben | {"email": ADDRESSES[0]})
    work(app)
    assert letters(app) == []


# --- the finished bytes ---------------------------------------------------------------------------

TO = b"To: ben@example.org\r\n"

CHANGES = {
    "a header more": (TO, TO + b"Bcc: victim@evil.example\r\n"),
    "a header twice": (TO, TO + b"Subject: Win\r\n"),
    "two To": (TO, TO + b"To: victim@evil.example\r\n"),
    "another To": (TO, b"To: victim@evil.example\r\n"),
    "two mailboxes": (TO, b"To: ben@example.org, victim@evil.example\r\n"),
    "To with a name": (TO, b"To: Ben <ben@example.org>\r\n"),
    "To in two lines": (TO, b"To:\r\n ben@example.org\r\n"),
    "To after two blanks": (TO, b"To:  ben@example.org\r\n"),
    "To with a blank": (TO, b"To: ben@example.org \r\n"),
    "to": (TO, b"to: ben@example.org\r\n"),
    "no To": (TO, b""),
    "a header without its blank": (TO, TO + b"Bcc:victim@evil.example\r\n"),
    "a continuation that is empty": (TO, TO + b" \r\n"),
    "a tab goes on": (TO, TO + b"\tvictim@evil.example\r\n"),
    "a bare LF": (TO, b"To: ben@example.org\nBcc: victim@evil.example\r\n"),
    "a bare CR": (TO, b"To: ben@example.org\rBcc: victim@evil.example\r\n"),
    "NUL": (TO, b"To: ben@example.org\0\r\n"),
    "the head ends early": (TO, b"\r\n" + TO),
    "a body within the head": (TO, TO + b"\r\nA foreign body.\r\n"),
    "another sender": (b"<no-reply@house", b"<no-reply@evil"),
    "two senders": (b'"House" <', b'<x@evil.example>, "House" <'),
    "a decoded subject": (b"Subject: Letter 1", b"Subject: =?utf-8?q?x=0D=0ABcc:?="),
    "another number": (b"Message-ID: <0", b"Message-ID: <1"),
    "another type": (b"multipart/alternative", b"multipart/mixed"),
    "another part": (b'text/html; charset="utf-8"', b"application/octet-stream"),
    "another encoding": (b"quoted-printable", b"base64"),
    "a part more": (b"This is letter", b"--=_%032x\r\n\r\nThis is letter" % 1),
    "an early end": (b"This is letter", b"--=_%032x--\r\nThis is letter" % 1),
    "a long line": (b"This is letter", b"x" * 999),
    "a line beyond 76": (b"This is letter", b"x" * 77),
    "bytes beyond ASCII": (b"This is letter", "Würde".encode()),
    "something after it": (b"--\r\n", b"--\r\nand more\r\n"),
    "no end": (b"--\r\n", b"--"),
    "half a pair": (b"Auto-Submitted", b"List-Unsubscribe: <https://x/u>\r\nAuto-Submitted"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_bytes_that_are_not_ours_do_not_leave(
    smtp_server: Any, tmp_path: Path, change: str
) -> None:
    """By neither way; and the suite's own reading would have caught most of them too."""
    was, becomes = CHANGES[change]
    letter = plain_letter()
    assert was in letter.content
    changed = replace(letter, content=letter.content.replace(was, becomes))
    smtp = SmtpTransport(smtp_server.smtp)
    for transport in (smtp, FolderTransport(tmp_path)):
        with pytest.raises(UnsafeLetter) as caught:
            transport.send(changed)
        assert "@" not in str(caught.value)
        transport.send(letter)
    smtp.close()
    assert len(smtp_server.handler.taken) == 1
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "to", [*ADDRESSES, "Ben@Example.org", "ben@bücher.example.org", "ben@example.com"]
)
def test_the_envelope_names_the_mailbox_of_the_letter(smtp_server: Any, to: str) -> None:
    smtp = SmtpTransport(smtp_server.smtp)
    with pytest.raises(UnsafeLetter):
        smtp.send(replace(plain_letter(), to=to))
    smtp.close()
    assert smtp_server.handler.taken == []


def test_a_letter_that_is_not_ours_fails_and_says_so(
    app: Flask,
    smtp_server: Any,
    worker_to: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def spoilt(context: LetterContext, letter: Any, to: str, at: Any) -> Any:
        return replace(plain_letter(to), content=plain_letter(to).content.replace(b"To: ", b"Cc: "))

    monkeypatch.setitem(workers.LETTERS, "confirm", spoilt)
    keep(app, the_call(app), people.ben)
    worker_to(smtp_server.smtp).once()
    assert smtp_server.handler.taken == []
    ((state, error),) = rows(app, "SELECT state, last_error FROM letters")
    assert state == "failed"
    assert str(error).startswith("stopped by us: header")
    assert "a letter was stopped before it left" in caplog.text
    assert "ben" not in caplog.text.lower()


# --- nothing of the filler's ----------------------------------------------------------------------


def _without_keys(content: bytes) -> bytes:
    """A letter without what our keys, the clock and the row's number make of it."""
    text = content.replace(b"=\r\n", b"")
    text = re.sub(rb"(/(?:confirm|my|stop|unsubscribe)/)[\w.=-]+", rb"\1TOKEN", text)
    text = re.sub(rb"\b[A-Z]{3}-[A-Z]{3}\b", b"CODE", text)
    return re.sub(rb"[0-9a-f]{32}", b"NUMBER", text)


def test_two_fillers_of_one_mailbox_make_the_same_letter(
    app: Flask, client: FlaskClient, smtp_server: Any, worker_to: Any
) -> None:
    """Whatever they choose but the mailbox: 0 bytes of it, envelope and head included."""
    mailbox = "Ben.Shared+Tag@example.org"
    first = people.ben | {"email": mailbox}
    second = people.amina | {
        "email": mailbox.replace("example.org", "EXAMPLE.Org"),
        "given_name": "Buy now",
        "family_name": "At Evil",
        "comment": "Visit the shop of evil",
        "postcode": "EVIL 666",
        "country": "FR",
        "visibility": "public",
        "updates": "yes",
        "source": "evil",
        "utm_source": "evil",
        "utm_medium": "evil",
        "utm_campaign": "evil",
    }
    strange = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-For": "192.0.2.66",
        "User-Agent": "evil",
        "Referer": "https://evil.example/evil",
        "Accept-Language": "evil, de;q=0.9",
    }
    assert sign(client, first).status_code == 303
    for name, value in strange.items():
        client.environ_base[f"HTTP_{name.upper().replace('-', '_')}"] = value
    assert sign(client, second).status_code == 303
    worker_to(smtp_server.smtp).once()
    one, other = smtp_server.handler.taken
    assert _without_keys(one.content) == _without_keys(other.content)
    assert (one.sender, one.recipients) == (other.sender, other.recipients)
    assert b"evil" not in other.content.lower()


@pytest.mark.parametrize("name", LETTER_NAMES)
def test_every_kind_of_letter_holds_the_mailbox_once(context: LetterContext, name: str) -> None:
    """In To alone: no greeting, no link and no sentence repeats what the filler typed."""
    assert ready(context, name, to="ben.unusual@example.org").content.count(b"unusual") == 1


# --- our own side ---------------------------------------------------------------------------------


@pytest.mark.parametrize("sender", SENDERS)
def test_a_sender_that_is_not_one_is_refused_with_the_reason(tmp_path: Path, sender: str) -> None:
    with pytest.raises(
        SettingError, match=r"PETITION_MAIL_FROM takes one (address.*; this |line of text)"
    ) as told:
        load({"PETITION_INSTANCE": str(tmp_path), "PETITION_MAIL_FROM": sender})
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("setting", "name", "address"),
    [
        ("a@b.example", "", "a@b.example"),
        ("<a@B.Example>", "", "a@b.example"),
        ("House <a@b.example>", "House", "a@b.example"),
        ('"House, and Garden" <a@b.example>', "House, and Garden", "a@b.example"),
        ("House, and Garden <a@b.example>", "House, and Garden", "a@b.example"),
        ('"A \\"real\\" one" <a@b.example>', 'A "real" one', "a@b.example"),
        ("Związek (Łódź) <a@b.example>", "Związek (Łódź)", "a@b.example"),
        (f"{'Ü' * 90} <a@b.example>", "Ü" * 90, "a@b.example"),
        ("نقابة <a@bücher.example>", "نقابة", "a@xn--bcher-kva.example"),
    ],
)
def test_a_sender_stands_in_the_letter_as_it_is_meant(
    tmp_path: Path, setting: str, name: str, address: str
) -> None:
    context = make_context(tmp_path, PETITION_MAIL_FROM=setting)
    assert context.settings.mail_from == Sender(name=name, address=address)
    letter = ready(context, "confirm", lang="ar")
    check(letter)
    assert faults(letter.content) == []
    (shown,) = write(context, "confirm")["From"].addresses
    # Python's own reading puts a blank between encoded words; mail programs put none.
    assert shown.display_name.replace(" ", "") == name.replace(" ", "")
    assert shown.addr_spec == address


@pytest.mark.parametrize("name", NAMES)
def test_an_organiser_is_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(
        SettingError, match=r"PETITION_ORGANISER takes (a name; this holds|one line of text)"
    ):
        load({"PETITION_INSTANCE": str(tmp_path), "PETITION_ORGANISER": name})
