"""The credential, as Entra documents it (entra-id reference, section 1.6)."""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from structlog.testing import capture_logs

from broker.clock import ManualClock, epoch_seconds
from broker.entropy import SystemEntropy
from broker.identity import Secret
from broker.jose.certificate_key import CertificateKey
from broker.upstream.entra_oidc.client_assertion import ClientCertificate, ClientSecret
from tests.support.fake_entra import CLIENT_ID
from tests.support.jose import claims_of, header_of, rsa_key
from tests.support.people import NOW
from tests.unit.jose.test_certificate_key import EXPIRES, certificate_of, pem_of

TOKEN_ENDPOINT = "https://login.microsoftonline.com/5b5e363c-6ca9-4f41-8070-9565fe497145/oauth2/v2.0/token"


@functools.cache
def key() -> CertificateKey:
    return CertificateKey.from_pem(pem_of(rsa_key("client-1")), certificate_of(rsa_key("client-1")))


def credential(clock: ManualClock, assertion: Literal["PS256", "RS256"] = "PS256") -> ClientCertificate:
    return ClientCertificate(CLIENT_ID, key(), clock, SystemEntropy(), assertion=assertion)


def test_a_secret_goes_into_the_body() -> None:
    assert ClientSecret(Secret("the-secret")).fields(TOKEN_ENDPOINT) == {"client_secret": "the-secret"}


@pytest.mark.parametrize(
    ("assertion", "name", "thumbprint"),
    [("PS256", "x5t#S256", "thumbprint_sha256"), ("RS256", "x5t", "thumbprint_sha1")],
)
def test_an_assertion_says_what_entra_wants_and_verifies(
    assertion: Literal["PS256", "RS256"], name: str, thumbprint: str
) -> None:
    fields = credential(ManualClock(NOW), assertion).fields(TOKEN_ENDPOINT)
    assert fields["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    compact = fields["client_assertion"]
    assert header_of(compact) == {"alg": assertion, "typ": "JWT", name: getattr(key(), thumbprint)}
    claims = claims_of(compact)
    assert len(claims.pop("jti")) == 36
    now = epoch_seconds(NOW)
    assert claims == {
        "aud": TOKEN_ENDPOINT,
        "iss": CLIENT_ID,
        "sub": CLIENT_ID,
        "nbf": now,
        "iat": now,
        "exp": now + 600,
    }
    jws = JWS()
    jws.deserialize(compact)
    jws.allowed_algs = [assertion]
    jws.verify(JWK.from_pem(certificate_of(rsa_key("client-1"))), assertion)


def test_an_assertion_is_used_for_nine_of_its_ten_minutes_and_for_one_endpoint() -> None:
    clock = ManualClock(NOW)
    made = credential(clock)
    first = made.fields(TOKEN_ENDPOINT)
    assert made.fields(TOKEN_ENDPOINT) == first
    assert made.fields(f"{TOKEN_ENDPOINT}/other") != first
    clock.advance(timedelta(seconds=539))
    assert made.fields(TOKEN_ENDPOINT) == first
    clock.advance(timedelta(seconds=1))
    second = made.fields(TOKEN_ENDPOINT)
    assert claims_of(second["client_assertion"])["jti"] != claims_of(first["client_assertion"])["jti"]
    clock.advance(timedelta(seconds=-60))
    assert made.fields(TOKEN_ENDPOINT) != second


@pytest.mark.parametrize(("days", "alarm"), [(31, []), (29, ["upstream_credential_expires"])])
def test_an_alarm_is_raised_a_month_before_the_certificate_expires(days: int, alarm: list[str]) -> None:
    with capture_logs() as logs:
        credential(ManualClock(EXPIRES - timedelta(days=days))).fields(TOKEN_ENDPOINT)
    assert [log["event"] for log in logs] == alarm
    assert datetime(2027, 3, 1, tzinfo=UTC) == EXPIRES
