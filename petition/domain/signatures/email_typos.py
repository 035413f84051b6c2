"""Email typos: which mail domain was probably meant by one that looks mistyped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

# Where people of our languages have their private mail, the likelier one first: of two domains
# that are equally near, the first is offered.
_PROVIDERS = """
    gmail.com hotmail.com yahoo.com outlook.com icloud.com live.com aol.com msn.com
    gmx.de web.de t-online.de gmx.net freenet.de posteo.de mailbox.org gmx.at gmx.ch arcor.de
    bluewin.ch tutanota.com tuta.io
    orange.fr free.fr laposte.net wanadoo.fr sfr.fr hotmail.fr yahoo.fr live.fr outlook.fr neuf.fr
    bbox.fr skynet.be telenet.be
    yahoo.es hotmail.es outlook.es telefonica.net movistar.es terra.es yahoo.com.mx yahoo.com.ar
    prodigy.net.mx
    libero.it virgilio.it alice.it tiscali.it tin.it tim.it hotmail.it yahoo.it live.it outlook.it
    fastwebnet.it inwind.it
    wp.pl onet.pl o2.pl interia.pl op.pl gazeta.pl vp.pl onet.eu poczta.fm tlen.pl
    yahoo.co.uk hotmail.co.uk live.co.uk btinternet.com sky.com virginmedia.com talktalk.net
    ntlworld.com blueyonder.co.uk eircom.net
    comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net
    rogers.com shaw.ca sympatico.ca videotron.ca bigpond.com optusnet.com.au xtra.co.nz
    rediffmail.com yahoo.co.in yahoo.ca yahoo.com.au
    maktoob.com menara.ma
    proton.me protonmail.com pm.me fastmail.com riseup.net disroot.org googlemail.com me.com
    mac.com ymail.com rocketmail.com mail.com gmx.com zoho.com yandex.com
"""
PROVIDERS: Final = tuple(_PROVIDERS.split())

# Real domains that look like a slip of one above, and are none.
_REAL = """
    aim.com alice-dsl.de aliceadsl.fr aon.at aon.com bol.com bol.com.br bt.com cox.com email.com
    email.de email.it fastmail.fm go2.pl gmx.co.uk hushmail.com inbox.com int.pl interia.eu
    ionos.de iol.it iol.pt love.com mail.de mail.fr mail.pl mail.ru online.de online.no orange.com
    orange.es orange.pl pec.it pobox.com post.com poste.it proton.ch protonmail.ch rambler.ru
    riseup.com sina.com sky.it sky.de sohu.com t-mobile.de t-online.at t-online.hu tele2.fr
    tele2.it tele2.nl teletu.it telia.com terra.com terra.com.br tuta.com tutanota.de tutamail.com
    usa.com usa.net verizon.com vodafone.de vodafone.it voila.fr wanadoo.es wanadoo.nl yandex.ru
    zoho.eu zoho.in
"""
REAL: Final = frozenset(_REAL.split())

# These give addresses under many countries' endings.
FAMILIES: Final = frozenset({"aol", "gmx", "hotmail", "live", "msn", "outlook", "yahoo"})
_COUNTRY = re.compile(r"(?:com?\.[a-z]{2}|(?!c[om]\Z|om\Z)[a-z]{2})\Z")

# These have one ending only: whatever else follows the name is a slip.
ALONE: Final[Mapping[str, str]] = {
    "gmail": "gmail.com",
    "googlemail": "googlemail.com",
    "icloud": "icloud.com",
}
_ENDING = re.compile(r"[a-z]{2,4}(?:\.[a-z]{2})?\Z")

# Endings that no domain has.
SLIPS: Final[Mapping[str, str]] = dict.fromkeys(
    ("c0m", "ccom", "cim", "clm", "cmo", "cok", "comm", "con", "coom", "cpm", "vom", "xom"), "com"
) | dict.fromkeys(("met", "nett", "ney", "nte"), "net")

FURTHEST: Final = 2
"""Slips at most."""
LONG: Final = 11
"""From this length on, two slips are still near; below, one."""
SHORT: Final = 4
"""Up to this length, a name one letter away is as likely to be somebody else's."""

_KNOWN: Final = REAL.union(PROVIDERS)


def likely_domain(domain: str) -> str | None:
    """The domain that was probably meant; None when this one may well be right.

    `domain` in lower case. An answer is for offering, never for putting in its place. Nothing is
    kept from one domain to the next: a later answer that came faster would tell who was here.
    """
    name, _, ending = domain.partition(".")
    if not ending or _is_known(domain):
        return None
    if name in ALONE and _ENDING.match(ending):
        return ALONE[name]
    mended = _mended(domain)
    if mended != domain and _is_known(mended):
        return mended
    near = [
        (distance, rank, each)
        for each, distance, rank in process.extract(
            mended, PROVIDERS, scorer=OSA.distance, score_cutoff=FURTHEST, limit=None
        )
        if _is_near(mended, each, distance)
    ]
    if near:
        return min(near)[2]
    return mended if mended != domain else None


def _is_known(domain: str) -> bool:
    name, _, ending = domain.partition(".")
    family = name in FAMILIES and _COUNTRY.match(ending) is not None
    return domain in _KNOWN or family


def _mended(domain: str) -> str:
    """The domain with an ending that no domain has put right."""
    rest, _, last = domain.rpartition(".")
    return f"{rest}.{SLIPS.get(last, last)}"


def _is_near(typed: str, meant: str, distance: int) -> bool:
    name, _, ending = meant.partition(".")
    typed_name, _, typed_ending = typed.partition(".")
    if len(name) <= SHORT:
        swapped = sorted(typed) == sorted(meant)
        slipped = typed_name == name and len(typed_ending) != len(ending)
        return distance == 1 and (swapped or slipped)
    if distance > 1:
        return distance == FURTHEST and len(meant) >= LONG and typed[0] == meant[0]
    return True
