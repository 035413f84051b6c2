"""Loading a call: again without harm, an edit makes a new version, a mistake is named."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from petition import i18n
from petition.domain.campaigns.loading import Loaded
from petition.domain.signatures import consent
from petition.domain.signatures.consent import fingerprint
from petition.errors import ContentError, NotFound
from petition.services.campaigns import content_files
from petition.store.db import transaction
from petition.web.http.url_converters import first_parts
from tests import people
from tests.conftest import Clock
from tests.factories import confirm, entries, keep, rows, shipped_call, the_call

TABLES = ("campaigns", "campaign_texts", "consent_texts", "campaign_questions")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped call, to be edited."""
    return shipped_call(tmp_path)


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def _load(folder: Path, clock: Clock, organiser: str | None = None) -> bool:
    with transaction() as session:
        done = content_files.load(session, folder, organiser=organiser, at=clock())
    assert done.slug == "amazon"
    return bool(done.changed)


def _all(app: Flask) -> dict[str, object]:
    return {table: rows(app, f"SELECT * FROM {table} ORDER BY id") for table in TABLES}


def test_loading_twice_changes_nothing(app: Flask, clock: Clock, folder: Path) -> None:
    before = _all(app)
    assert not _load(folder, clock)
    assert _all(app) == before


def test_a_call_is_kept_in_its_languages(app: Flask) -> None:
    call = the_call(app)
    assert call.languages[0] == "en"
    assert "ar" in call.languages
    assert the_call(app, "ar").call.ask != call.call.ask
    assert len(call.call.references) == 14
    assert all(target.email.endswith("example.org") for target in call.targets)
    found = rows(app, "SELECT wording, sha256 FROM consent_texts")
    assert found
    assert all(fingerprint(str(wording)) == sha256 for wording, sha256 in found)


FURTHER = """
[consents.meetings]
question = "May we invite you to meetings?"
yes = "Yes, invite me."
no = "No."
required = false

[consents.age]
statement = "I am over sixteen."
"""


def test_a_further_question_is_one_more_row_of_its_text(
    app: Flask, clock: Clock, folder: Path
) -> None:
    call = folder / "en" / "call.toml"
    call.write_text(call.read_text("utf-8") + FURTHER, "utf-8")
    assert _load(folder, clock)
    assert not _load(folder, clock)
    assert rows(
        app,
        "SELECT q.purpose, q.required, c.wording FROM campaign_questions q"
        " JOIN consent_texts c ON c.id = q.consent_text_id"
        " WHERE q.campaign_text_id = :id AND q.purpose NOT IN ('sign', 'updates', 'visibility')"
        " ORDER BY q.id",
        id=the_call(app).text_id,
    ) == [
        ("meetings", False, "May we invite you to meetings?\n[yes] Yes, invite me.\n[no] No."),
        ("age", True, "I am over sixteen."),
    ]
    assert list(the_call(app).call.consents) == [*consent.PURPOSES, "meetings", "age"]
    assert list(the_call(app, "de").call.consents) == list(consent.PURPOSES)


def test_what_is_required_is_part_of_the_version(app: Flask, clock: Clock, folder: Path) -> None:
    call = folder / "en" / "call.toml"
    call.write_text(call.read_text("utf-8") + FURTHER, "utf-8")
    _load(folder, clock)
    old = the_call(app)
    _edit(call, "required = false", "required = true")
    assert _load(folder, clock)
    new = the_call(app)
    assert new.text_id != old.text_id
    assert new.consent_text_ids == old.consent_text_ids
    assert (old.call.consents["meetings"].required, new.call.consents["meetings"].required) == (
        False,
        True,
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("consents.meetings", "consents.Meetings", r"\[consents.Meetings\]: a purpose takes"),
        ("consents.meetings", f"consents.{'m' * 21}", r"a purpose takes"),
        ("required = false", "required = 1", r"\[consents.meetings\]: required takes"),
        ('no = "No."', "", r"call.toml: no is missing"),
        ('no = "No."', 'no = "No.\\n[no] Never."', r"no line may begin with \[ and an answer"),
    ],
)
def test_a_further_question_that_is_none_is_named(
    clock: Clock, folder: Path, old: str, new: str, said: str
) -> None:
    call = folder / "en" / "call.toml"
    call.write_text(call.read_text("utf-8") + FURTHER.replace(old, new), "utf-8")
    with pytest.raises(ContentError, match=said):
        content_files.read(folder, organiser="x")


