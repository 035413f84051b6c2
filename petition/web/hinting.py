"""What the sign form asks about once before it goes through: a slip, or traces in the comment."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from petition.domain.hints import likely_domain
from petition.domain.traces import Seen, seen_in
from petition.web.forms import SignForm


@dataclass(frozen=True, kw_only=True)
class Hints:
    """What to ask about now; empty where there is nothing, or it was asked about before."""

    email: str | None = None
    """The address that was probably meant."""
    comment: tuple[Seen, ...] = ()
    noticed: str = ""
    """Marks of what was asked about: they come back with the form, and the same passes then."""

    def __len__(self) -> int:
        """How many things to ask about."""
        return bool(self.email) + bool(self.comment)


def hints_for(form: SignForm) -> Hints:
    """Look at a form that was sent in. What its errors are about is not asked about as well."""
    before = form.text("noticed").split()
    likely, seen = _likely_address(form), _seen(form)
    about_email = _mark(form.text("email"), likely) if likely else ""
    about_comment = _mark(*(each.text for each in seen)) if seen else ""
    return Hints(
        email=None if about_email in before else likely,
        comment=() if about_comment in before else seen,
        noticed=f"{about_email} {about_comment}".strip(),
    )


def _likely_address(form: SignForm) -> str | None:
    if form.address is None or form.email.errors:
        return None
    domain = likely_domain(form.address.ascii_domain)
    return f"{form.address.local_part}@{domain}" if domain else None


def _seen(form: SignForm) -> tuple[Seen, ...]:
    return () if form.comment.errors else seen_in(form.text("comment"))


def _mark(*texts: str) -> str:
    return sha256("\n".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
