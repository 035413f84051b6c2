"""A partner's own page: who opens it, what it shows, its numbers, and the sections made there."""

from __future__ import annotations

import hashlib
import html
import re
from datetime import timedelta
from xml.etree import ElementTree as Xml

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse as Answer

from petition import i18n
from petition.domain.partners.section import MOST_SECTIONS
from petition.services.partners import page_links
from petition.store.db import db, transaction
from petition.web.http.dependencies import dependencies_of
from tests import console, factories, partner_sites, people
from tests.conftest import Clock
from tests.park import open_park

pytestmark = pytest.mark.slow

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

DAY = timedelta(days=1)
PRIVATE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


def text(answer: Answer) -> str:
    return html.unescape(answer.get_data(as_text=True))


def numbers(page: str) -> list[str]:
    """What the page says of the form, of the picture's link, and of each section."""
    part = page[page.index('id="numbers-heading"') : page.index("What you paste")]
    found = re.findall(r"<dd>(.*?)</dd>|Signed by its link: (.*?)</p>", part)
    return [re.sub("<.*?>", "", "".join(each)) for each in found]


def add(client: FlaskClient, link: str, name: str) -> Answer:
    return client.post(f"{link}/sections", data={"name": name})


# --- the link -------------------------------------------------------------------------------------


def test_the_page_says_all_that_a_partner_needs_and_nothing_of_people(
    app: Flask, client: FlaskClient
) -> None:
    key = partner_sites.make(app, "Ver.di & friends")
    partner_sites.sign(client, key, people.ben)
    (entry_id,) = factories.entries(app)
    factories.confirm(app, entry_id)
    factories.work(app)
    link = partner_sites.page_link(app, key)
    answer = client.get(link)
    page = text(answer)
    assert answer.status_code == 200
    assert {name: answer.headers[name] for name in PRIVATE} == PRIVATE
    assert "Set-Cookie" not in answer.headers
    for there in ("Ver.di & friends", partner_sites.SITE, key, "It works.", "/embed.js"):
        assert there in page
    assert page.count('class="copy" dir="ltr" id=') == 4, (
        "each can be selected whole, without a script"
    )
    for field in ("given_name", "family_name", "email"):
        assert people.ben[field] not in page
    assert numbers(page) == ["fewer than ten"]


@on_sqlite
def test_the_page_speaks_every_language_and_its_lines_another_one_if_asked(
    app: Flask, client: FlaskClient
) -> None:
    link = partner_sites.page_link(app, partner_sites.make(app))
    for code in i18n.codes():
        page = text(client.get(f"{link}?lang={code}"))
        assert f'<html lang="{code}"' in page
        assert f'data-lang="{code}"' in page
    page = text(client.get(f"{link}?lang=de&form=ar"))
    assert '<html lang="de"' in page
    assert 'data-lang="ar"' in page
    alt = factories.the_call(app, "ar").call.ask
    assert f'<img src="{_base(app)}/ar/amazon/card.png" alt="{alt}"' in page
    assert page.count(f'alt="{alt}"') >= 2
    assert "?lang=de&form=fr" in page
    assert client.get(f"{link}?lang=zz&form=%00").status_code == 200


def _base(app: Flask) -> str:
    return dependencies_of(app).settings.base_url


