"""Replies reach who wrote, as a new email of ours, and nothing leads from them to the writer."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text as sql

from petition.config import Settings, load
from petition.domain.letters.return_words import ReturnKind
from petition.domain.messages.reply import ALIAS_LIFE, MOST_A_DAY
from petition.services.privacy import erasure, retention
from petition.services.vault import rotation
from petition.store.db import reading, transaction
from petition.web.http.dependencies import dependencies_of
from tests import people
from tests.conftest import Clock
from tests.factories import change, letters, rows, text_of, work
from tests.inbound import (
    RETURN_DOMAIN,
    address,
    alias,
    cora_wrote,
    email_of,
    outcomes,
    report,
    take_in,
)
from tests.messages import my_link, states, to_targets

pytestmark = pytest.mark.usefixtures("before_the_first_run")

DAY = timedelta(days=1)
CORA = people.cora["email"]


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return load(
        {
            "DATABASE_URL": database_url,
            "PETITION_INSTANCE": str(tmp_path / "instance"),
            "PETITION_RETURN_DOMAIN": RETURN_DOMAIN,
        }
    )


def to_cora(app: Flask, subject: str = "There is an answer for you") -> list[EmailMessage]:
    return [each for each in letters(app) if each["Subject"] == subject]


HOSTILE = """\
From: "HR \u202e team" <hr@amazon.example.org>\r
Received: from secret-host.amazon.example.org by mx.amazon.example.org; Mon, 2 Nov 2026 10:00:00\r
To: {alias}\r
Subject: =?utf-8?q?Re:_Caf=C3=A9=0D=0ABcc:_evil=40example.com_=E2=80=AEabc?=\r
Message-ID: <target-secret@amazon.example.org>\r
X-Mailer: TargetSecretMailer\r
Disposition-Notification-To: receipts@amazon.example.org\r
Return-Receipt-To: receipts@amazon.example.org\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary="m"\r
\r
--m\r
Content-Type: text/html; charset="utf-8"\r
\r
<html><head><style>.ghost {{ font-size: 0 }}</style></head><body>
<p>Thank you for writing.</p><p>Read <a href="https://track.example.com/go/1?who=77#c">our page</a>
or https://u:p@other.example.com/path?id=5.</p>
<p style="display: none">hidden-one 4711</p><span class="ghost">hidden-two</span>
<font color="white">hidden-three</font>
<img src="https://pixel.example.com/p.gif?id=4711" width="1" height="1"><script>alert(1)</script>
</body></html>\r
--m\r
Content-Type: application/pgp-signature; name="signature.asc"\r
\r
-----BEGIN PGP SIGNATURE-----\r
--m\r
Content-Type: text/calendar; method=REQUEST\r
\r
BEGIN:VCALENDAR\r
--m--\r
"""


def test_a_reply_is_a_new_letter_of_its_text_alone(app: Flask, client: FlaskClient) -> None:
    to = cora_wrote(app, client)
    (sent,) = to_targets(app)
    assert sent["Reply-To"] == to
    assert re.fullmatch(r"[a-z]{8}-[a-z]{8}-[a-z]{8}@returns\.example\.net", to)
    take_in(app, HOSTILE.format(alias=to), [to], "hr@amazon.example.org")
    work(app)
    assert outcomes(app) == {"reply": 1}
    (letter,) = to_cora(app)
    assert letter["Reply-To"] == to
    assert letter["To"] == CORA
    body, whole = text_of(letter), letter.as_string() + text_of(letter)
    for there in ("Thank you for writing.", "track.example.com/go/1", "other.example.com/path"):
        assert there in body
    assert "Caf\u00e9 Bcc: evil@example.com abc" in body
    assert "Opening one can show them who you are" in " ".join(body.split())
    # What warns of their links stands by their answer, and not by ours.
    ours, begins, theirs = body.partition("---- The answer begins here ----")
    assert ours.index("The link works for seven days") < ours.index("Careful: there are links")
    assert "\n\n" not in ours.rpartition("\n\nCareful: ")[2].strip()
    assert begins
    assert theirs.strip().startswith("Thank you for writing.")
    for named in ("signature.asc", "a request for a receipt", "an invitation", "is not seen"):
        assert named in body
    for gone in (
        *("https://track", "who=77", "id=5", "u:p@", "4711", "hidden-two", "hidden-three"),
        *("alert(1)", "pixel.example", "PGP", "VCALENDAR", "secret", "Secret", "receipts@"),
        *("hr@amazon", "\u202e", "Bcc: evil@example.com\n"),
    ):
        assert gone not in whole, gone
    assert {name.lower() for name in letter} == {
        *("from", "to", "reply-to", "subject", "date", "message-id", "auto-submitted"),
        *("x-auto-response-suppress", "content-language", "mime-version", "content-type"),
        "content-transfer-encoding",
    }
    # A server sends our forward back: the target is written nothing, and learns nothing.
    (about,) = rows(app, "SELECT id FROM letters WHERE reply_id IS NOT NULL")
    back = address(app, ReturnKind.ENVELOPE, about[0])
    take_in(app, report("5.1.1", "550 5.1.1 nobody", recipient=CORA), [back], "")
    work(app)
    assert outcomes(app) == {"reply": 1, "gone": 1}
    assert len(to_targets(app)) - len(to_cora(app)) == 1
    assert states(app) == {"sent": 1}


def test_without_the_setting_nothing_changes(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = dependencies_of(app).settings
    monkeypatch.setitem(settings.__dict__, "receives", False)
    cora_wrote(app, client)
    assert to_targets(app)[0]["Reply-To"] == settings.reply_to
    take_in(app, email_of("Hello"), [alias(app)])
    work(app)
    assert to_cora(app) == []


def test_six_kinds_of_alias_are_one_to_who_writes_there(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """What comes to them is kept alike, byte for byte, before anybody looks whose they are."""
    to = cora_wrote(app, client)
    kinds = {
        "open": (lambda: None, to),
        "malformed": (lambda: None, f"x{to}"),
        "never made": (lambda: None, f"bavotiru-melakota-nepisoda@{RETURN_DOMAIN}"),
        "closed": (lambda: change(app, "UPDATE messages SET closed_at = finished_at"), to),
        "over": (lambda: change(app, "UPDATE messages SET closed_at = NULL"), to),
        "erased": (lambda: _erase(app, clock), to),
    }
    kept = []
    for name, (make_so, where) in kinds.items():
        make_so()
        if name == "over":
            clock.forward(ALIAS_LIFE + DAY)
        take_in(app, email_of("Hello", subject=name.ljust(10)), [where.rjust(50)])
        ((size,),) = rows(app, "SELECT length(sealed) FROM inbound_mails")
        kept.append(size)
        work(app)
    assert len(set(kept)) == 1
    assert outcomes(app)["reply"] == 1
    assert sum(int(str(n)) for (n,) in rows(app, "SELECT number FROM inbound_counts")) == 6
    assert rows(app, "SELECT number FROM inbound_counts WHERE outcome = 'nowhere'") != []


def _erase(app: Flask, clock: Clock) -> None:
    with app.app_context(), transaction() as session:
        ((signature_id,),) = session.execute(sql("SELECT id FROM signatures"))
        erasure.erase(session, dependencies_of(app).erasure_context, signature_id, at=clock())


AUTOMATIC = {
    "vacation": ("Auto-Submitted: auto-replied", "Away"),
    "notice": ("Auto-Submitted: auto-generated", "Your request 4711"),
    "list": ("Precedence: bulk", "News"),
    "outlook": ("X-Nothing: 1", "Automatic reply: Your email"),
    "german": ("X-Nothing: 1", "Abwesenheitsnotiz: Ihre Mail"),
    "arabic": ("X-Nothing: 1", "\u0631\u062f \u062a\u0644\u0642\u0627\u0626\u064a: x"),
    "challenge": ("X-Nothing: 1", "Please confirm your email address"),
    "receipt": ("Content-Type: multipart/report; report-type=disposition-notification", "Read: x"),
}


def test_programs_and_circles_are_stopped_and_counted(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    to = cora_wrote(app, client)
    for head, subject in AUTOMATIC.values():
        take_in(app, email_of("I am away.", head, subject=subject), [to], "hr@x.example")
    take_in(app, email_of("I am away."), [to], "")  # no envelope sender: a program's
    work(app)
    assert outcomes(app) == {"auto_reply": len(AUTOMATIC) + 1}
    take_in(app, email_of("x", *["Received: by x"] * 41), [to])
    for _ in range(MOST_A_DAY + 2):
        take_in(app, email_of("once more"), [to])
    work(app)
    assert outcomes(app) == {
        "auto_reply": len(AUTOMATIC) + 1,
        "loop": 1,
        "reply": MOST_A_DAY,
        "too_many": 2,
    }
    assert len(to_cora(app)) == MOST_A_DAY
    ((answered,),) = rows(
        app, "SELECT messages FROM message_counts WHERE step = 'answered' AND dimension = 'total'"
    )
    assert answered == 1


def test_what_a_supporter_mails_goes_to_nobody(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    to = cora_wrote(app, client)
    take_in(app, email_of("Hello"), [to])
    work(app)
    (letter,) = to_cora(app)
    number = len(letters(app))
    take_in(app, email_of("My name is Cora", author=f"Cora <{CORA.upper()}>"), [to])
    other = email_of("I am Cora", f"In-Reply-To: {letter['Message-ID']}", author="c@work.example")
    take_in(app, other, [to])
    work(app)
    assert outcomes(app) == {"reply": 1, "own": 2}
    (told,) = letters(app)[number:]
    assert told["Subject"] == "Your email was not passed on"
    assert told["To"] == CORA
    assert "/answer?reply=" in text_of(told)
    clock.forward(DAY + timedelta(minutes=1))
    take_in(app, other, [to])
    work(app)
    assert len(letters(app)) == number + 2


def answer_link(letter: EmailMessage) -> tuple[str, str]:
    """The page of one's own, and the reply, of the link in a letter."""
    link, _, reply = my_link(letter).partition("/answer?reply=")
    return link, reply


