"""The verifier believes a token whose form, header, algorithm, key and signature are in order, and no other."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.jose.claims import VerifiedClaims
from broker.jose.errors import TokenRejected
from broker.jose.key_set import VerifyingKey, parse_key_set
from broker.jose.verifying import MAX_TOKEN_BYTES, verify_compact
from tests.support.jose import b64, ec_key, okp_key, public, rsa_key, signed, token, unb64
from tests.support.properties import steady

RSA = rsa_key("rsa-1")
KEYS = parse_key_set(
    {"keys": [public(RSA), public(rsa_key("rsa-2")), public(ec_key("ec-1")), public(okp_key("okp-1"))]}
)
EVERY = ("RS256", "PS256", "ES256", "EdDSA")


def find(kid: str) -> VerifyingKey:
    if kid not in KEYS:
        raise TokenRejected("kid", "no such key")
    return KEYS[kid]


def verify(compact: object, algorithms: tuple[str, ...] = ("RS256",)) -> VerifiedClaims:
    return verify_compact(compact, find, algorithms=algorithms, types=("jwt", None))


def reason(compact: object, algorithms: tuple[str, ...] = ("RS256",)) -> str:
    with pytest.raises(TokenRejected) as caught:
        verify(compact, algorithms)
    return caught.value.reason


@pytest.mark.parametrize(
    ("key", "alg"),
    [(RSA, "RS256"), (RSA, "PS256"), (ec_key("ec-1"), "ES256"), (okp_key("okp-1"), "EdDSA")],
    ids=EVERY,
)
def test_a_good_token_of_each_algorithm_is_believed(key: Any, alg: str) -> None:
    verified = verify(token(key, {"sub": "someone"}, alg), EVERY)
    assert (verified.values["sub"], verified.header["alg"], verified.key.kid) == ("someone", alg, key["kid"])


@pytest.mark.parametrize("header", [{}, {"typ": None}, {"typ": "jwt"}, {"x5t": "abc"}, {"x5t#S256": "abc"}])
def test_the_headers_that_entra_sends_are_accepted(header: dict[str, Any]) -> None:
    assert verify(token(RSA, {"a": 1}, **header)).values == {"a": 1}


@pytest.mark.parametrize(
    "alg",
    ["none", "None", "nOnE", "HS256", "RS384", "RS512", "ES256", "rs256", "RS256 ", "", 1, None, ["RS256"], "PS256"],
)
def test_an_algorithm_that_is_not_on_the_list_is_refused(alg: object) -> None:
    compact = signed(RSA, json.dumps({"alg": alg, "kid": "rsa-1"}).encode(), b"{}", "RS256")
    assert reason(compact) == "alg"


def test_a_token_without_an_algorithm_is_refused() -> None:
    assert reason(signed(RSA, b'{"kid": "rsa-1"}', b"{}", "RS256")) == "alg"


def test_an_unsigned_token_is_refused() -> None:
    assert reason(f"{b64(b'{}')}.{b64(b'{}')}.") == "alg"


def test_a_mac_keyed_with_the_public_key_is_refused() -> None:
    """The classic confusion: HS256 with the RSA key's PEM as its secret (CVE-2022-29217)."""
    signing_input = f"{b64(json.dumps({'alg': 'HS256', 'kid': 'rsa-1'}).encode())}.{b64(b'{}')}"
    mac = hmac.new(RSA.export_to_pem(), signing_input.encode(), hashlib.sha256).digest()
    assert reason(f"{signing_input}.{b64(mac)}") == "alg"


@pytest.mark.parametrize(
    ("key", "alg"), [("ec-1", "RS256"), ("okp-1", "RS256"), ("rsa-1", "ES256"), ("rsa-1", "EdDSA")]
)
def test_a_key_of_another_type_than_the_algorithm_is_refused(key: str, alg: str) -> None:
    compact = signed(RSA, json.dumps({"alg": alg, "kid": key}).encode(), b"{}", "RS256")
    assert reason(compact, EVERY) == "alg"


