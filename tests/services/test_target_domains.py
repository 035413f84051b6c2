"""The target's own mail: staff's word stands above the files', and no letter goes there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from flask import Flask

from petition.domain.campaigns.target_domains import PatternRefused, PatternTooWide
from petition.errors import ContentError, NotFound
from petition.services.campaigns import content_files, target_domains as services_target_domains
from petition.services.letters import screening
from petition.store.campaigns import target_domains as store_target_domains
from petition.store.db import reading, transaction
from petition.store.letters import entry_letters, outbox
from tests import people
from tests.conftest import Clock
from tests.factories import keep, rows, shipped_call, the_call, together

AT: Final = datetime(2026, 11, 3, 10, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The call that the tests load, to be edited."""
    return shipped_call(tmp_path)


def load(folder: Path) -> bool:
    with transaction() as session:
        done = content_files.load(session, folder, organiser=None, at=AT)
    assert done.slug == "amazon"
    return bool(done.changed)


def listed(app: Flask) -> tuple[str, ...]:
    campaign_id = the_call(app).id
    with reading() as session:
        return store_target_domains.patterns(session, campaign_id)


def add(text: str) -> str:
    with transaction() as session:
        return services_target_domains.add_domain(session, "amazon", text, by="sam", at=AT)


def remove(text: str) -> bool:
    with transaction() as session:
        return services_target_domains.remove_domain(session, "amazon", text, by="sam", at=AT)


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "campaign.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_shipped_call_knows_the_companys_mail(app: Flask) -> None:
    assert {"amazon.*", "a2z.com", "audible.*", "twitch.tv"} <= set(listed(app))
    assert list(listed(app)) == sorted(listed(app))


def test_loading_adds_what_is_new_and_leaves_staffs_word_alone(app: Flask, folder: Path) -> None:
    assert remove("a2z.com")
    assert add("kuiper.example.org") == "kuiper.example.org"
    before = listed(app)
    assert not load(folder)
    assert listed(app) == before
    edit(folder, '"a2z.com",', '"a2z.com", "New.example.org", "new.example.org",')
    assert load(folder)
    assert listed(app) == tuple(sorted((*before, "new.example.org")))
    assert not load(folder)


def test_what_a_file_no_longer_names_stays(app: Flask, folder: Path) -> None:
    before = listed(app)
    edit(folder, '"a2z.com",', "")
    load(folder)
    assert listed(app) == before


def test_a_call_without_a_list_has_none(app: Flask, folder: Path) -> None:
    edit(folder, "target_domains = [", "others = [")
    edit(folder, 'slug = "amazon"', 'slug = "other"')
    with transaction() as session:
        content_files.load(session, folder, organiser=None, at=AT)
    other = the_call(app, slug="other")
    with reading() as session:
        assert store_target_domains.patterns(session, other.id) == ()


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ('target_domains = ["amazon", ', "is written like"),
        ('target_domains = ["gmail.com", ', "private address"),
        ("target_domains = [1, ", "takes a list of texts"),
    ],
)
def test_a_mistake_in_the_file_is_named_and_nothing_changes(
    app: Flask, folder: Path, new: str, said: str
) -> None:
    before = listed(app)
    edit(folder, "target_domains = [", new)
    with pytest.raises(ContentError, match=rf"campaign.toml: target_domains.*{said}"):
        load(folder)
    assert listed(app) == before


def test_each_change_stands_in_the_audit_log_and_none_twice(app: Flask) -> None:
    assert add("New.example.org") == add("new.example.org") == "new.example.org"
    assert remove("NEW.example.org ")
    assert not remove("new.example.org")
    assert not remove("never.example.org")
    add("new.example.org")
    audit = rows(app, "SELECT who, action, outcome, detail FROM audit ORDER BY id")
    assert audit == [
        ("sam", "target domain", outcome, "amazon: new.example.org")
        for outcome in ("added", "removed", "added")
    ]


@pytest.mark.parametrize(
    ("text", "refusal"), [("amazon", PatternRefused), ("gmail.com", PatternTooWide)]
)
def test_what_is_refused_is_not_kept(app: Flask, text: str, refusal: type[Exception]) -> None:
    before = listed(app)
    with pytest.raises(refusal):
        add(text)
    assert listed(app) == before
    assert rows(app, "SELECT * FROM audit") == []


@pytest.mark.usefixtures("app")
def test_a_campaign_that_is_not_there() -> None:
    with pytest.raises(NotFound), transaction() as session:
        services_target_domains.add_domain(session, "nowhere", "a.example.org", by="sam", at=AT)
    with pytest.raises(NotFound), transaction() as session:
        services_target_domains.remove_domain(session, "nowhere", "a.example.org", by="sam", at=AT)


def test_two_who_add_the_same_at_once_add_it_once(app: Flask) -> None:
    def action(place: int) -> None:
        with app.app_context():
            add("new.example.org")

    assert together(4, action) == []
    assert listed(app).count("new.example.org") == 1
    assert rows(app, "SELECT count(*) FROM audit") == [(1,)]


def test_no_letter_goes_to_a_mailbox_of_the_targets(app: Flask, clock: Clock) -> None:
    """She signed before the list knew her employer's mail: her letter must stay here."""
    keep(app, the_call(app), people.wanda)
    keep(app, the_call(app), people.someone(1, email="carol@corp.example.org"))
    with transaction() as session:
        owed = outbox.claim(session, worker="w", at=clock(), lease=timedelta(minutes=1), most=9)
        at_work, elsewhere = (entry_letters.read(session, letter.id) for letter in owed)
    assert at_work is not None
    assert elsewhere is not None
    for domain, allowed in (("corp.example.org", True), ("amazon.example.org", False)):
        with reading() as session:
            assert screening.may_write_to(session, at_work, f"w@{domain}") is allowed
    add("corp.example.org")
    with reading() as session:
        assert not screening.may_write_to(session, elsewhere, "carol@corp.example.org")
        assert not screening.may_write_to(session, elsewhere, "carol@MAIL.Corp.example.org")
        assert screening.may_write_to(session, elsewhere, people.ben["email"])
