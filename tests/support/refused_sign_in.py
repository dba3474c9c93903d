"""The steps of a sign-in that a rule refused, as they are noted: with long places, long lists and every outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from broker.location import Location
from broker.tracing import Step

_FILE: Final = "organizations/lighthouses-of-the-aegean-and-their-keepers.yaml"
_GROUPS: Final = [f"c1f7e0c2-44b8-4d43-8a0d-0f6f4d7d2a{number:02}" for number in range(30)]

REFUSED: Final[Sequence[tuple[str, int, Sequence[Step]]]] = (
    (
        "GET /authorize",
        303,
        (Step("hop", "contacts", "asked", "done", inputs={"application": "contacts", "through": "oidc"}),),
    ),
    (
        "POST /upstream/entra/callback",
        403,
        (
            Step("hop", "upstream", "came_back", "done", inputs={"connection": "entra:lighthouses"}),
            Step(
                "rule",
                "require",
                "members-only",
                "passed",
                Location(_FILE, 11, 40),
                "!has(claims.acct) || claims.acct == 0",
                {"claims.acct": 0},
                True,
            ),
            Step("check", "gate", "enforcement", "passed", Location("broker/entry_rules.py", 32, 1)),
            Step(
                "rule",
                "attributes",
                "department",
                "done",
                Location(_FILE, 14, 7),
                'graph["department"].upperAscii()',
                {"graph.department": "Keepers & relief"},
                "KEEPERS & RELIEF",
            ),
            Step(
                "rule",
                "attributes",
                "first_name",
                "done",
                None,
                "graph.givenName",
                {"graph.givenName": "Eleni"},
                "Eleni",
            ),
            Step(
                "rule",
                "admit",
                "keepers-of-lighthouses-only",
                "refused",
                Location(_FILE, 18, 36),
                '"0d6c0f7e-58d3-4d26-8d0e-1a2b3c4d5e6f" in identity.groups && account.department.startsWith("KEEPERS")',
                {"identity.groups": _GROUPS, "account.department": "KEEPERS & RELIEF"},
                False,
                "not_assigned",
            ),
            Step("claim", "contacts", "name", "withheld", detail="userinfo: without the scope profile"),
            Step("claim", "contacts", "roles", "failed", Location(_FILE, 30, 3), "lookup_all(roles, identity.groups)"),
            Step("hop", "session", "refused", "refused", detail="not_allowed/not_assigned"),
        ),
    ),
)
"""Requests in their order: what was asked, the status of the answer, and the steps."""
