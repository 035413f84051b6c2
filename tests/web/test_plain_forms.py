"""Plain forms: what is taken without the library of forms, that library takes alike."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

import msgspec
import pytest
from flask import Flask
from hypothesis import given, settings as profile, strategies as st

from petition.domain.campaigns.campaign import CampaignView
from petition.domain.campaigns.form_fields import FormFields, Wanted
from petition.domain.signatures import consent
from petition.services.signatures.signing import Sign
from petition.web.signing import form_requests, plain_forms
from petition.web.signing.form_warnings import hints_for
from tests import people
from tests.factories import the_call

DOMAINS = ("amazon.com", "*.amazon.com")
AN_ADDRESS = "amina.ben-yous_sef+call@mail.example.org"


@pytest.fixture
def call(app: Flask) -> CampaignView:
    return the_call(app)


def by_library(app: Flask, call: CampaignView, fields: dict[str, str]) -> Sign | None:
    """What the view does with this form: the command, or None where it asks again."""
    with app.test_request_context(
        f"/en/{call.slug}/sign",
        method="POST",
        data=urlencode(fields),
        content_type="application/x-www-form-urlencoded",
    ):
        app.preprocess_request()
        form = form_requests._form_of(call)()
        form.fields = call.call.fields
        form.target_domains = DOMAINS
        form.validate()
        hints = hints_for(form, at_risk=True)
        if form.errors or hints.questions:
            return None
        return form_requests.command_of(form, None, way=consent.WEB)


def wanting(call: CampaignView, fields: FormFields) -> CampaignView:
    return replace(call, call=msgspec.structs.replace(call.call, fields=fields))


def plainly(call: CampaignView, fields: dict[str, str]) -> Sign | None:
    again = plain_forms.fields_of(urlencode(fields).encode())
    assert again == fields
    return plain_forms.command_of(again, call, DOMAINS)


COMMON = people.amina | {"email": AN_ADDRESS, "comment": ""}
ODD = st.sampled_from(
    [
        *("", " ", "  two  blanks ", "a", "1", "x" * 16, "x" * 17, "x" * 100, "x" * 101, "é", "é"),
        *("أمينة", "花子", "O'Neil", "J.R.Net", "www.example.org", "a@b.org", "-", "\t", "\u200b"),
        *("\u202ea", "no", "yes", "on", "true", "maybe", "public", "counted", "DE", "de", "XX"),
        *("amina@example.org", "Amina@Example.org", "amina@gmial.com", "a@amazon.com", "a@x.test"),
        *("a@sub.amazon.com", "a..b@example.org", ".a@example.org", "a@localhost", "a@b", "a@b.c"),
        *(
            "ä@example.org",
            "a@bücher.example",
            "a@xn--bcher-kva.example.org",
            "a@-x.org",
            "a@x-.org",
        ),
        *("x" * 64 + "@example.org", "x" * 65 + "@example.org", "a@" + "x" * 63 + ".org"),
        *("a@" + "x" * 64 + ".org", "a@" + "x." * 125 + "org", "a%b@example.org", "a@1.2.3.4"),
        *("letter", "utm.x", "a b", "=1+1", "newsletter.", "x" * 64, "x" * 65, "&amp;", "%41"),
    ]
) | st.text(max_size=20)
FIELDS = st.sampled_from(
    [*COMMON, "family_name", "comment", "subject", "use_email", "source", "utm_source", "noticed"]
)
WANTED = st.builds(
    FormFields,
    family_name=st.sampled_from([Wanted.OFF, Wanted.OPTIONAL]),
    postcode=st.sampled_from(Wanted),
    comment=st.sampled_from(Wanted),
)


@pytest.mark.slow
@profile(max_examples=400)
@given(changes=st.dictionaries(FIELDS, ODD, max_size=3), wanted=WANTED)
def test_whatever_is_plain_is_the_same_form_to_the_library(
    app: Flask, call: CampaignView, changes: dict[str, str], wanted: FormFields
) -> None:
    asked = wanting(call, wanted)
    fields = COMMON | changes
    command = plainly(asked, fields)
    if command is not None:
        assert by_library(app, asked, fields) == command


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"given_name": "أمينة", "family_name": "花子"},
        {"given_name": "  José   María "},
        {"family_name": ""},
        {"postcode": " nw1 6xe "},
        {"updates": "yes"},
        {"visibility": ""},
        {"utm_source": "letter", "source": "no tag at all"},
        {"noticed": "0123456789abcdef"},
    ],
    ids=str,
)
def test_what_most_people_send_is_plain(
    app: Flask, call: CampaignView, change: dict[str, str]
) -> None:
    command = plainly(call, COMMON | change)
    assert command is not None
    assert by_library(app, call, COMMON | change) == command


@pytest.mark.parametrize(
    "change",
    [
        {"given_name": ""},
        {"given_name": "see https://example.org"},
        {"given_name": "x" * 101},
        {"given_name": "a\x00b"},
        {"given_name": "12"},
        {"family_name": "\x07"},
        {"postcode": "x" * 17},
        {"country": ""},
        {"country": "de"},
        {"comment": "I work at site ABC1"},
        {"comment": "hello"},
        {"email": "nobody"},
        {"email": "Amina@example.org"},
        {"email": "amina@gmial.com"},
        {"email": "amina@amazon.com"},
        {"email": "amina@example.invalid"},
        {"email": "ä@example.org"},
        {"use_email": "amina@gmail.com"},
        {"subject": "x"},
        {"agree": ""},
        {"updates": ""},
        {"updates": "maybe"},
        {"visibility": "everybody"},
        {"unknown": "field"},
    ],
    ids=str,
)
def test_with_any_doubt_the_library_looks(call: CampaignView, change: dict[str, str]) -> None:
    assert plainly(call, COMMON | change) is None


def test_what_a_campaign_wants_or_does_not_ask_for(call: CampaignView) -> None:
    asked = wanting(call, FormFields(family_name=Wanted.OFF, postcode=Wanted.REQUIRED))
    command = plainly(asked, COMMON | {"family_name": "Kept by nobody"})
    assert command is not None
    assert (command.person.family_name, command.person.postcode) == ("", "20250")
    assert plainly(asked, COMMON | {"postcode": " "}) is None


@pytest.mark.parametrize(
    "body",
    [
        b"a=1&a=2",
        b"given%5Fname=x",
        b"a=%ff",
        b"a=\xc3\xa9",
        b"a+b=1",
    ],
)
def test_a_body_that_could_be_read_in_two_ways_is_left_alone(body: bytes) -> None:
    assert plain_forms.fields_of(body) is None


def test_a_body_is_read_as_browsers_write_it() -> None:
    fields = {"a": "b c", "d": "é&=+%", "e": "", "f": "line\r\nline"}
    assert plain_forms.fields_of(urlencode(fields).encode()) == fields


def test_every_field_of_the_form_is_read() -> None:
    """Add a new one to `command_of` as well: until then no form is plain, and signing is slow."""
    assert plain_forms.KNOWS_ALL


def test_a_field_that_is_not_read_leaves_every_form_to_the_library(
    call: CampaignView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain_forms, "KNOWS_ALL", False)
    assert plainly(call, COMMON) is None
