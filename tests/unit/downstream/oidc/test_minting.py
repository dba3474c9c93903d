"""What an ID token says, and of whom (OpenID Connect Core section 2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from broker.admission import Admission, Evidence
from broker.downstream.oidc.claims import PROTOCOL_CLAIMS
from broker.downstream.oidc.grants import CodeGrant
from broker.downstream.oidc.minting import IdTokens, Statement
from broker.errors import NotAllowed
from broker.identity import Stamp
from tests.support.people import NOW, account
from tests.unit.downstream.oidc.stand import CHALLENGE, ISSUER, REDIRECT, Stand, party

GRANT = CodeGrant(
    client_id="sample",
    redirect_uri=REDIRECT,
    code_challenge=CHALLENGE,
    account_id=account().id,
    organization="aegean-foods",
    connection="entra:aegean-foods",
    stamp=Stamp(0, 0),
    sid="sid",
    scopes=("openid",),
    nonce=None,
    id_token_claims=(),
    userinfo_claims=(),
    authenticated_at=None,
    acr="urn:pobuca:acr:directory",
    amr=(),
    expires_at=NOW,
)


def admission(stand: Stand) -> Admission:
    return stand.gate.admit(Evidence.standing(account(), "entra:aegean-foods", Stamp(0, 0), None))


def minted(stand: Stand, **user_claims: Any) -> dict[str, Any]:
    statement = Statement(party(), GRANT, "subject", "sid", "access-token", user_claims)
    tokens = IdTokens(ISSUER, stand.keys, stand.clock, timedelta(seconds=300))
    return stand.claims(tokens.mint(admission(stand), statement))


def test_no_claim_of_a_person_is_taken_for_one_of_the_protocol(stand: Stand) -> None:
    honest = minted(stand, name="Eleni")
    assert minted(stand, name="Eleni", **dict.fromkeys(PROTOCOL_CLAIMS, "evil")) == honest
    assert honest["name"] == "Eleni"


def test_a_token_lives_as_long_as_configured(stand: Stand) -> None:
    claims = minted(stand)
    assert claims["exp"] - claims["iat"] == 300


def test_a_token_is_minted_for_the_one_who_was_admitted_and_nobody_else(stand: Stand) -> None:
    statement = Statement(party(), replace(GRANT, account_id="another"), "subject", "sid", "access-token", {})
    tokens = IdTokens(ISSUER, stand.keys, stand.clock, timedelta(seconds=300))
    with pytest.raises(NotAllowed):
        tokens.mint(admission(stand), statement)
