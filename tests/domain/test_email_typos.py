"""Slips in a mail domain: the likely one is offered, and what may be right is left in peace."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, strategies as st

from petition.domain.signatures.email_typos import PROVIDERS, REAL, likely_domain

letters = st.sampled_from(string.ascii_lowercase)
domains = st.lists(
    st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=12),
    min_size=1,
    max_size=4,
).map(".".join)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gmial.com", "gmail.com"),
        ("gmal.com", "gmail.com"),
        ("gnail.com", "gmail.com"),
        ("gmaill.com", "gmail.com"),
        ("gmail.con", "gmail.com"),
        ("gmail.cmo", "gmail.com"),
        ("gmail.co", "gmail.com"),
        ("gmail.cm", "gmail.com"),
        ("gmail.fr", "gmail.com"),
        ("gmail.co.uk", "gmail.com"),
        ("gmial.con", "gmail.com"),
        ("googlemial.com", "googlemail.com"),
        ("icloud.de", "icloud.com"),
        ("iclod.com", "icloud.com"),
        ("hotmial.com", "hotmail.com"),
        ("hotmai.con", "hotmail.com"),
        ("homail.co", "hotmail.com"),
        ("hotmail.co", "hotmail.com"),
        ("outlok.com", "outlook.com"),
        ("yaho.com", "yahoo.com"),
        ("yahho.fr", "yahoo.fr"),
        ("oragne.fr", "orange.fr"),
        ("wanado.fr", "wanadoo.fr"),
        ("lapost.net", "laposte.net"),
        ("gxm.de", "gmx.de"),
        ("gmx.nte", "gmx.net"),
        ("wbe.de", "web.de"),
        ("web.dee", "web.de"),
        ("t-onlin.de", "t-online.de"),
        ("telefonca.net", "telefonica.net"),
        ("liebro.it", "libero.it"),
        ("virgillio.it", "virgilio.it"),
        ("interai.pl", "interia.pl"),
        ("gazetta.pl", "gazeta.pl"),
        ("maktob.com", "maktoob.com"),
        ("protonmial.com", "protonmail.com"),
        ("her-union.con", "her-union.com"),
        ("hotmali.com", "hotmail.com"),
        ("ohtmail.com", "hotmail.com"),
        ("outloko.com", "outlook.com"),
        ("freent.de", "freenet.de"),
        ("laposet.net", "laposte.net"),
        ("movisatr.es", "movistar.es"),
        ("tiscalli.it", "tiscali.it"),
        ("intreia.pl", "interia.pl"),
        ("btinternte.com", "btinternet.com"),
        ("skyent.be", "skynet.be"),
        # A letter put in between two that were swapped: three slips.
        ("htxomail.com", None),
    ],
)
def test_a_slip_is_seen(typed: str, meant: str | None) -> None:
    assert likely_domain(typed) == meant


LEFT_IN_PEACE = """
    gmx.net gmx.at gmx.fr gmx.co.uk hotmail.fr hotmail.be hotmail.com.ar live.nl live.com.mx
    yahoo.com.co yahoo.co.jp outlook.sa outlook.com.au mail.com email.com ymail.com aim.com bol.com
    love.com wp.pl o2.pl op.pl onet.eu libero.it free.fr free.de orange.es web.de t-mobile.de
    tuta.com tutanota.de proton.ch yandex.ru verizon.com aon.com usa.net
    example.org union.example.org amazon.example.org verdi.de igmetall.de dgb.de cgt.fr cfdt.fr
    ccoo.es ugt.es cgil.it cisl.it uil.it opzz.org.pl solidarnosc.org.pl uniglobalunion.org
    gmail localhost xn--gmil-63d.com xn--ngbc5azd.example
"""


@pytest.mark.parametrize("domain", [*LEFT_IN_PEACE.split(), *PROVIDERS, *sorted(REAL)])
def test_what_may_be_right_is_left_in_peace(domain: str) -> None:
    assert likely_domain(domain) is None


def test_no_provider_stands_twice() -> None:
    assert len(set(PROVIDERS)) == len(PROVIDERS)
    assert not REAL & set(PROVIDERS)


@given(at=st.integers(0, 4), letter=letters, way=st.sampled_from(["in", "out", "other", "swap"]))
def test_any_one_slip_in_the_commonest_name_is_seen(at: int, letter: str, way: str) -> None:
    name = "gmail"
    slipped = {
        "in": name[:at] + letter + name[at:],
        "out": name[:at] + name[at + 1 :],
        "other": name[:at] + letter + name[at + 1 :],
        "swap": name[:at] + name[at : at + 2][::-1] + name[at + 2 :],
    }[way]
    typed = f"{slipped}.com"
    assert likely_domain(typed) == "gmail.com" or typed in {*PROVIDERS, *REAL}


@given(domains)
def test_what_is_offered_is_not_asked_about_again(typed: str) -> None:
    meant = likely_domain(typed)
    assert meant != typed
    assert meant is None or likely_domain(meant) is None


@given(st.text(max_size=80))
def test_no_text_is_too_strange(text: str) -> None:
    likely_domain(text)
