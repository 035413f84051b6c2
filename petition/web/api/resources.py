"""What the API takes and gives, as its document (`openapi.json`) says it, field by field."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from petition.domain.campaigns.campaign import CampaignState
from petition.domain.campaigns.form_fields import Wanted

MOST_CONSENTS: Final = 20
LANGUAGE: Final = "[a-z]{2,3}"


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """What the API gives."""


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the API takes: a field that it does not know is refused."""


class CampaignSummary(Resource, frozen=True, kw_only=True):
    """A campaign in the list."""

    slug: Annotated[str, Meta(description="The campaign's name in addresses.")]
    state: Annotated[
        CampaignState,
        Meta(description="Open campaigns may still be before or past their own dates."),
    ]
    languages: Annotated[
        tuple[str, ...], Meta(description="The languages that it is written in, its own first.")
    ]


class CampaignList(Resource, frozen=True, kw_only=True):
    """The campaigns that people may read."""

    campaigns: tuple[CampaignSummary, ...]


class CampaignDetails(Resource, frozen=True, kw_only=True):
    """A campaign without its words."""

    slug: str
    state: CampaignState
    takes_signatures: Annotated[bool, Meta(description="True when a signature may come in now.")]
    default_language: str
    languages: tuple[str, ...]
    targets: Annotated[tuple[str, ...], Meta(description="Whom the campaign addresses.")]
    organiser: Annotated[
        str | None, Meta(description="Who runs it, and is responsible for what people tell.")
    ]
    opens_at: datetime | None
    ends_at: Annotated[
        datetime | None, Meta(description="When it stops taking signatures, or stopped.")
    ]
    page: Annotated[
        str, Meta(description="The address to share: it asks the reader's device for the language.")
    ]


class AnswerChoice(Resource, frozen=True, kw_only=True):
    """One answer that a question offers."""

    value: Annotated[str, Meta(description="What to send as `answer`.")]
    says: Annotated[
        str, Meta(description="Its words, which must be shown. The first line is the short form.")
    ]


class ConsentQuestion(Resource, frozen=True, kw_only=True):
    """A question of the form. Show its words as they are: they are what the person agrees to."""

    purpose: Annotated[str, Meta(description="What the answer is for.")]
    text_sha256: Annotated[
        str,
        Meta(description="The version: SHA-256 of the exact words. Send it back with the answer."),
    ]
    question: Annotated[
        str, Meta(description="The question; of one without `answers`, what a tick says.")
    ]
    answers: Annotated[
        tuple[AnswerChoice, ...],
        Meta(
            description="Empty: it is a tick, answered with `yes` or `no`. None may be chosen "
            "beforehand."
        ),
    ]
    required: Annotated[
        bool,
        Meta(
            description="True when nobody signs without answering it; of a tick, without "
            "ticking it."
        ),
    ]
    controller: Annotated[
        str | None,
        Meta(description="Of a partner's own question: who asks it. Show it beside the words."),
    ] = None
    controller_privacy: Annotated[
        str | None, Meta(description="Address of that one's privacy notice. Link to it.")
    ] = None


class FieldsAsked(Resource, frozen=True, kw_only=True):
    """Which fields the form asks beside given name, email address and country."""

    family_name: Wanted
    postcode: Wanted
    comment: Wanted


class CampaignTexts(Resource, frozen=True, kw_only=True):
    """A campaign's words in one language, and what its form asks."""

    slug: str
    language: str
    title: str
    ask: str
    summary: str
    asks: tuple[str, ...]
    addressed_to: str
    share_text: str
    story: Annotated[str, Meta(description="Markdown; `[3]` is a footnote mark.")]
    fields: FieldsAsked
    consents: Annotated[tuple[ConsentQuestion, ...], Meta(description="In the order of the form.")]
    page: Annotated[str, Meta(description="Address of the campaign's page in this language.")]
    privacy: Annotated[
        str, Meta(description="Address of the privacy notice. Link to it beside your form.")
    ]


class CountryCount(Resource, frozen=True, kw_only=True):
    """People from one country, rounded down to tens."""

    country: Annotated[str, Meta(description="ISO 3166-1 alpha-2.")]
    people: Annotated[int, Meta(ge=10, multiple_of=10)]


class Counts(Resource, frozen=True, kw_only=True):
    """How many signed, as the campaign's page says it."""

    confirmed: Annotated[
        int, Meta(ge=0, description="People who confirmed their signature by email.")
    ]
    as_of: Annotated[datetime | None, Meta(description="When that was counted.")]
    goal: Annotated[
        int, Meta(description="The goal that is shown now: it grows when it is reached.")
    ]
    countries: Annotated[
        tuple[CountryCount, ...],
        Meta(
            description="At most once a day, in tens; the most people first. A country of fewer "
            "than ten is not in it."
        ),
    ]
    others: Annotated[int, Meta(description="Everyone else, in tens.")]
    countries_as_of: datetime | None


class Counter(Resource, frozen=True, kw_only=True):
    """The one number, for a counter on a site or a stage."""

    confirmed: Annotated[int, Meta(ge=0)]
    goal: int


