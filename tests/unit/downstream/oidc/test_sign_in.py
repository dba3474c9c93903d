"""The whole road of an application: authorize, token, UserInfo; and the wire form of what it receives."""

from __future__ import annotations

import base64
import json
from urllib.parse import urlsplit

import pytest

from broker.clock import epoch_seconds
from tests.support.people import NOW, account
from tests.unit.downstream.oidc.stand import ISSUER, Stand, answer_of, party


def test_a_sign_in_gives_a_code_then_tokens_then_claims(stand: Stand) -> None:
    answer = answer_of(stand.authorize())
    assert answer.keys() == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == ("st4te", ISSUER)
    response = stand.token(answer["code"])
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert response.content_type == "application/json"
    members = response.get_json()
    assert members.keys() == {"access_token", "token_type", "expires_in", "id_token", "scope"}
    assert (members["token_type"], members["expires_in"]) == ("Bearer", 900)
    assert members["scope"] == "openid profile email"
    info = stand.userinfo(members["access_token"])
    assert info.status_code == 200
    assert info.get_json()["sub"] == stand.claims(members["id_token"])["sub"] == account().id


def test_the_wire_form_of_an_id_token_is_frozen(stand: Stand) -> None:
    tokens = stand.tokens()
    header = json.loads(base64.urlsafe_b64decode(tokens["id_token"].split(".")[0] + "=="))
    assert header == {"alg": "RS256", "typ": "JWT", "kid": header["kid"]}
    assert header["kid"] in {key["kid"] for key in stand.keys.public_jwks()["keys"]}
    claims = stand.claims(tokens["id_token"])
    now = epoch_seconds(NOW)
    assert claims == {
        "iss": ISSUER,
        "sub": account().id,
        "aud": "sample",
        "exp": now + 900,
        "iat": now,
        "auth_time": now - 5,
        "nonce": "n0nce",
        "acr": "urn:pobuca:acr:directory",
        "amr": ["pwd", "mfa"],
        "sid": claims["sid"],
        "at_hash": claims["at_hash"],
    }


@pytest.mark.parametrize("alg", ["RS256", "ES256", "PS256", "EdDSA"])
def test_an_id_token_is_signed_as_the_client_is_registered_for(stand: Stand, alg: str) -> None:
    from tests.unit.downstream.oidc.stand import basic

    response = stand.token(stand.code(client_id=f"alg-{alg}"), headers=basic(f"alg-{alg}"))
    token = response.get_json()["id_token"]
    header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    assert header["alg"] == alg
    assert stand.claims(token)["aud"] == f"alg-{alg}"


def test_a_redirect_uri_with_a_query_keeps_it(stand: Stand) -> None:
    redirect_uri = "https://app.pobuca.example/cb?tenant=1"
    answer = answer_of(stand.authorize(client_id="query", redirect_uri=redirect_uri), redirect_uri)
    assert "code" in answer


def test_what_was_not_asked_for_is_not_answered(stand: Stand) -> None:
    assert "nonce" not in stand.id_token(nonce=None)
    assert "state" not in answer_of(stand.authorize(state=None))


def test_an_answer_by_form_post_has_the_same_parameters(stand: Stand) -> None:
    response = stand.authorize(response_mode="form_post")
    page = response.get_data(as_text=True)
    assert response.status_code == 200
    for name in ("code", "state", "iss"):
        assert f'name="{name}"' in page
    assert urlsplit(party().redirect_uris.__iter__().__next__()).path in page
