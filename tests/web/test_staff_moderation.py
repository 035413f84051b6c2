"""The console's queue of names and comments over HTTP: who may decide, and what comes of it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from tests import console, factories, in_one_go, people, rights
from tests.conftest import Clock
from tests.people import Form

ADDRESS = "/staff/campaigns/amazon/comments"
SEEN = "0123456789abcdef-01234567"


def public(number: int, **changes: str) -> Form:
    return people.someone(number, visibility="public", **changes)


def signed(app: Flask, *forms: Form) -> list[int]:
    """They sign and confirm; the numbers of their signatures."""
    in_one_go.keep_all(app, factories.the_call(app), forms)
    waiting = factories.rows(
        app, "SELECT entry_id FROM signatures WHERE state = 'pending' ORDER BY id"
    )
    in_one_go.confirm_all(app, (int(str(entry_id)) for (entry_id,) in waiting))
    return [
        int(str(row[0])) for row in factories.rows(app, "SELECT id FROM signatures ORDER BY id")
    ]


@pytest.fixture
def mo(app: Flask) -> FlaskClient:
    """A moderator's browser."""
    return console.enter(app, "moderator")


def text(answer: Answer) -> str:
    return answer.get_data(as_text=True)


def marks(page: str, button: str) -> list[str]:
    """What pressing each button of that kind sends."""
    return re.findall(rf'name="{button}" value="([^"]+)"', page)


def names_on(page: str) -> list[str]:
    return re.findall(r'<p class="name" id="name-\d+"><bdi>([^<]*)</bdi>', page)


def press(client: FlaskClient, address: str = ADDRESS, **fields: object) -> Answer:
    """Press a button on the page as it is now."""
    token = console.form_token(client.get(ADDRESS))
    return client.post(address, data={"csrf_token": token, **fields})


def verdicts(app: Flask) -> list[tuple[object, ...]]:
    return factories.rows(
        app,
        "SELECT s.id, r.verdict FROM reviews r JOIN signatures s ON s.entry_id = r.entry_id "
        "ORDER BY s.id",
    )


def test_those_with_a_comment_can_be_read_alone(app: Flask, mo: FlaskClient) -> None:
    # Every third of 66 has one: more than a page, behind more than a page without.
    ids = signed(
        app, *(public(n, comment="" if n % 3 else f"Comment {n} here.") for n in range(66))
    )
    page = text(mo.get(f"{ADDRESS}?only=comments"))
    assert "Waiting: 66" in page
    assert "With a comment: 22" in page
    assert re.search(r'\?only=comments" aria-current="page"', page)
    assert re.findall(r"Comment (\d+) here", page) == [str(n) for n in range(0, 60, 3)]
    assert "that have no comment" not in page
    further = re.search(r'href="([^"]+)">Skip these', page)
    assert further
    rest = text(mo.get(further[1].replace("&amp;", "&")))
    assert re.findall(r"Comment (\d+) here", rest) == ["60", "63"]
    answer = press(mo, f"{ADDRESS}?only=comments", shown=marks(page, "shown")[0])
    assert answer.location.endswith("?only=comments#list")
    assert verdicts(app) == [(ids[0], "shown")]
    assert "With a comment: 21" in text(mo.get(ADDRESS))


def test_it_explains_before_it_shows(app: Flask, mo: FlaskClient) -> None:
    signed(app, people.amina, public(1), people.someone(2))
    page = text(mo.get(ADDRESS))
    assert page.index("What each button does") < page.index("Waiting for you")
    assert names_on(page) == ["أمينة بن يوسف", "Person1 Of-Many"]
    assert people.amina["comment"] in page
    assert people.amina["email"] not in page
    assert people.amina["postcode"] not in page
    assert len(marks(page, "name_only")) == 1, "where there is no comment it would be the same"


