"""DO-10: grant types and response types that no client may use, and metadata that says so."""

from __future__ import annotations

from functools import partial

from tests.attacks.answers import party_refused, token_refused
from tests.support.offline import offline, post, refresh
from tests.support.world import World

GRANT_TYPES = (
    "password",
    "implicit",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:saml2-bearer",
    "urn:openid:params:grant-type:ciba",
    "AUTHORIZATION_CODE",
    "authorization_code ",
    "authorization_code\x00",
    "authorization_code refresh_token",
    "__class__",
    "é" * 300,
)
RESPONSE_TYPES = (
    "token",
    "id_token",
    "id_token token",
    "code token",
    "code id_token",
    "code id_token token",
    "none",
    "device",
    "CODE",
    "code ",
    " code",
    "code code",
    "code\tid_token",
    "code,token",
    "\x00code",
)


def test_do_10_every_other_grant_type_is_refused(world: World) -> None:
    code = world.code(world.browser())
    more = {"username": "eleni.markou@aegeanfoods.example", "password": "Simulated-1", "refresh_token": code}
    for grant_type in GRANT_TYPES:
        attack = partial(world.redeem, code, **{"grant_type": grant_type, **more})
        token_refused(world, attack, "unsupported_grant_type", "grant", secrets=[code, "Simulated-1"])
    for grant_type in ("refresh_token", "client_credentials"):
        attack = partial(world.redeem, code, **{"grant_type": grant_type, **more})
        token_refused(world, attack, "unauthorized_client", "grant", secrets=[code, "Simulated-1"])
    for missing in (None, ""):
        attack = partial(world.redeem, code, grant_type=missing)
        token_refused(world, attack, "invalid_request", "params", secrets=[code])
    answer = world.redeem(code)
    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "token_type", "expires_in", "id_token", "scope"}


def test_do_10_every_other_response_type_is_refused_and_no_token_is_in_any_address(world: World) -> None:
    browser, _ = world.signed_in()
    for response_type in RESPONSE_TYPES:
        url = world.authorize_url(response_type=response_type, prompt="none")
        attack = partial(world.go, browser, url)
        answer = party_refused(world, attack, "unsupported_response_type", "grant", browser=browser)
        assert "#" not in answer.headers["Location"]
    for missing in (None, ""):
        url = world.authorize_url(response_type=missing, prompt="none")
        party_refused(world, partial(world.go, browser, url), "invalid_request", "params", browser=browser)
    assert "code=" in world.go(browser, world.authorize_url(prompt="none")).headers["Location"]


def test_do_10_a_client_has_the_grant_types_that_its_file_implies_and_no_other(keeping: World) -> None:
    tokens = offline(keeping)
    assert refresh(keeping, tokens["refresh_token"]).status_code == 200
    assert post(keeping, "/token", "caller", grant_type="client_credentials").status_code == 200
    for client_id, grant_type in (
        ("keeper", "client_credentials"),
        ("caller", "authorization_code"),
        ("caller", "refresh_token"),
        ("server", "client_credentials"),
    ):
        attack = partial(post, keeping, "/token", client_id, grant_type=grant_type, code="x", refresh_token="x")
        token_refused(keeping, attack, "unauthorized_client", "grant")
    attack = partial(post, keeping, "/token", "caller", grant_type="client_credentials", scope="co_workers.write")
    token_refused(keeping, attack, "invalid_scope", "scope")


def test_do_10_metadata_lists_exactly_what_there_is(world: World) -> None:
    said = world.go(world.browser(), "/.well-known/openid-configuration").json()
    assert said["response_types_supported"] == ["code"]
    assert said["grant_types_supported"] == ["authorization_code", "refresh_token", "client_credentials"]
    assert said["response_modes_supported"] == ["query", "form_post"]
    assert "registration_endpoint" not in said
