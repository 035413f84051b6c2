"""Words that people met and stumbled over stay away: in no catalogue and in no file of the call."""

from __future__ import annotations

import re
from typing import Final

import pytest

from petition import i18n
from petition.app import SHIPPED
from tests.park import PARK
from tests.project.test_translations import catalogue, extracted

CALL: Final = SHIPPED / "amazon"

OF_AN_ALPHABET: Final = {
    "Please write your name in letters, in any script.",
    "Open its link and click to confirm, or type its six-letter code.",
    "Six letters. Capitals and dashes do not matter.",
    "The email has a six-letter code. Type it here with the address it came to, on any device.",
    "This is not a code: a code has six letters, like BCD-FGH. Please look in the email.",
    "A square code. It holds the same as the letters below it.",
    "If you cannot scan it, type these letters into the app:",
}
"""Where a letter is one of A to Z. What comes by mail is an email."""
THINGS_TO_SEE: Final = {
    "If the button does not work, copy this address into your browser:",
    "Please click one of the buttons.",
    "What each button does",
}
"""Where a button is meant, and not what it does: that is a click."""


def english() -> set[str]:
    return {text for each in extracted() for text in (each if isinstance(each, tuple) else (each,))}


def test_what_comes_by_mail_is_an_email() -> None:
    found = {text for text in english() if re.search(r"\bletters?\b", text, re.IGNORECASE)}
    assert found == OF_AN_ALPHABET


def test_what_people_do_is_a_click() -> None:
    found = {text for text in english() if re.search(r"\b(button|press)", text, re.IGNORECASE)}
    assert found == THINGS_TO_SEE


GONE: Final = {
    "en": (
        "any device will do",
        "Is it not there?",
        "up to 24 hours",
        "You do not follow links",
        "It does not come?",
        "Is there no",
        "One button",
        "Perhaps a letter",
        "called back",
        "call back",
        "the call",
        "this call",
        "need do nothing",
        "It takes signatures from",
        "a copy along",
        "did not comment on whether the memo was genuine",
        "follows international standards",
        "Unions are fundamental to",
        "they won",
    ),
    "de": (
        "Nur noch eine Schaltfläche",
        "Öffnete der Link",
        "noch einmal hinaus",
        "nehmen Sie Ihre Adresse heraus",
        "Nehmen Sie Ihre Adresse heraus",
        "Teamkonsole",
        "Respekt für das Recht auf Gewerkschaft",
        "An dieses Postfach ging bisher",
        "drücken Sie",
        "Knopf",
        "zurückgerufen",
        "Zurückzurufen",
        "entnommen",
        "entnehmen",
        "mitnehmen",
        "bis zu 24 Stunden",
        "richte sich nach internationalen Standards",
        "Frankreich erreichten sie",
    ),
    "fr": (
        "Plus qu’un bouton",
        "rappelées",
        "À rappeler",
        "quelles protestations se préparaient",
        "notifications juridiques",
        "à créer un syndicat et à y adhérer",
        "manque peut-être une lettre",
        "appuyez",
        "appuyer",
        "boîte aux lettres",
        "Emporter",
        "emporter",
        "extraire",
        "extraite",
        "jusqu’à 24 heures",
        "suivait les normes internationales",
        "ils ont obtenu",
    ),
    "es": (
        "Enviadme",
        "borradlo",
        "se reclama",
        "Por reclamar",
        "Sacar una lista",
        "Listas sacadas",
        "próxima pasada",
        "no se entra por aquí",
        "Algo se ha roto",
        "Solo falta un botón",
        "Pulsa ",
        "pulsa ",
        "tú mismo",
        "inténtelo",
        "Indique",
        "Avise",
        "usted",
        "Llévate",
        "hasta 24 horas",
        "su enfoque sigue las normas",
        "Francia consiguieron",
    ),
    "it": (
        "Dal momento",
        "Manca solo un pulsante",
        "premi il pulsante",
        "Premi uno",
        "prendeva i volantini",
        "a fondare un sindacato e a farne parte",
        "6 ottobre 2020",
        "richiamat",
        "Da richiamare",
        "estratt",
        "Estrai",
        "e-mail",
        "E-mail",
        "riprovi",
        "Riprovi",
        "per favore",
        "il Suo",
        "Porta con te",
        "fino a 24 ore",
        "segue gli standard",
        "Francia hanno ottenuto",
    ),
    "pl": (
        "osoby z magazynów alarmujące",
        "zabierali ulotki i je darli",
        "pisma prawne",
        "Jeszcze tylko jeden przycisk",
        "6 października 2020",
        "naciśnij",
        "Naciśnij",
        "odwołujemy",
        "Odwołujemy",
        "do odwołania",
        "Pani/Pana",
        "Prosimy podać",
        "Prosimy sprawdzić",
        "Twojej",
        "Weź kopię",
        "do 24 godzin",
        "kieruje się standardami",
        "We Francji wywalczyły",
    ),
    "ar": (
        "ظروف العمل العادلة",
        "مجلد الرسائل غير المرغوبة",
        "تُستدعى",
        "يُستدعى",
        "للاستدعاء",
        "بقي زر واحد",
        "ليس في هذا كله",
        "لم يكن ذلك مني",
        "تنفيذ إطار الأمم المتحدة «",
        "الضغط",
        "نموذج",
        "نرجو",
        "حتى 24 ساعة",
        "إلى 24 ساعة",
        "يتّبع المعايير",
        "ففي فرنسا حققت",
    ),
}
"""By language, what a native stumbled over, and other cases of the same flaw."""