def test_what_is_no_link_any_more_is_a_page_that_never_was(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """Unknown, revoked, replaced and over: the same answer, by the same statements."""
    one, two, three = (partner_sites.make(app, name) for name in ("One", "Two", "Three"))
    over = partner_sites.page_link(app, three, days=1)
    clock.forward(DAY)
    replaced = partner_sites.page_link(app, one)
    good = partner_sites.page_link(app, one)
    revoked = partner_sites.page_link(app, two)
    with app.app_context(), transaction() as session:
        assert page_links.revoke(session, two, campaign=None, by="test", at=clock())
        assert not page_links.revoke(session, two, campaign=None, by="test", at=clock())
    unknown = f"/partner/{'A' * 43}"
    assert client.get(good).status_code == 200
    found = {}
    for link in (unknown, over, replaced, revoked):
        for method, place in (("GET", link), ("POST", f"{link}/sections")):
            answer, statements = asked(app, client, method, place)
            assert answer.status_code == 404
            headers = {name: answer.headers[name] for name in PRIVATE}
            body = answer.get_data(as_text=True).replace(link, "")
            found.setdefault(method, []).append((headers, body, statements))
    for answers in found.values():
        assert answers == answers[:1] * 4
    assert factories.rows(app, "SELECT count(*) FROM partner_sections") == [(0,)]


def asked(app: Flask, client: FlaskClient, method: str, place: str) -> tuple[Answer, list[str]]:
    """The answer, and the statements about partners that it took."""
    statements: list[str] = []

    def heard(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "partner" in statement:
            statements.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", heard)
    try:
        answer = client.open(place, method=method, data={"name": "x"} if method == "POST" else None)
    finally:
        event.remove(engine, "before_cursor_execute", heard)
    return answer, statements


def test_only_the_hash_of_a_link_is_kept(app: Flask) -> None:
    token = partner_sites.page_link(app, partner_sites.make(app)).rpartition("/")[2]
    digest = hashlib.sha256(token.encode()).hexdigest()
    assert factories.rows(app, "SELECT token_sha256 FROM partner_links") == [(digest,)]


@on_sqlite
def test_a_blocked_partner_is_told_so_and_changes_nothing(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app)
    link = partner_sites.page_link(app, key)
    partner_sites.block(app, key)
    page = text(client.get(link))
    assert "Your key does not work at the moment: the organiser has blocked it." in page
    assert 'name="name"' not in page
    assert add(client, link, "Leipzig").status_code == 404
    assert factories.rows(app, "SELECT count(*) FROM partner_sections") == [(0,)]


# --- its numbers ----------------------------------------------------------------------------------


def test_numbers_are_tens_and_move_once_a_day(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """By the rule of country figures: minute by minute, whatever happens, a page says the same."""
    key, other = partner_sites.make(app), partner_sites.make(app, "Other")
    section = partner_sites.section(app, key, "Leipzig")
    link = partner_sites.page_link(app, key)
    partner_sites.came(app, 9, partner=key)
    assert numbers(text(client.get(link))) == ["fewer than ten"] * 2
    partner_sites.came(app, 26, partner=key)
    partner_sites.came(app, 13, source=section)
    partner_sites.came(app, 40, partner=other)
    before = numbers(text(client.get(link)))
    assert before[0] == "30"
    for _minute in range(5):
        clock.forward(timedelta(minutes=1))
        partner_sites.came(app, 10, partner=key)
        assert numbers(text(client.get(link))) == before
    clock.forward(DAY)
    factories.work(app)
    assert numbers(text(client.get(link))) == ["80", "10"]
    clock.forward(DAY)
    partner_sites.came(app, 9, partner=key)
    assert numbers(text(client.get(link))) == ["80", "10"], "too few came anywhere"
    clock.forward(DAY)
    partner_sites.came(app, 1, partner=other)
    assert numbers(text(client.get(link))) == ["90", "10"]
    assert numbers(text(client.get(partner_sites.page_link(app, other))))[0] == "40"


@on_sqlite
def test_each_persons_own_section_tells_nothing(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """A partner that gives every visitor a link of their own learns of none of them."""
    key = partner_sites.make(app)
    tags = [partner_sites.section(app, key, f"visitor {number}") for number in range(12)]
    link = partner_sites.page_link(app, key)
    empty = numbers(text(client.get(link)))
    for tag in tags:
        partner_sites.came(app, 1, source=tag)
    partner_sites.came(app, 50, source="flyer")
    clock.forward(DAY)
    factories.work(app)
    assert numbers(text(client.get(link))) == empty == ["fewer than ten"] * 13


# --- sections -------------------------------------------------------------------------------------


def test_a_section_has_a_link_that_is_counted_and_a_code(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app)
    link = partner_sites.page_link(app, key)
    answer = add(client, f"{link}", "Leipzig <b>")
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"{link}#sections"
    ((source, by),) = factories.rows(app, "SELECT source, made_by FROM partner_sections")
    assert re.fullmatch(rf"{key}\.[0-9a-f]{{6}}", str(source))
    assert by == ""
    page = client.get(link).get_data(as_text=True)
    assert "Leipzig &lt;b&gt;" in page
    query = f"partner={key}&source={source}"
    assert f"/amazon?{query}" in html.unescape(page)
    log = "SELECT count(*) FROM audit WHERE action = 'partner section'"
    assert factories.rows(app, log) == [(0,)], "no public page writes the audit log"
    led = client.get(f"/amazon?{query}", headers={"Accept-Language": "de"})
    assert led.headers["Location"].endswith(f"/de/amazon?{query}")
    svg = client.get(f"/de/amazon/qr.svg?source={source}")
    assert svg.content_type.startswith("image/svg+xml")
    assert Xml.fromstring(svg.data).tag.endswith("svg")
    assert client.get(f"/de/amazon/qr.png?source={source}").data.startswith(b"\x89PNG")
    for kind in ("svg", "png"):
        plain = client.get(f"/de/amazon/qr.{kind}").data
        assert client.get(f"/de/amazon/qr.{kind}?source={source}").data != plain
        for unknown in ("flyer", f"{key}.000000", "%00"):
            assert client.get(f"/de/amazon/qr.{kind}?source={unknown}").data == plain


@on_sqlite
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "Please fill this in"),
        ("123", "in any script"),
        ("a" * 101, "100 characters at most"),
        ("Leipzig", "a section of this name already"),
    ],
)
def test_what_is_wrong_with_a_name_is_said_and_it_stays(
    app: Flask, client: FlaskClient, name: str, words: str
) -> None:
    key = partner_sites.make(app)
    partner_sites.section(app, key, "Leipzig")
    answer = add(client, partner_sites.page_link(app, key), name)
    page = text(answer)
    assert answer.status_code == 422
    assert page.count(words) == 2, "in the summary, and beside the field"
    assert f'value="{name}"' in page
    assert factories.rows(app, "SELECT count(*) FROM partner_sections") == [(1,)]


@on_sqlite
def test_sections_end_somewhere(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app)
    for number in range(MOST_SECTIONS):
        partner_sites.section(app, key, f"branch {number}")
    answer = add(client, partner_sites.page_link(app, key), "one more")
    assert answer.status_code == 422
    assert "no more can be added" in text(answer)


def test_two_who_name_one_at_once_make_one(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app)
    link = partner_sites.page_link(app, key)
    statuses: list[int] = []
    factories.together(
        4, lambda _: statuses.append(add(app.test_client(), link, "Leipzig").status_code)
    )
    assert sorted(statuses) == [303, 422, 422, 422]


# --- in the console -------------------------------------------------------------------------------

ROOM = "/staff/campaigns/amazon/partners"


def press(client: FlaskClient, key: str, verb: str, **fields: str) -> Answer:
    token = console.form_token(client.get(f"{ROOM}/{key}/page"))
    return client.post(f"{ROOM}/{key}/page/{verb}", data={"csrf_token": token, **fields})


def logged(app: Flask) -> list[tuple[object, ...]]:
    query = "SELECT action, outcome, detail FROM audit WHERE action LIKE 'partner %' ORDER BY id"
    return factories.rows(app, query)


def test_staff_make_a_link_show_it_once_and_revoke_it(app: Flask, client: FlaskClient) -> None:
    key = partner_sites.make(app)
    staff = console.enter(app, "editor")
    made = press(staff, key, "link", days="30")
    assert made.status_code == 200
    (link,) = re.findall(rf"{_base(app)}(/partner/[\w-]{{43}})<", text(made))
    assert client.get(link).status_code == 200
    page = text(staff.get(f"{ROOM}/{key}/page"))
    assert "There is a link." in page
    assert link.rpartition("/")[2] not in page
    assert press(staff, key, "revoke").status_code == 303
    assert client.get(link).status_code == 404
    assert "There is no link at the moment." in text(staff.get(f"{ROOM}/{key}/page"))
    detail = f"amazon: {key}"
    assert logged(app) == [("partner link", "made", detail), ("partner link", "revoked", detail)]


@on_sqlite
@pytest.mark.parametrize("days", ["", "0", "401", "x", "-1", "٣٠٠٠٠", "99999999999"])
def test_days_that_cannot_be(app: Flask, days: str) -> None:
    key = partner_sites.make(app)
    answer = press(console.enter(app), key, "link", days=days)
    assert answer.status_code == 422
    assert f'value="{days}"' in text(answer)
    assert factories.rows(app, "SELECT count(*) FROM partner_links") == [(0,)]


def test_staff_add_and_remove_sections_and_count_them(app: Flask) -> None:
    key = partner_sites.make(app)
    owner, viewer = console.enter(app), console.enter(app, "viewer")
    assert press(owner, key, "sections", name="Leipzig").status_code == 303
    assert press(owner, key, "sections", name="Leipzig").status_code == 422
    ((source,),) = factories.rows(app, "SELECT source FROM partner_sections")
    partner_sites.came(app, 3, source=str(source))
    assert "3 confirmed signatures" in text(owner.get(f"{ROOM}/{key}/page"))
    seen = text(viewer.get(f"{ROOM}/{key}/page"))
    assert "fewer than ten" in seen
    assert "3 confirmed" not in seen
    assert "Add the section" not in seen
    assert press(owner, key, f"sections/{source}/remove").status_code == 303
    assert press(owner, key, f"sections/{source}/remove").status_code == 404
    assert [each[:2] for each in logged(app)] == [
        ("partner section", "added"),
        ("partner section", "removed"),
    ]


@on_sqlite
def test_another_campaigns_partner_has_no_page_here(app: Flask) -> None:
    open_park(app)
    mine, other = partner_sites.make(app), partner_sites.make(app, slug="park")
    staff = console.enter(app)
    token = console.form_token(staff.get(f"{ROOM}/{mine}/page"))
    assert staff.get(f"{ROOM}/{other}/page").status_code == 404
    for verb in ("link", "revoke", "sections", "sections/x/remove"):
        form = {"csrf_token": token, "days": "3", "name": "Leipzig"}
        assert staff.post(f"{ROOM}/{other}/page/{verb}", data=form).status_code == 404
    assert factories.rows(app, "SELECT count(*) FROM partner_links") == [(0,)]


# --- the badge ------------------------------------------------------------------------------------


@on_sqlite
def test_the_badge_tells_the_public_number_in_the_language_that_is_asked(
    app: Flask, client: FlaskClient
) -> None:
    empty = client.get("/badge/amazon.svg")
    assert Xml.fromstring(empty.data).get("aria-label") == "Sign the petition"
    partner_sites.came(app, 1234)
    dependencies_of(app).campaign_cache.clear()
    answer = client.get("/badge/amazon.svg?lang=en")
    drawn = Xml.fromstring(answer.data)
    assert drawn.get("role") == "img"
    assert drawn.get("aria-label") == "Sign the petition: 1,234 confirmed signatures"
    assert answer.content_type == "image/svg+xml; charset=utf-8"
    assert answer.headers["Cache-Control"].startswith("public, max-age=60")
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Set-Cookie" not in answer.headers
    again = client.get(
        "/badge/amazon.svg?lang=en", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304
    arabic = Xml.fromstring(client.get("/badge/amazon.svg?lang=ar").data)
    assert arabic.get("aria-label") != drawn.get("aria-label")
    assert client.get("/badge/amazon.svg?lang=zz").status_code == 200
    assert client.get("/badge/nothing.svg").status_code == 404


@on_sqlite
def test_it_shows_the_form_in_a_frame_that_no_other_site_can_show(
    app: Flask, client: FlaskClient
) -> None:
    key = partner_sites.make(app)
    page = client.get(partner_sites.page_link(app, key))
    assert page.headers["Content-Security-Policy"].endswith("; frame-src 'self'")
    found = re.search(r'<iframe class="preview" src="([^"]+)"', page.get_data(as_text=True))
    assert found
    address = html.unescape(found[1])
    assert address.startswith("/embed/amazon?")
    preview = client.get(address)
    assert preview.status_code == 200
    assert "frame-ancestors 'self'" in preview.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in preview.headers
    assert "nothing that you type is kept" in preview.get_data(as_text=True)
    assert 'sandbox="allow-forms allow-popups' in page.get_data(as_text=True)
    in_console = console.enter(app, "viewer").get(f"/staff/campaigns/amazon/partners/{key}")
    assert found[1] in in_console.get_data(as_text=True)
    assert in_console.headers["Content-Security-Policy"].endswith("; frame-src 'self'")
    form = client.get(partner_sites.address(key)).headers["Content-Security-Policy"]
    assert f"frame-ancestors {partner_sites.SITE}" in form
    assert "'none'" in client.get("/en/amazon").headers["Content-Security-Policy"]
    assert "frame-src" not in client.get("/en/amazon").headers["Content-Security-Policy"]


@on_sqlite
def test_a_preview_is_tried_and_keeps_nothing(app: Flask, client: FlaskClient) -> None:
    """What is wrong is said, the thanks are seen; no ticket is good in the other place."""
    key = partner_sites.make(app)
    tickets = {more: ticket_at(client, key, more) for more in ("", "&preview=1")}
    outcomes = {}
    for more in tickets:
        for of, ticket in tickets.items():
            sent = people.ben | {"ticket": ticket}
            answer = client.post(partner_sites.address(key, place="/sign", more=more), data=sent)
            outcomes[more, of] = answer.status_code
            if (more, of) == ("&preview=1", "&preview=1"):
                thanks = client.get(answer.location)
                assert "frame-ancestors 'self'" in thanks.headers["Content-Security-Policy"]
                assert "nothing that you type is kept" in thanks.get_data(as_text=True)
    assert outcomes == {
        ("", ""): 303,
        ("", "&preview=1"): 422,
        ("&preview=1", ""): 422,
        ("&preview=1", "&preview=1"): 303,
    }
    assert len(factories.entries(app)) == 1  # that of the partner's site
    wrong = people.ben | {"ticket": tickets["&preview=1"], "email": ""}
    again = client.post(partner_sites.address(key, place="/sign", more="&preview=1"), data=wrong)
    assert again.status_code == 422
    assert "preview=1" in again.get_data(as_text=True)
    message = partner_sites.address(key, place="/message", more="&preview=1")
    assert client.get(message).status_code == 404


def ticket_at(client: FlaskClient, key: str, more: str) -> str:
    """The ticket of the form at this address."""
    page = client.get(partner_sites.address(key, more=more)).get_data(as_text=True)
    found = partner_sites.TICKET.search(page)
    assert found
    return found[1]
