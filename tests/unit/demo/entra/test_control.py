"""entra-id reference 8.3: the simulated world changes while it runs."""

from __future__ import annotations

import hmac
import threading
from base64 import urlsafe_b64decode
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from jwcrypto import jwk

from broker.demo.entra.control import CONTROL
from broker.demo.entra.mutations import PRESETS
from broker.demo.entra.seed import CLIENT_ID
from tests.unit.demo.entra.running import (
    CALLBACK,
    ELENI,
    TENANT_A,
    TENANT_B,
    RunningSimulator,
    header,
    payload,
)


def keys_url(entra: RunningSimulator) -> str:
    return f"{entra.base}/common/discovery/v2.0/keys"


# --- Faults


def test_a_fault_is_good_for_so_many_answers(entra: RunningSimulator) -> None:
    entra.control("POST", "faults", endpoint="keys", status=503, count=2)
    statuses = [requests.get(keys_url(entra), timeout=10).status_code for _ in range(3)]
    assert statuses == [503, 503, 200]


def test_an_endpoint_can_answer_nonsense_or_far_too_much(entra: RunningSimulator) -> None:
    url = f"{entra.base}/{TENANT_A}/v2.0/.well-known/openid-configuration"
    entra.control("POST", "faults", endpoint="discovery", body="<h1>Proxy</h1>", headers={"X-Proxy": "yes"})
    answer = requests.get(url, timeout=10)
    assert (answer.status_code, answer.text, answer.headers["X-Proxy"]) == (200, "<h1>Proxy</h1>", "yes")
    assert answer.headers["Content-Type"].startswith("text/html")
    entra.control("POST", "faults", endpoint="discovery", body_bytes=3_000_000, content_type="application/json")
    assert len(requests.get(url, timeout=10).content) == 3_000_000
    assert requests.get(url, timeout=10).json()["issuer"]


def test_a_connection_can_be_cut_in_the_middle(entra: RunningSimulator) -> None:
    entra.control("POST", "faults", endpoint="token", drop=True)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        entra.token(grant_type="client_credentials")
    assert entra.token(grant_type="client_credentials").status_code == 400


def test_an_answer_can_be_late_until_the_faults_are_forgotten(entra: RunningSimulator) -> None:
    entra.control("POST", "faults", endpoint="keys", delay_seconds=600)
    statuses: list[int] = []
    asking = threading.Thread(target=lambda: statuses.append(requests.get(keys_url(entra), timeout=60).status_code))
    asking.start()
    while not entra.control("GET", "requests?path=discovery/v2.0/keys")["requests"]:
        pass
    assert statuses == []
    while asking.is_alive():  # The request may still be on its way to where it waits.
        entra.control("DELETE", "faults")
        asking.join(0.05)
    assert statuses == [200]


def test_a_token_error_can_be_ordered_whole(entra: RunningSimulator) -> None:
    entra.control(
        "POST",
        "faults",
        endpoint="token",
        code=53003,
        error="invalid_grant",
        suberror="message_only",
        claims='{"access_token":{}}',
        status=401,
    )
    answer = entra.token(grant_type="client_credentials")
    body = answer.json()
    assert answer.status_code == 401
    assert (body["error_codes"], body["error"], body["suberror"]) == ([53003], "invalid_grant", "message_only")
    assert body["claims"] == '{"access_token":{}}'


def test_an_authorize_error_can_be_ordered_as_an_answer_or_as_a_page(entra: RunningSimulator) -> None:
    entra.control("POST", "faults", endpoint="authorize", code=90033)
    answer = requests.get(entra.authorize_url(response_mode="query"), allow_redirects=False, timeout=10)
    said = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert (said["error"], said["state"]) == (["temporarily_unavailable"], ["the-state"])
    entra.control("POST", "faults", endpoint="authorize", code=50105, shape="page")
    answer = requests.get(entra.authorize_url(), allow_redirects=False, timeout=10)
    assert answer.status_code == 400
    assert "AADSTS50105" in answer.text


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("faults", {"endpoint": "everything"}, "endpoint"),
        ("faults", {"endpoint": "me", "cuont": 2}, "cuont"),
        ("faults", {}, "endpoint"),
        ("token-mutations", {"algorithm": "RS512"}, "algorithm"),
        ("token-mutations", {"preset": "wronger"}, "wronger"),
        ("users", {"tenant": "nobody.example", "userPrincipalName": "a@b.example"}, "nobody.example"),
    ],
)
def test_a_wrong_order_is_refused_with_the_reason(
    entra: RunningSimulator, path: str, body: dict[str, Any], said: str
) -> None:
    answer = requests.post(f"{entra.base}/_simulator/{path}", json=body, timeout=10)
    assert answer.status_code in (400, 404)
    assert said in answer.json()["problems"][0]


