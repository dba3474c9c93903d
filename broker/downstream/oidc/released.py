"""What one application gets of one person: the built-in claims, and in their place those that its rules make.

A claim that a rule names is the rules' alone: it goes where they say, and nowhere when they do not hold. For every
other claim scopes and the ``claims`` parameter decide, as ever (``claims``).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from broker import tracing
from broker.claims.facts import fields_of, release_values
from broker.claims.releasing import governed, release
from broker.claims.rules import ReleaseRule, Target
from broker.downstream.oidc import claims
from broker.downstream.oidc.claims import PROTOCOL_CLAIMS, Person
from broker.downstream.oidc.parties import RelyingParty
from broker.errors import LoginFailed
from broker.evidence import FactsMemory

# Octets of the person's claims in an ID token, as JSON. The rest of it (``minting``) is for the protocol's own, for
# base64url and the signature. What is too much is refused before anything is handed out.
_MAX_CLAIMS: Final = 4 * 1024

# Asked for by its name, a claim is given as if its own scope had been asked for.
_ALWAYS: Final = "openid"


class NotReleased(Exception):
    """A claim could not be decided, or all of them are too much; ``reason`` and ``detail`` are for the log."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Releases:
    """Makes the claims. ``memory``: what the directory said of the person at their last sign-in."""

    memory: FactsMemory

    def for_id_token(
        self, party: RelyingParty, person: Person, connection: str, scopes: Collection[str], asked: Collection[str]
    ) -> dict[str, Any]:
        """Of the built-in claims only those that the ``claims`` parameter asks for here: those of the scopes are at
        UserInfo (OpenID Connect Core 5.4). Raises ``NotReleased``, and ``Busy`` when nobody can tell just now.
        """
        built_in = claims.allowed(party.scopes, asked)
        said = self._made("id_token", party, person, connection, scopes, asked, built_in)
        size = len(json.dumps(said))
        if size > _MAX_CLAIMS:
            raise NotReleased("output", f"{size} octets of claims are too much for an ID token")
        return said

    def for_userinfo(
        self, party: RelyingParty, person: Person, connection: str, scopes: Collection[str], asked: Collection[str]
    ) -> dict[str, Any]:
        """Those of the scopes and those that were asked for; raises as ``for_id_token``."""
        built_in = claims.names_of(party.scopes & set(scopes)) | claims.allowed(party.scopes, asked)
        return self._made("userinfo", party, person, connection, scopes, asked, built_in)

    def for_access_token(
        self, party: RelyingParty, person: Person, connection: str, scopes: Collection[str]
    ) -> dict[str, Any]:
        """What resource servers hear of the person behind an access token: what rules give, and nothing else."""
        return self._made("access_token", party, person, connection, scopes, (), ())

    def _made(
        self,
        target: Target,
        party: RelyingParty,
        person: Person,
        connection: str,
        scopes: Collection[str],
        asked: Collection[str],
        built_in: Collection[str],
    ) -> dict[str, Any]:
        rules = [rule for rule in party.release if target in rule.to]
        said = claims.release(person, frozenset(built_in) - governed(party.release))
        if tracing.is_recording():
            for name, value in said.items():
                tracing.note(tracing.Step("claim", party.client_id, name, "released", value=value, detail=target))
        if rules:
            said |= self._by_rules(rules, target, party, person, connection, scopes, asked)
        return {name: value for name, value in said.items() if name not in PROTOCOL_CLAIMS}

    def _by_rules(
        self,
        rules: Sequence[ReleaseRule],
        target: Target,
        party: RelyingParty,
        person: Person,
        connection: str,
        scopes: Collection[str],
        asked: Collection[str],
    ) -> dict[str, Any]:
        account, organization = person.account, person.organization
        if organization is None:
            raise NotReleased("organization", "the organisation is not configured any more")
        facts = self.memory.of(account, connection)
        values = release_values(facts, fields_of(account), organization, party.client_id)
        wanted = tuple(_wanted(rule, party, asked) for rule in rules)
        granted = frozenset(scopes) & party.scopes | {_ALWAYS}
        try:
            return release(wanted, values, claims.release(person, claims.NAMES), target, granted)
        except LoginFailed as error:
            raise NotReleased(error.reason, error.detail) from error


def _wanted(rule: ReleaseRule, party: RelyingParty, asked: Collection[str]) -> ReleaseRule:
    """A rule whose claim was asked for by name, if the application may ask for its scope (Core 5.5)."""
    by_name = rule.claim in asked and rule.scope in party.scopes
    return replace(rule, scope=_ALWAYS) if by_name else rule
