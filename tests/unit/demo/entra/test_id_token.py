"""entra-id reference 1.8, 1.9 and the marks of 8.4."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import requests

from broker.clock import epoch_seconds
from broker.demo.entra.seed import CLIENT_ID
from tests.unit.demo.entra.running import (
    CALLBACK,
    CONSUMERS,
    ELENI,
    START,
    TENANT_A,
    TENANT_B,
    TOMAS,
    VERIFIER,
    RunningSimulator,
    header,
)


def test_a_members_token_has_the_claims_of_the_sample(entra: RunningSimulator) -> None:
    claims = entra.claims()
    now = epoch_seconds(START)
    for name in ("aio", "rh", "sub", "uti", "sid", "login_hint"):
        assert isinstance(claims.pop(name), str)
    assert claims == {
        "aud": CLIENT_ID,
        "iss": f"{entra.base}/{TENANT_A}/v2.0",
        "iat": now - 300,
        "nbf": now - 300,
        "exp": now - 300 + 3900,
        "acct": 0,
        "auth_time": now,
        "email": ELENI,
        "family_name": "Markou",
        "given_name": "Eleni",
        "groups": ["0d6c1c0e-5a0f-4a1b-9a55-7d2f8f3f6b11", "c1f7e0c2-44b8-4d43-8a0d-0f6f4d7d2a90"],
        "name": "Eleni Markou",
        "nonce": "the-nonce",
        "oid": "ddf3fc9b-9383-4d9f-bb1c-122bf6d836c8",
        "preferred_username": ELENI,
        "roles": ["PobucaUser"],
        "tid": TENANT_A,
        "upn": ELENI,
        "ver": "2.0",
        "wids": ["b79fbf4d-3ef9-4689-8143-76b194e85509"],
        "xms_edov": True,
    }


def test_the_header_has_the_key_id_and_nothing_more(entra: RunningSimulator) -> None:
    assert list(header(entra.tokens()["id_token"])) == ["typ", "alg", "kid"]


def test_without_optional_claims_only_the_captured_ones_are_there(entra: RunningSimulator) -> None:
    entra.control("PATCH", f"registrations/{CLIENT_ID}", optionalClaims=[], groupMembershipClaims=None)
    entra.control("PATCH", f"users/{ELENI}", appRoles=[])
    captured = "aud iss iat nbf exp aio email name nonce oid preferred_username rh sub tid uti ver"
    assert " ".join(entra.claims(scope="openid profile email")) == captured


def test_openid_alone_tells_no_name_and_no_object_id(entra: RunningSimulator) -> None:
    claims = entra.claims(scope="openid")
    assert not {"name", "oid", "preferred_username", "given_name", "upn"} & set(claims)


def test_what_has_no_value_is_absent_and_never_empty(entra: RunningSimulator) -> None:
    claims = entra.claims("maria.kosta@aegeanfoods.example")
    assert not {"email", "xms_edov", "given_name", "family_name", "groups", "roles", "idp", "acrs"} & set(claims)
    assert None not in claims.values()


def test_claims_that_entra_never_sends_are_not_sent(entra: RunningSimulator) -> None:
    assert not {"email_verified", "at_hash", "c_hash", "jti", "amr", "acr", "azp", "scp"} & set(entra.claims())


def test_a_name_in_greek_letters_arrives_whole(entra: RunningSimulator) -> None:
    assert entra.claims("giorgos.papadopoulos@aegeanfoods.example")["name"] == "Γιώργος Παπαδόπουλος"


def test_a_guest_has_the_tenants_object_id_and_says_where_home_is(entra: RunningSimulator) -> None:
    guest = entra.claims(TOMAS, TENANT_A)
    assert (guest["tid"], guest["oid"]) == (TENANT_A, "74c8b9be-c9a8-4094-b584-5e2035da8102")
    assert (guest["acct"], guest["idp"]) == (1, f"https://sts.windows.net/{TENANT_B}/")
    assert guest["email"] == guest["preferred_username"] == TOMAS
    assert "upn" not in guest


def test_the_same_person_at_home_is_another_object_and_another_subject(entra: RunningSimulator) -> None:
    guest, home = entra.claims(TOMAS, TENANT_A), entra.claims(TOMAS, "organizations")
    assert (home["tid"], home["iss"]) == (TENANT_B, f"{entra.base}/{TENANT_B}/v2.0")
    assert home["oid"] != guest["oid"]
    assert home["sub"] != guest["sub"]
    assert "idp" not in home


def test_a_guest_with_a_personal_account_has_live_as_provider(entra: RunningSimulator) -> None:
    assert entra.claims("zoe.hart@outlook.example")["idp"] == "live.com"


def test_a_personal_account_is_signed_by_the_key_of_personal_accounts(entra: RunningSimulator) -> None:
    audience = "AzureADandPersonalMicrosoftAccount"
    entra.control("PATCH", f"registrations/{CLIENT_ID}", signInAudience=audience)
    token = entra.tokens("zoe.hart@outlook.example", "common")["id_token"]
    (kid,) = [key["kid"] for key in entra.control("GET", "keys")["keys"] if key["owner"] == "msa"]
    assert header(token)["kid"] == kid
    assert entra.verified(token)["tid"] == CONSUMERS


def test_the_attackers_token_carries_the_victims_address_unowned(entra: RunningSimulator) -> None:
    claims = entra.claims("mallory@evil-olives.example", "organizations")
    assert (claims["email"], claims["xms_edov"]) == (ELENI, False)
    entra.control("PATCH", f"registrations/{CLIENT_ID}", removeUnverifiedEmailClaim=True)
    assert "email" not in entra.claims("mallory@evil-olives.example", "organizations")


def test_the_subject_is_stable_for_a_person_and_an_application_only(entra: RunningSimulator) -> None:
    other = "0f0f0f0f-1111-4222-8333-444444444444"
    entra.control("POST", "registrations", clientId=other, redirectUris=[CALLBACK], secrets=[{"value": "other-secret"}])
    first, again = entra.claims()["sub"], entra.claims()["sub"]
    code = entra.sign_in(client_id=other).fields["code"]
    body = entra.redeem(code, client_id=other, client_secret="other-secret", code_verifier=VERIFIER).json()
    assert first == again
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", first)
    assert entra.verified(body["id_token"])["sub"] != first
    assert entra.verified(body["id_token"])["oid"] == entra.claims()["oid"]


@pytest.mark.parametrize("size", [150, 151, 200])
def test_up_to_two_hundred_groups_are_named(entra: RunningSimulator, size: int) -> None:
    claims = entra.claims(f"groups.{size}@aegeanfoods.example")
    assert len(set(claims["groups"])) == size
    assert "_claim_names" not in claims


@pytest.mark.parametrize(
    ("name", "oid"),
    [("groups.201", None), ("nikos.petrou", "91fab1d9-0e5f-4b25-8784-d678371b6f47")],
)
def test_beyond_two_hundred_groups_all_are_gone(entra: RunningSimulator, name: str, oid: str | None) -> None:
    claims = entra.claims(f"{name}@aegeanfoods.example")
    assert "groups" not in claims
    assert oid in (None, claims["oid"])
    assert claims["_claim_names"] == {"groups": "src1"}
    where = f"https://graph.windows.net/{TENANT_A}/users/{claims['oid']}/getMemberObjects"
    assert claims["_claim_sources"] == {"src1": {"endpoint": where}}


def test_group_claims_follow_the_registration(entra: RunningSimulator) -> None:
    def groups_with(setting: str | None) -> set[str]:
        entra.control("PATCH", f"registrations/{CLIENT_ID}", groupMembershipClaims=setting)
        return {"groups", "wids"} & set(entra.claims())

    assert groups_with(None) == set()
    assert groups_with("SecurityGroup") == {"groups"}
    assert groups_with("DirectoryRole") == {"wids"}
    assert groups_with("All") == {"groups", "wids"}
    assert groups_with("ApplicationGroup") == set()


def test_a_distribution_list_is_a_group_only_when_all_are_asked_for(entra: RunningSimulator) -> None:
    ioanna = "ioanna.stathi@aegeanfoods.example"
    assert len(entra.claims(ioanna)["groups"]) == 2
    entra.control("PATCH", f"registrations/{CLIENT_ID}", groupMembershipClaims="SecurityGroup")
    assert len(entra.claims(ioanna)["groups"]) == 1


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("global.admin", "62e90394-69f5-4237-9190-012177145e10"),
        ("privileged.admin", "e8611ab8-c189-46e8-94e1-60213ab1f814"),
        ("app.admin", "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"),
        ("cloudapp.admin", "158c047a-c907-4556-b7ef-446551a6b5f7"),
        ("security.admin", "194ae4cb-b126-40b2-bd5b-6091b380977d"),
    ],
)
def test_administrators_show_the_template_of_their_role(entra: RunningSimulator, name: str, role: str) -> None:
    assert role in entra.claims(f"{name}@aegeanfoods.example")["wids"]


def test_a_custom_role_does_not_show(entra: RunningSimulator) -> None:
    assert entra.claims("custom.admin@aegeanfoods.example")["wids"] == ["b79fbf4d-3ef9-4689-8143-76b194e85509"]


def test_auth_time_is_that_of_the_real_authentication(entra: RunningSimulator) -> None:
    session = requests.Session()
    first = entra.claims(session=session)
    entra.clock.advance(timedelta(minutes=20))
    silent = entra.claims(session=session)
    assert silent["auth_time"] == first["auth_time"] == epoch_seconds(START)
    assert silent["iat"] == first["iat"] + 1200
    assert silent["sid"] == first["sid"]
    fresh = entra.claims(session=session, prompt="login")
    assert fresh["auth_time"] == epoch_seconds(START) + 1200


def test_an_authentication_context_that_is_asked_for_is_said(entra: RunningSimulator) -> None:
    wanted = '{"id_token":{"acrs":{"essential":true,"value":"c1"}}}'
    assert entra.claims(claims=wanted)["acrs"] == ["c1"]


def test_a_changed_name_and_address_leave_the_key_as_it_was(entra: RunningSimulator) -> None:
    before = entra.claims("ioanna.stathi@aegeanfoods.example")
    entra.control(
        "PATCH",
        "users/ioanna.stathi@aegeanfoods.example",
        userPrincipalName="ioanna.new@aegeanfoods.example",
        mail="i.new@aegeanfoods.example",
    )
    after = entra.claims("ioanna.new@aegeanfoods.example")
    assert (after["tid"], after["oid"], after["sub"]) == (before["tid"], before["oid"], before["sub"])
    assert after["email"] == "i.new@aegeanfoods.example"
    assert after["login_hint"] == before["login_hint"]
