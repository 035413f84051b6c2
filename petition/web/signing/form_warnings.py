"""Form warnings: what the form asks about once: a typo, or details that identify somebody.

Beside it, whether the trap for robots is shown: to whom it was filled in once, from then on.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from petition.domain.signatures.email_typos import likely_domain
from petition.domain.signatures.identifying_details import Finding, seen_in
from petition.web.signing.forms import SignForm

TRAP: Final = "trap"
"""The mark of a form whose trap was filled in."""


@dataclass(frozen=True, kw_only=True)
class Hints:
    """What to ask about now; empty where there is nothing, or it was asked about before."""

    email: str | None = None
    """The address that was probably meant."""
    comment: tuple[Finding, ...] = ()
    trap: bool = False
    """True when the trap is to be seen; nothing to ask about."""
    noticed: str = ""
    """Marks of what was asked about: they come back with the form, and the same passes then."""

    @property
    def questions(self) -> int:
        """How many things to ask about."""
        return (self.email is not None) + (self.comment != ())


def hints_for(form: SignForm, *, at_risk: bool) -> Hints:
    """Look at a form that was sent in. What its errors are about is not asked about as well.

    But an address that is none is offered with its error, as often as it comes. What identifies
    somebody in a comment is asked about where people are `at_risk` for having signed.
    """
    before = form.carried["noticed"].split()
    likely = _likely_address(form)
    asks_comment = at_risk and not form.comment.errors
    seen, about_comment = look_at(form.text("comment") if asks_comment else "", before)
    about_email = _mark(form.text("email"), likely) if likely else ""
    trap = bool(form.subject.errors) or TRAP in before
    marks = (about_email, about_comment, TRAP if trap else "")
    return Hints(
        email=form.offered or (None if about_email in before else likely),
        comment=seen,
        trap=trap,
        noticed=" ".join(mark for mark in marks if mark),
    )


def _likely_address(form: SignForm) -> str | None:
    if form.address is None or form.email.errors:
        return None
    domain = likely_domain(form.address.ascii_domain)
    return f"{form.address.local_part}@{domain}" if domain else None


def look_at(comment: str, before: Container[str]) -> tuple[tuple[Finding, ...], str]:
    """What to ask about in a comment, and the mark of it; nothing where that was asked `before`."""
    seen = seen_in(comment)
    mark = _mark(*(each.text for each in seen)) if seen else ""
    return (() if mark in before else seen), mark


def _mark(*texts: str) -> str:
    return sha256("\n".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
