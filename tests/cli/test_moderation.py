"""`petition comments`: reading what waits and deciding about it, from a terminal."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.services.signatures import review_queue
from petition.store.db import transaction
from petition.web.http.dependencies import dependencies_of
from tests import factories, people


@pytest.fixture
def ids(app: Flask) -> list[int]:
    """Amina with a comment, somebody without; both are to be public, and a third is not."""
    call = factories.the_call(app)
    for form in (people.amina, people.someone(1, visibility="public"), people.ben):
        factories.keep(app, call, form)
    for entry_id in factories.entries(app):
        factories.confirm(app, entry_id)
    return [
        int(str(row[0])) for row in factories.rows(app, "SELECT id FROM signatures ORDER BY id")
    ]


def verdicts(app: Flask) -> list[tuple[object, ...]]:
    return factories.rows(
        app,
        "SELECT s.id, r.verdict FROM reviews r JOIN signatures s ON s.entry_id = r.entry_id "
        "ORDER BY s.id",
    )


def test_the_list_to_read(run: Any, ids: list[int]) -> None:
    amina, someone, _ = ids
    first, second = people.amina["comment"].splitlines()
    assert run("comments", "list", "amazon").stdout.splitlines() == [
        f"{amina}: أمينة بن يوسف, MA",
        f"    {first}",
        f"    {second}",
        f"{someone}: Person1 Of-Many, DE",
    ]


def test_the_list_for_programs(run: Any, ids: list[int]) -> None:
    found = json.loads(run("comments", "list", "amazon", "--json").stdout)
    assert found == [
        {
            "signature_id": signature_id,
            "name": name,
            "country": country,
            "comment": comment,
            "verdict": None,
            "by": None,
            "at": None,
        }
        for signature_id, name, country, comment in (
            (ids[0], "أمينة بن يوسف", "MA", people.amina["comment"]),
            (ids[1], "Person1 Of-Many", "DE", ""),
        )
    ]


@pytest.mark.each_case_on_both
@pytest.mark.parametrize(
    ("word", "verdict"),
    [("approve", "shown"), ("name-only", "name_only"), ("refuse", "refused")],
)
def test_deciding(app: Flask, run: Any, ids: list[int], word: str, verdict: str) -> None:
    found = run("comments", word, str(ids[0]), str(ids[1]))
    assert found.exit_code == 0
    assert found.stdout.splitlines() == [f"{id_}: {verdict.replace('_', ' ')}" for id_ in ids[:2]]
    assert verdicts(app) == [(ids[0], verdict), (ids[1], verdict)]
    assert run("comments", "list", "amazon").stdout == "nothing waits\n"
    assert run("comments", "list", "amazon", "--decided", verdict).stdout.startswith(f"{ids[1]}: ")
    (record, *_) = json.loads(
        run("comments", "list", "amazon", "--decided", verdict, "--json").stdout
    )
    assert record["verdict"] == verdict
    assert record["by"].startswith("cli")
    log = factories.rows(app, "SELECT action, detail FROM audit WHERE action LIKE 'review%'")
    assert log == [(f"review {verdict}", f"signature {id_}") for id_ in ids[:2]]


def test_what_is_approved_is_on_the_page(
    app: Flask, client: FlaskClient, run: Any, ids: list[int]
) -> None:
    assert "أمينة" not in client.get("/ar/amazon/names").get_data(as_text=True)
    run("comments", "approve", str(ids[0]))
    factories.change(app, "UPDATE reviews SET at = '2026-01-01 00:00:00+00'")
    dependencies_of(app).campaign_cache.clear()
    assert "أمينة" in client.get("/ar/amazon/names").get_data(as_text=True)


def test_who_did_not_choose_it_cannot_be_shown(app: Flask, run: Any, ids: list[int]) -> None:
    found = run("comments", "approve", str(ids[0]), str(ids[2]))
    assert found.exit_code == 1
    said = f"Error: signature {ids[2]} is not one whose name may be public\n"
    assert found.stderr == said
    assert found.stdout == ""
    assert verdicts(app) == [], "all of them or none"


def test_nothing_decided_yet(run: Any) -> None:
    assert run("comments", "list", "amazon", "--decided", "refused").stdout == "none\n"
    assert run("comments", "list", "amazon", "--json").stdout == "[]\n"


@pytest.mark.parametrize(
    "args",
    [
        ["list"],
        ["list", "amazon", "--decided", "liked"],
        ["list", "amazon", "--decided", "shown", "--comment", "with"],
        ["list", "amazon", "--language", "xx"],
        ["undo"],
        ["approve"],
        ["approve", "one"],
        ["refuse", "0"],
        ["name-only", str(2**63)],
    ],
    ids=" ".join,
)
def test_misuse(run: Any, args: list[str]) -> None:
    found = run("comments", *args)
    assert found.exit_code == 2
    assert "Error: " in found.stderr


def test_a_campaign_that_is_not_there(run: Any) -> None:
    found = run("comments", "list", "nowhere")
    assert (found.exit_code, found.stderr) == (1, "Error: there is no campaign called nowhere\n")


def test_the_list_can_be_narrowed(run: Any, ids: list[int]) -> None:
    amina, someone, _ = ids

    def listed(*options: str) -> list[int]:
        found = json.loads(run("comments", "list", "amazon", "--json", *options).stdout)
        return [each["signature_id"] for each in found]

    assert listed("--country", "ma") == [amina]
    assert listed("--comment", "without") == [someone]
    assert listed("--comment", "with", "--language", "en") == [amina]
    assert listed("--language", "fr") == []
    run("comments", "approve", str(amina), str(someone))
    assert listed("--decided", "shown", "--country", "DE") == [someone]


def test_what_somebody_else_reads_is_left_to_them(app: Flask, run: Any, ids: list[int]) -> None:
    deps = dependencies_of(app)
    with app.app_context(), transaction() as session:
        campaign_id = factories.the_call(app).id
        review_queue.take(
            session, deps.vault, campaign_id, by="mo@example.org", at=datetime.now(UTC)
        )
    assert run("comments", "list", "amazon").stdout == "nothing waits\n"
    found = run("comments", "approve", str(ids[0]))
    said = f"Error: somebody else is reading signature {ids[0]}: wait five minutes\n"
    assert (found.exit_code, found.stderr) == (1, said)
    assert verdicts(app) == []


def test_the_last_command_is_undone(app: Flask, run: Any, ids: list[int]) -> None:
    first, second = map(str, ids[:2])
    run("comments", "approve", second, first)
    run("comments", "refuse", first)
    assert run("comments", "undo", "amazon").stdout == f"{first}: as before\n"
    assert verdicts(app) == [(ids[0], "shown"), (ids[1], "shown")]
    run("comments", "undo", "amazon")
    assert verdicts(app) == []
    found = run("comments", "undo", "amazon")
    assert (found.exit_code, found.stderr) == (1, "Error: there is nothing to undo\n")
