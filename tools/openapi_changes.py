"""`python -m tools.openapi_changes`: write docs/openapi-v1.json, unless a program would break.

The committed file is what programs were told. A test compares it with what the code says, and this
refuses to write what takes something away from them: that is a new version, at `/api/v2`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from petition.app import create_app
from petition.config import load

RELEASED: Final = Path(__file__).parents[1] / "docs" / "openapi-v1.json"
_SHORTER: Final = ("maxLength", "maxItems", "maximum")
_LONGER: Final = ("minLength", "minItems", "minimum")

Json = Any


def breaking(old: Json, new: Json) -> list[str]:
    """What a program that goes by the old document could trip over in the new one."""
    return list(_breaking(old, new))


def _breaking(old: Json, new: Json) -> Iterator[str]:
    taken, given = _uses(old)
    for path, methods in old["paths"].items():
        for method, operation in methods.items():
            now = new["paths"].get(path, {}).get(method)
            if now is None:
                yield f"{method} {path} is gone"
            else:
                yield from (f"{method} {path}: {each}" for each in _operation(operation, now))
    schemas = new["components"]["schemas"]
    for name, schema in old["components"]["schemas"].items():
        if name not in schemas:
            yield f"{name} is gone"
            continue
        if name in given:
            yield from (f"{name}, answered: {each}" for each in _given(schema, schemas[name]))
        if name in taken:
            yield from (f"{name}, sent: {each}" for each in _taken(schema, schemas[name]))


def _operation(old: Json, new: Json) -> Iterator[str]:
    if old["operationId"] != new["operationId"]:
        yield "another name"
    if new["security"] and not old["security"]:
        yield "it takes a token"
    for status, answer in old["responses"].items():
        now = new["responses"].get(status)
        if now is None:
            yield f"no answer {status}"
        elif answer.get("content", {}) != now.get("content", {}):
            yield f"{status} answers something else"
    if old.get("requestBody") != new.get("requestBody"):
        yield "it takes another body"
    yield from _parameters(old["parameters"], new["parameters"])


def _parameters(old: Json, new: Json) -> Iterator[str]:
    now = {(each["in"], each["name"]): each for each in new}
    before = {(each["in"], each["name"]): each for each in old}
    for key, each in before.items():
        if key not in now:
            yield f"no parameter {key[1]}"
        else:
            yield from (f"{key[1]}: {what}" for what in _taken(each["schema"], now[key]["schema"]))
    for key, each in now.items():
        if each["required"] and not before.get(key, {}).get("required"):
            yield f"{key[1]} must be there"


def _given(old: Json, new: Json) -> Iterator[str]:
    """What is answered may have fields more, and no value that nobody knew."""
    yield from _type(old, new)
    if set(new.get("enum", ())) - set(old.get("enum", ())):
        yield "a value that nobody knows"
    for name, schema in old.get("properties", {}).items():
        now = new.get("properties", {}).get(name)
        if now is None:
            yield f"no field {name}"
        else:
            yield from (f"{name}: {each}" for each in _given(schema, now))
    for name in set(old.get("required", ())) - set(new.get("required", ())):
        yield f"{name} may be missing"


def _taken(old: Json, new: Json) -> Iterator[str]:
    """What is sent may have fields more, and must have none."""
    yield from _type(old, new)
    if set(old.get("enum", ())) - set(new.get("enum", ())):
        yield "a value less"
    for limit in _SHORTER:
        if limit in new and new[limit] < old.get(limit, float("inf")):
            yield f"{limit} is less"
    for limit in _LONGER:
        if limit in new and new[limit] > old.get(limit, float("-inf")):
            yield f"{limit} is more"
    if "pattern" in new and new["pattern"] != old.get("pattern"):
        yield "another pattern"
    for name, schema in old.get("properties", {}).items():
        now = new.get("properties", {}).get(name)
        if now is None:
            yield f"no field {name}"
        else:
            yield from (f"{name}: {each}" for each in _taken(schema, now))
    for name in set(new.get("required", ())) - set(old.get("required", ())):
        yield f"{name} must be there"


def _type(old: Json, new: Json) -> Iterator[str]:
    for name in ("type", "$ref", "items", "anyOf", "format"):
        if old.get(name) != new.get(name):
            yield f"another {name}"


def _uses(document: Json) -> tuple[set[str], set[str]]:
    """The names of the schemas that are sent, and of those that are answered."""
    schemas = document["components"]["schemas"]
    taken: set[str] = set()
    given: set[str] = set()
    for methods in document["paths"].values():
        for operation in methods.values():
            _follow(operation.get("requestBody", {}), schemas, taken)
            _follow(operation["responses"], schemas, given)
    return taken, given


def _follow(part: Json, schemas: Json, found: set[str]) -> None:
    """Each schema that this part of the document refers to, by whatever way."""
    if isinstance(part, dict):
        name = str(part.get("$ref", "")).rpartition("/")[2]
        if name in schemas and name not in found:
            found.add(name)
            _follow(schemas[name], schemas, found)
        for each in part.values():
            _follow(each, schemas, found)
    elif isinstance(part, list):
        for each in part:
            _follow(each, schemas, found)


def served() -> str:
    """The document as this version of the code serves it."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(load({"PETITION_INSTANCE": folder}))
        return app.test_client().get("/api/v1/openapi.json").get_data(as_text=True)


def main() -> None:
    now = served()
    if RELEASED.is_file():
        found = breaking(json.loads(RELEASED.read_text(encoding="utf-8")), json.loads(now))
        if found:
            sys.exit("\n".join(["this would break programs:", *found]))
    RELEASED.write_text(f"{now}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
