"""The console's pages of webhooks: which programs are told what happens, and what became of it."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, redirect
from werkzeug.wrappers import Response as BaseResponse

from petition.domain.staff.roles import Right
from petition.domain.webhooks import retries
from petition.domain.webhooks.event import Algorithm, DeliveryState, EndpointState, Fault
from petition.services.webhooks import endpoints as services_endpoints
from petition.services.webhooks.endpoints import Made, NewEndpoint, TooManyEndpoints
from petition.store.campaigns import campaigns
from petition.store.db import reading, transaction
from petition.store.partners import partners
from petition.store.webhooks import deliveries, endpoints as store_endpoints
from petition.web.http.access import OWN_PAGES, access
from petition.web.http.dependencies import deps
from petition.web.http.locale import _
from petition.web.staff.forms import ButtonForm, WebhookForm
from petition.web.staff.layout import console_page

webhooks = Blueprint("webhooks", __name__, url_prefix="/staff/campaigns/<slug:slug>/webhooks")


@webhooks.get("")
@access(Right.WEBHOOKS)
def listed(slug: str) -> Response:
    """The programs that are told, and a form to add one."""
    return _page(slug, WebhookForm(formdata=None), 200)


@webhooks.post("")
@access(Right.WEBHOOKS, forms=OWN_PAGES, fresh=True)
def add(slug: str) -> BaseResponse:
    """Add one; what its receiver verifies messages with is shown this one time."""
    form = WebhookForm()
    if not form.validate():
        return _page(slug, form, 422)
    command = NewEndpoint(
        campaign=slug,
        url=form.url.data or "",
        algorithm=Algorithm(form.algorithm.data or ""),
        partner=form.partner.data or None,
    )
    loopback = deps().settings.webhooks_loopback
    try:
        with transaction() as session:
            made = services_endpoints.add(
                session,
                deps().vault,
                command,
                loopback=loopback,
                by=g.staff.email,
                at=deps().now(),
            )
    except TooManyEndpoints:
        form.url.errors = [_("Ten webhooks are the most. Please change one of them.")]
        return _page(slug, form, 422)
    return _secret(slug, made)


@webhooks.get("/<webhook_key>")
@access(Right.WEBHOOKS)
def endpoint(slug: str, webhook_key: str) -> Response:
    """One of them, and its last messages."""
    at = deps().now()
    with reading() as session:
        found = services_endpoints.find(session, slug, webhook_key)
        body = console_page(
            "staff/webhook.html",
            slug=slug,
            endpoint=found,
            public_key=services_endpoints.public_key(deps().vault, found),
            rotating=found.old_secret_until is not None and at < found.old_secret_until,
            messages=deliveries.latest(session, found.id),
            by_state=deliveries.summary(session, found.id),
            overdue=deliveries.overdue(session, found.id, before=at - retries.OVERDUE_AFTER),
            form=ButtonForm(),
            **_words(),
        )
    return make_response(body)


@webhooks.post("/<webhook_key>/test")
@access(Right.WEBHOOKS, forms=OWN_PAGES)
def test(slug: str, webhook_key: str) -> BaseResponse:
    """Send it a `ping`."""
    if not ButtonForm().validate():
        return endpoint(slug, webhook_key)
    with transaction() as session:
        services_endpoints.ping(session, slug, webhook_key, by=g.staff.email, at=deps().now())
    return _to(slug, webhook_key)


@webhooks.post("/<webhook_key>/rotate")
@access(Right.WEBHOOKS, forms=OWN_PAGES, fresh=True)
def rotate(slug: str, webhook_key: str) -> BaseResponse:
    """A new secret, which is shown this one time."""
    if not ButtonForm().validate():
        return endpoint(slug, webhook_key)
    with transaction() as session:
        made = services_endpoints.rotate(
            session, deps().vault, slug, webhook_key, by=g.staff.email, at=deps().now()
        )
    return _secret(slug, made)


@webhooks.post("/<webhook_key>/full")
@access(Right.WEBHOOKS, forms=OWN_PAGES, fresh=True)
def send_full(slug: str, webhook_key: str) -> BaseResponse:
    """Names and addresses are sent along from now on."""
    return _set_full(slug, webhook_key, is_full=True)


@webhooks.post("/<webhook_key>/thin")
@access(Right.WEBHOOKS, forms=OWN_PAGES)
def send_thin(slug: str, webhook_key: str) -> BaseResponse:
    """They are not any more."""
    return _set_full(slug, webhook_key, is_full=False)


def _set_full(slug: str, webhook_key: str, *, is_full: bool) -> BaseResponse:
    if not ButtonForm().validate():
        return endpoint(slug, webhook_key)
    with transaction() as session:
        services_endpoints.set_full(
            session, slug, webhook_key, is_full=is_full, by=g.staff.email, at=deps().now()
        )
    return _to(slug, webhook_key)


@webhooks.post("/<webhook_key>/off")
@access(Right.WEBHOOKS, forms=OWN_PAGES)
def switch_off(slug: str, webhook_key: str) -> BaseResponse:
    """Nothing is sent to it any more."""
    if not ButtonForm().validate():
        return endpoint(slug, webhook_key)
    with transaction() as session:
        services_endpoints.switch_off(session, slug, webhook_key, by=g.staff.email, at=deps().now())
    return _to(slug, webhook_key)


@webhooks.post("/<webhook_key>/on")
@access(Right.WEBHOOKS, forms=OWN_PAGES, fresh=True)
def switch_on(slug: str, webhook_key: str) -> BaseResponse:
    """It is sent to again."""
    if not ButtonForm().validate():
        return endpoint(slug, webhook_key)
    with transaction() as session:
        services_endpoints.switch_on(session, slug, webhook_key, by=g.staff.email, at=deps().now())
    return _to(slug, webhook_key)


@webhooks.post("/<webhook_key>/replay")
@access(Right.WEBHOOKS, forms=OWN_PAGES)
def replay_dead(slug: str, webhook_key: str) -> BaseResponse:
    """All that was given up is sent again."""
    if not ButtonForm().validate():
        return endpoint(slug, webhook_key)
    with transaction() as session:
        services_endpoints.replay_dead(
            session, slug, webhook_key, by=g.staff.email, at=deps().now()
        )
    return _to(slug, webhook_key)


@webhooks.post("/<webhook_key>/messages/<id:message_id>/replay")
@access(Right.WEBHOOKS, forms=OWN_PAGES)
def replay(slug: str, webhook_key: str, message_id: int) -> BaseResponse:
    """One message is sent again."""
    if not ButtonForm().validate():
        return endpoint(slug, webhook_key)
    with transaction() as session:
        services_endpoints.replay(
            session, slug, webhook_key, message_id, by=g.staff.email, at=deps().now()
        )
    return _to(slug, webhook_key)


def _to(slug: str, webhook_key: str) -> BaseResponse:
    return redirect(f"/staff/campaigns/{slug}/webhooks/{webhook_key}", 303)


def _secret(slug: str, made: Made) -> Response:
    return make_response(console_page("staff/webhook_secret.html", slug=slug, made=made))


def _page(slug: str, form: WebhookForm, status: int) -> Response:
    before = deps().now() - retries.OVERDUE_AFTER
    with reading() as session:
        campaigns.by_slug(session, slug)
        found = store_endpoints.of_campaign(session, slug)
        overdue = sum(deliveries.overdue(session, each.id, before=before) for each in found)
        body = console_page(
            "staff/webhooks.html",
            slug=slug,
            endpoints=found,
            partners=partners.of_campaign(session, slug).values(),
            overdue=overdue,
            form=form,
            **_words(),
        )
    return make_response(body, status)


def _words() -> dict[str, dict[str, str]]:
    return {
        "endpoint_states": {
            EndpointState.LIVE: _("on"),
            EndpointState.OFF: _("off"),
            EndpointState.GONE: _("off: it said that it is gone"),
            EndpointState.SHUT_OFF: _("off: it did not answer for three days"),
        },
        "message_states": {
            DeliveryState.OWED: _("waits"),
            DeliveryState.SENT: _("sent"),
            DeliveryState.DEAD: _("given up"),
        },
        "faults": {
            Fault.ADDRESS: _("its name leads to a network that we do not connect to"),
            Fault.RESOLVE: _("its name is not found"),
            Fault.CONNECT: _("no connection"),
            Fault.TLS: _("no valid certificate"),
            Fault.TIMEOUT: _("no answer within 15 seconds"),
            Fault.ANSWER: _("no answer that we understand"),
            Fault.UNSEALED: _("our own key is missing"),
        },
    }
