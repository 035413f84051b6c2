"""Which names the page of moderation is asked for, and what its last form did: its query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlencode

from flask import request

from petition import i18n
from petition.domain.signatures.moderation import VERDICTS, NameFilter
from petition.errors import NotFound
from petition.services.signatures.moderation import PAGE
from petition.web.http.locale import language
from petition.web.http.url_converters import place_in

_COMMENT: Final[Mapping[str, bool | None]] = {"": None, "comments": True, "names": False}


@dataclass(frozen=True, kw_only=True)
class AskedNames:
    """A list, and which names of it."""

    verdict: str = ""
    """Empty: those that wait."""
    only: str = ""
    """Of those that wait: `comments` or `names`, which are those without a comment."""
    language: str = ""
    country: str = ""
    after: int = 0
    before: int | None = None

    @classmethod
    def read(cls) -> Self:
        """What the address says. Raises NotFound for what there is not."""
        args = request.args
        found = cls(
            verdict=args.get("verdict", ""),
            only=args.get("only", ""),
            language=args.get("language", ""),
            country=args.get("country", ""),
            after=place_in("after") or 0,
            before=place_in("before"),
        )
        if (
            found.verdict not in {"", *VERDICTS}
            or found.only not in _COMMENT
            or found.language not in {"", *i18n.codes()}
            or found.country not in {"", *dict(language().countries())}
        ):
            raise NotFound
        return found

    @property
    def names(self) -> NameFilter:
        return NameFilter(
            language=self.language or None,
            country=self.country or None,
            has_comment=None if self.verdict else _COMMENT[self.only],
        )

    @property
    def narrowed(self) -> bool:
        """Whether the form of the filter asked for some only."""
        return bool(self.language or self.country or (self.only and not self.verdict))

    def query(self, **changes: object) -> str:
        """The same list with something else in it; what is empty is left out."""
        asked = {**self.__dict__, **changes}
        return urlencode({name: value for name, value in asked.items() if value})

    def tab(self, *, verdict: str = "", only: str = "") -> str:
        """Another list of the same languages and countries, from its beginning."""
        return self.query(verdict=verdict, only=only, after=0, before=None)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a form did that could not do all, or that undid something."""

    changed: int = 0
    """Names that are not any more what was read."""
    others: tuple[int, ...] = ()
    """Signatures that somebody else decided about meanwhile, or reads."""
    undone: int = 0
    left: int = 0
    """What could not be undone, for it has changed since."""
    nothing: int = 0
    """1: there was nothing to undo."""

    @classmethod
    def read(cls) -> Self:
        others = request.args.get("others", "").split(".")
        return cls(
            changed=place_in("changed") or 0,
            others=tuple(int(id_) for id_ in others if _is_id(id_))[:PAGE],
            undone=place_in("undone") or 0,
            left=place_in("left") or 0,
            nothing=place_in("nothing") or 0,
        )

    @property
    def query(self) -> dict[str, object]:
        return {**self.__dict__, "others": ".".join(map(str, self.others))}


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < len(text) < 19