class Answer(Body, frozen=True, kw_only=True):
    """A person's answer to one question."""

    purpose: Annotated[str, Meta(max_length=20)]
    text_sha256: Annotated[
        str,
        Meta(pattern="^[0-9a-f]{64}$", description="The version of the words that the person saw."),
    ]
    answer: Annotated[
        str, Meta(max_length=10, description="As the question offers it; of a tick, `yes` or `no`.")
    ]


class SignatureForm(Body, frozen=True, kw_only=True):
    """What a person filled in. The checks are those of the form on the campaign's page."""

    language: Annotated[
        str,
        Meta(pattern=f"^{LANGUAGE}$", description="The language of the texts that the person saw."),
    ]
    given_name: Annotated[str, Meta(max_length=1000)]
    email: Annotated[
        str,
        Meta(
            max_length=1000,
            description="One email follows, with a link to confirm. No signature counts without "
            "it.",
        ),
    ]
    country: Annotated[str, Meta(max_length=10, description="ISO 3166-1 alpha-2.")]
    consents: Annotated[
        tuple[Answer, ...],
        Meta(
            max_length=MOST_CONSENTS,
            description="An answer to each question, by the version of its words.",
        ),
    ]
    family_name: Annotated[str, Meta(max_length=1000)] = ""
    postcode: Annotated[str, Meta(max_length=1000)] = ""
    comment: Annotated[str, Meta(max_length=10_000)] = ""
    ticket: Annotated[
        str,
        Meta(
            max_length=500,
            description="Of a form on a page of ours; without one, the address names a partner.",
        ),
    ] = ""
    noticed: Annotated[
        str, Meta(max_length=500, description="From the problem `please-check`.")
    ] = ""
    source: Annotated[str, Meta(max_length=500)] = ""
    utm_source: Annotated[str, Meta(max_length=500)] = ""
    utm_medium: Annotated[str, Meta(max_length=500)] = ""
    utm_campaign: Annotated[str, Meta(max_length=500)] = ""


class NextStep(StrEnum):
    """What the person does next."""

    CONFIRM_BY_EMAIL = "confirm-by-email"


class FormAccepted(Resource, frozen=True, kw_only=True):
    """The one answer to every form that was taken, whoever signs and however often."""

    next: NextStep


# --- what tokens open -----------------------------------------------------------------------------


class YesOrNo(StrEnum):
    """An answer about news."""

    YES = "yes"
    NO = "no"


class StateShown(StrEnum):
    """The state of a signature that is handed out."""

    CONFIRMED = "confirmed"


class SignatureRead(Resource, frozen=True, kw_only=True, omit_defaults=True):
    """A confirmed signature. A partner is given what stands first; the organiser all of it."""

    reference: Annotated[
        str,
        Meta(
            description="What stands for this signature here, in withdrawals and in webhooks: it "
            "stays the same, and no other partner has it."
        ),
    ]
    state: StateShown
    given_name: str
    family_name: str
    email: str
    country: Annotated[str, Meta(description="ISO 3166-1 alpha-2.")]
    language: str
    sequence: Annotated[
        int | None,
        Meta(description="For a partner: of what it reads of one person, the highest one holds."),
    ] = None
    answered_at: Annotated[
        datetime | None, Meta(description="For a partner: when the person said yes to it.")
    ] = None
    text_sha256: Annotated[
        str | None, Meta(description="For a partner: the version of the words of its question.")
    ] = None
    confirmed_at: Annotated[
        datetime | None, Meta(description="When the person confirmed it by email.")
    ] = None
    postcode: str | None = None
    comment: str | None = None
    visibility: Annotated[str | None, Meta(description="Who may see the name.")] = None
    updates: Annotated[
        str | None, Meta(description="`yes` where the person asked for news, as it is now.")
    ] = None
    source: str | None = None
    partner: Annotated[
        str | None, Meta(description="The key of the partner on whose site the person signed.")
    ] = None


class SignaturePage(Resource, frozen=True, kw_only=True):
    """Some of a list, in its order."""

    signatures: tuple[SignatureRead, ...]
    next: Annotated[
        str,
        Meta(
            description="Where to go on: send it as `after`. Keep it when nothing more is there, "
            "and ask again later."
        ),
    ]
    has_more: Annotated[bool, Meta(description="True when more is there already.")]


class LeftBecause(StrEnum):
    """What became of somebody who has to be taken off a list."""

    WITHDRAWN = "withdrawn"
    ERASED = "erased"


class Withdrawal(Resource, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody who has to be taken off the list."""

    reference: Annotated[str, Meta(description="The one that the signature had.")]
    state: Annotated[
        LeftBecause,
        Meta(
            description="`withdrawn`: it counts no more, or its person took the yes back. "
            "`erased`: nothing may be left of it."
        ),
    ]
    at: Annotated[datetime | None, Meta(description="When, as far as it is known.")] = None
    sequence: Annotated[
        int | None,
        Meta(
            description="For a partner: a signature with a higher one came back and stays on the "
            "list."
        ),
    ] = None


class WithdrawalPage(Resource, frozen=True, kw_only=True):
    """Some of those who left, in order."""

    withdrawals: tuple[Withdrawal, ...]
    next: Annotated[str, Meta(description="Where to go on: send it as `after`.")]
    has_more: Annotated[bool, Meta(description="True when more is there already.")]
