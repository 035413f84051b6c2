"""The email action: supporters write to the campaign's targets, by us or by their own mailbox.

Nothing is kept before “Send”. What is kept then waits for the mailbox's owner: the page answers
everybody alike, and only the email to the mailbox says more. Whoever owns an address that has
signed gets a button on their own page, and nothing goes without it: a target that typed the
address would otherwise learn from the message's arrival that its owner has signed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from petition.domain.campaigns.campaign import CampaignView
from petition.domain.campaigns.form_fields import OFF, REQUIRED
from petition.domain.messages import content_checks, own_mailbox as mailbox_links
from petition.domain.messages.content_checks import Remarks
from petition.domain.messages.message import NAME, TARGET, Choice, ShownAs, filled, sender_name
from petition.domain.signatures import consent
from petition.domain.signatures.supporter import Person
from petition.errors import CampaignClosed, NotFound, TooManyForms
from petition.services.abuse.limits import retry_after
from petition.services.messages import composing
from petition.services.messages.composing import Compose
from petition.services.signatures import signing
from petition.store.db import transaction
from petition.store.messages import counts
from petition.store.messages.targets import TargetRecord
from petition.store.partners.partners import PartnerRecord
from petition.web.http.access import OWN_PAGES, PUBLIC, access
from petition.web.http.cached_response import uncached
from petition.web.http.campaign_cache import CachedCampaign
from petition.web.http.dependencies import deps
from petition.web.http.errors import keep_form
from petition.web.http.locale import _, language
from petition.web.http.rendering import page
from petition.web.http.senders import current_sender, too_much
from petition.web.http.too_many import too_many, wait_words
from petition.web.public.campaign_page import organiser_of, page_context, plain_page, shown_call
from petition.web.public.message_forms import MessageForm
from petition.web.signing.form_requests import NO_HINTS, command_of, tags_of_request
from petition.web.signing.form_tickets import (
    link_ticket,
    partner_of_link,
    ticket,
    view_of,
    view_of_link,
)
from petition.web.signing.form_warnings import Hints, hints_for
from petition.web.signing.questions import on_page, with_questions

message = Blueprint("message", __name__)

WORKER: Final = "worker"
"""The mark of a message that read like a worker's: its sender was set to “A supporter” once."""
BUTTON: Final = "send-button"


@message.get("/<lang:code>/<slug:slug>/message")
@access(PUBLIC)
def show(code: str, slug: str) -> BaseResponse:
    """The form, with one of the campaign's texts in it."""
    return _Action.find(code, slug).shown_blank()


@message.post("/<lang:code>/<slug:slug>/message/preview")
@access(PUBLIC, forms=OWN_PAGES)
def preview(code: str, slug: str) -> BaseResponse:
    """Exactly what each target will see. Keeps nothing."""
    action = _Action.find(code, slug)
    return action.checked(lambda form, view: uncached(action.preview(form, view)))


@message.post("/<lang:code>/<slug:slug>/message/edit")
@access(PUBLIC, forms=OWN_PAGES)
def edit(code: str, slug: str) -> BaseResponse:
    """Back from the preview, with all that was typed. Keeps nothing."""
    action = _Action.find(code, slug)
    form = action.sent_form()
    form.carried |= {"ticket": action.ticket()}
    for field in form:
        field.errors = ()
    return uncached(action.draw(form))


@message.post("/<lang:code>/<slug:slug>/message")
@access(PUBLIC, forms=OWN_PAGES)
def send(code: str, slug: str) -> BaseResponse:
    """Keep it with the form. New or known, the answer is the same."""
    action = _Action.find(code, slug)
    return action.checked(action.keep)


@message.get("/<lang:code>/<slug:slug>/message/waiting")
@access(PUBLIC)
def message_waiting(code: str, slug: str) -> Response:
    """Check your mail. The same page for everybody."""
    _Action.find(code, slug)
    return plain_page(code, slug, "message_waiting", "/message/waiting")


@message.post("/<lang:code>/<slug:slug>/message/own")
@access(PUBLIC, forms=OWN_PAGES)
def own_mailbox(code: str, slug: str) -> BaseResponse:
    """The same text for the supporter's own mail program. Keeps nothing."""
    action = _Action.find(code, slug)
    form = action.sent_form()
    for name in set(form.data) - set(form.WRITTEN):
        form[name].errors = ()
    over = too_much()
    if over is not None:
        return action.later(form, NO_HINTS, over.retry_after)
    errors = form.problems(())
    if errors:
        form.carried |= {"ticket": action.ticket()}
        return uncached(action.draw(form, errors), 422)
    return uncached(action.own_page(form))


@message.post("/<lang:code>/<slug:slug>/message/own/sent")
@access(PUBLIC, forms=OWN_PAGES)
def own_sent(code: str, slug: str) -> BaseResponse:
    """“I sent it”: thanks. It enters no public number."""
    action = _Action.find(code, slug)
    with transaction() as session:
        counts.note_own(session, action.view.id, at=deps().now())
    return redirect(f"/{code}/{slug}/message/thanks", 303)


