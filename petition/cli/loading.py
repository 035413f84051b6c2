"""What loading a campaign's files changes, in words for who runs the command."""

from __future__ import annotations

from babel import Locale

from petition.domain.campaigns.loading import DOMAINS, WORDS, Change

_ITEMS = {
    "goal": "the goal",
    "default_language": "the default language",
    "targets": "whom it addresses",
    "presentation": "its organiser, colour, drawings, and whether people are at risk",
    DOMAINS: "the target's mail domains: more of them",
}


def change_in_words(change: Change) -> str:
    """As in: the words in German (story, title), which you loaded yourself."""
    what = _ITEMS.get(change.item, change.item)
    if change.item.startswith(WORDS):
        code = change.item.removeprefix(WORDS)
        what = f"the words in {Locale('en').languages.get(code, code)} ({', '.join(change.parts)})"
    return f"{what}, which you loaded yourself" if change.is_staffs else what
