"""Addresses and names that try to be more than one mailbox, one name or one line."""

from __future__ import annotations

from base64 import b64encode
from typing import Final


def _word(text: str) -> str:
    return f"=?utf-8?b?{b64encode(text.encode()).decode()}?="


VICTIM: Final = "victim@evil.example"

ADDRESSES: Final = (
    # Encoded words: what a parser of headers decodes.
    "=?utf-8?q?x=0D=0ABcc=3A_victim=40evil.example?=@example.org",
    f"{_word('x' + chr(13) + chr(10) + 'Bcc: v@e.example')}@example.org",
    "=?utf-8?q?x=0D=0ASubject=3A_Win?=@example.org",
    "=?utf-8?q?x=0D=0A=0D=0AA_foreign_body?=@example.org",
    "=?utf-8?q?victim=40evil.example=2C?=@example.org",
    "=?iso-8859-1?q?a=00b?=@example.org",
    "=?utf-8?q?=E2=80=A8Bcc=3A?=@example.org",
    "=?UTF-8*en?Q?x=0D=0AX=3A?=@example.org",
    "ben.=?utf-8?q?x=0D=0AX=3A?=@example.org",
    "ben+=?utf-8?q?x?=@example.org",
    "=?utf-8?q?x@example.org",
    "ben?=@example.org",
    "＝？utf-8？q？x=0D=0AX：？＝@example.org",
    "ben@=?utf-8?q?example.org?=",
    # Line ends and what some program takes for one.
    "ben\r\nBcc: victim@evil.example@example.org",
    "ben\r\n\r\nbody@example.org",
    "ben\n@example.org",
    "ben\r@example.org",
    "ben@example.org\r\nBcc: victim@evil.example",
    "ben@example.org\n",
    "ben@example.org\r\n.\r\nMAIL FROM:<x@evil.example>",
    "ben\0@example.org",
    "ben@exam\0ple.org",
    "ben\u2028Bcc: x@example.org",
    "ben\u2029@example.org",
    "ben\x85@example.org",
    "ben\x0b@example.org",
    "ben\x0c@example.org",
    "ben\x1b[2J@example.org",
    "ben\ud800@example.org",
    "ben\u202emoc@example.org",
    "ben\u200b@example.org",
    # More than one mailbox.
    "victim@evil.example,@example.org",
    "victim@evil.example,ben@example.org",
    "victim@evil.example;ben@example.org",
    "victim@evil.example ben@example.org",
    "ben@example.org, victim@evil.example",
    "a@b, c@d",
    "victim＠evil.example@example.org",
    "Friends:ben@example.org,victim@evil.example;",
    "undisclosed-recipients:;",
    # Routes: the server after ours might send it on.
    "victim%evil.example@example.org",
    "victim%40evil.example@example.org",
    "evil.example!victim@example.org",
    "@evil.example:ben@example.org",
    "<@evil.example:ben@example.org>",
    "victim％evil.example@example.org",
    # Names, comments, quotes, literals: more forms than we need.
    "Ben <ben@example.org>",
    "<ben@example.org>",
    "ben(comment)@example.org",
    "ben@(comment)example.org",
    '"ben"@example.org',
    '"ben@evil.example"@example.org',
    '"ben\\\r\nBcc: x"@example.org',
    "ben\\@evil.example@example.org",
    "ben@[127.0.0.1]",
    "ben@[IPv6:::1]",
    "ben@exa_mple.org",
    "ben@-example.org",
    "ben@example..org",
    "ben@.example.org",
    "ben@",
    "@example.org",
    "ben",
    "",
    " ben@example.org",
    "ben@example.org ",
    ".ben@example.org",
    "ben.@example.org",
    "b..en@example.org",
    "|/bin/sh@example.org",
    "/etc/passwd@example.org",
    "`id`@example.org",
    f"{'b' * 65}@example.org",
    f"{'δ' * 33}@example.org",
    f"{'b' * 2000}@example.org",
    f"ben@{'long-label.' * 40}example.org",
    f"ben@{'b' * 64}.org",
)

GOOD: Final = (
    ("ben@example.org", "ben@example.org"),
    ("Ben.O'Connor+x@Example.ORG", "Ben.O'Connor+x@example.org"),
    ("a@b.example.org", "a@b.example.org"),
    ("x=y@example.org", "x=y@example.org"),
    ("what?@example.org", "what?@example.org"),
    ("a_b-c~d^e{f}g*h&i$j#k/l@example.org", "a_b-c~d^e{f}g*h&i$j#k/l@example.org"),
    ("-ben-@example.org", "-ben-@example.org"),
    ("ben@bücher.example.org", "ben@xn--bcher-kva.example.org"),
    ("δοκιμή@παράδειγμα.gr", "δοκιμή@xn--hxajbheg2az3al.gr"),
    ("ليلى@example.org", "ليلى@example.org"),
    ("用户@example.org", "用户@example.org"),
    (f"{'b' * 64}@example.org", f"{'b' * 64}@example.org"),
)
"""As typed, and as the letter names them."""

SENDERS: Final = (
    "a@b, c@d",
    "a@b,c@d",
    "a@b c@d",
    "a@b; c@d",
    "nobody",
    "House",
    "House <>",
    "House <nobody>",
    "House <a@b.example, c@d.example>",
    "House <a@b.example> <c@d.example>",
    "A <a@b.example>, B <c@d.example>",
    "a@b.example, B <c@d.example>",
    "a@b.example <c@d.example>",
    "Friends: a@b.example;",
    "<@x.example:a@b.example>",
    "House\r\nBcc: victim@evil.example <a@b.example>",
    "House <a@b.example>\r\nBcc: victim@evil.example",
    "a@b.example\nBcc: victim@evil.example",
    "House\u2028 <a@b.example>",
    "House\x00 <a@b.example>",
    "=?utf-8?q?x=0D=0ABcc=3A_v=40e.example?= <a@b.example>",
    "=?utf-8?q?x=0D=0A?=@b.example",
    "δοκιμή@example.org",
    '"a b"@b.example',
    "a@[127.0.0.1]",
    "a@b_c.example",
    f"{'x' * 600} <a@b.example>",
)

NAMES: Final = (
    "Union\r\nBcc: victim@evil.example",
    "Union\nX: y",
    "Union\u2028X: y",
    "Union\x00",
    "Union\x1b[2J",
    "=?utf-8?q?x=0D=0ABcc=3A?=",
)
