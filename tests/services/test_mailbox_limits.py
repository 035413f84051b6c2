"""One mailbox, however it is spelled: three letters a day, five ever, one click stops them all."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.cli.worker import make_worker
from petition.domain import tokens
from petition.services.letters import link_requests, screening
from petition.services.privacy import rights as privacy_rights
from petition.store.db import reading, transaction
from petition.web.http.dependencies import dependencies_of
from tests import people, rights
from tests.conftest import Clock
from tests.factories import change, confirm, entries, keep, rows, the_call, work
from tests.in_one_go import keep_all
from tests.worlds import Worlds

pytestmark = pytest.mark.slow

DAY = timedelta(hours=25)
VICTIM = "victim@own.example"
BLOCKED = (
    "INSERT INTO mailbox_blocks (mailbox_key, blocked_at) "
    "SELECT mailbox_key, created_at FROM signatures LIMIT 1"
)


def spelled(number: int, email: str = VICTIM) -> people.Form:
    """The victim, by the number's tag; one in three in capitals."""
    local, _, domain = email.partition("@")
    address = f"{local}+{number}@{domain}"
    return people.someone(number, email=address.upper() if number % 3 == 0 else address)


def sent(app: Flask) -> int:
    return len(rows(app, "SELECT 1 FROM letters WHERE state = 'sent'"))


def test_twelve_tags_of_one_mailbox_are_one_mailbox(app: Flask, clock: Clock) -> None:
    call = the_call(app)
    keep_all(app, call, map(spelled, range(12)))
    work(app)
    assert sent(app) == 3
    assert len(rights.ids(app)) == 12, "they may be twelve people: twelve signatures"
    assert rows(app, "SELECT letters FROM mailboxes") == [(3,)]
    for _day in range(3):
        clock.forward(DAY)
        keep_all(app, call, map(spelled, range(12, 16)))
        work(app)
    assert sent(app) == 5


@pytest.fixture
def spent(app: Flask, clock: Clock, worlds: Worlds) -> None:
    """The victim has had three letters, and three more are owed."""
    worlds.enter(app, clock, "three_spent", lambda: _spend(app))


def _spend(app: Flask) -> None:
    call = the_call(app)
    keep_all(app, call, map(spelled, range(3)))
    work(app)
    keep_all(app, call, map(spelled, range(3, 6)))


def withheld_at_once(app: Flask, clock: Clock) -> int:
    with app.app_context(), transaction() as session:
        return screening.withhold_surplus(session, at=clock())


@pytest.mark.usefixtures("spent")
def test_what_a_mailbox_is_spared_anyway_lets_others_pass(app: Flask, clock: Clock) -> None:
    keep(app, the_call(app), people.someone(99))

    assert withheld_at_once(app, clock) == 3

    assert rows(app, "SELECT count(*) FROM letters WHERE state = 'owed'") == [(1,)]
    done = rows(app, "SELECT attempts, finished_at IS NULL FROM letters WHERE state = 'withheld'")
    assert done == [(0, False)] * 3
    assert withheld_at_once(app, clock) == 0
    work(app)
    assert sent(app) == 4, "the newcomer's went"


@pytest.mark.parametrize(
    ("change_of_it", "why"),
    [
        ("UPDATE mailboxes SET last_3_at = NULL", "it had two today"),
        ("UPDATE mailboxes SET last_3_at = '2020-01-01', letters = 4", "it had three long ago"),
        (
            "UPDATE mailboxes SET last_3_at = '2020-01-01', letters = 9, confirmed = true",
            "its owner confirmed",
        ),
        ("UPDATE letters SET admitted = true", "it is charged already"),
        ("UPDATE letters SET kind = 'thanks'", "what has no limit"),
        ("UPDATE letters SET due_at = '2999-01-01'", "not due yet"),
        ("UPDATE letters SET leased_until = '2999-01-01'", "another worker has it"),
        ("UPDATE signatures SET keyed_by = 'before'", "the table reads it otherwise"),
        (
            BLOCKED,
            "a blocked one's form is to be emptied",
        ),
        ("UPDATE letters SET state = 'failed' WHERE state = 'owed'", "it is over"),
    ],
)
@pytest.mark.usefixtures("spent")
def test_what_may_go_or_needs_a_look_is_left(
    app: Flask, clock: Clock, change_of_it: str, why: str
) -> None:
    change(app, change_of_it)

    assert withheld_at_once(app, clock) == 0, why


@pytest.mark.usefixtures("spent")
def test_five_ever_are_withheld_at_once_too(app: Flask, clock: Clock) -> None:
    change(app, "UPDATE mailboxes SET last_3_at = '2020-01-01', letters = 5")

    assert withheld_at_once(app, clock) == 3


