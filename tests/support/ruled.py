"""An organisation with one rule of each kind, and an application with one, for tests that look at rules at work."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from broker.demo.configuration import AEGEAN_FOODS

MEMBERS_ONLY: Final = "!has(claims.acct) || claims.acct == 0"
UPPER_CASE: Final = 'graph["jobTitle"].upperAscii()'
NOT_GIORGOS: Final = 'account.email != "giorgos.papadopoulos@aegeanfoods.example"'
TEAM: Final = "account.job_title.lowerAscii()"

RULED: Final[Mapping[str, Any]] = {
    **AEGEAN_FOODS,
    "federation": {
        **AEGEAN_FOODS["federation"],
        "default_role": "administrator",
        "require": [{"name": "members-only", "that": MEMBERS_ONLY, "otherwise": "guests_not_allowed"}],
        "attributes": {"job_title": {"value": UPPER_CASE}},
        "admit": [{"name": "not-giorgos", "that": NOT_GIORGOS, "otherwise": "not_assigned"}],
    },
}
"""People of Aegean Foods: Giorgos is kept out, and job titles are shouted."""

RELEASE: Final = ({"name": "team-of-title", "claim": "team", "value": TEAM, "to": ["id_token", "userinfo"]},)
"""For an application that asks for ``profile``."""


def place(config: Path, file: str, name: str) -> str:
    """``file:line:`` of the rule with this name, wherever on it the expression begins."""
    for number, line in enumerate((config / file).read_text("utf-8").splitlines(), 1):
        if name in line:
            return f"{file}:{number}:"
    raise AssertionError(f"{name} does not stand in {file}")
