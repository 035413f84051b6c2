"""Emails are signed with each key, over every line of the head that a reader goes by."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as make_rsa

from petition import dkim_keys
from petition.config import Settings, load
from petition.domain.messages.message import MessageText
from petition.errors import SettingError
from petition.mail.dkim import Signer
from petition.mail.letters import LETTERS
from petition.mail.messages import to_target
from petition.mail.ready_letter import ReadyLetter, UnsafeLetter
from petition.mail.transport import FolderTransport, SmtpTransport, transport
from tests.dkim import ED25519, RSA, pem, records, verifies
from tests.mail.written import AT, HOST, context, ready
from tests.smtp_server import SmtpServer

BOTH = {"PETITION_DKIM_KEY": RSA + ED25519, "PETITION_DKIM_SELECTOR": "2027a, 2027b"}
MUST = {
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
}


@pytest.fixture
def emails(tmp_path: Path) -> tuple[Settings, list[ReadyLetter]]:
    """Every letter, to addresses in two scripts, and a message to a target."""
    written = context(tmp_path, **BOTH)
    letters = [
        ready(written, name, lang, to=to)
        for name in LETTERS
        for lang, to in (("en", "ben@example.org"), ("ar", "ليلى@example.org"))
    ]
    text = MessageText(
        sender='Zoë "Z" via Call', subject="Wörte\u202f=?", body="a\n.\n" + "x" * 2000
    )
    message = to_target(written, text, letter_id=5, to=["boss@example.org"], language="de", at=AT)
    return written.settings, [*letters, message]


def test_every_email_verifies_with_each_key_and_no_change_does(
    emails: tuple[Settings, list[ReadyLetter]], smtp_server: SmtpServer
) -> None:
    settings, letters = emails
    sender = transport(replace(settings, smtp=smtp_server.smtp))
    lookup = records(settings.dkim_keys, HOST)
    for letter in letters:
        sender.send(letter)
    sender.close()
    assert len(smtp_server.handler.taken) == len(letters) == 2 * len(LETTERS) + 1
    for taken in smtp_server.handler.taken:
        for place in range(2):
            assert verifies(taken.content, place, lookup)
            found = dkim.DKIM(taken.content)
            found.verify(place, lookup)
            assert found.domain == HOST.encode()
            assert {name.decode() for name in found.include_headers} >= MUST
        for before, after in (
            (b"\r\nSubject: ", b"\r\nSubject: x"),
            (b"\r\nTo: ", b"\r\nTo: x@example.org, "),
            (b"\r\nMIME-Version", b"\r\nSubject: another one\r\nMIME-Version"),
            (b"\r\nMIME-Version", b"\r\nList-Unsubscribe: <https://x.example>\r\nMIME-Version"),
            (b"\r\nMIME-Version", b"\r\nReply-To: x@example.org\r\nMIME-Version"),
            (b"\r\n\r\n", b"\r\n\r\nA line more\r\n"),
        ):
            assert taken.content.count(before) >= 1
            assert not verifies(taken.content.replace(before, after, 1), 0, lookup), after
        assert max(map(len, taken.content.split(b"\r\n"))) <= 998


def test_development_signs_as_well(emails: tuple[Settings, list[ReadyLetter]]) -> None:
    settings, letters = emails
    folder = transport(settings)
    assert isinstance(folder, FolderTransport)
    folder.send(letters[0])
    (file,) = settings.outbox_dir.glob("**/*.eml")
    assert verifies(file.read_bytes(), 0, records(settings.dkim_keys, HOST))


def test_without_a_key_bytes_leave_as_they_were_written(
    emails: tuple[Settings, list[ReadyLetter]], smtp_server: SmtpServer
) -> None:
    _, (letter, *_) = emails
    SmtpTransport(smtp_server.smtp).send(letter)
    assert smtp_server.handler.taken[0].content == letter.content
    assert Signer((), HOST).signed(letter.content) == letter.content


@pytest.mark.parametrize(
    ("key", "selector", "words"),
    [
        (RSA, None, "set together"),
        (None, "2027a", "set together"),
        ("no key", "2027a", "takes one name for each key"),
        (RSA, "a,b", "takes one name for each key"),
        (RSA + ED25519, "a,a", "takes one name for each key"),
        (RSA, "a_b", "takes a name such as"),
        (RSA, "a\x00", "takes"),
        (RSA + RSA, "a,b", "or one of each"),
        (RSA[:200] + RSA[240:], "a", "in PEM format and without a password"),
        (pem(generate_private_key(SECP256R1())), "a", "RSA (2048 to 4096 bits)"),
        (pem(make_rsa(65537, 1024)), "a", "RSA (2048 to 4096 bits)"),
    ],
)
def test_a_wrong_key_stops_the_start(
    tmp_path: Path, key: str | None, selector: str | None, words: str
) -> None:
    given = {"PETITION_DKIM_KEY": key, "PETITION_DKIM_SELECTOR": selector}
    environ = {name: value for name, value in given.items() if value is not None}
    with pytest.raises(SettingError) as error:
        load({"PETITION_INSTANCE": str(tmp_path)} | environ)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_a_head_that_cannot_be_read_is_not_signed_and_does_not_leave(tmp_path: Path) -> None:
    """The check of what leaves comes first; this must not end the worker where that failed."""
    keys = context(tmp_path, **BOTH).settings.dkim_keys
    with pytest.raises(UnsafeLetter):
        Signer(keys, HOST).signed(b"Subject: a\r\nno header\r\n\r\nHello\r\n")


def test_a_key_may_stand_in_a_file_and_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(RSA)
    environ = {
        "PETITION_DKIM_KEY_FILE": str(tmp_path / "key.pem"),
        "PETITION_DKIM_SELECTOR": "Call.2027",
    }
    (key,) = load({"PETITION_INSTANCE": str(tmp_path)} | environ).dkim_keys
    assert key.selector == "call.2027"
    assert "PRIVATE" not in repr(key)
    assert key.record.startswith("v=DKIM1; k=rsa; p=MIIB")


@pytest.mark.parametrize("package", ["dkim", "nacl"])
def test_without_the_package_the_start_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(SettingError, match=r'install the extra "mail" \(docs/hosts.md'):
        dkim_keys.read(RSA, "2027a")
    assert dkim_keys.read(None, None) == ()
