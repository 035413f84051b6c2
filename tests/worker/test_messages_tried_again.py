"""One email to several targets, to some of which the server says "not now": those get it later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import flask_migrate
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from petition.config import resource_dir
from petition.domain.letters.bounce import BounceClass, BounceReport
from petition.domain.messages import pacing
from petition.domain.messages.targets import Leaving
from petition.services.letters import bounces, provider_watch
from petition.services.messages import parked, queue_figures, targets
from petition.services.messages.queue_figures import Look
from petition.services.messages.targets import Which
from petition.store.db import reading, transaction
from petition.store.letters.provider_pauses import Tally
from petition.store.tables import Letter
from petition.web.http.dependencies import dependencies_of
from petition.worker.loop import Worker
from petition.worker.messages import LEASE, MessageSender
from tests import rights
from tests.conftest import Clock
from tests.factories import change, rows, text_of
from tests.messages import KEYS, my_link, recipients, states, together, write_to
from tests.smtp_server import SmtpServer, Taken
from tests.worlds import Worlds

pytestmark = pytest.mark.slow

FIRST, SECOND, THIRD = KEYS
AN_HOUR = timedelta(hours=1)
LATER, NEVER = "451 4.2.1 later", "550 5.1.1 nobody"


@dataclass
class Joint:
    """Cora's one email to all three targets, with a server that answers as it is told."""

    app: Flask
    clock: Clock
    server: SmtpServer
    worker: Worker
    answers: dict[str, str] = field(default_factory=dict)
    """By a target's key; who is not in it is accepted."""

    def go(self, *, rounds: int = 3, apart: timedelta = timedelta(minutes=20)) -> None:
        for _ in range(rounds):
            self.clock.forward(apart)
            self.worker.once()

    @property
    def taken(self) -> list[Taken]:
        """What went to targets."""
        return [each for each in self.server.handler.taken if each.message["Reply-To"]]

    @property
    def went_to(self) -> list[list[str]]:
        """The targets that each was handed over for."""
        return [[to.partition("@")[0] for to in each.recipients] for each in self.taken]

    def numbers(self, state: str) -> list[int | None]:
        """How many messages are so at each target, as staff see it."""
        with reading() as session:
            look = Look(in_tens=False, provider_cap=120)
            found = queue_figures.of_campaign(session, "amazon", look, at=self.clock())
        return [each.states[state] for each in found]

    def counted(self) -> list[int]:
        """What stands against the cap of each target."""
        found = rows(
            self.app,
            "SELECT (SELECT coalesce(sum(messages), 0) FROM message_hours WHERE target_id = id)"
            " FROM message_targets ORDER BY id",
        )
        return [int(str(number)) for (number,) in found]

    def letter(self) -> tuple[object, ...]:
        (found,) = rows(self.app, "SELECT state, attempts FROM letters WHERE message_id > 0")
        return found

    def to_its_time(self) -> None:
        """The clock goes on to when it is due."""
        with reading() as session:
            due = session.scalars(select(Letter.due_at).where(Letter.message_id > 0)).one()
        self.clock.at = max(due, self.clock.at)

    def own_page(self, client: FlaskClient) -> str:
        link = next(
            my_link(each.message)
            for each in self.server.handler.taken
            if "/my/" in text_of(each.message)
        )
        return client.get(link).get_data(as_text=True)


@pytest.fixture
def joint(
    app: Flask,
    client: FlaskClient,
    clock: Clock,
    smtp_server: SmtpServer,
    worker_to: Callable[..., Worker],
    worlds: Worlds,
) -> Joint:
    """It is written, and given its time; the next round of the worker hands it over."""
    found = Joint(app, clock, smtp_server, worker_to(smtp_server.smtp))
    smtp_server.handler.at_recipient = lambda to: found.answers.get(to.partition("@")[0])

    def written() -> list[Taken]:
        together(app)
        clock.at = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)  # in their office hours
        write_to(app, client, cora=KEYS)
        found.worker.once()
        clock.forward(pacing.SPREAD)
        return [*smtp_server.handler.taken]

    smtp_server.handler.taken[:] = worlds.enter(app, clock, "cora_wrote_to_all", written)
    return found


