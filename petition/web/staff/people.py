"""The console's page of people: who may do what, where; inviting them, and closing accounts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, g, make_response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from petition.domain.staff.roles import SEPARATE, Grant, Right, Role
from petition.services.staff import accounts as services_accounts, roles as services_roles
from petition.services.staff.roles import LastOwner
from petition.store.campaigns import campaigns
from petition.store.campaigns.campaigns import CampaignTitle
from petition.store.db import Session, reading, transaction
from petition.store.staff import accounts as store_accounts, roles
from petition.store.staff.accounts import BY_EMAIL, AccountColumn
from petition.web.http.access import OWN_PAGES, access
from petition.web.http.dependencies import deps
from petition.web.http.locale import _, language
from petition.web.http.url_converters import place_in
from petition.web.staff.edit_conflicts import EditConflict, SharedForm
from petition.web.staff.forms import GrantForm, InviteForm, PlaceOfGrantForm
from petition.web.staff.layout import console_page
from petition.web.staff.sorting import sorted_table

people = Blueprint("people", __name__, url_prefix="/staff/people")


@people.get("")
@access(Right.MANAGE_STAFF)
def listed() -> Response:
    """Everybody, and a form to invite somebody."""
    return _people_page(InviteForm(), 200)


@people.post("")
@access(Right.MANAGE_STAFF, forms=OWN_PAGES, fresh=True)
def invite() -> Response:
    """Invite somebody: their link stands on the page, once."""
    form = InviteForm()
    grant = _grant(form)
    if grant is None:
        return _people_page(form, 422)
    email = (form.email.data or "").lower()
    with transaction() as session:
        known = store_accounts.by_email(session, email)
        token = None
        if known is None:
            token = services_accounts.invite(
                session, email, grant, by=g.staff.email, at=deps().now()
            )
    if token is None:
        form.email.errors = [_("This address has an account already: see below.")]
        return _people_page(form, 422)
    link = f"{deps().settings.base_url}/staff/set-up/{token}"
    return _people_page(InviteForm(formdata=None), 200, invited=(email, link))


@people.get("/<id:staff_id>")
@access(Right.MANAGE_STAFF)
def person(staff_id: int) -> Response:
    """What one of them may do, and where."""
    return _person_page(staff_id, GrantForm(), None, 200)


@people.post("/<id:staff_id>/role")
@access(Right.MANAGE_STAFF, forms=OWN_PAGES, fresh=True)
def give(staff_id: int) -> BaseResponse:
    """A role on one campaign or on all, instead of the one there."""
    form = GrantForm()
    grant = _grant(form)
    if grant is None:
        return _person_page(staff_id, form, None, 422)
    return _changed(
        staff_id,
        form,
        lambda session: services_roles.change(
            session, staff_id, grant, by=g.staff.email, at=deps().now()
        ),
    )


@people.post("/<id:staff_id>/take")
@access(Right.MANAGE_STAFF, forms=OWN_PAGES, fresh=True)
def take(staff_id: int) -> BaseResponse:
    """No role any more on that campaign, or on all of them."""
    form = PlaceOfGrantForm()
    if not form.validate():
        return _person_page(staff_id, GrantForm(formdata=None), _expired(), 422)
    campaign_id = _campaign_id(form)
    return _changed(
        staff_id,
        form,
        lambda session: services_roles.take(
            session, staff_id, campaign_id, by=g.staff.email, at=deps().now()
        ),
    )


@people.post("/<id:staff_id>/disable")
@access(Right.MANAGE_STAFF, forms=OWN_PAGES, fresh=True)
def disable(staff_id: int) -> BaseResponse:
    """Close the account: its sessions end at once."""
    form = SharedForm()
    if not form.validate():
        return _person_page(staff_id, GrantForm(formdata=None), _expired(), 422)

    def work(session: Session) -> None:
        email = store_accounts.by_id(session, staff_id).email
        services_accounts.disable(session, email, by=g.staff.email, at=deps().now())

    return _changed(staff_id, form, work)


def _expired() -> str:
    return _("The form was open for too long. Please try again.")


def _changed(staff_id: int, form: SharedForm, work: Callable[[Session], None]) -> BaseResponse:
    try:
        with transaction() as session:
            roles.lock(session)
            conflict = form.conflict(_lines(session, staff_id))
            if conflict is None:
                work(session)
    except LastOwner:
        problem = _("This is the last owner. Please make somebody else an owner first.")
        return _person_page(staff_id, GrantForm(formdata=None), problem, 422)
    if conflict is not None:
        kept = form if isinstance(form, GrantForm) else GrantForm(formdata=None)
        return _person_page(staff_id, kept, None, 409, conflict)
    return redirect(f"/staff/people/{staff_id}", 303)


def _lines(session: Session, staff_id: int) -> list[str]:
    """What an account may do, and whether it is open, in the reader's words: two owners may be at
    it at once."""
    places = _places(session)
    words = []
    for each in roles.grants(session, staff_id):
        place = _("all campaigns")
        if each.campaign_id is not None:
            place = places[each.campaign_id].title.text
        named = [_role_names()[each.role]]
        named += [_right_names()[right] for right in SEPARATE if right in each.further]
        words.append(f"{', '.join(named)} – {place}")
    if store_accounts.by_id(session, staff_id).disabled:
        words.append(_("closed for good"))
    return words


def _grant(form: GrantForm) -> Grant | None:
    """What the form gives; None where it is not right."""
    with reading() as session:
        form.slugs = frozenset(row.slug for row in campaigns.listed(session))
    if not form.validate():
        return None
    return Grant(
        campaign_id=_campaign_id(form),
        role=Role(form.role.data or ""),
        further=frozenset(map(Right, form.also.data or ())),
    )


def _campaign_id(form: PlaceOfGrantForm) -> int | None:
    """Raises NotFound."""
    if not form.campaign.data:
        return None
    with reading() as session:
        return campaigns.by_slug(session, form.campaign.data).id


@dataclass(frozen=True, kw_only=True)
class _Place:
    """A campaign that a role can be on."""

    slug: str
    title: CampaignTitle


def _places(session: Session) -> dict[int, _Place]:
    return {
        row.id: _Place(slug=row.slug, title=campaigns.title(session, row.id, language().code))
        for row in campaigns.listed(session)
    }


def _people_page(
    form: InviteForm, status: int, *, invited: tuple[str, str] | None = None
) -> Response:
    table = sorted_table(
        "/staff/people#list",
        request.args.get("sort", ""),
        BY_EMAIL,
        largest_first=frozenset({AccountColumn.SEEN}),
    )
    with reading() as session:
        found = store_accounts.page(session, table.sort, after=place_in("after"))
        body = console_page(
            "staff/people.html",
            people=found.accounts,
            table=table,
            columns=AccountColumn,
            pages=table.pages(found.part),
            grants=roles.grants_of(session, [each.person.id for each in found.accounts]),
            places=_places(session),
            form=form,
            invited=invited,
            **_words(),
        )
    return make_response(body, status)


def _person_page(
    staff_id: int,
    form: GrantForm,
    problem: str | None,
    status: int,
    conflict: EditConflict | None = None,
) -> Response:
    with reading() as session:
        body = console_page(
            "staff/person.html",
            account_state=store_accounts.account(session, staff_id),
            grants=roles.grants(session, staff_id),
            places=_places(session),
            form=form,
            problem=problem,
            conflict=conflict,
            lines=_lines(session, staff_id),
            **_words(),
        )
    return make_response(body, status)


def _words() -> dict[str, object]:
    """Roles and rights in the reader's words."""
    return {
        "role_names": _role_names(),
        "role_hints": {
            Role.OWNER: _("Everything, also what others may do."),
            Role.EDITOR: _("Changes the campaign; sees no names."),
            Role.MODERATOR: _("Decides which names and comments everyone can read."),
            Role.EXPORTER: _("Downloads lists, with names and addresses."),
            Role.VIEWER: _("Sees numbers, rounded down to tens."),
        },
        "right_names": _right_names(),
        "separate": SEPARATE,
    }


def _role_names() -> dict[Role, str]:
    return {
        Role.OWNER: _("Owner"),
        Role.EDITOR: _("Editor"),
        Role.MODERATOR: _("Moderator"),
        Role.EXPORTER: _("Exporter"),
        Role.VIEWER: _("Viewer"),
    }


def _right_names() -> dict[Right, str]:
    return {
        Right.PERSONAL_DATA: _("sees personal data"),
        Right.EXPORT: _("downloads lists"),
        Right.LETTERS: _("sends emails to supporters"),
        Right.OPEN_CLOSE: _("opens and closes campaigns"),
    }
