"""Bodies: JSON from a program, as the struct that it must be, or a refusal that says where."""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar

import msgspec
from flask import request

from petition import structs
from petition.web.api.operations import Parameter
from petition.web.api.refusals import Refusal
from petition.web.http.locale import _
from petition.web.http.problems import FieldProblem, ProblemKind

B = TypeVar("B", bound=msgspec.Struct)  # Python 3.11 has no other way to say it

JSON: Final = "application/json"
_PLACED: Final = re.compile(r"(.*?)(?: - at `\$(.*)`)?", re.DOTALL)
"""What msgspec says, and where."""
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(.*)`")
_PART: Final = re.compile(r"\.(\w+)|\[(\d+)\]")


def body(of: type[B]) -> B:
    """The body of this request. Raises Refusal."""
    if request.mimetype != JSON:
        raise Refusal(ProblemKind.NOT_JSON)
    try:
        return structs.decode(request.get_data(), of)
    except msgspec.ValidationError as error:
        raise Refusal(ProblemKind.WRONG_FIELDS, _told(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refusal(ProblemKind.NOT_READ) from None


def parameter(asked: Parameter, default: Any) -> Any:
    """What the query says there; `default` where it says nothing. Raises Refusal."""
    text = request.args.get(asked.name)
    if text is None:
        return default
    try:
        return structs.convert(text, asked.type, strict=not asked.is_number)
    except msgspec.ValidationError as error:
        problem = FieldProblem(detail=_words(str(error)), parameter=asked.name)
        raise Refusal(ProblemKind.WRONG_FIELDS, problem) from None


def _told(message: str) -> FieldProblem:
    placed = _PLACED.fullmatch(message)
    said, place = (placed[1], placed[2] or "") if placed else (message, "")
    pointer = "".join(f"/{name or number}" for name, number in _PART.findall(place))
    for named in (_UNKNOWN, _MISSING):
        found = named.fullmatch(said)
        if found:
            pointer += f"/{escaped(found[1])}"
    return FieldProblem(detail=_words(said), pointer=pointer)


def escaped(name: str) -> str:
    """A name as a JSON pointer writes it."""
    return name.replace("~", "~0").replace("/", "~1")


def _words(said: str) -> str:
    """What msgspec says, in the language of the request."""
    if _UNKNOWN.fullmatch(said):
        return _("There is no field of this name.")
    if _MISSING.fullmatch(said):
        return _("Please fill this in.")
    if " of length <= " in said:
        return _("This is too long.")
    return _("This is written in a way that we cannot read.")
