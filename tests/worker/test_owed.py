"""Who gets which letter, who gets none, and what none may hold: from the form to the mailbox."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from petition.cli.worker import make_worker
from petition.domain.letters.letter import CONFIRM, DATA, REMINDER, THANKS
from petition.domain.letters.recipient import Recipient
from petition.domain.tokens import CONFIRM_LIFE
from petition.mail.ready_letter import ReadyLetter
from petition.mail.transport import FolderTransport
from petition.services.privacy import rights, withdrawals
from petition.store.campaigns import target_domains
from petition.store.db import transaction
from petition.store.letters import outbox, outbox_files
from petition.store.letters.outbox import NewLetter
from petition.store.privacy import blocks
from petition.web.http.dependencies import dependencies_of
from tests import people
from tests.conftest import Clock
from tests.factories import change, confirm, entries, keep, letters as sent, rows, the_call, work
from tests.mail.written import part
from tests.people import Form
from tests.rights import key_of

ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def _owe(app: Flask, kind: str, place: int = 0) -> None:
    """A letter of that kind about the form in that place."""
    entry_id = entries(app)[place]
    with app.app_context(), transaction() as session:
        owed = NewLetter(kind=kind, to=Recipient.entry(entry_id), due_at=dependencies_of(app).now())
        outbox.enqueue(session, [owed])


def _all(app: Flask) -> list[tuple[object, ...]]:
    return rows(app, "SELECT kind, state FROM letters ORDER BY id")


def _charged(app: Flask) -> int:
    return sum(int(str(number)) for (number,) in rows(app, "SELECT letters FROM mailboxes"))


def _subjects(app: Flask) -> list[str]:
    return [str(letter["Subject"]) for letter in sent(app)]


@pytest.fixture
def begin(app: Flask) -> Callable[..., None]:
    """begin(form): the form is sent in and its letter goes out; its owner may confirm."""

    def begin(form: Form = people.ben, *, and_confirm: bool = False) -> None:
        keep(app, the_call(app), form)
        work(app)
        if and_confirm:
            confirm(app, entries(app)[-1])
            work(app)

    return begin


# --- one way through, letter by letter ------------------------------------------------------------

WAY = (
    "Please confirm your email address",
    "Still to confirm: your email address",
    "Thank you",
    "Your email address is confirmed already",
    "The link that was asked for",
)


def _whole_way(app: Flask, clock: Clock, form: Form, work: Callable[[Flask], object]) -> None:
    """Signs, forgets, is reminded, confirms, signs again, and asks what is held: five letters."""
    keep(app, the_call(app), form)
    work(app)
    clock.forward(timedelta(days=3, hours=2))
    work(app)
    confirm(app, entries(app)[0])
    work(app)
    clock.forward(timedelta(days=1))
    keep(app, the_call(app), form)
    work(app)
    clock.forward(timedelta(days=1))
    _owe(app, DATA)
    work(app)


def test_each_letter_in_its_turn(app: Flask, clock: Clock) -> None:
    _whole_way(app, clock, people.ben, work)
    assert _subjects(app) == list(WAY)
    assert {state for _, state in _all(app)} == {"sent"}


@ONLY_SQLITE
def test_nothing_in_any_letter_comes_from_the_form(app: Flask, clock: Clock) -> None:
    """Not even in those to a mailbox that has confirmed: another form may be somebody else's."""
    form = people.mallory | {
        "given_name": "Qwertz",
        "family_name": "Asdfgh",
        "postcode": "YXCV1",
        "comment": "Visit evil dot example now",
        "source": "mallorysource",
        "utm_source": "malloryutm",
    }
    _whole_way(app, clock, form, work)
    for letter, subject in zip(sent(app), WAY, strict=True):
        assert str(letter["Subject"]) == subject
        texts = [part(letter, "plain"), part(letter, "html"), *map(str, letter.values())]
        whole = "\n".join(texts).casefold()
        for name in ("given_name", "family_name", "postcode", "comment", "source", "utm_source"):
            assert form[name].casefold() not in whole, (subject, name)
        assert whole.count(form["email"]) == 1  # as the recipient, and nowhere else
        assert str(letter["To"]) == form["email"]