def test_it_comes_later_to_that_one_alone_as_the_others_have_it(
    client: FlaskClient, joint: Joint
) -> None:
    joint.answers = {FIRST: LATER, THIRD: NEVER}
    joint.worker.once()
    assert states(joint.app) == {"sent": 1}
    assert joint.went_to == [[SECOND]]
    assert joint.letter() == ("owed", 1)
    assert joint.counted() == [0, 1, 1], "nothing was handed over to the first"
    assert [joint.numbers(each) for each in ("queued", "sent", "bounced")] == [
        *([1, 0, 0], [0, 1, 0], [0, 0, 1])
    ]
    page = joint.own_page(client)
    assert "These do not have it yet, and it is tried again for them alone" in page
    joint.go()
    assert joint.went_to == [[SECOND]]
    assert joint.letter() == ("owed", 3)
    joint.answers = {}
    joint.go(apart=AN_HOUR)
    assert joint.went_to == [[SECOND], [FIRST]]
    first, again = joint.taken
    assert again.content == first.content
    assert again.sender == first.sender
    assert recipients(again.message) == [*KEYS]
    assert joint.letter()[0] == "sent"
    assert joint.counted() == [1, 1, 1]
    assert [joint.numbers(each) for each in ("queued", "sent", "bounced")] == [
        *([0, 0, 0], [1, 1, 0], [0, 0, 1])
    ]
    assert "tried again for them alone" not in joint.own_page(client)
    joint.go(rounds=5, apart=timedelta(hours=9))
    assert len(joint.taken) == 2
    assert rows(joint.app, "SELECT count(*) FROM message_deferrals") == [(0,)]


def test_who_says_not_now_for_days_is_noted_as_who_refused(joint: Joint) -> None:
    joint.answers = {FIRST: LATER, SECOND: LATER}
    joint.worker.once()
    joint.answers = {FIRST: LATER}
    joint.go(rounds=1)
    assert joint.went_to == [[THIRD], [SECOND]], "each as soon as its server takes it"
    for _ in range(40):  # tries, and nights between them
        if joint.letter()[0] != "owed":
            break
        joint.to_its_time()
        joint.worker.once()
    assert joint.letter() == ("failed", 10), "the same schedule as for one target"
    assert joint.went_to == [[THIRD], [SECOND]]
    assert states(joint.app) == {"sent": 1}
    assert [joint.numbers("sent"), joint.numbers("bounced")] == [[0, 1, 1], [1, 0, 0]]
    # Both others send it back as well: nobody has it.
    ((letter_id,),) = rows(joint.app, "SELECT id FROM letters WHERE message_id IS NOT NULL")
    those = frozenset(f"{key}@Amazon.example.org" for key in (SECOND, THIRD))
    said = BounceReport(kind=BounceClass.GONE, is_final=True, recipients=those)
    with transaction() as session:
        bounces.take(session, int(str(letter_id)), said, at=joint.clock())
    assert states(joint.app) == {"bounced": 1}


def test_the_last_try_of_all_ends_it_for_who_says_not_now(joint: Joint) -> None:
    joint.answers = {FIRST: LATER}
    change(joint.app, "UPDATE letters SET attempts = 9 WHERE message_id IS NOT NULL")
    joint.worker.once()
    assert joint.went_to == [[SECOND, THIRD]]
    assert joint.letter() == ("sent", 10)
    assert [joint.numbers("queued"), joint.numbers("bounced")] == [[0, 0, 0], [1, 0, 0]]


def test_a_report_counts_while_another_target_is_waited_for(joint: Joint) -> None:
    joint.answers = {FIRST: LATER}
    joint.worker.once()
    ((letter_id,),) = rows(joint.app, "SELECT id FROM letters WHERE message_id IS NOT NULL")
    those = frozenset(f"{key}@Amazon.example.org" for key in (SECOND, THIRD))
    said = BounceReport(kind=BounceClass.GONE, is_final=True, recipients=those)
    with transaction() as session:
        bounces.take(session, int(str(letter_id)), said, at=joint.clock())
    assert states(joint.app) == {"sent": 1}
    assert [joint.numbers("queued"), joint.numbers("bounced")] == [[1, 0, 0], [0, 1, 1]]
    joint.answers = {FIRST: NEVER}
    joint.go()
    assert states(joint.app) == {"bounced": 1}, "nobody has it"


