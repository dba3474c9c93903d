"""DO-21: one kind of token where another is wanted, and tokens of other issuers and clients."""

from __future__ import annotations

import json
from functools import partial

from jwcrypto.jwk import JWK
from jwcrypto.jwt import JWT

from tests.attacks.answers import next_code, party_refused, token_refused
from tests.attacks.refusals import error_of
from tests.support.offline import introspected, offline, post
from tests.support.world import World, answered


def test_do_21_userinfo_takes_our_access_tokens_and_nothing_else(world: World) -> None:
    browser, tokens = world.signed_in()
    code = next_code(world, browser)
    session = next(cookie.value for cookie in browser.cookies if cookie.name == "__Host-session")
    upstream = json.loads(json.dumps(world.control.get("tokens")))["tokens"][-1]
    foreign = JWT(header={"alg": "RS256", "typ": "at+jwt"}, claims={**tokens.claims, "aud": world.broker_url})
    foreign.make_signed_token(JWK.generate(kty="RSA", size=2048))
    wrong = {
        "an ID token": tokens.id_token,
        "a code": code,
        "a session handle": str(session),
        "a token signed by somebody else": foreign.serialize(),
        "a session's public name": str(tokens.claims["sid"]),
        "claims of the upstream": str(upstream.get("jti") or upstream["claims"].get("uti") or "uti"),
    }
    for name, token in wrong.items():
        answer = token_refused(
            world, partial(world.userinfo, token), "invalid_token", "access_token", status=401, secrets=[token]
        )
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"], name
    assert world.userinfo(tokens.access_token).status_code == 200


def test_do_21_no_other_token_is_redeemed_as_a_code(world: World) -> None:
    _, tokens = world.signed_in()
    for token in (tokens.access_token, tokens.claims["sid"]):
        token_refused(world, partial(world.redeem, token), "invalid_grant", "code", secrets=[token])
    token_refused(world, partial(world.redeem, tokens.id_token), "invalid_grant", "code")


def test_do_21_an_id_token_of_another_client_or_issuer_is_no_hint(world: World) -> None:
    browser, tokens = world.signed_in()
    code = next_code(world, browser, client_id="phone", redirect_uri="http://127.0.0.1:4711/callback")
    redeemed = world.redeem(code, "phone", redirect_uri="http://127.0.0.1:4711/callback").json()
    header, payload, signature = tokens.id_token.split(".")
    own = JWK.generate(kty="RSA", size=2048)
    forged = JWT(header={"alg": "RS256", "typ": "JWT", "kid": "x"}, claims=dict(tokens.claims))
    forged.make_signed_token(own)
    embedded = JWT(
        header={"alg": "RS256", "typ": "JWT", "jwk": own.export_public(as_dict=True)}, claims=dict(tokens.claims)
    )
    embedded.make_signed_token(own)
    hints = (
        redeemed["id_token"],
        forged.serialize(),
        embedded.serialize(),
        f"{header}.{payload}.",
        f"{header}.{payload}.{signature[:-4]}AAAA",
        "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." + payload + ".",
        tokens.access_token,
        "x",
        "h" * 15000,
    )
    for hint in hints:
        url = world.authorize_url(id_token_hint=hint, prompt="none")
        party_refused(world, partial(world.go, browser, url), "invalid_request", "id_token_hint", browser=browser)
    assert "code" in answered(world.go(browser, world.authorize_url(id_token_hint=tokens.id_token, prompt="none")))


def test_do_21_every_authorization_response_names_us_as_its_issuer(world: World) -> None:
    browser, _ = world.signed_in()
    for answer in (
        world.go(browser, world.authorize_url(prompt="none")),
        world.go(world.browser(), world.authorize_url(prompt="none")),
        world.go(browser, world.authorize_url(response_type="token")),
        world.come_back(world.browser()),
    ):
        assert answered(answer)["iss"] == world.broker_url
    said = world.go(browser, "/.well-known/openid-configuration").json()
    assert said["authorization_response_iss_parameter_supported"] is True
    assert said["issuer"] == world.broker_url


def test_do_21_two_tokens_at_once_or_none_open_nothing(world: World) -> None:
    _, tokens = world.signed_in()
    url = f"{world.broker_url}/userinfo"
    bearer = {"Authorization": f"Bearer {tokens.access_token}"}
    twice = world.browser().post(url, headers=bearer, data={"access_token": tokens.access_token}, timeout=30)
    assert (twice.status_code, error_of(twice)) == (400, "invalid_request")
    for shown in (None, "", "Bearer", f"DPoP {tokens.access_token}", tokens.access_token):
        headers = {} if shown is None else {"Authorization": shown}
        answer = world.browser().get(url, headers=headers, timeout=30)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    for scheme in ("bearer", "BEARER", "Bearer "):
        answer = world.browser().get(url, headers={"Authorization": f"{scheme} {tokens.access_token}"}, timeout=30)
        assert answer.status_code == 200
    assert world.browser().post(url, data={"access_token": tokens.access_token}, timeout=30).status_code == 200


def test_do_21_what_opens_userinfo_does_not_open_the_api_nor_the_other_way_round(keeping: World) -> None:
    tokens = offline(keeping)
    api = post(keeping, "/token", "caller", grant_type="client_credentials").json()["access_token"]
    url = f"{keeping.broker_url}/api/v1/organizations/aegean-foods/co-workers"
    for token in (tokens["access_token"], tokens["refresh_token"], tokens["id_token"]):
        answer = keeping.browser().get(url, headers={"Authorization": f"Bearer {token}"}, timeout=30)
        assert answer.status_code == 401
    assert keeping.browser().get(url, headers={"Authorization": f"Bearer {api}"}, timeout=30).status_code == 200
    attack = partial(keeping.userinfo, api)
    token_refused(keeping, attack, "invalid_token", "access_token", status=401, secrets=[api])
    assert introspected(keeping, api, "caller")["aud"] == f"{keeping.broker_url}/api/v1"
    assert "aud" not in introspected(keeping, tokens["access_token"])
