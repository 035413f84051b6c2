"""What strangers send: texts, bodies, headers and addresses that were made to break programs.

None of the texts holds a word that would tell what runs inside (drills/fuzz.py, TELLS): pages show
again what was typed.
"""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, quote_from_bytes, urlencode

TEXTS: Final[Mapping[str, bytes]] = {
    name: text.encode("utf-8", "surrogatepass")
    for name, text in {
        "empty": "",
        "blank": " ",
        "nul": "\0",
        "nul inside": "a\0b",
        "controls": "\x01\x08\x0b\x1b[31m\x7f\x85",
        "lines": "a\r\nb\n\nc\r",
        "header": "x\r\nX-Injected: 1\r\nSet-Cookie: injected=1",
        "surrogate": "\ud800",
        "surrogates": "\udfff\ud800x",
        "noncharacter": "\ufffe\uffff\U0010ffff",
        "replacement": "\ufffd",
        "bom": "\ufeffx",
        "right to left": "\u202eevil\u202c\u2067x",
        "zero width": "a\u200b\u200d\u2060b",
        "marks": "a" + "\u0301" * 300,
        "emoji": "👩‍👩‍👧‍👦🏳️‍🌈",
        "arabic": "ليلى",
        "cjk": "漢字かな交じり文",
        "ligature": "ﷺ" * 20,
        "dotless": "ıİſK",
        "fullwidth": "＜script＞＠＝",
        "script": "<script>alert(1)</script>",
        "attribute": '" autofocus onfocus=alert(1) x="',
        "template": "{{7*7}}",
        "template deep": "${7*7}#{7*7}{%raw%}<%= 7*7 %>",
        "format": "%n%n%n%n",
        "format words": "%(x)s {0} {x.__class__} %d",
        "quote": "' OR '1'='1",
        "drop": "'; DROP TABLE signatures;--",
        "like": "%_[]\\",
        "dollar quote": "$$;$1 \\x00 E'\\000'",
        "shell": "$(id)`id`|id;id&",
        "path": "../../etc/passwd",
        "path windows": "..\\..\\boot.ini",
        "url": "https://evil.example/",
        "scheme": "javascript:alert(1)",
        "no scheme": "//evil.example",
        "open host": "http://[",
        "port": "https://a:99999",
        "ldap": "*)(uid=*))(|(uid=*",
        "xml": "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY x SYSTEM 'file:///'>]><x>&x;</x>",
        "json": '{"a": [1, {"b": null}]}',
        "formula": '=HYPERLINK("https://evil.example")',
        "zero": "0",
        "minus": "-1",
        "long number": "9" * 20,
        "longer number": "9" * 5000,
        "int32": "2147483648",
        "int64": "9223372036854775808",
        "real": "1e999",
        "not a number": "nan",
        "hex": "0x7f",
        "arabic digits": "١٢٣",
        "superscript": "²",
        "true": "true",
        "none": "None",
        "date": "2026-13-45T99:99:99Z",
        "address": "fuzz@example.org",
        "address word": "=?utf-8?q?x=0D=0ABcc=3A_v=40evil.example?=@example.org",
        "address quoted": '"a b"@example.org',
        "address long": "a" * 300 + "@example.org",
        "address label": "a@" + "b" * 64 + ".example",
        "address labels": "a@" + "b." * 130 + "example",
        "address punycode": "a@xn--.example",
        "address bad punycode": "a@xn--a-ecp.ru.xn--zzzzzz",
        "address literal": "a@[127.0.0.1]",
        "address ipv6": "a@[IPv6:::1]",
        "address idn": "ä@bücher.example",
        "address joiner": "a@x\u200dy.example",
        "address dots": "..@..",
        "address many": "a@b@c@example.org",
        "address comma": "a@example.org, b@example.org",
        "percent": "%",
        "percent twice": "%2500%25c0%25ae",
        "plus": "+",
        "ampersands": "&&;&=&amp;",
        "tag": "union-b&amp;utm_medium=mail",
        "token": "1.7db45b18.vGzHdWpCkdX_LWE29CUAgB2qbvAAAAAAAAAAAAAAAAA",
        "token dots": "." * 500,
        "mark": "1-0123456789abcdef",
        "mark long": "9" * 18 + "-0123456789abcdef",
        "1,001 letters": "x" * 1001,
        "30,000 letters": "x" * 30_000,
        "many words": "a@b.c " * 3000,
        "many brackets": "(" * 5000,
        "many lines": "\n" * 5000,
    }.items()
} | {
    "no text": b"\xff\xfe\xfd",
    "overlong": b"\xc0\xaf\xe0\x80\xaf",
    "cut": b"\xe2\x82",
    "latin": "café".encode("latin-1"),
    "utf-16": "a\u20ac".encode("utf-16"),
}
"""By name: only the name is ever printed."""

