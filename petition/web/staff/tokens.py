"""The console's pages of tokens: which programs may read signatures by the API, and until when.

Those of the organiser stand on a page of the campaign, those of a partner on one of that partner.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, g, make_response, redirect
from werkzeug.wrappers import Response as BaseResponse

from petition.domain.api.tokens import MOST_DAYS, REQUESTS, Scope
from petition.domain.exports.second_person import ROWS_ALONE
from petition.domain.staff.roles import Right
from petition.errors import NotFound
from petition.services.api import tokens as services_tokens
from petition.services.api.tokens import NewToken
from petition.store.api import tokens as store_tokens
from petition.store.campaigns import campaigns
from petition.store.db import Session, reading, transaction
from petition.store.partners import partners
from petition.store.partners.partners import PartnerRecord
from petition.web.http.access import OWN_PAGES, access
from petition.web.http.dependencies import deps
from petition.web.http.locale import _
from petition.web.staff.forms import ButtonForm, TokenForm
from petition.web.staff.layout import console_page

tokens = Blueprint("tokens", __name__, url_prefix="/staff/campaigns/<slug:slug>")


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Whose tokens a page shows."""

    slug: str
    partner: PartnerRecord | None
    """None: the organiser's."""

    @property
    def key(self) -> str | None:
        return self.partner.key if self.partner is not None else None

    @property
    def address(self) -> str:
        root = f"/staff/campaigns/{self.slug}"
        return f"{root}/partners/{self.key}/tokens" if self.key is not None else f"{root}/tokens"


@tokens.get("/tokens")
@access(Right.WEBHOOKS)
def listed(slug: str) -> Response:
    """The organiser's tokens, and a form to make one."""
    return _page(slug, None, TokenForm(), 200)


@tokens.post("/tokens")
@access(Right.WEBHOOKS, forms=OWN_PAGES, fresh=True)
def add(slug: str) -> Response:
    """Make one for a program of the organiser; it is shown this one time."""
    return _add(slug, None)


@tokens.get("/partners/<key>/tokens")
@access(Right.WEBHOOKS)
def of_partner(slug: str, key: str) -> Response:
    """A partner's tokens, and a form to make one."""
    return _page(slug, key, TokenForm(), 200)


@tokens.post("/partners/<key>/tokens")
@access(Right.WEBHOOKS, forms=OWN_PAGES, fresh=True)
def add_for_partner(slug: str, key: str) -> Response:
    """Make one for a program of the partner; it is shown this one time."""
    return _add(slug, key)


@tokens.post("/tokens/<token_begins>/revoke")
@access(Right.WEBHOOKS, forms=OWN_PAGES)
def revoke(slug: str, token_begins: str) -> BaseResponse:
    """It opens nothing any more."""
    if not ButtonForm().validate():
        return _page(slug, None, TokenForm(formdata=None), 422)
    by, at = g.staff.email, deps().now()
    with transaction() as session:
        found = services_tokens.revoke(session, token_begins, campaign=slug, by=by, at=at)
        owner = _owner(session, slug, found.partner)
    return redirect(owner.address, 303)


def _add(slug: str, key: str | None) -> Response:
    form = TokenForm()
    if not form.validate():
        return _page(slug, key, form, 422)
    command = NewToken(
        campaign=slug,
        partner=key,
        scopes=tuple(map(Scope, form.scopes.data or ())),
        days=form.typed_days(),
    )
    with transaction() as session:
        made = services_tokens.make(session, command, by=g.staff.email, at=deps().now())
        owner = _owner(session, slug, key)
    body = console_page("staff/token_made.html", owner=owner, token=made, days=command.days)
    return make_response(body)


def _owner(session: Session, slug: str, key: str | None) -> Owner:
    """Raises NotFound, also for another campaign's partner."""
    if key is None:
        return Owner(slug=slug, partner=None)
    found = partners.of_campaign(session, slug).get(key)
    if found is None:
        raise NotFound
    return Owner(slug=slug, partner=found)


def _page(slug: str, key: str | None, form: TokenForm, status: int) -> Response:
    at = deps().now()
    with reading() as session:
        campaigns.by_slug(session, slug)
        owner = _owner(session, slug, key)
        found = store_tokens.of_campaign(session, slug)
        body = console_page(
            "staff/tokens.html",
            owner=owner,
            tokens=[each for each in found if each.partner == key],
            partners=[] if key else list(partners.of_campaign(session, slug).values()),
            now=at,
            form=form,
            button=ButtonForm(formdata=None),
            most_days=MOST_DAYS,
            an_hour=REQUESTS,
            rows_alone=ROWS_ALONE if deps().settings.second_person else None,
            scopes={
                Scope.SIGNATURES: _("Read signatures"),
                Scope.WITHDRAWALS: _("Read who has to be taken off the list"),
            },
        )
    return make_response(body, status)
