"""Own mailbox: links that open a message in a supporter's own mail program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

LONGEST: Final = 1900
"""Bytes of a link; longer ones are cut off by some program on the way."""
PROTON: Final = "https://mail.proton.me/"
"""Opens the inbox: it has no address that begins an email."""


@dataclass(frozen=True, kw_only=True)
class OwnMailbox:
    """The links for one message."""

    to: tuple[str, ...]
    mailto: str
    gmail: str
    outlook: str
    yahoo: str
    has_body: bool
    """False where the links carry the subject only: the text is to be copied."""
    proton: str = PROTON


def links(to: Sequence[str], subject: str, body: str) -> OwnMailbox:
    """Links with the whole text if each of them is short enough, else with the subject."""
    found = _links(tuple(to), subject, body)
    every = (found.mailto, found.gmail, found.outlook, found.yahoo)
    return found if max(map(len, every)) <= LONGEST else _links(tuple(to), subject, "")


def _links(to: tuple[str, ...], subject: str, body: str) -> OwnMailbox:
    people = ",".join(to)

    def compose(address: str, people_: str, subject_: str, body_: str, **more: str) -> str:
        named = {people_: people, subject_: subject, body_: body}
        fields = more | {name: value for name, value in named.items() if value}
        return f"{address}?{urlencode(fields, quote_via=quote)}"

    lines = body.replace("\n", "\r\n")  # RFC 6068
    parts = [f"subject={quote(subject, safe='')}"]
    if body:
        parts.append(f"body={quote(lines, safe='')}")
    return OwnMailbox(
        to=to,
        mailto=f"mailto:{quote(people, safe='@,')}?{'&'.join(parts)}",
        gmail=compose("https://mail.google.com/mail/", "to", "su", "body", view="cm", fs="1"),
        outlook=compose(
            "https://outlook.office.com/mail/deeplink/compose", "to", "subject", "body"
        ),
        yahoo=compose("https://compose.mail.yahoo.com/", "to", "subject", "body"),
        has_body=bool(body),
    )
