"""The console's pages of messages, what everybody sees of targets, and what supporters say."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, update
from werkzeug.test import TestResponse as Answer

from petition.domain import tokens
from petition.domain.messages.targets import ASK_AFTER, Stand
from petition.domain.staff.roles import Right
from petition.services.counts import target_figures
from petition.services.messages import follow_up, targets
from petition.services.messages.targets import NewStand, Which
from petition.store.db import transaction
from petition.store.tables import Message, MessageChange
from petition.web.http.dependencies import dependencies_of, set_dependencies
from tests import console, people
from tests.conftest import Clock
from tests.factories import change, confirm, entries, letters, rows, work
from tests.messages import KEYS, my_link, states, texts, write

pytestmark = pytest.mark.slow

ROOM = "/staff/campaigns/amazon/messages"
HERE = f"{ROOM}/{KEYS[0]}"
ONE = Which(slug="amazon", key=KEYS[0], by="t")
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
_SEEN = re.compile(r'name="seen" value="([^"]*)"')
_UNTIL = re.compile(r'name="until" value="([0-9]+)"')


def text(answer: Answer) -> str:
    return html.unescape(answer.get_data(as_text=True)).replace("<wbr>", "")


class Opened:
    """A page that somebody of staff has open, with what it showed."""

    def __init__(self, staff: FlaskClient, page: str = HERE) -> None:
        self.staff, answer = staff, staff.get(page)
        assert answer.status_code == 200
        self.text = text(answer)
        self._token = console.form_token(answer)
        form = self.text.partition('method="post" action="/staff/campaigns')[2]
        self._seen = [*dict.fromkeys(_SEEN.findall(form))]
        self._until = (_UNTIL.findall(self.text) or [""])[0]

    def send(self, place: str, **fields: str) -> Answer:
        fixed = {"csrf_token": self._token, "seen": self._seen, "until": self._until}
        return self.staff.post(place, data=fixed | fields)


def number_of_messages(app: Flask, client: FlaskClient, number: int, state: str) -> None:
    """So many to the first target; rows alone, after the first."""
    write(client, people.cora, to=KEYS[0])
    confirm(app, entries(app)[0])
    with app.app_context(), transaction() as session:
        row = session.query(Message).one()
        values = {c.key: getattr(row, c.key) for c in Message.__table__.columns}
        for place in range(1, number):
            session.execute(
                insert(Message).values(values | {"id": row.id + place, "wave": 1 + place})
            )
        session.execute(update(Message).values(state=state, finished_at=dependencies_of(app).now()))


def test_whoever_sees_no_personal_data_learns_of_no_few(app: Flask, client: FlaskClient) -> None:
    number_of_messages(app, client, 13, "parked")
    owner, editor = console.enter(app), console.enter(app, "editor")
    change(app, "UPDATE messages SET state = 'queued' WHERE wave > 11")
    for page in (ROOM, HERE):
        assert re.search(r"\b11\b", text(owner.get(page)))
        found = text(editor.get(page))
        assert "fewer than ten" in found
        assert not re.search(r"\b(11|13)\b", re.sub(r"<[^>]*>", " ", found))
        assert people.cora["given_name"] not in found + text(owner.get(page))
    assert "no end in sight" not in text(owner.get(ROOM))
    # Nor by the order of the table: two are queued for the first target, and none for the others.
    for staff, order in ((owner, [*KEYS[1:], KEYS[0]]), (editor, [*KEYS])):
        page = text(staff.get(f"{ROOM}?sort=queued"))
        assert re.findall(rf'<th scope="row"><a href="{ROOM}/([^"]+)"', page) == order


def test_pause_caps_and_what_it_did(app: Flask, clock: Clock) -> None:
    editor = console.enter(app, "editor")
    assert Opened(editor, ROOM).send(f"{ROOM}/_all/pause").status_code == 303
    assert "paused since" in text(editor.get(ROOM))
    assert Opened(editor).send(f"{HERE}/resume").status_code == 303
    mine, theirs = Opened(editor), Opened(console.enter(app))
    assert theirs.send(f"{HERE}/caps", an_hour="50", a_day="300").status_code == 303
    answer = mine.send(f"{HERE}/caps", an_hour="5", a_day="30")
    assert answer.status_code == 409
    assert "New: <bdi>50 an hour, 300 a day</bdi>" in text(answer)
    assert 'value="30"' in text(answer), "what was typed is still there"
    for number in ("0", "301", "ten", "-1", "٣"):
        answer = Opened(editor).send(f"{HERE}/caps", an_hour=number, a_day="30")
        assert answer.status_code == 422
        assert "from 1 to 300" in text(answer)
    proof = {"stand": "refused", "day": "2026-11-01", "note": "A letter.", "link": ""}
    for wrong in (
        {"stand": "loved"},
        {"day": "2026-11-03"},
        {"day": "1 November"},
        {"note": ""},
        {"link": "javascript:alert(1)"},
        {"note": "x" * 301},
    ):
        answer = Opened(editor).send(f"{HERE}/stand", **(proof | wrong))
        assert answer.status_code == 422, wrong
    assert Opened(editor).send(f"{HERE}/stand", **proof).status_code == 303
    assert "Said no" in Opened(editor).text
    assert editor.get(f"{ROOM}/nobody").status_code == 404
    found = rows(app, "SELECT action, outcome FROM audit WHERE action LIKE '%mess%' ORDER BY id")
    assert found == [
        ("pause messages", "done"),
        ("resume messages", "done"),
        ("message caps", "done"),
    ]


@on_sqlite
def test_who_may_do_what(app: Flask) -> None:
    viewer, editor = console.enter(app, "viewer"), console.enter(app, "editor")
    writer = console.enter(
        app, "viewer", "writer@example.org", campaign="amazon", also=(Right.LETTERS,)
    )
    leave = {"left_as": "retired", "replaced_by": ""}
    token = console.form_token(viewer.get("/staff/"))
    for verb in ("pause", "caps", "stand", "parked", "test", "answers", "leave", "take-back"):
        assert viewer.post(f"{HERE}/{verb}", data={"csrf_token": token}).status_code == 403
    assert "Write to it no more" not in text(editor.get(HERE))
    assert Opened(editor).send(f"{HERE}/leave", **leave).status_code == 403
    answer = Opened(writer).send(f"{HERE}/leave", left_as="replaced", replaced_by="")
    assert answer.status_code == 422
    assert Opened(writer).send(f"{HERE}/leave", **leave).status_code == 303
    assert "no target any more" in text(editor.get(ROOM))
    assert Opened(editor).send(f"{HERE}/take-back").status_code == 303


def test_to_tell_many_that_a_target_is_left_takes_two(
    app: Flask, client: FlaskClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    number_of_messages(app, client, 3, "queued")
    monkeypatch.setattr("petition.domain.messages.targets.LETTERS_ALONE", 2)
    deps = dependencies_of(app)
    set_dependencies(app, replace(deps, settings=replace(deps.settings, second_person=True)))
    also = (Right.LETTERS,)
    ada = console.enter(app, "viewer", "ada@example.org", campaign="amazon", also=also)
    bo = console.enter(app, "viewer", "bo@example.org", campaign="amazon", also=also)
    retired, excluded = ({"left_as": why, "replaced_by": ""} for why in ("retired", "excluded"))
    for _ in range(2):  # nobody agrees with themselves
        assert Opened(ada).send(f"{HERE}/leave", **retired).status_code == 303
        assert "It waits for a second person to agree." in Opened(ada).text
    assert "ada@example.org wants it written to no more: no target any more." in Opened(bo).text
    with app.app_context(), transaction() as session:
        for after, waits in ((timedelta(hours=23), True), (timedelta(hours=25), False)):
            asked = targets.who_asked_to_leave(session, ONE, at=clock() + after)
            assert (asked is not None) is waits
    assert Opened(bo).send(f"{HERE}/leave", **excluded).status_code == 303  # another wish
    left = "SELECT left_as FROM message_targets ORDER BY id"
    assert rows(app, left)[0] == (None,)
    assert Opened(ada).send(f"{HERE}/leave", **excluded).status_code == 303
    assert rows(app, left)[0] == ("excluded",)
    log = "SELECT who, outcome, detail FROM audit WHERE action = 'target left' ORDER BY id"
    said = [f"amazon: {KEYS[0]}, {why}" for why in ("retired", "excluded")]
    assert rows(app, log)[1:] == [
        ("ada@example.org", "asked", said[0]),
        ("bo@example.org", "asked", said[1]),
        ("ada@example.org", "excluded", said[1].partition(",")[0]),
    ]
    page = text(console.enter(app).get("/staff/audit?action=target+left"))
    assert re.findall(r"<strong>\(([^)]+)\)</strong>", page) == [
        "not written to for now",
        *["waits for a second person"] * 3,
    ]


@on_sqlite
def test_parked_ones_are_sent_again_knowingly(app: Flask, client: FlaskClient) -> None:
    number_of_messages(app, client, 2, "parked")
    editor = console.enter(app, "editor")
    answer = Opened(editor).send(f"{HERE}/parked", again="yes")
    assert answer.status_code == 422
    assert "twice" in text(answer)
    assert states(app) == {"parked": 2}
    assert Opened(editor).send(f"{HERE}/parked", again="yes", sure="yes").status_code == 303
    assert states(app) == {"queued": 2}


@on_sqlite
def test_numbers_are_taken_out_in_tens_and_noted(app: Flask, client: FlaskClient) -> None:
    write(client, people.cora, to=KEYS[0])
    work(app)
    change(app, "UPDATE message_counts SET messages = 19")
    owner, editor = console.enter(app), console.enter(app, "editor")
    place = f"{ROOM}/_all/numbers"
    for staff, number in ((owner, 19), (editor, 10)):
        answer = Opened(staff, ROOM).send(place, by="target")
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert "attachment" in answer.headers["Content-Disposition"]
        assert text(answer).splitlines()[1] == f"{KEYS[0]},{number},0,0,0,0,0"
    assert Opened(owner, ROOM).send(place, by="name").status_code == 422
    noted = "SELECT detail FROM audit WHERE action = 'message numbers' ORDER BY id"
    assert rows(app, noted) == [("amazon: by target",), ("amazon: by target, in tens",)]


@on_sqlite
def test_what_is_queued_for_who_agreed_is_cancelled_if_staff_say_so(
    app: Flask, client: FlaskClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    number_of_messages(app, client, 12, "queued")
    agreed = {"stand": "promised", "day": "2026-11-01", "note": "A letter.", "ends_queue": "yes"}
    editor, owner = console.enter(app, "editor"), console.enter(app)
    assert "still queued" not in Opened(editor).text
    assert Opened(editor).send(f"{HERE}/stand", **agreed).status_code == 403
    assert "still queued (12)" in Opened(owner).text
    answer = Opened(owner).send(f"{HERE}/stand", **agreed | {"stand": "answered"})
    assert answer.status_code == 422
    deps = dependencies_of(app)
    with monkeypatch.context() as many:
        many.setattr("petition.domain.messages.targets.LETTERS_ALONE", 11)
        set_dependencies(app, replace(deps, settings=replace(deps.settings, second_person=True)))
        answer = Opened(owner).send(f"{HERE}/stand", **agreed)
        assert answer.status_code == 422
        assert "that takes two of you" in text(answer)
        # They became so many after the form was looked at.
        looks = iter([False, True])
        many.setattr(targets, "takes_two", lambda *_asked, **_words: next(looks))
        assert Opened(owner).send(f"{HERE}/stand", **agreed).status_code == 503
        assert states(app) == {"queued": 12}
    assert Opened(owner).send(f"{HERE}/stand", **agreed).status_code == 303
    work(app)
    assert states(app) == {"cancelled": 12}
    assert [each["Subject"] for each in letters(app)].count("An email of yours was not sent") == 1


@on_sqlite
def test_a_test_goes_to_oneself(app: Flask) -> None:
    editor = console.enter(app, "editor")
    for wrong in ("", "en-9", "xx-1", "en"):
        assert Opened(editor).send(f"{HERE}/test", text=wrong).status_code in {404, 422}
    answer = Opened(editor).send(f"{HERE}/test", text="pl-2")
    assert "on its way" in text(editor.get(answer.location))
    work(app)
    (letter,) = letters(app)
    assert letter["To"] == console.address("editor")
    assert letter["Content-Language"] == "pl"


def test_the_page_of_the_petition_shows_what_came_of_it(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    cache = dependencies_of(app).campaign_cache
    assert "scoreboard" not in text(client.get("/en/amazon"))
    with app.app_context(), transaction() as session:
        new = NewStand(
            stand=Stand.PROMISED, day=clock().date(), link="https://example.org/yes", note=""
        )
        targets.add_stand(session, ONE, new, at=clock())
    cache.clear()
    page = text(client.get("/de/amazon"))
    assert 'href="https://example.org/yes"' in page
    assert page.count("Noch ist nichts bekannt") == 2
    form = text(client.get("/en/amazon/message"))
    assert f'value="{KEYS[0]}"' not in form
    assert "has agreed" in form
    for key in KEYS[1:]:
        with app.app_context(), transaction() as session:
            targets.add_stand(session, Which(slug="amazon", key=key, by="t"), new, at=clock())
    cache.clear()
    assert client.get("/en/amazon/message").location == "/en/amazon"
    assert "/en/amazon/message" not in text(client.get("/en/amazon"))


@on_sqlite
def test_public_figures_of_a_target_are_tens_once_a_day(app: Flask, clock: Clock) -> None:
    def sent(number: int) -> int:
        with app.app_context(), transaction() as session:
            change_ = {"campaign_id": 1, "step": "sent", "target": KEYS[0], "country": "DE"}
            change_ |= {"variant": "en-1", "day": clock().date()}
            for _ in range(number):
                session.execute(insert(MessageChange).values(change_))
        work(app)
        with app.app_context(), transaction() as session:
            target_figures.snapshot(session, 1, at=clock())
            return (
                target_figures.shown(session, 1).get(KEYS[0], target_figures.TargetFigure()).shown
            )

    assert sent(9) == 0
    assert sent(4) == 10
    clock.forward(timedelta(hours=23))
    assert sent(20) == 10
    clock.forward(timedelta(hours=1))
    assert sent(0) == 30
    clock.forward(timedelta(days=1))
    assert sent(9) == 30  # one more would be one person's


def test_an_answer_to_all_is_published(app: Flask, client: FlaskClient) -> None:
    write(client, people.cora, wants_answer="yes")
    confirm(app, entries(app)[0])
    work(app)
    owner = console.enter(app)
    assert "People who asked to be told: 1" in Opened(owner).text
    form = {"answer_day": "2026-11-01", "answer_en": "We will <b>talk</b>.\nSoon."}
    for wrong in ({"answer_en": " "}, {"answer_day": ""}, {"answer_en": "x" * 5001}):
        answer = Opened(owner).send(f"{HERE}/answers", **(form | wrong))
        assert answer.status_code == 422, wrong
    assert Opened(owner).send(f"{HERE}/answers", **form).status_code == 303
    change(app, "UPDATE target_answers SET asked_by = 'ada@example.org'")
    assert "ada@example.org wants those told" in Opened(owner).text
    viewer = Opened(console.enter(app, "viewer")).text
    assert "It waits for a second person to agree." in viewer
    assert "ada@example.org" not in viewer
    change(app, "UPDATE target_answers SET asked_by = NULL")
    for lang in ("en", "ar"):
        page = client.get(f"/{lang}/amazon").get_data(as_text=True)
        assert "We will &lt;b&gt;talk&lt;/b&gt;." in page
    assert Opened(owner).send(f"{HERE}/answers/1/tell").status_code == 303
    assert Opened(owner).send(f"{HERE}/answers/1/tell").status_code == 422
    assert Opened(owner).send(f"{HERE}/answers/9/tell").status_code == 404
    work(app)
    work(app)
    (letter,) = [each for each in letters(app) if each["Subject"] == "An answer has come"]
    assert people.cora["email"] == letter["To"]
    link = my_link(letter)
    assert "We will &lt;b&gt;talk" in client.get(link).get_data(as_text=True)
    assert Opened(owner).send(f"{HERE}/answers/1/remove").status_code == 303
    assert "We will" not in text(client.get("/en/amazon"))


def test_two_weeks_later_a_supporter_says_what_came_and_writes_again(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    write(client, people.cora, to=KEYS[0])
    confirm(app, entries(app)[0])
    work(app)
    work(app)
    clock.forward(ASK_AFTER + timedelta(hours=1))
    with app.app_context(), transaction() as session:
        follow_up.ask_due(session, at=clock())
    work(app)
    (letter,) = [each for each in letters(app) if each["Subject"] == "Did an answer come?"]
    link = my_link(letter)
    mine = link.removesuffix("/answers")
    before = rows(app, "SELECT outcome FROM messages")
    page = text(client.get(link))
    assert rows(app, "SELECT outcome FROM messages") == before, "a GET changes nothing"
    (number,) = re.findall(r'name="message" value="(\d+)"', page)
    assert "Write again" not in page
    assert (
        client.post(f"{mine}/outcome", data={"message": number, "outcome": "bad"}).status_code
        == 422
    )
    assert client.post(f"{mine}/write-again", data={"message": number}).status_code == 404
    answer = client.post(f"{mine}/outcome", data={"message": number, "outcome": "none"})
    assert "Write again" in text(client.get(answer.location))
    (first,) = texts(app)
    assert first is not None
    form = text(client.post(f"{mine}/write-again", data={"message": number}))
    assert first.body.splitlines()[0] in form
    again = {
        "message": number,
        "message_subject": "Again",
        "message_body": "No answer." * 9,
    }
    for place in ("preview-again", "send-again"):
        for wrong in ({"message_subject": ""}, {"message_body": "www.a.example www.b.example"}):
            answer = client.post(f"{mine}/{place}", data=again | wrong)
            assert answer.status_code == 422
    preview = text(client.post(f"{mine}/preview-again", data=again))
    assert "Nothing has been stored" in preview
    assert first.sender in preview
    assert states(app) == {"sent": 1}
    assert client.post(f"{mine}/send-again", data=again).status_code == 303
    assert client.post(f"{mine}/send-again", data=again).status_code == 404, "one and no more"
    assert states(app) == {"sent": 1, "queued": 1}
    work(app)
    assert [each["Subject"] for each in letters(app) if each["Reply-To"]][-1] == "Again"
    answer = client.post(f"{mine}/tell-me", data={"wants_answer": "yes"})
    assert "We tell you by email, as you asked." in text(client.get(answer.location))
    assert client.get(f"{mine[:-3]}abc/answers").status_code == 404


def test_without_the_text_that_was_deleted(app: Flask, client: FlaskClient, clock: Clock) -> None:
    write(client, people.cora, to=KEYS[0])
    confirm(app, entries(app)[0])
    work(app)
    work(app)
    change(app, "UPDATE messages SET sealed = NULL, key_number = NULL, outcome = 'none'")
    with app.app_context(), transaction() as session:
        session.execute(update(Message).values(finished_at=clock()))
    link = f"/my/{my_token(app)}"
    ((number,),) = rows(app, "SELECT id FROM messages")
    page = text(client.post(f"{link}/write-again", data={"message": str(number)}))
    assert "What you wrote is deleted by now" in page


def my_token(app: Flask) -> str:
    deps = dependencies_of(app)
    ((signature_id,),) = rows(app, "SELECT id FROM signatures")
    return deps.tokens.sign(tokens.MY, str(signature_id), expires=deps.now() + tokens.MY_LIFE)