def test_a_cut_after_the_last_dot_parks_it_for_that_one(client: FlaskClient, joint: Joint) -> None:
    joint.answers = {FIRST: LATER}
    joint.worker.once()
    joint.answers, joint.server.handler.drop_after_data = {}, True
    joint.go(rounds=2)
    joint.server.handler.drop_after_data = False
    joint.go(rounds=9, apart=timedelta(hours=9))
    assert joint.went_to == [[SECOND, THIRD], [FIRST]], "it is not sent again"
    assert states(joint.app) == {"sent": 1}
    assert [joint.numbers("parked"), joint.numbers("sent")] == [[1, 0, 0], [0, 1, 1]]
    assert joint.letter()[0] == "failed"
    assert "We do not know whether it reached these" in joint.own_page(client)
    arrived = Which(slug="amazon", key=FIRST, by="t")
    with transaction() as session:
        until = joint.clock()
        assert parked.were_sent(session, arrived, until=until, at=until) == 1
    assert [joint.numbers("parked"), joint.numbers("sent")] == [[0, 0, 0], [1, 1, 1]]


def test_a_worker_that_ends_in_the_middle_parks_it_for_that_one(joint: Joint) -> None:
    joint.answers = {FIRST: LATER}
    joint.worker.once()
    joint.answers = {}
    joint.clock.forward(timedelta(minutes=20))
    sender: MessageSender = joint.worker._messages
    (letter,) = sender._claim()
    with transaction() as session:
        assert sender._take(session, letter) is not None
    assert joint.numbers("queued") == [1, 0, 0]
    joint.clock.forward(LEASE)  # killed here, with the letter perhaps sent
    joint.go(apart=AN_HOUR)
    assert joint.went_to == [[SECOND, THIRD]]
    assert joint.numbers("parked") == [1, 0, 0]
    # Staff know better: it goes once more, and to nobody who has it.
    again = Which(slug="amazon", key=FIRST, by="t")
    with transaction() as session:
        until = joint.clock()
        assert parked.send_again(session, again, until=until, at=until) == 1
    joint.clock.at = datetime(2026, 11, 3, 18, 0, tzinfo=UTC)
    joint.go()
    assert joint.went_to == [[SECOND, THIRD], [FIRST]]
    assert joint.taken[0].content == joint.taken[1].content


def move(app: Flask, key: str, domain: str) -> None:
    """The target's mailbox is at that mail provider."""
    email = f"{key}@{domain}"
    change(app, "UPDATE message_targets SET email = :email WHERE key = :key", email=email, key=key)


def block(joint: Joint, domain: str) -> None:
    """A mail provider blocks us, and gets nothing for an hour."""
    minute, vault = joint.clock().replace(second=0), dependencies_of(joint.app).vault
    seen = {(domain, minute): Tally(letters=50, blocked=50)}
    with transaction() as session:
        assert provider_watch.note(session, vault, seen, at=joint.clock()) == [domain]


def test_it_waits_for_its_cap_its_provider_and_office_hours(joint: Joint) -> None:
    move(joint.app, FIRST, "one.example")
    joint.answers = {FIRST: LATER}
    joint.worker.once()
    joint.answers = {}
    change(joint.app, "UPDATE message_targets SET an_hour = 0 WHERE key = :key", key=FIRST)
    joint.go(rounds=5)
    change(joint.app, "UPDATE message_targets SET an_hour = 60 WHERE key = :key", key=FIRST)
    block(joint, "one.example")
    joint.go(rounds=2)
    joint.clock.at = datetime(2026, 11, 3, 6, 0, tzinfo=UTC)  # at night there
    joint.go(rounds=3, apart=AN_HOUR)
    assert joint.went_to == [[SECOND, THIRD]]
    assert joint.letter() == ("owed", 1), "waiting is not a try"
    assert joint.counted() == [0, 1, 1]
    joint.clock.at = datetime(2026, 11, 3, 20, 0, tzinfo=UTC)
    joint.go()
    assert joint.went_to == [[SECOND, THIRD], [FIRST]]
    assert joint.counted() == [1, 1, 1]


