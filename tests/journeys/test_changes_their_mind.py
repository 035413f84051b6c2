"""Somebody signs, looks at what is held, changes it, withdraws, signs again, and has it erased."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.domain.signatures.hold_reasons import HoldReason
from petition.services.exports import csv_file
from petition.services.exports.csv_file import Export
from petition.services.signatures import holds
from petition.store.db import reading, transaction
from petition.store.signatures.signatures import Filters
from petition.web.http.dependencies import dependencies_of
from tests import factories, rights
from tests.conftest import Clock
from tests.worlds import Worlds

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("before_the_first_run")]


def my_link(app: Flask) -> str:
    """The newest letter's link to one's own signature."""
    for letter in reversed(factories.letters(app)):
        found = re.search(r"https?://[^/\s]+(/my/\S+)", factories.text_of(letter))
        if found:
            return found[1]
    raise AssertionError("no letter has the link")


def shown_total(app: Flask) -> int:
    factories.work(app)
    found = factories.rows(app, "SELECT confirmed FROM counts WHERE dimension = 'total'")
    return int(str(found[0][0])) if found else 0


def take_out(app: Flask, *, for_target: bool = False) -> list[str]:
    """An export's lines."""
    deps = dependencies_of(app)
    order = Export(
        slug="amazon", by="sam", reason="to look", filters=Filters(), for_target=for_target
    )
    with app.app_context():
        chunks = list(
            csv_file.export(
                order, deps.vault, reading=reading, transaction=transaction, now=deps.now
            )
        )
    return b"".join(chunks).decode().splitlines()


@pytest.fixture
def signed(
    app: Flask, client: FlaskClient, people: ModuleType, clock: Clock, worlds: Worlds
) -> str:
    """Ben has signed and confirmed; the link that his thank-you letter brought."""
    return worlds.enter(app, clock, "ben_confirmed", lambda: _signed(app, client, people))


def _signed(app: Flask, client: FlaskClient, people: ModuleType) -> str:
    factories.sign(client, people.ben)
    factories.work(app)
    client.post(factories.link_in(factories.letters(app)[0]))
    factories.work(app)
    return my_link(app)


def test_sees_all_that_is_held(app: Flask, client: FlaskClient, signed: str) -> None:
    take_out(app, for_target=True)
    page = client.get(signed)
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    for held in ("Ben", "Okafor", "ben.okafor@gmail.com", "Nigeria"):
        assert held in text
    assert "in list 1 for the people addressed, with your name and country." in text
    assert "SHA-256" not in text
    assert "[yes]" not in text
    answer = factories.the_call(app).call.consents["visibility"].says("target")
    assert html.escape(answer.splitlines()[0], quote=False) in text


def test_corrects_the_name(app: Flask, client: FlaskClient, signed: str) -> None:
    answer = client.post(f"{signed}/correct", data={"given_name": "Benedict", "family_name": ""})
    assert answer.status_code == 303
    assert "Your details have been corrected." in client.get(answer.location).get_data(as_text=True)
    assert "Benedict" in take_out(app)[1]
    assert "Okafor" not in "".join(take_out(app))
    assert ",NG," in take_out(app)[1], "what an older page does not send stays"


def test_a_new_comment_is_asked_about_once(app: Flask, client: FlaskClient, signed: str) -> None:
    """As on the sign form: what identifies somebody is pointed out, and may stay."""
    typed = {"given_name": "Ben", "comment": "At BER3 my badge is 4711234."}
    asked = client.post(f"{signed}/correct", data=typed)
    page = asked.get_data(as_text=True)
    assert asked.status_code == 422
    assert "Nothing has been changed yet." in page
    assert "BER3</bdi>: this looks like the code of a site" in page
    assert "click “Save my details” again" in page
    assert typed["comment"] in page
    assert "BER3" not in take_out(app)[1]
    mark = re.search(r'name="noticed" value="(\w+)"', page)
    assert mark
    again = client.post(f"{signed}/correct", data=typed | {"noticed": mark[1]})
    assert again.status_code == 303
    assert typed["comment"] in take_out(app)[1]
    other = {"given_name": "Benedict", "comment": typed["comment"]}
    assert client.post(f"{signed}/correct", data=other).status_code == 303, "it is the same still"


