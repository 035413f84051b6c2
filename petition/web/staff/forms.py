"""The forms of the staff console."""

from __future__ import annotations

import re
from typing import Final

from email_validator import EmailNotValidError, validate_email
from wtforms import BooleanField, Field, PasswordField, SelectMultipleField, StringField
from wtforms.validators import ValidationError

from petition.addr_spec import AddressRefused as EmailRefused, addr_spec
from petition.domain.abuse.places import (
    MOST_FACTOR,
    MOST_HOURS,
    PlaceRefused,
    PlaceTooWide,
    place,
)
from petition.domain.api import tokens
from petition.domain.api.tokens import Scope, TokenRefused
from petition.domain.campaigns.target_domains import PatternRefused, PatternTooWide, pattern
from petition.domain.partners import page_link
from petition.domain.partners.page_link import DaysRefused
from petition.domain.partners.partner import (
    NAME_LENGTH,
    NameRefused,
    OriginRefused,
    OriginsRefused,
    name_of,
    origins_of,
)
from petition.domain.signatures.moderation import SHOWN, VERDICTS
from petition.domain.staff.reset_reasons import ResetReason
from petition.domain.staff.roles import SEPARATE, Role
from petition.domain.webhooks.address import AddressRefused, address_of
from petition.domain.webhooks.event import Algorithm
from petition.services.signatures.moderation import Seen
from petition.web.http.dependencies import deps
from petition.web.http.locale import _
from petition.web.signing.fields import (
    PostedForm,
    clean_address,
    clean_comment,
    clean_filter,
    clean_unscripted,
    is_section_name,
    no_controls,
    required,
    text_of,
)
from petition.web.staff.edit_conflicts import SharedForm

_MARK: Final = re.compile(r"([1-9][0-9]{0,17})-([0-9a-f]{16})-([0-9a-f]{8})")
"""A signature's id, and what was seen of it: its words, and what was decided about them."""


class SetUpForm(PostedForm):
    """A new member of staff chooses a password."""

    password = PasswordField()


class SignInForm(PostedForm):
    """Staff sign in."""

    email = StringField(filters=[clean_address], validators=[no_controls])
    password = PasswordField()


class CodeForm(PostedForm):
    """Staff type a code of their second factor, or a script writes what a passkey signed."""

    code = StringField()
    passkey = StringField()


class LostFactorForm(PostedForm):
    """An owner makes a link for somebody who has lost their second factor."""

    email = StringField(filters=[clean_address], validators=[required, no_controls])
    reason = StringField(filters=[clean_filter])

    def validate_reason(self, field: Field) -> None:
        if text_of(field) not in {*ResetReason}:
            raise ValidationError(_("Please choose one of these."))


class ExportForm(PostedForm):
    """Staff take a list out, and say why."""

    reason = StringField(filters=[clean_filter], validators=[required, no_controls])
    for_target = BooleanField()
    updates = BooleanField(false_values=(False, "false", "", "no"))
    for_excel = BooleanField()
    partner = StringField(filters=[clean_unscripted])
    """The key of the partner whose list it is; empty for any other list."""

    def validate_partner(self, field: Field) -> None:
        if text_of(field) and (self.for_target.data or self.updates.data):
            raise ValidationError(
                _("A partner’s list is for that partner alone: please choose nothing else with it.")
            )

    def validate_reason(self, field: Field) -> None:
        if len(text_of(field)) > 500:
            raise ValidationError(_("This is too long: 500 characters at most."))

    def validate_updates(self, field: Field) -> None:
        if field.data and self.for_target.data:
            raise ValidationError(
                _("The target’s list must not tell who wants news: nobody agreed to that.")
            )


class OffForm(SharedForm):
    """Staff take a mail domain off the target's list."""

    domain = StringField(filters=[clean_unscripted], validators=[required, no_controls])


