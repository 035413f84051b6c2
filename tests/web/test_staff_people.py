"""The page of people: inviting, changing, closing; and the last owner stays."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse as Answer

from petition.domain.staff.roles import Right
from petition.store.db import transaction
from petition.store.staff import roles
from petition.web.http.dependencies import dependencies_of
from tests import console, factories
from tests.conftest import Clock
from tests.factories import together

PAGE = "/staff/people"
SAM = "sam@example.org"


def post(client: FlaskClient, address: str, **data: str | list[str]) -> Answer:
    token = console.form_token(client.get(PAGE))
    return client.post(address, data={"csrf_token": token, **data})


def text(answer: Answer) -> str:
    return answer.get_data(as_text=True)


def own_page(app: Flask, email: str) -> str:
    ((found,),) = factories.rows(app, "SELECT id FROM staff WHERE email = :email", email=email)
    return f"{PAGE}/{found}"


def granted(app: Flask) -> list[tuple[object, ...]]:
    return factories.rows(
        app,
        "SELECT email, campaign_id, role, further FROM staff_roles JOIN staff"
        " ON staff.id = staff_id ORDER BY staff_roles.id",
    )


def notes(app: Flask) -> list[object]:
    found = factories.rows(app, "SELECT detail FROM audit WHERE action = 'role' ORDER BY id")
    return [detail for (detail,) in found]


def test_an_invitation_is_shown_once_and_works(app: Flask) -> None:
    owner = console.enter(app)
    answer = post(
        owner, PAGE, email=f" {SAM.upper()}", role="editor", campaign="amazon", also=["letters"]
    )
    assert answer.status_code == 200
    link = re.search(r"http://127\.0\.0\.1:8000(/staff/set-up/[^<]+)<", text(answer))
    assert link
    assert "set-up" not in text(owner.get(PAGE))
    assert granted(app)[1:] == [(SAM, 1, "editor", '["letters"]')]
    sam = app.test_client()
    assert console.set_up(sam, link[1]).status_code == 303
    assert sam.get("/staff/campaigns/amazon/domains").status_code == 200
    assert sam.get(PAGE).status_code == 403


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": console.address("owner")}, "email"),
        ({"role": ""}, "role"),
        ({"role": "king"}, "role"),
        ({"campaign": "nothing"}, "campaign"),
        ({"also": "manage-staff"}, "also"),
    ],
)
def test_what_is_wrong_is_said_and_the_rest_is_kept(
    app: Flask, wrong: dict[str, str], field: str
) -> None:
    owner = console.enter(app)
    form = {"email": SAM, "role": "viewer", "campaign": "amazon", "also": "export"} | wrong
    answer = post(owner, PAGE, **form)
    page = text(answer)
    assert answer.status_code == 422
    assert f'id="{field}-problem"' in page
    assert f'<a href="#{field}">' in page
    assert f'value="{form["email"]}"' in page
    for chosen in ('value="amazon" lang="en" selected', 'value="viewer" checked'):
        assert chosen in page or field in {"campaign", "role"}
    assert len(granted(app)) == 1


def test_a_stale_form_says_so_and_changes_nothing(app: Flask) -> None:
    owner = console.enter(app)
    console.enter(app, "viewer", SAM)
    before = granted(app)
    sam = own_page(app, SAM)
    for address in (PAGE, f"{sam}/role", f"{sam}/take", f"{sam}/disable"):
        answer = owner.post(address, data={"email": "new@example.org", "role": "owner"})
        assert answer.status_code == 422
        assert "open for too long" in text(answer)
    assert granted(app) == before


def test_a_role_is_changed_added_and_taken_away(app: Flask) -> None:
    owner = console.enter(app)
    sam = console.enter(app, "viewer", SAM)
    page = own_page(app, SAM)
    assert sam.get("/staff/limits").status_code == 200
    for form in (
        {"role": "moderator", "campaign": "amazon"},
        {"role": "editor", "campaign": "", "also": ["personal-data"]},
    ):
        answer = post(owner, f"{page}/role", **form)
        assert (answer.status_code, answer.headers["Location"]) == (303, page)
    assert granted(app)[1:] == [
        (SAM, None, "editor", '["personal-data"]'),
        (SAM, 1, "moderator", "[]"),
    ]
    shown = text(owner.get(page))
    assert "Editor, sees personal data – all campaigns" in shown
    assert post(owner, f"{page}/take", campaign="").status_code == 303
    assert sam.get("/staff/limits").status_code == 403
    assert sam.get("/staff/campaigns/amazon/comments").status_code == 200
    assert post(owner, f"{page}/take", campaign="amazon").status_code == 303
    assert sam.get("/staff/campaigns/amazon").status_code == 404
    assert "has no campaign yet" in text(sam.get("/staff/"))
    assert notes(app) == [
        f"{SAM}: moderator on amazon",
        f"{SAM}: editor, personal-data on all campaigns",
        f"{SAM}: none on all campaigns",
        f"{SAM}: none on amazon",
    ]


def test_a_closed_account_is_out_at_once(app: Flask, clock: Clock) -> None:
    owner = console.enter(app)
    sam = console.enter(app, "viewer", SAM)
    clock.forward(timedelta(minutes=5))
    sam.get("/staff/")
    assert "2 Nov 2026" in text(owner.get(own_page(app, SAM)))
    assert post(owner, f"{own_page(app, SAM)}/disable").status_code == 303
    assert sam.get("/staff/").status_code == 303
    page = text(owner.get(own_page(app, SAM)))
    assert "closed for good" in page
    assert "Close the account" not in page


def test_nobody_is_there_without_an_account(app: Flask) -> None:
    owner = console.enter(app)
    for path in ("role", "take", "disable"):
        assert post(owner, f"{PAGE}/99/{path}", role="viewer").status_code == 404
    assert owner.get(f"{PAGE}/99").status_code == 404


@pytest.mark.parametrize(
    ("path", "form"),
    [("disable", {}), ("take", {"campaign": ""}), ("role", {"role": "editor", "campaign": ""})],
)
def test_the_last_owner_stays(app: Flask, path: str, form: dict[str, str]) -> None:
    owner = console.enter(app)
    console.invite(app, "owner", SAM)  # who never came in is none yet
    mine = own_page(app, console.address("owner"))
    before = granted(app)
    answer = post(owner, f"{mine}/{path}", **form)
    assert answer.status_code == 422
    assert "This is the last owner" in text(answer)
    assert granted(app) == before
    assert post(owner, f"{mine}/role", role="viewer", campaign="amazon").status_code == 303
    console.enter(app, "owner", SAM)
    assert post(owner, f"{mine}/{path}", **form).status_code == 303


@pytest.mark.slow
def test_two_owners_cannot_remove_each_other(app: Flask) -> None:
    clients = [console.enter(app), console.enter(app, "owner", SAM)]
    pages = [own_page(app, SAM), own_page(app, console.address("owner"))]
    tokens = [console.form_token(client.get(PAGE)) for client in clients]

    def remove(number: int) -> None:
        clients[number].post(
            f"{pages[number]}/take", data={"csrf_token": tokens[number], "campaign": ""}
        )

    assert together(2, remove) == []
    with app.app_context(), transaction() as session:
        assert len(roles.owners(session)) == 1


def test_a_right_beside_the_role_opens_what_it_is_for(app: Flask) -> None:
    names = "/staff/campaigns/amazon/comments"
    editor = console.enter(app, "editor")
    assert editor.get(names).status_code == 403
    reader = console.enter(app, "editor", SAM, also=[Right.PERSONAL_DATA])
    assert reader.get(names).status_code == 200


def test_many_people_have_pages(app: Flask) -> None:
    owner = console.enter(app)
    for number in range(60):
        factories.change(
            app,
            "INSERT INTO staff (email, disabled, created_at) VALUES (:email, false, :at)",
            email=f"p{number:02d}@example.org",
            at=dependencies_of(app).now(),
        )

    def listed(address: str) -> tuple[list[str], list[str]]:
        page = text(owner.get(address)).replace("<wbr>", "")
        pages = re.findall(rf'href="({PAGE}(?:\?after=\d+)?)#list">(Next page|Page before)', page)
        return re.findall(r"<bdi>(p\d\d)@", page), [words for _, words in pages]

    first, links = listed(PAGE)
    assert first == [f"p{number:02d}" for number in range(49)], "the owner comes before them"
    assert links == ["Next page"]
    after = re.search(r"\?after=\d+", text(owner.get(PAGE)))
    assert after
    assert listed(f"{PAGE}{after[0]}") == ([f"p{n:02d}" for n in range(49, 60)], ["Page before"])
    assert owner.get(f"{PAGE}?after=424242").status_code == 404
    assert owner.get(f"{PAGE}?after=x").status_code == 404
