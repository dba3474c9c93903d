"""A key set is taken whole or not at all (threats UO-09)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.jose.key_set import KeySetRefused, parse_key_set
from tests.support.jose import b64, ec_key, okp_key, public, rsa_key
from tests.support.properties import steady

GOOD = public(rsa_key("rsa-1"), x5t="rsa-1", x5c=["MIIC"], issuer="https://login.example/{tenantid}/v2.0")


def test_the_keys_are_found_by_their_name_with_what_entra_says_of_them() -> None:
    other = public(rsa_key("rsa-2"), cloud_instance_name="microsoftonline.com")
    keys = parse_key_set({"keys": [GOOD, other, public(ec_key("ec-1")), public(okp_key("okp-1"))]})
    assert set(keys) == {"rsa-1", "rsa-2", "ec-1", "okp-1"}
    assert keys["rsa-1"].issuer == "https://login.example/{tenantid}/v2.0"
    assert keys["rsa-2"].cloud_instance_name == "microsoftonline.com"
    assert keys["rsa-1"].fits("RS256")
    assert not keys["rsa-1"].fits("ES256")


@pytest.mark.parametrize(
    "passed_over",
    [
        public(ec_key("ec-384", "P-384")),
        public(okp_key("x", "X25519")),
        {"kty": "AKP", "kid": "later", "use": "sig"},
        public(rsa_key("rsa-2"), kid=None),
        public(rsa_key("rsa-2"), kid=""),
    ],
    ids=["another curve", "key agreement", "unknown type", "no kid", "empty kid"],
)
def test_a_key_of_no_use_here_is_passed_over(passed_over: dict[str, Any]) -> None:
    assert set(parse_key_set({"keys": [passed_over, GOOD]})) == {"rsa-1"}
    with pytest.raises(KeySetRefused):
        parse_key_set({"keys": [passed_over]})


@pytest.mark.parametrize(
    "broken",
    [
        {"kty": "oct", "kid": "mac", "k": "c2VjcmV0"},
        public(rsa_key("rsa-1024", 1024)),
        public(rsa_key("rsa-2"), use="enc"),
        public(rsa_key("rsa-2"), use=None, key_ops=["encrypt"]),
        public(rsa_key("rsa-2"), use=None, key_ops="sign"),
        public(rsa_key("rsa-2"), d="AQAB"),
        public(rsa_key("rsa-2"), k="AQAB"),
        public(rsa_key("rsa-2"), kid="rsa-1"),
        public(rsa_key("rsa-2"), e="AQ"),
        public(rsa_key("rsa-2"), e="Ag"),
        public(rsa_key("rsa-2"), e="AQAAAAAB"),
        public(rsa_key("rsa-2"), n=b64(b"\xff" * 2048)),
        public(rsa_key("rsa-2"), n="not base64url!"),
        public(rsa_key("rsa-2"), n=None),
        public(rsa_key("rsa-2"), n=7),
        public(rsa_key("rsa-2"), issuer=7),
        public(rsa_key("rsa-2"), alg=["RS256"]),
        public(rsa_key("rsa-2"), cloud_instance_name={}),
        public(ec_key("ec-1"), x="AQAB"),
        public(okp_key("okp-1"), x="AQAB"),
        "text",
        None,
        7,
        [],
    ],
)
def test_one_broken_key_condemns_the_document(broken: object) -> None:
    with pytest.raises(KeySetRefused):
        parse_key_set({"keys": [GOOD, broken]})


@pytest.mark.parametrize(
    "document", [None, [], {}, {"keys": None}, {"keys": {}}, {"keys": []}, "keys", 7, {"keys": [GOOD] * 1001}]
)
def test_what_is_no_key_set_is_refused(document: object) -> None:
    with pytest.raises(KeySetRefused):
        parse_key_set(document)


values = st.none() | st.integers() | st.text(max_size=12) | st.lists(st.text(max_size=4), max_size=2)


@steady
@given(st.dictionaries(st.sampled_from([*GOOD, "d", "k", "crv", "x", "y", "key_ops", "alg"]), values, max_size=5))
def test_whatever_a_key_holds_only_the_refusal_is_raised(changes: dict[str, Any]) -> None:
    try:
        keys = parse_key_set({"keys": [{**GOOD, **changes}]})
    except KeySetRefused:
        return
    assert all(key.fits("RS256") == (key.alg in (None, "RS256")) for key in keys.values() if key.kty == "RSA")
