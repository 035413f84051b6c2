"""Personas: who signs, who signs twice, who shares a mailbox, who is staff, and who abuses.

Each is a form as a browser sends it (without the ticket, which `sign` fetches). Change one with
`people.amina | {"country": "FR"}`. All addresses are made up; no letter leaves the machine.
"""

from __future__ import annotations

from typing import Final

Form = dict[str, str]

_CHOICES: Final[Form] = {"agree": "yes", "updates": "no", "visibility": "counted"}

# Signs once, in Arabic, with everything filled in.
amina: Final[Form] = _CHOICES | {
    "given_name": "أمينة",
    "family_name": "بن يوسف",
    "email": "amina.benyoussef@example.org",
    "country": "MA",
    "postcode": "20250",
    "comment": "عملت ثلاث سنوات في مستودع.\nالكرامة للجميع.",
    "updates": "yes",
    "visibility": "public",
}

# Signs twice: the second time in another spelling of the same mailbox.
ben: Final[Form] = _CHOICES | {
    "given_name": "Ben",
    "family_name": "Okafor",
    "email": "ben.okafor@gmail.com",
    "country": "NG",
    "visibility": "target",
}
ben_again: Final[Form] = ben | {
    "given_name": "Benjamin",
    "email": "BenOkafor+calls@GoogleMail.com",
    "country": "GB",
    "updates": "yes",
}

# Share a mailbox.
cora: Final[Form] = _CHOICES | {
    "given_name": "Cora",
    "family_name": "Lindqvist",
    "email": "the.lindqvists@example.net",
    "country": "SE",
}
carl: Final[Form] = cora | {"given_name": "Carl", "updates": "yes", "visibility": "target"}

# Works for the target, and must stay unseen by it: first she types the address that it reads.
wanda: Final[Form] = _CHOICES | {
    "given_name": "Wanda",
    "family_name": "Zielińska",
    "email": "wanda@amazon.example.org",
    "country": "PL",
    "postcode": "00-001",
    "comment": "Please keep my name to yourselves.",
}
wanda_in_private: Final[Form] = wanda | {"email": "wanda.zielinska@example.net"}

# Staff: what is typed at sign-in.
sam: Final[Form] = {
    "email": "sam@campaign.example.org",
    "password": "a long walk by the river",
}

# Abuses: every field holds something for a spreadsheet, a browser or a mail program to trip over,
# and all of it is a form that we take.
mallory: Final[Form] = _CHOICES | {
    "given_name": "=SUM(A1)<script>alert(1)</script>",
    "family_name": "+cmd|' /C calc'!A0",
    "email": "mallory@example.com",
    "country": "US",
    "postcode": "@SUM(1)",
    "comment": "-2+3\n<img src=x onerror=alert(1)>",
    "utm_source": "=HYPERLINK(1)",
    "visibility": "target",
}

# What mallory tries in a name and we refuse.
LINKS: Final = (
    "https://evil.example",
    "Win at http://evil.example now",
    "www.evil.example",
    "evil.com",
    "EVIL.NET free",
    "me@evil.example",
    "a//evil.example",
    "evil.ru",
    "x.com",
    "x.com/pay",
    "X.Com/pay",
    "A.Evil.Com",
    "Pay.Com",
    "buy-now.net",
    "evil.shop",
    "t.me/evil",
    "T.Me/evil",
    "bit.ly/3xY",
    "M.Com:8080",
    "ftp://evil",
    "xn--e1afmkfd.example",
    "evil。ru",
    "ｅｖｉｌ．ｃｏｍ",
)
# What looks like one and is a name.
INITIALS: Final = (
    "A.Ru",
    "S.Net",
    "J.Io Bonnet",
    "M.Com",
    "St.John",
    "O.Info",
    "J.R.Net",
    "A.-M.Ru",
    "É.Org",
    "Ж.Net",
    "A.RU",
    "Bonnet, J.Io",
    "A.Net-Smith",
    "Dr.Net",
    "A.Biz.",
    "X.Shop",
    "Maria.Lopez",
)
CONTROLS: Final = (
    "Mal\r\nBcc: victim@example.org",
    "Mal\x00lory",
    "Mal\x1b[31m",
    "Mal\u202elory",
    "Mal\u2066lory",
    "Mal\x85lory",
)
"""Seen by `has_control` as they are; `clean` folds those that are white space."""

BAD_ADDRESSES: Final = (
    "",
    "mallory",
    "mallory@",
    "@example.org",
    "mallory@example",
    "mallory@@example.org",
    "mallory@example.org, victim@example.org",
    "mallory@example.org\r\nBcc: victim@example.org",
    "mallory@[127.0.0.1]",
    '"mallory bcc"@example.org',
    "mallory@localhost",
    "mal lory@example.org",
    "mallory@exa mple.org",
    ".mallory@example.org",
)

SIGNERS: Final = (amina, ben, cora, wanda_in_private)
"""Four people with four mailboxes."""


def someone(number: int, **changes: str) -> Form:
    """One of any number of people, each with a mailbox of their own."""
    return (
        _CHOICES
        | {
            "given_name": f"Person{number}",
            "family_name": "Of-Many",
            "email": f"person.{number}@example.org",
            "country": "DE",
        }
        | changes
    )
