"""Stored JSON: an old row reads after a field was added, and a newer one reads before that."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from flask import Flask

from petition.domain.campaigns.campaign import CampaignWords, Target
from petition.domain.signatures.consent import Question
from petition.domain.signatures.supporter import Person
from petition.services.counts.country_figures import Beside
from petition.store.counts import snapshots
from petition.store.counts.totals import FinalNumbers
from petition.store.db import reading, stored_json, transaction
from petition.store.exports import ledger
from petition.store.exports.ledger import FiltersRecord
from petition.store.privacy.retention import Numbers
from petition.store.tables import Export
from tests.conftest import Clock
from tests.factories import a_call, change, rows, the_call

WORDS = {
    "title": "A",
    "ask": "B",
    "summary": "C",
    "asks": ["D"],
    "addressed_to": "E",
    "share_text": "F",
    "references": [],
    "story": "G",
}
KEPT: dict[type[msgspec.Struct], object] = {
    Target: {"name": "Somebody", "email": "somebody@example.org"},
    CampaignWords: WORDS,
    FiltersRecord: {
        "for_target": True,
        "since": None,
        "state": ["confirmed"],
        "updates": "yes",
        "visibility": [],
        "partner": None,
        "recipient": "age1",
    },
    Numbers: {"confirmed": 3, "withdrawn": 2, "forms_not_confirmed": 1},
    FinalNumbers: {"confirmed": 3},
    Beside: {"total": 3, "went": 2, "over": 1},
    Person: ["Ben", "Diallo", "ben@example.org", "20250", "Yes."],
}
"""Everything that is stored as JSON, as rows have it."""


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: kept.__name__)
def test_what_was_kept_reads_after_a_field_was_added(kept: type[msgspec.Struct]) -> None:
    newer = msgspec.defstruct(
        kept.__name__, [("added", str, "none yet")], bases=(kept,), frozen=True, kw_only=True
    )
    text = json.dumps(KEPT[kept])
    found: Any = stored_json.read(text, newer)
    assert found.added == "none yet"
    assert stored_json.written(stored_json.read(text, kept)) == text


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: kept.__name__)
def test_what_a_newer_release_kept_reads(kept: type[msgspec.Struct]) -> None:
    old = KEPT[kept]
    new = {**old, "added": "x"} if isinstance(old, dict) else [*old, "x"]  # type: ignore[misc]
    assert stored_json.read(json.dumps(new), kept) == stored_json.read(json.dumps(old), kept)


def test_a_person_from_before_two_fields_reads() -> None:
    assert stored_json.read('["Ben", "", "ben@example.org"]', Person) == Person(
        given_name="Ben", family_name="", email="ben@example.org", postcode="", comment=""
    )


def test_rows_are_written_as_ever() -> None:
    words = {**WORDS, "title": '“ü”\n\t\u2028\x7f\\/<&>"'}
    call = msgspec.convert(words, CampaignWords)
    assert stored_json.written(call, order="sorted") == json.dumps(
        words, ensure_ascii=False, sort_keys=True
    )


def test_a_campaign_with_further_keys_reads(app: Flask) -> None:
    before = the_call(app)
    ((targets, content),) = rows(
        app,
        "SELECT c.targets, t.content FROM campaigns c JOIN campaign_texts t ON t.id = :id",
        id=before.text_id,
    )
    further = [{**each, "phone": "1"} for each in json.loads(str(targets))]
    change(app, "UPDATE campaigns SET targets = :targets", targets=json.dumps(further))
    change(
        app,
        "INSERT INTO campaign_texts (campaign_id, language, version, content, created_at)"
        " SELECT campaign_id, language, version + 1, :content, created_at FROM campaign_texts"
        " WHERE id = :id",
        content=json.dumps({**json.loads(str(content)), "motto": "On."}),
        id=before.text_id,
    )
    after = the_call(app)
    assert after.text_id != before.text_id
    assert after.targets == before.targets
    assert after.call == msgspec.structs.replace(before.call, consents={})


def test_questions_are_kept_beside_the_words(app: Flask) -> None:
    assert all(isinstance(each, Question) for each in a_call().consents.values())
    ((content,),) = rows(
        app, "SELECT content FROM campaign_texts WHERE id = :id", id=the_call(app).text_id
    )
    call = the_call(app).call
    assert content == json.dumps(
        {
            **msgspec.to_builtins(call),
            "consents": {purpose: each.words() for purpose, each in call.consents.items()},
        },
        ensure_ascii=False,
        sort_keys=True,
    )


@pytest.mark.usefixtures("before_the_first_run")
def test_a_snapshot_from_before_a_number_reads(app: Flask, clock: Clock) -> None:
    campaign_id = the_call(app).id
    with transaction() as session:
        assert not snapshots.exists(session, campaign_id, "clock")
        snapshots.write(session, campaign_id, "clock", {"confirmed": 3, "new": 4}, at=clock())
    assert rows(app, "SELECT figures FROM snapshots WHERE name = 'clock'") == [
        ('{"confirmed": 3, "new": 4}',)
    ]
    with reading() as session:
        found = snapshots.read(session, campaign_id, "clock", Numbers)
        assert snapshots.exists(session, campaign_id, "clock")
    assert found is not None
    assert found.numbers == Numbers(confirmed=3)
    assert found.at == clock()


def test_filters_from_before_read(app: Flask) -> None:
    assert not ledger.record(Export(filters="{}")).for_target
    assert not ledger.record(Export(filters='{"for_target": false, "partner": "x"}')).for_target
    assert ledger.record(Export(filters='{"for_target":true,"state":["confirmed"]}')).for_target
