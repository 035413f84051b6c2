"""The demo partner's page: the form as partners show it, for who sits at this machine.

It stands on another origin than the form, as every partner's page does, and under the policy that
docs/partners.md names.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, make_response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from petition.errors import NotFound
from petition.services.partners import demo
from petition.services.partners.snippets import snippets
from petition.store.campaigns import campaigns
from petition.store.db import reading
from petition.web.http.access import LOOPBACK, access
from petition.web.http.dependencies import deps
from petition.web.http.locale import set_locale
from petition.web.http.rendering import page

demo_partner = Blueprint("demo_partner", __name__)


@demo_partner.get("/dev/partner")
@access(LOOPBACK)
def partner() -> BaseResponse:
    """What the demo partner pasted, in a page; led to by the other name of this machine."""
    settings = deps().settings
    if urlsplit(request.host_url).hostname != urlsplit(settings.demo_origin).hostname:
        return redirect(f"{settings.demo_origin}/dev/partner")
    set_locale("en")
    with reading() as session:
        found = demo.find(session, settings.demo_origin)
        if found is None:
            raise NotFound
        spoken = campaigns.languages(session, campaigns.by_slug(session, found.campaign).id)
        asked = request.args.get("lang", "en")
        language = asked if asked in spoken else spoken[0]
        words = campaigns.view(session, found.campaign, language).call.ask
    pasted = snippets(settings.base_url, found, language=language, words=words)
    response = make_response(
        page(
            "dev/partner.html",
            partner=found,
            line=pasted.script,
            spoken=spoken,
            chosen=language,
            base_url=settings.base_url,
        )
    )
    ours = settings.base_url
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self'; script-src {ours}; frame-src {ours}; "
        f"img-src {ours} 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return response
