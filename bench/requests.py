"""The requests of the load generator: pages, and forms with a fresh address each."""

from __future__ import annotations

import itertools
import random
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlencode, urlsplit

from drills.http_client import forwarded, hidden_fields

COUNTRIES = ("DE", "FR", "EG", "US", "GB", "JP", "IN", "BR")
GIVEN = ("Amina", "Ben", "Cora", "Đorđe", "Éva", "فاطمة", "花子", "Olu")
FAMILY = ("Weber", "García", "O'Neil", "Ivanova", "", "حداد", "山田", "Adeyemi-Cole")


def get(base: str, path: str, *, sender: int = 0) -> bytes:
    """A browser's request for a page, as a trusted proxy passes it on."""
    host = urlsplit(base).netloc
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\n"
        "Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en\r\n"
        f"{forwarded(sender)}\r\n"
    ).encode("ascii")


def gets(base: str, path: str) -> Iterator[bytes]:
    """The same page for ever, asked for by 4,096 senders in turn."""
    return itertools.cycle([get(base, path, sender=number) for number in range(4096)])


def forms(base: str, path: str, *, seed: int) -> Iterator[bytes]:
    """The real form, filled in by ever new people; their addresses never come twice in a run."""
    with urllib.request.urlopen(f"{base}{path}", timeout=20) as page:
        hidden = hidden_fields(page.read())
    chance = random.Random(seed)
    host = urlsplit(base).netloc
    head = (
        f"POST {path}/sign HTTP/1.1\r\nHost: {host}\r\nOrigin: {base}\r\n"
        "Sec-Fetch-Site: same-origin\r\nAccept: text/html\r\nAccept-Language: en\r\n"
        "Accept-Encoding: gzip, deflate, br\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
    )
    run = chance.getrandbits(48)
    for number in itertools.count():
        body = urlencode(
            {
                **hidden,
                "given_name": GIVEN[number % len(GIVEN)],
                "family_name": FAMILY[number // 8 % len(FAMILY)],
                "email": f"person-{run:x}-{number}@example.org",
                "country": COUNTRIES[number % len(COUNTRIES)],
                "comment": "",
                "agree": "yes",
                "updates": "yes" if number % 2 else "no",
                "visibility": ("counted", "target", "public")[number % 3],
                "subject": "",
                "utm_source": "letter",
            }
        )
        yield f"{head}{forwarded(number)}Content-Length: {len(body)}\r\n\r\n{body}".encode("ascii")
