"""HTML as plain text: what a reader would see of it, and what was in it besides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import unescape
from typing import Any, Final

from petition.domain.messages.reply import LeftOut
from petition.mail.inbound.clean_text import readable

LARGEST: Final = 400_000
"""Characters of HTML that are read."""
_NEVER_SEEN: Final = frozenset(
    {
        *("head", "title", "script", "style", "template", "noscript", "object", "embed", "iframe"),
        *("frame", "svg", "math", "audio", "video", "canvas", "datalist", "select", "meta", "link"),
        *("base", "map"),
    }
)
_SCRIPTS: Final = frozenset({"script", "iframe", "frame", "object", "embed", "form", "template"})
_HIDES: Final = re.compile(
    r"display:none|visibility:(?:hidden|collapse)|mso-hide:all|opacity:0(?:\.0+)?(?:;|!|$)"
    r"|font-size:[01](?:\.\d+)?(?:px|pt|em|rem|%)?(?:;|!|$)|max-(?:height|width):0(?:px)?(?:;|!|$)"
    r"|(?:^|;)(?:height|width):0(?:px)?(?:;|!|$)|text-indent:-\d{3,}|(?:left|top):-\d{3,}"
    r"|clip:rect\(0|(?:^|;)color:transparent"
)
_WHITE: Final = re.compile(
    r"(?:^|;)color:(?:#fff(?:fff)?|white|rgb\(255,255,255\)|#fefefe)(?:;|!|$)"
)
_MEDIA: Final = re.compile(r"@media[^{}]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", re.I)
_RULE: Final = re.compile(r"([^{}]+)\{([^{}]*)\}")
_NAMED: Final = re.compile(r"[.#][\w-]+")
_TAGS: Final = re.compile(r"<!--.*?-->|<(script|style|head)\b.*?</\1\s*>|<[^>]*>", re.S | re.I)


@dataclass(frozen=True, kw_only=True)
class HtmlText:
    """What was in it."""

    text: str
    left_out: frozenset[LeftOut]
    has_links: bool


def text_of(html: str) -> HtmlText:
    """What a reader would see. Whatever comes in, there is an answer."""
    html = html[:LARGEST].replace("\0", "")
    try:
        read = _rendered(html)
    except Exception:  # a stranger's text broke a parser: its words remain
        read = HtmlText(text="", left_out=frozenset({LeftOut.SCRIPT}), has_links=False)
    if read.text.strip() or LeftOut.HIDDEN in read.left_out:
        return read
    # Tags so deep in each other that the parser gave up, or none of HTML's.
    return replace(read, text=unescape(_TAGS.sub(" ", html)))


def _rendered(html: str) -> HtmlText:
    # The extra `mail`: whoever receives nothing does not have it.
    from inscriptis.html_engine import Inscriptis  # noqa: PLC0415
    from lxml.html import HTMLParser, document_fromstring  # noqa: PLC0415

    if not html.strip():
        return HtmlText(text="", left_out=frozenset(), has_links=False)
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    tree = document_fromstring(html.encode("utf-8", "replace"), parser=parser)
    left_out = set(_without_hidden(tree))
    has_links = _with_readable_links(tree)
    return HtmlText(
        text=Inscriptis(tree).get_text(), left_out=frozenset(left_out), has_links=has_links
    )


def _without_hidden(tree: Any) -> Iterator[LeftOut]:
    names = _hidden_names(tree)
    for element in list(tree.iter()):
        tag = element.tag if isinstance(element.tag, str) else ""
        if tag in _SCRIPTS:
            yield LeftOut.SCRIPT
        if tag == "img":
            yield LeftOut.REMOTE
        if tag in _NEVER_SEEN or not tag:
            _drop(element)
        elif tag not in {"html", "body"} and _is_hidden(element, names):
            if "".join(element.itertext()).strip():
                yield LeftOut.HIDDEN
            _drop(element)


def _drop(element: Any) -> None:
    """Take it out, and leave what stands behind it."""
    if element.getparent() is not None:
        element.drop_tree()


def _hidden_names(tree: Any) -> frozenset[str]:
    """Classes and ids that the style sheets in it hide, whatever the screen's width."""
    found: set[str] = set()
    for sheet in tree.iter("style"):
        for names, body in _RULE.findall(_MEDIA.sub("", sheet.text_content())):
            if _HIDES.search(_squeezed(body)):
                found.update(_NAMED.findall(names))
    return frozenset(found)


def _is_hidden(element: Any, names: frozenset[str]) -> bool:
    style = _squeezed(element.get("style") or "")
    if element.get("hidden") is not None or _HIDES.search(style):
        return True
    own = {f".{each}" for each in (element.get("class") or "").split()}
    own.add(f"#{element.get('id') or ''}")
    if own & names:
        return True
    colour = (element.get("color") or "").lower()
    white = _WHITE.search(style) is not None or colour in {"white", "#fff", "#ffffff"}
    return white and not any(map(_is_coloured, [element, *element.iterancestors()]))


def _is_coloured(element: Any) -> bool:
    return "background" in (element.get("style") or "").lower() or bool(element.get("bgcolor"))


def _squeezed(style: str) -> str:
    return re.sub(r"\s+|/\*.*?\*/", "", style).lower()


def _with_readable_links(tree: Any) -> bool:
    """Where a link leads stands behind its words, to be read; whether there is any."""
    found = False
    for link in list(tree.iter("a")):
        target = (link.get("href") or "").strip()
        if not re.match(r"(?:https?:)?//", target, re.I):
            continue
        found = True
        leads_to = readable(target if "://" in target else f"https:{target}")
        if leads_to and leads_to.rstrip("/") not in (link.text_content() or ""):
            link.tail = f" ({leads_to}){link.tail or ''}"
    return found