# --- Wrong tokens


def mutated(entra: RunningSimulator, **order: Any) -> str:
    entra.control("POST", "token-mutations", **order)
    return str(entra.tokens()["id_token"])


def test_every_preset_makes_one_token_that_differs_and_the_next_is_right(entra: RunningSimulator) -> None:
    right = payload(entra.tokens()["id_token"])
    passing = {"aio", "uti", "sid"}
    for preset in PRESETS:
        wrong = mutated(entra, preset=preset)
        differs = {name for name in right if right[name] != payload(wrong).get(name)} - passing
        signed = header(wrong).get("alg") == "RS256" and list(header(wrong)) == ["typ", "alg", "kid"]
        (entry,) = entra.control("GET", "tokens")["tokens"][-1:]
        assert entry["mutated"]
        assert (
            differs
            or not signed
            or preset in {"broken_signature", "msa_key", "other_cloud_key"}
            or ("TID" in payload(wrong))
        ), preset
        assert entra.verified(entra.tokens()["id_token"])["tid"] == TENANT_A


def test_the_presets_do_what_their_names_say(entra: RunningSimulator) -> None:
    assert payload(mutated(entra, preset="literal_tenantid"))["iss"] == f"{entra.base}/{{tenantid}}/v2.0"
    other = payload(mutated(entra, preset="other_tenant"))
    assert (other["iss"], other["tid"]) == (f"{entra.base}/{TENANT_B}/v2.0", TENANT_B)
    version_1 = mutated(entra, preset="v1_token")
    assert payload(version_1)["iss"] == f"https://sts.windows.net/{TENANT_A}/"
    assert header(version_1)["x5t"] == header(version_1)["kid"]
    assert "nonce" not in payload(mutated(entra, preset="missing_nonce"))
    assert mutated(entra, preset="alg_none").endswith(".")


def test_a_claim_can_stand_in_a_token_twice(entra: RunningSimulator) -> None:
    part = mutated(entra, preset="duplicate_tid").split(".")[1]
    assert urlsafe_b64decode(part + "=" * (-len(part) % 4)).count(b'"tid":') == 2


def test_a_token_can_be_signed_with_the_public_key_as_a_secret(entra: RunningSimulator) -> None:
    token = mutated(entra, preset="hs256_public_key")
    keys = jwk.JWKSet.from_json(requests.get(keys_url(entra), timeout=10).text)
    pem = keys.get_key(header(token)["kid"]).export_to_pem()
    signing_input, _, signature = token.rpartition(".")
    public = serialization.load_pem_public_key(pem).public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    expected = hmac.digest(public, signing_input.encode(), "sha256")
    assert urlsafe_b64decode(signature + "==") == expected


def test_entra_tokens_can_be_signed_with_the_key_of_personal_accounts(entra: RunningSimulator) -> None:
    token = mutated(entra, preset="msa_key")
    assert entra.verified(token)["tid"] == TENANT_A
    (kid,) = [key["kid"] for key in entra.control("GET", "keys")["keys"] if key["owner"] == "msa"]
    assert header(token)["kid"] == kid


def test_claims_and_header_can_be_anything(entra: RunningSimulator) -> None:
    token = mutated(
        entra,
        count=2,
        claims={"oid": ["a", "list"], "groups": {"x": None}},
        drop=["sub"],
        header={"jwk": {"kty": "oct"}},
        drop_header=["typ"],
        shift={"exp": 10},
    )
    for one in (token, entra.tokens()["id_token"]):
        assert payload(one)["oid"] == ["a", "list"]
        assert "sub" not in payload(one)
        assert header(one)["jwk"] == {"kty": "oct"}
        assert "typ" not in header(one)


# --- People and applications


def test_a_person_can_be_replaced_by_another_of_the_same_name(entra: RunningSimulator) -> None:
    before = entra.claims()
    oid = entra.control("POST", f"users/{ELENI}/recreate")["oid"]
    after = entra.claims()
    assert after["oid"] == oid != before["oid"]
    assert after["sub"] != before["sub"]
    assert after["preferred_username"] == before["preferred_username"]


def test_a_new_person_signs_in_and_a_new_guest_too(entra: RunningSimulator) -> None:
    entra.control("POST", "users", tenant=TENANT_A, userPrincipalName="new@aegeanfoods.example", displayName="New")
    assert entra.claims("new@aegeanfoods.example")["name"] == "New"
    petra = "petra.lang@helios-shipping.example"
    entra.control("POST", "users", tenant="aegeanfoods.example", userPrincipalName="petra#EXT#@x.example", home=petra)
    assert entra.claims(petra, TENANT_A)["acct"] == 1