def test_an_edited_consent_becomes_a_new_version_and_the_old_one_stays(
    app: Flask, clock: Clock, folder: Path
) -> None:
    old = the_call(app)
    keep(app, old, people.ben)
    question = old.call.consents["updates"].says("yes")
    _edit(folder / "en" / "call.toml", question, question + " Really.")
    assert _load(folder, clock)
    new = the_call(app)
    assert new.text_id != old.text_id
    assert new.consent_text_ids["updates"] != old.consent_text_ids["updates"]
    assert new.consent_text_ids["sign"] == old.consent_text_ids["sign"]
    versions = rows(
        app,
        "SELECT version FROM consent_texts WHERE purpose = 'updates' AND language = 'en'"
        " ORDER BY version",
    )
    assert versions == [(1,), (2,)]
    # Who answered the old words is on record with the old words.
    assert rows(app, "SELECT consent_text_id FROM consents WHERE purpose = 'updates'") == [
        (old.consent_text_ids["updates"],)
    ]
    keep(app, new, people.amina)
    confirm(app, entries(app)[1])
    assert rows(app, "SELECT max(consent_text_id) FROM consents WHERE purpose = 'updates'") == [
        (new.consent_text_ids["updates"],)
    ]


def test_old_words_that_come_back_are_a_version_of_their_own(
    app: Flask, clock: Clock, folder: Path
) -> None:
    yes = the_call(app).call.consents["updates"].says("yes")
    path = folder / "en" / "call.toml"
    original = path.read_text(encoding="utf-8")
    _edit(path, yes, yes + " Really.")
    assert _load(folder, clock)
    path.write_text(original, encoding="utf-8")
    assert _load(folder, clock)
    assert not _load(folder, clock)
    assert the_call(app).call.consents["updates"].says("yes") == yes


def test_an_edited_story_leaves_the_consents_alone(app: Flask, clock: Clock, folder: Path) -> None:
    old = the_call(app)
    with (folder / "en" / "story.md").open("a", encoding="utf-8") as file:
        file.write("\nOne more line. [1]\n")
    assert _load(folder, clock)
    new = the_call(app)
    assert new.text_id != old.text_id
    assert new.consent_text_ids == old.consent_text_ids
    assert the_call(app, "ar").text_id < new.text_id


def test_the_organiser_is_named_in_what_people_agree_to(
    app: Flask, clock: Clock, folder: Path
) -> None:
    before = the_call(app)
    assert _load(folder, clock, organiser="Unions Together")
    after = the_call(app)
    assert after.consent_text_ids["sign"] != before.consent_text_ids["sign"]
    assert "Unions Together" in after.call.consents["sign"].text
    assert rows(app, "SELECT count(*) FROM consent_texts WHERE wording LIKE '%{%'") == [(0,)]


def test_without_a_name_each_language_has_a_word_for_the_organiser(app: Flask) -> None:
    said = {}
    for code in the_call(app).languages:
        said[code] = i18n.language(code).organiser(None)
        assert said[code] in the_call(app, code).call.consents["updates"].text, code
    assert len(set(said.values())) == len(said)


def test_a_call_that_start_loads_takes_no_address_of_ours(
    app: Flask, clock: Clock, folder: Path
) -> None:
    _edit(folder / "campaign.toml", '"amazon"', '"staff"')
    with (
        pytest.raises(ContentError, match="/staff is an address of ours"),
        transaction() as session,
    ):
        content_files.load_and_open_new(
            session, folder, organiser="x", at=clock(), places=first_parts(app)
        )
    assert rows(app, "SELECT slug FROM campaigns") == [("amazon",)]


