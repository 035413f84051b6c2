"""The console's forms about signatures: finding them, and doing something with one or many."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from email_validator import EmailNotValidError, ValidatedEmail, validate_email
from wtforms import Field, SelectMultipleField, StringField
from wtforms.validators import ValidationError

from petition.domain.signatures.hold_reasons import HoldReason
from petition.domain.signatures.source import plain_tag
from petition.domain.signatures.states import State
from petition.domain.sorting import Sort, sort_of
from petition.store.signatures.search import NEWEST, Search, SignatureColumn
from petition.web.http.locale import _
from petition.web.signing.fields import (
    PostedForm,
    clean_address,
    clean_filter,
    no_controls,
    required,
    text_of,
)

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
_YEARS: Final = range(2000, 2039)
"""Of the days that a form's id can name."""
FILTERS: Final = ("day", "state", "country", "source", "sort")

TICKED: Final = "ticked"
ALL: Final = "all"


class FindForm(PostedForm):
    """Staff look for one signature, by its whole address or its number."""

    wanted = StringField(filters=[clean_address], validators=[required, no_controls])
    address: ValidatedEmail | None = None
    number: int | None = None

    def validate_wanted(self, field: Field) -> None:
        text = text_of(field)
        if _NUMBER.fullmatch(text):
            self.number = int(text)
            return
        try:
            self.address = validate_email(
                text, check_deliverability=False, strict=True, allow_quoted_local=False
            )
        except EmailNotValidError:
            raise ValidationError(
                _("Please enter a whole email address, or the number of a signature.")
            ) from None


class WrongFilter(ValueError):
    """A day or source that is none; which of the two, and what to say of it."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field
        self.words = words


class UnknownFilter(ValueError):
    """What no form of ours can have sent."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the form of the filter holds, as it was sent."""

    day: str = ""
    state: str = ""
    country: str = ""
    source: str = ""
    sort: str = ""

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> Asked:
        fields = {name: sent.get(name, "").strip() for name in FILTERS}
        sort = sort_of(fields["sort"], NEWEST)
        return cls(**fields | {"sort": str(sort) if sort != NEWEST else ""})

    @property
    def query(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in FILTERS if getattr(self, name)}

    @property
    def in_order(self) -> Sort[SignatureColumn]:
        return sort_of(self.sort, NEWEST)

    def search(self, countries: Mapping[str, str]) -> Search:
        """Raises WrongFilter and UnknownFilter."""
        try:
            state = State(self.state) if self.state else None
        except ValueError:
            raise UnknownFilter from None
        if self.country and self.country not in countries:
            raise UnknownFilter
        if self.source and plain_tag(self.source) != self.source:
            raise WrongFilter("source", _("Please enter the tag of a link, like flyer."))
        return Search(
            day=_day(self.day) if self.day else None,
            state=state,
            country=self.country or None,
            source=self.source or None,
        )


def _day(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = date.min
    if found.year not in _YEARS:
        raise WrongFilter("day", _("Please choose a day, like 2026-11-02."))
    return found


class PlanForm(PostedForm):
    """Staff choose signatures, by ticks or by the filter, to do something with them."""

    which = StringField(filters=[clean_filter])
    each = SelectMultipleField(validate_choice=False)
    record = StringField(filters=[clean_filter])
    """The signature whose own page the form stands on."""
    after = StringField(filters=[clean_filter])
    """Where the list stood."""
    reason = StringField(filters=[clean_filter])
    day = StringField(filters=[clean_filter])
    state = StringField(filters=[clean_filter])
    country = StringField(filters=[clean_filter])
    source = StringField(filters=[clean_filter])
    sort = StringField(filters=[clean_filter])
    needs_reason = False
    """The view says whether somebody will read why."""

    @property
    def ids(self) -> list[int]:
        return [int(each) for each in self.each.data or () if _NUMBER.fullmatch(each)]

    @property
    def asked(self) -> Asked:
        return Asked.of({name: text_of(self[name]) for name in FILTERS})

    @property
    def hold_reason(self) -> HoldReason | None:
        return HoldReason(text_of(self.reason)) if self.needs_reason else None

    def validate_which(self, field: Field) -> None:
        if text_of(field) == ALL:
            if not {*self.asked.query} - {"sort"}:
                raise ValidationError(
                    _("Please choose a filter first: not all signatures at once.")
                )
        elif not self.ids:
            raise ValidationError(_("Please tick at least one signature."))

    def validate_reason(self, field: Field) -> None:
        if self.needs_reason and text_of(field) not in {*HoldReason}:
            raise ValidationError(_("Please choose a reason: its person will read it."))