class DomainForm(OffForm):
    """Staff name a mail domain of the target's."""

    def validate_domain(self, field: Field) -> None:
        try:
            pattern(text_of(field))
        except PatternRefused:
            raise ValidationError(
                _("Please enter a domain like amazon.com, or amazon.* for every ending.")
            ) from None
        except PatternTooWide:
            raise ValidationError(
                _("People everywhere have private addresses there: they could no longer sign.")
            ) from None


class PartnerForm(PostedForm):
    """Staff make a partner."""

    name = StringField(filters=[clean_filter], validators=[required, no_controls])
    sites = StringField(filters=[clean_comment], validators=[required])

    def typed_sites(self) -> list[str]:
        """The addresses of its sites, one a line."""
        return [line.strip() for line in text_of(self.sites).splitlines() if line.strip()]

    def validate_name(self, field: Field) -> None:
        if len(text_of(field)) > NAME_LENGTH:
            raise ValidationError(_("This is too long: 100 characters at most."))
        try:
            name_of(text_of(field))
        except NameRefused:
            raise ValidationError(
                _("Please write the organisation’s name, in any script.")
            ) from None

    def validate_sites(self, field: Field) -> None:
        try:
            origins_of(self.typed_sites())
        except OriginRefused as error:
            raise ValidationError(
                _("This is no site such as https://union.example.org: %(typed)s", typed=error.typed)
            ) from None
        except OriginsRefused:
            raise ValidationError(_("Please enter ten sites at most.")) from None


class WebhookForm(PostedForm):
    """Owners add a program that is told what happens."""

    url = StringField(filters=[clean_filter], validators=[required, no_controls])
    algorithm = StringField(filters=[clean_filter])
    partner = StringField(filters=[clean_filter])

    def validate_url(self, field: Field) -> None:
        try:
            address_of(text_of(field), loopback=deps().settings.webhooks_loopback)
        except AddressRefused:
            raise ValidationError(
                _("Please enter an address such as https://hooks.example.org/in.")
            ) from None

    def validate_algorithm(self, field: Field) -> None:
        if text_of(field) not in tuple(Algorithm):
            raise ValidationError(_("Please choose how messages are signed."))


class DaysForm(PostedForm):
    """For how many days something is good."""

    days = StringField(
        default=str(page_link.DAYS), filters=[clean_filter], validators=[required, no_controls]
    )

    def typed_days(self) -> int:
        """0 for what is no number of days."""
        text = text_of(self.days)
        return int(text) if text.isdecimal() and len(text) <= 4 else 0


class PageLinkForm(DaysForm):
    """Staff make the link to a partner's own page."""

    def validate_days(self, field: Field) -> None:
        try:
            page_link.life(self.typed_days())
        except DaysRefused:
            raise ValidationError(
                _("Please enter a number of days, from 1 to %(most)s.", most=page_link.MOST_DAYS)
            ) from None


class TokenForm(DaysForm):
    """Owners make a token of the API."""

    days = StringField(
        default=str(tokens.DAYS), filters=[clean_filter], validators=[required, no_controls]
    )
    scopes = SelectMultipleField(validate_choice=False)

    def validate_days(self, field: Field) -> None:
        try:
            tokens.life(self.typed_days())
        except TokenRefused:
            raise ValidationError(
                _("Please enter a number of days, from 1 to %(most)s.", most=tokens.MOST_DAYS)
            ) from None

    def validate_scopes(self, field: Field) -> None:
        chosen = {*(field.data or ())}
        if not chosen or not {*Scope} >= chosen:
            raise ValidationError(_("Please choose what the token opens."))


class StaffSectionForm(PostedForm):
    """Staff name a section of a partner."""

    name = StringField(filters=[clean_filter], validators=[required, no_controls, is_section_name])


