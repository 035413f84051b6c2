"""Form warnings: what the form asks about once: a typo, or details that identify somebody.

Beside it, whether the trap for robots is shown: to whom it was filled in once, from then on.
"""

from __future__ import annotations

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
    likely, seen = _likely_address(form), _seen(form) if at_risk else ()
    about_email = _mark(form.text("email"), likely) if likely else ""
    about_comment = _mark(*(each.text for each in seen)) if seen else ""
    trap = bool(form.subject.errors) or TRAP in before
    marks = (about_email, about_comment, TRAP if trap else "")
    return Hints(
        email=form.offered or (None if about_email in before else likely),
        comment=() if about_comment in before else seen,
        trap=trap,
        noticed=" ".join(mark for mark in marks if mark),
    )


def _likely_address(form: SignForm) -> str | None:
    if form.address is None or form.email.errors:
        return None
    domain = likely_domain(form.address.ascii_domain)
    return f"{form.address.local_part}@{domain}" if domain else None


def _seen(form: SignForm) -> tuple[Finding, ...]:
    return () if form.comment.errors else seen_in(form.text("comment"))


def _mark(*texts: str) -> str:
    return sha256("\n".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
