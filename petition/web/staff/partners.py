"""The console's pages of partners: who shows the form on their own site, and what they paste."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from enum import StrEnum
from typing import Final

from flask import Blueprint, Response, g, make_response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from petition import i18n
from petition.domain.partners.questions import QuestionRefused
from petition.domain.partners.refused_form import UNKNOWN_KEY, KeyFault
from petition.domain.partners.terms import TermsRefused, terms_of
from petition.domain.sorting import Sort
from petition.domain.staff.roles import Right
from petition.errors import NotFound
from petition.services.partners import arrangements, partners as services_partners, questions
from petition.services.partners.arrangements import NotToAccept
from petition.services.partners.partners import NewPartner
from petition.services.partners.questions import NoTerms
from petition.services.partners.snippets import snippets
from petition.store.campaigns import campaigns
from petition.store.db import Session, reading, transaction
from petition.store.partners import (
    partners as store_partners,
    questions as questions_store,
    refused_forms,
    terms,
)
from petition.store.partners.partners import PartnerRecord
from petition.store.partners.terms import TermsRecord
from petition.web.http.access import OWN_PAGES, access
from petition.web.http.dependencies import deps
from petition.web.http.locale import _, language
from petition.web.http.security import PREVIEW_SANDBOX, may_frame_ours
from petition.web.staff.auth import has_permission
from petition.web.staff.edit_conflicts import EditConflict, SharedForm
from petition.web.staff.forms import ButtonForm, PartnerForm
from petition.web.staff.layout import console_page
from petition.web.staff.sorting import sorted_table


class PartnerColumn(StrEnum):
    """What the list of partners can stand in the order of."""

    NAME = "name"
    MADE = "made"


FIRST_MADE: Final = Sort(PartnerColumn.MADE)

TERMS: Final = ("controller", "privacy_url", "contact_email", "language", "retention_months")
"""The fields of the arrangement."""

partners = Blueprint("partners", __name__, url_prefix="/staff/campaigns/<slug:slug>/partners")


@partners.get("")
@access(Right.NUMBERS)
def listed(slug: str) -> Response:
    """All partners of the campaign, and a form to make one."""
    return _page(slug, PartnerForm(), 200)


@partners.post("")
@access(Right.EDIT, forms=OWN_PAGES, fresh=True)
def add(slug: str) -> BaseResponse:
    """Make a partner: its key lets its sites show the form."""
    form = PartnerForm()
    if not form.validate():
        return _page(slug, form, 422)
    command = NewPartner(campaign=slug, name=form.name.data or "", sites=tuple(form.typed_sites()))
    with transaction() as session:
        key = services_partners.add(session, command, by=g.staff.email, at=deps().now())
    deps().campaign_cache.clear()
    return redirect(f"/staff/campaigns/{slug}/partners/{key}/arrangement", 303)


@partners.get("/<key>")
@access(Right.NUMBERS)
def partner(slug: str, key: str) -> Response:
    """One partner, and what it pastes."""
    return _partner_page(slug, key)


def _partner_page(slug: str, key: str, conflict: EditConflict | None = None) -> Response:
    may_frame_ours()
    with reading() as session:
        record = campaigns.by_slug(session, slug)
        found = store_partners.of_campaign(session, slug).get(key)
        if found is None:
            raise NotFound
        spoken = campaigns.languages(session, record.id)
        asked = request.args.get("lang", language().code)
        code = asked if asked in spoken else spoken[0]
        words = campaigns.view(session, slug, code).call.ask
        body = console_page(
            "staff/partner.html",
            slug=slug,
            partner=found,
            spoken=spoken,
            chosen=code,
            refused_forms=refused_forms.listed(session, slug, key),
            snippets=snippets(deps().settings.base_url, found, language=code, words=words),
            ask=words,
            preview_sandbox=PREVIEW_SANDBOX,
            form=SharedForm(formdata=None),
            lines=[_state_line(found)],
            conflict=conflict,
            may_edit=has_permission(Right.EDIT),
            may_read_by_api=has_permission(Right.WEBHOOKS),
            reasons=_reasons(),
        )
    return make_response(body, 200 if conflict is None else 409)


@partners.post("/<key>/block")
@access(Right.EDIT, forms=OWN_PAGES)
def block(slug: str, key: str) -> BaseResponse:
    """No form of this partner is shown or taken any more."""
    return _switched(slug, key, services_partners.block)


@partners.post("/<key>/lift")
@access(Right.EDIT, forms=OWN_PAGES, fresh=True)
def lift(slug: str, key: str) -> BaseResponse:
    """The partner goes on as before."""
    return _switched(slug, key, services_partners.lift)


def _switched(slug: str, key: str, switch: Callable[..., bool]) -> BaseResponse:
    form = SharedForm()
    if not form.validate():
        return _partner_page(slug, key)
    with transaction() as session:
        found = services_partners.of_campaign(session, key, slug)
        conflict = form.conflict([_state_line(found)])
        if conflict is None:
            switch(session, key, campaign=slug, by=g.staff.email, at=deps().now())
    return _to(slug, key) if conflict is None else _partner_page(slug, key, conflict)


def _state_line(found: PartnerRecord) -> str:
    return _("The partner is blocked") if found.is_blocked else _("The partner is not blocked")


@partners.get("/<key>/arrangement")
@access(Right.EDIT)
def arrangement(slug: str, key: str) -> Response:
    """What is arranged with the partner, whether it accepted, and its question."""
    return _arrangement_page(slug, key, {}, {})


@partners.post("/<key>/arrangement")
@access(Right.EDIT, forms=OWN_PAGES, fresh=True)
def set_terms(slug: str, key: str) -> BaseResponse:
    """Arrange this from now on; the partner has to accept it."""
    typed = {name: request.form.get(name, "").strip() for name in TERMS}
    form = SharedForm()
    if not form.validate():
        return _arrangement_page(slug, key, typed, {})
    months = typed["retention_months"]
    try:
        new = terms_of(
            controller=typed["controller"],
            privacy_url=typed["privacy_url"],
            contact_email=typed["contact_email"],
            language=typed["language"] if typed["language"] in i18n.codes() else language().code,
            retention_months=int(months) if months.isascii() and months.isdecimal() else 0,
        )
    except TermsRefused as refused:
        return _arrangement_page(slug, key, typed, {refused.field: _problems()[refused.field]})
    with transaction() as session:
        conflict = form.conflict(_lines(session, slug, key))
        if conflict is None:
            arrangements.set_terms(
                session, key, new, campaign=slug, by=g.staff.email, at=deps().now()
            )
    if conflict is not None:
        return _arrangement_page(slug, key, typed, {}, conflict)
    return _to(slug, key, "/arrangement")


@partners.post("/<key>/question")
@access(Right.EDIT, forms=OWN_PAGES, fresh=True)
def ask(slug: str, key: str) -> BaseResponse:
    """What the partner asks who signs on its sites, in each language."""
    form = SharedForm()
    with reading() as session:
        services_partners.of_campaign(session, key, slug)
        spoken = campaigns.languages(session, campaigns.by_slug(session, slug).id)
        conflict = form.conflict(_lines(session, slug, key))
    typed = {f"question-{code}": request.form.get(f"question-{code}", "") for code in spoken}
    if conflict is not None or not form.validate():
        return _arrangement_page(slug, key, typed, {}, conflict)
    wrong: dict[str, str] = {}
    for code in spoken:
        name = f"question-{code}"
        try:
            with transaction() as session:
                questions.put(
                    session,
                    key,
                    code,
                    typed[name],
                    campaign=slug,
                    by=g.staff.email,
                    at=deps().now(),
                )
        except QuestionRefused:
            wrong[name] = _("Please write one sentence of 300 characters at most.")
        except NoTerms:
            return _arrangement_page(slug, key, typed, {"controller": _problems()["controller"]})
    if wrong:
        deps().campaign_cache.clear()
        return _arrangement_page(slug, key, typed, wrong)
    return _to(slug, key, "/arrangement")


@partners.post("/<key>/new-key")
@access(Right.EDIT, forms=OWN_PAGES, fresh=True)
def new_key(slug: str, key: str) -> BaseResponse:
    """Have the partner accept the same once more, with another key for its lists."""
    if not ButtonForm().validate():
        return _arrangement_page(slug, key, {}, {})
    with suppress(NotToAccept), transaction() as session:
        arrangements.ask_anew(session, key, campaign=slug, by=g.staff.email, at=deps().now())
    return _to(slug, key, "/arrangement")


@partners.post("/<key>/send")
@access(Right.EDIT, forms=OWN_PAGES)
def send(slug: str, key: str) -> BaseResponse:
    """Email the partner's contact the link to accept by."""
    if not ButtonForm().validate():
        return _arrangement_page(slug, key, {}, {})
    with suppress(NotToAccept), transaction() as session:
        arrangements.send(session, key, campaign=slug, by=g.staff.email, at=deps().now())
    return _to(slug, key, "/arrangement?sent=1")


