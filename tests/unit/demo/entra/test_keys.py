"""entra-id reference 1.2 and 1.4."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from typing import Any

import pytest
import requests
from cryptography import x509
from jwcrypto.common import JWException

from tests.unit.demo.entra.running import CONSUMERS, RunningSimulator, header


def published(entra: RunningSimulator) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = requests.get(f"{entra.base}/common/discovery/v2.0/keys", timeout=10).json()["keys"]
    return keys


def test_there_are_several_entra_keys_one_for_personal_accounts_and_one_of_another_cloud(
    entra: RunningSimulator,
) -> None:
    issuers = [(key["issuer"], key["cloud_instance_name"]) for key in published(entra)]
    assert issuers.count((f"{entra.base}/{{tenantid}}/v2.0", "microsoftonline.com")) >= 3
    assert (f"{entra.base}/{CONSUMERS}/v2.0", "microsoftonline.com") in issuers
    assert any(cloud == "microsoftonline.us" for _, cloud in issuers)


def test_the_key_id_is_the_sha1_of_a_self_signed_certificate_good_for_five_years(entra: RunningSimulator) -> None:
    for key in published(entra):
        (text,) = key["x5c"]
        der = base64.b64decode(text)
        thumbprint = base64.urlsafe_b64encode(hashlib.sha1(der).digest()).rstrip(b"=").decode()  # noqa: S324  # Entra's
        certificate = x509.load_der_x509_certificate(der)
        certificate.verify_directly_issued_by(certificate)
        start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        assert (key["kid"], key["x5t"]) == (thumbprint, thumbprint)
        assert end == start.replace(year=start.year + 5)
        assert list(key) == ["kty", "use", "kid", "x5t", "n", "e", "x5c", "cloud_instance_name", "issuer"]


def test_a_new_key_signs_only_after_it_was_activated(entra: RunningSimulator) -> None:
    before = header(entra.tokens()["id_token"])["kid"]
    kid = entra.control("POST", "keys", published=True)["kid"]
    assert header(entra.tokens()["id_token"])["kid"] == before
    entra.control("PATCH", f"keys/{kid}", active=True)
    token = entra.tokens()["id_token"]
    assert header(token)["kid"] == kid
    assert entra.verified(token)


def test_a_token_may_be_signed_with_a_key_that_is_not_published_yet(entra: RunningSimulator) -> None:
    kid = entra.control("POST", "keys", active=True)["kid"]
    token = entra.tokens()["id_token"]
    assert kid not in [key["kid"] for key in published(entra)]
    with pytest.raises(JWException):
        entra.verified(token)
    entra.control("PATCH", f"keys/{kid}", published=True)
    assert entra.verified(token)


def test_removing_the_signing_key_lets_another_one_sign(entra: RunningSimulator) -> None:
    before = header(entra.tokens()["id_token"])["kid"]
    entra.control("DELETE", f"keys/{before}")
    token = entra.tokens()["id_token"]
    assert header(token)["kid"] != before
    assert entra.verified(token)
    assert before not in [key["kid"] for key in published(entra)]


def test_the_issuer_of_a_key_can_be_swapped(entra: RunningSimulator) -> None:
    kid = published(entra)[0]["kid"]
    entra.control("PATCH", f"keys/{kid}", issuer="{base_url}/" + CONSUMERS + "/v2.0")
    assert published(entra)[0]["issuer"] == f"{entra.base}/{CONSUMERS}/v2.0"


def test_the_last_key_of_an_owner_stays(entra: RunningSimulator) -> None:
    (kid,) = [key["kid"] for key in entra.control("GET", "keys")["keys"] if key["owner"] == "msa"]
    assert requests.delete(f"{entra.base}/_simulator/keys/{kid}", timeout=10).status_code == 404


def test_a_reset_brings_the_first_keys_back(entra: RunningSimulator) -> None:
    first = published(entra)
    entra.control("POST", "keys", published=True, active=True)
    entra.control("DELETE", f"keys/{first[0]['kid']}")
    entra.control("POST", "reset")
    assert published(entra) == first
    entra.clock.advance(timedelta(hours=1))
    assert header(entra.tokens()["id_token"])["kid"] == first[0]["kid"]
