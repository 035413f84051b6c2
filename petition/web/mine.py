"""My signature: everything that is held, for who holds the link, and every right to it."""

from __future__ import annotations

import json
from collections.abc import Callable

from flask import Blueprint, Response, make_response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from petition.domain import tokens
from petition.domain.campaign import CampaignView
from petition.errors import NotFound
from petition.services import privacy
from petition.services.privacy import Choices
from petition.store import mailfiles
from petition.store.db import reading, transaction
from petition.store.holdings import Held
from petition.web.access import LINK, access
from petition.web.errors import error_page
from petition.web.forms import ChoicesForm, EraseForm, NameForm, OpenForm
from petition.web.frame import link_page
from petition.web.house import house, language, page, speak
from petition.web.links import of_token
from petition.web.tickets import ticket, view_of

mine = Blueprint("mine", __name__)

DEEDS = ("name", "choices", "withdraw")
"""What the page says was done, by its address after a deed."""


@mine.get("/my/<token>")
@access(LINK)
def show(token: str) -> Response:
    """All that is held. Changes nothing."""
    signature_id = of_token(tokens.MY, token)
    if isinstance(signature_id, Response):
        return signature_id
    try:
        held = _find(int(signature_id))
    except NotFound:
        return link_page("public/my_gone.html", None, 404)
    return _page(held)


@mine.post("/my/<token>")
@access(LINK)
def do(token: str) -> BaseResponse:
    """Correct, change, withdraw, download, erase: the field `do` says which."""
    signature_id = of_token(tokens.MY, token)
    if isinstance(signature_id, Response):
        return signature_id
    deed = _DEEDS.get(request.form.get("do", ""))
    if deed is None:
        return error_page(400)
    try:
        return deed(_find(int(signature_id)))
    except NotFound:
        return link_page("public/my_gone.html", None, 404)


def _find(signature_id: int) -> Held:
    with reading() as session:
        return privacy.find(session, signature_id)


def _view(held: Held) -> CampaignView:
    """The call in the language that the reader chose, else in the signature's."""
    own = house().calls.of_text(held.text_id)
    chosen = request.args.get("lang", "")
    return house().calls.shown(held.slug, chosen if chosen in own.languages else own.language).view


def _page(held: Held, form: OpenForm | None = None, status: int = 200) -> Response:
    view = _view(held)
    return link_page(
        "public/my.html",
        view,
        status,
        held=held,
        people=[privacy.person(house().vault, each) for each in held.forms],
        ticket=ticket(view),
        country_names=_countries(view),
        errors=_errors(form),
        done=request.args.get("done") if request.args.get("done") in DEEDS else None,
    )


def _countries(view: CampaignView) -> dict[str, str]:
    speak(view.language)
    return dict(language().countries())


def _errors(form: OpenForm | None) -> dict[str, str]:
    """Field to what is wrong with it."""
    return {} if form is None else {name: str(found[0]) for name, found in form.errors.items()}


def _done(deed: str) -> BaseResponse:
    """Back to the page, by an address that may be loaded again."""
    chosen = request.args.get("lang", "")
    kept = f"&lang={chosen}" if chosen.isalpha() else ""
    return redirect(f"{request.path}?done={deed}{kept}", 303)


def _correct(held: Held) -> BaseResponse:
    speak(_view(held).language)
    form = NameForm()
    if not form.validate():
        return _page(held, form, 422)
    with transaction() as session:
        privacy.correct(
            session,
            house().vault,
            held.signature_id,
            given_name=form.given_name.data or "",
            family_name=form.family_name.data or "",
        )
    return _done("name")


def _choose(held: Held) -> BaseResponse:
    view = _view(held)
    speak(view.language)
    form = ChoicesForm()
    shown = view_of(form.ticket.data or "", view)
    if not form.validate() or shown is None:
        return _page(held, form, 422)
    choices = Choices(
        updates=form.updates.data or "",
        visibility=form.visibility.data or "",
        text_ids=shown.consent_text_ids,
    )
    with transaction() as session:
        privacy.choose(session, held.signature_id, choices, at=house().now())
    return _done("choices")


def _withdraw(held: Held) -> BaseResponse:
    with transaction() as session:
        privacy.withdraw(session, held.signature_id, at=house().now())
    return _done("withdraw")


def _download(held: Held) -> BaseResponse:
    document = privacy.document(held, house().vault)
    response = make_response(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    response.content_type = "application/json; charset=utf-8"
    return _as_file(response, "my-signature.json")


def _download_page(held: Held) -> BaseResponse:
    view = _view(held)
    speak(view.language)
    body = page(
        "public/my_copy.html",
        held=held,
        people=[privacy.person(house().vault, each) for each in held.forms],
        country_names=_countries(view),
        call=view.call,
        as_of=house().now(),
    )
    return _as_file(make_response(body), "my-signature.html")


def _as_file(response: Response, name: str) -> Response:
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _erase(held: Held) -> BaseResponse:
    view = _view(held)
    speak(view.language)
    form = EraseForm()
    if not form.validate():
        return _page(held, form, 422)
    with transaction() as session:
        gone = privacy.erase(session, house().journal, held.signature_id, at=house().now())
        if gone is not None:
            mailfiles.remove(house().settings, gone.letter_ids)
    return link_page("public/my_erased.html", view)


_DEEDS: dict[str, Callable[[Held], BaseResponse]] = {
    "name": _correct,
    "choices": _choose,
    "withdraw": _withdraw,
    "download": _download,
    "page": _download_page,
    "erase": _erase,
}
