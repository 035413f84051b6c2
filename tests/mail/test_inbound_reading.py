"""What comes in by mail is read for what it is, and nothing of it breaks or fools the reader."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings, strategies as st

from petition.domain.letters import return_words
from petition.domain.letters.bounce import BounceClass, of_text
from petition.domain.letters.inbound import InboundMail
from petition.domain.letters.return_words import ReturnKind
from petition.domain.messages.reply import BODY_LENGTH, NAME_LENGTH, SUBJECT_LENGTH
from petition.mail.inbound.reading import read
from tests.inbound import RETURN_DOMAIN, email_of, report

KEY = "k" * 40
HOME = f"{return_words.words(KEY, ReturnKind.ENVELOPE, 7)}@{RETURN_DOMAIN}"


def read_it(content: str | bytes, sender: str | None = None) -> InboundMail:
    raw = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    return read(raw, to=[HOME], sender=sender, return_domain=RETURN_DOMAIN)


def class_of(content: str, sender: str | None = "") -> BounceClass | None:
    found = read_it(content, sender).report
    return found.kind if found else None


# Each as one of the great providers or programs says it, in its status and its answer.
DSN = [
    ("5.1.1", "550-5.1.1 The account that you tried to reach is not here. gsmtp", "gone"),
    ("5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found by lookup", "gone"),
    ("5.5.0", "550 5.5.0 Requested action not taken: mailbox unavailable", "gone"),
    ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied", "gone"),
    ("5.0.0", "554 delivery error: This user does not have an account here", "gone"),
    ("5.1.1", "550 5.1.1 <x@icloud.example>: user does not exist", "gone"),
    ("5.0.0", "550 Requested action not taken: mailbox unavailable", "gone"),
    ("5.2.1", "550 5.2.1 The account is disabled", "gone"),
    ("5.1.2", "550 Host not found", "gone"),
    ("5.2.2", "452 4.2.2 The account is over quota", "full"),
    ("5.2.2", "552 5.2.2 Mailbox full", "full"),
    ("5.0.0", "552 too much", "full"),
    ("5.0.0", "550 5.7.1 Our system has found it is likely unsolicited", "blocked"),
    ("5.7.606", "550 5.7.606 Access denied, banned sending IP [192.0.2.1]", "blocked"),
    ("5.7.26", "550 5.7.26 unauthenticated: DMARC policy of the domain", "blocked"),
    ("5.0.0", "554 Message not allowed - rejected for policy reasons", "blocked"),
    ("5.7.1", "550 5.7.1 user unknown to our block list", "blocked"),
    ("5.4.7", "451 4.4.1 no answer from host", "unknown"),
    ("5.6.0", "550 5.6.0 something about its content", "unknown"),
]


@pytest.mark.parametrize(("status", "answer", "kind"), DSN)
def test_bounces_are_classed_by_our_own_table(status: str, answer: str, kind: str) -> None:
    found = read_it(report(status, answer), "").report
    assert found is not None
    assert (found.kind, found.is_final) == (kind, True)


WITHOUT_STATUS = {
    "qmail": (
        (
            "Hi. This is the qmail-send program at mx.example.net.\r\n"
            "I'm afraid I wasn't able to deliver your message to the following addresses.\r\n\r\n"
            "<somebody@example.net>:\r\n"
            "192.0.2.1 does not like recipient.\r\n"
            "Remote host said: 550 5.1.1 no mailbox here\r\n\r\n"
            "--- Below this line is a copy of the message.\r\n"
        ),
        BounceClass.GONE,
    ),
    "exim": (
        (
            "This message was created automatically by mail delivery software.\r\n\r\n"
            "A message that you sent could not be delivered to one or more of its\r\n"
            "recipients. This is a permanent error. The following address(es) failed:\r\n\r\n"
            "  somebody@example.net\r\n"
            "    SMTP error from remote mail server after RCPT TO:<somebody@example.net>:\r\n"
            "    552 5.2.2 Mailbox full\r\n"
        ),
        BounceClass.FULL,
    ),
}


@pytest.mark.parametrize("name", WITHOUT_STATUS)
def test_bounces_in_words_alone(name: str) -> None:
    text, kind = WITHOUT_STATUS[name]
    head = ("X-Failed-Recipients: somebody@example.net",) if name == "exim" else ()
    daemon = "Mail Delivery System <Mailer-Daemon@mx.example.net>"
    content = email_of(text, *head, author=daemon, subject="failure notice")
    assert class_of(content) == kind


def test_who_goes_on_trying_says_nothing_for_good() -> None:
    found = read_it(report("4.4.1", "451 no answer", action="delayed"), "").report
    assert found is not None
    assert (found.kind, found.is_final) == ("delayed", False)
    assert class_of(report("2.0.0", "250 ok", action="delivered")) is None


NO_BOUNCES = {
    "vacation": email_of("I am away.", "Auto-Submitted: auto-replied", subject="Out of office"),
    "vacation that quotes a bounce": email_of(
        "I am away.\r\n> 550 5.1.1 user unknown", subject="Automatic reply: x"
    ),
    "ticket": email_of("We got it.", "Auto-Submitted: auto-generated", subject="[#4711] Yours"),
    "person": email_of("Your email to <x@example.net> failed: 550 5.1.1 user unknown"),
    "person who forwards one": email_of(
        "Look:\r\n--- The following addresses had permanent fatal errors ---\r\n<x@example.net>"
    ),
    "list": email_of("News", "Precedence: list", "List-Id: <news.example.org>"),
    "challenge": email_of("Click to prove it", subject="Please confirm your message"),
    "empty": "",
}


@pytest.mark.parametrize("name", NO_BOUNCES)
@pytest.mark.parametrize("sender", ["hr@amazon.example.org", "", None])
def test_what_is_no_bounce_is_taken_for_none(name: str, sender: str | None) -> None:
    if (name, sender) != ("person who forwards one", ""):  # then it is a server's
        assert class_of(NO_BOUNCES[name], sender) is None


def test_complaints_name_the_letter_wherever_it_stands_in_them() -> None:
    arf = "\r\n".join(
        [
            "From: feedback@provider.example",
            "Subject: complaint",
            "MIME-Version: 1.0",
            'Content-Type: multipart/report; report-type=feedback-report; boundary="b"',
            *("", "--b", "Content-Type: text/plain", "", "Somebody complained.", "--b"),
            *("Content-Type: message/feedback-report", "", "Feedback-Type: abuse"),
            *("User-Agent: x/1", "Version: 1", f"Original-Mail-From: <{HOME}>", "", "--b"),
            *("Content-Type: message/rfc822", "", "Subject: Thank you", "", "Hello", "--b--", ""),
        ]
    )
    found = read(arf.encode(), to=["complaints@x.example"], sender="", return_domain=RETURN_DOMAIN)
    assert found.report is not None
    assert found.report.kind == BounceClass.COMPLAINT
    assert found.quoted == (HOME.partition("@")[0],)
    assert class_of(arf.replace("abuse", "not-spam")) == BounceClass.AUTO_REPLY


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("421 4.7.0 deferred because of complaints", "blocked"),
        ("451 4.7.1 Greylisting in action", "delayed"),
        ("450 4.2.0 try later", "delayed"),
        ("452 4.2.2 over quota", "full"),
        ("250 ok", None),
    ],
)
def test_our_own_answers_are_classed_alike(answer: str, kind: str | None) -> None:
    assert of_text(answer) == kind


def test_words_are_ours_or_none() -> None:
    words = return_words.words(KEY, ReturnKind.ALIAS, 4_000_000_000)
    assert return_words.letter_id(KEY, ReturnKind.ALIAS, words.upper()) == 4_000_000_000
    assert return_words.letter_id(KEY, ReturnKind.ENVELOPE, words) is None
    assert return_words.letter_id("other" * 8, ReturnKind.ALIAS, words) is None
    for place in range(len(words)):
        forged = words[:place] + ("z" if words[place] != "z" else "b") + words[place + 1 :]
        assert return_words.letter_id(KEY, ReturnKind.ALIAS, forged) in {None, 4_000_000_000}


# --- whatever comes -------------------------------------------------------------------------------


def is_harmless(found: InboundMail) -> bool:
    """Nothing in it that is not seen, turns lines, or is longer than it may be."""
    text = found.text
    shown = [text.subject, text.body, *(part.name for part in text.left_out)]
    assert len(text.subject) <= SUBJECT_LENGTH
    assert len(text.body) <= BODY_LENGTH
    assert all(len(part.name) <= NAME_LENGTH for part in text.left_out)
    assert "\n" not in text.subject
    for each in "".join(shown).replace("\n", ""):
        assert unicodedata.category(each) not in {"Cc", "Cs", "Zl", "Zp"}, hex(ord(each))
        assert each not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"
    return "://" not in text.body


def nested(depth: int) -> bytes:
    head = (f"Content-Type: multipart/mixed; boundary=b{i}\r\n\r\n--b{i}\r\n" for i in range(depth))
    return "".join(head).encode() + b"Content-Type: text/plain\r\n\r\nfar down\r\n"


HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "nulls": b"\0" * 5000,
    "no head": b"\xff\xfe hello http://x.example/?a=1\r\n",
    "deep": b"Subject: x\r\n" + nested(1000),
    "deep html": b"Content-Type: text/html\r\n\r\n" + b"<div>" * 5000 + b"deep down",
    "charset": b"Subject: =?nonsense?q?x?=\r\nContent-Type: text/plain; charset=nope\r\n\r\nh\xe9",
    "codec": b"Content-Type: text/plain; charset=rot13\r\n\r\nhello",
    "punycode": b"Content-Type: text/plain; charset=punycode\r\n\r\n" + b"a-" * 5000,
    "base64": b"Content-Transfer-Encoding: base64\r\n\r\n!!!===A",
    "surrogates": "Subject: \udcff\udcfe\r\n\r\n\udc80\ud800".encode("utf-8", "surrogatepass"),
    "long line": b"Subject: " + b"x" * 200_000 + b"\r\n\r\n" + b"y" * 900_000,
    "many": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 20_000,
    "bidi": "Subject: a\u202eb\u2066\r\n\r\nc\u202ed\u2028e\u0085f\x1bg\u200f".encode(),
    "inject": b"Subject: =?utf-8?q?a=0D=0ABcc:_x=40y.example=0D=0A=0D=0Abody?=\r\n\r\nx",
    "name": b"Content-Type: application/x; name*=utf-8''%00%0D%0A\r\n\r\nx",
    "names": b'Content-Type: application/x; name="' + b"n\xc3" * 5000 + b'"\r\n\r\nx',
    "links": b"\r\nhttp://https://a@b.example/c?d HTTPS://e.example?f javascript:g://h",
    "received": b"Received: x\r\n" * 5000 + b"\r\nx",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mail_is_read_as_something_harmless(name: str) -> None:
    assert is_harmless(read_it(HOSTILE[name]))


_HEADS = st.sampled_from(
    [
        "From",
        "To",
        "Subject",
        "Content-Type",
        "Content-Transfer-Encoding",
        "Content-Disposition",
        "In-Reply-To",
        "Auto-Submitted",
        "Return-Path",
        "MIME-Version",
    ]
)
_VALUES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            *("text/html", "text/plain; charset=utf-16", "multipart/report; boundary=b", "base64"),
            *("multipart/alternative; boundary=b", "message/delivery-status", "message/rfc822"),
            *("quoted-printable", "x-uuencode", "attachment; filename=a", "=?utf-8?b?//8=?="),
        ]
    ),
)
_BODIES = st.lists(
    st.one_of(
        st.binary(max_size=60),
        st.sampled_from(
            [b"--b", b"--b--", b"", b"Action: failed", b"Status: 5.1.1", b"<p>", b"=0"]
        ),
    ),
    max_size=12,
)


@settings(max_examples=100)
@given(
    st.lists(st.tuples(_HEADS, _VALUES), max_size=6), _BODIES, st.sampled_from([None, "", "a@b"])
)
def test_any_mail_is_read_as_something_harmless(
    head: list[tuple[str, str]], body: list[bytes], sender: str | None
) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in head)
    content = lines.encode("utf-8", "surrogatepass") + b"\r\n" + b"\r\n".join(body)
    is_harmless(read_it(content, sender))
