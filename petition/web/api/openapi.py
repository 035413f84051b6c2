"""The API's document, OpenAPI 3.1: made from the addresses, their operations and the structs.

Nothing of it is written twice, so it cannot say what the code does not do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from flask import Flask
from werkzeug.routing import Rule

from petition.web.api.operations import Operation, Parameter
from petition.web.http.problems import MEDIA_TYPE, STATUSES, Problem, ProblemKind

VERSION: Final = "1.0.0"
JSON: Final = "application/json"
_PART: Final = re.compile(r"<(?:\w+:)?(\w+)>")
_REFERENCE: Final = "#/components/schemas/{name}"
_TOKEN: Final = "token"  # noqa: S105  # a name
_ABOUT: Final = """\
Public numbers and texts, signing, and for who has a token, signatures.

Everything is JSON, in UTF-8; times are UTC. What goes wrong is a problem by RFC 9457, in the \
language that `lang` or Accept-Language asks for. A field that is added to an answer is no new \
version: leave those that you do not know alone.\
"""
_KINDS: Final = {
    "slug": "The campaign's name in addresses.",
    "language": "A language that the campaign is written in.",
}
_PROBLEMS: Final = {
    ProblemKind.NOT_READ: "The body is no JSON.",
    ProblemKind.NO_TOKEN: "There is no token, or it is none of ours, revoked or past its end.",
    ProblemKind.NOT_ALLOWED: "A page of another site sent this, or the token does not open this.",
    ProblemKind.NO_PARTNER: "No partner of the campaign has this key, or the partner is blocked or "
    "has not accepted its arrangement.",
    ProblemKind.NOT_FOUND: "There is no such campaign, or it is not written in that language.",
    ProblemKind.CLOSED: "The campaign takes no signatures now.",
    ProblemKind.RUNNING: "The first request with this Idempotency-Key has no answer yet.",
    ProblemKind.TOO_LARGE: "The body is longer than 64 KiB.",
    ProblemKind.NOT_JSON: "The body is not sent as application/json.",
    ProblemKind.WRONG_FIELDS: "Something is missing or wrong; `errors` say where.",
    ProblemKind.PLEASE_CHECK: "Probably a slip, or a comment that shows who somebody is. Show "
    "it to the person; to go on as it is, send `noticed` along.",
    ProblemKind.OLD_TEXT: "An answer was given to words that are not asked any more. Fetch the "
    "texts again and ask again.",
    ProblemKind.OLD_TICKET: "The ticket is too old, or none of ours.",
    ProblemKind.KEY_USED: "Another body came with this Idempotency-Key in the last 24 hours.",
    ProblemKind.TOO_MANY: "Too much came from one network, or with one token. Retry-After says "
    "when to go on.",
    ProblemKind.UNAVAILABLE: "The database does not answer. Nothing was half-written.",
}


@dataclass(frozen=True, kw_only=True)
class Documented:
    """One operation and where it is."""

    method: str
    path: str
    """As the document writes it: `/api/v1/campaigns/{slug}`."""
    parts: tuple[str, ...]
    """What stands in braces."""
    operation: Operation


def operations(app: Flask) -> list[Documented]:
    """Every operation of the API, by address."""
    return sorted(_operations(app), key=lambda each: (each.path, each.method))


def _operations(app: Flask) -> Iterator[Documented]:
    for rule in app.url_map.iter_rules():
        found = getattr(app.view_functions[rule.endpoint], "operation", None)
        if found is not None:
            yield Documented(
                method=_method(rule),
                path=_PART.sub(r"{\1}", rule.rule),
                parts=tuple(_PART.findall(rule.rule)),
                operation=found,
            )


def _method(rule: Rule) -> str:
    (method,) = (rule.methods or set()) - {"HEAD", "OPTIONS"}
    return method.lower()


def document(app: Flask) -> dict[str, Any]:
    """The whole document, as JSON has it."""
    found = operations(app)
    types = list(_types(found))
    schemas, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    references = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for each in found:
        paths.setdefault(each.path, {})[each.method] = _operation(each, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Petition",
            "version": VERSION,
            "description": _ABOUT,
            "license": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        },
        "servers": [{"url": "/", "description": "This host."}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {
                _TOKEN: {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token `ptk_…`, which the host makes for a program.",
                }
            },
        },
    }


def _types(found: Iterable[Documented]) -> Iterator[Any]:
    """Each struct once, in the order of the addresses."""
    seen: dict[Any, None] = {Problem: None}
    for each in found:
        parameters = (parameter.type for parameter in each.operation.parameters)
        for kind in (each.operation.answer, each.operation.body, *parameters):
            if kind is not None:
                seen[kind] = None
    return iter(seen)


def _operation(each: Documented, references: dict[Any, Any]) -> dict[str, Any]:
    told = each.operation
    words: dict[str, Any] = {
        "operationId": told.id,
        "summary": told.summary,
        "description": told.description,
        "parameters": [
            *(_part(part) for part in each.parts),
            *(_parameter(parameter, references) for parameter in told.parameters),
        ],
        "responses": {str(status): _answer(told, status, references) for status in told.statuses},
        "security": [{_TOKEN: []}] if told.needs_token else [],
    }
    if told.body is not None:
        words["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": references[told.body]}},
        }
    return words


def _part(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": _KINDS[name],
        "schema": {"type": "string"},
    }


def _parameter(parameter: Parameter, references: dict[Any, Any]) -> dict[str, Any]:
    deprecated = {"deprecated": True} if parameter.is_deprecated else {}
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": False,
        "description": parameter.description,
        "schema": references[parameter.type],
        **deprecated,
    }


def _answer(told: Operation, status: int, references: dict[Any, Any]) -> dict[str, Any]:
    if status == 304:
        return {"description": "It is as it was.", "headers": {"ETag": _header("The same.")}}
    if status == told.status:
        answer: dict[str, Any] = {"description": "As asked."}
        schema = references[told.answer] if told.answer is not None else {"type": "object"}
        answer["content"] = {JSON: {"schema": schema}}
        if told.needs_token:
            answer["headers"] = dict(_LIMITS)
        if told.is_cacheable:
            answer["headers"] = {
                "ETag": _header("Send it as If-None-Match the next time."),
                "Cache-Control": _header("For how long it may be kept, by a CDN too."),
            }
        return answer
    kinds = [kind for kind in told.all_problems if STATUSES[kind] == status]
    problem: dict[str, Any] = {
        "description": " ".join(f"`{kind}`: {_PROBLEMS[kind]}" for kind in kinds),
        "content": {MEDIA_TYPE: {"schema": references[Problem]}},
    }
    if status in {429, 503} or ProblemKind.RUNNING in kinds:
        problem["headers"] = {"Retry-After": _header("Seconds to wait.", kind="integer")}
    if status == 429:
        problem["headers"] |= _LIMITS
    return problem


def _header(description: str, kind: str = "string") -> dict[str, Any]:
    return {"description": description, "schema": {"type": kind}}


_LIMITS: Final = {
    "RateLimit": _header("What is left, and when there is more."),
    "RateLimit-Policy": _header("How many in how many seconds."),
}


def problems() -> dict[str, tuple[int, str]]:
    """Each kind of problem that operations answer: its status, and when."""
    return {kind: (STATUSES[kind], words) for kind, words in _PROBLEMS.items()}
