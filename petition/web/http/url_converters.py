"""The parts of URLs: languages, campaigns, ids, the tokens of mailed links, the query."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final
from urllib.parse import quote

from flask import Flask, Request, request
from werkzeug.routing import BaseConverter

from petition import i18n
from petition.errors import NotFound

_SOFT_BREAK: Final = re.compile(r"=(?=[\r\n])")
"""Of quoted-printable text; the line's end itself is white space."""
_ESCAPED: Final = re.compile(r"=(2D|2E|5F)", re.IGNORECASE)
"""The marks of a token, as quoted-printable text may write them."""
_BEFORE: Final = re.compile(r"[^A-Za-z0-9_-]+")
_SIGNED: Final = re.compile(
    r"(?:\s*[A-Za-z0-9-])+\s*\.(?:\s*[0-9a-f])+\s*\.(?:\s*[A-Za-z0-9_-]){43}(?![A-Za-z0-9_-])"
)
"""The shape of domain/tokens.py: value, end, and the 43 letters of a 256-bit signature."""
_SECRET: Final = re.compile(r"(?:\s*[A-Za-z0-9_-]){43}(?![A-Za-z0-9_-])")
"""The shape of a one-time link: 256 random bits."""
_QUERY: Final = "!$%&'()*+,-./:;=?@[]_~"
"""What stands in a query as it is, beside letters and digits."""


class LanguageConverter(BaseConverter):
    """A language that we speak, in an address."""

    regex = "|".join(i18n.codes())
    weight = 50  # looked at before a campaign's name


class SlugConverter(BaseConverter):
    """A campaign's name in an address; anything else is nothing here, and asks no database."""

    regex = "[a-z0-9][a-z0-9-]{0,63}"


class IdConverter(BaseConverter):
    """The number of a row in its one spelling, and not longer than every database takes."""

    regex = "[1-9][0-9]{0,17}"

    def to_python(self, value: str) -> int:
        return int(value)


class TokenConverter(BaseConverter):
    """The signed token of a mailed link, without what got stuck to it or into it on the way."""

    regex = r"(?s:.+)"
    part_isolating = False
    shape = _SIGNED

    def to_python(self, value: str) -> str:
        return bare_token(value, self.shape)


class SecretConverter(TokenConverter):
    """The same for the token of a one-time link."""

    regex = TokenConverter.regex
    part_isolating = False
    shape = _SECRET


CONVERTERS: Final = {
    "lang": LanguageConverter,
    "slug": SlugConverter,
    "id": IdConverter,
    "token": TokenConverter,
    "secret": SecretConverter,
}
"""By the names that rules call them by."""


def bare_token(text: str, shape: re.Pattern[str] = _SIGNED) -> str:
    """The token without what can be no part of one; the text as it came where it holds none.

    Nothing is guessed. A letter, digit, dash or underscore too many stays where it is, and the
    signature is checked to the last bit as ever.
    """
    visible = "".join(char for char in text if unicodedata.category(char) != "Cf")
    joined = _SOFT_BREAK.sub("", _ESCAPED.sub(lambda found: chr(int(found[1], 16)), visible))
    found = shape.match(_BEFORE.sub("", joined, count=1) if _BEFORE.match(joined) else joined)
    return "".join(found[0].split()) if found else text


class PercentEncodedRequest(Request):
    """A request whose query holds plain letters only, whichever server took it.

    Bytes that no address holds as they are (raw UTF-8) are written with percent signs.
    """

    def __init__(self, environ: dict[str, Any], *args: Any, **options: Any) -> None:
        raw = environ.get("QUERY_STRING", "").encode("latin-1", "replace")
        environ["QUERY_STRING"] = quote(raw, safe=_QUERY)
        super().__init__(environ, *args, **options)


def query() -> str:
    """The request's query behind its question mark; empty where there is none."""
    raw = request.query_string.decode("ascii")
    return f"?{raw}" if raw else ""


def first_parts(app: Flask) -> frozenset[str]:
    """The first parts of all addresses that are served: no campaign can be found there."""
    parts = (rule.rule.split("/")[1] for rule in app.url_map.iter_rules())
    return frozenset(part for part in parts if part and "<" not in part)


def place_in(name: str) -> int | None:
    """The id that a list goes on from; None where the address names none. Raises NotFound."""
    text = request.args.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 19 and int(text)):
        raise NotFound
    return int(text)
