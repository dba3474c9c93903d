"""Organisations with rules of their own, in the real language, and what a directory says of people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from broker.app import create_app
from broker.claims.expressions import Language
from broker.claims.facts import Facts
from broker.claims.rules import OrganizationRules, ReleaseRule, Rule, Target
from broker.federation.load import load
from broker.identity import Account
from broker.location import Location
from broker.organizations import Organization
from tests.support.people import AEGEAN, authentication
from tests.support.world import ENVIRON, World

STAFF: Final = "0d6c1c0e-5a0f-4a1b-9a55-7d2f8f3f6b11"
ROLES: Final = {"app-roles": {STAFF: ("reader", "writer")}}

_LANGUAGE: Final = Language(ROLES)
_FILE: Final = "organizations/aegean-foods.yaml"


def condition(
    list_name: str, that: str, *, name: str = "the-rule", otherwise: str = "not_assigned", line: int = 7, **more: Any
) -> Rule:
    """A rule of the list ``require`` or ``admit``."""
    return Rule(name, _LANGUAGE.condition(list_name, that, Location(_FILE, line, 9)), otherwise, **more)


def ruled(
    *, require: tuple[str, ...] = (), admit: tuple[str, ...] = (), organization: Organization = AEGEAN, **more: Any
) -> Organization:
    """The organisation with these conditions; ``more`` is of each rule."""
    rules = OrganizationRules(
        tuple(condition("require", that, **more) for that in require),
        tuple(condition("admit", that, **more) for that in admit),
    )
    return replace(organization, rules=rules)


def releases(
    claim: str,
    value: str | None = None,
    *,
    when: str | None = None,
    to: tuple[Target, ...] = ("id_token", "userinfo", "access_token"),
    scope: str = "openid",
    optional: bool = False,
) -> ReleaseRule:
    """A rule of an application on one claim."""
    location = Location("relying_parties/sample.yaml", 12, 5)
    return ReleaseRule(
        name=claim,
        claim=claim,
        to=frozenset(to),
        scope=scope,
        location=location,
        value=_LANGUAGE.value("release", value, location) if value is not None else None,
        when=_LANGUAGE.condition("release", when, location) if when is not None else None,
        optional=optional,
    )


class Remembered:
    """A memory of what was put into it, for each account."""

    def __init__(self, facts: Mapping[str, Facts] | None = None) -> None:
        self.facts = dict(facts or {})
        self.fault: Exception | None = None

    def of(self, account: Account, connection: str) -> Facts | None:
        if self.fault is not None:
            raise self.fault
        facts = self.facts.get(account.id)
        return facts if facts is not None and facts.connection == connection else None


def facts(**changes: Any) -> Facts:
    """What was said of Eleni."""
    return Facts.of(authentication(**changes))


def reconfigure(world: World, config: Path, organization: Mapping[str, Any]) -> None:
    """Writes the file of an organisation anew, and serves what the whole configuration says now."""
    path = config / "organizations" / f"{organization['organization']}.yaml"
    path.write_text(json.dumps(organization), encoding="utf-8")
    configuration = load(config, environ=ENVIRON, clock=world.clock)
    world.foundation.broker.serve(create_app(configuration, world.around))