@pytest.mark.each_case_on_both
@pytest.mark.parametrize("verdict", ["shown", "name_only", "refused"])
def test_a_button_decides_about_one(app: Flask, mo: FlaskClient, verdict: str) -> None:
    first, second = signed(app, public(1, comment="Because."), public(2, comment="Also."))
    mark = marks(text(mo.get(ADDRESS)), verdict)[0]
    answer = press(mo, **{verdict: mark})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{ADDRESS}#list")
    assert verdicts(app) == [(first, verdict)]
    assert names_on(text(mo.get(ADDRESS))) == ["Person2 Of-Many"]
    who, action, detail = factories.rows(
        app, "SELECT who, action, detail FROM audit WHERE action LIKE 'review%'"
    )[0]
    assert (who, action) == (console.address("moderator"), f"review {verdict}")
    assert detail == f"signature {first}"
    decided = text(mo.get(f"{ADDRESS}?verdict={verdict}"))
    assert names_on(decided) == ["Person1 Of-Many"]
    assert "Decided by moderator<wbr>@campaign<wbr>.example<wbr>.org, " in decided
    assert marks(decided, verdict) == [], "it stands so already"
    assert second


def test_a_decision_can_be_changed_from_its_list(app: Flask, mo: FlaskClient) -> None:
    (signature_id,) = signed(app, public(1, comment="Because."))
    press(mo, shown=marks(text(mo.get(ADDRESS)), "shown")[0])
    shown = f"{ADDRESS}?verdict=shown"
    answer = press(mo, shown, refused=marks(text(mo.get(shown)), "refused")[0])
    assert answer.headers["Location"] == f"{shown}#list"
    assert verdicts(app) == [(signature_id, "refused")]


def test_the_names_without_a_comment_together(app: Flask, mo: FlaskClient) -> None:
    one, two, three = signed(app, public(1), public(2, comment="Because."), public(3))
    page = text(mo.get(ADDRESS))
    assert "Show the 2 names on this page" in page
    press(mo, together="yes", each=marks(page, "each"))
    assert verdicts(app) == [(one, "shown"), (three, "shown")]
    assert names_on(text(mo.get(ADDRESS))) == ["Person2 Of-Many"]
    assert two


def test_one_button_leaves_the_others_alone(app: Flask, mo: FlaskClient) -> None:
    """A browser sends the hidden list along with every button of the form."""
    one, _, _ = signed(app, public(1), public(2), public(3))
    page = text(mo.get(ADDRESS))
    press(mo, refused=marks(page, "refused")[0], each=marks(page, "each"))
    assert verdicts(app) == [(one, "refused")]


def test_a_name_that_changed_meanwhile_is_read_again(app: Flask, mo: FlaskClient) -> None:
    (signature_id,) = signed(app, public(1))
    mark = marks(text(mo.get(ADDRESS)), "shown")[0]
    rights.correct(app, "Buy", "Now", signature_id)
    answer = press(mo, shown=mark)
    assert answer.status_code == 303
    assert verdicts(app) == []
    page = text(mo.get(answer.headers["Location"]))
    assert "has changed since you opened the page" in page
    assert names_on(page) == ["Buy Now"]


def test_who_withdrew_meanwhile_is_not_shown(app: Flask, mo: FlaskClient) -> None:
    (signature_id,) = signed(app, public(1))
    mark = marks(text(mo.get(ADDRESS)), "shown")[0]
    rights.withdraw(app, signature_id)
    assert "changed=1" in press(mo, shown=mark).headers["Location"]
    assert verdicts(app) == []


def test_twenty_a_page_and_on_below_those_that_were_left(app: Flask, mo: FlaskClient) -> None:
    ids = signed(app, *(public(number) for number in range(22)))
    page = text(mo.get(ADDRESS))
    assert len(names_on(page)) == 20
    assert "Waiting: 22" in page
    further = f"{ADDRESS}?after={ids[19]}"
    assert f'href="{further}"' in page
    page = text(mo.get(further))
    assert names_on(page) == ["Person20 Of-Many", "Person21 Of-Many"]
    answer = press(mo, further, refused=marks(page, "refused")[0])
    assert answer.headers["Location"] == f"{further}#list", "on with the same list"


