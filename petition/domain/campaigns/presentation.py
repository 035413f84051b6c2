"""Presentation: the name, colour, picture and logo that a campaign brings along, and its risk."""

from __future__ import annotations

import msgspec

from petition.domain.messages.message import MessageSettings


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """An SVG that was checked when its campaign was loaded; kept as JSON."""

    svg: str
    width: float
    height: float
    """Of its viewBox: a page keeps the place free before the drawing is there."""


class Presentation(msgspec.Struct, frozen=True, kw_only=True):
    """What is the same in every language; kept as JSON, so a field that is added has a default."""

    organiser: str = ""
    """A name, whatever the language; empty: the server's own."""
    at_risk: bool = True
    """True when whoever signs may be watched for it: the pages then say how to take care."""
    accent: str = ""
    """`#rrggbb`, of buttons, links and bands; empty: the server's own colours."""
    picture: Drawing | None = None
    """Beside the ask."""
    logo: Drawing | None = None
    """Beside the organiser's name."""
    message: MessageSettings = MessageSettings()
    """Whether and how its supporters write to the targets."""
