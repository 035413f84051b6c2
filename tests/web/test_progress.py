"""The figures on a call's page: its goal that moves on, where people sign, and how it ends."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.domain.signatures.moderation import SHOWN
from petition.services.campaigns import content_files
from petition.services.counts import country_figures
from petition.store.db import transaction
from petition.web.http.dependencies import dependencies_of
from tests import console, factories, people
from tests.conftest import Clock


def read(app: Flask, client: FlaskClient, address: str = "/en/amazon") -> str:
    dependencies_of(app).campaign_cache.clear()
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


@pytest.fixture(autouse=True)
def goal(app: Flask) -> None:
    """Large enough for numbers that want marks between their digits."""
    factories.change(app, "UPDATE campaigns SET goal = 10000")


def set_counts(app: Flask, **countries: int) -> None:
    """As if so many had confirmed and been folded in."""
    campaign_id = factories.the_call(app).id
    add = (
        "INSERT INTO counts (campaign_id, dimension, value, confirmed) "
        "VALUES (:campaign, :dimension, :value, :number)"
    )
    factories.change(app, "DELETE FROM counts")
    for value, number in countries.items():
        factories.change(
            app, add, campaign=campaign_id, dimension="country", value=value, number=number
        )
    total = sum(countries.values())
    factories.change(app, add, campaign=campaign_id, dimension="total", value="", number=total)


def section(page: str, name: str) -> str:
    """The words of a section, without its marks."""
    found = re.search(rf'<section class="{name}[" ].*?</section>', page, re.S)
    assert found, f"the page has no {name}"
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split())


def card(page: str) -> str:
    """The words of the card with the count and the form."""
    return section(
        page.replace('<section class="count"', "").replace("</section>", "", 1), "card sign"
    )


class TestGoal:
    def test_nobody_yet(self, app: Flask, client: FlaskClient) -> None:
        set_counts(app)
        said = card(read(app, client))
        assert "Be among the first to sign." in said
        assert "Our first goal: 10,000 signatures." in said
        assert "0 confirmed" not in said

    def test_the_first_one(self, app: Flask, client: FlaskClient) -> None:
        set_counts(app, DE=1)
        said = card(read(app, client))
        assert "1 confirmed signature " in said
        assert "Our goal is 10,000." in said
        assert "first" not in said

    def test_closed_with_none_it_says_how_many(
        self, app: Flask, client: FlaskClient, clock: Clock
    ) -> None:
        with transaction() as session:
            content_files.close(session, "amazon", at=clock())
        said = section(read(app, client), "count")
        assert "0 confirmed signatures" in said
        assert "Be among the first" not in said

    def test_the_campaigns_own_until_it_is_reached(self, app: Flask, client: FlaskClient) -> None:
        set_counts(app, DE=9_999)
        page = read(app, client)
        assert "Our goal is 10,000." in card(page)
        assert 'max="10000" value="9999"' in page

    def test_then_the_next_milestone(self, app: Flask, client: FlaskClient) -> None:
        set_counts(app, DE=10_000)
        page = read(app, client)
        assert "We reached 10,000 – the next goal is 15,000." in card(page)
        assert 'max="15000" value="10000"' in page

    def test_the_last_one_reached_is_named(self, app: Flask, client: FlaskClient) -> None:
        set_counts(app, DE=51_234)
        said = card(read(app, client))
        assert "We reached 50,000 – the next goal is 75,000." in said

    @pytest.mark.parametrize(("asked", "day"), [("en", "2 Nov 2026"), ("de", "02.11.2026")])
    def test_days_in_the_console_are_written_as_its_reader_does(
        self, app: Flask, asked: str, day: str
    ) -> None:
        factories.change(
            app,
            "INSERT INTO counts (campaign_id, dimension, value, confirmed) "
            "VALUES (:campaign, 'day', '2026-11-02', 3)",
            campaign=factories.the_call(app).id,
        )
        staff = console.enter(app, "moderator")
        page = staff.get("/staff/campaigns/amazon", headers={"Accept-Language": asked})
        assert f'<th scope="row">{day}</th>' in page.get_data(as_text=True)

    def test_in_the_console_too(self, app: Flask) -> None:
        set_counts(app, DE=10_000)
        staff = console.enter(app, "viewer")
        assert "Goal: 15,000." in read(app, staff, "/staff/campaigns/amazon")
        assert '<td class="number">15,000</td>' in read(app, staff, "/staff/")


class TestCountries:
    def look(self, app: Flask, clock: Clock) -> None:
        with transaction() as session:
            country_figures.snapshot_countries(session, factories.the_call(app).id, at=clock())

    def test_the_table(self, app: Flask, client: FlaskClient, clock: Clock) -> None:
        set_counts(app, DE=57, MA=23, AT=23, FR=9, NG=8)
        assert "places" not in read(app, client), "nothing before the first look"
        self.look(app, clock)
        page = read(app, client)
        said = section(page, "places")
        assert re.findall(r"([A-Z][a-z]+(?: else)?) (\d+)", said)[:4] == [
            ("Germany", "50"),
            ("Austria", "20"),
            ("Morocco", "20"),
            ("Everyone else", "30"),
        ]
        assert "France" not in said
        assert "Nigeria" not in said
        assert "As of 2 November 2026." in said
        assert page.index('class="story"') < page.index('class="places"')

    def test_the_worker_looks_once_a_day(
        self, app: Flask, client: FlaskClient, clock: Clock
    ) -> None:
        set_counts(app, DE=57)
        factories.work(app)
        assert "Germany 50" in section(read(app, client), "places")
        set_counts(app, DE=99)
        clock.forward(timedelta(hours=23))
        factories.work(app)
        assert "Germany 50" in section(read(app, client), "places")
        clock.forward(timedelta(hours=1))
        factories.work(app)
        assert "Germany 90" in section(read(app, client), "places")

    def test_in_each_language_by_its_order(
        self, app: Flask, client: FlaskClient, clock: Clock
    ) -> None:
        set_counts(app, DE=12, AT=13, MA=14)
        self.look(app, clock)
        page = read(app, client, "/ar/amazon")
        names = re.findall(r'<th scope="row">([^<]+)</th>', page)
        assert names == ["ألمانيا", "المغرب", "النمسا"]

    def test_nothing_of_a_day_is_told_by_the_live_page(
        self, app: Flask, client: FlaskClient, clock: Clock
    ) -> None:
        set_counts(app, DE=57, MA=23)
        self.look(app, clock)
        before = section(read(app, client), "places")
        set_counts(app, DE=58, MA=23)
        page = read(app, client)
        assert "81 confirmed" in section(page, "count")
        assert section(page, "places") == before


class TestClosed:
    @pytest.fixture(params=["by staff", "by its date"])
    def closed_at(self, request: pytest.FixtureRequest, app: Flask, clock: Clock) -> datetime:
        """Closed on 5 November, and it is the 7th."""
        for number in range(3):
            factories.keep(app, factories.the_call(app), people.someone(number))
        for entry_id in factories.entries(app)[:2]:
            factories.confirm(app, entry_id)
        factories.work(app)
        at = clock.forward(timedelta(days=3))
        if request.param == "by staff":
            with transaction() as session:
                content_files.close(session, "amazon", at=at)
        else:
            factories.change(
                app,
                "UPDATE campaigns SET closes_at = :at",
                at=at.strftime("%Y-%m-%d %H:%M:%S.%f") if _is_sqlite(app) else at,
            )
        clock.forward(timedelta(days=2))
        dependencies_of(app).campaign_cache.clear()
        return at

    @pytest.mark.usefixtures("closed_at")
    def test_the_page_says_so_and_keeps_its_count(self, app: Flask, client: FlaskClient) -> None:
        page = read(app, client)
        assert "<form" not in page
        said = section(page, "count")
        assert "Final count" in said
        assert "2 confirmed signatures" in said
        assert "Our goal was 10,000." in said
        assert "Closed on 5 November 2026." in said
        closed = card(page)
        assert "This petition is closed" in closed
        assert closed.count("5 November 2026") == 1, "said once"
        assert "#sign" not in page.split('class="story"')[1]

    @pytest.mark.usefixtures("closed_at")
    def test_signing_leads_back_to_it(self, app: Flask, client: FlaskClient) -> None:
        before = factories.rows(app, "SELECT count(*) FROM entries")
        for form in (people.ben, {}, people.ben | {"email": "wrong"}):
            answer = client.post("/en/amazon/sign", data=form)
            assert (answer.status_code, answer.headers["Location"]) == (303, "/en/amazon")
        assert factories.rows(app, "SELECT count(*) FROM entries") == before

    def test_a_form_that_was_open_at_that_moment_is_told(
        self, app: Flask, client: FlaskClient, clock: Clock
    ) -> None:
        ticket = factories.ticket(client)
        with transaction() as session:
            content_files.close(session, "amazon", at=clock())
        # This process still shows the call as it was some seconds ago.
        answer = client.post("/en/amazon/sign", data=people.ben | {"ticket": ticket})
        assert (answer.status_code, answer.headers["Location"]) == (303, "/en/amazon")
        assert "This petition is closed" in client.get("/en/amazon").get_data(as_text=True)
        assert factories.rows(app, "SELECT count(*) FROM signatures") == [(0,)]

    @pytest.mark.usefixtures("closed_at")
    def test_what_else_there_is_stays(self, app: Flask, client: FlaskClient) -> None:
        for name in ("thanks", "confirmed", "privacy", "names"):
            read(app, client, f"/en/amazon/{name}")

    @pytest.mark.usefixtures("closed_at")
    def test_names_are_still_to_be_read(self, app: Flask, client: FlaskClient) -> None:
        factories.change(app, "UPDATE entries SET visibility = 'public'")
        ((signature_id,),) = factories.rows(
            app, "SELECT min(id) FROM signatures WHERE state = 'confirmed'"
        )
        factories.decide(app, signature_id, SHOWN)
        assert 'href="/en/amazon/names"' in read(app, client)
        page = read(app, client, "/en/amazon/names")
        assert "Of-Many" in page
        assert "#sign" not in page
        assert "Back to the petition" in page

    @pytest.mark.usefixtures("closed_at")
    def test_a_letter_from_before_still_counts(self, app: Flask, client: FlaskClient) -> None:
        """Who signed in time has the seven days of the link, also past the closing."""
        ((entry_id,),) = factories.rows(
            app, "SELECT entry_id FROM signatures WHERE state = 'pending'"
        )
        factories.confirm(app, int(str(entry_id)))
        factories.work(app)
        assert "3 confirmed signatures" in section(read(app, client), "count")

    def test_a_goal_that_was_reached(self, app: Flask, client: FlaskClient, clock: Clock) -> None:
        set_counts(app, DE=10_400)
        with transaction() as session:
            content_files.close(session, "amazon", at=clock())
        said = section(read(app, client), "count")
        assert "We reached 10,000." in said
        assert "next goal" not in said

    def test_opened_again_it_takes_signatures(
        self, app: Flask, client: FlaskClient, clock: Clock
    ) -> None:
        with transaction() as session:
            content_files.close(session, "amazon", at=clock())
        with transaction() as session:
            content_files.open_(session, "amazon", at=clock())
        page = read(app, client)
        assert "Final count" not in page
        assert factories.sign(client, people.ben).status_code == 303

    def test_one_that_opens_later_says_when(
        self, app: Flask, client: FlaskClient, clock: Clock
    ) -> None:
        at = clock() + timedelta(days=4)
        factories.change(
            app,
            "UPDATE campaigns SET opens_at = :at",
            at=at.strftime("%Y-%m-%d %H:%M:%S.%f") if _is_sqlite(app) else at,
        )
        page = read(app, client)
        assert "This petition is not open yet" in page
        assert "on 6 November 2026" in page
        assert "This petition is closed" not in page


def _is_sqlite(app: Flask) -> bool:
    return str(dependencies_of(app).settings.database_url).startswith("sqlite")