def _problems() -> dict[str, str]:
    return {
        "controller": _("Please write the organisation’s name, in any script."),
        "privacy_url": _("Please enter an address that begins with https://"),
        "contact_email": _("This does not look like an email address. Example: name@example.org"),
        "retention_months": _("Please enter a number from 1 to 60."),
    }


def _arrangement_page(
    slug: str,
    key: str,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    conflict: EditConflict | None = None,
) -> Response:
    with reading() as session:
        found = services_partners.of_campaign(session, key, slug)
        newest = terms.newest(session, found.id)
        spoken = campaigns.languages(session, campaigns.by_slug(session, slug).id)
        values = _stands(session, found, newest, spoken)
        body = console_page(
            "staff/arrangement.html",
            slug=slug,
            partner=found,
            newest=newest,
            link=_accept_link(newest) if newest else "",
            sent=request.args.get("sent") == "1",
            spoken=spoken,
            codes=i18n.codes(),
            values=values | dict(typed),
            errors=errors,
            labels=_labels(spoken),
            lines=_lines(session, slug, key),
            conflict=conflict,
            form=SharedForm(formdata=None),
        )
    return make_response(body, 422 if errors else 200 if conflict is None else 409)


def _stands(
    session: Session, found: PartnerRecord, newest: TermsRecord | None, spoken: Iterable[str]
) -> dict[str, str]:
    """What the fields of the page hold now."""
    asked = questions_store.current(session, [found.id]).get(found.id, {})
    return _values(newest) | {
        f"question-{code}": asked[code].question.text if code in asked else "" for code in spoken
    }


