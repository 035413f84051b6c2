"""Figures by country on the page: once a day, in tens, and of no use to who compares them."""

from __future__ import annotations

import itertools
import random
import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.services.counts import country_figures
from petition.services.counts.country_figures import Countries
from petition.store.counts import totals
from petition.store.db import reading, transaction
from petition.web.http.dependencies import dependencies_of
from tests import factories, people
from tests.conftest import Clock
from tests.in_one_go import confirm_all, keep_all

DAY = timedelta(days=1)


def came(app: Flask, clock: Clock, country: str, number: int) -> None:
    """So many people of a country confirm, and are counted."""
    call, first = factories.the_call(app), _signed(app)
    keep_all(app, call, (people.someone(first + n, country=country) for n in range(number)))
    pending = "SELECT entry_id FROM signatures WHERE state = 'pending' ORDER BY id"
    confirm_all(app, [int(str(entry_id)) for (entry_id,) in factories.rows(app, pending)])
    fold(clock)


def went(app: Flask, clock: Clock, country: str, number: int) -> None:
    """So many of them are taken out again."""
    factories.change(
        app,
        "INSERT INTO count_changes (campaign_id, day, country, language, source, change) "
        "VALUES (:campaign, :day, :country, 'en', '', :change)",
        campaign=factories.the_call(app).id,
        day=clock().date().isoformat() if _is_sqlite(app) else clock().date(),
        country=country,
        change=-number,
    )
    fold(clock)


def _is_sqlite(app: Flask) -> bool:
    return str(dependencies_of(app).settings.database_url).startswith("sqlite")


def _signed(app: Flask) -> int:
    return int(str(factories.rows(app, "SELECT count(*) FROM signatures")[0][0]))


def fold(clock: Clock) -> None:
    with transaction() as session:
        totals.fold(session, at=clock())


def look(app: Flask, clock: Clock) -> bool:
    with transaction() as session:
        return country_figures.snapshot_countries(session, factories.the_call(app).id, at=clock())


def shown(app: Flask) -> Countries | None:
    with reading() as session:
        return country_figures.countries(session, factories.the_call(app).id)


def places(app: Flask) -> dict[str, int]:
    found = shown(app)
    return found.places if found is not None else {}


def test_countries_of_ten_and_more_in_tens_and_the_rest_together(app: Flask, clock: Clock) -> None:
    assert shown(app) is None
    assert not look(app, clock), "nobody has signed"
    for country, number in (("DE", 23), ("FR", 10), ("MA", 9), ("NG", 4)):
        came(app, clock, country, number)
    assert look(app, clock)
    found = shown(app)
    assert found == Countries(at=clock(), places={"DE": 20, "FR": 10}, others=10)


def test_few_are_not_shown_at_all(app: Flask, clock: Clock) -> None:
    came(app, clock, "DE", 9)
    assert not look(app, clock)
    assert shown(app) is None
    came(app, clock, "FR", 1)
    assert look(app, clock)
    assert shown(app) is None, "ten people, but none of the countries has ten"


def test_others_below_ten_are_left_out(app: Flask, clock: Clock) -> None:
    came(app, clock, "DE", 12)
    came(app, clock, "FR", 3)
    assert look(app, clock)
    found = shown(app)
    assert found is not None
    assert (found.places, found.others) == ({"DE": 10}, 0)


def test_at_most_once_a_day(app: Flask, clock: Clock) -> None:
    came(app, clock, "DE", 20)
    assert look(app, clock)
    came(app, clock, "DE", 40)
    clock.forward(DAY - timedelta(seconds=1))
    assert not look(app, clock)
    assert places(app) == {"DE": 20}
    clock.forward(timedelta(seconds=1))
    assert look(app, clock)
    assert places(app) == {"DE": 60}
    found = shown(app)
    assert found is not None
    assert found.at == clock()


