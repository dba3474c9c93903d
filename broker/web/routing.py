"""Rules of addresses that cost nothing until an address is made of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule


class LazyRule(Rule):
    """A rule that writes the two programs by which addresses are built when the first one is built.

    werkzeug compiles them with every rule, which is most of what a route costs at the start, although most routes are
    only ever matched. An application is made at every start of a worker, and again when its configuration changes.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled = functools.cache(functools.partial(super()._compile_builder, append_unknown))

        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            return compiled()(rule, **values)

        return build
