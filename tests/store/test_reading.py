"""Who only reads sees one snapshot, so what was asked of it once need not be asked again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import event

from petition.errors import NotFound
from petition.store.campaigns import campaigns
from petition.store.db import Session, db, reading, stored_json, transaction
from petition.store.tables import CampaignText
from tests.conftest import BEGINNING


@pytest.fixture
def asked(app: Flask) -> Iterator[list[str]]:
    """Every statement since then."""
    found: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT"):
            found.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield found
    event.remove(db.engine, "before_cursor_execute", note)


def test_who_only_reads_asks_once(asked: list[str]) -> None:
    with reading() as session:
        first = campaigns.by_slug(session, "amazon")
        codes = campaigns.languages(session, first.id)
        assert len(asked) == 2
        assert campaigns.by_slug(session, "amazon") == first
        assert campaigns.languages(session, first.id) == codes
        assert len(asked) == 2
        for _ in range(2):
            with pytest.raises(NotFound):
                campaigns.by_slug(session, "another")
        assert campaigns.languages(session, first.id + 1) == ()
        assert len(asked) == 5
    with reading() as session:
        assert campaigns.by_slug(session, "amazon") == first
        assert len(asked) == 6, "the next one has a snapshot of its own"


def test_who_writes_reads_what_was_written(app: Flask) -> None:
    with transaction() as session:
        campaign_id = campaigns.by_slug(session, "amazon").id
        before = campaigns.languages(session, campaign_id)
        _write(session, campaign_id, "xx", {})
        assert campaigns.languages(session, campaign_id) == (*before, "xx")


def test_the_texts_of_messages_are_those_of_the_newest_words(app: Flask) -> None:
    with transaction() as session:
        campaign_id = campaigns.by_slug(session, "amazon").id
        _write(session, campaign_id, "de", {"messages": [{"a": 1}]}, version=2)
    with reading() as session:
        texts = campaigns.message_texts(session, campaign_id)
        codes = campaigns.languages(session, campaign_id)
        assert list(texts) == list(codes)
        assert texts.pop("de") == 1
        for code in texts:
            assert texts[code] == len(campaigns.view(session, "amazon", code).call.messages) > 1


def _write(
    session: Session, campaign_id: int, language: str, words: object, version: int = 1
) -> None:
    session.add(
        CampaignText(
            campaign_id=campaign_id,
            language=language,
            version=version,
            content=stored_json.written(words),
            created_at=BEGINNING,
        )
    )
    session.flush()
