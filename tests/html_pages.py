"""What a page shows to whoever uses it: its links, its forms, and the names of its parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

Fields = dict[str, list[str]]

NAMED: Final = frozenset(
    {"a", "button", "summary", "legend", "label", "option", "caption", "th", "dt", "strong"}
    | {f"h{level}" for level in range(1, 7)}
)
"""Elements whose text somebody could be told to look for."""


@dataclass(frozen=True)
class Field:
    """One field of a form, as it comes."""

    name: str
    kind: str
    """`text`, `hidden`, `checkbox`, `radio`, `select`, `button`, …"""
    value: str
    chosen: bool = True
    """Whether it is sent when nobody touches it."""


Fill = Callable[[Field], str | None]
"""What is sent for a field; None: nothing."""
ONE_OF_MANY: Final = frozenset({"radio", "select"})
CHOICES: Final = ONE_OF_MANY | {"checkbox"}


@dataclass
class Form:
    """A form, with all that it can send."""

    method: str
    action: str
    fields: list[Field] = field(default_factory=list)

    @property
    def buttons(self) -> list[Field]:
        return [each for each in self.fields if each.kind == "button" and each.name]

    @property
    def name(self) -> str:
        """The same for the same form on another page or with other values."""
        return " ".join([self.method, *sorted({each.name for each in self.fields})])

    def emptied(self, button: Field | None) -> Fields:
        """With nothing in it but what nobody sees."""
        return self._sent(button, lambda _: "", lambda _: None)

    def typed(self, button: Field | None) -> Fields:
        """With the least that fits in each field, and with what is ticked already."""
        return self._sent(button, _least, lambda each: each.value if each.chosen else None)

    def filled(self, button: Field | None) -> Fields:
        """The same with everything ticked."""
        return self._sent(button, _least, lambda each: each.value)

    def _sent(self, button: Field | None, typed: Fill, chosen: Fill) -> Fields:
        sent: Fields = {}
        for each in self.fields:
            if each.kind == "button" or (each.kind in ONE_OF_MANY and each.name in sent):
                continue
            if each.kind == "hidden":
                value: str | None = each.value
            else:
                value = (chosen if each.kind in CHOICES else typed)(each)
            if value is not None:
                sent.setdefault(each.name, []).append(value)
        if button is not None:
            sent[button.name] = [button.value]
        return sent


_LEAST: Final = {
    "email": "somebody.new@example.org",
    "date": "2026-11-02",
    "day": "2026-11-02",
    "hours": "1",
    "factor": "2",
    "network": "203.0.113.0/24",
    "domain": "depot.example.org",
    "number": "1",
}
"""By the name of a field, or by its kind: what is taken there."""


def _least(each: Field) -> str:
    return _LEAST.get(each.name) or _LEAST.get(each.kind) or "x"


class Page(HTMLParser):
    """One page, read."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.names: set[str] = set()
        self.text = ""
        self._open: list[tuple[str, list[str]]] = []
        self._form: Form | None = None
        self._select = ""
        self._silent = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        have = {name: value or "" for name, value in attrs}
        if tag in {"script", "style", "noscript"}:
            self._silent += 1
        if tag == "a" and "href" in have:
            self.links.append(have["href"])
        if have.get("aria-label"):
            self.names.add(have["aria-label"])
        if tag == "form":
            self._form = Form(have.get("method", "get").upper(), have.get("action", ""))
            self.forms.append(self._form)
        elif self._form is not None:
            self._add_field(self._form, tag, have)
        if tag in NAMED:
            self._open.append((tag, []))

    def _add_field(self, form: Form, tag: str, have: dict[str, str]) -> None:
        name, value = have.get("name", ""), have.get("value", "")
        if tag == "input" and name:
            kind = have.get("type", "text")
            chosen = kind not in {"checkbox", "radio"} or "checked" in have
            form.fields.append(Field(name, kind, value, chosen))
        elif tag == "textarea" and name:
            form.fields.append(Field(name, "text", ""))
        elif tag == "button" and have.get("type", "submit") == "submit":
            form.fields.append(Field(name, "button", value))
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            form.fields.append(Field(self._select, "select", value, "selected" in have))

    def handle_endtag(self, tag: str) -> None:
        if tag in {"script", "style", "noscript"}:
            self._silent -= 1
        if tag == "form":
            self._form = None
        if tag == "select":
            self._select = ""
        if tag in NAMED and any(open_tag == tag for open_tag, _ in self._open):
            while self._open:
                name, words = self._open.pop()
                if name == tag:
                    self.names.add(" ".join("".join(words).split()))
                    break

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        self.text += data
        for _, words in self._open:
            words.append(data)
