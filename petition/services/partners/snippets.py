"""What a partner pastes: one line with the script, a plain frame, a picture or a badge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urlsplit

from markupsafe import escape

from petition import assets
from petition.assets import EMBED
from petition.domain.partners.section import key_of
from petition.store.partners.partners import PartnerRecord

FRAME_HEIGHT: Final = 1300
"""Pixels of a plain frame: a form on a phone, with room for what a form says that is sent back."""

BADGE_WIDTH: Final = 320
"""Pixels: it fits a phone, and its height follows."""


@dataclass(frozen=True, kw_only=True)
class Snippets:
    """The same form in one language, four ways; the first of them for a version for good, and
    the address alone, for systems that ask us what to show for it (`oembed.py`)."""

    script: str
    fixed_script: str
    frame: str
    picture: str
    address: str
    badge: str
    picture_address: str
    badge_address: str
    preview: str
    """The address of the form, to be looked at."""

    @property
    def preview_path(self) -> str:
        """The same within our own site, whatever its name is where it is looked at."""
        return urlsplit(self.preview)._replace(scheme="", netloc="").geturl()


def snippets(base_url: str, of: PartnerRecord, *, language: str, words: str) -> Snippets:
    """What the partner pastes; `words` is what its link says."""
    asked = urlencode({"partner": of.key, "lang": language})
    form = f"{base_url}/embed/{of.campaign}?{asked}"
    page = page_of(base_url, of, language)
    link = f'<a href="{escape(page)}">{escape(words)}</a>'
    data = f'data-campaign="{of.campaign}" data-partner="{of.key}" data-lang="{language}"'
    fixed = (
        f'src="{escape(base_url + assets.address(EMBED))}" '
        f'integrity="{assets.integrity(EMBED)}" crossorigin="anonymous"'
    )
    picture = f"{base_url}/{language}/{of.campaign}/card.png"
    badge = f"{base_url}/badge/{of.campaign}.svg?lang={language}"
    return Snippets(
        script=f'{link}<script async src="{escape(base_url)}/embed.js" {data}></script>',
        fixed_script=f"{link}<script async {fixed} {data}></script>",
        frame=(
            f'<iframe src="{escape(form)}" title="{escape(words)}" width="100%" '
            f'height="{FRAME_HEIGHT}" frameborder="0" loading="lazy"></iframe>'
        ),
        address=page,
        picture=_pictured(page, picture, words, 'width="100%"'),
        badge=_pictured(page, badge, words, f'width="{BADGE_WIDTH}"'),
        picture_address=picture,
        badge_address=badge,
        preview=f"{form}&preview=1",
    )


def page_of(base_url: str, of: PartnerRecord, language: str) -> str:
    """The call's own page, where who signs is counted for the partner as well."""
    return f"{base_url}/{language}/{of.campaign}?{urlencode({'partner': of.key})}"


def section_link(base_url: str, campaign: str, source: str) -> str:
    """The address that a section passes on: it leads to the call in the reader's own language.

    Who signs by it is counted for the section, by its tag, and for the partner.
    """
    tags = {"partner": key_of(source), "source": source}
    return f"{base_url}/{campaign}?{urlencode(tags)}"


def _pictured(page: str, picture: str, words: str, size: str) -> str:
    """A picture that leads to the call; who does not see it is told what the link does."""
    return (
        f'<a href="{escape(page)}"><img src="{escape(picture)}" alt="{escape(words)}" {size}></a>'
    )
