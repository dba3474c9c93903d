"""A confidential application whose file says ``pkce: optional`` may leave it out, and nothing else (threats DO-05)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.federation.model import RelyingPartyConfig
from tests.support.world import PARTIES, Foundation, World, answered, world_on

SUITE = {**PARTIES[0], "pkce": "optional"}


@pytest.fixture
def world(foundation: Foundation, tmp_path: Path) -> Iterator[World]:
    with world_on(foundation, tmp_path / "world", parties=(SUITE, *PARTIES[1:])) as made:
        yield made


def test_it_signs_people_in_without_and_with_a_challenge(world: World) -> None:
    code = world.code(world.browser(), code_challenge=None, code_challenge_method=None)
    assert world.redeem(code, code_verifier=None).status_code == 200
    assert world.signed_in()[1].claims["aud"] == "sample"


def test_a_verifier_for_a_code_without_a_challenge_is_refused(world: World) -> None:
    code = world.code(world.browser(), code_challenge=None, code_challenge_method=None)
    assert world.redeem(code).json()["error"] == "invalid_grant"


def test_a_code_with_a_challenge_needs_its_verifier(world: World) -> None:
    code = world.code(world.browser())
    assert world.redeem(code, code_verifier=None).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "changes", [{"code_challenge_method": None}, {"code_challenge": None}, {"code_challenge_method": "plain"}]
)
def test_half_a_challenge_is_refused(world: World, changes: dict[str, str | None]) -> None:
    answer = answered(world.go(world.browser(), world.authorize_url(prompt="none", **changes)))
    assert answer["error"] == "invalid_request"


def test_other_clients_still_need_it(world: World) -> None:
    url = world.authorize_url("other", prompt="none", code_challenge=None, code_challenge_method=None)
    assert answered(world.go(world.browser(), url))["error"] == "invalid_request"


def test_a_public_client_cannot_have_it() -> None:
    config = {
        "client_id": "phone",
        "display_name": "Phone",
        "redirect_uris": ["https://app.pobuca.example/callback"],
        "token_endpoint_auth_method": "none",
    }
    assert RelyingPartyConfig.model_validate(config).pkce == "required"
    with pytest.raises(ValueError, match="public client"):
        RelyingPartyConfig.model_validate({**config, "pkce": "optional"})
