"""Every rule of the list says no to what it is there for, and yes to what Entra sends (entra-id
reference, section 1.3).
"""

from __future__ import annotations

import functools
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.clock import epoch_seconds
from broker.identity import CONSUMER_TENANT, Subject
from broker.jose.errors import TokenRejected
from broker.jose.key_set import VerifyingKey, parse_key_set
from broker.upstream.entra_oidc.id_token import RULES, Expected, VerifiedIdToken, verify_id_token
from tests.support.fake_entra import CLIENT_ID
from tests.support.jose import ec_key, public, rsa_key, signed, token
from tests.support.people import ELENI, NOW, TENANT_A, TENANT_B
from tests.support.properties import steady

HOST = "https://login.microsoftonline.com"
TEMPLATE = f"{HOST}/{{tenantid}}/v2.0"
CLOUD = "microsoftonline.com"
T = epoch_seconds(NOW)


@functools.cache
def keys() -> dict[str, VerifyingKey]:
    entries = [
        public(rsa_key("entra-1"), issuer=TEMPLATE, cloud_instance_name=CLOUD),
        public(rsa_key("msa-1"), issuer=f"{HOST}/{CONSUMER_TENANT}/v2.0"),
        public(rsa_key("tenant-b-1"), issuer=f"{HOST}/{TENANT_B}/v2.0"),
        public(rsa_key("silent-1")),
        public(rsa_key("us-1"), issuer=TEMPLATE, cloud_instance_name="microsoftonline.us"),
        public(ec_key("ec-1"), issuer=TEMPLATE),
    ]
    return dict(parse_key_set({"keys": entries}))


def find(kid: str) -> VerifyingKey:
    if kid not in keys():
        raise TokenRejected("kid")
    return keys()[kid]


def said(**changes: Any) -> dict[str, Any]:
    claims = {
        "aud": CLIENT_ID,
        "iss": f"{HOST}/{TENANT_A}/v2.0",
        "iat": T - 300,
        "nbf": T - 300,
        "exp": T + 3600,
        "nonce": "the-nonce",
        "oid": ELENI.identifier,
        "sub": "m-K-cydw0xteGY0JiFnZi_TmOMdsphyWxwldQz0GjEw",
        "tid": TENANT_A,
        "ver": "2.0",
    }
    return {name: value for name, value in {**claims, **changes}.items() if value is not ...}


def believe(claims: Any, kid: str = "entra-1", **expected: Any) -> VerifiedIdToken:
    shared = expected.pop("shared", False)
    given_expectations = {
        "issuer": TEMPLATE if shared else f"{HOST}/{TENANT_A}/v2.0",
        "tenant_id": None if shared else TENANT_A,
        "cloud_instance_name": CLOUD,
        "client_id": CLIENT_ID,
        "nonce": "the-nonce",
        "now": NOW,
        **expected,
    }
    compact = claims if isinstance(claims, str) else token(rsa_key(kid), claims)
    return verify_id_token(compact, find, Expected(**given_expectations))


def reason(claims: Any, kid: str = "entra-1", **expected: Any) -> str:
    with pytest.raises(TokenRejected) as caught:
        believe(claims, kid, **expected)
    return caught.value.reason


@pytest.mark.parametrize("shared", [False, True])
def test_the_token_that_entra_sends_is_believed(shared: bool) -> None:
    believed = believe(said(auth_time=T - 20), shared=shared)
    assert believed.subject == Subject("entra", TENANT_A, ELENI.identifier)
    assert believed.issuer == f"{HOST}/{TENANT_A}/v2.0"
    assert believed.issued_at == NOW - timedelta(seconds=300)
    assert believed.authenticated_at == NOW - timedelta(seconds=20)
    assert believe(said(), shared=shared).authenticated_at is None


def test_object_ids_are_compared_in_one_spelling() -> None:
    assert believe(said(oid=ELENI.identifier.upper())).subject == ELENI


# -- UO-10 ------------------------------------------------------------------------------------------------------

REQUIRED = ("iss", "aud", "sub", "tid", "oid", "nonce", "ver", "iat", "exp")


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", [..., None, "", 7, True, 1.5, [], ["x"], {}])
@pytest.mark.parametrize("shared", [False, True])
def test_a_required_claim_that_is_missing_or_of_another_type_is_refused(name: str, value: object, shared: bool) -> None:
    assert reason(said(**{name: value}), shared=shared) == "claims"