def _lines(session: Session, slug: str, key: str) -> list[str]:
    """The same as the page compares it, in the reader's words."""
    found = services_partners.of_campaign(session, key, slug)
    spoken = campaigns.languages(session, campaigns.by_slug(session, slug).id)
    stands = _stands(session, found, terms.newest(session, found.id), spoken)
    labels = _labels(spoken)
    return [f"{labels[name]}: {value}" for name, value in stands.items() if value]


def _accept_link(newest: TermsRecord) -> str:
    at = deps().now()
    return arrangements.accept_link(deps().tokens, deps().settings.base_url, newest.id, at=at)


def _values(newest: TermsRecord | None) -> dict[str, str]:
    if newest is None:
        return dict.fromkeys(TERMS, "") | {"language": language().code}
    of = newest.terms
    return {
        "controller": of.controller,
        "privacy_url": of.privacy_url,
        "contact_email": of.contact_email,
        "language": of.language,
        "retention_months": str(of.retention_months),
    }


def _labels(spoken: Iterable[str]) -> dict[str, str]:
    return {
        "controller": _("Organisation that is responsible"),
        "privacy_url": _("Its privacy notice"),
        "contact_email": _("Email address of its person"),
        "language": _("Language we write to it in"),
        "retention_months": _("Months it may keep people"),
    } | {f"question-{code}": i18n.language(code).own_name for code in spoken}


def _to(slug: str, key: str, place: str = "") -> BaseResponse:
    deps().campaign_cache.clear()
    return redirect(f"/staff/campaigns/{slug}/partners/{key}{place}", 303)


def _page(slug: str, form: PartnerForm, status: int) -> Response:
    table = sorted_table(
        f"/staff/campaigns/{slug}/partners#list-heading",
        request.args.get("sort", ""),
        FIRST_MADE,
    )
    with reading() as session:
        found = list(store_partners.of_campaign(session, slug).values())
        if table.sort.column == PartnerColumn.NAME:
            found.sort(key=lambda each: each.name.casefold())
        body = console_page(
            "staff/partners.html",
            slug=slug,
            table=table,
            columns=PartnerColumn,
            partners=found[::-1] if table.sort.is_descending else found,
            refused_forms=refused_forms.listed(session, slug, UNKNOWN_KEY),
            reasons=_reasons(),
            form=form,
            may_edit=has_permission(Right.EDIT),
        )
    return make_response(body, status)


def _reasons() -> dict[KeyFault, str]:
    """Why a key did not work."""
    return {
        KeyFault.UNKNOWN: _("belongs to no partner"),
        KeyFault.BLOCKED: _("blocked"),
        KeyFault.NOT_ACCEPTED: _("not accepted yet"),
        KeyFault.OTHER_SITE: _("not one of its sites"),
    }
