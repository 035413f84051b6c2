"""Routes whose addresses are built by code that is compiled when the first address is built.

Werkzeug compiles it for each route of each app: a tenth of what a command takes to start, of which
most build no address at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule

_Built = tuple[str, str]


class LazyRule(Rule):
    """A route. Where Werkzeug names that step otherwise one day, it compiles at once again."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., _Built]:
        compile_now = super()._compile_builder
        compiled: list[Callable[..., _Built]] = []

        def build(rule: Rule, *args: Any, **values: Any) -> _Built:
            if not compiled:
                compiled.append(compile_now(append_unknown))
            return compiled[0](rule, *args, **values)

        return build