def test_corrects_everything_that_was_typed_but_the_address(
    app: Flask, client: FlaskClient, signed: str
) -> None:
    assert shown_total(app) == 1
    assert rights.counted(app)["country", "NG"] == 1
    typed = {
        "given_name": "Ben",
        "family_name": "Okafor",
        "country": "GH",
        "postcode": "ga 183",
        "comment": "For all of us.",
        "email": "else@example.org",
    }
    answer = client.post(f"{signed}/correct", data=typed)
    assert answer.status_code == 303
    page = client.get(answer.location).get_data(as_text=True)
    for words in ('value="GA 183"', "For all of us.", '<option value="GH" selected>'):
        assert words in page
    assert "ben.okafor@gmail.com" in page
    assert "else@example.org" not in page
    assert shown_total(app) == 1
    counted = rights.counted(app)
    assert (counted["country", "NG"], counted["country", "GH"]) == (0, 1)
    assert counted == rights.standing(app)
    (row,) = take_out(app)[1:]
    assert ",GH,GA 183," in row
    assert "For all of us." in row


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("given_name", ""),
        ("family_name", "x" * 101),
        ("country", "XX"),
        ("postcode", "1" * 17),
        ("comment", "x" * 1001),
    ],
)
def test_a_correction_keeps_the_rules_of_the_form(
    app: Flask, client: FlaskClient, signed: str, field: str, typed: str
) -> None:
    before = rights.dump(app)
    answer = client.post(f"{signed}/correct", data={field: typed})
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.get_data(as_text=True)
    assert rights.dump(app) == before


def test_a_name_that_cannot_be_is_said_and_changes_nothing(
    app: Flask, client: FlaskClient, signed: str
) -> None:
    answer = client.post(f"{signed}/correct", data={"given_name": "www.evil.example"})
    assert answer.status_code == 422
    assert 'href="#given_name"' in answer.get_data(as_text=True)
    assert "Ben" in take_out(app)[1]


def ticket_in(page: str) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', page)
    assert found
    return found[1]


def test_changes_the_answers_and_the_record_keeps_both(
    app: Flask, client: FlaskClient, signed: str, clock: Any
) -> None:
    clock.forward(timedelta(hours=2))
    ticket = ticket_in(client.get(signed).get_data(as_text=True))
    form = {"updates": "yes", "visibility": "counted", "ticket": ticket}
    assert client.post(f"{signed}/choices", data=form).status_code == 303
    found = factories.rows(app, "SELECT purpose, answer, way FROM consents ORDER BY id")
    assert found == [
        ("sign", "yes", "web"),
        ("updates", "no", "web"),
        ("visibility", "target", "web"),
        ("updates", "yes", "my"),
        ("visibility", "counted", "my"),
    ]
    (row,) = take_out(app)[1:]
    assert ",counted,," in row
    assert ",yes,2026-11-02T11:30:00Z," in row
    assert take_out(app, for_target=True)[1:] == []
    assert (
        client.post(f"{signed}/choices", data=form).status_code == 303
    )  # once more: nothing is added
    assert len(factories.rows(app, "SELECT id FROM consents")) == 5


def test_answers_without_the_ticket_are_not_saved(
    app: Flask, client: FlaskClient, signed: str
) -> None:
    form = {"updates": "yes", "visibility": "public"}
    assert client.post(f"{signed}/choices", data=form).status_code == 422
    assert len(factories.rows(app, "SELECT id FROM consents")) == 3


def test_withdraws_with_one_button(app: Flask, client: FlaskClient, signed: str) -> None:
    assert shown_total(app) == 1
    take_out(app)
    answer = client.post(f"{signed}/withdraw")
    page = client.get(answer.location).get_data(as_text=True)
    assert "Your signature is withdrawn." in page
    assert shown_total(app) == 0
    assert take_out(app)[1:] == []
    assert rights.recall(app)[1:] == ["1,withdrawn,2026-11-02T09:30:00Z"]
    assert rights.recall(app, 2)[1:] == []
    assert factories.rows(app, "SELECT answer FROM consents WHERE purpose = 'sign'") == [
        ("yes",),
        ("withdrawn",),
    ]
    client.post(f"{signed}/withdraw")  # ten times the same
    assert shown_total(app) == 0


