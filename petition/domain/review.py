"""A review's verdicts: what staff may decide about a public name and comment."""

from __future__ import annotations

from typing import Final

SHOWN: Final = "shown"
"""Name, country and comment are on the page."""
NAME_ONLY: Final = "name_only"
"""Name and country are; the comment is not."""
REFUSED: Final = "refused"
"""Nothing is. The signature counts all the same."""

VERDICTS: Final = (SHOWN, NAME_ONLY, REFUSED)
IN_PUBLIC: Final = (SHOWN, NAME_ONLY)
