"""entra-id reference 1.6, 1.7, 2.1 and 2.3."""

from __future__ import annotations

import base64
import hashlib
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from jwcrypto import jwk, jwt

from broker.clock import epoch_seconds
from broker.demo.entra.seed import CLIENT_ID, CLIENT_SECRET
from tests.unit.demo.entra.running import (
    ASSERTION_TYPE,
    CALLBACK,
    ELENI,
    START,
    TENANT_A,
    TENANT_B,
    TOMAS,
    VERIFIER,
    RunningSimulator,
)


def refused(answer: requests.Response, code: int, error: str) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    assert (body["error_codes"], body["error"]) == ([code], error), body
    assert answer.headers["Cache-Control"] == "no-store, no-cache"
    return body


def refreshed(entra: RunningSimulator, token: str, tenant: str = TENANT_A, **form: str) -> requests.Response:
    return entra.token(tenant, grant_type="refresh_token", refresh_token=token, **form)


# --- Codes


def test_a_code_is_worth_opaque_tokens_and_an_id_token(entra: RunningSimulator) -> None:
    answer = entra.redeem(entra.sign_in().fields["code"])
    body = answer.json()
    assert body["token_type"] == "Bearer"
    assert body["scope"] == "openid profile email offline_access User.Read"
    assert 3600 <= body["expires_in"] < 5400
    assert "." not in body["access_token"][3:4]
    assert body["access_token"].count(".") == 0
    assert answer.headers["Cache-Control"] == "no-store, no-cache"
    assert answer.headers["Pragma"] == "no-cache"
    assert answer.headers["Expires"] == "-1"


def test_without_offline_access_there_is_no_refresh_token_and_without_openid_no_id_token(
    entra: RunningSimulator,
) -> None:
    assert "refresh_token" not in entra.tokens(scope="openid profile")
    assert "id_token" not in entra.tokens(scope="User.Read")


def test_a_code_is_good_once(entra: RunningSimulator) -> None:
    code = entra.sign_in().fields["code"]
    assert entra.redeem(code).status_code == 200
    refused(entra.redeem(code), 54005, "invalid_grant")


def test_of_many_redemptions_of_a_code_one_wins(entra: RunningSimulator) -> None:
    code = entra.sign_in().fields["code"]
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: entra.redeem(code).status_code, range(16)))
    assert sorted(statuses) == [200] + [400] * 15


def test_a_code_is_redeemed_where_it_was_issued(entra: RunningSimulator) -> None:
    code = entra.sign_in(TOMAS, "organizations").fields["code"]
    refused(entra.redeem(code, TENANT_B), 700005, "invalid_grant")
    assert entra.redeem(code, "organizations").status_code == 200


def test_a_domain_and_its_guid_are_one_place(entra: RunningSimulator) -> None:
    code = entra.sign_in(tenant="aegeanfoods.example").fields["code"]
    assert entra.redeem(code, TENANT_A).status_code == 200


def test_a_code_outlives_ten_minutes_not(entra: RunningSimulator) -> None:
    first, second = entra.sign_in().fields["code"], entra.sign_in().fields["code"]
    entra.clock.advance(timedelta(minutes=10))
    assert entra.redeem(first).status_code == 200
    entra.clock.advance(timedelta(seconds=1))
    refused(entra.redeem(second), 70008, "invalid_grant")


@pytest.mark.parametrize(
    ("form", "code", "error"),
    [
        ({"code_verifier": "x" * 43}, 501481, "invalid_grant"),
        ({"code_verifier": None}, 501481, "invalid_grant"),
        ({"redirect_uri": CALLBACK + "2"}, 500112, "invalid_grant"),
        ({"redirect_uri": None}, 900144, "invalid_request"),
        ({"grant_type": None}, 900144, "invalid_request"),
        ({"grant_type": "password"}, 70003, "unsupported_grant_type"),
        ({"client_secret": "guess"}, 7000215, "invalid_client"),
        ({"client_secret": None}, 7000218, "invalid_client"),
        ({"client_id": None}, 900144, "invalid_request"),
        ({"client_id": str(uuid.uuid4())}, 700016, "unauthorized_client"),
    ],
)
def test_a_wrong_request_leaves_the_code_good(
    entra: RunningSimulator, form: dict[str, str | None], code: int, error: str
) -> None:
    value = entra.sign_in().fields["code"]
    refused(entra.redeem(value, TENANT_A, **form), code, error)
    assert entra.redeem(value).status_code == 200


