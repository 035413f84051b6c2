"""Every route of an installation, with right values for its address, its form and its caller."""

import random
import re
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.cookiejar import CookieJar
from typing import Final

from sqlalchemy import text

from drills import addresses
from drills.http_client import hidden_fields
from drills.instance import CAMPAIGN, Instance
from petition import assets
from petition.app import create_app
from petition.config import load
from petition.domain import tokens
from petition.domain.staff import second_factor as factors
from petition.domain.staff.roles import Grant, Role
from petition.services.staff import accounts
from petition.store.db import reading, transaction
from petition.store.exports import ledger
from petition.web.http.dependencies import Dependencies

SIGNATURES: Final = 100
"""For each class of address: some are erased on the way."""
INVITES: Final = 20
PASSWORD: Final = "a long walk by the river"
SECRET: Final = re.compile(rb'id="secret">([A-Z2-7 ]+)<')
PART: Final = re.compile(r"<(?:(\w+):)?(\w+)>")
ACTS: Final = ("name", "choices", "withdraw", "download", "page", "erase")
RIGHT: Final[Mapping[str, str]] = {
    "given_name": "Ada",
    "family_name": "Stone",
    "email": "ada@example.org",
    "country": "DE",
    "postcode": "10115",
    "comment": "Because.",
    "agree": "yes",
    "updates": "no",
    "visibility": "counted",
    "subject": "",
    "noticed": "",
    "source": "union-b",
    "utm_source": "mail",
    "utm_medium": "mail",
    "utm_campaign": "autumn",
    "use_email": "",
    "code": "BBB-BBB",
    "do": "choices",
    "sure": "no",
    "lift": "no",
    "password": "wrong",
    "reason": "to look",
    "for_target": "",
    "domain": "amazon.example",
    "shown": "1-0123456789abcdef",
    "together": "",
    "each": "1-0123456789abcdef",
}
"""What a form of ours may hold, all together: each takes what it knows. The postcode is taken where
details are corrected; the shipped call does not ask for one."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """One way in."""

    method: str
    rule: str

    def __str__(self) -> str:
        return f"{self.method} {self.rule}"


@dataclass
class Site:
    """What somebody who knows the installation from inside can ask for."""

    base: str
    routes: Sequence[Route] = ()
    tokens: dict[str, list[str]] = field(default_factory=dict)
    """By the first part of the address that they are for."""
    export_id: int = 0
    cookie: str = ""
    csrf_token: str = ""
    ticket: str = ""

    @property
    def host(self) -> str:
        return urllib.parse.urlsplit(self.base).netloc

    def address(self, route: Route, chance: random.Random) -> str:
        """An address that the route answers."""
        return PART.sub(lambda part: self._part(route, part[1], part[2], chance), route.rule)

    def _part(self, route: Route, kind: str, name: str, chance: random.Random) -> str:
        right = {
            "lang": chance.choice(("en", "de", "ar")),
            "slug": CAMPAIGN,
            "id": str(self.export_id),
            "version": assets.address("css/site.css").split("/")[2],
            "path": "css/site.css",
        }
        if kind in {"token", "secret"}:
            first = "set-up" if kind == "secret" else route.rule.split("/")[1]
            return chance.choice(self.tokens.get(first, ["x"]))
        return right.get(kind) or right.get(name, "x")

    def form(self, chance: random.Random) -> dict[str, str]:
        """Right values for every form."""
        return {
            **RIGHT,
            "do": chance.choice(ACTS),
            "email": f"{chance.getrandbits(48):x}@example.org",
            "ticket": self.ticket,
            "csrf_token": self.csrf_token,
        }


def site_of(instance: Instance, chance: random.Random) -> Site:
    """Fill the installation with people and staff, and learn their links and cookies."""
    site = Site(instance.base)
    addresses.make(instance, addresses.draw(SIGNATURES, chance), chance)
    with addresses.opened(instance) as (deps, campaign):
        # Who has a second factor already would be asked for its code: new people each time.
        _learn(site, deps, campaign.id, staff=f"staff{chance.getrandbits(64):x}")
    app = create_app(load(instance.environment()))
    site.routes = [
        Route(method=method, rule=rule.rule)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]
    _sign_in(site)
    with urllib.request.urlopen(f"{instance.base}/en/{CAMPAIGN}", timeout=20) as page:
        site.ticket = hidden_fields(page.read())["ticket"]
    return site


def _learn(site: Site, deps: Dependencies, campaign_id: int, *, staff: str) -> None:
    at = datetime.now(UTC)
    expires = at + timedelta(days=1)

    def sign(purpose: str, value: str) -> None:
        token = deps.tokens.sign(purpose, value, expires=expires)
        site.tokens.setdefault(purpose, []).append(token)

    with reading() as session:
        rows = session.execute(text("SELECT id, address_key FROM signatures")).all()
        entries = session.scalars(text("SELECT id FROM entries")).all()
    for signature_id, key in rows:
        sign(tokens.MY, str(signature_id))
        sign(tokens.UNSUBSCRIBE, str(signature_id))
        sign(tokens.STOP, f"{campaign_id}-{bytes(key).hex()}-en")
    for entry_id in entries:
        sign(tokens.CONFIRM, str(entry_id))
    owner = Grant(campaign_id=None, role=Role.OWNER)
    with transaction() as session:
        site.tokens["set-up"] = [
            accounts.invite(session, f"{staff}-{n}@example.org", owner, by="drill", at=at)
            for n in range(INVITES)
        ]
        site.export_id = ledger.begin_export(
            session,
            campaign_id=campaign_id,
            by="drill",
            reason="drill",
            filters=ledger.FiltersRecord(),
            at=at,
        )


def _sign_in(site: Site) -> None:
    """Spend one of the links; from then on its owner is signed in."""
    jar = CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    link = f"{site.base}/staff/set-up/{site.tokens['set-up'].pop()}"
    with opener.open(link, timeout=20) as page:
        csrf_token = hidden_fields(page.read())["csrf_token"]
    form = urllib.parse.urlencode({"csrf_token": csrf_token, "password": PASSWORD}).encode()
    with opener.open(link, form, timeout=20) as page:
        body, set_up = page.read(), page.url
    found = SECRET.search(body)
    assert found, "the password led to no second factor"
    code = factors.code_at(factors.secret_of(found[1].decode()), datetime.now(UTC))
    form = urllib.parse.urlencode(
        {"csrf_token": hidden_fields(body)["csrf_token"], "code": code}
    ).encode()
    with opener.open(set_up, form, timeout=20) as page:
        site.csrf_token = hidden_fields(page.read())["csrf_token"]
    site.cookie = "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)
