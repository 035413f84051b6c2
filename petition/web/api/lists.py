"""What a token reads: confirmed signatures page by page, and who left since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import msgspec
from flask import Blueprint, Response, request
from msgspec import Meta

from petition.domain.api.tokens import Scope
from petition.services.abuse.limits import retry_after
from petition.services.api import handing_out
from petition.services.api.handing_out import DayUsedUp, Handed, Left
from petition.services.staff.panic import ListsPaused
from petition.store.api.confirmed import BEGINNING, Place, Wanted
from petition.store.db import reading, transaction
from petition.web.api.bearer import current_token
from petition.web.api.bodies import parameter
from petition.web.api.operations import LANG, Operation, Parameter, operation
from petition.web.api.public import JSON
from petition.web.api.refusals import Refusal
from petition.web.api.resources import (
    LeftBecause,
    Resource,
    SignaturePage,
    SignatureRead,
    StateShown,
    Withdrawal,
    WithdrawalPage,
    YesOrNo,
)
from petition.web.http import problems
from petition.web.http.access import TOKEN, access
from petition.web.http.dependencies import deps
from petition.web.http.locale import _
from petition.web.http.problems import FieldProblem, Limited, ProblemKind

lists = Blueprint("api_lists", __name__, url_prefix="/api/v1/campaigns")

MOST: Final = 200
_USUAL: Final = 100
_MICROSECOND: Final = timedelta(microseconds=1)

_AFTER: Final = Parameter(
    name="after",
    description="Where the page begins: `next` of the page before. Left out: at the beginning.",
    type=Annotated[str, Meta(pattern=r"^[0-9]{1,17}(-[0-9]{1,17})?$")],
)
_LIMIT: Final = Parameter(
    name="limit",
    description=f"How many at most; {_USUAL} if it is left out.",
    type=Annotated[int, Meta(ge=1, le=MOST)],
    is_number=True,
)
_SINCE: Final = Parameter(
    name="since",
    description="Only what was confirmed then or later, such as 2026-11-02T10:00:00Z.",
    type=Annotated[datetime, Meta(tz=True)],
)
_STATE: Final = Parameter(
    name="state",
    description="Leave it out: only confirmed signatures are read. Who left is in withdrawals.",
    type=StateShown,
    is_deprecated=True,
)
_COUNTRY: Final = Parameter(
    name="country",
    description="Only signatures from this country, by ISO 3166-1 alpha-2.",
    type=Annotated[str, Meta(pattern="^[A-Z]{2}$")],
)
_LANGUAGE: Final = Parameter(
    name="language",
    description="Only signatures in this language.",
    type=Annotated[str, Meta(pattern="^[a-z]{2,3}$")],
)
_SOURCE: Final = Parameter(
    name="source",
    description="Only signatures by a link with this tag, such as a section's. With a token of "
    "the organiser's only.",
    type=Annotated[str, Meta(min_length=1, max_length=64)],
)
_PARTNER: Final = Parameter(
    name="partner",
    description="Only signatures by the form or the link of the partner with this key. With a "
    "token of the organiser's only.",
    type=Annotated[str, Meta(min_length=1, max_length=16)],
)
_UPDATES: Final = Parameter(
    name="updates",
    description="Only signatures of people who gave this answer about news. With a token of the "
    "organiser's only.",
    type=YesOrNo,
)
_ORGANISERS: Final = (_SOURCE, _PARTNER, _UPDATES)
"""What these choose by, no partner is told of anybody; so none may choose by it, either."""


@lists.get("/<slug:slug>/signatures")
@access(TOKEN)
@operation(
    Operation(
        id="listSignatures",
        summary="Read signatures",
        description="Confirmed signatures, the earliest first. A partner's token is given those "
        "who said yes to that partner, by references of its own. The organiser's is given all; "
        "the newest come after a minute, and where long lists take a second person, all its tokens "
        "together read 1,000 people a day. What was handed out stands on the person's own page.",
        status=200,
        answer=SignaturePage,
        problems=(ProblemKind.NO_PARTNER, ProblemKind.NOT_FOUND, ProblemKind.WRONG_FIELDS),
        parameters=(
            _AFTER,
            _LIMIT,
            _SINCE,
            _STATE,
            _COUNTRY,
            _LANGUAGE,
            _SOURCE,
            _PARTNER,
            _UPDATES,
            LANG,
        ),
        scope=Scope.SIGNATURES,
    )
)
def signatures(slug: str) -> Response:
    """The next ones for this token."""
    token, at = current_token(), deps().now()
    parameter(_STATE, None)
    if token.partner is not None:
        _refuse(_ORGANISERS)
    wanted = Wanted(
        most=parameter(_LIMIT, _USUAL),
        after=_place(parameter(_AFTER, "0")),
        since=parameter(_SINCE, None),
        country=parameter(_COUNTRY, None),
        language=parameter(_LANGUAGE, None),
        source=parameter(_SOURCE, None),
        partner=parameter(_PARTNER, None),
        updates=parameter(_UPDATES, None),
    )
    setting = deps().settings.second_person
    try:
        with transaction() as session:
            taken = handing_out.take(session, token, wanted, setting=setting, at=at)
    except ListsPaused:
        raise Refusal(ProblemKind.UNAVAILABLE) from None
    except DayUsedUp:
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return problems.too_many(retry_after(midnight, at=at), Limited.PEOPLE)
    found = handing_out.opened(deps().vault, token, taken)
    of_partner = token.partner is not None
    return _answer(
        SignaturePage(
            signatures=tuple(
                (_for_partner if of_partner else _for_organiser)(each) for each in found.handed
            ),
            next=_written(found.next),
            has_more=found.is_more,
        )
    )


def _refuse(asked: Sequence[Parameter]) -> None:
    """Raises Refusal where the query says any of these."""
    for each in asked:
        if each.name in request.args:
            detail = _("A partner’s token cannot choose by this.")
            problem = FieldProblem(detail=detail, parameter=each.name)
            raise Refusal(ProblemKind.WRONG_FIELDS, problem)


def _for_partner(handed: Handed) -> SignatureRead:
    """What the person agreed to give the partner, as its encrypted lists hold it."""
    row, person = handed.row, handed.person
    return SignatureRead(
        reference=handed.reference,
        state=StateShown.CONFIRMED,
        given_name=person.given_name,
        family_name=person.family_name,
        email=person.email,
        country=row.country,
        language=row.language,
        sequence=row.sequence,
        answered_at=row.answered_at,
        text_sha256=row.text_sha256,
    )


def _for_organiser(handed: Handed) -> SignatureRead:
    row, person = handed.row, handed.person
    return SignatureRead(
        reference=handed.reference,
        state=StateShown.CONFIRMED,
        given_name=person.given_name,
        family_name=person.family_name,
        email=person.email,
        country=row.country,
        language=row.language,
        confirmed_at=row.confirmed_at,
        postcode=person.postcode,
        comment=person.comment,
        visibility=row.visibility,
        updates=row.updates,
        source=row.source,
        partner=row.partner,
    )


@lists.get("/<slug:slug>/withdrawals")
@access(TOKEN)
@operation(
    Operation(
        id="listWithdrawals",
        summary="Read who left",
        description="Who has to be taken off the list: of a partner's token, everybody who said "
        "yes to the partner and does not any more, also while it is blocked; of the organiser's, "
        "whoever this very token has read and who withdrew since, was taken out or is erased. The "
        "earliest first.",
        status=200,
        answer=WithdrawalPage,
        problems=(ProblemKind.NOT_FOUND, ProblemKind.WRONG_FIELDS),
        parameters=(_AFTER, _LIMIT, LANG),
        scope=Scope.WITHDRAWALS,
    )
)
def withdrawals(slug: str) -> Response:
    """The next ones who left this token's list."""
    after, most = _place(parameter(_AFTER, "0")), parameter(_LIMIT, _USUAL)
    with reading() as session:
        found = handing_out.left(
            session, deps().vault, current_token(), after, most=most, at=deps().now()
        )
    return _answer(
        WithdrawalPage(
            withdrawals=tuple(map(_withdrawal, found.left)),
            next=_written(found.next),
            has_more=found.is_more,
        )
    )


def _withdrawal(left: Left) -> Withdrawal:
    return Withdrawal(
        reference=left.reference,
        state=LeftBecause.ERASED if left.is_erased else LeftBecause.WITHDRAWN,
        at=left.at,
        sequence=left.sequence,
    )


def _answer(resource: Resource) -> Response:
    return Response(msgspec.json.encode(resource), content_type=JSON)


def _place(text: str) -> Place:
    """What `_written` wrote: of a partner's list a number, of the organiser's a time as well."""
    time, dash, number = text.partition("-")
    if not dash:
        return Place(number=int(time))
    return Place(at=BEGINNING + int(time) * _MICROSECOND, number=int(number))


def _written(place: Place) -> str:
    if place.at == BEGINNING:
        return str(place.number)
    return f"{(place.at.astimezone(UTC) - BEGINNING) // _MICROSECOND}-{place.number}"