def test_who_only_looks_or_exports_is_kept_out(app: Flask) -> None:
    (signature_id,) = signed(app, public(1))
    for role in ("viewer", "exporter", "editor"):
        client = console.enter(app, role)
        numbers = client.get("/staff/campaigns/amazon")
        assert numbers.status_code == 200
        assert "/comments" not in text(numbers)
        assert client.get(ADDRESS).status_code == 403
        token = console.form_token(numbers)
        mark = f"{signature_id}-{'0' * 16}-{'0' * 8}"
        answer = client.post(ADDRESS, data={"csrf_token": token, "shown": mark})
        assert answer.status_code == 403
    assert verdicts(app) == []


@pytest.mark.parametrize("role", ["moderator", "owner"])
def test_who_decides_finds_the_way(app: Flask, role: str) -> None:
    signed(app, public(1), public(2))
    factories.work(app)
    client = console.enter(app, role)
    page = text(client.get("/staff/campaigns/amazon"))
    assert f'<a href="{ADDRESS}">' in page
    assert "(2 waiting)" in page
    press(client, shown=marks(text(client.get(ADDRESS)), "shown")[0])
    assert len(verdicts(app)) == 1


def test_without_the_forms_token_nothing_happens(app: Flask, mo: FlaskClient) -> None:
    signed(app, public(1))
    mark = marks(text(mo.get(ADDRESS)), "shown")[0]
    for data in ({"shown": mark}, {"shown": mark, "csrf_token": "forged"}):
        assert mo.post(ADDRESS, data=data).status_code == 422
    assert verdicts(app) == []


def test_junk_is_answered(app: Flask, mo: FlaskClient) -> None:
    signed(app, public(1))
    for junk in ("", "1", f"x-{SEEN}", "1-zz", f"-1-{SEEN}", "9" * 30 + f"-{SEEN}", f"1-{SEEN}0"):
        answer = press(mo, shown=junk)
        assert answer.status_code == 422, junk
        assert "click one of the buttons" in text(answer), junk


def test_a_signature_that_is_not_there(app: Flask, mo: FlaskClient) -> None:
    mark = f"{10**17}-{SEEN}"
    assert "changed=1" in press(mo, shown=mark).headers["Location"]


def test_lists_that_are_not_there(mo: FlaskClient) -> None:
    for query in (
        "verdict=liked",
        "after=x",
        "verdict=shown&before=0",
        "only=insults",
        "language=xx",
        "country=Narnia",
        "undone=many",
    ):
        assert mo.get(f"{ADDRESS}?{query}").status_code == 404, query


def test_another_campaigns_names_stay_there(app: Flask, mo: FlaskClient) -> None:
    signed(app, public(1))
    mark = marks(text(mo.get(ADDRESS)), "shown")[0]
    factories.change(
        app,
        "INSERT INTO campaigns (slug, state, goal, default_language, targets, created_at, "
        "retention_months) SELECT 'other', state, goal, default_language, targets, created_at, "
        "retention_months FROM campaigns",
    )
    other = ADDRESS.replace("amazon", "other")
    assert names_on(text(mo.get(other))) == []
    assert press(mo, other, shown=mark).status_code == 404
    assert verdicts(app) == []


def undo(client: FlaskClient, page: str, address: str = ADDRESS) -> Answer:
    """Press the button on a page that was opened some time ago."""
    batch = re.search(r'name="batch" value="([0-9a-f]+)"', page)
    token = console.form_token(client.get(ADDRESS))
    return client.post(
        address.replace("/comments", "/comments/undo"),
        data={"csrf_token": token, "batch": batch[1] if batch else ""},
    )


def test_the_last_decision_can_be_undone_by_a_button(app: Flask, mo: FlaskClient) -> None:
    signed(app, public(1), public(2, comment="Because."), public(3))
    page = text(mo.get(ADDRESS))
    assert "Your last decision" not in page
    press(mo, together="yes", each=marks(page, "each"))
    page = text(mo.get(f"{ADDRESS}?verdict=shown"))
    assert "Show, for 2 names." in page
    answer = undo(mo, page, f"{ADDRESS}?verdict=shown")
    assert answer.headers["Location"] == f"{ADDRESS}?verdict=shown&undone=2#list"
    assert verdicts(app) == []
    page = text(mo.get(answer.headers["Location"]))
    assert "Undone: 2 decisions." in page
    assert "Your last decision" not in page
    assert "Waiting: 3" in page


