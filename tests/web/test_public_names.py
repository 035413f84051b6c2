"""The page of names over HTTP: what may be read there, in which order, and by whom it is found."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.domain.signatures.moderation import NAME_ONLY, REFUSED, SHOWN
from petition.services.signatures import moderation, public_names
from petition.store.db import transaction
from petition.store.signatures import moderation as store_moderation
from petition.web.http.dependencies import dependencies_of
from tests import factories, people
from tests.conftest import Clock
from tests.people import Form


def approve(app: Flask, form: Form, verdict: str = SHOWN, lang: str = "en") -> None:
    """Somebody signs and confirms, and staff decide."""
    factories.keep(app, factories.the_call(app, lang), form)
    ((signature_id, entry_id),) = factories.rows(
        app, "SELECT id, entry_id FROM signatures ORDER BY id DESC LIMIT 1"
    )
    factories.confirm(app, int(str(entry_id)))
    factories.decide(app, signature_id, verdict)
    dependencies_of(app).campaign_cache.clear()


def public(number: int, **changes: str) -> Form:
    return people.someone(number, visibility="public", **changes)


def read(client: FlaskClient, address: str = "/en/amazon/names") -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def names_on(page: str) -> list[str]:
    return re.findall(r'<p class="name"><bdi>([^<]*)</bdi>', page)


def test_what_is_read_there(app: Flask, client: FlaskClient) -> None:
    approve(app, people.amina, lang="ar")
    approve(app, public(1, comment="Read by nobody."), NAME_ONLY)
    approve(app, public(2, comment="Nor this."), REFUSED)
    page = read(client)
    assert names_on(page) == ["أمينة بن يوسف", "Person1 Of-Many"], "comments stand first"
    assert page.index(people.amina["comment"]) < page.index("أمينة بن يوسف"), "then whose it is"
    assert (
        f'<blockquote class="words" lang="ar" dir="auto">{people.amina["comment"]}</blockquote>'
        in page
    )
    assert "Morocco" in page
    assert "Read by nobody" not in page
    assert "Nor this" not in page
    assert people.amina["email"] not in page
    assert people.amina["postcode"] not in page
    assert "2026" not in page, "nor when somebody signed"
    assert "المغرب" in read(client, "/ar/amazon/names")


def test_words_are_only_words(app: Flask, client: FlaskClient) -> None:
    approve(app, people.mallory | {"visibility": "public"})
    page = read(client)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_finders_leave_it_out(app: Flask, client: FlaskClient) -> None:
    answer = client.get("/en/amazon/names")
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert '<meta name="robots" content="noindex">' in answer.get_data(as_text=True)
    assert "Set-Cookie" not in answer.headers


def test_caches_may_keep_it_for_some_seconds(app: Flask, client: FlaskClient) -> None:
    approve(app, public(1))
    first = client.get("/en/amazon/names")
    assert first.headers["Cache-Control"].startswith("public, max-age=10")
    again = client.get("/en/amazon/names", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.headers["X-Robots-Tag"] == "noindex"


def test_ten_a_page_by_plain_links(app: Flask, client: FlaskClient) -> None:
    for number in range(12):
        approve(app, public(number))
    newest = read(client)
    assert names_on(newest) == [f"Person{n} Of-Many" for n in range(11, 1, -1)]
    older = re.search(r'<a rel="next" href="(\?before=\d+)">Older</a>', newest)
    assert older is not None
    assert 'rel="prev"' not in newest
    second = read(client, f"/en/amazon/names{older[1]}")
    assert names_on(second) == ["Person1 Of-Many", "Person0 Of-Many"]
    assert 'rel="next"' not in second
    assert '<a rel="prev" href="/en/amazon/names">Newer</a>' in second
    assert f'href="/ar/amazon/names{older[1]}"' in second, "the language menu keeps the place"


def test_a_place_that_is_none(app: Flask, client: FlaskClient) -> None:
    approve(app, public(1))
    places = ("", "0", "-1", "1", "x", "1.5", "1e3", " 1", "٣", "9" * 19, "9" * 400, "1%00", "1;--")
    for before in places:
        answer = client.get(f"/en/amazon/names?before={before}")
        assert answer.status_code == 404, before
        assert "Page not found" in answer.get_data(as_text=True), before


@pytest.mark.slow
def test_the_way_there_is_shown_once_there_is_something(app: Flask, client: FlaskClient) -> None:
    link = 'href="/en/amazon/names"'
    assert link not in read(client, "/en/amazon")
    assert "no names to read yet" in read(client)
    approve(app, public(1), REFUSED)
    assert link not in read(client, "/en/amazon")
    approve(app, public(2), NAME_ONLY)
    assert link in read(client, "/en/amazon")


def test_a_call_that_is_not_there(client: FlaskClient) -> None:
    assert client.get("/en/nothing/names").status_code == 404


def test_it_stays_up_when_the_database_goes_away(app: Flask, client: FlaskClient) -> None:
    approve(app, public(1))
    before = read(client)
    deps = dependencies_of(app)
    deps.campaign_cache.expire()
    factories.change(app, "ALTER TABLE campaigns RENAME TO gone")
    assert read(client) == before


def test_what_is_approved_appears_at_one_time_of_the_day(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """A name that appears minutes after a signature would tell when it was signed."""
    deps = dependencies_of(app)
    for number in (1, 2):
        factories.keep(app, factories.the_call(app), public(number, comment=f"Reason {number}."))
    clock.at = datetime(2027, 3, 1, 4, 0, tzinfo=UTC)
    for number, entry_id in enumerate(factories.entries(app), 1):
        factories.confirm(app, entry_id)
        factories.decide(app, number, SHOWN, at=deps.now())
        clock.forward(timedelta(hours=8))

    def both() -> tuple[list[str], list[tuple[str, str]]]:
        deps.campaign_cache.clear()
        return names_on(read(client)), quotes_on(read(client, "/en/amazon"))

    assert both() == ([], []), "approved at 4 and at 12 o'clock, read at 20"
    clock.at = datetime(2027, 3, 2, 3, 59, 59, tzinfo=UTC)
    assert both() == ([], [])
    clock.forward(timedelta(seconds=1))
    assert both() == (
        ["Person2 Of-Many", "Person1 Of-Many"],
        [("Person2", "Reason 2."), ("Person1", "Reason 1.")],
    )
    factories.decide(app, 2, REFUSED, at=deps.now())
    assert both() == (["Person1 Of-Many"], [("Person1", "Reason 1.")]), "taken away at once"


# --- on the campaign's own page ---


def quotes_on(page: str) -> list[tuple[str, str]]:
    """(given name, comment) of each quote."""
    return [
        (name, comment)
        for comment, name in re.findall(
            r'<blockquote class="words"[^>]*>([^<]*)</blockquote>\s*<p class="name"><bdi>([^<]*)<',
            page,
        )
    ]


def first_names_on(page: str) -> list[str]:
    found = re.search(r'<ul class="first-names">(.*?)</ul>', page, re.DOTALL)
    return re.findall(r"<bdi>([^<]*)</bdi>", found[1]) if found else []


def test_three_comments_and_first_names_in_the_order_of_approval(
    app: Flask, client: FlaskClient
) -> None:
    for number in range(1, 6):
        approve(app, public(number, comment=f"Reason {number}."))
    approve(app, public(6))
    approve(app, public(7, comment="Read by nobody."), NAME_ONLY)
    approve(app, public(8, comment="Nor this."), REFUSED)
    factories.keep(
        app, factories.the_call(app), people.someone(9, visibility="target", comment="Nor that.")
    )
    ((newest,),) = factories.rows(app, "SELECT max(id) FROM entries")
    factories.confirm(app, int(str(newest)))
    page = read(client, "/en/amazon")
    assert quotes_on(page) == [(f"Person{n}", f"Reason {n}.") for n in (5, 4, 3)]
    assert first_names_on(page) == ["Person7", "Person6", "Person2", "Person1"]
    section = page[page.index('<section class="voices"') :].partition("</section>")[0]
    assert "data-nosnippet" in section
    assert "Of-Many" not in section, "no family name where search engines read"
    assert "2026" not in section, "nor when anybody signed, or was approved"
    for unread in ("Read by nobody", "Nor this", "Nor that", "Reason 1"):
        assert unread not in page


def test_the_order_of_signing_does_not_show(app: Flask, client: FlaskClient) -> None:
    deps = dependencies_of(app)
    for number in (1, 2):
        approve(app, public(number, comment=f"Reason {number}."), REFUSED)
    ids = [row[0] for row in factories.rows(app, "SELECT id FROM signatures ORDER BY created_at")]
    for signature_id in reversed(ids):
        with transaction() as session:
            moderation.decide(
                session,
                deps.vault,
                int(str(signature_id)),
                SHOWN,
                seen=None,
                campaign_id=None,
                by="t",
                at=deps.now() - timedelta(days=2),
            )
    deps.campaign_cache.clear()
    before = quotes_on(read(client, "/en/amazon"))
    factories.change(app, "UPDATE signatures SET created_at = confirmed_at, confirmed_at = NULL")
    deps.campaign_cache.clear()
    assert quotes_on(read(client, "/en/amazon")) == before


@pytest.mark.each_case_on_both
@pytest.mark.parametrize("state", ["withdrawn", "held", "rejected"])
def test_whoever_leaves_is_gone_from_the_page(app: Flask, client: FlaskClient, state: str) -> None:
    approve(app, public(1, comment="Reason 1."))
    approve(app, public(2))
    assert quotes_on(read(client, "/en/amazon"))
    factories.change(app, f"UPDATE signatures SET state = '{state}'")
    dependencies_of(app).campaign_cache.clear()
    page = read(client, "/en/amazon")
    assert (quotes_on(page), first_names_on(page)) == ([], [])
    assert "voices-heading" not in page


def test_a_correction_waits_for_staff_again(app: Flask, client: FlaskClient) -> None:
    approve(app, public(1, comment="Reason 1."))
    with app.app_context(), transaction() as session:
        ((signature_id,),) = factories.rows(app, "SELECT id FROM signatures")
        store_moderation.delete_review(session, int(str(signature_id)))
    dependencies_of(app).campaign_cache.clear()
    assert quotes_on(read(client, "/en/amazon")) == []


def test_a_long_comment_is_cut_at_a_word(app: Flask, client: FlaskClient) -> None:
    approve(app, public(1, comment="Dignity for all. " * 40))
    ((_, comment),) = quotes_on(read(client, "/en/amazon"))
    assert len(comment) <= 241
    assert re.fullmatch(r"(Dignity for all\. )*(Dignity|Dignity for|Dignity for all\.)…", comment)


def test_a_comment_is_found_behind_many_names(app: Flask, client: FlaskClient) -> None:
    approve(app, public(1, comment="Reason 1."))
    for number in range(2, 2 + public_names.VOICES_AT_ONCE + 1):
        approve(app, public(number))
    page = read(client, "/en/amazon")
    assert quotes_on(page) == [("Person1", "Reason 1.")]
    assert len(first_names_on(page)) == public_names.FIRST_NAMES


def test_words_on_the_main_page_are_only_words(app: Flask, client: FlaskClient) -> None:
    approve(app, people.mallory | {"visibility": "public"})
    page = read(client, "/en/amazon")
    assert "<script>alert" not in page
    assert "<img src=x" not in page
