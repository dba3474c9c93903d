"""The modules of the conformance suite's basic profile for OpenID Providers, one test each (code flow,
``client_secret_basic``). What holds in every module is looked at in every test, by ``checks``.
"""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from tests.standards import checks, claims
from tests.standards.suite import CALLBACK, STATE, SUITE_PARTIES, Suite
from tests.support.world import VERIFIER, Foundation, World, challenge, world_on

# Claims of the scope ``profile`` that no account has. The directory knows no nickname, web page, gender, birthday or
# time zone that the broker reads; a middle name is part of its given name; its login name is mostly the e-mail
# address, which only the scope ``email`` may tell; and a photo is shown to co-workers alone, so it has no address that
# an application could be given.
UNFILLED = {
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
}


def request_object(**claims: str) -> str:
    """An unsigned one, as the suite makes them."""
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


def error_page(answer: requests.Response) -> None:
    """A page for a person, that leads nowhere."""
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert answer.headers["Content-Type"].startswith("text/html")
    assert 'id="error"' in answer.text
    assert "certification.example" not in answer.text
    checks.unkept(answer)


def test_server(suite: Suite) -> None:
    flow = suite.flow()
    assert flow.pages == ("sign-in", "password")
    assert flow.user_info == {"sub": flow.id_token["sub"]}


def test_server_for_a_client_whose_redirect_uri_has_a_query(suite: Suite) -> None:
    asked = suite.asked("suite-second")
    assert suite.flow(asked).asked["redirect_uri"].endswith("?dummy1=lorem&dummy2=ipsum")
    refused = suite.answer(suite.asked("suite-second", prompt="none", max_age="0"))
    checks.error_in(refused, "login_required")


def test_response_type_missing(suite: Suite) -> None:
    checks.error_in(suite.answer(suite.asked(response_type=None)), "invalid_request", "unsupported_response_type")


def test_idtoken_signature(suite: Suite) -> None:
    header = suite.flow().tokens["id_token"].partition(".")[0]
    assert json.loads(base64.urlsafe_b64decode(header + "=="))["alg"] == "RS256"


def test_idtoken_unsigned_is_not_offered(suite: Suite) -> None:
    assert "none" not in suite.metadata["id_token_signing_alg_values_supported"]


def test_userinfo_get(suite: Suite) -> None:
    flow = suite.flow()
    claims.user_info(suite.user_info(flow.tokens["access_token"]), flow.id_token["sub"], flow.asked)


