"""The email action: composed, previewed, confirmed by the mailbox alone, and gone when erased."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.domain.messages import own_mailbox
from petition.domain.messages.content_checks import Remarks, links, remarks
from petition.domain.messages.message import with_answers
from petition.services.privacy import erasure, retention
from petition.services.vault import rotation
from petition.store.db import reading, transaction
from petition.web.http.dependencies import dependencies_of
from tests import partner_sites, people
from tests.conftest import Clock
from tests.factories import (
    change,
    confirm,
    entries,
    letters,
    link_in,
    rows,
    sign,
    text_of,
    the_call,
    work,
)
from tests.messages import KEYS, form_of, my_link, states, texts, to_targets, write

pytestmark = pytest.mark.usefixtures("before_the_first_run")

MESSAGE = "/en/amazon/message"
DAY = timedelta(days=1)


def test_the_preview_shows_what_the_target_gets_to_the_letter(
    app: Flask, client: FlaskClient
) -> None:
    form = form_of(client, people.cora) | {"message_body": "Dear {target},\n\nplease.\n\n{name}"}
    page = client.post(f"{MESSAGE}/preview", data=form).get_data(as_text=True)
    assert rows(app, "SELECT id FROM messages") == []
    assert client.post(MESSAGE, data=form).status_code == 303
    work(app)
    client.post(link_in(letters(app)[0]))
    work(app)
    sent = to_targets(app)
    assert len(sent) == len(KEYS)
    for each in sent:
        target = each["To"].addresses[0].addr_spec
        assert target in page
        assert each["Reply-To"] in page
        assert str(each["Subject"]) in page
        for line in each.get_content().split("\n"):
            assert line in page
        assert each["From"].addresses[0].display_name in page


def test_by_a_partners_link_it_counts_for_the_partner(app: Flask, client: FlaskClient) -> None:
    """The form's ticket carries the key, through preview and back; a blocked one's carries none."""
    key = partner_sites.make(app)
    link = f"?partner={key}"
    form = form_of(client, people.ben, query=link)
    assert f"/de/amazon/message{link}" in client.get(f"{MESSAGE}{link}").get_data(as_text=True)
    again = client.post(f"{MESSAGE}/preview", data=form).get_data(as_text=True)
    ticket = re.search(r'name="ticket" value="([^"]+)"', again)
    assert ticket
    assert client.post(MESSAGE, data=form | {"ticket": ticket[1]}).status_code == 303
    write(client, people.cora, query="?partner=nobody")
    work(app)
    for letter in letters(app):
        client.post(link_in(letter))
    work(app)
    counted = (
        "SELECT step, value, messages FROM message_counts WHERE dimension = 'partner' ORDER BY step"
    )
    steps = ("composed", "confirmed", "sent")
    assert rows(app, counted) == [(step, key, len(KEYS)) for step in steps]
    assert set(rows(app, "SELECT partner FROM entries")) == {(key,), (None,)}
    partner_sites.block(app, key)
    write(client, people.amina, query=link)
    assert rows(app, "SELECT count(*) FROM entries WHERE partner IS NOT NULL") == [(1,)]


@pytest.mark.parametrize(
    ("shown_as", "name"),
    [
        ("full_name", "Cora Lindqvist"),
        ("first_name", "Cora"),
        ("supporter", "A supporter"),
    ],
)
def test_nothing_leads_to_the_writer_but_the_chosen_name(
    app: Flask, client: FlaskClient, shown_as: str, name: str
) -> None:
    write(client, people.cora, shown_as=shown_as, message_body="Please.\n{name}")
    work(app)
    confirm(app, entries(app)[0])
    work(app)
    sent = to_targets(app)
    assert len(sent) == 3
    numbers = [str(id_) for (id_,) in rows(app, "SELECT id FROM messages")]
    numbers += [str(id_) for (id_,) in rows(app, "SELECT id FROM entries")]
    for each in sent:
        whole = each.as_string()
        assert each["From"].addresses[0].display_name.startswith(f"{name} via ")
        assert each.get_content().rstrip() == f"Please.\n{name}"
        assert not {"Cc", "Bcc", "Received", "Sender", "X-Mailer"} & set(each.keys())
        assert people.cora["email"] not in whole
        assert "lindqvists" not in whole
        assert not any(number in whole for number in numbers)
        if shown_as != "full_name":
            assert "Lindqvist" not in whole


def test_nothing_goes_before_the_mailbox_says_so_and_then_once(
    app: Flask, client: FlaskClient
) -> None:
    write(client, people.cora)
    work(app)
    assert states(app) == {"waiting": 3}
    (letter,) = letters(app)
    assert "sends the email" in text_of(letter)
    link = link_in(letter)
    page = client.get(link).get_data(as_text=True)
    assert "Yes, I sign and send my email" in page
    work(app)
    assert states(app) == {"waiting": 3}  # looking changes nothing
    for _ in range(2):
        assert client.post(link).status_code == 303
    work(app)
    assert states(app) == {"sent": 3}
    assert len(to_targets(app)) == 3
    write(client, people.cora)  # and one more of the same wave
    work(app)
    link = my_link(letters(app)[-1])
    for id_ in [id_ for (id_,) in rows(app, "SELECT id FROM messages WHERE state = 'waiting'")]:
        client.post(f"{link}/send-message", data={"message": str(id_)})
    work(app)
    assert states(app) == {"sent": 3, "cancelled": 3}
    assert len(to_targets(app)) == 3


def test_who_has_signed_is_told_by_their_mailbox_and_by_nothing_else(
    app: Flask, client: FlaskClient
) -> None:
    sign(client, people.cora)
    work(app)
    confirm(app, entries(app)[0])
    work(app)
    answers = [write(client, each) for each in (people.cora, people.ben)]
    first, second = [(each.status_code, each.headers["Location"], each.data) for each in answers]
    assert first == second
    work(app)
    # A target that typed Cora's address must not learn by what arrives that she has signed.
    assert states(app) == {"waiting": 6}
    assert to_targets(app) == []
    to_cora = [each for each in letters(app) if people.cora["email"] in str(each["To"])][-1]
    assert str(to_cora["Subject"]) == "An email waits for you to send it"
    link = my_link(to_cora)
    page = client.get(link).get_data(as_text=True)
    number = re.findall(r'name="message" value="(\d+)"', page)[0]
    assert client.post(f"{link}/send-message", data={"message": number}).status_code == 303
    assert states(app) == {"waiting": 5, "queued": 1}
    for bad in ("", "x", "9" * 19, "9" * 30, "-1"):
        assert client.post(f"{link}/send-message", data={"message": bad}).status_code in (303, 404)
    bens = "signature_id IN (SELECT id FROM signatures WHERE state = 'pending')"
    theirs = rows(app, f"SELECT max(id) FROM messages WHERE {bens}")[0][0]
    client.post(f"{link}/delete-message", data={"message": str(theirs)})  # it is Ben's
    assert states(app) == {"waiting": 5, "queued": 1}
    client.post(f"{link}/delete-message", data={"message": number})
    work(app)
    assert states(app) == {"waiting": 5}
    assert to_targets(app) == []


def test_a_text_like_a_workers_is_sent_without_a_name_unless_it_is_chosen_again(
    app: Flask, client: FlaskClient
) -> None:
    form = form_of(client, people.cora, message_body="I work at LEJ1. Please listen to us. {name}")
    page = client.post(f"{MESSAGE}/preview", data=form).get_data(as_text=True)
    assert "A supporter via" in page
    assert "LEJ1" in page
    assert "Cora Lindqvist via" not in page
    assert "You can send it all the same." in page
    again = form | {"noticed": "worker"}
    page = client.post(f"{MESSAGE}/preview", data=again).get_data(as_text=True)
    assert "Cora Lindqvist via" in page
    loud = form_of(client, people.cora, message_body="LISTEN TO YOUR WORKERS NOW, ALL OF YOU")
    page = client.post(f"{MESSAGE}/preview", data=loud).get_data(as_text=True)
    assert "very short" in page
    assert "capitals" in page


def test_no_shipped_text_is_remarked_on(app: Flask, client: FlaskClient) -> None:
    for language in dependencies_of(app).campaign_cache.languages("amazon"):
        for each in the_call(app, language).call.messages:
            insults = the_call(app, language).call.writing.insults
            found = remarks(each.subject, each.body, insults)
            assert found == Remarks(), (language, each.subject)
            assert not links(each.body)
            assert "{name}" in each.body


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("message_subject", ""),
        ("message_subject", "x" * 121),
        ("message_subject", "see https://example.org"),
        ("message_subject", "one\x07two"),
        ("message_body", " "),
        ("message_body", "x" * 4001),
        ("message_body", "https://a.example https://b.example"),
        ("message_body", "a\x00b"),
        ("shown_as", "nobody"),
        ("to", "somebody-else"),
        ("email", people.wanda["email"]),
        ("agree", ""),
        ("subject", "a robot was here"),
        ("ticket", "old"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(
    app: Flask, client: FlaskClient, field: str, text: str
) -> None:
    form = form_of(client, people.cora) | {field: text}
    for address in (MESSAGE, f"{MESSAGE}/preview"):
        answer = client.post(address, data=form)
        assert answer.status_code == 422
        assert "What you typed is still here" in answer.get_data(as_text=True)
    assert rows(app, "SELECT id FROM messages") == rows(app, "SELECT id FROM entries") == []


def test_no_text_makes_a_header_or_an_email_more(app: Flask, client: FlaskClient) -> None:
    nasty = "Hello\r\nBcc: all@example.org"
    write(
        client,
        people.cora | {"given_name": 'C" <x@y> =?utf-8?q?a?=', "family_name": "=?utf-8?b?QQ==?="},
        message_subject=nasty,
        message_body="Hi\r\n.\r\nMAIL FROM:<a@b>\r\nFrom me\r\n\r\n{name}{target}{name}",
    )
    write(client, people.ben | {"family_name": "=?utf-8?b?QQ==?="}, message_subject=nasty)
    work(app)
    for entry_id in entries(app):
        confirm(app, entry_id)
    work(app)
    sent = to_targets(app)
    assert sent
    assert {each["To"].addresses[0].addr_spec.partition("@")[0] for each in sent} == {*KEYS}
    for each in sent:
        assert "Bcc" not in each
        assert str(each["Subject"]) == "Hello Bcc: all@example.org"
        assert "=?utf-8?b?QQ==?=" in each["From"].addresses[0].display_name


def test_it_goes_with_its_writer_and_its_text_after_28_days(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    write(client, people.cora)
    work(app)
    confirm(app, entries(app)[0])
    work(app)
    copies = [each for each in letters(app) if not each["Reply-To"] and "/my/" in text_of(each)]
    link = my_link(copies[-1])
    copy = client.post(f"{link}/download").get_json()
    assert {each["state"] for each in copy["messages"]} == {"sent"}
    assert all(each["body"] for each in copy["messages"])
    clock.forward(29 * DAY)
    context = dependencies_of(app).erasure_context
    with reading() as session:
        due = {step.kind: step.number for step in retention.due(session, context, at=clock())}
    assert due["message_texts"] == 3
    list(retention.run(reading, transaction, context, at=clock()))
    assert texts(app) == [None] * 3
    assert states(app) == {"sent": 3}
    work(app)
    assert texts(app) == [None] * 3


def test_unconfirmed_ones_go_after_seven_days_and_erasing_takes_all_along(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    write(client, people.ben)
    write(client, people.cora)
    work(app)
    confirm(app, entries(app)[1])
    work(app)
    assert states(app) == {"waiting": 3, "sent": 3}
    clock.forward(8 * DAY)
    work(app)
    assert states(app) == {"sent": 3}
    assert len(to_targets(app)) == 3
    (signature_id,) = rows(app, "SELECT id FROM signatures")[0]
    with transaction() as session:
        context = dependencies_of(app).erasure_context
        erasure.erase(session, context, int(str(signature_id)), at=clock())
    assert states(app) == {}
    assert to_targets(app) == []
    work(app)
    counted = dict(rows(app, "SELECT step, messages FROM message_counts WHERE dimension='total'"))
    assert counted == {"composed": 6, "confirmed": 3, "sent": 3}


def test_a_rotation_seals_messages_anew(app: Flask, client: FlaskClient) -> None:
    write(client, people.cora)
    before, deps = texts(app), dependencies_of(app)
    assert rotation.add_key(deps.vault, deps.settings.vault_key_file, reading)
    assert sum(rotation.reseal(deps.vault, transaction)) == 4  # the form, and three messages
    with reading() as session:
        assert rotation.left(session, deps.vault.current) == 0
    assert texts(app) == before


def test_ones_own_mailbox_gets_links_that_are_short_enough(app: Flask, client: FlaskClient) -> None:
    form = form_of(client, {}, message_body="Please.") | {"subject": ""}
    page = client.post(f"{MESSAGE}/own", data=form).get_data(as_text=True)
    assert "mailto:chief-executive@amazon.example.org,human-resources" in page
    assert "body=Please." in page
    assert "mail.google.com" in page
    assert rows(app, "SELECT id FROM entries") == []
    assert client.post(f"{MESSAGE}/own", data=form | {"message_body": ""}).status_code == 422
    long = client.post(f"{MESSAGE}/own", data=form | {"message_body": "ß" * 900})
    assert "Copy the text from below" in long.get_data(as_text=True)
    assert client.post(f"{MESSAGE}/own/sent").status_code == 303
    work(app)
    counted = rows(app, "SELECT step, dimension, messages FROM message_counts ORDER BY dimension")
    assert counted == [("own", "day", 1), ("own", "total", 1)]
    for body in ("x" * 3000, "ß\n" * 200, "a b&c=d"):
        found = own_mailbox.links(["a@example.org"], "A & B", body)
        every = (found.mailto, found.gmail, found.outlook, found.yahoo)
        assert all(len(each.encode()) <= own_mailbox.LONGEST for each in every)
        assert found.has_body == (body == "a b&c=d")


def test_answers_become_paragraphs_before_the_closing(app: Flask, client: FlaskClient) -> None:
    asked = the_call(app).call.writing.questions
    page = client.get(MESSAGE).get_data(as_text=True)
    assert len(asked) == 3
    assert all(question in page for question in asked)
    form = form_of(
        client,
        people.cora,
        message_body="Dear {target},\n\nplease.\n\nYours,\n{name}",
        answer_1="I was in a union once.",
        answer_3="Promise it,\nin writing.",
    )
    whole = (
        "please.\n\nI was in a union once.\n\nPromise it,\nin writing.\n\nYours,\nCora Lindqvist"
    )
    for address in (f"{MESSAGE}/preview", f"{MESSAGE}/own"):
        assert whole in client.post(address, data=form).get_data(as_text=True)
    again = client.post(f"{MESSAGE}/edit", data=form).get_data(as_text=True)
    assert ">I was in a union once.</textarea>" in again
    assert client.post(MESSAGE, data=form).status_code == 303
    assert [each.body.partition("\n\n")[2] for each in texts(app) if each] == [whole] * 3
    for wrong in ({"answer_1": "x" * 1001}, {"answer_2": "a\x07b"}, {"answer_3": "www.a www.b"}):
        assert client.post(MESSAGE, data=form | wrong).status_code == 422
    long = form | {"message_body": "x" * 3500, "answer_1": "y" * 600}
    assert client.post(MESSAGE, data=long).status_code == 422


@pytest.mark.parametrize(
    ("body", "answers", "whole"),
    [
        ("One.\n\nTwo.", ["", "  "], "One.\n\nTwo."),
        ("One.\n\nTwo.\n", ["A."], "One.\n\nA.\n\nTwo."),
        ("One.", ["A.", "B."], "One.\n\nA.\n\nB."),
        ("", ["A."], "A."),
    ],
)
def test_where_answers_stand(body: str, answers: list[str], whole: str) -> None:
    assert with_answers(body, answers) == whole


def test_words_of_staffs_list_are_asked_about_and_go_all_the_same(
    app: Flask, client: FlaskClient
) -> None:
    form = form_of(
        client, people.cora, message_body="You are no Liars, are you? " + "Please. " * 20
    )
    page = client.post(f"{MESSAGE}/preview", data=form).get_data(as_text=True)
    assert "Liars</bdi> may be read as an insult" in page
    assert client.post(MESSAGE, data=form).status_code == 303
    for language in dependencies_of(app).campaign_cache.languages("amazon"):
        insults = the_call(app, language).call.writing.insults
        assert insults
        assert remarks("", f"x {insults[0].upper()}! {'y ' * 50}", insults).insults
        assert not remarks("", f"x{insults[0]}x {'y ' * 50}", insults).insults


def test_targets_are_picked_by_country_all_or_one_by_chance(
    app: Flask, client: FlaskClient
) -> None:
    change(app, "UPDATE message_targets SET country = 'DE' WHERE key <> :key", key=KEYS[0])
    dependencies_of(app).campaign_cache.clear()
    ticked = re.compile(r'name="to" value="([a-z-]+)"( checked)?')

    def listed(page: str) -> dict[str, bool]:
        return {key: bool(checked) for key, checked in ticked.findall(page)}

    assert listed(client.get(MESSAGE).get_data(as_text=True)) == dict.fromkeys(KEYS, True)
    form = form_of(client, people.cora, message_subject="My own subject") | {"to": []}

    def edited(**changes: str) -> dict[str, bool]:
        page = client.post(f"{MESSAGE}/edit", data=form | changes).get_data(as_text=True)
        assert "My own subject" in page  # what was typed is still there
        return listed(page)

    assert edited(office_country="DE") == dict.fromkeys(KEYS[1:], False)
    assert edited(office_country="DE", to=KEYS[0]) == {
        KEYS[0]: True,
        **dict.fromkeys(KEYS[1:], False),
    }
    assert edited(office_country="DE", pick="all") == dict.fromkeys(KEYS[1:], True)
    assert sum(edited(office_country="DE", pick="one").values()) == 1
    assert edited(office_country="FR", pick="all") == dict.fromkeys(KEYS, True)
    only = client.get(f"{MESSAGE}?office_country=US").get_data(as_text=True)
    assert KEYS[0] in listed(only)


def test_a_message_by_a_partners_link_is_the_partners(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app)
    page = client.get(f"{MESSAGE}?partner={key}").get_data(as_text=True)
    (own,) = re.findall(r'name="ticket" value="([^"]+)"', page)
    assert write(client, people.cora, ticket=own).status_code == 303
    assert write(client, people.ben).status_code == 303
    assert set(rows(app, "SELECT partner FROM entries")) == {(key,), (None,)}


def test_it_is_there_only_where_the_campaign_has_it(app: Flask, client: FlaskClient) -> None:
    assert "/en/amazon/message" in client.get("/en/amazon/thanks").get_data(as_text=True)
    change(app, "UPDATE message_targets SET retired_at = '2026-11-01 00:00:00+00'")
    dependencies_of(app).campaign_cache.clear()
    assert client.get(MESSAGE).status_code == 404


def test_nothing_is_kept_for_a_mailbox_that_wants_none(app: Flask, client: FlaskClient) -> None:
    write(client, people.cora)
    work(app)
    stop = re.search(r"(/stop/\S+)", text_of(letters(app)[0]))
    assert stop is not None
    client.post(stop[1])
    assert states(app) == {}
    write(client, people.cora)
    work(app)
    assert states(app) == {}
