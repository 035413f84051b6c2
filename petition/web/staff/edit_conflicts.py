"""Two people at one thing: the second one's form says what the first one changed meanwhile.

A page whose thing others may change sends along, in hidden fields, what it showed of it
(`staff/_edit_conflict.html`). Where that is no longer so, nothing is changed: the page comes back
with what is new and what is gone, with what was typed, and the same button does it then.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from wtforms import SelectMultipleField

from petition.web.signing.fields import PostedForm


@dataclass(frozen=True, kw_only=True)
class EditConflict:
    """What somebody else changed, in the words of the page."""

    added: tuple[str, ...]
    gone: tuple[str, ...]


class SharedForm(PostedForm):
    """A form about something that somebody else may change while it is open."""

    seen = SelectMultipleField(validate_choice=False)
    """What the page showed: first an empty line, so that nothing is something as well."""

    def conflict(self, now: Iterable[str]) -> EditConflict | None:
        """What is not as it was shown; None where all is, or where nothing tells what was."""
        if not self.seen.data:
            return None
        seen, stands = {*filter(None, self.seen.data)}, {*now}
        if seen == stands:
            return None
        return EditConflict(added=tuple(sorted(stands - seen)), gone=tuple(sorted(seen - stands)))

    def overlooked(self, now: Iterable[str]) -> EditConflict | None:
        """The same where only what is new matters: some things go by themselves."""
        conflict = self.conflict(now)
        return conflict if conflict is not None and conflict.added else None