def said(code: str) -> dict[str, str]:
    """Everything that people read in this language, by where it stands."""
    found = {
        str(path.relative_to(CALL)): path.read_text("utf-8")
        for path in sorted((CALL / code).iterdir())
    }
    # What people agreed to is changed by a new version alone, with a reason of its own.
    words = f"{code}/call.toml"
    found[words] = found[words].partition("[consents.")[0]
    if code == i18n.SOURCE:
        return found | {text: text for text in english()}
    return found | {
        str(message.id): "\n".join(
            message.string if isinstance(message.string, tuple) else (message.string,)
        )
        for message in catalogue(code)
        if message.id
    }


@pytest.mark.parametrize(("code", "words"), [(code, each) for code in GONE for each in GONE[code]])
def test_what_people_stumbled_over_is_gone(code: str, words: str) -> None:
    assert [place for place, text in said(code).items() if words in text] == []


OTHER_WORDS: Final = {
    "en": r"\b(?:this|the|a|our|sign|open) calls?\b|\bpledges?\b|\bappeals?\b",
    "de": r"\bPetition(?:en)?\b|\bAufruf",
    "fr": r"\bpétition",
    "es": r"\bfirmar? (?:esta|la|una) petición|\bllamada\b",
    "it": r"\bpetizion",
    "pl": r"\bpetycj",
    "ar": "عريضة",
}
"""What is signed has one name in each language: in English a petition, in German an Appell."""


@pytest.mark.parametrize("code", i18n.codes())
def test_what_is_signed_has_one_name(code: str) -> None:
    texts = said(code)
    if code == i18n.SOURCE:
        texts |= {
            str(path): path.read_text("utf-8")
            for path in sorted((PARK / code).iterdir())
            if path.is_file()
        }
    other = re.compile(OTHER_WORDS[code], re.IGNORECASE)
    assert [place for place, text in texts.items() if other.search(text)] == []


def test_every_shipped_language_was_looked_through() -> None:
    assert set(GONE) == set(i18n.codes())


NEW: Final = {
    "en": ("No email yet?", "One click to go", "Download a copy", "Sign the petition"),
    "de": ("Nur noch ein Klick", "Amazon: Gewerkschaftsrechte achten", "Verwaltung"),
    "fr": ("Plus qu’un clic", "mises en demeure", "de créer un syndicat et d’y adhérer"),
    "es": ("Solo falta un clic", "Quiero recibir el correo", "Por retirar", "Algo ha fallado"),
    "it": ("Manca solo un clic", "di fondare un sindacato e di aderirvi"),
    "pl": ("Jeszcze tylko jedno kliknięcie", "zabrali ulotki i je podarli"),
    "ar": ("بقيت نقرة واحدة", "للحذف من القائمة", "لم أفعل ذلك", "شروط العمل العادلة والمُرضية"),
}


@pytest.mark.parametrize(("code", "words"), [(code, each) for code in NEW for each in NEW[code]])
def test_what_was_asked_for_stands(code: str, words: str) -> None:
    assert [place for place, text in said(code).items() if words in text]


@pytest.mark.parametrize("code", sorted(GONE))
def test_a_reference_of_another_language_is_written_in_it(code: str) -> None:
    """Its date and its “and” too: a screen reader pronounces it so."""
    source = (CALL / "en" / "call.toml").read_text("utf-8")
    rows = re.findall(r'^ {2}"(?:\[en\] )?([^\[].*)",$', source, re.MULTILINE)
    own = (CALL / code / "call.toml").read_text("utf-8")
    for row in re.findall(r'^ {2}"\[en\] (.*)",$', own, re.MULTILINE):
        assert row in rows


def test_spaces_before_french_signs_are_narrow_and_do_not_break() -> None:
    wide = re.compile(r"[ \u00a0][:;?!»]|«[ \u00a0]")
    assert [place for place, text in said("fr").items() if wide.search(text)] == []
