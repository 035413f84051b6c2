"""`./run countries [LANGUAGE…]`: write the order of country names, as a browser sorts them.

Each language has its own alphabet: Å stands elsewhere in Polish than in English. Browsers know them
all, so one is asked, and its answer is kept in petition/translations/LANGUAGE/countries.txt.
"""

from __future__ import annotations

import argparse

from playwright.sync_api import Page

from petition import i18n
from tools.browser import chromium

_SORT = """([names, code]) => {
    const order = new Intl.Collator(code);
    const spoken = order.resolvedOptions().locale;
    return [spoken, names.sort((one, other) => order.compare(one[1], other[1]))];
}"""


class CannotSort(Exception):
    """The browser does not know the language's alphabet."""


def in_order(page: Page, code: str) -> list[str]:
    """The codes of all countries as that browser sorts their names. Raises CannotSort."""
    spoken, sorted_names = page.evaluate(_SORT, [sorted(i18n.country_names(code).items()), code])
    if spoken != code:
        raise CannotSort(f"this browser cannot sort {code}")
    return [country for country, _ in sorted_names]


def main() -> None:
    parser = argparse.ArgumentParser(prog="countries", description=__doc__)
    parser.add_argument(
        "languages", nargs="*", metavar="LANGUAGE", help="those that have a catalogue; default all"
    )
    codes = parser.parse_args().languages or i18n.codes()
    for code in codes:
        if code not in i18n.codes():
            parser.error(f"there is no catalogue for {code}")
    with chromium() as browser:
        page = browser.new_page()
        for code in codes:
            try:
                countries = in_order(page, code)
            except CannotSort as error:
                raise SystemExit(f"countries: {error}") from None
            path = i18n.country_list(code)
            path.parent.mkdir(exist_ok=True)
            path.write_text("".join(f"{country}\n" for country in countries), encoding="ascii")
            print(f"{code}: {len(countries)} countries")


if __name__ == "__main__":
    main()
