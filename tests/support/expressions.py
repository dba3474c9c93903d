"""Rules for tests, compiled as at a load."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from broker.claims.expressions import CompiledExpression, ExpressionRefused, Language
from broker.claims.rules import ReleaseRule, Rule, Target, Values
from broker.location import Location

EDITORS = "3c1f0c1e-8f3a-4a52-9d0e-0d1f6a3f7c01"
AUDITORS = "5d2e8b7a-1c4f-4c0a-8b21-3f9b7d4e6a02"
MAPS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "roles": {EDITORS: ("editor", "viewer"), AUDITORS: ("auditor",)},
    "cities": {"ATH": ("Athens",), "HER": ("Heraklion",)},
}
LANGUAGE = Language(MAPS)


def where(line: int = 1) -> Location:
    """A place in a file that is not there."""
    return Location("organizations/aegean-foods.yaml", line, 14)


def condition(source: str, list_name: str = "require", line: int = 1) -> CompiledExpression:
    return LANGUAGE.condition(list_name, source, where(line))


def text(source: str) -> CompiledExpression:
    return LANGUAGE.text("attributes", source, where())


def value(source: str) -> CompiledExpression:
    return LANGUAGE.value("release", source, where())


def rule(source: str, list_name: str = "require", name: str = "rule", line: int = 1, **more: Any) -> Rule:
    return Rule(name, condition(source, list_name, line), more.pop("otherwise", "refused_here"), **more)


def claim_rule(
    claim: str,
    source: str | None = None,
    when: str | None = None,
    *,
    to: tuple[Target, ...] = ("userinfo",),
    scope: str = "profile",
    optional: bool = False,
    name: str = "",
) -> ReleaseRule:
    return ReleaseRule(
        name=name or claim,
        claim=claim,
        to=frozenset(to),
        scope=scope,
        location=Location("relying_parties/connect.yaml", 7, 5),
        value=value(source) if source is not None else None,
        when=condition(when, "release") if when is not None else None,
        optional=optional,
    )


def refused(source: str, list_name: str = "require") -> ExpressionRefused:
    """Why a condition is refused at load."""
    try:
        condition(source, list_name)
    except ExpressionRefused as refusal:
        return refusal
    raise AssertionError(f"accepted: {source}")


def upstream_values(**claims: Any) -> Values:
    """What ``require`` sees of an ordinary person."""
    return Values(
        {
            "claims": claims,
            "upstream.tenant_id": "5b5e363c-6ca9-4f41-8070-9565fe497145",
            "upstream.object_id": "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
            "upstream.issuer": "https://login.microsoftonline.example/5b5e363c-6ca9-4f41-8070-9565fe497145/v2.0",
            "upstream.connection": "aegean-foods",
            "upstream.acr": "urn:pobuca:acr:mfa",
            "upstream.amr": ["pwd", "mfa"],
            "upstream.is_guest": False,
            "upstream.email": "eleni.markou@aegeanfoods.example",
            "upstream.email_verified": True,
            "upstream.groups": [EDITORS],
        }
    )