def test_only_once_ten_have_come_since(app: Flask, clock: Clock) -> None:
    """A tenth German among nine others who came at the same time is none that anybody can name."""
    came(app, clock, "FR", 40)
    came(app, clock, "DE", 9)
    assert look(app, clock)
    clock.forward(2 * DAY)
    came(app, clock, "DE", 1)
    assert not look(app, clock)
    came(app, clock, "FR", 8)
    assert not look(app, clock)
    assert places(app) == {"FR": 40}
    came(app, clock, "FR", 1)
    assert look(app, clock)
    assert places(app) == {"FR": 40, "DE": 10}


def test_who_goes_is_gone_from_the_figures_once_ten_have(app: Flask, clock: Clock) -> None:
    came(app, clock, "DE", 30)
    came(app, clock, "FR", 10)
    assert look(app, clock)
    clock.forward(2 * DAY)
    went(app, clock, "FR", 1)
    assert not look(app, clock)
    assert places(app) == {"DE": 30, "FR": 10}, "who went was of nobody knows where"
    went(app, clock, "DE", 9)
    assert look(app, clock)
    assert places(app) == {"DE": 30}
    clock.forward(2 * DAY)
    went(app, clock, "DE", 10)
    assert look(app, clock)
    assert places(app) == {"DE": 20}


def test_many_that_are_rejected_leave_at_the_next_look_while_others_come(
    app: Flask, clock: Clock
) -> None:
    came(app, clock, "VA", 41)
    came(app, clock, "DE", 20)
    assert look(app, clock)
    clock.forward(DAY)
    went(app, clock, "VA", 40)
    came(app, clock, "DE", 15)
    assert look(app, clock)
    assert places(app) == {"DE": 30}


def test_a_total_below_ten_shows_nothing_at_once(app: Flask, clock: Clock) -> None:
    came(app, clock, "DE", 12)
    assert look(app, clock)
    went(app, clock, "DE", 3)
    assert shown(app) is None


def test_a_recount_does_not_lose_who_went(app: Flask, clock: Clock) -> None:
    came(app, clock, "DE", 12)
    went(app, clock, "DE", 2)
    with transaction() as session:
        campaign_id = factories.the_call(app).id
        assert totals.recount(session, campaign_id, at=clock()) == (10, 12)
        assert totals.decreases(session, campaign_id) == 2


def figures_on(page: str) -> dict[str, int]:
    """The table as the page shows it."""
    rows = re.findall(r'<th scope="row">([^<]+)</th><td class="number">([\d,]+)</td>', page)
    return {name: int(number.replace(",", "")) for name, number in rows}


@pytest.mark.slow
def test_a_hundred_come_one_by_one_and_who_reads_every_page_learns_of_none(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """The whole app: each signs, confirms and is counted alone, and every page is kept."""
    dice = random.Random(7)
    countries = dice.choices(("DE", "FR", "MA", "LU", "MT", "IS"), (40, 25, 15, 10, 7, 3), k=100)
    pages: list[tuple[int, dict[str, int]]] = [(0, {})]
    for number, country in enumerate(countries, start=1):
        came(app, clock, country, 1)
        clock.forward(timedelta(hours=dice.randint(1, 5)))
        if not look(app, clock):
            continue
        dependencies_of(app).campaign_cache.clear()
        page = client.get("/en/amazon").get_data(as_text=True)
        total = re.search(r'id="count-figure">([\d,]+) confirmed', page)
        assert total is not None
        assert int(total[1]) == number, "the watcher sees each one come"
        pages.append((number, figures_on(page)))
    assert len(pages) > 5
    assert {"Germany", "France", "Everyone else"} <= pages[-1][1].keys()
    for (before, then), (after, now) in itertools.pairwise(pages):
        assert all(n >= 10 and n % 10 == 0 for n in now.values())
        assert after - before >= 10, "two tables never tell fewer than ten people apart"
        rises = [n - then.get(name, 0) for name, n in now.items() if name != "Everyone else"]
        assert all(rise == 0 or rise >= 10 for rise in rises)
        assert sum(rises) <= after - before + 9, "nine may be over from the look before"
