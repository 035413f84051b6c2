"""The API's document as HTML: each operation, each struct and each problem with an anchor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from markupsafe import Markup, escape

from petition.web.api.openapi import JSON, problems

Json = dict[str, Any]


def html(document: Json, title: str) -> Markup:
    """All of it, in English as the document is."""
    return Markup("\n").join(_parts(document, title))


def _parts(document: Json, title: str) -> Iterator[Markup]:
    info = document["info"]
    yield Markup("<h1>{}</h1>").format(title)
    yield from map(_paragraph, info["description"].split("\n\n"))
    link = Markup('<a href="/api/v1/openapi.json">openapi.json</a>')
    yield Markup("<p>Version {}, for programs: {} (OpenAPI {}).</p>").format(
        info["version"], link, document["openapi"]
    )
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield from _operation(f"{method.upper()} {path}", operation)
    yield _heading(2, "schemas", "What is sent and answered")
    for name, schema in document["components"]["schemas"].items():
        yield from _schema(name, schema)
    yield _heading(2, "problems", "Problems")
    yield _paragraph("The type of each leads here.")
    for kind, (status, words) in problems().items():
        yield _heading(3, kind, f"{status} {kind}")
        yield _paragraph(words)


def _operation(address: str, operation: Json) -> Iterator[Markup]:
    yield _heading(2, operation["operationId"], operation["summary"])
    yield Markup("<p><code>{}</code></p>").format(address)
    yield _paragraph(operation["description"])
    if operation["security"]:
        yield _paragraph("It takes a token.")
    if operation["parameters"]:
        yield _paragraph("What its address and its headers say:")
        yield _list(
            _item(each["name"], f"{each['in']}, {kind_of(each['schema'])}", each["description"])
            for each in operation["parameters"]
        )
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"][JSON]["schema"]
        yield Markup("<p>It takes {}.</p>").format(_link(schema))
    yield _paragraph("Answers:")
    yield _list(
        Markup("<code>{}</code>: {}{}").format(
            status, _words(answer["description"]), _links(answer)
        )
        for status, answer in operation["responses"].items()
    )


def _schema(name: str, schema: Json) -> Iterator[Markup]:
    yield _heading(3, name, name)
    yield _paragraph(schema.get("description", ""))
    if "enum" in schema:
        yield _paragraph(kind_of(schema))
    required = schema.get("required", ())
    fields = schema.get("properties", {}).items()
    if fields:
        yield _list(
            _item(
                field,
                kind_of(kind) + ("" if field in required else ", may be left out"),
                kind.get("description", ""),
            )
            for field, kind in fields
        )


def kind_of(schema: Json) -> str:
    """What a value of this schema is, in a few words."""
    if "$ref" in schema:
        return _name(schema)
    if "anyOf" in schema:
        return " or ".join(kind_of(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"“{value}”" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {kind_of(schema['items'])}"
    return str(schema.get("format") or schema.get("type") or "anything")


def _name(schema: Json) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _link(schema: Json) -> Markup:
    name = _name(schema)
    return Markup('<a href="#{}">{}</a>').format(name, name)


def _links(answer: Json) -> Markup:
    schemas = [content["schema"] for content in answer.get("content", {}).values()]
    return Markup("").join(Markup(" {}").format(_link(each)) for each in schemas if "$ref" in each)


def _heading(level: int, anchor: str, words: str) -> Markup:
    return Markup('<h{} id="{}">{}</h{}>').format(level, anchor, words, level)


def _paragraph(words: str) -> Markup:
    return Markup("<p>{}</p>").format(_words(words))


def _words(text: str) -> Markup:
    """What stands between backticks is code, as in Markdown."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part)
        for number, part in enumerate(parts)
    )


def _list(items: Iterable[Markup]) -> Markup:
    return Markup("<ul>{}</ul>").format(
        Markup("").join(Markup("<li>{}</li>").format(each) for each in items)
    )


def _item(name: str, kind: str, words: str) -> Markup:
    said = f": {words}" if words else ""
    return Markup("<code>{}</code> ({}){}").format(name, kind, _words(said))