def test_a_key_that_names_its_algorithm_serves_no_other() -> None:
    keys = parse_key_set({"keys": [public(RSA, alg="PS256")]})
    with pytest.raises(TokenRejected):
        verify_compact(token(RSA, {}), keys.__getitem__, algorithms=EVERY, types=("jwt",))
    assert verify_compact(token(RSA, {}, "PS256"), keys.__getitem__, algorithms=EVERY, types=("jwt",))


@pytest.mark.parametrize(
    "header",
    [
        {"jwk": public(RSA)},
        {"jku": "https://attacker.example/keys"},
        {"x5u": "https://attacker.example/certificate"},
        {"x5c": ["MIIC"]},
        {"cty": "JWT"},
        {"nonce": "1"},
        {"alg ": "none"},
        {"x5t": 1},
        {"x5t#S256": {}},
    ],
)
def test_a_header_that_names_a_key_or_means_something_unknown_is_refused(header: dict[str, Any]) -> None:
    assert reason(token(RSA, {}, **header)) == "header"


@pytest.mark.parametrize("header", [{"crit": ["exp"]}, {"crit": []}, {"b64": False}, {"b64": True}, {"zip": "DEF"}])
def test_a_header_that_changes_how_a_token_is_read_is_refused(header: dict[str, Any]) -> None:
    assert reason(token(RSA, {}, **header)) == "jose"


@pytest.mark.parametrize("typ", ["at+jwt", "logout+jwt", "JWE", "", 1, {}])
def test_another_type_of_token_is_refused(typ: object) -> None:
    assert reason(token(RSA, {}, typ=typ)) in ("jose", "header")


@pytest.mark.parametrize("kid", [None, "", "k" * 129, "a\nb", "\x00", "κλειδί", 7, ["rsa-1"], True])
def test_a_kid_that_is_no_short_printable_text_is_refused(kid: object) -> None:
    header = {"alg": "RS256", **({} if kid is None else {"kid": kid})}
    assert reason(signed(RSA, json.dumps(header).encode(), b"{}", "RS256")) == "header"


@pytest.mark.parametrize("kid", ["../../etc/passwd", "' OR 1=1 --", "https://attacker.example/k", "rsa-3", "k" * 128])
def test_a_hostile_kid_is_a_key_that_is_not_there(kid: str) -> None:
    assert reason(token(RSA, {}, kid=kid)) == "kid"


def test_a_signature_by_another_key_is_refused() -> None:
    assert reason(token(rsa_key("rsa-2"), {}, kid="rsa-1")) == "signature"
    assert verify(token(rsa_key("rsa-2"), {})).key.kid == "rsa-2"


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_token_changed_in_any_part_is_refused(part: int) -> None:
    parts = token(RSA, {"sub": "someone"}).split(".")
    changed = bytearray(unb64(parts[part]))
    changed[-2] ^= 1
    parts[part] = b64(bytes(changed))
    assert reason(".".join(parts))


@pytest.mark.parametrize(
    "compact",
    [
        "",
        ".",
        "..",
        "...",
        "a.b",
        "a.b.c.d",
        "a.b.c.d.e",
        "a.b.c.d.e.f.g",
        None,
        b"a.b.c",
        7,
        json.dumps({"payload": "e30", "signatures": []}),
        "é.é.é",
        "\ud800.a.b",
        "x" * (MAX_TOKEN_BYTES + 1),
    ],
)
def test_what_is_no_compact_token_is_refused(compact: object) -> None:
    assert reason(compact) == "jose"


def test_a_token_of_sixteen_kibibytes_is_read_and_one_above_is_not() -> None:
    room = (MAX_TOKEN_BYTES - 500) * 3 // 4
    assert verify(token(RSA, {"a": "x" * room}))
    assert reason(token(RSA, {"a": "x" * (room + 1000)})) == "jose"


