"""Leak search: in which spellings a word or an address may be in a file, and looking for them."""

from __future__ import annotations

import base64
import hashlib
import quopri
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

Encode = Callable[[bytes], list[bytes]]


def _base64(text: bytes) -> list[bytes]:
    """How the text looks inside of a longer one: at each of three offsets, without its ends."""
    found = []
    for offset in range(3):
        coded = base64.b64encode(b"\0" * offset + text)
        begin = (offset * 8 + 5) // 6
        end = (offset + len(text)) * 8 // 6
        found += [coded[begin:end], coded[begin:end].translate(bytes.maketrans(b"+/", b"-_"))]
    return found


def _as_text(encoding: str) -> Encode:
    return lambda text: [text.decode().encode(encoding)]


ENCODINGS: dict[str, Encode] = {
    "utf-8": lambda text: [text],
    "lower case": lambda text: [text.decode().lower().encode()],
    "upper case": lambda text: [text.decode().upper().encode()],
    "reversed": lambda text: [text[::-1]],
    "utf-16-le": _as_text("utf-16-le"),
    "utf-16-be": _as_text("utf-16-be"),
    "utf-32-le": _as_text("utf-32-le"),
    "hex": lambda text: [text.hex().encode(), text.hex().upper().encode()],
    "base64": _base64,
    "quoted-printable": lambda text: [quopri.encodestring(text).rstrip(b"=\n")],
    "escaped": lambda text: [text.decode().encode("unicode_escape")],
}
HASHES: dict[str, Callable[[bytes], bytes]] = {
    name: lambda text, name=name: hashlib.new(name, text).digest()  # type: ignore[misc]
    for name in ("md5", "sha1", "sha256", "sha512", "blake2b")
}
FORMS: dict[str, Callable[[bytes], bytes]] = {
    "bytes": lambda digest: digest[:16],  # as long as an address key is
    "hex": lambda digest: digest.hex().encode()[:32],
    "base64": lambda digest: base64.b64encode(digest)[:20],
}


def of_addresses(addresses: Iterable[str]) -> dict[str, list[bytes]]:
    """Plain hashes of addresses, and of their local parts."""
    texts = [text for address in addresses for text in _texts(address)]
    digests = {name: [make(text) for text in texts] for name, make in HASHES.items()}
    return {
        f"{name} {shape}": [form(digest) for digest in made]
        for name, made in digests.items()
        for shape, form in FORMS.items()
    }


def _texts(address: str) -> Iterator[bytes]:
    yield from (address.encode(), address.lower().encode(), address.partition("@")[0].encode())


def of_words(words: Iterable[str]) -> dict[str, list[bytes]]:
    """Each word in each encoding."""
    return {
        f"{name} {word}": encode(word.encode())
        for name, encode in ENCODINGS.items()
        for word in words
    }


def search(files: Iterable[Path], patterns: Mapping[str, list[bytes]]) -> set[str]:
    """Which patterns are in the files; one that its server removed meanwhile holds nothing."""
    found = set()
    for path in files:
        try:
            content = path.read_bytes()
        except FileNotFoundError:  # PostgreSQL's caches come and go, as of its relations
            continue
        found |= {
            name
            for name, spellings in patterns.items()
            if any(each in content for each in spellings)
        }
    return found
