"""The language of what the API says to people: that of `lang`, else Accept-Language's."""

from __future__ import annotations

from flask import Flask, request

from petition import i18n
from petition.web.http import problems
from petition.web.http.locale import set_locale


def install(app: Flask) -> None:
    """Choose it before a view is asked."""
    app.before_request(_choose)


def _choose() -> None:
    code = request.args.get("lang", "").partition("-")[0].lower()
    if problems.are_wanted() and code in i18n.codes():
        set_locale(code)