@ONLY_SQLITE
def test_each_letter_crosses_a_real_server_whole(
    app: Flask, clock: Clock, smtp_server: Any, worker_to: Any
) -> None:
    raw: list[bytes] = []
    smtp_server.handler.at_data = lambda envelope: raw.append(envelope.content)
    _whole_way(app, clock, people.amina, lambda _: worker_to(smtp_server.smtp).once())
    there = [taken.message for taken in smtp_server.handler.taken]
    assert [str(letter["Subject"]) for letter in there] == list(WAY)
    for letter, content in zip(there, raw, strict=True):
        headers, _, _ = content.partition(b"\r\n\r\n")
        assert max(map(len, content.split(b"\r\n"))) <= 998
        assert content.isascii()
        assert headers.count(b"Auto-Submitted: auto-generated\r\n") == 1
        assert re.search(rb"^Message-ID: <[0-9a-f]{32}@localhost>\r$", headers, re.MULTILINE)
        by_one_click = str(letter["Subject"]) in {WAY[1], WAY[2]}
        link = rb"^List-Unsubscribe: <http://127\.0\.0\.1:8000/unsubscribe/[\w.-]+>\r?$"
        post = rb"^List-Unsubscribe-Post: List-Unsubscribe=One-Click\r?$"
        assert [bool(re.search(each, headers, re.MULTILINE)) for each in (link, post)] == [
            by_one_click
        ] * 2
        for kind in ("plain", "html"):
            assert "http://127.0.0.1:8000/" in part(letter, kind)


# --- who gets none --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "comes"), [(CONFIRM, True), (DATA, True), (THANKS, False), (REMINDER, False)]
)
def test_who_unsubscribed_gets_what_they_ask_for_and_nothing_else(
    app: Flask, clock: Clock, begin: Any, kind: str, comes: bool
) -> None:
    begin(and_confirm=kind == THANKS)
    with transaction() as session:
        rights.unsubscribe(session, 1, at=clock())
    before = len(sent(app)), _charged(app)
    _owe(app, kind)
    work(app)
    assert (len(sent(app)), _charged(app)) == (before[0] + comes, before[1] + comes)
    assert _all(app)[-1] == (kind, "sent" if comes else "withheld")


def test_thanks_cost_the_mailbox_nothing(app: Flask, begin: Any) -> None:
    """Whoever fills in the form again and again cannot use up the thanks for its click."""
    begin()
    keep(app, the_call(app), people.ben)
    keep(app, the_call(app), people.ben)
    work(app)
    assert _charged(app) == 3  # as many as a day has
    confirm(app, entries(app)[0])
    work(app)
    assert _subjects(app)[-1] == "Thank you"
    assert _charged(app) == 3


@pytest.mark.parametrize("kind", [CONFIRM, REMINDER, DATA, THANKS])
def test_a_blocked_address_gets_none(app: Flask, clock: Clock, begin: Any, kind: str) -> None:
    begin(and_confirm=kind == THANKS)
    before = len(sent(app)), _charged(app)
    _owe(app, kind)
    ((key,),) = rows(app, "SELECT address_key FROM signatures")
    assert isinstance(key, bytes | memoryview)
    with transaction() as session:
        blocks.block(session, bytes(key), at=clock())
    work(app)
    assert (len(sent(app)), _charged(app)) == before
    assert _all(app)[-1] == (kind, "withheld")