HEADERS: Final = (
    "Accept",
    "Accept-Charset",
    "Accept-Encoding",
    "Accept-Language",
    "Authorization",
    "Cache-Control",
    "Content-Type",
    "Cookie",
    "Date",
    "Forwarded",
    "From",
    "Host",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "Max-Forwards",
    "Origin",
    "Priority",
    "Range",
    "Referer",
    "Sec-Fetch-Site",
    "User-Agent",
    "Via",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Proto",
    "X-HTTP-Method-Override",
    "X-Real-Ip",
    "X-Original-URL",
)
VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "Accept-Encoding": ("gzip;q=x", "gzip;q=", "*;q=0", "gzip;q=1e9", "br, gzip;q=-1"),
    "Accept-Language": ("*", "de;q=x", "-", "x" * 5000, "en;q=1e9,", "de-" * 2000),
    "Content-Type": (
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary="',
        "multipart/form-data; boundary=" + "x" * 500,
        "multipart/form-data; boundary=é",
        "application/x-www-form-urlencoded; charset=utf-7",
        "application/x-www-form-urlencoded; charset=nothing",
        "application/x-www-form-urlencoded; charset=idna",
        "application/json; charset=utf-16",
        "text/plain; =; ;;",
        ";",
        "application/",
    ),
    "Cookie": (
        "staff=",
        "staff=x.y.z",
        "staff=eyJzaWQiOjF9.aaaa.bbbb",
        '__Host-staff=x; staff="',
        "staff=.eJw.x.y",
        ";;;==;",
        "staff=" + "x" * 3000,
    ),
    "Host": (
        "evil.example",
        "[",
        "[::1",
        "a:b:c",
        "localhost:99999",
        "é",
        "a b",
        ".",
        "a/b",
        "a@b",
    ),
    "If-Modified-Since": ("x", "Sat, 99 Foo 99999 99:99:99 GMT", "0", "-1"),
    "If-None-Match": ("*", '"', 'W/"', "," * 500),
    "Origin": (
        "null",
        "http://[",
        "https://a:99999",
        "https://evil.example",
        "http://[::1",
        "x",
        "//",
    ),
    "Range": ("bytes=0-0", "bytes=-1", "bytes=9-1", "bytes=" + "0-0," * 500, "x=y", "bytes=a-b"),
    "Referer": ("http://[", "https://a:99999", "x"),
    "Sec-Fetch-Site": ("same-origin", "none", "cross-site", "same-site", "x"),
    "X-Forwarded-For": (
        "x",
        "1.2.3.4, x",
        "[",
        "::1",
        "999.1.1.1",
        ",,,",
        "1.2.3.4:x",
        "fe80::1%x",
    ),
    "X-Forwarded-Proto": ("https", "javascript", "http, https", "x" * 100),
}
"""What is wrong in a way of its own, beside the texts."""

METHODS: Final = (
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get",
    "X" * 30,
)  # fmt: skip
TYPES: Final = ("urlencoded", "multipart", "files", "json", "text", "cut", "none")
FORM: Final = "application/x-www-form-urlencoded"

Fields = Mapping[str, bytes]


@dataclass(frozen=True, kw_only=True)
class Body:
    """A body and what the sender says that it is."""

    content_type: str | None
    data: bytes


def text(chance: random.Random) -> tuple[str, bytes]:
    """A text by its name; one in ten is drawn byte by byte."""
    if chance.random() < 0.1:
        return "drawn bytes", chance.randbytes(chance.randint(1, 60))
    name = chance.choice(sorted(TEXTS))
    return name, TEXTS[name]


def body(fields: Fields, kind: str, chance: random.Random) -> Body:
    """The fields in one of TYPES, right or wrong."""
    match kind:
        case "urlencoded":
            return Body(content_type=FORM, data=urlencode(fields).encode())
        case "multipart" | "files" | "cut":
            data = _parts(fields, files=kind == "files")
            cut = data[: chance.randrange(len(data) + 1)] if kind == "cut" else data
            return Body(content_type="multipart/form-data; boundary=drill", data=cut)
        case "json":
            words = {name: value.decode("latin-1") for name, value in fields.items()}
            return Body(content_type="application/json", data=json.dumps(words).encode())
        case "text":
            return Body(content_type="text/plain", data=b"\r\n".join(fields.values()))
        case _:
            return Body(content_type=None, data=urlencode(fields).encode())


