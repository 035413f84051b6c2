"""Templates in the language of the request."""

from __future__ import annotations

from petition.web.http.dependencies import deps
from petition.web.http.locale import language


def page(template: str, **context: object) -> str:
    """A page in the language of the request."""
    return deps().render(template, language(), **context)
