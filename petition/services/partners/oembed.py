"""oEmbed: what an address of ours stands for, for systems that show more of it than the address.

https://oembed.com names the fields. The form is given out only where the address carries the key of
a live partner; else the answer is a link.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

from markupsafe import escape

from petition import i18n
from petition.errors import NotFound, PetitionError
from petition.services.partners.snippets import FRAME_HEIGHT, page_of
from petition.store.partners.partners import PartnerRecord

FORMATS: Final = {"json": "application/json", "xml": "text/xml"}
"""Name of a format to the type of its answers."""
FRAME_WIDTH: Final = 600
SMALLEST: Final = 200
"""Pixels: a frame that is narrower or lower than this shows no form."""
CARD: Final = (1200, 630)
"""Width and height of the call's picture."""
_PERSONAL: Final = frozenset({"confirm", "dev", "my", "staff", "stop", "unsubscribe"})
"""First parts of addresses that are not for everybody."""

Fields = dict[str, str | int]


class NotForEverybody(PetitionError):
    """The address is of a page that is not public; whether it is there is not looked up."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """What an address of ours names."""

    campaign: str
    language: str
    """Empty where it names none."""
    partner: str


@dataclass(frozen=True, kw_only=True)
class Room:
    """Pixels that there are at most; None: as many as it takes."""

    width: int | None = None
    height: int | None = None

    def holds(self, width: int, height: int) -> bool:
        """Whether there is room for that."""
        return (self.width is None or width <= self.width) and (
            self.height is None or height <= self.height
        )


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The call in one language, as far as it is told of here."""

    campaign: str
    language: str
    ask: str
    organiser: str


def address_of(base_url: str, url: str) -> Address:
    """What the address names. Raises NotFound, NotForEverybody."""
    try:
        parts, ours = urlsplit(url.strip()), urlsplit(base_url)
        query = parse_qs(parts.query)
    except ValueError:
        raise NotFound from None
    if (parts.scheme.lower(), parts.netloc.lower()) != (ours.scheme, ours.netloc):
        raise NotFound
    partner = query.get("partner", [""])[0]
    match parts.path.strip("/").split("/"):
        case [first, *_] if first in _PERSONAL:
            raise NotForEverybody
        case ["embed", slug]:
            named = query.get("lang", [""])[0]
            return Address(campaign=slug, language=_known(named), partner=partner)
        case [code, slug] if code in i18n.codes():
            return Address(campaign=slug, language=code, partner=partner)
        case [slug]:
            return Address(campaign=slug, language="", partner=partner)
    raise NotFound


def _known(code: str) -> str:
    return code if code in i18n.codes() else ""


def fields(base_url: str, shown: Shown, of: PartnerRecord | None, room: Room) -> Fields:
    """The answer; `of` is the live partner that the address names."""
    found: Fields = {
        "version": "1.0",
        "type": "link",
        "title": shown.ask,
        "provider_name": shown.organiser,
        "provider_url": f"{base_url}/",
        "cache_age": 60,
    }
    if room.holds(*CARD):
        width, height = CARD
        found |= {
            "thumbnail_url": f"{base_url}/{shown.language}/{shown.campaign}/card.png",
            "thumbnail_width": width,
            "thumbnail_height": height,
        }
    width = min(FRAME_WIDTH, room.width or FRAME_WIDTH)
    height = min(FRAME_HEIGHT, room.height or FRAME_HEIGHT)
    if of is None or min(width, height) < SMALLEST:
        return found
    return found | {
        "type": "rich",
        "html": _html(base_url, shown, of, width, height),
        "width": width,
        "height": height,
    }


def _html(base_url: str, shown: Shown, of: PartnerRecord, width: int, height: int) -> str:
    """As WordPress takes it from sites that it does not know: a quote with a link, then a frame."""
    page = escape(page_of(base_url, of, shown.language))
    asked = urlencode({"partner": of.key, "lang": shown.language})
    frame = escape(f"{base_url}/embed/{of.campaign}?{asked}")
    words = escape(shown.ask)
    return (
        f'<blockquote><a href="{page}">{words}</a></blockquote>'
        f'<iframe src="{frame}" width="{width}" height="{height}" title="{words}" '
        'frameborder="0"></iframe>'
    )


def discovery(base_url: str, page: str) -> tuple[tuple[str, str], ...]:
    """Type and address of the answers about this page of ours, as its head names them."""
    return tuple(
        (
            f"{kind}+oembed",
            f"{base_url}/oembed?{urlencode({'url': page, 'format': name})}",
        )
        for name, kind in FORMATS.items()
    )