def test_a_verifier_nobody_announced_is_refused(entra: RunningSimulator) -> None:
    code = entra.sign_in(code_challenge=None, code_challenge_method=None).fields["code"]
    refused(entra.redeem(code), 501481, "invalid_grant")
    assert entra.redeem(code, code_verifier=None).status_code == 200


def test_a_challenge_without_a_method_is_the_verifier_itself(entra: RunningSimulator) -> None:
    code = entra.sign_in(code_challenge=VERIFIER, code_challenge_method=None).fields["code"]
    assert entra.redeem(code).status_code == 200


def test_a_made_up_code_is_malformed(entra: RunningSimulator) -> None:
    refused(entra.redeem("1.ARoA-guess"), 70000, "invalid_grant")


# --- The error body


def test_an_error_has_the_members_of_a_captured_one(entra: RunningSimulator) -> None:
    answer = entra.redeem("guess", code_verifier=None)
    body = answer.json()
    assert list(body) == [
        "error",
        "error_description",
        "error_codes",
        "timestamp",
        "trace_id",
        "correlation_id",
        "error_uri",
    ]
    assert answer.status_code == 400
    assert body["timestamp"] == "2026-11-21 22:26:40Z"
    assert body["trace_id"] == answer.headers["x-ms-request-id"]
    assert body["correlation_id"] == answer.headers["client-request-id"]
    assert body["error_description"] == (
        f"AADSTS70000: The provided grant is invalid or malformed.\r\nTrace ID: {body['trace_id']}\r\n"
        f"Correlation ID: {body['correlation_id']}\r\nTimestamp: {body['timestamp']}"
    )
    assert requests.get(body["error_uri"], timeout=10).status_code == 200


def test_a_number_that_the_look_up_page_does_not_know_has_no_address(entra: RunningSimulator) -> None:
    token = entra.tokens()["refresh_token"]
    entra.control("PATCH", f"users/{ELENI}", signInFrequencySeconds=3600)
    entra.clock.advance(timedelta(hours=2))
    body = refused(refreshed(entra, token), 70043, "invalid_grant")
    assert body["suberror"] == "token_expired"
    assert "error_uri" not in body


def test_the_callers_request_id_comes_back(entra: RunningSimulator) -> None:
    wanted = str(uuid.uuid4())
    url = f"{entra.base}/{TENANT_A}/oauth2/v2.0/token"
    answer = requests.post(url, headers={"client-request-id": wanted}, timeout=10)
    assert answer.json()["correlation_id"] == wanted


# --- Who calls


