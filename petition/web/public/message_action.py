"""The email action: supporters write to the campaign's targets, by us or by their own mailbox.

Nothing is kept before “Send”. What is kept then waits for the mailbox's owner: the page answers
everybody alike, and only the email to the mailbox says more. Whoever owns an address that has
signed gets a button on their own page, and nothing goes without it: a target that typed the
address would otherwise learn from the message's arrival that its owner has signed.

It stands on our own pages and in partners' frames: each is a kind of `MessagePlace`.
"""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec
from flask import Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from petition.domain.campaigns.campaign import CampaignView
from petition.domain.campaigns.form_fields import OFF, REQUIRED
from petition.domain.messages import content_checks, own_mailbox as mailbox_links
from petition.domain.messages.content_checks import Remarks
from petition.domain.messages.message import NAME, TARGET, Choice, ShownAs, filled, sender_name
from petition.domain.signatures import consent
from petition.domain.signatures.consent import Question
from petition.domain.signatures.supporter import Person
from petition.errors import CampaignClosed, NotFound, PetitionError, TooManyForms
from petition.services.abuse.limits import retry_after
from petition.services.messages import composing
from petition.services.messages.composing import Compose
from petition.services.signatures import signing
from petition.store.db import transaction
from petition.store.messages import counts
from petition.store.messages.targets import TargetRecord
from petition.web.http.cached_response import uncached
from petition.web.http.campaign_cache import CachedCampaign
from petition.web.http.dependencies import deps
from petition.web.http.errors import keep_form
from petition.web.http.locale import _, language
from petition.web.http.rendering import page
from petition.web.http.senders import current_sender, too_much
from petition.web.http.too_many import too_many, wait_words
from petition.web.public.campaign_page import organiser_of
from petition.web.public.message_forms import MessageForm
from petition.web.signing.form_requests import NO_HINTS, command_of, tags_of_request
from petition.web.signing.form_warnings import Hints, hints_for
from petition.web.signing.questions import field_name, on_page, with_questions

WORKER: Final = "worker"
"""The mark of a message that read like a worker's: its sender was set to “A supporter” once."""
BUTTON: Final = "send-button"
APART: Final = "yes"
PICK_ALL: Final = "all"
PICK_ONE: Final = "one"