def test_loading_leaves_the_state_to_staff(app: Flask, clock: Clock, folder: Path) -> None:
    with transaction() as session:
        assert content_files.close(session, "amazon", at=clock())
        assert not content_files.close(session, "amazon", at=clock())
    _edit(folder / "campaign.toml", "goal = 100", "goal = 20000")
    assert _load(folder, clock)
    assert (the_call(app).state, the_call(app).goal) == ("closed", 20000)
    with transaction() as session:
        content_files.load_and_open_new(session, folder, organiser="x", at=clock())
    assert the_call(app).state == "closed"
    with transaction() as session:
        assert content_files.open_(session, "amazon", at=clock())
    assert the_call(app).state == "open"


def test_the_time_of_closing_is_kept_until_it_is_opened_again(app: Flask, clock: Clock) -> None:
    assert the_call(app).closed_at is None
    closed_at = clock()
    with transaction() as session:
        content_files.close(session, "amazon", at=closed_at)
    clock.forward(timedelta(days=3))
    with transaction() as session:
        content_files.close(session, "amazon", at=clock())
    assert the_call(app).closed_at == closed_at, "closing again does not begin its time anew"
    with transaction() as session:
        content_files.open_(session, "amazon", at=clock())
    assert the_call(app).closed_at is None


def _start(folder: Path, clock: Clock) -> Loaded:
    """As `petition start` loads what is shipped."""
    with transaction() as session:
        return content_files.load_and_open_new(session, folder, organiser=None, at=clock())


def test_what_staff_loaded_stays_when_the_shipped_files_change(
    app: Flask, clock: Clock, folder: Path, tmp_path: Path
) -> None:
    """Theirs are the goal and the German words; the English are the program's, and follow it."""
    mine = Path(shutil.copytree(folder, tmp_path / "mine"))
    title = the_call(app, "de").call.title
    _edit(mine / "campaign.toml", "goal = 100", "goal = 20000")
    _edit(mine / "de" / "call.toml", title, "Unser Titel")
    assert _load(mine, clock)
    _edit(folder / "campaign.toml", "goal = 100", "goal = 300")
    _edit(folder / "de" / "call.toml", title, "Neuer Titel")
    _edit(folder / "en" / "call.toml", the_call(app, "en").call.title, "A new title")
    for _ in range(2):
        done = _start(folder, clock)
        assert [each.item for each in done.kept] == ["goal", "words:de"]
        assert done.kept[1].parts == ("title",)
        assert (the_call(app, "de").goal, the_call(app, "de").call.title) == (20000, "Unser Titel")
        assert the_call(app, "en").call.title == "A new title"
    assert done.changed == ()


def test_who_loads_the_shipped_files_by_hand_hands_the_call_back(
    app: Flask, clock: Clock, folder: Path, tmp_path: Path
) -> None:
    mine = Path(shutil.copytree(folder, tmp_path / "mine"))
    _edit(mine / "campaign.toml", "goal = 100", "goal = 20000")
    _load(mine, clock)
    with transaction() as session:
        done = content_files.load(session, folder, organiser=None, at=clock(), is_shipped=True)
    (change,) = done.changed
    assert (change.item, change.is_staffs) == ("goal", True)
    _edit(folder / "campaign.toml", "goal = 100", "goal = 300")
    assert _start(folder, clock).kept == ()
    assert the_call(app).goal == 300


def test_a_call_that_staff_loaded_first_is_theirs_altogether(
    app: Flask, clock: Clock, folder: Path
) -> None:
    _edit(folder / "campaign.toml", 'slug = "amazon"', 'slug = "other"')
    with transaction() as session:
        content_files.load(session, folder, organiser=None, at=clock())
    _edit(folder / "campaign.toml", "goal = 100", "goal = 300")
    assert [each.item for each in _start(folder, clock).kept] == ["goal"]
    assert the_call(app, slug="other").goal == 100