def test_an_answer_is_written_on_a_page_and_goes_as_a_message(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    to = cora_wrote(app, client)
    take_in(app, email_of("Which warehouse?", subject="Your email"), [to])
    work(app)
    link, reply = answer_link(to_cora(app)[0])
    page = client.get(f"{link}/answer?reply={reply}").get_data(as_text=True)
    assert "Which warehouse?" in page
    assert 'value="Re: Your email"' in page
    form = {"reply": reply, "answer_subject": "Re: Your email", "answer_body": "I say: <all>."}
    wrong = client.post(f"{link}/answer/preview", data=form | {"answer_body": ""})
    assert wrong.status_code == 422
    shown = client.post(f"{link}/answer/preview", data=form).get_data(as_text=True)
    assert "I say: &lt;all&gt;." in shown
    assert "Cora Lindqvist via" in shown
    again = client.post(f"{link}/answer/edit", data=form).get_data(as_text=True)
    assert "I say: &lt;all&gt;." in again
    assert client.post(f"{link}/answer", data=form).status_code == 303
    assert client.post(f"{link}/answer", data=form).status_code == 404  # once
    for other in ("", "x", "1", "9" * 30):
        assert client.get(f"{link}/answer?reply={other}").status_code == 404
    assert "Your answer is on its way" in client.get(f"{link}?done=answered").get_data(as_text=True)
    work(app)
    sent = [each for each in to_targets(app) if each["Subject"] == "Re: Your email"]
    assert [each.get_content().strip() for each in sent] == ["I say: <all>."]
    assert sent[0]["To"] == to_targets(app)[0]["To"]
    assert CORA not in sent[0].as_string()
    assert rows(app, "SELECT sum(messages) FROM message_hours") == [(2,)]  # of the target's cap
    assert rows(
        app, "SELECT messages FROM message_counts WHERE step = 'sent' AND dimension = 'total'"
    ) == [(1,)]
    # The conversation goes on at the answer's own alias.
    take_in(app, email_of("Thanks", subject="Fine"), [alias(app, -1)])
    work(app)
    assert len(to_cora(app)) == 2
    page = client.get(link).get_data(as_text=True)
    for there in ("Which warehouse?", "I say: &lt;all&gt;.", "Thanks", "Your answer to"):
        assert there in page
    copy = json.loads(client.post(f"{link}/download", data={"download": "json"}).data)
    first, then = sorted(copy["messages"], key=lambda each: each["is_answer"])
    assert (first["is_answer"], then["is_answer"]) == (False, True)
    assert first["replies"][0]["body"] == "Which warehouse?"
    kinds = [each["kind"] for each in copy["letters"]]
    assert kinds.count("reply") == 2
    # It is closed, then deleted with all that hangs on it.
    ((begun,),) = rows(app, "SELECT id FROM messages WHERE NOT is_answer")
    assert client.post(f"{link}/close-message", data={"message": str(begun)}).status_code == 303
    take_in(app, email_of("Hello?"), [to])
    work(app)
    assert len(to_cora(app)) == 2
    client.post(f"{link}/delete-message", data={"message": str(begun)})
    for table in ("messages", "replies", "message_answers"):
        assert rows(app, f"SELECT count(*) FROM {table}") == [(0,)], table
    assert to_cora(app) == []  # the files of the letters, too


def test_texts_of_replies_are_sealed_rotated_deleted_and_erased(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    to = cora_wrote(app, client)
    take_in(app, email_of("a very secret answer"), [to])
    sealed = bytes(rows(app, "SELECT sealed FROM inbound_mails")[0][0])  # type: ignore[call-overload]
    assert b"secret" not in sealed
    deps = dependencies_of(app)
    with app.app_context():
        rotation.add_key(deps.vault, deps.settings.vault_key_file, reading)
        assert sum(rotation.reseal(deps.vault, transaction)) == 3
    work(app)
    assert outcomes(app) == {"reply": 1}
    assert rows(app, "SELECT count(*) FROM inbound_mails") == [(0,)]
    clock.forward(timedelta(days=29))
    with app.app_context():
        with reading() as session:
            steps = retention.due(session, deps.erasure_context, at=clock())
        due = {each.kind: each.number for each in steps}
        assert due[retention.Kind.MESSAGE_TEXTS] == 2
        list(retention.run(reading, transaction, deps.erasure_context, at=clock()))
    assert rows(app, "SELECT count(*) FROM replies WHERE sealed IS NULL") == [(1,)]
    _erase(app, clock)
    assert rows(app, "SELECT count(*) FROM replies") == [(0,)]
    assert rows(app, "SELECT count(*) FROM letters WHERE reply_id IS NOT NULL") == [(0,)]
