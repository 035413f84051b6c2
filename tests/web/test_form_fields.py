"""The fields that a campaign chooses: what stands on its form, what is taken, and what is kept."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from petition.app import SHIPPED
from petition.domain.campaigns.form_fields import FormFields, Wanted
from petition.errors import ContentError
from petition.services.campaigns import content_files
from petition.store.campaigns import campaigns
from petition.store.db import reading, transaction
from petition.web.http.dependencies import dependencies_of
from tests import factories, people
from tests.conftest import Clock

FORM = people.amina | {"visibility": "counted"}


def choose(app: Flask, clock: Clock, folder: Path, **fields: str) -> None:
    """Load the shipped call, its form with these fields."""
    call = factories.shipped_call(folder, **fields)
    with transaction() as session:
        content_files.load(session, call, organiser="Us", at=clock())
    dependencies_of(app).campaign_cache.clear()


def kept(app: Flask) -> tuple[str, str, str]:
    """Family name, postcode and comment of the only form that came."""
    ((sealed, entry_id, key),) = factories.rows(app, "SELECT sealed, id, key_number FROM entries")
    person = dependencies_of(app).vault.open(bytes(sealed), int(entry_id), int(key))  # type: ignore[call-overload]
    return person.family_name, person.postcode, person.comment


def read(client: FlaskClient) -> str:
    return client.get("/en/amazon").get_data(as_text=True)


def field(page: str, name: str) -> str:
    """The marks of a field; empty where the form has none of that name."""
    found = re.search(rf'<(?:input|textarea) id="{name}"[^>]*>', page)
    return found[0] if found else ""


def test_the_shipped_form_asks_for_no_postcode_and_folds_the_comment() -> None:
    fields = content_files.read(SHIPPED / "amazon", organiser="Us").calls["en"].fields
    assert fields == FormFields(
        family_name=Wanted.OPTIONAL, postcode=Wanted.OFF, comment=Wanted.OPTIONAL
    )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestOnTheForm:
    def test_optional_ones_are_folded_and_nobody_must(
        self, app: Flask, client: FlaskClient, clock: Clock, tmp_path: Path
    ) -> None:
        choose(app, clock, tmp_path, postcode="optional", comment="optional")
        page = read(client)
        for name in ("postcode", "comment"):
            assert re.search(rf'<details class="more">(?:(?!</details>).)*id="{name}"', page, re.S)
            assert " required" not in field(page, name)

    def test_those_that_are_off_are_not_there_and_not_kept_whoever_sends_them(
        self, app: Flask, client: FlaskClient, clock: Clock, tmp_path: Path
    ) -> None:
        choose(app, clock, tmp_path, family_name="off", postcode="off", comment="off")
        page = read(client)
        assert not any(field(page, name) for name in ("family_name", "postcode", "comment"))
        assert '<details class="more"' not in page
        assert factories.sign(client, FORM).status_code == 303
        assert kept(app) == ("", "", "")

    @pytest.mark.parametrize("name", ["postcode", "comment"])
    def test_those_that_are_required_stand_open_and_are_asked_for(
        self, app: Flask, client: FlaskClient, clock: Clock, tmp_path: Path, name: str
    ) -> None:
        choose(app, clock, tmp_path, **{name: "required"})
        assert " required" in field(read(client), name)
        wrong = factories.sign(client, FORM | {name: ""})
        page = wrong.get_data(as_text=True)
        assert wrong.status_code == 422
        assert f'<p class="problem" id="{name}-problem">Please fill this in.</p>' in page
        assert factories.sign(client, FORM).status_code == 303
        assert kept(app)[1 if name == "postcode" else 2] == FORM[name]

    def test_a_form_is_judged_by_what_it_showed(
        self, app: Flask, client: FlaskClient, clock: Clock, tmp_path: Path
    ) -> None:
        choose(app, clock, tmp_path / "one", postcode="optional")
        ticket = factories.ticket(client)
        choose(app, clock, tmp_path / "two", postcode="required")
        sent = client.post("/en/amazon/sign", data=FORM | {"ticket": ticket, "postcode": ""})
        assert sent.status_code == 303

    def test_the_summary_names_each_question(self, client: FlaskClient) -> None:
        page = factories.sign(client, {"email": "x"}).get_data(as_text=True)
        assert '<li><a href="#updates">News by email: Please choose yes or no.</a></li>' in page


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('postcode = "maybe"', '[form] postcode takes "off", "optional" or "required"'),
        ("comment = true", '[form] comment takes "off", "optional" or "required"'),
        ('family_name = "required"', '[form] family_name takes "on" or "off"'),
    ],
)
def test_what_a_field_takes_is_said(tmp_path: Path, written: str, said: str) -> None:
    call = factories.shipped_call(tmp_path)
    file = call / "campaign.toml"
    text = file.read_text(encoding="utf-8")
    name = written.partition(" ")[0]
    file.write_text(re.sub(rf'^{name} = "\w+"', written, text, flags=re.M), encoding="utf-8")
    with pytest.raises(ContentError, match=re.escape(said)):
        content_files.read(call, organiser="Us")


def test_a_version_from_before_campaigns_could_choose_asks_what_it_asked(app: Flask) -> None:
    factories.change(
        app,
        "UPDATE campaign_texts SET content = replace(content, '\"fields\"', '\"once\"')",
    )
    with reading() as session:
        assert campaigns.view(session, "amazon", "en").call.fields == FormFields()