def _parts(fields: Fields, *, files: bool) -> bytes:
    parts = []
    for name, value in fields.items():
        more = '; filename="x.txt"\r\nContent-Type: text/plain' if files else ""
        head = f'--drill\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
        parts.append(head.encode() + value + b"\r\n")
    return b"".join(parts) + b"--drill--\r\n"


def header(chance: random.Random) -> tuple[str, str, bytes]:
    """A header, the name of what is in it, and the value as it may stand on one line."""
    name = chance.choice(HEADERS)
    own = VALUES.get(name, ())
    if own and chance.random() < 0.6:
        index = chance.randrange(len(own))
        return name, f"its own {index}", own[index].encode()
    what, value = text(chance)
    line = bytes(each for each in value if each not in b"\r\n\0")[:4000]
    return name, what, line.strip()


def in_address(value: bytes, chance: random.Random) -> str:
    """A text as a part of an address: mostly with percent signs, at times nearly as it is."""
    if chance.random() < 0.8:
        return quote_from_bytes(value[:2000], safe=chance.choice(("", "/", "/.~&=;")))
    plain = bytes(each for each in value[:500] if 0x21 <= each < 0x7F and each not in b"#")
    return plain.decode("ascii") or quote("%")


BROKEN_REQUESTS: Final[Mapping[str, bytes]] = {
    "no line": b"\r\n\r\n",
    "no version": b"GET /en/amazon\r\n\r\n",
    "old version": b"GET /en/amazon HTTP/0.9\r\n\r\n",
    "new version": b"GET /en/amazon HTTP/3.0\r\nHost: a\r\n\r\n",
    "no host": b"GET /en/amazon HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /en/amazon HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "blank in address": b"GET /en/ama zon HTTP/1.1\r\nHost: a\r\n\r\n",
    "raw bytes": b"GET /en/\xff\xfe\xc5\x82 HTTP/1.1\r\nHost: a\r\n\r\n",
    "raw query": b"GET /amazon?source=Solidarno\xc5\x9b HTTP/1.1\r\nHost: a\r\n\r\n",
    "whole address": b"GET http://evil.example/en/amazon HTTP/1.1\r\nHost: a\r\n\r\n",
    "whole bad address": b"GET http://[/en/amazon HTTP/1.1\r\nHost: a\r\n\r\n",
    "star": b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "connect": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: a\r\n\r\n",
    "no slash": b"GET en/amazon HTTP/1.1\r\nHost: a\r\n\r\n",
    "fragment": b"GET /en/amazon#x HTTP/1.1\r\nHost: a\r\n\r\n",
    "bad percent": b"GET /%zz%%/%u0041 HTTP/1.1\r\nHost: a\r\n\r\n",
    "folded header": b"GET /en/amazon HTTP/1.1\r\nHost: a\r\nX-A: b\r\n c\r\n\r\n",
    "header without colon": b"GET /en/amazon HTTP/1.1\r\nHost: a\r\nnothing\r\n\r\n",
    "blank before colon": b"GET /en/amazon HTTP/1.1\r\nHost : a\r\n\r\n",
    "nul in header": b"GET /en/amazon HTTP/1.1\r\nHost: a\r\nX-A: \0\r\n\r\n",
    "many headers": b"GET /en/amazon HTTP/1.1\r\nHost: a\r\n" + b"X-A: b\r\n" * 300 + b"\r\n",
    "long header": b"GET /en/amazon HTTP/1.1\r\nHost: a\r\nX-A: " + b"b" * 20_000 + b"\r\n\r\n",
    "long address": b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "length of words": b"POST /en/amazon/sign HTTP/1.1\r\nHost: a\r\nContent-Length: ten\r\n\r\n",
    "length below zero": b"POST /en/amazon/sign HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    "length with sign": b"POST /en/amazon/my HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx",
    "two lengths": (
        b"POST /en/amazon/my HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
        b"Content-Length: 2\r\n\r\nxx"
    ),
    "length and chunks": (
        b"POST /en/amazon/my HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "bad chunk": (
        b"POST /en/amazon/my HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n"
    ),
    "unknown coding": (
        b"POST /en/amazon/my HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: nothing\r\n\r\n"
    ),
    "no length": b"POST /en/amazon/my HTTP/1.1\r\nHost: a\r\n\r\n",
    "expect": b"POST /en/amazon/my HTTP/1.1\r\nHost: a\r\nExpect: x\r\nContent-Length: 0\r\n\r\n",
    "upgrade": (
        b"GET /en/amazon HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ),
    "http2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "tls": b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n",
}
"""What is no request, or hardly one: the server itself may refuse it, in its own words."""
