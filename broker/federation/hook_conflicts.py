"""What is wrong with provisioning hooks beyond the types: names given twice, code that is not installed, secrets."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Final

from broker.federation.documents import Path
from broker.federation.findings import did_you_mean, shown
from broker.federation.hook_shapes import HOOK_ENTRY_POINTS
from broker.federation.items import Item, of_kind
from broker.federation.schema import ItemKind


@cache
def installed() -> tuple[str, ...]:
    """The names of the hooks that installed packages offer; they do not change while a process runs."""
    return tuple(sorted(point.name for point in entry_points(group=HOOK_ENTRY_POINTS)))


def _hooks_have_names_of_their_own(items: Sequence[Item], _: set[ItemKind]) -> None:
    for item in of_kind(items, "organization"):
        seen: dict[str, Path] = {}
        for where in item.entries("provisioning", "hooks"):
            path = (*where, "name")
            name = item.get(*path)
            if isinstance(name, str) and (first := seen.setdefault(name, path)) != path:
                item.report(path, "duplicate", f"the hook {shown(name)} stands in {item.line(first)} as well")


def _code_is_installed(items: Sequence[Item], _: set[ItemKind]) -> None:
    for item in of_kind(items, "organization"):
        for where in item.entries("provisioning", "hooks"):
            name = item.get(*where, "entry_point")
            if item.get(*where, "kind") == "entry-point" and isinstance(name, str) and name not in installed():
                known = installed()
                hint = did_you_mean(name, known) or (f"; installed are {', '.join(known)}" if known else "")
                sentence = f"no installed package has the entry point {shown(name)} in {HOOK_ENTRY_POINTS}{hint}"
                item.report((*where, "entry_point"), "conflict", sentence)


def _extra_is_installed(items: Sequence[Item], _: set[ItemKind]) -> None:
    if find_spec("scim2_models") is not None:
        return
    for item in of_kind(items, "organization"):
        pushes = [where for where in item.entries("provisioning", "hooks") if item.get(*where, "kind") == "scim"]
        takes = [("scim",)] if item.get("scim") is not None else []
        for path in (*pushes, *takes):
            sentence = "SCIM needs the extra of that name: pip install 'pobuca-broker[scim]'"
            item.report(path, "conflict", sentence, at_key=path == ("scim",))


_SECRET: Final = re.compile("secret|passw|passphrase|token|credential|api_?key|private_?key", re.IGNORECASE)


def _settings_hold_no_secrets(items: Sequence[Item], _: set[ItemKind]) -> None:
    for item in of_kind(items, "organization"):
        for where in item.entries("provisioning", "hooks"):
            settings = item.get(*where, "settings")
            for name in settings if isinstance(settings, dict) else ():
                if _SECRET.search(name):
                    sentence = f"{shown(name)} is named like a secret: put it under secrets, as env:NAME or file:PATH"
                    item.report((*where, "settings", name), "secret", sentence, at_key=True)


CHECKS: Final[tuple[Callable[[Sequence[Item], set[ItemKind]], None], ...]] = (
    _hooks_have_names_of_their_own,
    _code_is_installed,
    _settings_hold_no_secrets,
    _extra_is_installed,
)
