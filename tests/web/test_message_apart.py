"""Writing without signing: a message goes, and no signature is made, counted, listed or shown."""

from __future__ import annotations

import re
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from petition.domain.signatures import consent
from petition.domain.signatures.states import STATES, State
from petition.store.counts import totals
from petition.store.db import reading
from petition.store.signatures import search
from petition.store.signatures.search import OLDEST, Search
from tests import people
from tests.conftest import Clock
from tests.factories import (
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
from tests.messages import form_of, my_link, states, texts, to_targets
from tests.people import Form

MESSAGE = "/en/amazon/message"
ALONE = {"apart": "yes", "writing_consent": "yes"}


def write_alone(client: FlaskClient, person: Form) -> None:
    """Only send the email, with no answer to any question of the petition."""
    form = form_of(client, person) | ALONE
    for name in ("agree", "updates", "visibility"):
        form.pop(name, None)
    assert client.post(f"{MESSAGE}/preview", data=form).status_code == 200
    assert client.post(MESSAGE, data=form).status_code == 303


def count(app: Flask) -> int:
    with reading() as session:
        return totals.total(session, 1)


def signatures(app: Flask) -> list[tuple[object, ...]]:
    return rows(app, "SELECT state FROM signatures ORDER BY id")


def test_the_form_asks_for_this_consent_alone(app: Flask, client: FlaskClient) -> None:
    words = the_call(app).call.writing.consent
    typed = form_of(client, people.cora, message_subject="Typed before") | {"signs": "no"}
    page = client.post(f"{MESSAGE}/edit", data=typed).get_data(as_text=True)
    assert words in page
    assert "Typed before" in page
    assert 'name="apart" value="yes"' in page
    for name in ("agree", "updates", "visibility"):
        assert f'name="{name}"' not in page
    assert words in client.get(f"{MESSAGE}?signs=no").get_data(as_text=True)
    back = client.post(f"{MESSAGE}/edit", data=typed | {"apart": "yes", "signs": "yes"})
    assert 'name="agree"' in back.get_data(as_text=True)
    wrong = form_of(client, people.cora) | {"apart": "yes"}
    answer = client.post(MESSAGE, data=wrong)
    assert answer.status_code == 422
    assert "only send your email if you agree" in answer.get_data(as_text=True)
    assert rows(app, "SELECT id FROM entries") == []


def test_it_goes_after_a_click_and_makes_no_signature(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    write_alone(client, people.cora)
    assert rows(app, "SELECT purpose, answer FROM consents") == [(consent.WRITING, "yes")]
    work(app)
    assert states(app) == {"waiting": 3}
    (letter,) = letters(app)
    assert "Cora" not in text_of(letter)
    link = link_in(letter)
    page = client.get(link).get_data(as_text=True)
    assert "Do you send this email?" in page
    assert "I sign" not in page
    for _ in range(2):
        assert client.post(link).headers["Location"].endswith("/message/thanks")
    work(app)
    assert states(app) == {"sent": 3}
    assert len(to_targets(app)) == 3
    assert signatures(app) == [(State.WRITER,)]
    _is_nowhere_a_signature(app)
    # Their own page shows it, and nothing of a signature.
    own = my_link([each for each in letters(app) if "/my/" in text_of(each)][-1])
    page = client.get(own).get_data(as_text=True)
    assert "You have not signed the petition." in page
    assert page.count("Delete this email") == 3
    for button in ("withdraw-button", "choices-button"):
        assert button not in page
    assert client.post(f"{own}/withdraw").status_code == 303
    assert signatures(app) == [(State.WRITER,)]
    assert client.post(f"{own}/download").get_json()["state"] == State.WRITER
    # Once a target and wave, and erased by the same page.
    write_alone(client, people.cora)
    work(app)
    client.post(link_in([each for each in letters(app) if "/confirm/" in text_of(each)][-1]))
    assert states(app) == {"sent": 3, "cancelled": 3}
    client.post(f"{own}/erase", data={"sure": "yes"})
    assert states(app) == {}
    assert signatures(app) == []


def _is_nowhere_a_signature(app: Flask) -> None:
    work(app)
    view = the_call(app)
    with reading() as session:
        assert totals.total(session, view.id) == 0
        assert totals.states_of(session, view.id) == {}
        assert totals.states_of_all(session) == {}
        assert not search.by_state(session, view.id, Search())
        for wanted in (Search(), Search(country="SE"), *(Search(state=each) for each in STATES)):
            assert search.page(session, view.id, wanted, OLDEST).rows == ()
        (id_,) = session.connection().exec_driver_sql("SELECT id FROM signatures").one()
        assert search.these(session, view.id, [id_]) == []
        assert search.states_of(session, view.id, [id_]) == {}
    assert rows(app, "SELECT count(*) FROM count_changes") == [(0,)]
    assert rows(app, "SELECT count(*) FROM webhook_deliveries") == [(0,)]


def test_who_signs_later_is_counted_once_and_keeps_what_they_wrote(
    app: Flask, client: FlaskClient
) -> None:
    write_alone(client, people.cora)
    work(app)
    client.post(link_in(letters(app)[0]))
    sign(client, people.cora)
    work(app)
    # Nothing on a page or in the email tells whether they wrote or signed before.
    last = [each for each in letters(app) if "/confirm/" in text_of(each)][-1]
    assert text_of(last).count("/confirm/") == text_of(letters(app)[0]).count("/confirm/")
    client.post(link_in(last))
    work(app)
    assert signatures(app) == [(State.CONFIRMED,)]
    assert count(app) == 1
    assert states(app) == {"sent": 3}


def test_who_has_signed_stays_signed(app: Flask, client: FlaskClient) -> None:
    sign(client, people.cora)
    work(app)
    confirm(app, entries(app)[0])
    work(app)
    answers = []
    for person in (people.cora, people.ben):
        form = form_of(client, person) | ALONE
        answer = client.post(MESSAGE, data=form)
        answers.append((answer.status_code, answer.headers["Location"], answer.data))
    assert answers[0] == answers[1]
    work(app)
    assert to_targets(app) == []
    to_cora = [each for each in letters(app) if people.cora["email"] in str(each["To"])][-1]
    link = my_link(to_cora)
    number = re.findall(r'name="message" value="(\d+)"', client.get(link).get_data(as_text=True))[0]
    client.post(f"{link}/send-message", data={"message": number})
    client.post(f"{link}/withdraw", data={"withdraw": "yes"})
    work(app)
    # It came without the signature, and goes without it.
    assert states(app) == {"sent": 1, "waiting": 5}
    assert count(app) == 0


def test_a_form_that_signs_can_be_confirmed_after_one_that_does_not(
    app: Flask, client: FlaskClient
) -> None:
    sign(client, people.cora)
    write_alone(client, people.cora)
    work(app)
    first, second = [link_in(each) for each in letters(app)]
    if "Do you send this email?" in client.get(first).get_data(as_text=True):
        first, second = second, first
    client.post(second)
    work(app)
    assert signatures(app) == [(State.WRITER,)]
    assert count(app) == 0
    client.post(first)
    work(app)
    assert signatures(app) == [(State.CONFIRMED,)]
    assert count(app) == 1


def test_what_is_not_confirmed_goes_after_seven_days(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    write_alone(client, people.cora)
    work(app)
    _is_nowhere_a_signature(app)
    clock.forward(timedelta(days=8))
    work(app)
    assert signatures(app) == []
    assert texts(app) == []


def test_what_was_written_after_a_withdrawal_outlives_its_hour(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    sign(client, people.cora)
    work(app)
    confirm(app, entries(app)[0])
    work(app)
    own = my_link([each for each in letters(app) if "/my/" in text_of(each)][-1])
    client.post(f"{own}/withdraw", data={"withdraw": "yes"})
    clock.forward(timedelta(minutes=5))
    write_alone(client, people.cora)
    work(app)
    client.post(link_in([each for each in letters(app) if "/confirm/" in text_of(each)][-1]))
    clock.forward(timedelta(hours=2))
    work(app)
    assert signatures(app) == [(State.WRITER,)]
    assert states(app) == {"sent": 3}
    assert count(app) == 0
    clock.forward(timedelta(days=10))
    work(app)
    assert states(app) == {"sent": 3}