def test_a_worker_with_a_long_queue_lets_a_newcomer_pass(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_queue, batch = 3, 5
    monkeypatch.setattr("petition.worker.loop.BATCH", batch)
    monkeypatch.setattr("petition.worker.loop.LONG_QUEUE", long_queue)
    forms = [*map(spelled, range(batch * (long_queue + 2))), people.someone(9_999)]
    keep_all(app, the_call(app), forms)
    with app.app_context():
        worker = make_worker(app, threading.Event())
        for _ in range(long_queue + 1):
            worker.send_batch()

    assert sent(app) == 4
    assert rows(app, "SELECT count(*) FROM letters WHERE state = 'owed'") == [(0,)]


LOOK_ALIKE = (
    "\uff56\uff49\uff43\uff54\uff49\uff4d",  # full width
    "vict\uff49m",
    "\u24e5ictim",  # in a circle
    "\U0001d42fictim",  # bold, of mathematics
    "vic\uff54im\uff0bcall",  # with a plus of full width
)


def test_letters_that_only_look_other_share_the_limits(app: Flask) -> None:
    for number, local in enumerate(("victim", *LOOK_ALIKE)):
        keep(app, the_call(app), people.someone(number, email=f"{local}@own.example"))
    work(app)
    assert sent(app) == 3
    assert rows(app, "SELECT letters FROM mailboxes") == [(3,)]
    assert len(rights.ids(app)) == 1 + len(LOOK_ALIKE), "not surely one person"


@pytest.mark.parametrize("local", LOOK_ALIKE)
def test_a_block_from_before_such_letters_were_one_still_holds(
    app: Flask, clock: Clock, local: str
) -> None:
    """Its row has the key of the letters as they were typed, without the tag of those days."""
    key = dependencies_of(app).vault.address_key(f"{local.casefold()}@own.example")
    change(
        app,
        "INSERT INTO mailbox_blocks (mailbox_key, blocked_at) VALUES (:k, :at)",
        k=key,
        at=f"{clock():%Y-%m-%d %H:%M:%S}",
    )
    keep(app, the_call(app), people.someone(1, email=f"{local}+7@own.example"))
    work(app)
    assert sent(app) == 0
    keep(app, the_call(app), people.someone(2, email="other@own.example"))
    work(app)
    assert sent(app) == 1


def test_over_all_campaigns(app: Flask, tmp_path: Path) -> None:
    rights.another_call(app, tmp_path)
    for number in range(4):
        for slug in ("amazon", "other"):
            keep(app, the_call(app, slug=slug), spelled(number))
    work(app)
    assert sent(app) == 3


def test_who_asks_for_a_link_by_a_tag_is_counted_too(app: Flask, clock: Clock) -> None:
    call = the_call(app)
    for number in range(4):
        keep(app, call, spelled(number))
    work(app)
    for id_ in rights.ids(app):
        with transaction() as session:
            link_requests.request_link(
                session,
                call.id,
                rights.key_of(app, id_),
                link_requests.DATA,
                sender=None,
                at=clock(),
            )
    work(app)
    assert sent(app) == 3


def test_other_mailboxes_are_not_counted_along(app: Flask) -> None:
    call = the_call(app)
    for number in range(4):
        keep(app, call, spelled(number))
    for email in ("victim-1@own.example", "vic.tim@own.example", "victim@own.example.org"):
        keep(app, call, people.someone(9, email=email))
    work(app)
    assert sent(app) == 6


def test_its_owner_who_confirms_by_a_tag_has_no_limit_for_ever(app: Flask, clock: Clock) -> None:
    call = the_call(app)
    keep(app, call, spelled(1))
    work(app)
    confirm(app, entries(app)[0])
    assert rows(app, "SELECT confirmed FROM mailboxes") in ([(True,)], [(1,)])
    for _day in range(3):
        clock.forward(DAY)
        for number in range(10, 14):
            keep(app, call, spelled(number))
        work(app)
    assert sent(app) > 8, "three a day go on"


# --- the one click --------------------------------------------------------------------------------


@pytest.fixture
def stop(app: Flask, clock: Clock, worlds: Worlds) -> str:
    """The link in the letter to one tag."""
    return worlds.enter(app, clock, "one_tag_was_written_to", lambda: _write_to_one(app))


def _write_to_one(app: Flask) -> str:
    keep(app, the_call(app), spelled(7))
    work(app)
    return rights.newest(app, "stop")


def test_it_stops_all_tags_and_campaigns_for_good(
    app: Flask, client: FlaskClient, stop: str, tmp_path: Path, clock: Clock
) -> None:
    rights.another_call(app, tmp_path)
    client.post(stop)
    assert rights.ids(app) == []
    before = sent(app)
    for _year in range(3):
        for slug in ("amazon", "other"):
            for email in (VICTIM, "VICTIM+a@Own.Example", "victim+b+c@own.example"):
                keep(app, the_call(app, slug=slug), people.someone(1, email=email))
        work(app)
        clock.forward(timedelta(days=300))
    assert sent(app) == before
    assert "This address is blocked here" in client.get(stop).get_data(as_text=True)
    for sealed, id_, number in rows(app, "SELECT sealed, id, key_number FROM entries"):
        vault = dependencies_of(app).vault
        assert vault.open(bytes(sealed), id_, number).email == ""  # type: ignore[call-overload, arg-type]


def test_what_waited_elsewhere_goes_and_what_was_confirmed_stays(
    app: Flask, client: FlaskClient, stop: str, tmp_path: Path, clock: Clock
) -> None:
    rights.another_call(app, tmp_path)
    other = the_call(app, slug="other")
    keep(app, other, spelled(1))
    keep(app, other, spelled(2))
    keep(app, the_call(app), spelled(8))
    confirm(app, entries(app)[1])
    client.post(stop)
    (left,) = rights.ids(app)
    assert rights.state(app, left) == "confirmed"
    page = client.get(stop).get_data(as_text=True)
    assert "What you confirmed yourself for other petitions here is still there." in page


@pytest.mark.parametrize("when", ["at once", "later"])
def test_unless_its_owner_says_so(
    app: Flask, client: FlaskClient, tmp_path: Path, when: str
) -> None:
    """Of the same address, that is: a tag that somebody else may own takes nothing along."""
    rights.another_call(app, tmp_path)
    keep(app, the_call(app, slug="other"), people.someone(1, email=VICTIM))
    keep(app, the_call(app, slug="other"), spelled(3))
    for entry in entries(app):
        confirm(app, entry)
    keep(app, the_call(app), people.someone(1, email=VICTIM))
    work(app)
    link = rights.newest(app, "stop")
    if when == "later":
        client.post(link)
        assert len(rights.ids(app)) == 2
        client.post(f"{link}/everywhere")
    else:
        client.post(link, data={"everywhere": "yes"})
    (left,) = rights.ids(app)
    assert rights.key_of(app, left) != dependencies_of(app).vault.address_key(VICTIM)
    work(app)
    assert rights.counted(app, "other")["total", ""] == 1


def test_lifted_it_may_be_written_to_again(app: Flask, client: FlaskClient, stop: str) -> None:
    client.post(stop)
    keep(app, the_call(app), spelled(3))
    work(app)
    client.post(f"{stop}/lift")
    assert rights.ids(app) == [], "what came in meanwhile does not come back"
    before = sent(app)
    keep(app, the_call(app), spelled(4))
    work(app)
    assert sent(app) == before + 1


def test_a_link_from_before_names_the_address_alone_and_works(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    keep(app, the_call(app), people.someone(1, email=VICTIM))
    work(app)
    key, campaign = rights.key_of(app), the_call(app).id
    deps = dependencies_of(app)
    value = f"{campaign}-{key.hex()}-en"
    old = deps.tokens.sign(tokens.STOP, value, expires=clock() + timedelta(days=9))
    assert client.post(f"/stop/{old}").status_code == 303
    assert rights.ids(app) == []
    before = sent(app)
    keep(app, the_call(app), spelled(2))
    work(app)
    assert sent(app) == before, "the address is the mailbox's own: its tags are stopped, too"


def test_an_old_link_of_a_tag_stops_the_mailbox_before_it_was_keyed_anew(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """As this version finds it after the migration: neither link nor row names the mailbox."""
    keep(app, the_call(app), spelled(1))
    work(app)
    change(app, "UPDATE signatures SET mailbox_key = NULL, keyed_by = NULL")
    value = f"{the_call(app).id}-{rights.key_of(app).hex()}-en"
    deps = dependencies_of(app)
    old = deps.tokens.sign(tokens.STOP, value, expires=clock() + timedelta(days=9))
    client.post(f"/stop/{old}")
    before = sent(app)
    keep(app, the_call(app), spelled(2))
    work(app)
    assert sent(app) == before
    client.post(f"/stop/{old}/lift")
    assert rows(app, "SELECT * FROM mailbox_blocks") == []


def test_an_old_copy_of_the_database_blocks_it_again(
    app: Flask, client: FlaskClient, stop: str, clock: Clock
) -> None:
    client.post(stop)
    change(app, "DELETE FROM mailbox_blocks")
    work(app)  # a worker that starts reads the journal
    before = sent(app)
    keep(app, the_call(app), spelled(5))
    work(app)
    assert sent(app) == before
    clock.forward(timedelta(seconds=1))
    client.post(f"{stop}/lift")
    work(app)
    assert rows(app, "SELECT * FROM mailbox_blocks") == []


def test_the_data_page_counts_the_letters_of_the_mailbox(app: Flask, clock: Clock) -> None:
    keep(app, the_call(app), spelled(1))
    keep(app, the_call(app), spelled(2))
    work(app)
    (first, *_) = rights.ids(app)
    with reading() as session:
        held = privacy_rights.find(session, first)
    assert held.mailbox.letters == 2


def test_the_last_tag_that_is_erased_takes_the_limits_along(app: Flask) -> None:
    keep(app, the_call(app), spelled(1))
    keep(app, the_call(app), spelled(2))
    work(app)
    rights.erase(app, 1)
    assert rows(app, "SELECT count(*) FROM mailboxes") == [(1,)]
    rights.erase(app, 2)
    assert rows(app, "SELECT count(*) FROM mailboxes") == [(0,)]
