"""A campaign of another kind reads as if the program had been made for it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.errors import ContentError
from petition.services.campaigns import content_files
from petition.store.db import transaction
from petition.web.http.dependencies import dependencies_of
from tests import console, factories, people
from tests.park import PARK, open_park

RISK = re.compile(
    r"employer|colleague|private (?:device|address)|Leave this site|quick-exit|\bunions?\b|Amazon"
    r"|shoulder|safe for you|glances",
    re.IGNORECASE,
)
PLACES = ("", "/thanks", "/confirmed", "/privacy", "/names", "/my", "/asked", "/code")


def read(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.get_data(as_text=True)


@pytest.fixture
def park(app: Flask) -> Flask:
    open_park(app)
    return app


@pytest.mark.parametrize("place", PLACES)
def test_no_page_speaks_of_risk_or_of_the_other_campaign(
    park: Flask, client: FlaskClient, place: str
) -> None:
    page = read(client, f"/en/park{place}")
    assert RISK.findall(page) == []
    assert "Friends of Millfield Park" in page
    assert "Campaign organiser" not in page


@pytest.mark.parametrize("place", ["", "/comments"])
def test_the_console_speaks_of_risk_where_there_is_some(app: Flask, place: str) -> None:
    open_park(app)
    staff = console.enter(app, "moderator")
    words = re.compile(r"[Cc]olleague|shift|[Bb]adge|[Aa]t risk")  # Shift is a key
    assert words.findall(read(staff, f"/staff/campaigns/park{place}")) == []
    assert words.findall(read(staff, f"/staff/campaigns/amazon{place}"))


def test_the_other_campaign_keeps_its_way_out(park: Flask, client: FlaskClient) -> None:
    page = read(client, "/en/amazon")
    assert "Leave this site" in page
    assert "Use a private device and a private address" in page
    assert "Friends of Millfield" not in page


def test_a_list_with_one_campaign_at_risk_has_the_way_out(park: Flask, client: FlaskClient) -> None:
    assert "Leave this site" in read(client, "/en")
    with park.app_context(), transaction() as session:
        content_files.close(session, "amazon", at=dependencies_of(park).now())
    factories.change(park, "UPDATE campaigns SET state = 'draft' WHERE slug = 'amazon'")
    dependencies_of(park).campaign_cache.clear()
    assert RISK.findall(client.get("/en/nothing").get_data(as_text=True)) == []


def test_a_comment_is_not_searched_for_traces(park: Flask, client: FlaskClient) -> None:
    telling = people.ben | {"comment": "Call me: +49 170 1234567, badge number 104538817."}
    assert factories.sign(client, telling, slug="park").status_code == 303
    assert factories.sign(client, telling).status_code == 422


def test_no_letter_speaks_of_risk(park: Flask, client: FlaskClient) -> None:
    factories.sign(client, people.ben, slug="park")
    factories.work(park)
    letter = factories.text_of(factories.letters(park)[-1])
    assert RISK.findall(letter) == []
    assert "park" not in letter.lower().replace("/park", ""), "nor of what it is about"


def test_what_it_lacks_leaves_no_empty_heading(park: Flask, client: FlaskClient) -> None:
    page = read(client, "/en/park")
    for heading in ("references-heading", "timeline-heading", "voices-heading", "places-heading"):
        assert heading not in page
    assert "To: Millfield Town Council" in page
    assert '<h2 id="asks-heading" class="visually-hidden">' in page  # it asks one thing, its title
    assert client.get("/en/park/poster.pdf").status_code == 200
    assert client.get("/en/park/card.png").status_code == 200


def test_its_outcome_stands_there_once_it_is_closed(park: Flask, client: FlaskClient) -> None:
    assert "open until <strong>nine" not in read(client, "/en/park")
    with park.app_context(), transaction() as session:
        content_files.close(session, "park", at=dependencies_of(park).now())
    dependencies_of(park).campaign_cache.clear()
    page = read(client, "/en/park")
    assert "What came of it" in page
    assert "open until <strong>nine</strong>" in page
    assert "20 October 2026" in page


# --- its own look ---


def test_its_colours_picture_and_logo_are_its_own(park: Flask, client: FlaskClient) -> None:
    page = read(client, "/en/park")
    found = re.findall(r'(?:href|src)="(/static/\w+/campaigns/park/[\w.]+)"', page)
    assert [address.rpartition("/")[2] for address in found] == [
        "colours.css",
        "logo.svg",
        "picture.svg",
    ]
    assert 'alt="Two trees and a bench behind an open gate." width="720" height="210"' in page
    for address in found:
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "--accent:#2b5fa8" in client.get(found[0]).get_data(as_text=True)
    for other in ("/static/x/campaigns/park/campaign.toml", "/static/x/campaigns/no/logo.svg"):
        assert client.get(other).status_code == 404
    assert client.get("/static/x/campaigns/amazon/logo.svg").status_code == 404, "it has none"


def test_an_older_address_leads_to_the_newest_and_is_not_kept(
    park: Flask, client: FlaskClient
) -> None:
    answer = client.get("/static/000000000000/campaigns/park/picture.svg")
    assert answer.status_code == 200
    assert "max-age=10," in answer.headers["Cache-Control"]


def test_a_draft_shows_nothing_of_its_own(park: Flask, client: FlaskClient) -> None:
    factories.change(park, "UPDATE campaigns SET state = 'draft' WHERE slug = 'park'")
    dependencies_of(park).campaign_cache.clear()
    assert client.get("/static/x/campaigns/park/picture.svg").status_code == 404


# --- its news ---


def test_the_newest_three_stand_open_with_their_dates(park: Flask, client: FlaskClient) -> None:
    page = read(client, "/en/park")
    titles = ["Flyers for everyone", "Twelve sets of keys", "We are on the agenda"]
    folded = page.index("Earlier news")
    places = [page.index(title) for title in titles]
    assert places == sorted(places)
    assert places[-1] < folded < page.index("Two hundred at the gate")
    assert "2 October 2026" in page
    assert "<em>stayed for cake</em>" in page


def test_the_feed_is_atom_and_linked_from_the_page(park: Flask, client: FlaskClient) -> None:
    link = re.search(
        r'<link rel="alternate" type="application/atom\+xml" [^>]*href="([^"]+)"',
        read(client, "/en/park"),
    )
    assert link
    answer = client.get(link[1])
    assert answer.status_code == 200
    assert answer.content_type == "application/atom+xml; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=600"
    again = client.get(link[1], headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    _check_atom(answer.get_data(as_text=True), entries=4)
    assert "<em>stayed for cake</em>" in answer.get_data(as_text=True).replace("&lt;", "<").replace(
        "&gt;", ">"
    )


def test_a_feed_without_news_is_whole(client: FlaskClient) -> None:
    _check_atom(client.get("/ar/amazon/updates.atom").get_data(as_text=True), entries=0)
    assert client.get("/en/nothing/updates.atom").status_code == 404


def _check_atom(text: str, *, entries: int) -> None:
    """What RFC 4287 requires of a feed and of each entry."""
    atom = "{http://www.w3.org/2005/Atom}"
    feed = Xml.fromstring(text)
    assert feed.tag == f"{atom}feed"
    found = feed.findall(f"{atom}entry")
    assert len(found) == entries
    for element in (feed, *found):
        for name in ("id", "title", "updated"):
            (only,) = element.findall(f"{atom}{name}")
            assert only.text
        assert re.fullmatch(
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", element.findtext(f"{atom}updated") or ""
        )
    assert feed.findtext(f"{atom}author/{atom}name")
    assert feed.findall(f"{atom}link[@rel='self']")
    ids = [entry.findtext(f"{atom}id") for entry in found]
    assert len({*ids}) == len(ids)
    newest = [entry.findtext(f"{atom}updated") or "" for entry in found]
    assert newest == sorted(newest, reverse=True)


# --- its files ---


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PARK, tmp_path / "park"))


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("campaign.toml", "#2b5fa8", "#ffc83d", "campaign.toml: accent: #ffc83d is too light"),
        ("campaign.toml", "#2b5fa8", "blue", "accent: takes a colour such as"),
        ("campaign.toml", '"logo.svg"', '"../../../park.py"', "lies outside the campaign's folder"),
        ("campaign.toml", "= false", '= "no"', "at_risk takes true or false"),
        ("en/call.toml", '"2026-10-20"', '"soon"', "outcome: date takes a day"),
        ("en/call.toml", "The council voted", "## Won", "outcome: text takes no further headings"),
        ("en/updates/2026-10-02-flyers.md", "# Flyers", "Flyers", 'begins with a line "# Title"'),
        ("en/updates/2026-10-02-flyers.md", "Print", "## Print", "news takes no further headings"),
        ("en/updates/2026-10-02-flyers.md", "Print", "Print [1]", "there is no reference 1"),
    ],
)
def test_a_mistake_is_named(folder: Path, name: str, old: str, new: str, said: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ContentError, match=re.escape(said)):
        content_files.read(folder, organiser=None)


def test_news_are_named_by_their_day(folder: Path) -> None:
    (folder / "en/updates/2026-02-30-never.md").write_text("# Never\n\nIt was so.\n", "utf-8")
    with pytest.raises(ContentError, match="is named by its day and a few words"):
        content_files.read(folder, organiser=None)


def test_a_language_that_the_program_does_not_speak_is_said_plainly(folder: Path) -> None:
    shutil.copytree(folder / "en", folder / "sv")
    with pytest.raises(ContentError, match=r"sv: Petition does not speak .* ar, de"):
        content_files.read(folder, organiser=None)


def test_lists_may_be_missing(folder: Path) -> None:
    found = content_files.read(folder, organiser="Somebody else")
    call = found.calls["en"]
    assert (call.asks, call.references, call.timeline, found.target_domains) == ((), (), (), ())
    assert found.presentation.organiser == "Friends of Millfield Park"
    assert "Friends of Millfield Park keeps" in call.consents["sign"].text