@message.get("/<lang:code>/<slug:slug>/message/thanks")
@access(PUBLIC)
def message_thanks(code: str, slug: str) -> Response:
    """Where sending by one's own mailbox ends. The same page for everybody."""
    _Action.find(code, slug)
    return plain_page(code, slug, "message_thanks", "/message/thanks")


class _Closed(Exception):
    """The campaign takes no messages now."""

    def __init__(self, address: str) -> None:
        self.address = address


@message.errorhandler(_Closed)
def _to_campaign(error: _Closed) -> BaseResponse:
    return redirect(error.address, 303)


@dataclass(frozen=True, kw_only=True)
class _Action:
    """The email action of one campaign, in one language."""

    shown: CachedCampaign
    targets: tuple[TargetRecord, ...]
    of: PartnerRecord | None
    """The partner whose link led here: what is written is counted for it."""

    @classmethod
    def find(cls, code: str, slug: str) -> _Action:
        """Raises NotFound where a campaign has no such action, and _Closed where it is closed."""
        shown = shown_call(code, slug)
        targets = deps().campaign_cache.message_targets(slug)
        if not (composing.is_offered(shown.view) and targets):
            raise NotFound
        if not shown.view.is_open(deps().now()):
            raise _Closed(f"/{code}/{slug}")
        sent = request.form.get("ticket", "")
        key = partner_of_link(sent) if sent else request.args.get("partner", "")
        of = deps().campaign_cache.live_partner(slug, key)
        return cls(shown=shown, targets=targets, of=of)

    @property
    def view(self) -> CampaignView:
        return self.shown.view

    def ticket(self) -> str:
        """A fresh ticket for this form."""
        return ticket(self.view) if self.of is None else link_ticket(self.view, self.of.key)

    def view_of(self, ticket: str) -> CampaignView | None:
        """The call in the words that the form showed; None where the ticket is not good here."""
        if self.of is None:
            return view_of(ticket, self.view)
        return view_of_link(ticket, self.view, self.of)

    @property
    def address(self) -> str:
        return f"/{self.view.language}/{self.view.slug}/message"

    # --- the form ---------------------------------------------------------------------------------

    def shown_blank(self) -> Response:
        """It carries on the tags of the link that led here."""
        variant = composing.turn_of_variant(self.view, at=deps().now())
        begin = self.view.call.messages[variant]
        shown_as = ShownAs.SUPPORTER if self.view.presentation.at_risk else ShownAs.FULL_NAME
        form = self._form_of(self.view)(
            carried={
                **tags_of_request(),
                "ticket": self.ticket(),
                "variant": str(variant),
            },
            begin={
                "message_subject": begin.subject,
                "message_body": begin.body,
                "shown_as": shown_as,
            },
        )
        form.targets = self.targets
        form.to.data = [each.key for each in composing.offered(self.view, self.targets)]
        return uncached(self.draw(form))

    def sent_form(self, view: CampaignView | None = None) -> MessageForm:
        """The form that came in, looked at."""
        form = self._form_of(view or self.view)()
        fields = self.view.call.fields
        form.fields = msgspec.structs.replace(
            fields, comment=OFF, postcode=REQUIRED if fields.postcode == REQUIRED else OFF
        )
        form.targets = self.targets
        form.target_domains = deps().campaign_cache.target_domains(self.view.slug)
        form.validate()
        return form

    @staticmethod
    def _form_of(view: CampaignView) -> type[MessageForm]:
        return with_questions(MessageForm, tuple(view.call.consents.values()))

    def checked(self, then: Callable[[MessageForm, CampaignView], BaseResponse]) -> BaseResponse:
        """Go on with a form that is well filled in; else show it again, with what is wrong."""
        view = self.view_of(request.form.get("ticket", ""))
        form = self.sent_form(view)
        hints = hints_for(form, at_risk=False)
        if WORKER in form.carried["noticed"].split():
            hints = Hints(
                email=hints.email, trap=hints.trap, noticed=f"{hints.noticed} {WORKER}".strip()
            )
        keep_form(lambda words: self._again(form, hints, [(BUTTON, words)], wait=words))
        over = too_much()
        if over is not None:
            return self.later(form, hints, over.retry_after)
        errors = form.problems(name for name, question in on_page(self.view.call.consents))
        if view is None and not errors:
            old = _("The form was open for too long. Please check it and send it again.")
            errors = [(BUTTON, old)]
        if errors or hints.questions or view is None:
            return uncached(self._again(form, hints, errors), 422)
        form.carried |= {"noticed": hints.noticed}
        try:
            return then(form, view)
        except CampaignClosed:
            deps().campaign_cache.clear()
            return redirect(f"/{view.language}/{view.slug}", 303)
        except TooManyForms as refused:
            return self.later(form, hints, retry_after(refused.until, at=deps().now()))

    def later(self, form: MessageForm, hints: Hints, seconds: int) -> Response:
        words = wait_words(seconds)
        return too_many(self._again(form, hints, [(BUTTON, words)], wait=words), seconds)

    def _again(
        self,
        form: MessageForm,
        hints: Hints,
        errors: Sequence[tuple[str, str]],
        wait: str = "",
    ) -> str:
        form.carried |= {"ticket": self.ticket(), "noticed": hints.noticed}
        return self.draw(form, errors, hints, wait)

    def draw(
        self,
        form: MessageForm,
        errors: Sequence[tuple[str, str]] = (),
        hints: Hints = NO_HINTS,
        wait: str = "",
    ) -> str:
        return page(
            "public/message.html",
            form=form,
            errors=errors,
            hints=hints,
            wait=wait,
            countries=(("", ""), *language().countries()),
            targets=self.targets,
            choice=self.view.presentation.message.choice,
            choices=Choice,
            country_names=dict(language().countries()),
            **self._around(),
        )

    def _around(self) -> Mapping[str, Any]:
        tags = {"partner": self.of.key} if self.of is not None else None
        return page_context(self.view, "/message", tags=tags)

    # --- what is sent -----------------------------------------------------------------------------

    def _command(self, form: MessageForm) -> Compose:
        shown_as = ShownAs(form.text("shown_as"))
        name = sender_name(form.person(), shown_as, _("A supporter"))
        organiser = language().organiser(organiser_of(self.view))
        return Compose(
            targets=form.chosen,
            shown_as=shown_as,
            name=name,
            sender=_("%(name)s via %(organiser)s", name=name, organiser=organiser),
            subject=form.text("message_subject"),
            body=form.text("message_body"),
            variant=min(form.variant, len(self.view.call.messages) - 1),
        )

    def preview(self, form: MessageForm, view: CampaignView) -> str:
        """What each target will see; a text that reads like a worker's is sent without a name."""
        found = content_checks.remarks(form.text("message_subject"), form.text("message_body"))
        was_hidden = self._hide_worker(form, found)
        form.carried |= {"ticket": self.ticket()}
        settings = deps().settings
        return page(
            "public/message_preview.html",
            form=form,
            written=composing.written(self._command(form)),
            from_address=settings.mail_from.address,
            reply_to=settings.reply_to,
            remarks=found,
            hints=Hints(comment=found.details),
            was_hidden=was_hidden,
            kept=_kept(form, on_page(view.call.consents)),
            **self._around(),
        )

    @staticmethod
    def _hide_worker(form: MessageForm, found: Remarks) -> bool:
        """Once: whoever then chooses a name again keeps it."""
        noticed = form.carried["noticed"].split()
        if (
            not found.suggests_worker
            or WORKER in noticed
            or form.text("shown_as") == ShownAs.SUPPORTER
        ):
            return False
        form.carried |= {"noticed": " ".join((*noticed, WORKER))}
        form.shown_as.data = ShownAs.SUPPORTER.value
        return True

    def keep(self, form: MessageForm, view: CampaignView) -> BaseResponse:
        at = deps().now()
        prepared = signing.prepare(
            deps().vault,
            deps().campaign_cache.providers(),
            view,
            command_of(form, self.of.key if self.of is not None else None, way=consent.WEB),
            sender=current_sender(),
            at=at,
        )
        entry = composing.with_messages(
            deps().vault, prepared.new_entry, view, self._command(form), at=at
        )
        deps().group_commit.submit(entry, prepared.charge)
        return redirect(f"{self.address}/waiting", 303)

    def own_page(self, form: MessageForm) -> str:
        """Links and texts for the supporter's own mail program."""
        person = Person(
            given_name=form.text("given_name"), family_name=form.text("family_name"), email=""
        )
        name = sender_name(person, ShownAs.FULL_NAME, "")
        chosen = form.chosen
        values = {NAME: name, TARGET: ", ".join(each.name for each in chosen)}
        subject = filled(form.text("message_subject"), values)
        body = filled(form.text("message_body"), values).strip()
        return page(
            "public/message_own.html",
            targets=chosen,
            subject=subject,
            body=body,
            links=mailbox_links.links([each.email for each in chosen], subject, body),
            **self._around(),
        )


def _kept(form: MessageForm, questions: Sequence[tuple[str, Any]]) -> list[tuple[str, str]]:
    """What the preview's form sends along: all that was typed and carried, field by field."""
    names = [
        name
        for name in form.TYPED
        if name not in ("subject", "to") and name in form and form[name].data
    ]
    found = [(name, str(form[name].data)) for name in names]
    found += [("to", each.key) for each in form.chosen]
    found += [(name, form.carried[name]) for name in form.CARRIED if form.carried[name]]
    answered = [(name, form[name].data) for name, question in questions if name in form]
    return found + [(name, str(data)) for name, data in answered if data]
