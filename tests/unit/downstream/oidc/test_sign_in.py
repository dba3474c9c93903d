"""The whole road of an application: authorize, token, UserInfo; and the wire form of what it receives."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from broker.clock import epoch_seconds
from broker.jose.algorithms import left_hash
from tests.support.people import NOW, account, authentication
from tests.unit.downstream.oidc.stand import ISSUER, REDIRECT, SECRET, VERIFIER, Stand, answer_of, basic


def header_of(token: str) -> dict[str, Any]:
    return dict(json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "==")))


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
    header = header_of(tokens["id_token"])
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
        "at_hash": left_hash("RS256", tokens["access_token"]),
    }
    assert stand.sessions.live(claims["sid"])


@pytest.mark.parametrize("alg", ["RS256", "ES256", "PS256", "EdDSA"])
def test_an_id_token_is_signed_as_the_client_is_registered_for(stand: Stand, alg: str) -> None:
    response = stand.token(stand.code(client_id=f"alg-{alg}"), headers=basic(f"alg-{alg}"))
    tokens = response.get_json()
    assert header_of(tokens["id_token"])["alg"] == alg
    claims = stand.claims(tokens["id_token"])
    assert (claims["aud"], claims["at_hash"]) == (f"alg-{alg}", left_hash(alg, tokens["access_token"]))


def test_codes_and_tokens_have_256_bits_and_are_not_stored_in_the_clear(stand: Stand) -> None:
    code = stand.code()
    assert len(base64.urlsafe_b64decode(code + "=")) == 32
    assert stand.store.get("code", code) is None
    tokens = stand.token(code).get_json()
    assert len(base64.urlsafe_b64decode(tokens["access_token"] + "=")) == 32
    assert stand.store.get("access_token", tokens["access_token"]) is None


def test_a_redirect_uri_with_a_query_keeps_it(stand: Stand) -> None:
    redirect_uri = "https://app.pobuca.example/cb?tenant=1"
    answer = answer_of(stand.authorize(client_id="query", redirect_uri=redirect_uri), redirect_uri)
    response = stand.token(answer["code"], headers=basic("query"), redirect_uri=redirect_uri)
    assert response.status_code == 200


def test_what_was_not_asked_for_is_not_answered(stand: Stand) -> None:
    assert "nonce" not in stand.id_token(nonce=None)
    assert "state" not in answer_of(stand.authorize(state=None))


def test_what_the_upstream_did_not_say_is_not_claimed(stand: Stand) -> None:
    stand.signs_in = authentication(authenticated_at=None, amr=())
    claims = stand.id_token()
    assert "auth_time" not in claims
    assert "amr" not in claims
    assert claims["acr"] == "urn:pobuca:acr:directory"


def test_an_answer_by_form_post_has_the_same_parameters(stand: Stand) -> None:
    response = stand.authorize(response_mode="form_post")
    page = response.get_data(as_text=True)
    assert response.status_code == 200
    assert f'action="{REDIRECT}"' in page
    for name in ("code", "state", "iss"):
        assert f'name="{name}"' in page
    assert f"form-action {REDIRECT}" in response.headers["Content-Security-Policy"]


def test_a_public_client_signs_people_in_with_its_verifier_alone(stand: Stand) -> None:
    code = stand.code(client_id="public")
    response = stand.token(code, headers={}, client_id="public", code_verifier=VERIFIER)
    assert response.status_code == 200


def test_a_client_registered_for_post_signs_people_in_with_its_secret_in_the_body(stand: Stand) -> None:
    code = stand.code(client_id="poster")
    assert stand.token(code, headers={}, client_id="poster", client_secret=SECRET).status_code == 200


def test_a_native_client_is_answered_at_any_loopback_port(stand: Stand) -> None:
    redirect_uri = "http://127.0.0.1:49152/cb"
    answer = answer_of(stand.authorize(client_id="native", redirect_uri=redirect_uri), redirect_uri)
    response = stand.token(answer["code"], headers={}, client_id="native", redirect_uri=redirect_uri)
    assert response.status_code == 200


def test_a_pairwise_client_knows_person_and_session_by_names_of_its_own(stand: Stand) -> None:
    tokens = stand.token(stand.code(client_id="paired"), headers=basic("paired")).get_json()
    claims, usual = stand.claims(tokens["id_token"]), stand.id_token()
    assert claims["sub"] == stand.subjects.subject(stand.parties.get("paired"), account().id)  # type: ignore[arg-type]
    assert claims["sub"] != usual["sub"]
    assert not stand.sessions.live(claims["sid"])
    assert stand.userinfo(tokens["access_token"]).get_json()["sub"] == claims["sub"]


def test_two_sign_ins_have_nothing_in_common_but_the_person(stand: Stand) -> None:
    first, second = stand.tokens(), stand.tokens()
    assert first["access_token"] != second["access_token"]
    assert stand.claims(first["id_token"])["sub"] == stand.claims(second["id_token"])["sub"]
    assert stand.claims(first["id_token"])["sid"] != stand.claims(second["id_token"])["sid"]