class ActionClosed(PetitionError):
    """The campaign takes no messages now."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address


def to_campaign(error: ActionClosed) -> BaseResponse:
    """The answer to it."""
    return redirect(error.address, 303)


@dataclass(frozen=True, kw_only=True)
class MessagePlace(ABC):
    """Where the email action of one campaign stands."""

    shown: CachedCampaign

    @property
    def view(self) -> CampaignView:
        return self.shown.view

    @abstractmethod
    def at(self, step: str = "") -> str:
        """The address of a step; of the form itself by itself."""

    @property
    @abstractmethod
    def home(self) -> str:
        """Where a message leads that came too late."""

    @property
    @abstractmethod
    def partner(self) -> str | None:
        """The key of the partner for whom it is counted."""

    @abstractmethod
    def ticket(self) -> str:
        """A fresh ticket for a form in this place."""

    @abstractmethod
    def view_of(self, ticket: str) -> CampaignView | None:
        """The call in the words that the form showed; None where the ticket is not good here."""

    @abstractmethod
    def around(self, step: str = "") -> Mapping[str, Any]:
        """What every page needs in this place."""

    @abstractmethod
    def common(self, step: str, make: Callable[[], str]) -> Response:
        """A page that is the same for everybody."""


@dataclass(frozen=True, kw_only=True)
class MessageAction:
    """The email action, in one place."""

    place: MessagePlace
    targets: tuple[TargetRecord, ...]

    @classmethod
    def of(cls, place: MessagePlace) -> MessageAction:
        """Raises NotFound where a campaign has no such action, and ActionClosed where it is
        closed."""
        targets = deps().campaign_cache.message_targets(place.view.slug)
        agreed = deps().campaign_cache.agreed_targets(place.view.slug)
        if not (composing.is_offered(place.view) and (targets or agreed)):
            raise NotFound
        if not (targets and place.view.is_open(deps().now())):
            raise ActionClosed(place.home)
        return cls(place=place, targets=targets)

    @property
    def view(self) -> CampaignView:
        return self.place.view

    # --- its pages --------------------------------------------------------------------------------

    def blank(self) -> Response:
        """The form, with one of the campaign's texts in it, and the tags of the link to it."""
        variant = composing.turn_of_variant(self.view, at=deps().now())
        begin = self.view.call.messages[variant]
        shown_as = ShownAs.SUPPORTER if self.view.presentation.at_risk else ShownAs.FULL_NAME
        form = self._form_of(self.view)(
            carried={
                **tags_of_request(),
                "ticket": self.place.ticket(),
                "variant": str(variant),
                "apart": APART if self._is_apart(self.view) else "",
            },
            begin={"shown_as": shown_as, "office_country": request.args.get("office_country", "")},
        )
        self._tell(form)
        form.to.data = [each.key for each in composing.offered(self.view, self.targets)]
        form.message_subject.data = self._for_one(begin.subject, form.chosen)
        form.message_body.data = self._for_one(begin.body, form.chosen)
        return uncached(self.draw(form))

    @staticmethod
    def _for_one(text: str, chosen: Sequence[TargetRecord]) -> str:
        """Whose name stands in it is shown at once, where it can be only one."""
        return filled(text, {NAME: NAME, TARGET: chosen[0].name if len(chosen) == 1 else TARGET})

    def preview(self) -> BaseResponse:
        """Exactly what each target will see. Keeps nothing."""
        return self._checked(lambda form, view: uncached(self._preview(form, view)))

    def edit(self) -> BaseResponse:
        """The form again, with all that was typed; targets are picked here, too. Keeps nothing."""
        form = self._sent_form()
        self._pick(form)
        apart = APART if self._is_apart(self.view) else ""
        form.carried |= {"ticket": self.place.ticket(), "apart": apart}
        for field in form:
            field.errors = ()
        return uncached(self.draw(form))

    @staticmethod
    def _pick(form: MessageForm) -> None:
        """Of those that are listed all, or one by chance, where a button says so."""
        picked = request.form.get("pick", "")
        if picked == PICK_ALL:
            form.to.data = [each.key for each in form.listed]
        elif picked == PICK_ONE:
            form.to.data = []
            form.to.data = [secrets.choice(form.listed).key]

    def send(self) -> BaseResponse:
        """Keep it with the form. New or known, the answer is the same."""
        return self._checked(self._keep)

    def waiting(self) -> Response:
        """Check your mail. The same page for everybody."""
        return self._plain("waiting")

    def thanks(self) -> Response:
        """Where sending by one's own mailbox ends. The same page for everybody."""
        return self._plain("thanks")

    def _plain(self, step: str) -> Response:
        return self.place.common(
            step,
            lambda: page(f"public/message_{step}.html", **self.place.around(f"/{step}")),
        )

    def own_mailbox(self) -> BaseResponse:
        """The same text for the supporter's own mail program. Keeps nothing."""
        form = self._sent_form()
        for name in set(form.data) - set(form.WRITTEN):
            form[name].errors = ()
        over = too_much()
        if over is not None:
            return self._later(form, NO_HINTS, over.retry_after)
        errors = form.problems(())
        if errors:
            form.carried |= {"ticket": self.place.ticket()}
            return uncached(self.draw(form, errors), 422)
        return uncached(self._own_page(form))

    def own_sent(self) -> BaseResponse:
        """“I sent it”: thanks. It enters no public number."""
        with transaction() as session:
            counts.note_own(session, self.view.id, at=deps().now())
        return redirect(self.place.at("/thanks"), 303)

    # --- the form ---------------------------------------------------------------------------------

    def _sent_form(self, view: CampaignView | None = None) -> MessageForm:
        """The form that came in, looked at."""
        form = self._form_of(view or self.view)()
        fields = self.view.call.fields
        form.fields = msgspec.structs.replace(
            fields, comment=OFF, postcode=REQUIRED if fields.postcode == REQUIRED else OFF
        )
        self._tell(form)
        form.target_domains = deps().campaign_cache.target_domains(self.view.slug)
        form.validate()
        return form

    def _tell(self, form: MessageForm) -> None:
        form.targets = self.targets
        form.questions = self.view.call.writing.questions

    def _form_of(self, view: CampaignView) -> type[MessageForm]:
        return with_questions(MessageForm, tuple(question for _, question in self._asked(view)))

    def _asked(self, view: CampaignView) -> list[tuple[str, Question]]:
        """What the form asks its writer to agree to: less of who does not sign with it."""
        if not self._is_apart(view):
            return on_page(view.call.consents)
        question = Question(purpose=consent.WRITING, text=view.call.writing.consent)
        return [(field_name(consent.WRITING), question)]

    @staticmethod
    def _is_apart(view: CampaignView) -> bool:
        """Whether this is a form that does not sign: by the button just pressed, else as before."""
        if consent.WRITING not in view.consent_text_ids:
            return False
        signs = request.values.get("signs")
        return signs == "no" if signs is not None else request.form.get("apart") == APART

    def _checked(self, then: Callable[[MessageForm, CampaignView], BaseResponse]) -> BaseResponse:
        """Go on with a form that is well filled in; else show it again, with what is wrong."""
        view = self.place.view_of(request.form.get("ticket", ""))
        form = self._sent_form(view)
        hints = hints_for(form, at_risk=False)
        if WORKER in form.carried["noticed"].split():
            hints = replace(hints, noticed=f"{hints.noticed} {WORKER}".strip())
        keep_form(lambda words: self._again(form, hints, [(BUTTON, words)], wait=words))
        over = too_much()
        if over is not None:
            return self._later(form, hints, over.retry_after)
        errors = form.problems(name for name, question in self._asked(self.view))
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
            return redirect(self.place.home, 303)
        except TooManyForms as refused:
            return self._later(form, hints, retry_after(refused.until, at=deps().now()))

    def _later(self, form: MessageForm, hints: Hints, seconds: int) -> Response:
        words = wait_words(seconds)
        return too_many(self._again(form, hints, [(BUTTON, words)], wait=words), seconds)

    def _again(
        self,
        form: MessageForm,
        hints: Hints,
        errors: Sequence[tuple[str, str]],
        wait: str = "",
    ) -> str:
        form.carried |= {"ticket": self.place.ticket(), "noticed": hints.noticed}
        return self.draw(form, errors, hints, wait)

    def draw(
        self,
        form: MessageForm,
        errors: Sequence[tuple[str, str]] = (),
        hints: Hints = NO_HINTS,
        wait: str = "",
    ) -> str:
        names = dict(language().countries())
        codes = {each.country for each in self.targets if each.country}
        return page(
            "public/message.html",
            form=form,
            errors=errors,
            hints=hints,
            wait=wait,
            agreed=deps().campaign_cache.agreed_targets(self.view.slug),
            choice=self.view.presentation.message.choice,
            choices=Choice,
            together=self.view.presentation.message.together,
            country_names=names,
            office_countries=sorted(codes, key=lambda code: names.get(code, code)),
            answers=tuple(zip(form.ANSWERS, form.questions, strict=False)),
            asked=self._asked(self.view),
            is_apart=self._is_apart(self.view),
            may_be_apart=consent.WRITING in self.view.consent_text_ids,
            sample=self._sample(form),
            **self.place.around(),
        )

    def _sample(self, form: MessageForm) -> str:
        """The text as the first of those will read it who are written to, as far as is known."""
        name = form.text("given_name") or _("Your name")
        if form.text("shown_as") == ShownAs.SUPPORTER:
            name = _("A supporter")
        elif form.text("shown_as") == ShownAs.FULL_NAME:
            name = f"{name} {form.text('family_name')}".strip()
        names = [each.name for each in form.chosen] or [TARGET]
        target = ", ".join(names) if self.view.presentation.message.together else names[0]
        return filled(form.whole_body, {NAME: name, TARGET: target})

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
            body=form.whole_body,
            variant=min(form.variant, len(self.view.call.messages) - 1),
            together=self.view.presentation.message.together,
            wants_answer=bool(form.wants_answer.data),
        )

    def _preview(self, form: MessageForm, view: CampaignView) -> str:
        """What each target will see; a text that reads like a worker's is sent without a name."""
        insults = self.view.call.writing.insults
        found = content_checks.remarks(form.text("message_subject"), form.whole_body, insults)
        was_hidden = self._hide_worker(form, found)
        form.carried |= {"ticket": self.place.ticket()}
        settings = deps().settings
        return page(
            "public/message_preview.html",
            form=form,
            written=composing.written(self._command(form)),
            from_address=settings.mail_from.address,
            reply_to=settings.reply_to,
            alias_domain=settings.return_domain if settings.receives else None,
            remarks=found,
            hints=Hints(comment=found.details),
            was_hidden=was_hidden,
            kept=_kept(form, self._asked(view)),
            is_apart=self._is_apart(view),
            **self.place.around(),
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

    def _keep(self, form: MessageForm, view: CampaignView) -> BaseResponse:
        at = deps().now()
        prepared = signing.prepare(
            deps().vault,
            deps().campaign_cache.providers(),
            view,
            replace(
                command_of(form, self.place.partner, way=consent.WEB),
                signs=not self._is_apart(view),
            ),
            sender=current_sender(),
            at=at,
        )
        entry = composing.with_messages(
            deps().vault, prepared.new_entry, view, self._command(form), at=at
        )
        deps().group_commit.submit(entry, prepared.charge)
        return redirect(self.place.at("/waiting"), 303)

    def _own_page(self, form: MessageForm) -> str:
        """Links and texts for the supporter's own mail program."""
        person = Person(
            given_name=form.text("given_name"), family_name=form.text("family_name"), email=""
        )
        name = sender_name(person, ShownAs.FULL_NAME, "")
        chosen = form.chosen
        values = {NAME: name, TARGET: ", ".join(each.name for each in chosen)}
        subject = filled(form.text("message_subject"), values)
        body = filled(form.whole_body, values).strip()
        return page(
            "public/message_own.html",
            targets=chosen,
            subject=subject,
            body=body,
            links=mailbox_links.links([each.email for each in chosen], subject, body),
            **self.place.around(),
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