def test_a_new_call_starts_as_a_draft(app: Flask, clock: Clock, folder: Path) -> None:
    _edit(folder / "campaign.toml", 'slug = "amazon"', 'slug = "other"')
    with transaction() as session:
        done = content_files.load(session, folder, organiser="x", at=clock())
    assert (done.slug, done.is_new, bool(done.changed)) == ("other", True, True)
    assert the_call(app, slug="other").state == "draft"


def test_an_unknown_call_is_not_found(app: Flask, clock: Clock) -> None:
    for verb in (content_files.open_, content_files.close):
        with pytest.raises(NotFound, match="nowhere"), transaction() as session:
            verb(session, "nowhere", at=clock())


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("campaign.toml", "goal = 100", "goal = 0", "campaign.toml: goal"),
        ("campaign.toml", "goal = 100", 'goal = "many"', "campaign.toml: goal"),
        ("campaign.toml", 'slug = "amazon"', 'slug = "Amazon!"', "campaign.toml: slug"),
        ("campaign.toml", 'slug = "amazon"', 'slug = "de"', "/de is for the pages of a language"),
        ("campaign.toml", 'slug = "amazon"', "", "campaign.toml: slug is missing"),
        ("campaign.toml", "[[targets]]", "[[aims]]", "at least one"),
        ("campaign.toml", '"en"', '"eo"', "no folder for the default language eo"),
        ("campaign.toml", "goal =", "goal ==", "campaign.toml: "),
        ("en/call.toml", "ask =", "asking =", "call.toml: ask is missing"),
        ("en/call.toml", "references = [", "references = [1,", "references takes a list"),
        ("en/call.toml", "[consents.updates]", "[consents.news]", r"call.toml: \[updates\]"),
        ("en/call.toml", "counted =", "hidden =", "call.toml: counted is missing"),
        ("campaign.toml", 'slug = "amazon"', "slug = 7", "campaign.toml: slug is missing"),
        (
            "campaign.toml",
            "[[targets]]\nname",
            "[[targets]]\nnames",
            "campaign.toml: name is missing",
        ),
        ("en/call.toml", "[consents.updates]", "[consents]\nupdates = 1\n[x]", r"\[updates\]"),
        ("en/call.toml", "[consents.", "[asked.", r"call.toml: \[consents\] is missing"),
        ("en/call.toml", "counted =", "counted = 1\nhidden =", "call.toml: counted is missing"),
    ],
)
def test_a_mistake_in_the_files_is_named_and_nothing_changes(
    app: Flask, clock: Clock, folder: Path, name: str, old: str, new: str, said: str
) -> None:
    before = _all(app)
    _edit(folder / name, old, new)
    with pytest.raises(ContentError, match=said):
        _load(folder, clock)
    assert _all(app) == before


def test_every_answer_that_a_question_may_have_is_read() -> None:
    answers = {each for purpose in consent.PURPOSES for each in consent.answers_to(purpose)}
    assert answers <= set(content_files.QuestionTable.__struct_fields__)


def test_a_key_of_a_later_release_is_passed_over(folder: Path) -> None:
    before = content_files.read(folder, organiser="x")
    _edit(folder / "campaign.toml", "goal = 100", 'goal = 100\nmotto = "On."')
    _edit(folder / "en" / "call.toml", "ask =", "further = [1]\nask =")
    assert content_files.read(folder, organiser="x") == before


def test_a_footnote_without_its_reference_is_named(clock: Clock, folder: Path) -> None:
    with (folder / "en" / "story.md").open("a", encoding="utf-8") as file:
        file.write("\nSo they say. [15]\n")
    with pytest.raises(ContentError, match=r"story.md: there is no reference 15"):
        content_files.read(folder, organiser="x")


def test_what_is_not_there_or_no_text_is_named(clock: Clock, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"campaign.toml: cannot be read"):
        content_files.read(tmp_path / "nowhere", organiser="x")
    (folder / "en" / "story.md").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ContentError, match=r"story.md: cannot be read"):
        content_files.read(folder, organiser="x")
