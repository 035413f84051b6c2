"""The drill `bounces`: what it reads in the table of flufl.bounce, and what it calls a bounce."""

from __future__ import annotations

import io
import tarfile
from email.message import Message
from pathlib import Path
from unittest.mock import patch

import pytest

from drills.bounces import CONTROLS, Sample, Told, findings, read_samples, told_by
from petition.mail.inbound import reports

TABLE = """\
import a_thing_that_nobody_has
DATA = (
    ('one', 'gone.txt', [b'Ana@example.org']),
    ('other', 'gone.txt', []),
    ('one', 'late.txt', [b'bo@example.org'], True),
    ('one', 'reply.txt', []),
)
"""
GONE = b"""\
From: Mail Delivery System <mailer-daemon@example.org>
To: us@example.org
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

It failed.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; ana@example.org
Action: failed
Status: 5.1.1

--b--
"""
LATE = b"""\
From: mailer-daemon@example.org
To: us@example.org
Subject: Warning

It has not yet been delivered:

  bo@example.org

No action is required on your part.
"""
REPLY = b"From: postmaster@example.org\nTo: us@example.org\nSubject: Away\n\nBack on Monday.\n"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "source.tar.gz"
    files = {"testing/helpers.py": TABLE.encode(), "tests/data/gone.txt": GONE}
    files |= {"tests/data/late.txt": LATE, "tests/data/reply.txt": REPLY}
    with tarfile.open(path, "w:gz") as source:
        for name, content in files.items():
            member = tarfile.TarInfo(f"flufl.bounce/{name}")
            member.size = len(content)
            source.addfile(member, io.BytesIO(content))
    return path


def test_the_table_is_read_and_not_run() -> None:
    assert told_by(TABLE) == {
        "gone.txt": Told(for_good=frozenset({"ana@example.org"})),
        "late.txt": Told(for_now=frozenset({"bo@example.org"})),
        "reply.txt": Told(),
    }


def test_what_the_door_takes_rightly_is_green(archive: Path) -> None:
    samples = [*read_samples(archive)]
    assert [(each.name, each.is_bounce) for each in samples] == [
        ("gone.txt", True),
        ("late.txt", True),
        ("reply.txt", False),
    ]
    assert [*findings(samples)] == []


@pytest.mark.parametrize(
    ("control", "name", "wrong"),
    [
        ("any-daemon", "reply.txt", "no bounce, taken for one"),
        ("no-delays", "late.txt", "a delay, taken for"),
        ("sees-nothing", "gone.txt", "a bounce that is not seen"),
    ],
)
def test_each_control_is_red(archive: Path, control: str, name: str, wrong: str) -> None:
    samples = [*read_samples(archive)]
    with patch.object(reports, "_failures", CONTROLS[control]):
        found = [*findings(samples)]
    assert any(each.startswith(name) and wrong in each for each in found), found


def test_a_report_of_failure_is_a_bounce_whatever_the_table_says() -> None:
    assert Sample("gone.txt", GONE, Told()).is_bounce
    assert not Sample("reply.txt", REPLY, Told()).is_bounce


def test_what_is_not_found_is_told_with_its_name(archive: Path) -> None:
    samples = [*read_samples(archive)]

    def other(_: Message) -> tuple[frozenset[bytes], frozenset[bytes]]:
        return frozenset(), frozenset({b"cy@example.org"})

    with patch.object(reports, "_failures", other):
        found = [*findings(samples)]
    assert "gone.txt, sender '': addresses not found: ana@example.org" in found