def test_a_secret_may_come_by_basic_authentication(entra: RunningSimulator) -> None:
    entra.control("PATCH", f"registrations/{CLIENT_ID}", secrets=[{"value": "a:b c%+é"}])
    code = entra.sign_in().fields["code"]
    pair = f"{CLIENT_ID}:a%3Ab+c%25%2B%C3%A9"
    answer = requests.post(
        f"{entra.base}/{TENANT_A}/oauth2/v2.0/token",
        data={
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        },
        headers={"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()},
        timeout=10,
    )
    assert answer.status_code == 200, answer.text


def test_a_secret_can_be_expired(entra: RunningSimulator) -> None:
    ends = epoch_seconds(START) + 60
    entra.control("PATCH", f"registrations/{CLIENT_ID}", secrets=[{"value": CLIENT_SECRET, "expiresAt": ends}])
    first, second = entra.sign_in().fields["code"], entra.sign_in().fields["code"]
    assert entra.redeem(first).status_code == 200
    entra.clock.advance(timedelta(seconds=60))
    answer = entra.redeem(second)
    refused(answer, 7000222, "invalid_client")
    assert answer.status_code == 401


@pytest.fixture(scope="module")
def certificate() -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(START - timedelta(days=1))
        .not_valid_after(START + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    return key, made


def assertion(
    entra: RunningSimulator,
    certificate: tuple[rsa.RSAPrivateKey, x509.Certificate],
    algorithm: str = "PS256",
    thumbprint: str = "x5t#S256",
    padded: bool = False,
    **changed: Any,
) -> str:
    key, made = certificate
    der = made.public_bytes(serialization.Encoding.DER)
    digest = hashlib.sha256(der) if thumbprint == "x5t#S256" else hashlib.sha1(der)  # noqa: S324  # Entra's own choice
    text = base64.urlsafe_b64encode(digest.digest()).decode()
    now = epoch_seconds(START)
    claims = {
        "aud": f"{entra.base}/{TENANT_A}/oauth2/v2.0/token",
        "iss": CLIENT_ID,
        "sub": CLIENT_ID,
        "jti": str(uuid.uuid4()),
        "nbf": now,
        "iat": now,
        "exp": now + 600,
    } | changed
    token = jwt.JWT(
        header={"alg": algorithm, "typ": "JWT", thumbprint: text if padded else text.rstrip("=")}, claims=claims
    )
    token.make_signed_token(jwk.JWK.from_pyca(key))
    return str(token.serialize())


def register(entra: RunningSimulator, certificate: tuple[rsa.RSAPrivateKey, x509.Certificate]) -> None:
    pem = certificate[1].public_bytes(serialization.Encoding.PEM).decode()
    entra.control("PATCH", f"registrations/{CLIENT_ID}", certificates=[pem])


def by_assertion(entra: RunningSimulator, value: str) -> requests.Response:
    code = entra.sign_in().fields["code"]
    return entra.redeem(code, client_secret=None, client_assertion=value, client_assertion_type=ASSERTION_TYPE)


@pytest.mark.parametrize(
    ("algorithm", "thumbprint", "padded"),
    [("PS256", "x5t#S256", False), ("RS256", "x5t", False), ("RS256", "x5t", True)],
)
def test_a_certificate_assertion_of_either_style_is_taken(
    entra: RunningSimulator,
    certificate: tuple[rsa.RSAPrivateKey, x509.Certificate],
    algorithm: str,
    thumbprint: str,
    padded: bool,
) -> None:
    register(entra, certificate)
    answer = by_assertion(entra, assertion(entra, certificate, algorithm, thumbprint, padded))
    assert answer.status_code == 200, answer.text
    (entry,) = entra.control("GET", "requests?path=token")["requests"]
    assert entry["form"]["client_assertion"] == "(hidden)"
    assert entry["client_assertion"]["header"]["alg"] == algorithm


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"aud": "https://login.microsoftonline.com/common/v2.0"}, 50013),
        ({"sub": "somebody"}, 50048),
        ({"sub": "somebody", "iss": "somebody"}, 700021),
        ({"exp": epoch_seconds(START) - 301}, 700024),
        ({"nbf": epoch_seconds(START) + 301}, 700024),
        ({"exp": None}, 700024),
    ],
)
def test_an_assertion_with_a_wrong_claim_is_refused_with_its_number(
    entra: RunningSimulator,
    certificate: tuple[rsa.RSAPrivateKey, x509.Certificate],
    changed: dict[str, Any],
    code: int,
) -> None:
    register(entra, certificate)
    refused(by_assertion(entra, assertion(entra, certificate, **changed)), code, "invalid_client")


def test_an_assertion_of_an_unregistered_or_expired_certificate_is_refused(
    entra: RunningSimulator, certificate: tuple[rsa.RSAPrivateKey, x509.Certificate]
) -> None:
    refused(by_assertion(entra, assertion(entra, certificate)), 700027, "invalid_client")
    register(entra, certificate)
    broken = assertion(entra, certificate)[:-12] + "AAAAAAAAAAAA"
    refused(by_assertion(entra, broken), 700027, "invalid_client")
    refused(by_assertion(entra, "not.a.jwt"), 700027, "invalid_client")
    entra.clock.advance(timedelta(days=31))
    late = epoch_seconds(START + timedelta(days=31))
    refused(by_assertion(entra, assertion(entra, certificate, exp=late + 600)), 1000502, "invalid_client")


# --- Refresh tokens


def test_a_refresh_token_is_replaced_and_stays_good(entra: RunningSimulator) -> None:
    first = entra.tokens()
    answer = refreshed(entra, first["refresh_token"])
    assert answer.status_code == 200
    assert answer.json()["refresh_token"] != first["refresh_token"]
    assert refreshed(entra, first["refresh_token"]).status_code == 200
    claims = entra.verified(answer.json()["id_token"])
    assert "nonce" not in claims
    assert claims["oid"] == entra.verified(first["id_token"])["oid"]


def test_inactivity_of_ninety_days_ends_a_refresh_token(entra: RunningSimulator) -> None:
    token = entra.tokens()["refresh_token"]
    entra.control("PUT", "clock", offset_seconds=90 * 86400)
    token = refreshed(entra, token).json()["refresh_token"]
    entra.control("PUT", "clock", offset_seconds=180 * 86400 + 1)
    refused(refreshed(entra, token), 700082, "invalid_grant")