def test_the_number_of_groups_can_be_set(entra: RunningSimulator) -> None:
    assert len(entra.control("POST", f"users/{ELENI}/groups", count=201)["groups"]) == 201
    assert "_claim_names" in entra.claims()
    group = "22222222-3333-4444-8555-666666666666"
    entra.control("POST", f"users/{ELENI}/groups", count=0)
    entra.control("POST", f"users/{ELENI}/groups", add=[group])
    assert entra.claims()["groups"] == [group]
    entra.control("POST", f"users/{ELENI}/groups", remove=[group])
    assert "groups" not in entra.claims()


def test_secrets_are_not_told(entra: RunningSimulator) -> None:
    assert "simulated-secret" not in str(entra.control("GET", "registrations"))


def test_the_clock_can_be_wrong(entra: RunningSimulator) -> None:
    before = payload(entra.tokens()["id_token"])["iat"]
    entra.control("PUT", "clock", offset_seconds=-600)
    assert payload(entra.tokens()["id_token"])["iat"] == before - 600
    entra.clock.advance(timedelta(seconds=600))
    assert payload(entra.tokens()["id_token"])["iat"] == before


# --- What happened


def test_requests_are_remembered_without_their_secrets(entra: RunningSimulator) -> None:
    entra.redeem(entra.sign_in().fields["code"])
    requests.get(keys_url(entra), timeout=10)
    log = entra.control("GET", "requests")["requests"]
    assert [entry["path"] for entry in log] == [
        f"/{TENANT_A}/oauth2/v2.0/authorize",
        f"/{TENANT_A}/login",
        f"/{TENANT_A}/login",
        f"/{TENANT_A}/oauth2/v2.0/token",
        "/common/discovery/v2.0/keys",
    ]
    assert log[0]["query"]["redirect_uri"] == CALLBACK
    assert log[0]["query"]["code_challenge_method"] == "S256"
    assert log[0]["time"] == "2026-11-21 22:26:40Z"
    assert log[2]["form"]["password"] == "(hidden)"
    sent = log[3]["form"]
    assert (sent["client_id"], sent["grant_type"]) == (CLIENT_ID, "authorization_code")
    assert {sent[name] for name in ("code", "client_secret", "code_verifier")} == {"(hidden)"}
    assert [entry["status"] for entry in log] == [200] * 5
    assert len(entra.control("GET", "requests?path=keys&method=get")["requests"]) == 1
    entra.control("DELETE", "requests")
    assert entra.control("GET", "requests")["requests"] == []


def test_the_claims_of_issued_tokens_are_remembered(entra: RunningSimulator) -> None:
    token = entra.tokens()["id_token"]
    assert entra.control("GET", "tokens")["tokens"] == [
        {"header": header(token), "claims": payload(token), "mutated": False}
    ]


def test_a_reset_takes_everything_back_but_where_the_application_is(entra: RunningSimulator) -> None:
    session = requests.Session()
    entra.sign_in(session=session)
    tokens = entra.tokens()
    entra.control("PATCH", f"users/{ELENI}", accountEnabled=False)
    entra.control(
        "PATCH", f"registrations/{CLIENT_ID}", optionalClaims=[], redirectUris=[CALLBACK, "https://b.example/"]
    )
    entra.control("POST", "faults", endpoint="token", drop=True)
    entra.control("POST", "token-mutations", preset="alg_none")
    entra.control("PUT", "clock", offset_seconds=3600)
    entra.control("POST", "reset")
    overview = entra.control("GET", "")
    assert (overview["faults"], overview["token_mutations"], overview["clock_offset_seconds"]) == ([], [], 0)
    assert entra.graph("/v1.0/me", tokens["access_token"]).status_code == 401
    assert 'data-page="username"' in session.get(entra.authorize_url(), timeout=10).text
    assert entra.claims(redirect_uri=CALLBACK)["given_name"] == "Eleni"
    (registration,) = entra.control("GET", "registrations")["registrations"]
    assert registration["redirectUris"] == [CALLBACK, "https://b.example/"]


def test_the_list_of_controls_is_the_list_of_routes(entra: RunningSimulator) -> None:
    said = {(line["method"], line["path"]) for line in entra.control("GET", "")["control"]}
    assert said == {(line.method, line.path) for line in CONTROL}
    for method, path in said - {("POST", "/_simulator/reset")}:
        url = entra.base + path.replace("{", "no-").replace("}", "")
        assert requests.request(method, url, timeout=10).status_code != 405
