"""DO-08, L8: clients that prove themselves in a way that is not theirs."""

from __future__ import annotations

import base64
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
import requests

from broker.federation.findings import ConfigurationRejected
from tests.attacks.answers import next_code, require_token_error, token_refused
from tests.support.world import ENVIRON, PARTIES, REDIRECT, SECRET, VERIFIER, Foundation, World, world_on

OTHERS = ENVIRON["OTHER_SECRET"]
AWKWARD = "p:q+r%20s&t=u/v?w é€☃~\"'<>\\{}"


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


# Authorization header, members of the form.
FALSE_PROOFS: tuple[tuple[str | None, dict[str, str]], ...] = (
    (None, {}),
    (None, {"client_id": "sample"}),
    (None, {"client_id": "sample", "client_secret": SECRET}),  # post, registered for basic
    (basic("other", OTHERS), {}),  # basic, registered for post
    (basic("sample", SECRET), {"client_secret": SECRET}),
    (basic("sample", SECRET), {"client_id": "sample", "client_secret": SECRET}),
    (basic("sample", SECRET), {"client_id": "other"}),
    (basic("sample", SECRET), {"client_assertion": "a.b.c"}),
    (basic("sample", SECRET), {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}),
    (None, {"client_id": "sample", "client_assertion": "eyJhbGciOiJub25lIn0.e30."}),
    (basic("sample", ""), {}),
    (basic("", SECRET), {}),
    (basic("sample", SECRET + " "), {}),
    (basic("sample", SECRET.upper()), {}),
    (basic("sample", SECRET[:-1]), {}),
    (basic("sample", OTHERS), {}),
    (basic("SAMPLE", SECRET), {}),
    (basic("nobody", SECRET), {}),
    (basic("phone", ""), {}),
    (basic("phone", "x"), {}),
    (basic("sample", SECRET)[:-2] + "\x7f", {}),
    ("Basic", {}),
    ("Basic ", {}),
    ("Basic " + base64.b64encode(b"sample").decode(), {}),
    ("Basic " + base64.b64encode(b"sample:\xff\xfe").decode(), {}),
    ("Basic " + base64.b64encode(b"sample:%ff%fe").decode(), {}),
    ("Basic " + "A" * 9000, {}),
    ("Bearer " + SECRET, {"client_id": "sample"}),
    ("Digest username=sample", {"client_id": "sample"}),
    (SECRET, {"client_id": "sample"}),
    (basic("sample", SECRET) + ", " + basic("sample", SECRET), {}),
    ("", {"client_id": "sample"}),
)


def ask(world: World, code: str, authorization: str | None, form: dict[str, str]) -> requests.Response:
    body = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    headers = {} if authorization is None else {"Authorization": authorization}
    return world.browser().post(f"{world.broker_url}/token", data={**body, **form}, headers=headers, timeout=30)


def test_do_08_a_client_proves_itself_by_exactly_its_registered_method(world: World) -> None:
    code = world.code(world.browser())
    for authorization, form in FALSE_PROOFS:
        answer = token_refused(
            world,
            partial(ask, world, code, authorization, form),
            "invalid_client",
            "client_auth",
            status=401,
            secrets=[code, basic("sample", SECRET)],
        )
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    # Nobody but a proved client can burn a code.
    assert ask(world, code, basic("sample", SECRET), {"client_id": "sample"}).status_code == 200


def test_do_08_a_public_client_brings_no_secret_and_a_confidential_one_does_not_go_without(world: World) -> None:
    code = world.code(world.browser(), client_id="phone")
    for secret in ("x", SECRET, OTHERS):
        attack = partial(world.redeem, code, "phone", client_secret=secret)
        token_refused(world, attack, "invalid_client", "client_auth", status=401, secrets=[code])
    attack = partial(world.redeem, code, "other", client_secret=None)
    token_refused(world, attack, "invalid_client", "client_auth", status=401, secrets=[code])
    assert world.redeem(code, "phone").status_code == 200


def test_do_08_an_empty_secret_counts_as_none_and_is_no_proof(world: World) -> None:
    code = world.code(world.browser(), client_id="other")
    token_refused(
        world, partial(world.redeem, code, "other", client_secret=""), "invalid_client", "client_auth", status=401
    )
    assert world.redeem(code, "other").status_code == 200


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_do_08_l8_a_secret_of_reserved_characters_works_and_its_decodings_do_not(
    foundation: Foundation, tmp_path: Path, method: str
) -> None:
    (tmp_path / "world").mkdir()
    secret = tmp_path / "world/awkward"
    secret.touch(mode=0o600)
    secret.write_text(AWKWARD)
    party = {**PARTIES[0], "client_secret": "file:../awkward", "token_endpoint_auth_method": method}
    with world_on(foundation, tmp_path / "world", parties=(party,)) as world:
        browser = world.browser()
        world.code(browser)
        wrong = (AWKWARD.replace("+", " "), AWKWARD.replace("%20", " "), AWKWARD.partition(":")[0], quote_plus(AWKWARD))
        for shown in (*wrong, AWKWARD):
            code = next_code(world, browser)
            answer = ask(world, code, **_shown(method, shown))
            if shown == AWKWARD:
                assert answer.status_code == 200
            else:
                require_token_error(answer, "invalid_client")
        assert AWKWARD[:12] not in world.log_text()


def _shown(method: str, secret: str) -> dict[str, Any]:
    if method == "client_secret_post":
        return {"authorization": None, "form": {"client_id": "sample", "client_secret": secret}}
    return {"authorization": basic("sample", quote_plus(secret)), "form": {}}


def test_do_08_a_confidential_client_without_a_secret_cannot_be_registered(
    foundation: Foundation, tmp_path: Path
) -> None:
    party = {name: value for name, value in PARTIES[0].items() if name != "client_secret"}
    with pytest.raises(ConfigurationRejected), world_on(foundation, tmp_path / "world", parties=(party,)):
        pytest.fail("the broker started")
