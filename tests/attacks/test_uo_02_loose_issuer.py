"""UO-02: an issuer that is nearly the expected one."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from broker.jose.errors import TokenRejected
from broker.jose.key_set import parse_key_set
from broker.upstream.entra_oidc.id_token import Expected, verify_id_token
from tests.attacks.upstream import EVIL_TENANT, TENANT_A, Attempt, OwnKeys, let_in, refuse_token
from tests.support.jose import public, rsa_key, token
from tests.support.properties import steady
from tests.support.world import World

HOST = "https://login.microsoftonline.com"
NOW = datetime(2026, 11, 21, 22, 26, 40, tzinfo=UTC)


def near_misses(host: str) -> list[object]:
    right = f"{host}/{TENANT_A}/v2.0"
    return [
        f"{host}/{{tenantid}}/v2.0",
        f"{host}/{{TenantId}}/v2.0",
        f"{host}/organizations/v2.0",
        f"{right}/",
        f"{right} ",
        f"\ufeff{right}",
        f"{right}\x00",
        f"{right}?x={right}",
        f"{right}#{EVIL_TENANT}",
        f"{host}/{TENANT_A}",
        f"{host}/{TENANT_A}/v1.0",
        f"{host}//{TENANT_A}/v2.0",
        f"{host}/{EVIL_TENANT}/../{TENANT_A}/v2.0",
        f"{host}/%35{TENANT_A[1:]}/v2.0",
        f"{host}/{TENANT_A.upper()}/v2.0",
        f"{host.upper()}/{TENANT_A}/v2.0",
        f"{host.replace('https', 'http')}/{TENANT_A}/v2.0",
        f"{host}.evil-olives.example/{TENANT_A}/v2.0",
        f"{host}@evil-olives.example/{TENANT_A}/v2.0",
        f"https://evil-olives.example/{right}",
        f"https://sts.windows.net/{TENANT_A}/",
        f"https://login.microsoftonline.us/{TENANT_A}/v2.0",
        f"https://login.partner.microsoftonline.cn/{TENANT_A}/v2.0",
    ]


def test_uo_02_only_the_exact_issuer_signs_in(world: World) -> None:
    keys, browser = OwnKeys(world), world.browser()
    for issuer in near_misses(world.simulator_url):
        attempt = Attempt.begin(world, browser=browser)
        refuse_token(attempt, keys.sign(attempt, iss=issuer), "issuer")
    for issuer in ([f"{world.simulator_url}/{TENANT_A}/v2.0"], {}, "", True):
        attempt = Attempt.begin(world, browser=browser)
        refuse_token(attempt, keys.sign(attempt, iss=issuer), "claims")


def test_uo_02_the_same_token_with_the_right_issuer_signs_in(world: World) -> None:
    _, tokens = world.signed_in()
    keys = OwnKeys(world)
    attempt = Attempt.begin(world)
    code = let_in(attempt.deliver_token(keys.sign(attempt)))
    assert world.tokens(code).claims["sub"] == tokens.claims["sub"]


def test_uo_02_at_the_shared_authority_the_tenant_is_a_guid_or_nothing(world: World) -> None:
    keys, browser = OwnKeys(world), world.browser()
    for tid in ("organizations", "common", "{tenantid}", f"{TENANT_A} ", TENANT_A.replace("-", ""), f"{{{TENANT_A}}}"):
        issuer = f"{world.simulator_url}/{tid}/v2.0"
        attempt = Attempt.begin(world, None, browser=browser)
        refuse_token(attempt, keys.sign(attempt, tid=tid, iss=issuer), "issuer")


def test_uo_02_at_the_shared_authority_too_the_issuer_is_exact(world: World) -> None:
    keys, browser = OwnKeys(world), world.browser()
    for issuer in near_misses(world.simulator_url)[:14]:
        attempt = Attempt.begin(world, None, browser=browser)
        refuse_token(attempt, keys.sign(attempt, iss=issuer), "issuer")


def _accepts(issuer: str, tenant_id: str | None, tid: str = TENANT_A) -> bool:
    key = rsa_key("entra-1")
    claims = {
        "aud": "us",
        "iss": issuer,
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 3600,
        "nonce": "n",
        "oid": TENANT_A,
        "sub": "s",
        "tid": tid,
        "ver": "2.0",
    }
    document = {"keys": [public(key, issuer=f"{HOST}/{{tenantid}}/v2.0")]}
    expected = Expected(f"{HOST}/{tenant_id or '{tenantid}'}/v2.0", tenant_id, None, "us", "n", NOW)
    try:
        verify_id_token(token(key, claims), parse_key_set(document).__getitem__, expected)
    except TokenRejected as rejection:
        assert rejection.reason == "issuer"  # noqa: PT017 - any other reason would hide the rule
        return False
    return True


RIGHT = f"{HOST}/{TENANT_A}/v2.0"
MUTATED = st.one_of(
    st.tuples(st.integers(0, len(RIGHT)), st.text(min_size=1, max_size=3)).map(
        lambda cut: RIGHT[: cut[0]] + cut[1] + RIGHT[cut[0] :]
    ),
    st.integers(0, len(RIGHT) - 1).map(lambda at: RIGHT[:at] + RIGHT[at + 1 :]),
    st.integers(0, len(RIGHT) - 1).map(lambda at: RIGHT[:at] + RIGHT[at].swapcase() + RIGHT[at + 1 :]),
    st.text(min_size=1, max_size=80),
).filter(lambda text: text != RIGHT)


@steady
@given(MUTATED, st.sampled_from([TENANT_A, None]))
def test_uo_02_of_all_mutated_issuers_not_one_passes(issuer: str, tenant_id: str | None) -> None:
    assert not _accepts(issuer, tenant_id)


def test_uo_02_the_unmutated_issuer_passes() -> None:
    assert _accepts(RIGHT, TENANT_A)
    assert _accepts(RIGHT, None)