def test_there_may_be_nothing_to_undo(app: Flask, mo: FlaskClient) -> None:
    answer = undo(mo, "")
    assert "There is nothing left to undo" in text(mo.get(answer.headers["Location"]))
    assert mo.post(f"{ADDRESS}/undo", data={"batch": "x"}).status_code == 422
    signed(app, public(1))
    press(mo, shown=marks(text(mo.get(ADDRESS)), "shown")[0])
    page = text(mo.get(ADDRESS))
    rights.correct(app, "Buy", "Now")
    answer = undo(mo, page)
    assert "1 name has changed since you decided" in text(mo.get(answer.headers["Location"]))


def test_two_moderators_are_shown_different_names(app: Flask, mo: FlaskClient) -> None:
    signed(app, *(public(number) for number in range(22)))
    other = console.enter(app, "moderator", "other@example.org")
    page = text(mo.get(ADDRESS))
    assert len(names_on(page)) == 20
    assert "Nobody else is shown these until" in page
    page = text(other.get(ADDRESS))
    assert names_on(page) == ["Person20 Of-Many", "Person21 Of-Many"]
    assert "20 names are being read by somebody else" in page
    third = text(console.enter(app, "moderator", "third@example.org").get(ADDRESS))
    assert "Nothing else is waiting." in third


def test_who_comes_second_learns_what_was_decided(
    app: Flask, mo: FlaskClient, clock: Clock
) -> None:
    """Their claim had lapsed; the first decision stands, and is read together with who made it."""
    signed(app, public(1))
    page = text(mo.get(ADDRESS))
    token = console.form_token(mo.get(ADDRESS))
    clock.forward(timedelta(minutes=5))
    other = console.enter(app, "moderator", "other@example.org")
    theirs = marks(text(other.get(ADDRESS)), "refused")[0]
    data = {"csrf_token": token, "shown": marks(page, "shown")[0]}
    answer = mo.post(ADDRESS, data=data)
    seen = text(mo.get(answer.headers["Location"]))
    assert "Person1 Of-Many</bdi>: being read by somebody else just now." in seen
    press_there = {"csrf_token": console.form_token(other.get(ADDRESS)), "refused": theirs}
    assert other.post(ADDRESS, data=press_there).status_code == 303
    answer = mo.post(ADDRESS, data=data)
    assert answer.status_code == 303
    page = text(mo.get(answer.headers["Location"]))
    assert "Somebody else was a little faster" in page
    assert "Person1 Of-Many</bdi>: Not shown. Decided by other<wbr>@example<wbr>.org" in page
    assert [row[1] for row in verdicts(app)] == ["refused"]


def test_the_same_list_can_be_narrowed(app: Flask, mo: FlaskClient) -> None:
    signed(app, public(1, country="FR"), public(2, country="DE", comment="Because."))
    assert names_on(text(mo.get(f"{ADDRESS}?country=FR&language=&only="))) == ["Person1 Of-Many"]
    page = text(mo.get(f"{ADDRESS}?only=names"))
    assert names_on(page) == ["Person1 Of-Many"]
    assert "Waiting without a comment" in page
    page = text(mo.get(f"{ADDRESS}?country=DE"))
    assert names_on(page) == ["Person2 Of-Many"]
    assert f'href="{ADDRESS}?verdict=shown&amp;country=DE"' in page, "a filter goes along"
    answer = press(mo, f"{ADDRESS}?country=DE", shown=marks(page, "shown")[0])
    assert answer.headers["Location"] == f"{ADDRESS}?country=DE#list"
    assert names_on(text(mo.get(f"{ADDRESS}?verdict=shown&country=FR"))) == []
    assert names_on(text(mo.get(f"{ADDRESS}?verdict=shown&country=DE"))) == ["Person2 Of-Many"]


def test_names_of_another_campaign_are_not_read_out_by_a_made_up_address(
    app: Flask, mo: FlaskClient
) -> None:
    (signature_id,) = signed(app, public(1))
    factories.change(app, "UPDATE signatures SET state = 'held'")
    page = text(mo.get(f"{ADDRESS}?others={signature_id}.x.-1.{'9' * 30}"))
    assert "Person1" not in page
