"""Whatever accent a campaign may have, every pair of colours can be read in both schemes."""

from __future__ import annotations

import itertools
import re

from petition.domain.campaigns import colours
from tests.project.test_design import DARK, LIGHT, too_faint

STEPS = range(0, 256, 51)
TOKEN = re.compile(r"--([\w-]+):(#\w+)")


def test_every_accent_that_is_taken_can_be_read() -> None:
    taken = 0
    for parts in itertools.product(STEPS, repeat=3):
        accent = "#" + "".join(f"{part:02x}" for part in parts)
        try:
            colours.check_accent(accent)
        except colours.ColourRefused:
            continue
        taken += 1
        schemes = re.findall(r":root:root\{([^}]*)\}", colours.style_sheet(accent))[:2]
        light, dark = (
            {name.replace("-", "_"): value for name, value in TOKEN.findall(each)}
            for each in schemes
        )
        assert {*light} | {*dark} <= {*LIGHT}
        assert too_faint({**LIGHT, **light}) == [], accent
        assert too_faint({**DARK, **light, **dark}) == [], accent
    assert taken > 20