@pytest.mark.parametrize("kind", [CONFIRM, REMINDER, DATA, THANKS])
def test_the_targets_own_mail_gets_none(app: Flask, begin: Any, kind: str) -> None:
    """Whatever the list said when the form came in."""
    begin(and_confirm=kind == THANKS)
    before = len(sent(app)), _charged(app)
    _owe(app, kind)
    with transaction() as session:
        target_domains.put_on(session, the_call(app).id, people.ben["email"].partition("@")[2])
    work(app)
    assert (len(sent(app)), _charged(app)) == before
    assert _all(app)[-1] == (kind, "withheld")


def test_a_link_that_has_ended_is_not_sent(app: Flask, clock: Clock) -> None:
    """The mail server was away for a week; the form is about to be deleted."""
    keep(app, the_call(app), people.ben)
    clock.forward(CONFIRM_LIFE)
    made = make_worker(app, threading.Event())
    assert made.send_batch() == 1  # and none of its maintenance
    assert _all(app) == [(CONFIRM, "withheld")]
    assert _charged(app) == 0


def test_who_confirmed_long_ago_is_told_so_at_any_time(
    app: Flask, clock: Clock, begin: Any
) -> None:
    begin(and_confirm=True)
    clock.forward(CONFIRM_LIFE * 3)
    _owe(app, CONFIRM)
    work(app)
    assert _subjects(app)[-1] == "Your email address is confirmed already"


def test_a_withdrawn_one_who_signs_again_confirms_anew(
    app: Flask, clock: Clock, begin: Any
) -> None:
    begin(and_confirm=True)
    with transaction() as session:
        assert withdrawals.withdraw(session, 1, at=clock())
    clock.forward(timedelta(hours=1))
    begin()
    assert _subjects(app)[-1] == "Please confirm your email address"


# --- while a letter is on its way -----------------------------------------------------------------


def test_what_changed_since_it_was_claimed_counts(
    app: Flask, smtp_server: Any, worker_to: Any, clock: Clock
) -> None:
    """Four letters of one batch; while the first goes out, three people do something."""
    call = the_call(app)
    for number in range(4):
        keep(app, call, people.someone(number))
    ids = entries(app)

    def meanwhile(envelope: Any) -> None:
        if envelope.rcpt_tos == ["person.0@example.org"]:
            confirm(app, ids[1])
            change(app, "DELETE FROM letters WHERE entry_id = :id", id=ids[2])
            with app.app_context(), transaction() as session:
                blocks.block(session, key_of(app, 4), at=clock())

    smtp_server.handler.at_data = meanwhile
    assert worker_to(smtp_server.smtp).send_batch() == 4
    assert [
        (taken.recipients[0], taken.message["Subject"]) for taken in smtp_server.handler.taken
    ] == [
        ("person.0@example.org", "Please confirm your email address"),
        ("person.1@example.org", "Your email address is confirmed already"),
    ]
    assert [state for kind, state in _all(app) if kind == CONFIRM] == ["sent", "sent", "withheld"]


@pytest.mark.parametrize("removed_first", [True, False])
def test_a_letter_erased_on_its_way_leaves_no_file(
    app: Flask, monkeypatch: pytest.MonkeyPatch, removed_first: bool
) -> None:
    """Whether who erases looks into the folder before its file is there, or after."""
    for number in range(2):
        keep(app, the_call(app), people.someone(number))
    deps = dependencies_of(app)
    send = FolderTransport.send

    def send_while_it_is_erased(folder: FolderTransport, letter: ReadyLetter) -> None:
        if "person.1" not in letter.to:
            send(folder, letter)
            return
        ((letter_id,),) = rows(app, "SELECT max(id) FROM letters")
        if not removed_first:
            send(folder, letter)
        change(app, "DELETE FROM letters WHERE id = :id", id=letter_id)
        outbox_files.remove(deps.settings, [int(str(letter_id))])
        if removed_first:
            send(folder, letter)

    monkeypatch.setattr(FolderTransport, "send", send_while_it_is_erased)
    work(app)
    assert [str(letter["To"]) for letter in sent(app)] == ["person.0@example.org"]
    assert len(list(deps.settings.outbox_dir.iterdir())) == 1
