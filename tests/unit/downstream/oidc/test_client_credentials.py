"""An application asks in its own name, for our API and nothing else (RFC 6749 section 4.4, threats DO-21)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.typing import EventDict

from broker.clock import epoch_seconds
from broker.downstream.api_access import ApiGrant, ApiTokenRefused
from broker.federation.model import RelyingPartyConfig
from tests.support.people import NOW
from tests.unit.downstream.oidc.stand import ISSUER, Stand, basic
from tests.unit.downstream.oidc.test_token_endpoint import is_error


def api_token(stand: Stand, **fields: str) -> str:
    response = stand.post("/token", "caller", grant_type="client_credentials", **fields)
    assert response.status_code == 200, response.get_data(as_text=True)
    return str(response.get_json()["access_token"])


def test_an_application_gets_a_token_for_what_its_file_names(stand: Stand) -> None:
    response = stand.post("/token", "caller", grant_type="client_credentials")
    assert response.headers["Cache-Control"] == "no-store"
    members = response.get_json()
    assert members == {
        "access_token": members["access_token"],
        "token_type": "Bearer",
        "expires_in": 900,
        "scope": "co_workers.read federation.read",
    }
    scopes = frozenset({"co_workers.read", "federation.read"})
    assert stand.api_tokens.verify(members["access_token"]) == ApiGrant("caller", scopes, None)
    assert stand.store.get("api_token", members["access_token"]) is None


def test_it_may_ask_for_less(stand: Stand) -> None:
    assert stand.api_tokens.verify(api_token(stand, scope="federation.read")).scopes == {"federation.read"}


@pytest.mark.parametrize("scope", ["co_workers.write", "federation.read co_workers.write", "openid", " ", "x" * 999])
def test_it_may_not_ask_for_more(stand: Stand, logged: list[EventDict], scope: str) -> None:
    assert is_error(stand.post("/token", "caller", grant_type="client_credentials", scope=scope), "invalid_scope")
    assert logged[-1]["reason"] == "scope"


def test_a_token_for_the_api_opens_nothing_of_a_person_s_and_the_other_way_round(stand: Stand) -> None:
    token, of_person = api_token(stand), stand.offline()
    assert stand.userinfo(token).status_code == 401
    assert is_error(stand.refresh(token), "invalid_grant")
    for other in (of_person["access_token"], of_person["refresh_token"], of_person["id_token"], "x", token + "A", ""):
        with pytest.raises(ApiTokenRefused):
            stand.api_tokens.verify(other)
    assert stand.api_tokens.verify(token).client_id == "caller"


def test_its_client_hears_what_it_is_for(stand: Stand) -> None:
    assert stand.introspected(api_token(stand), "caller") == {
        "active": True,
        "scope": "co_workers.read federation.read",
        "client_id": "caller",
        "token_type": "Bearer",
        "aud": f"{ISSUER}/api/v1",
        "iss": ISSUER,
        "iat": epoch_seconds(NOW),
        "exp": epoch_seconds(NOW) + 900,
    }


def test_what_the_file_no_longer_names_is_gone_at_once(stand: Stand) -> None:
    token = api_token(stand)
    caller = stand.parties._parties["caller"]
    narrowed = replace(caller, api_scopes=frozenset({"federation.read"}), organizations=("aegean-foods",))
    stand.parties._parties["caller"] = narrowed
    assert stand.api_tokens.verify(token) == ApiGrant("caller", frozenset({"federation.read"}), ("aegean-foods",))
    stand.parties._parties["caller"] = replace(caller, api_scopes=frozenset())
    with pytest.raises(ApiTokenRefused) as refused:
        stand.api_tokens.verify(token)
    assert refused.value.reason == "client"
    assert stand.introspected(token, "caller") == {"active": False}
    stand.parties._parties.pop("caller")
    with pytest.raises(ApiTokenRefused):
        stand.api_tokens.verify(token)


def test_it_ends_when_its_time_is_over(stand: Stand) -> None:
    token = api_token(stand)
    stand.clock.advance(timedelta(seconds=899))
    assert stand.api_tokens.verify(token)
    stand.clock.advance(timedelta(seconds=1))
    with pytest.raises(ApiTokenRefused):
        stand.api_tokens.verify(token)


def test_an_application_that_signs_nobody_in_has_no_redirect_uri_and_is_answered_nowhere(stand: Stand) -> None:
    assert stand.authorize(client_id="caller").status_code == 400
    assert stand.client.post("/token", data={"grant_type": "client_credentials"}, base_url=ISSUER).status_code == 401
    wrong = stand.client.post(
        "/token", data={"grant_type": "client_credentials"}, headers=basic("caller", "wrong"), base_url=ISSUER
    )
    assert is_error(wrong, "invalid_client", 401)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"redirect_uris": []}, "redirect_uris is empty"),
        ({"api_scopes": ["federation.read"], "token_endpoint_auth_method": "none"}, "api_scopes needs a client secret"),
        ({"introspect": True, "token_endpoint_auth_method": "none"}, "introspect needs a client secret"),
        ({"backchannel_logout_session_required": True}, "needs a backchannel_logout_uri"),
        ({"backchannel_logout_uri": "http://app.pobuca.example/out"}, "https"),
    ],
)
def test_a_file_says_nothing_that_cannot_be(written: dict[str, object], said: str) -> None:
    usual: dict[str, object] = {
        "client_id": "app",
        "display_name": "App",
        "redirect_uris": ["https://app.pobuca.example/callback"],
    }
    secret = {} if written.get("token_endpoint_auth_method") == "none" else {"client_secret": "env:SECRET"}
    with pytest.raises(ValueError, match=said):
        RelyingPartyConfig.model_validate(usual | secret | written)