def test_none_goes_while_the_provider_of_one_of_them_is_paused(joint: Joint) -> None:
    move(joint.app, THIRD, "three.example")
    block(joint, "three.example")
    joint.go(rounds=2)
    assert states(joint.app) == {"queued": 1}
    joint.go(apart=AN_HOUR)
    assert joint.went_to == [[*KEYS]]


BLOCKED = "550 5.7.1 blocked"


@pytest.mark.parametrize(
    ("answers", "at_data", "noted"),
    [
        ({FIRST: BLOCKED, THIRD: LATER}, None, [(1, 1), (1, 0), (1, 0)]),
        ({FIRST: LATER, SECOND: BLOCKED, THIRD: BLOCKED}, None, [(1, 0), (1, 1), (1, 1)]),
        ({THIRD: LATER}, BLOCKED, [(1, 1), (1, 1), (1, 0)]),
        # Who was accepted before the server hung up has no letter, and refused none.
        ({SECOND: "421 4.3.2 closing"}, None, [None, (1, 0), None]),
    ],
    ids=["for some", "for nobody", "at the end", "hung up"],
)
def test_each_answer_is_noted_of_its_own_provider(
    joint: Joint,
    answers: dict[str, str],
    at_data: str | None,
    noted: list[tuple[int, int] | None],
) -> None:
    domains = ("one.example", "two.example", "three.example")
    for key, domain in zip(KEYS, domains, strict=True):
        move(joint.app, key, domain)
    joint.answers = answers
    joint.server.handler.at_data = lambda envelope: at_data
    joint.worker.once()
    joint.worker._messages._watch.write()
    vault = dependencies_of(joint.app).vault
    found = {
        bytes(key): (int(str(letters)), int(str(blocked)))  # type: ignore[call-overload]
        for key, letters, blocked in rows(
            joint.app, "SELECT provider_key, letters, blocked FROM provider_minutes"
        )
    }
    assert [found.get(vault.provider_key(domain)) for domain in domains] == noted


def test_the_version_before_notes_as_refused_what_it_does_not_try_again(joint: Joint) -> None:
    joint.answers = {FIRST: LATER}
    joint.worker.once()
    folder = str(resource_dir("migrations"))
    refused = (
        "SELECT key FROM message_refusals JOIN message_targets ON id = message_refusals.target_id"
    )
    with joint.app.app_context():
        flask_migrate.downgrade(directory=folder, revision="0039")
        assert rows(joint.app, refused) == [(FIRST,)]
        flask_migrate.upgrade(directory=folder)
    assert rows(joint.app, refused) == [(FIRST,)]
    joint.go(apart=AN_HOUR)
    assert joint.went_to == [[SECOND, THIRD]]
    assert joint.letter()[0] == "sent"


@pytest.mark.parametrize("ending", ["left", "erased", "deleted", "came back"])
def test_it_is_tried_no_more(joint: Joint, ending: str) -> None:
    joint.answers = {FIRST: LATER}
    joint.worker.once()
    joint.answers = {}
    match ending:
        case "left":
            with transaction() as session:
                first = Which(slug="amazon", key=FIRST, by="t")
                targets.leave(session, first, Leaving.RETIRED, None, at=joint.clock())
        case "erased":
            rights.erase(joint.app, rights.ids(joint.app)[0])
        case "deleted":
            change(joint.app, "UPDATE messages SET sealed = NULL, key_number = NULL")
        case "came back":  # by a report that names nobody
            ((letter_id,),) = rows(joint.app, "SELECT id FROM letters WHERE message_id > 0")
            said = BounceReport(kind=BounceClass.GONE, is_final=True)
            with transaction() as session:
                bounces.take(session, int(str(letter_id)), said, at=joint.clock())
    joint.go(apart=AN_HOUR)
    assert joint.went_to == [[SECOND, THIRD]]
    assert rows(joint.app, "SELECT count(*) FROM message_deferrals") == [(0,)]
    refused = {"erased": [0, 0, 0], "came back": [1, 1, 1]}.get(ending, [1, 0, 0])
    assert joint.numbers("bounced") == refused
    assert joint.counted() == [0, 1, 1]
