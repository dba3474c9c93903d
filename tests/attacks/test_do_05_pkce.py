"""DO-05, L5: PKCE left out, stripped, weakened or turned round."""

from __future__ import annotations

from functools import partial

import pytest

from tests.attacks.answers import next_code, party_refused, token_refused
from tests.support.world import VERIFIER, World, challenge

REQUESTS: tuple[dict[str, str | None], ...] = (
    {"code_challenge": None, "code_challenge_method": None},
    {"code_challenge": None},
    {"code_challenge": ""},
    {"code_challenge": "", "code_challenge_method": ""},
    {"code_challenge_method": None},
    {"code_challenge_method": ""},
    {"code_challenge_method": "plain"},
    {"code_challenge_method": "s256"},
    {"code_challenge_method": "S256 "},
    {"code_challenge_method": "S512"},
    {"code_challenge_method": "plain", "code_challenge": VERIFIER},
    {"code_challenge": challenge() + "="},
    {"code_challenge": challenge()[:-1]},
    {"code_challenge": challenge() + "A"},
    {"code_challenge": challenge()[:-1] + "é"},
    {"code_challenge": challenge()[:-2] + "+/"},
    {"code_challenge": "A" * 42 + "B"},  # bits that no SHA-256 sets
    {"code_challenge": "a" * 4096},
)
VERIFIERS: tuple[str | None, ...] = (
    None,
    "",
    "v",
    "v" * 42,
    "v" * 129,
    VERIFIER + "v",
    VERIFIER[:-1],
    VERIFIER.upper(),
    VERIFIER[:-1] + "é",
    VERIFIER[:-1] + "\x00",
    VERIFIER + " ",
    challenge(),
)


def test_do_05_l5_a_request_without_an_s256_challenge_is_refused(world: World) -> None:
    browser = world.browser()
    for changes in REQUESTS:
        for prompt in ("none", None):
            url = world.authorize_url(**{**changes, "prompt": prompt})
            party_refused(world, partial(world.go, browser, url), "invalid_request", "pkce", browser=browser)


@pytest.mark.parametrize("client_id", ["other", "phone"])
def test_do_05_neither_a_secret_nor_its_absence_makes_a_client_exempt(world: World, client_id: str) -> None:
    browser = world.browser()
    uri = {"other": "https://other.pobuca.example/callback", "phone": "http://127.0.0.1/callback"}[client_id]
    url = world.authorize_url(client_id, code_challenge=None, code_challenge_method=None)
    party_refused(world, partial(world.go, browser, url), "invalid_request", "pkce", redirect_uri=uri)


def test_do_05_l5_a_code_is_redeemed_with_its_verifier_only(world: World) -> None:
    browser, tokens = world.signed_in()
    for verifier in VERIFIERS:
        code = next_code(world, browser)
        attack = partial(world.redeem, code, code_verifier=verifier)
        token_refused(world, attack, "invalid_grant", "pkce", secrets=[code])
    code = next_code(world, browser)
    assert world.redeem(code).status_code == 200
    assert tokens.claims["aud"] == "sample"


def test_do_05_two_challenges_are_none(world: World) -> None:
    browser = world.browser()
    url = world.authorize_url(prompt="none") + f"&code_challenge={challenge('w' * 64)}"
    party_refused(world, partial(world.go, browser, url), "invalid_request", "params", browser=browser)