def test_userinfo_post_header(suite: Suite) -> None:
    flow = suite.flow()
    headers = {
        "Authorization": f"Bearer {flow.tokens['access_token']}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    answer = suite.program.post(suite.metadata["userinfo_endpoint"], headers=headers, timeout=30)
    claims.user_info(answer, flow.id_token["sub"], flow.asked)


def test_userinfo_post_body(suite: Suite) -> None:
    flow = suite.flow()
    form = {"access_token": flow.tokens["access_token"]}
    headers = {"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}
    answer = suite.program.post(suite.metadata["userinfo_endpoint"], data=form, headers=headers, timeout=30)
    claims.user_info(answer, flow.id_token["sub"], flow.asked)


def test_ensure_request_without_nonce_succeeds_for_code_flow(suite: Suite) -> None:
    assert "nonce" not in suite.flow(suite.asked(nonce=None)).id_token


def test_scope_profile(suite: Suite) -> None:
    said = suite.flow(suite.asked(scope="openid profile")).user_info
    assert claims.missing(said, "profile") == UNFILLED


@pytest.mark.parametrize("scope", ["email", "address", "phone"])
def test_scope_email_address_and_phone(suite: Suite, scope: str) -> None:
    said = suite.flow(suite.asked(scope=f"openid {scope}")).user_info
    assert not claims.missing(said, scope)


def test_scope_address_has_every_member(suite: Suite) -> None:
    address = suite.flow(suite.asked(scope="openid address")).user_info["address"]
    assert address.keys() == {"formatted", "street_address", "locality", "region", "postal_code", "country"}


def test_scope_all(suite: Suite) -> None:
    said = suite.flow(suite.asked(scope="openid email phone address profile")).user_info
    assert claims.missing(said, *claims.SCOPE_CLAIMS) == UNFILLED


def test_scope_all_of_somebody_of_whom_little_is_known(world: World) -> None:
    """What is not known is left out: ``checks`` finds every null and every empty text."""
    suite = Suite(world, "maria.kosta@aegeanfoods.example")
    said = suite.flow(suite.asked(scope="openid email phone address profile")).user_info
    missing = claims.missing(said, *claims.SCOPE_CLAIMS) - UNFILLED
    assert missing == {"address", "phone_number", "phone_number_verified"}


def test_alternate_happy_flow(suite: Suite) -> None:
    asked = suite.asked(scope="email openid")
    assert "email" in suite.flow(dict(reversed(asked.items()))).user_info


@pytest.mark.parametrize("display", ["page", "popup"])
def test_display_page_and_popup(suite: Suite, display: str) -> None:
    suite.flow(suite.asked(display=display))


def test_prompt_login(suite: Suite) -> None:
    first = suite.flow()
    suite.world.clock.advance(timedelta(seconds=1))
    second = suite.flow(suite.asked(prompt="login"))
    assert second.pages == ("password",), "the person is asked, though everybody knows who they are"
    assert second.id_token["sub"] == first.id_token["sub"]
    assert second.id_token["auth_time"] == first.id_token["auth_time"] + 1


def test_prompt_none_not_logged_in(suite: Suite) -> None:
    fields = suite.answer(suite.asked(prompt="none"))
    checks.error_in(fields, "login_required")
    assert fields["state"] == STATE


def test_prompt_none_logged_in(suite: Suite) -> None:
    first = suite.flow()
    suite.world.clock.advance(timedelta(seconds=5))
    second = suite.flow(suite.asked(prompt="none", nonce="another"))
    assert second.pages == ()
    assert second.id_token["sub"] == first.id_token["sub"]
    assert second.id_token["auth_time"] == first.id_token["auth_time"]
    assert second.id_token["iat"] == first.id_token["iat"] + 5


def test_max_age_1(suite: Suite) -> None:
    first = suite.flow()
    suite.world.clock.advance(timedelta(seconds=2))
    second = suite.flow(suite.asked(max_age="1"))
    assert second.pages == ("password",)
    assert second.id_token["auth_time"] == first.id_token["auth_time"] + 2
    assert second.id_token["auth_time"] == second.id_token["iat"], "recent"


def test_max_age_1_when_only_the_directory_has_a_session(suite: Suite) -> None:
    suite.flow()
    suite.world.clock.advance(timedelta(seconds=30))
    suite.forget_the_broker()
    second = suite.flow(suite.asked(max_age="1"))
    assert second.pages == ("sign-in", "password")
    assert second.id_token["auth_time"] == second.id_token["iat"]


def test_max_age_10000(suite: Suite) -> None:
    first = suite.flow(suite.asked(max_age="15000"))
    suite.world.clock.advance(timedelta(seconds=5))
    second = suite.flow(suite.asked(max_age="10000"))
    assert second.pages == ()
    assert second.id_token["auth_time"] == first.id_token["auth_time"]
    assert second.id_token["sub"] == first.id_token["sub"]


def test_ensure_request_with_unknown_parameter_succeeds(suite: Suite) -> None:
    suite.flow(suite.asked(extra="foobar"))


def test_id_token_hint(suite: Suite) -> None:
    first = suite.flow()
    second = suite.flow(suite.asked(prompt="none", id_token_hint=first.tokens["id_token"]))
    assert second.pages == ()
    assert second.id_token["sub"] == first.id_token["sub"]
    assert second.id_token["auth_time"] == first.id_token["auth_time"]


@pytest.mark.parametrize("host", ["localhost", "sign-in.pobuca.example", "aegeanfoods.example"])
def test_login_hint(suite: Suite, host: str) -> None:
    """The suite makes one up of the issuer's host; somebody else signs in then."""
    suite.flow(suite.asked(login_hint=f"buffy@{host}"))


@pytest.mark.parametrize("locales", ["se", "se el", "el-GR"])
def test_ui_locales(suite: Suite, locales: str) -> None:
    suite.flow(suite.asked(ui_locales=locales))


def test_claims_locales(suite: Suite) -> None:
    suite.flow(suite.asked(claims_locales="se"))


def test_ensure_request_with_acr_values_succeeds(suite: Suite) -> None:
    advertised = suite.metadata["acr_values_supported"]
    assert suite.flow(suite.asked(acr_values=" ".join(advertised))).id_token["acr"] in advertised


def test_ensure_request_with_acr_values_succeeds_when_a_stronger_one_is_advertised(
    foundation: Foundation, tmp_path: Path
) -> None:
    entra = {"authentication_contexts": {"urn:pobuca:acr:mfa": "c1"}}
    with world_on(foundation, tmp_path / "stronger", entra=entra, parties=SUITE_PARTIES) as world:
        suite = Suite(world)
        advertised = suite.metadata["acr_values_supported"]
        assert advertised == ["urn:pobuca:acr:directory", "urn:pobuca:acr:mfa"]
        assert suite.flow(suite.asked(acr_values=" ".join(advertised))).id_token["acr"] == advertised[0]
        suite = Suite(world)
        assert suite.flow(suite.asked(acr_values=" ".join(reversed(advertised)))).id_token["acr"] == advertised[1]


def test_ensure_request_with_acr_values_that_nobody_knows_succeeds(suite: Suite) -> None:
    assert suite.flow(suite.asked(acr_values="1 2")).id_token["acr"] == suite.metadata["acr_values_supported"][0]


def test_codereuse(suite: Suite) -> None:
    flow = suite.flow()
    checks.token_error(suite.redeem(flow.code, flow.asked), "invalid_grant")


def test_codereuse_30seconds(suite: Suite) -> None:
    flow = suite.flow()
    suite.world.clock.advance(timedelta(seconds=30))
    assert suite.user_info(flow.tokens["access_token"]).status_code == 200
    checks.token_error(suite.redeem(flow.code, flow.asked), "invalid_grant")
    checks.bearer_refused(suite.user_info(flow.tokens["access_token"]))


def test_ensure_registered_redirect_uri(suite: Suite) -> None:
    for uri in (f"{CALLBACK}/IAmNotRegistered", f"{CALLBACK}?foo=bar", CALLBACK.replace("certification", "evil")):
        error_page(suite.authorize(suite.asked(redirect_uri=uri)))


def test_ensure_post_request_succeeds(suite: Suite) -> None:
    assert suite.flow(post=True).pages == ("sign-in", "password")


def test_server_client_secret_post(suite: Suite) -> None:
    assert suite.flow(suite.asked("suite-post")).id_token["aud"] == "suite-post"


def test_request_uri_unsigned_rejected_as_unsupported(suite: Suite) -> None:
    """The suite leaves the state to the object; once it is outside too, so that it can be compared."""
    for state in (None, STATE):
        asked = suite.asked(request_uri="https://www.certification.example/requests/1#hash", state=state, nonce=None)
        checks.error_in(suite.answer(asked), "request_uri_not_supported")


def test_unsigned_request_object_rejected_as_unsupported(suite: Suite) -> None:
    for state in (None, STATE):
        asked = suite.asked(request=request_object(**suite.asked()), state=state, nonce=None)
        checks.error_in(suite.answer(asked), "request_not_supported")


def test_claims_essential(suite: Suite) -> None:
    asked = suite.asked(claims=json.dumps({"userinfo": {"name": {"essential": True}}}))
    assert suite.flow(asked).user_info["name"] == "Eleni Markou"


def test_ensure_request_object_with_redirect_uri(suite: Suite) -> None:
    inside = request_object(**suite.asked())
    error_page(suite.authorize(suite.asked(redirect_uri=f"{CALLBACK}_invalid", request=inside)))
    other = request_object(**suite.asked(redirect_uri="https://evil.example/"))
    checks.error_in(suite.answer(suite.asked(request=other)), "request_not_supported")


def test_refresh_token(suite: Suite) -> None:
    """OP-Refresh-Token; OpenID Connect Core 12.2."""
    assert "refresh_token" in suite.metadata["grant_types_supported"]
    assert "offline_access" in suite.metadata["scopes_supported"]
    first = suite.flow(suite.asked(scope="openid email offline_access", prompt="consent"))
    suite.world.clock.advance(timedelta(seconds=70))
    answer = suite.refresh(first.tokens["refresh_token"], "suite")
    tokens = checks.token_response(answer)
    assert answer.headers["Pragma"] == "no-cache"
    assert tokens["refresh_token"] != first.tokens["refresh_token"]
    assert tokens["access_token"] != first.tokens["access_token"]
    keys = checks.key_set(suite.program.get(suite.metadata["jwks_uri"], timeout=30))
    asked = {name: value for name, value in first.asked.items() if name != "nonce"}
    now = suite.world.clock.now()
    said = claims.id_token(tokens["id_token"], keys, asked, suite.issuer, now, tokens["access_token"])
    for name in ("iss", "sub", "aud", "auth_time", "acr", "sid"):
        assert said[name] == first.id_token[name], name
    assert said["iat"] == first.id_token["iat"] + 70
    claims.user_info(suite.user_info(tokens["access_token"]), said["sub"], asked)


def test_refresh_token_of_the_second_client_is_refused_to_the_first(suite: Suite) -> None:
    suite.flow(suite.asked(scope="openid offline_access", prompt="consent"))
    second = suite.flow(suite.asked("suite-second", scope="openid offline_access", prompt="consent"))
    checks.token_error(suite.refresh(second.tokens["refresh_token"], "suite"), "invalid_grant")


def test_refresh_token_is_for_whom_it_is_registered_and_who_asks(suite: Suite) -> None:
    assert "refresh_token" not in suite.flow(suite.asked(prompt="consent")).tokens
    code = suite.world.code(suite.world.browser(), scope="openid offline_access")
    of_another = suite.world.redeem(code).json()
    assert "refresh_token" not in of_another
    assert of_another["scope"] == "openid"


def test_ensure_request_with_valid_pkce_succeeds(suite: Suite) -> None:
    asked = suite.asked(code_challenge=challenge(), code_challenge_method="S256")
    arrival = suite.go_on(suite.authorize(asked))
    code = checks.code_in(checks.authorization_response(arrival.url, asked, suite.issuer))
    checks.token_response(suite.redeem(code, asked, code_verifier=VERIFIER))
