"""UO-03: a key of the consumer tenant, of another tenant or of another cloud signs a token of the organisation."""

from __future__ import annotations

from typing import Any

from tests.attacks.upstream import (
    CONSUMERS,
    EVIL_TENANT,
    TENANT_A,
    Attempt,
    OwnKeys,
    let_in,
    refuse_mutation,
    refuse_token,
)
from tests.support.jose import public, rsa_key, token
from tests.support.world import World


def test_uo_03_the_consumer_key_and_another_clouds_key_sign_no_work_account(world: World) -> None:
    for email in ("eleni.markou@aegeanfoods.example", None):
        browser = world.browser()
        for preset in ("msa_key", "other_cloud_key"):
            refuse_mutation(world, "key_issuer", preset=preset, email=email, browser=browser)
    assert let_in(world.come_back(world.browser()))


def test_uo_03_a_key_of_one_tenant_signs_for_no_other(world: World) -> None:
    host = world.simulator_url
    issuers: list[Any] = [
        f"{host}/{CONSUMERS}/v2.0",
        f"{host}/{EVIL_TENANT}/v2.0",
        f"{host}/{TENANT_A}/v2.0/",
        f"{host}/{TENANT_A.upper()}/v2.0",
        f"{host}/{{TenantID}}/v2.0",
        f"{host}/{{tenantid}}",
        f"{host}/{{tenantid}}{{tenantid}}/v2.0",
        "https://login.microsoftonline.us/{tenantid}/v2.0",
        "{tenantid}",
        "",
    ]
    key = rsa_key("attack-1")
    entries = [{**public(key), "kid": f"k{number}", "issuer": issuer} for number, issuer in enumerate(issuers)]
    keys, browser = OwnKeys(world, *entries, key=key), world.browser()
    for number in range(len(issuers)):
        attempt = Attempt.begin(world, browser=browser)
        refuse_token(attempt, keys.sign(attempt, {"kid": f"k{number}"}), "key_issuer")


def test_uo_03_template_keys_and_fixed_keys_sign_where_they_may(world: World) -> None:
    world.signed_in()
    key, host = rsa_key("attack-1"), world.simulator_url
    keys = OwnKeys(
        world,
        {**public(key), "kid": "template", "issuer": f"{host}/{{tenantid}}/v2.0"},
        {**public(key), "kid": "fixed", "issuer": f"{host}/{TENANT_A}/v2.0"},
        key=key,
    )
    for email in ("eleni.markou@aegeanfoods.example", None):
        keys.publish(
            {**public(key), "kid": "template", "issuer": f"{host}/{{tenantid}}/v2.0"},
            {**public(key), "kid": "fixed", "issuer": f"{host}/{TENANT_A}/v2.0"},
        )
        for kid in ("template", "fixed"):
            attempt = Attempt.begin(world, email)
            assert let_in(attempt.deliver_token(keys.sign(attempt, {"kid": kid})))


def test_uo_03_at_the_shared_authority_a_key_must_say_whose_tokens_it_signs(world: World) -> None:
    key = rsa_key("attack-1")
    keys = OwnKeys(world, public(key), key=key)
    attempt = Attempt.begin(world, None)
    refuse_token(attempt, keys.sign(attempt), "key_issuer")


def test_uo_03_a_key_of_another_cloud_signs_nothing_even_with_our_issuer(world: World) -> None:
    key = rsa_key("attack-1")
    template = f"{world.simulator_url}/{{tenantid}}/v2.0"
    keys = OwnKeys(world, public(key, issuer=template, cloud_instance_name="microsoftonline.us"), key=key)
    attempt = Attempt.begin(world)
    refuse_token(attempt, keys.sign(attempt), "key_issuer")


def test_uo_03_a_key_in_no_published_set_signs_nothing(world: World) -> None:
    keys = OwnKeys(world)
    stranger = rsa_key("attack-2")

    def by_a_stranger(attempt: Attempt) -> str:
        return token(stranger, keys.claims(attempt), kid="attack-1")

    attempt = Attempt.begin(world)
    refuse_token(attempt, by_a_stranger(attempt), "signature")
    attempt = Attempt.begin(world)
    refuse_token(attempt, token(stranger, keys.claims(attempt)), "kid")