@pytest.mark.parametrize("name", ["iat", "exp", "nbf", "auth_time"])
@pytest.mark.parametrize("value", [str(T), float(T), True, [T], 10**18])
def test_a_time_is_a_whole_number_and_nothing_else(name: str, value: object) -> None:
    assert reason(said(**{name: value})) == "claims"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"iat": T + 61}, "claims"),
        ({"exp": T - 300 + 24 * 3600 + 1}, "claims"),
        ({"exp": T - 300}, "claims"),
        ({"exp": T - 301}, "claims"),
        ({"iat": T - 7200, "exp": T - 60}, "clock"),
        ({"nbf": T + 61}, "clock"),
        ({"auth_time": T + 61}, "claims"),
        ({"iat": T - 400 * 24 * 3600}, "claims"),
    ],
)
def test_a_token_outside_its_time_is_refused(changes: dict[str, Any], expected: str) -> None:
    assert reason(said(**changes)) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"iat": T + 60},
        {"exp": T - 300 + 24 * 3600},
        {"iat": T - 7200, "exp": T - 59},
        {"nbf": T + 60},
        {"nbf": ...},
        {"auth_time": T + 60},
    ],
)
def test_a_minute_of_difference_between_two_clocks_is_allowed(changes: dict[str, Any]) -> None:
    assert believe(said(**changes))


def test_the_rules_hold_whatever_the_clock_shows() -> None:
    for now in (NOW + timedelta(hours=2), NOW - timedelta(hours=2)):
        assert reason(said(), now=now) in ("claims", "clock")


# -- UO-01, UO-02 -----------------------------------------------------------------------------------------------


def test_a_token_of_another_tenant_is_refused_where_one_was_asked() -> None:
    other = said(tid=TENANT_B, iss=f"{HOST}/{TENANT_B}/v2.0")
    assert reason(other) == "issuer"
    assert believe(other, shared=True).subject.authority == TENANT_B


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize(
    ("tid", "iss"),
    [
        (TENANT_A, f"{HOST}/{TENANT_B}/v2.0"),
        (TENANT_B, f"{HOST}/{TENANT_A}/v2.0"),
        (TENANT_A, TEMPLATE),
        (TENANT_A, f"https://sts.windows.net/{TENANT_A}/"),
        (TENANT_A, f"https://login.microsoftonline.us/{TENANT_A}/v2.0"),
        (TENANT_A, f"https://login.microsoftonline.com.attacker.example/{TENANT_A}/v2.0"),
        (TENANT_A, f"{HOST}/{TENANT_A.upper()}/v2.0"),
        (TENANT_A, f"{HOST}/{TENANT_A}/v2.0/"),
        (TENANT_A, f"{HOST}/{TENANT_A}"),
        (TENANT_A, f" {HOST}/{TENANT_A}/v2.0"),
        ("{tenantid}", TEMPLATE),
        ("organizations", f"{HOST}/organizations/v2.0"),
        ("aegeanfoods.example", f"{HOST}/aegeanfoods.example/v2.0"),
        ("00000000-0000-0000-0000-000000000000", f"{HOST}/00000000-0000-0000-0000-000000000000/v2.0"),
        (f"{{{TENANT_A}}}", f"{HOST}/{{{TENANT_A}}}/v2.0"),
        (TENANT_A.replace("-", ""), f"{HOST}/{TENANT_A.replace('-', '')}/v2.0"),
    ],
)
def test_only_the_exact_issuer_of_the_tenant_will_do(tid: str, iss: str, shared: bool) -> None:
    assert reason(said(tid=tid, iss=iss), shared=shared) == "issuer"


@st.composite
def mutated_issuers(draw: st.DrawFn) -> str:
    """The good issuer with something cut out and something put in, or any text at all."""
    good = f"{HOST}/{TENANT_A}/v2.0"
    start = draw(st.integers(0, len(good)))
    end = draw(st.integers(start, min(len(good), start + 6)))
    put_in = draw(st.text(max_size=6) | st.sampled_from(["/", "{tenantid}", TENANT_B, "A", ".", "%2f", "\n"]))
    return draw(st.sampled_from([good[:start] + put_in + good[end:], put_in, good.swapcase()]))