def test_undoes_a_withdrawal_with_one_click(
    app: Flask, client: FlaskClient, signed: str, clock: Any
) -> None:
    assert shown_total(app) == 1
    before = rights.counted(app)
    client.post(f"{signed}/withdraw")
    assert shown_total(app) == 0
    clock.forward(timedelta(minutes=59, seconds=59))
    answer = client.post(f"{signed}/undo")
    assert answer.status_code == 303
    page = client.get(answer.location).get_data(as_text=True)
    assert "Your signature is back as it was." in page
    assert "the withdrawal was undone" in page
    assert shown_total(app) == 1
    assert rights.counted(app) == before
    assert len(take_out(app)) == 2
    changed = rights.dump(app)
    client.post(f"{signed}/undo")  # once more: nothing
    assert rights.dump(app) == changed


def test_an_hour_after_withdrawing_everything_is_gone(
    app: Flask, client: FlaskClient, signed: str, clock: Any
) -> None:
    take_out(app)
    old_letter = factories.link_in(factories.letters(app)[0])
    client.post(f"{signed}/withdraw")
    clock.forward(timedelta(hours=1))
    page = client.get(signed).get_data(as_text=True)
    assert "is being deleted" in page
    assert client.post(f"{signed}/undo").status_code == 422
    assert factories.rows(app, "SELECT state FROM signatures") == [("withdrawn",)]
    factories.work(app)
    gone = {"signatures", "entries", "consents", "letters", "mailboxes"}
    assert gone & rights.held_now(app).keys() == set()
    assert factories.letters(app) == []
    assert rights.recall(app)[1:] == ["1,erased,2026-11-02T09:30:00Z"]
    assert client.get(signed).status_code == 404
    assert client.post(old_letter).status_code == 404
    assert shown_total(app) == 0


@pytest.mark.each_case_on_both
@pytest.mark.parametrize(("verb", "says"), [("hold", "Held back"), ("reject", "Not accepted")])
def test_who_is_held_back_reads_why_and_how_to_object(
    app: Flask, client: FlaskClient, signed: str, verb: str, says: str
) -> None:
    at = dependencies_of(app).now()
    with app.app_context(), transaction() as session:
        getattr(holds, verb)(session, 1, reason=HoldReason.MANY_ALIKE, by="sam", at=at)
    factories.change(app, "UPDATE signatures SET state_reason = 'words of ours'")
    page = client.get(signed).get_data(as_text=True)
    for words in (says, "many others just like it", "You can object"):
        assert words in page
    assert "words of ours" not in page
    copy = client.post(f"{signed}/download-page").get_data(as_text=True)
    assert "words of ours" in copy
    document = json.loads(client.post(f"{signed}/download").get_data())
    assert (document["hold_reason"], document["state_reason"]) == ("many-alike", "words of ours")
    assert "many others" not in client.get(f"{signed}?lang=de").get_data(as_text=True)


def test_the_old_letter_does_not_bring_a_withdrawn_signature_back(
    app: Flask, client: FlaskClient, signed: str
) -> None:
    client.post(f"{signed}/withdraw")
    client.post(factories.link_in(factories.letters(app)[0]))
    assert factories.rows(app, "SELECT state FROM signatures") == [("withdrawn",)]
    assert shown_total(app) == 0


def test_signs_again_after_withdrawing(
    app: Flask, client: FlaskClient, signed: str, people: ModuleType, clock: Any
) -> None:
    client.post(f"{signed}/withdraw")
    clock.forward(timedelta(days=2))
    factories.sign(client, people.ben | {"given_name": "Big Ben"})
    assert shown_total(app) == 0
    newest = factories.letters(app)[-1]
    client.post(factories.link_in(newest))
    assert shown_total(app) == 1
    assert "Big Ben" in take_out(app)[1]
    assert len(take_out(app)) == 2


def test_who_was_held_does_not_come_back_around_the_hold(
    app: Flask, client: FlaskClient, signed: str, people: ModuleType, clock: Any
) -> None:
    rights.move(app, holds.hold)
    client.post(f"{signed}/withdraw")
    clock.forward(timedelta(minutes=59))
    factories.sign(client, people.ben)
    factories.work(app)
    client.post(factories.link_in(factories.letters(app)[-1]))
    assert factories.rows(app, "SELECT state FROM signatures") == [("held",)]