@pytest.mark.parametrize("change", ["padding", "space", "newline", "standard alphabet", "spare bits"])
def test_another_spelling_of_the_same_token_is_refused(change: str) -> None:
    compact = token(RSA, {"a": "??>>"})
    head, payload, signature = compact.split(".")
    other = {
        "padding": f"{head}=.{payload}.{signature}",
        "space": f" {compact}",
        "newline": f"{compact}\n",
        "standard alphabet": f"{head}.{base64.b64encode(unb64(payload)).decode()}.{signature}",
        "spare bits": f"{head}.{payload}.{signature[:-1]}{_next_letter(signature[-1])}",
    }[change]
    assert verify(compact)
    assert reason(other) == "jose"


def _next_letter(letter: str) -> str:
    """256 bytes end in a letter with four spare bits: the next one spells the same bytes."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return alphabet[alphabet.index(letter) + 1]


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b'"text"', b"null", b"\xff", b'{"tid": "a", "tid": "b"}', b'{"a":' * 40 + b"1" + b"}" * 40]
)
def test_claims_that_are_no_plain_object_are_refused(payload: bytes) -> None:
    assert reason(token(RSA, payload)) == "jose"


def test_a_repeated_header_member_is_refused() -> None:
    protected = b'{"alg": "none", "alg": "RS256", "kid": "rsa-1"}'
    assert reason(signed(RSA, protected, b"{}", "RS256")) == "jose"


def test_claims_are_read_in_their_own_type_and_in_no_other() -> None:
    claims = verify(
        token(RSA, {"text": "a", "number": 1795300000, "truth": True, "written": "1795300000", "none": None})
    )
    assert claims.text("text") == "a"
    assert claims.moment("number").year == 2026
    assert claims.optional_moment("absent") is None
    assert claims.optional_text("text", longest=1) == "a"
    assert claims.optional_text("written", longest=3) is None
    for name in ("truth", "written", "text", "absent", "none"):
        with pytest.raises(TokenRejected):
            claims.moment(name)
    for name in ("number", "absent", "none"):
        with pytest.raises(TokenRejected):
            claims.text(name)


@pytest.mark.parametrize("seconds", [10**12, -(10**15), 10**30, 2**63])
def test_a_time_beyond_the_calendar_is_refused(seconds: int) -> None:
    with pytest.raises(TokenRejected):
        verify(token(RSA, {"exp": seconds})).moment("exp")


def test_verified_claims_cannot_be_changed() -> None:
    claims = verify(token(RSA, {"sub": "someone"}))
    with pytest.raises(TypeError):
        claims.values["sub"] = "somebody"  # type: ignore[index] # that is the point
    assert "someone" not in repr(claims)


@steady
@given(st.text(max_size=400) | st.binary(max_size=400))
def test_whatever_comes_only_the_refusal_is_raised(compact: str | bytes) -> None:
    with pytest.raises(TokenRejected):
        verify(compact)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just("rsa-1") | st.just("RS256"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
members = st.sampled_from(["alg", "kid", "typ", "x5t", "jwk", "jku", "crit", "b64", "zip", "enc", "x5c", "cty", "apu"])


@steady
@given(st.dictionaries(members | st.text(max_size=6), json_values, max_size=6), st.binary(max_size=40))
def test_of_all_headers_only_the_plain_ones_are_believed(header: dict[str, Any], payload: bytes) -> None:
    compact = signed(RSA, json.dumps(header).encode(), payload, "RS256")
    try:
        verified = verify(compact)
    except TokenRejected:
        return
    assert header["alg"] == "RS256"
    assert header["kid"] == "rsa-1"
    assert header.keys() <= {"alg", "kid", "typ", "x5t", "x5t#S256"}
    assert verified.values == json.loads(payload)


@steady
@given(st.binary(min_size=1, max_size=300), st.integers(0, 2))
def test_a_part_exchanged_for_any_bytes_is_refused(data: bytes, part: int) -> None:
    compact = token(RSA, {"sub": "someone"})
    parts = compact.split(".")
    parts[part] = b64(data)
    if ".".join(parts) != compact:
        assert reason(".".join(parts))