@steady
@given(mutated_issuers(), st.booleans())
def test_of_all_issuers_only_one_is_believed(issuer: str, shared: bool) -> None:
    try:
        believe(said(iss=issuer), shared=shared)
    except TokenRejected:
        return
    assert issuer == f"{HOST}/{TENANT_A}/v2.0"


@pytest.mark.parametrize("name", ["tid", "iss", "oid", "aud", "exp", "nonce"])
def test_a_claim_in_a_second_spelling_is_refused(name: str) -> None:
    for other in (name.upper(), name.title()):
        assert reason(said(**{other: "anything"})) == "claims"
    assert believe(said(Title="Buyer", NAME="Eleni"))


def test_a_repeated_claim_is_refused() -> None:
    payload = f'{{"tid": "{TENANT_B}", "tid": "{TENANT_A}"}}'.encode()
    compact = signed(rsa_key("entra-1"), b'{"alg": "RS256", "kid": "entra-1"}', payload, "RS256")
    assert reason(compact) == "jose"


# -- UO-03 ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("kid", ["msa-1", "tenant-b-1", "us-1"])
def test_a_key_of_another_issuer_signs_nothing_here(kid: str, shared: bool) -> None:
    assert reason(said(), kid, shared=shared) == "key_issuer"


def test_a_key_of_a_fixed_issuer_signs_for_that_one() -> None:
    other = said(tid=TENANT_B, iss=f"{HOST}/{TENANT_B}/v2.0")
    assert believe(other, "tenant-b-1", shared=True)


def test_a_key_that_does_not_say_whose_it_is_serves_only_in_a_tenants_own_key_set() -> None:
    assert believe(said(), "silent-1")
    assert reason(said(), "silent-1", shared=True) == "key_issuer"


def test_clouds_are_compared_only_if_both_are_stated() -> None:
    assert believe(said(), "us-1", cloud_instance_name=None)
    assert believe(said(), "us-1", cloud_instance_name="microsoftonline.us")


# -- UO-05, UO-11, UO-12 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("alg", ["ES256", "PS256"])
def test_another_algorithm_than_microsofts_is_refused(alg: str) -> None:
    assert reason(token(ec_key("ec-1") if alg == "ES256" else rsa_key("entra-1"), said(), alg)) == "alg"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "00000003-0000-0000-c000-000000000000"},
        {"aud": f"api://{CLIENT_ID}"},
        {"aud": CLIENT_ID.upper()},
        {"azp": "705bad33-ba4a-40ee-8ef9-2eb1e60b7b83"},
    ],
)
def test_a_token_for_another_application_is_refused(changes: dict[str, Any]) -> None:
    assert reason(said(**changes)) == "audience"
    assert believe(said(azp=CLIENT_ID))


@pytest.mark.parametrize("audience", [[CLIENT_ID], [CLIENT_ID, "other"]])
def test_a_list_of_audiences_is_not_what_entra_sends(audience: list[str]) -> None:
    assert reason(said(aud=audience)) == "claims"


@pytest.mark.parametrize("nonce", ["another", "the-nonce ", "THE-NONCE", "νονς"])
def test_the_nonce_of_another_sign_in_is_refused(nonce: str) -> None:
    assert reason(said(nonce=nonce)) == "nonce"


def test_a_token_of_version_one_is_refused() -> None:
    assert reason(said(ver="1.0")) == "claims"
    assert reason(said(ver="1.0", iss=f"https://sts.windows.net/{TENANT_A}/")) == "issuer"


def test_a_person_without_a_usable_object_id_is_nobody() -> None:
    for oid in ("not-a-guid", "00000000-0000-0000-0000-000000000000"):
        assert reason(said(oid=oid)) == "claims"


def test_the_rules_are_a_list_of_named_functions() -> None:
    names = [rule.__name__ for rule in RULES]
    assert names.index("tenant") < names.index("issuer") < names.index("key_issuer") < names.index("audience")
    assert all(rule.__doc__ for rule in RULES)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.sampled_from([TENANT_A, T, "2.0", CLIENT_ID]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)


@steady
@given(st.dictionaries(st.sampled_from([*said(), "nbf", "auth_time", "azp"]), json_values, max_size=4))
def test_a_token_is_believed_only_if_what_decides_is_unchanged(changes: dict[str, Any]) -> None:
    try:
        believe({**said(), **changes})
    except TokenRejected:
        return
    for name in ("iss", "aud", "tid", "nonce", "ver"):
        assert changes.get(name, said()[name]) == said()[name]
