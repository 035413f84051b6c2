"""One email to several targets: one message and one state, within the cap of each of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.domain.letters.bounce import BounceClass, BounceReport
from petition.domain.messages import pacing
from petition.domain.messages.targets import Leaving, Stand
from petition.services.letters import bounces
from petition.services.messages import queue_figures, targets
from petition.services.messages.queue_figures import Look
from petition.services.messages.targets import NewStand, Which
from petition.store.db import reading, transaction
from petition.worker.loop import Worker
from tests import people
from tests.conftest import Clock
from tests.factories import change, confirm, entries, rows, text_of, work
from tests.messages import (
    KEYS,
    form_of,
    my_link,
    recipients,
    states,
    to_targets,
    together,
    write_to,
)
from tests.smtp_server import SmtpServer


def which(key: str) -> Which:
    return Which(slug="amazon", key=key, by="t")


def test_it_goes_once_and_all_see_each_other(app: Flask, client: FlaskClient) -> None:
    together(app)
    form = form_of(client, people.cora, message_body="Dear {target},\n\nplease.\n\n{name}")
    page = client.post("/en/amazon/message/preview", data=form).get_data(as_text=True)
    assert client.post("/en/amazon/message", data=form).status_code == 303
    confirm(app, entries(app)[0])
    work(app)
    assert states(app) == {"sent": 1}
    (sent,) = to_targets(app)
    assert recipients(sent) == [*KEYS]
    assert all(each.addr_spec in page for each in sent["To"].addresses)
    greeting = sent.get_content().splitlines()[0]
    assert greeting in page
    assert greeting.count("Amazon.com") == 3
    # One in all, and one for each target.
    counted = "SELECT dimension, messages FROM message_counts WHERE step = 'sent'"
    numbers = [each for each in rows(app, counted) if each[0] in ("total", "target")]
    assert sorted(numbers) == [("target", 1)] * 3 + [("total", 1)]
    # None of them gets another one in this wave.
    known = set(entries(app))
    client.post("/en/amazon/message", data=form | {"to": KEYS[2]})
    for entry_id in set(entries(app)) - known:
        confirm(app, entry_id)
    client.post("/en/amazon/message", data=form_of(client, people.ben, to=KEYS[1]))
    assert states(app) == {"sent": 1, "cancelled": 1, "waiting": 1}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_waits_for_the_one_whose_cap_is_full_and_leaves_out_who_is_none(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    together(app)
    change(app, "UPDATE message_targets SET an_hour = 1 WHERE key = :key", key=KEYS[1])
    for person in (people.cora, people.ben):
        form = form_of(client, person)
        assert client.post("/en/amazon/message", data=form).status_code == 303
    for entry_id in entries(app):
        confirm(app, entry_id)
    work(app)
    assert states(app) == {"sent": 1, "queued": 1}
    taken = rows(app, "SELECT sum(messages) FROM message_hours GROUP BY target_id")
    assert taken == [(1,)] * 3
    with transaction() as session:
        targets.leave(session, which(KEYS[0]), Leaving.REPLACED, KEYS[1], at=clock())
    clock.forward(timedelta(hours=10))  # within the office hours there
    work(app)
    assert states(app) == {"sent": 2}
    assert recipients(to_targets(app)[-1]) == [KEYS[1], KEYS[2]]
    assert rows(app, "SELECT count(*) FROM letters WHERE kind = 'message_moved'") == [(1,)]


def test_who_agreed_or_was_replaced_is_left_out_and_who_wrote_is_told(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    together(app)
    write_to(app, client, cora=KEYS[:2], amina=KEYS[:1], ben=KEYS[1:])
    clock.forward(timedelta(minutes=1))
    agreed = NewStand(
        stand=Stand.PROMISED, day=clock().date(), link="", note="A letter.", ends_queue=True
    )
    with transaction() as session:
        targets.add_stand(session, which(KEYS[0]), agreed, at=clock())
        targets.leave(session, which(KEYS[2]), Leaving.REPLACED, KEYS[0], at=clock())
    work(app)
    # Cora's goes to one of the two, Amina's to nobody, Ben's not to who agreed.
    assert states(app) == {"sent": 2, "cancelled": 1}
    assert [recipients(each) for each in to_targets(app)] == [[KEYS[1]]] * 2
    told = "SELECT kind, count(*) FROM letters WHERE kind LIKE 'message_%' GROUP BY kind"
    assert dict(rows(app, told)) == {"message_moved": 2, "message_cancelled": 1}
    assert rows(app, "SELECT count(*) FROM message_also_to") == [(0,)]


def test_what_was_written_to_two_that_one_replaces_goes_there_once(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    write_to(app, client, cora=KEYS[:2])
    with transaction() as session:
        for key in KEYS[:2]:
            targets.leave(session, which(key), Leaving.REPLACED, KEYS[2], at=clock())
    work(app)
    assert states(app) == {"sent": 1, "cancelled": 1}
    assert [recipients(each) for each in to_targets(app)] == [[KEYS[2]]]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whom_the_server_refuses_among_several_gets_no_second_one(
    app: Flask,
    client: FlaskClient,
    clock: Clock,
    smtp_server: SmtpServer,
    worker_to: Callable[..., Worker],
) -> None:
    together(app)
    clock.at = datetime(2026, 11, 2, 19, 0, tzinfo=UTC)  # in their office hours
    write_to(app, client, cora=KEYS)
    worker, handler = worker_to(smtp_server.smtp), smtp_server.handler
    answers = {KEYS[0]: "550 5.1.1 nobody", KEYS[1]: "450 4.2.1 later", KEYS[2]: "550 5.1.1 no"}
    handler.at_recipient = lambda address: answers.get(address.partition("@")[0])
    for _ in range(2):
        worker.once()
        clock.forward(pacing.SPREAD)
    assert states(app) == {"queued": 1}, "it may pass for one of them"
    del answers[KEYS[1]]
    for _ in range(3):
        clock.forward(timedelta(minutes=40))
        worker.once()
    assert states(app) == {"sent": 1}
    (taken,) = [each for each in handler.taken if each.message["Reply-To"]]
    assert [each.partition("@")[0] for each in taken.recipients] == [KEYS[1]]
    assert recipients(taken.message) == list(KEYS)
    own_page = next(
        my_link(each.message) for each in handler.taken if "/my/" in text_of(each.message)
    )
    page = client.get(own_page).get_data(as_text=True)
    assert "<strong>Sent.</strong>" in page
    assert page.count("so they did not get it") == 1
    with reading() as session:
        look = Look(in_tens=False, provider_cap=120)
        numbers = queue_figures.of_campaign(session, "amazon", look, at=clock())
    assert [each.states["bounced"] for each in numbers] == [1, 0, 1]
    assert [each.states["sent"] for each in numbers] == [0, 1, 0]
    # The last one's server sends it back as well: nobody has it.
    ((letter_id,),) = rows(app, "SELECT id FROM letters WHERE message_id IS NOT NULL")
    last = frozenset({f"{KEYS[1]}@Amazon.example.org"})
    said = BounceReport(kind=BounceClass.GONE, is_final=True, recipients=last)
    with transaction() as session:
        bounces.take(session, int(str(letter_id)), said, at=clock())
    assert states(app) == {"bounced": 1}