def test_takes_a_copy_along(app: Flask, client: FlaskClient, signed: str) -> None:
    answer = client.post(f"{signed}/download")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    document = json.loads(answer.get_data())
    assert document["forms"][0]["email"] == "ben.okafor@gmail.com"
    assert [each["purpose"] for each in document["forms"][0]["answers"]] == [
        "sign",
        "updates",
        "visibility",
    ]
    page = client.post(f"{signed}/download-page")
    assert "attachment" in page.headers["Content-Disposition"]
    assert "ben.okafor@gmail.com" in page.get_data(as_text=True)


def test_erases_everything(app: Flask, client: FlaskClient, signed: str) -> None:
    take_out(app)
    assert shown_total(app) == 1
    assert client.post(f"{signed}/erase").status_code == 422  # not without the tick
    answer = client.post(f"{signed}/erase", data={"sure": "yes"})
    assert "Everything is erased" in answer.get_data(as_text=True)
    assert shown_total(app) == 0
    for table in ("signatures", "entries", "consents", "letters", "mailboxes", "link_requests"):
        assert factories.rows(app, f"SELECT * FROM {table}") == [], table
    assert factories.letters(app) == []
    assert take_out(app)[1:] == []
    assert rights.recall(app)[1:] == ["1,erased,2026-11-02T09:30:00Z"]
    assert client.get(signed).status_code == 404
    assert client.post(f"{signed}/withdraw").status_code == 404


def test_an_unknown_action_is_refused(client: FlaskClient, signed: str) -> None:
    assert client.post(signed, data={"do": "promote"}).status_code == 400
    assert client.post(signed).status_code == 400


ACTIONS = ("correct", "choices", "withdraw", "undo", "download", "download-page", "erase")


def test_looking_at_the_address_of_a_button_shows_the_page_and_changes_nothing(
    app: Flask, client: FlaskClient, signed: str
) -> None:
    """Who loads the page that a mistake led to, or changes its language, is there by GET."""
    before, page = rights.dump(app), client.get(f"{signed}?lang=de")
    for action in ACTIONS:
        assert client.head(f"{signed}/{action}").status_code == 200, action
        answer = client.get(f"{signed}/{action}?lang=de")
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store"), action
        assert without_ticket(answer) == without_ticket(page), action
    assert rights.dump(app) == before


def without_ticket(answer: Any) -> str:
    return re.sub(r'name="ticket" value="[^"]+"', "", answer.get_data(as_text=True))


def test_no_button_of_a_forged_link_does_anything(
    app: Flask, client: FlaskClient, signed: str
) -> None:
    before, page = rights.dump(app), client.get("/my/forged").data
    form = {"sure": "yes", "given_name": "Eve"}
    for token in ("forged", "1.2.3", signed.rpartition("/")[2][:-1]):
        for action in ACTIONS:
            answer = client.post(f"/my/{token}/{action}", data=form)
            assert (answer.status_code, answer.data) == (404, page), (token, action)
    assert rights.dump(app) == before


def test_each_button_of_the_page_goes_to_an_address_of_its_own(
    client: FlaskClient, signed: str
) -> None:
    page = client.get(f"{signed}?done=name&lang=ar").get_data(as_text=True)
    targets = re.findall(r'<form method="post" action="([^"]+)"', page)
    there = [action for action in ACTIONS if action != "undo"]
    assert sorted(targets) == sorted(f"{signed}/{action}?lang=ar" for action in there)
    assert page.count('<form method="post"') == len(there)
    assert page.index("/choices?") < page.index("/correct?") < page.index("/withdraw?")
    client.post(f"{signed}/withdraw")
    page = client.get(signed).get_data(as_text=True)
    targets = re.findall(r'<form method="post" action="([^"]+)"', page)
    left = ("undo", "download-page", "download", "erase")
    assert targets == [f"{signed}/{action}" for action in left]


def test_a_mistake_keeps_what_was_typed(client: FlaskClient, signed: str) -> None:
    names = {"given_name": "www.evil.example", "family_name": "O’Kafor"}
    page = client.post(f"{signed}/correct", data=names).get_data(as_text=True)
    assert all(f'value="{name}"' in page for name in names.values())
    answers = {"updates": "yes", "visibility": "public", "ticket": "old"}
    page = client.post(f"{signed}/choices", data=answers).get_data(as_text=True)
    assert 'name="visibility" value="public" checked' in page
    assert 'name="updates" value="yes" checked' in page
    assert 'href="#choices-button">The form was open for too long.' in page
