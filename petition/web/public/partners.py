"""A campaign's partners: who they are, what is arranged with them; and where they accept it."""

from __future__ import annotations

from flask import Blueprint, Response, redirect
from werkzeug.wrappers import Response as BaseResponse

from petition.domain import tokens
from petition.domain.exports.recipient import RecipientRefused, SecretKeyGiven
from petition.domain.partners.terms import TermsRefused
from petition.services.partners import arrangements
from petition.services.partners.arrangements import NotToAccept
from petition.store.campaigns import campaigns
from petition.store.db import reading, transaction
from petition.web.http.access import LINK, OWN_PAGES, PUBLIC, access
from petition.web.http.cached_response import shared
from petition.web.http.campaign_cache import CachedCampaign
from petition.web.http.dependencies import deps
from petition.web.http.locale import _, language, set_locale
from petition.web.http.rendering import page
from petition.web.public.campaign_page import link_page, organiser_of, page_context, shown_call
from petition.web.public.forms import AcceptForm
from petition.web.public.link_tokens import lang_query, value_of
from petition.web.signing.fields import text_of

partners = Blueprint("public_partners", __name__)


@partners.get("/<lang:code>/<slug:slug>/partners")
@access(PUBLIC)
def listed(code: str, slug: str) -> Response:
    """On whose sites the form stands, and what each receives."""
    shown = shown_call(code, slug)
    return shared((slug, code, "partners"), lambda: _listed_page(shown))


def _listed_page(shown: CachedCampaign) -> str:
    found = deps().campaign_cache.partners(shown.view.slug)
    return page(
        "public/partners.html",
        partners=[each for each in found if each.is_live],
        **page_context(shown.view, "/partners"),
    )


@partners.get("/accept/<token:token>")
@access(LINK)
def show_accept(token: str) -> Response:
    """What is arranged, and who accepts it. Changes nothing."""
    return _page(token, AcceptForm(), {})


@partners.post("/accept/<token:token>")
@access(LINK, forms=OWN_PAGES)
def accept(token: str) -> BaseResponse:
    """Accept, once."""
    form = AcceptForm()
    terms_id = int(value_of(tokens.ACCEPT, token))
    if not form.validate():
        return _page(token, form, {name: str(found[0]) for name, found in form.errors.items()})
    try:
        with transaction() as session:
            arrangements.accept(
                session,
                terms_id,
                form.name.data or "",
                recipient=text_of(form.recipient),
                at=deps().now(),
            )
    except TermsRefused:
        words = _("Please write your name, in any script: 100 characters at most.")
        return _page(token, form, {"name": words})
    except SecretKeyGiven:
        form.recipient.data = ""  # it must stand in no page
        words = _(
            "This is the secret part of your key: it opens your lists, and nobody else may have "
            "it. Please make a new key and give us the part that begins with age1."
        )
        return _page(token, form, {"recipient": words})
    except RecipientRefused:
        words = _("This is no public key. It begins with age1, or with ssh-ed25519 or ssh-rsa.")
        return _page(token, form, {"recipient": words})
    except NotToAccept:
        return _page(token, form, {})  # it says why
    deps().campaign_cache.clear()
    return redirect(f"/accept/{token}{lang_query('?lang=')}", 303)


def _page(token: str, form: AcceptForm, errors: dict[str, str]) -> Response:
    terms_id = int(value_of(tokens.ACCEPT, token))
    with reading() as session:
        partner, found = arrangements.to_accept(session, terms_id)
        state = arrangements.state(session, partner, found)
        campaign = campaigns.by_slug(session, partner.campaign)
        title = campaigns.title(session, campaign.id, found.terms.language)
        view = campaigns.view(session, partner.campaign, campaign.default_language)
    set_locale(found.terms.language)
    return link_page(
        "public/accept.html",
        None,
        422 if errors else 200,
        form=form,
        errors=errors,
        address=f"/accept/{token}{lang_query('?lang=')}",
        by=language().organiser(organiser_of(view)),
        partner=partner,
        found=found,
        petition=title.text,
        state=state,
        recipient=form.recipient.data if form.is_submitted() else partner.recipient,
    )
