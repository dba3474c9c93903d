"""CR-06: a rule writes what the protocol says."""

from __future__ import annotations

import pytest

from broker.claims import names
from broker.claims.releasing import release
from broker.claims.rules import Target, Values
from tests.support.expressions import claim_rule

TARGETS: tuple[Target, ...] = ("id_token", "userinfo", "access_token")


@pytest.mark.parametrize("claim", sorted(names.RESERVED))
def test_cr_06_the_protocols_claims_are_dropped_whatever_was_loaded(claim: str) -> None:
    rules = [claim_rule(claim, "'forged'", to=TARGETS), claim_rule("note", "'mine'", to=TARGETS)]
    for target in TARGETS:
        assert release(rules, Values({}), {claim: "built in"}, target, ["profile"]) == {"note": "mine"}


def test_cr_06_what_the_protocol_says_is_reserved() -> None:
    assert {"iss", "sub", "aud", "exp", "iat", "nonce", "acr", "amr", "azp", "sid", "at_hash", "cnf", "scope"} <= (
        names.RESERVED
    )
