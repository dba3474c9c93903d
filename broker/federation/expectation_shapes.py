"""The typed shape of what claim rules are expected to do, and of the samples that they are tried with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from broker.claims.rules import Target
from broker.claims.vocabulary import ACCOUNT_FIELDS, GRAPH_PROPERTIES
from broker.federation.findings import did_you_mean
from broker.federation.shapes import Section
from broker.federation.values import ClaimName, ClientId, LogWord, Name, Prose, Words

_Texts = Annotated[dict[str, str], Words("a mapping of texts", "{department: Sales}")]
_Claims = Annotated[
    dict[str, str | bool | int | float | list[str] | dict[str, Any]],
    Words("a mapping of claims", "{name: Eleni Markou, acct: 0}"),
]


class SampleSection(Section):
    """What is said of a person who signs in."""

    organization: Name | None = None
    """Whose person it is; left out: the organization that is bound to the tenant of the claim `tid`."""
    claims: _Claims = {}
    """The claims of the ID token, as Entra writes them."""
    groups: Annotated[
        list[str] | Literal["unknown"] | None,
        Words("a list of object ids, or `unknown`", "[0d6c8f8f-5b61-4a3c-9a4e-…]"),
    ] = None
    """The groups the person is in; left out: those of the claim `groups`, or none."""
    graph: _Texts = {}
    """The person's properties in Microsoft Graph."""
    account: _Texts | None = None
    """The fields of the account before this sign-in; left out: it is the first one."""
    acr: Annotated[str, Words("a text", "urn:pobuca:acr:mfa")] = ""
    """How strongly the person proved themselves, in Pobuca's words."""
    amr: Annotated[list[str], Words("a list of texts", "[pwd, mfa]")] = []
    """The methods that the directory says were used; left out: those of the claim `amr`."""

    @classmethod
    def conflicts(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for key, known in (("graph", GRAPH_PROPERTIES), ("account", ACCOUNT_FIELDS)):
            for name in values.get(key) or {}:
                if name not in known:
                    yield key, f"{key} has no {name}{did_you_mean(name, known)}"


class ClaimsSection(Section):
    """What one application gets in one place."""

    application: Annotated[ClientId, Field(examples=["connect"])]
    """Its `client_id`."""
    target: Target = "userinfo"
    """Where."""
    gives: _Claims = {}
    """Claims that must be there, with these values."""
    withholds: Annotated[list[ClaimName], Words("a list of claims", "[phone_number]")] = []
    """Claims that must not be there."""

    @classmethod
    def conflicts(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        if "gives" in values and "withholds" in values and not (values["gives"] or values["withholds"]):
            yield "", "this expects nothing: it needs gives or withholds"


class ExpectSection(Section):
    """What must come of it."""

    outcome: LogWord = "admitted"
    """`admitted`, or the reason of the refusal."""
    rule: Annotated[Name | None, Field(examples=["members-only"])] = None
    """The rule that refuses."""
    attributes: _Texts = {}
    """Fields that the account must have afterwards, with these values."""
    empty: Annotated[list[LogWord], Words("a list of fields", "[office]")] = []
    """Fields that must have no value."""
    claims: list[ClaimsSection] = []
    """What applications must get."""

    @classmethod
    def conflicts(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        refused = values.get("outcome") != "admitted"
        if values.get("rule") and not refused:
            yield "rule", "rule names who refuses, and this one is admitted"
        for key in ("attributes", "empty", "claims"):
            if refused and values.get(key):
                yield key, f"{key} has no meaning for somebody who is refused"


class ExpectationSection(Section):
    """One sample, and what must come of it."""

    name: Prose
    """What it shows."""
    sample: SampleSection
    """What is said of the person."""
    expect: ExpectSection
    """What must come of it."""


class RuleTests(Section):
    """`config/claim_rules/tests/*.yaml`: what the rules are expected to do."""

    expectations: Annotated[list[ExpectationSection], Field(min_length=1)]
    """One sample each."""