class UsualForm(SharedForm):
    """Staff end the wider limits of a place."""

    network = StringField(filters=[clean_filter], validators=[required, no_controls])

    def validate_network(self, field: Field) -> None:
        try:
            place(text_of(field))
        except PlaceRefused:
            raise ValidationError(
                _("Please enter a network like 203.0.113.0/24 or 2001:db8:1::/48.")
            ) from None
        except PlaceTooWide:
            raise ValidationError(
                _("This is more than one place: IPv4 takes /16 to /32, IPv6 takes /32 to /64.")
            ) from None


class PlaceForm(UsualForm):
    """Staff widen the limits for a place."""

    hours = StringField(filters=[clean_filter], validators=[required])
    factor = StringField(filters=[clean_filter], validators=[required])

    def validate_hours(self, field: Field) -> None:
        self._within(field, 1, MOST_HOURS)

    def validate_factor(self, field: Field) -> None:
        self._within(field, 2, MOST_FACTOR)

    @staticmethod
    def _within(field: Field, low: int, high: int) -> None:
        text = text_of(field)
        if not re.fullmatch(r"[0-9]{1,4}", text) or not low <= int(text) <= high:
            raise ValidationError(
                _("Please enter a whole number from %(low)s to %(high)s.", low=low, high=high)
            )

    def whole(self, name: str) -> int:
        """A number of the form, once it is valid."""
        return int(text_of(self[name]))


class ReviewForm(PostedForm):
    """Staff decide about a name by one of its buttons, or about all that the page lists."""

    shown = StringField()
    name_only = StringField()
    refused = StringField()
    together = StringField()
    each = SelectMultipleField(validate_choice=False)

    def decisions(self) -> list[tuple[int, Seen, str]]:
        """(signature, what was seen of it, verdict) for each that was decided about."""
        marks = [(text_of(self[verdict]), verdict) for verdict in VERDICTS]
        if self.together.data:
            marks += [(mark, SHOWN) for mark in self.each.data or ()]
        found = ((_MARK.fullmatch(mark), verdict) for mark, verdict in marks)
        return [
            (int(mark[1]), Seen(words=mark[2], decision=mark[3]), verdict)
            for mark, verdict in found
            if mark
        ]


class UndoForm(PostedForm):
    """Staff undo what they decided last, as the page named it."""

    batch = StringField()


class PlaceOfGrantForm(SharedForm):
    """An owner names one campaign by its slug, or all by nothing."""

    campaign = StringField(filters=[clean_filter])


class GrantForm(PlaceOfGrantForm):
    """An owner gives a role on one campaign or on all, and perhaps rights beside it."""

    role = StringField(filters=[clean_filter])
    also = SelectMultipleField(validate_choice=False)
    slugs: frozenset[str] = frozenset()
    """Of the campaigns that there are; set before it is validated."""

    def validate_role(self, field: Field) -> None:
        if text_of(field) not in {*Role}:
            raise ValidationError(_("Please choose one of these."))

    def validate_campaign(self, field: Field) -> None:
        if text_of(field) and text_of(field) not in self.slugs:
            raise ValidationError(_("Please choose one of these."))

    def validate_also(self, field: Field) -> None:
        if not {*SEPARATE} >= {*(field.data or ())}:
            raise ValidationError(_("Please choose one of these."))


class InviteForm(GrantForm):
    """An owner invites somebody."""

    email = StringField(filters=[clean_address], validators=[required, no_controls])

    def validate_email(self, field: Field) -> None:
        try:
            validate_email(text_of(field), check_deliverability=False)
            addr_spec(text_of(field))
        except (EmailNotValidError, EmailRefused):
            raise ValidationError(
                _("This does not look like an email address. Example: name@example.org")
            ) from None


class ButtonForm(PostedForm):
    """One button, and what its address says."""


class SignOutForm(ButtonForm):
    """The button in the header."""


class AuditForm(ButtonForm):
    """One button of the page of the audit log."""


class AuditExportForm(PostedForm):
    """An owner takes rows of the audit log out: those that the page was asked for."""

    who = StringField()
    action = StringField()
    day = StringField()