@pytest.mark.parametrize(
    ("change", "code", "suberror"),
    [
        ({"accountEnabled": False}, 50057, None),
        ({"deleted": True}, 50034, None),
        ({"blockedByPolicy": True}, 53003, None),
        ({"passwordExpired": True}, 50055, "user_password_expired"),
        ({"mfaRequired": True}, 50076, "basic_action"),
        ({"assigned": False}, 50105, None),
    ],
)
def test_a_changed_person_ends_the_refresh_token(
    entra: RunningSimulator, change: dict[str, bool], code: int, suberror: str | None
) -> None:
    token = entra.tokens()["refresh_token"]
    entra.control("PATCH", f"users/{ELENI}", **change)
    body = refused(refreshed(entra, token), code, "invalid_grant")
    assert body.get("suberror") == suberror
    assert ELENI not in str(body)
    if code == 50076:
        assert re.match(r'\{"access_token":\{"polids":', body["claims"])


def test_revoked_sessions_end_the_refresh_token_and_a_new_sign_in_gives_a_good_one(entra: RunningSimulator) -> None:
    token = entra.tokens()["refresh_token"]
    entra.control("POST", f"users/{ELENI}/revoke-sessions")
    assert refused(refreshed(entra, token), 50173, "invalid_grant")["suberror"] == "bad_token"
    assert refreshed(entra, entra.tokens()["refresh_token"]).status_code == 200


def test_existing_refresh_tokens_can_be_given_a_number(entra: RunningSimulator) -> None:
    token = entra.tokens()["refresh_token"]
    assert entra.control("POST", f"users/{ELENI}/refuse-refresh", code=70043) == {"refresh_tokens": 1}
    refused(refreshed(entra, token), 70043, "invalid_grant")


@pytest.mark.parametrize(
    ("state", "code", "error"),
    [("disabled", 7000112, "unauthorized_client"), ("removed", 700016, "unauthorized_client")],
)
def test_a_tenant_that_throws_the_application_out_ends_the_refresh_token(
    entra: RunningSimulator, state: str, code: int, error: str
) -> None:
    token = entra.tokens()["refresh_token"]
    entra.control("PATCH", f"service-principals/{TENANT_A}", state=state)
    refused(refreshed(entra, token), code, error)


def test_withdrawn_consent_ends_the_refresh_token(entra: RunningSimulator) -> None:
    token = entra.tokens()["refresh_token"]
    entra.control("DELETE", f"consents/{TENANT_A}")
    assert refused(refreshed(entra, token), 65001, "invalid_grant")["suberror"] == "consent_required"


def test_a_refresh_token_is_bound_to_the_person_and_not_to_the_tenant(entra: RunningSimulator) -> None:
    token = entra.tokens(TOMAS, "organizations")["refresh_token"]
    there = refreshed(entra, token, TENANT_A)
    assert entra.verified(there.json()["id_token"])["oid"] == "74c8b9be-c9a8-4094-b584-5e2035da8102"
    entra.control("POST", f"users/{TOMAS}/revoke-sessions")
    refused(refreshed(entra, token, TENANT_A), 50173, "invalid_grant")
    again = entra.tokens(TOMAS, "organizations")["refresh_token"]
    assert refreshed(entra, again, TENANT_A).status_code == 200
    eleni = entra.tokens()["refresh_token"]
    refused(refreshed(entra, eleni, TENANT_B), 50020, "invalid_grant")


# --- Client credentials


def test_the_application_may_call_for_itself_at_a_tenant(entra: RunningSimulator) -> None:
    answer = entra.token(grant_type="client_credentials", scope="https://graph.microsoft.com/.default")
    body = answer.json()
    assert set(body) == {"token_type", "expires_in", "ext_expires_in", "access_token"}


@pytest.mark.parametrize("tenant", ["common", "organizations", "consumers"])
def test_it_may_not_at_an_alias(entra: RunningSimulator, tenant: str) -> None:
    answer = entra.token(tenant, grant_type="client_credentials", scope="https://graph.microsoft.com/.default")
    refused(answer, 9001023, "invalid_request")


def test_it_may_ask_for_the_default_scope_only(entra: RunningSimulator) -> None:
    refused(entra.token(grant_type="client_credentials", scope="User.Read.All"), 70011, "invalid_scope")
