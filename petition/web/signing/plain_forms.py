"""Plain forms: read without the library of forms, where nothing could be wrong or doubtful.

What is accepted here is accepted by `SignForm` as well, and becomes the same command; whatever
else is left to it, and so are all words about mistakes. tests/web/test_plain_forms.py holds the
two side by side.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import unquote

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from petition import i18n
from petition.addr_spec import AddressRefused, addr_spec
from petition.domain.campaigns.campaign import CampaignView
from petition.domain.campaigns.form_fields import OFF, REQUIRED
from petition.domain.campaigns.target_domains import belongs
from petition.domain.signatures import consent, supporter
from petition.domain.signatures.email_typos import likely_domain
from petition.domain.signatures.source import TAGS, Source, plain_tag
from petition.domain.signatures.supporter import Person
from petition.services.signatures.signing import Sign
from petition.web.signing.forms import SignForm
from petition.web.signing.questions import answer_to, field_name, is_answered

_TYPED: Final = frozenset(SignForm.TYPED)
_CARRIED: Final = frozenset(SignForm.CARRIED)
_READ: Final = frozenset(
    {"subject", "given_name", "family_name", "email", "country", "postcode", "comment"}
)
KNOWS_ALL: Final = _READ == _TYPED
"""False where the form has a field that is not read here: then no form is plain."""
_ADDRESS: Final = re.compile(r"[a-z0-9]+(?:[._+-][a-z0-9]+)*@[a-z0-9]+(?:[.-][a-z0-9]+)+", re.A)
"""What most people type: lower-case letters and digits, with single marks between."""
_LONGEST_ADDRESS: Final = 254

Fields = Mapping[str, str]


def fields_of(body: bytes) -> dict[str, str] | None:
    """The fields of a form; None where a name comes twice or holds more than plain letters."""
    fields: dict[str, str] = {}
    try:
        for pair in body.decode("ascii").split("&"):
            name, _, value = pair.partition("=")
            if name in fields or "%" in name or "+" in name:
                return None
            if "+" in value:
                value = value.replace("+", " ")
            fields[name] = unquote(value, errors="strict") if "%" in value else value
    except UnicodeDecodeError:
        return None
    return fields


def command_of(fields: Fields, view: CampaignView, target_domains: Collection[str]) -> Sign | None:
    """The signature that this form asks for; None where somebody should look closer."""
    wanted = view.call.fields
    off = wanted.of(OFF)
    typed = {name: "" if name in off else fields.get(name, "") for name in SignForm.TYPED}
    answers = _answers(fields, view)
    if (
        not KNOWS_ALL
        or answers is None
        or not _knows(fields, view)
        or typed["subject"]
        or typed["comment"]  # it is read for what may identify somebody
        or typed["country"] not in i18n.COUNTRIES
    ):
        return None
    given_name, family_name = supporter.clean(typed["given_name"]), typed["family_name"]
    family_name = supporter.clean(family_name) if family_name else ""
    postcode = supporter.clean_unscripted(typed["postcode"]) if typed["postcode"] else ""
    cleaned = {"family_name": family_name, "postcode": postcode, "comment": ""}
    address = _address(typed["email"], target_domains)
    if (
        address is None
        or not _is_name(given_name)
        or (family_name and not _is_name(family_name))
        or len(postcode) > supporter.POSTCODE_LENGTH
        or supporter.has_control(postcode)
        or any(not cleaned[name] for name in wanted.of(REQUIRED))
    ):
        return None
    tags = {name: plain_tag(fields.get(name, "")) for name in TAGS}
    return Sign(
        person=Person(
            given_name=given_name,
            family_name=family_name,
            email=address.normalized,
            postcode=postcode.upper(),
        ),
        local_part=address.local_part,
        domain=address.ascii_domain,
        country=typed["country"],
        answers=answers,
        source=Source(**tags),
        way=consent.WEB,
    )


def _knows(fields: Fields, view: CampaignView) -> bool:
    """Whether no field came but those of the form."""
    others = fields.keys() - _TYPED - _CARRIED
    return others <= {field_name(purpose) for purpose in view.call.consents}


def _answers(fields: Fields, view: CampaignView) -> dict[str, str] | None:
    answers = {}
    for purpose, question in view.call.consents.items():
        text = fields.get(field_name(purpose)) or SignForm.LEFT_OPEN.get(purpose)
        answer = answer_to(question, text)
        if not is_answered(question, answer):
            return None
        if answer is not None:
            answers[purpose] = answer
    return answers


def _is_name(name: str) -> bool:
    return (
        len(name) <= supporter.NAME_LENGTH
        and not supporter.has_control(name)
        and supporter.has_letter(name)
        and not supporter.has_link(name)
    )


def _address(text: str, target_domains: Collection[str]) -> ValidatedEmail | None:
    if len(text) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(text):
        return None
    try:
        address = validate_email(
            text, check_deliverability=False, strict=True, allow_quoted_local=False
        )
        addr_spec(f"{address.local_part}@{address.ascii_domain}")
    except (EmailNotValidError, AddressRefused):
        return None
    domain = address.ascii_domain
    return None if belongs(domain, target_domains) or likely_domain(domain) else address
