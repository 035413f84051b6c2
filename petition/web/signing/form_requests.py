"""A sign form that came in: kept, or shown again with what is wrong; wherever it stood.

Pages that show the form are kinds of `FormPage`: they say what is their own, such as their
addresses and their ticket. What becomes of a form is the same for all of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flask import Response, redirect, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from petition.domain.campaigns.campaign import CampaignView
from petition.domain.signatures import consent
from petition.domain.signatures.consent import Channel
from petition.domain.signatures.source import TAGS, Source, tags_in
from petition.errors import CampaignClosed, TooManyForms
from petition.services.abuse.limits import retry_after
from petition.services.signatures import signing
from petition.services.signatures.signing import Sign
from petition.web.http.cached_response import uncached
from petition.web.http.campaign_cache import CachedCampaign
from petition.web.http.dependencies import deps
from petition.web.http.errors import keep_form
from petition.web.http.locale import _
from petition.web.http.senders import current_sender, too_much
from petition.web.http.too_many import too_many, wait_words
from petition.web.signing.form_warnings import Hints, hints_for
from petition.web.signing.forms import SignForm
from petition.web.signing.plain_requests import OUTCOME
from petition.web.signing.questions import on_page, with_questions

NO_HINTS: Final = Hints()


@dataclass(frozen=True, kw_only=True)
class FormPage(ABC):
    """A page with the sign form of one campaign."""

    shown: CachedCampaign

    @property
    @abstractmethod
    def address(self) -> str:
        """Of the page itself: where a form leads that came too late."""

    @property
    @abstractmethod
    def thanks_address(self) -> str:
        """Of what comes after signing."""

    @property
    def partner(self) -> str | None:
        """The key of the partner on whose site the form stands; None on a page of ours."""
        return None

    @property
    def is_preview(self) -> bool:
        """True where the form is only looked at: what comes in is checked, and not kept."""
        return False

    @abstractmethod
    def ticket(self) -> str:
        """A fresh ticket for a form on this page."""

    @abstractmethod
    def view_of(self, ticket: str) -> CampaignView | None:
        """The call in the words that the form showed; None where the ticket is not good here."""

    @abstractmethod
    def draw(
        self,
        form: SignForm,
        errors: Sequence[tuple[str, str]] = (),
        hints: Hints = NO_HINTS,
        wait: str = "",
    ) -> str:
        """The page with this form in it."""

    def drawn_blank(self) -> str:
        """The page with a form that nobody filled in yet."""
        return self.draw(self.blank_form())

    def blank_form(self) -> SignForm:
        """It carries on the tags of the link that led here."""
        form = _form_of(self.shown.view)
        return form(carried={**tags_of_request(), "ticket": self.ticket()})


def tags_of_request() -> dict[str, str]:
    """Each tag that a link can carry; empty where this request's does not."""
    found = tags_in(request.args.items(multi=True))
    return {name: found.get(name, "") for name in TAGS}


def answer_form(page: FormPage) -> BaseResponse:
    """Keep the signature that was sent. New or known, the answer is the same."""
    shown = page.shown
    if not shown.view.is_open(deps().now()):
        return redirect(page.address, 303)
    view = page.view_of(request.form.get("ticket", ""))
    form = form_sent(view or shown.view)
    hints = hints_for(form, at_risk=shown.view.presentation.at_risk)
    keep_form(lambda words: _form_later(page, form, hints, words))
    over = too_much()
    if over is not None:
        return _later(page, form, hints, over.retry_after)
    if form.errors or hints.questions or view is None:
        return _ask_again(page, form, hints, ticket_old=view is None)
    try:
        outcome = request.environ.get(OUTCOME)
        if outcome is not None:  # the form was tried, and not kept, before Flask was asked
            raise outcome
        if not page.is_preview:
            keep(view, form, page.partner, way=consent.WEB)
    except CampaignClosed:
        deps().campaign_cache.clear()
        return redirect(page.address, 303)
    except TooManyForms as refused:
        return _later(page, form, hints, retry_after(refused.until, at=deps().now()))
    # As redirect() would, but for its page with a link: nobody sees that, and it takes a while.
    return Response(status=303, headers={"Location": page.thanks_address})


def form_sent(view: CampaignView, sent: MultiDict[str, str] | None = None) -> SignForm:
    """The form that came in, looked at; it asked what stood in those words of the call.

    `sent` is what came in another way than as a form's body.
    """
    form = _form_of(view)(sent=sent)
    form.fields = view.call.fields
    form.target_domains = deps().campaign_cache.target_domains(view.slug)
    form.validate()
    return form


def keep(view: CampaignView, form: SignForm, partner: str | None, *, way: Channel) -> None:
    """Keep the signature of a valid form. Raises CampaignClosed, TooManyForms, StoreUnavailable."""
    signing.sign(
        deps().group_commit,
        deps().vault,
        deps().campaign_cache.providers(),
        view,
        command_of(form, partner, way=way),
        sender=current_sender(),
        at=deps().now(),
    )


def command_of(form: SignForm, partner: str | None, *, way: Channel) -> Sign:
    """What a valid form asks for."""
    assert form.address is not None
    return Sign(
        person=form.person(),
        local_part=form.address.local_part,
        domain=form.address.ascii_domain,
        country=form.text("country"),
        answers=form.answers(),
        source=Source(
            source=form.tag("source"),
            utm_source=form.tag("utm_source"),
            utm_medium=form.tag("utm_medium"),
            utm_campaign=form.tag("utm_campaign"),
            partner=partner,
        ),
        way=way,
    )


def _ask_again(page: FormPage, form: SignForm, hints: Hints, *, ticket_old: bool) -> Response:
    """The form once more, with what was typed, a fresh ticket, and what is wrong or doubtful."""
    errors = form.problems(name for name, question in on_page(page.shown.view.call.consents))
    if ticket_old and not errors:
        errors = [
            ("sign-button", _("The form was open for too long. Please check it and send it again."))
        ]
    form.carried |= {"ticket": page.ticket(), "noticed": hints.noticed}
    return uncached(page.draw(form, errors, hints), 422)


def _later(page: FormPage, form: SignForm, hints: Hints, seconds: int) -> Response:
    return too_many(_form_later(page, form, hints, wait_words(seconds)), seconds)


def _form_later(page: FormPage, form: SignForm, hints: Hints, wait: str) -> str:
    """The form once more, with what was typed and a fresh ticket, and when to send it again."""
    form.carried |= {"ticket": page.ticket(), "noticed": hints.noticed}
    return page.draw(form, [("sign-button", wait)], wait=wait)


def messages_for_blank(view: CampaignView) -> list[tuple[str, str]]:
    """Field to message, of a form that was sent in blank: more than most are ever told at once."""
    form = _form_of(view)(carried={})
    form.fields = view.call.fields
    form.validate()
    return form.problems(name for name, question in on_page(view.call.consents))


def _form_of(view: CampaignView) -> type[SignForm]:
    """The form with the questions of those words of the call."""
    return with_questions(SignForm, tuple(view.call.consents.values()))
