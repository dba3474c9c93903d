"""entra-id reference 4.7: delta queries, the recycle bin, revoked sessions, and grants."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import requests

from broker.demo.entra.seed import CLIENT_ID
from tests.unit.demo.entra.running import ELENI, TENANT_A, TENANT_B, TOMAS, RunningSimulator

ELENI_ID = "ddf3fc9b-9383-4d9f-bb1c-122bf6d836c8"
MARIA = "maria.kosta@aegeanfoods.example"
MARIA_ID = "6e04f0f5-9b90-441b-91f5-c79656f22cce"


def application(entra: RunningSimulator, *permissions: str, tenant: str = TENANT_A) -> str:
    entra.control("PATCH", f"service-principals/{tenant}", applicationPermissions=list(permissions))
    answer = entra.token(tenant, grant_type="client_credentials", scope="https://graph.microsoft.com/.default")
    return str(answer.json()["access_token"])


def refused(answer: requests.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text


def relative(entra: RunningSimulator, link: str) -> str:
    assert link.startswith(f"{entra.base}/v1.0/users/delta?")
    return link.removeprefix(entra.base)


def whole_round(
    entra: RunningSimulator, token: str, path: str = "/v1.0/users/delta?$select=accountEnabled,displayName", **sent: Any
) -> tuple[list[dict[str, Any]], str, int]:
    """All objects of a round, its delta link, and how many pages it took."""
    found: list[dict[str, Any]] = []
    pages = 0
    while True:
        body = entra.graph(path, token, **sent).json()
        found += body["value"]
        pages += 1
        assert ("@odata.nextLink" in body) != ("@odata.deltaLink" in body)
        if "@odata.deltaLink" in body:
            return found, relative(entra, body["@odata.deltaLink"]), pages
        path = relative(entra, body["@odata.nextLink"])


# --- Delta


def test_the_first_round_gives_everybody_who_is_there_and_the_next_nothing(entra: RunningSimulator) -> None:
    token = application(entra, "User.Read.All")
    everybody, link, pages = whole_round(entra, token)
    assert pages == 1
    there = [
        one for one in entra.control("GET", "users")["users"] if one["tenantId"] == TENANT_A and not one["deleted"]
    ]
    assert {one["id"] for one in everybody} == {one["oid"] for one in there}
    assert {"accountEnabled": True, "displayName": "Eleni Markou", "id": ELENI_ID} in everybody
    assert whole_round(entra, token, link)[0] == []


def test_pages_follow_each_other_and_no_person_is_lost(entra: RunningSimulator) -> None:
    token = application(entra, "User.Read.All")
    everybody = whole_round(entra, token)[0]
    entra.control("PATCH", "settings", deltaPageSize=7)
    paged, _, pages = whole_round(entra, token)
    assert (paged, pages) == (everybody, -(-len(everybody) // 7))
    preferred = whole_round(entra, token, headers={"Prefer": "odata.maxpagesize=2"})
    assert (preferred[0], preferred[2]) == (everybody, -(-len(everybody) // 2))


def test_a_change_during_the_pages_of_a_round_is_in_the_next_round(entra: RunningSimulator) -> None:
    token = application(entra, "User.Read.All")
    entra.control("PATCH", "settings", deltaPageSize=5)
    body = entra.graph("/v1.0/users/delta?$select=accountEnabled", token).json()
    entra.control("PATCH", f"users/{ELENI}", accountEnabled=False)
    _, link, _ = whole_round(entra, token, relative(entra, body["@odata.nextLink"]))
    assert whole_round(entra, token, link)[0] == [{"accountEnabled": False, "id": ELENI_ID}]


def test_only_selected_properties_are_watched(entra: RunningSimulator) -> None:
    token = application(entra, "User.Read.All")
    _, enabled, _ = whole_round(entra, token, "/v1.0/users/delta?$select=accountEnabled")
    _, usual, _ = whole_round(entra, token, "/v1.0/users/delta")
    entra.control("PATCH", f"users/{ELENI}", jobTitle=None, department="Export")
    assert whole_round(entra, token, enabled)[0] == []
    ((changed),) = whole_round(entra, token, usual)[0]
    assert (changed["id"], changed["jobTitle"], changed["displayName"]) == (ELENI_ID, None, "Eleni Markou")
    assert "department" not in changed
    entra.control("PATCH", f"users/{ELENI}", accountEnabled=False)
    assert whole_round(entra, token, usual)[0] == [changed]
    assert whole_round(entra, token, enabled)[0] == [{"accountEnabled": False, "id": ELENI_ID}]
    minimal = whole_round(entra, token, usual, headers={"Prefer": "return=minimal"})[0]
    assert minimal == [{"jobTitle": None, "id": ELENI_ID}]


def test_deleted_restored_and_deleted_for_good_each_have_their_word(entra: RunningSimulator) -> None:
    token = application(entra, "User.Read.All")
    _, link, _ = whole_round(entra, token)
    entra.control("DELETE", f"users/{ELENI}")
    gone, deleted, _ = whole_round(entra, token, link)
    assert gone == [{"id": ELENI_ID, "@removed": {"reason": "changed"}}]
    entra.control("POST", f"users/{ELENI}/restore")
    back, restored, _ = whole_round(entra, token, deleted)
    assert back == [{"accountEnabled": True, "displayName": "Eleni Markou", "id": ELENI_ID}]
    entra.control("DELETE", f"users/{ELENI}?permanently=true")
    for before in (link, restored):
        assert whole_round(entra, token, before)[0] == [{"id": ELENI_ID, "@removed": {"reason": "deleted"}}]


def test_a_new_person_and_one_created_again_are_told_of(entra: RunningSimulator) -> None:
    token = application(entra, "User.Read.All")
    _, link, _ = whole_round(entra, token)
    new = entra.control("POST", f"users/{ELENI}/recreate")["oid"]
    assert whole_round(entra, token, link)[0] == [
        {"id": ELENI_ID, "@removed": {"reason": "changed"}},
        {"accountEnabled": True, "displayName": "Eleni Markou", "id": new},
    ]


def test_a_filter_names_the_people_who_are_watched(entra: RunningSimulator) -> None:
    token = application(entra, "User.Read.All")
    path = f"/v1.0/users/delta?$select=displayName&$filter=id eq '{ELENI_ID}' or id eq '{MARIA_ID}'"
    found, link, _ = whole_round(entra, token, path)
    assert {one["id"] for one in found} == {ELENI_ID, MARIA_ID}
    entra.control("PATCH", "users/nikos.petrou@aegeanfoods.example", displayName="N. P.")
    entra.control("PATCH", f"users/{MARIA}", displayName="M. K.")
    assert whole_round(entra, token, link)[0] == [{"displayName": "M. K.", "id": MARIA_ID}]
    many = " or ".join([f"id eq '{ELENI_ID}'"] * 51)
    for wrong in (many, "accountEnabled eq true", "id eq 'x'"):
        refused(entra.graph(f"/v1.0/users/delta?$filter={wrong}", token), 400, "Request_UnsupportedQuery")


def test_latest_gives_a_link_and_nobody(entra: RunningSimulator) -> None:
    token = application(entra, "User.Read.All")
    found, link, _ = whole_round(entra, token, "/v1.0/users/delta?$deltatoken=latest&$select=accountEnabled")
    assert found == []
    entra.control("PATCH", f"users/{ELENI}", accountEnabled=False)
    assert whole_round(entra, token, link)[0] == [{"accountEnabled": False, "id": ELENI_ID}]


def test_revoked_sessions_are_a_change_that_can_be_watched(entra: RunningSimulator) -> None:
    token = application(entra, "User.Read.All")
    _, link, _ = whole_round(entra, token, "/v1.0/users/delta?$select=signInSessionsValidFromDateTime")
    entra.control("POST", f"users/{ELENI}/revoke-sessions")
    assert whole_round(entra, token, link)[0] == [
        {"signInSessionsValidFromDateTime": "2026-11-21T22:26:40Z", "id": ELENI_ID}
    ]


@pytest.mark.parametrize("how", ["forged", "forgotten", "old", "reset", "other tenant", "forged page"])
def test_a_token_that_is_wrong_or_too_old_is_gone(entra: RunningSimulator, how: str) -> None:
    token = application(entra, "User.Read.All")
    _, link, _ = whole_round(entra, token)
    if how == "forged":
        link = "/v1.0/users/delta?$deltatoken=guess"
    elif how == "forged page":
        link = "/v1.0/users/delta?$skiptoken=guess"
    elif how == "forgotten":
        entra.control("DELETE", "delta-tokens")
    elif how == "old":
        entra.control("PUT", "clock", offset_seconds=7 * 86400 + 1)
        token = application(entra, "User.Read.All")
    elif how == "reset":
        entra.control("POST", "reset")
        token = application(entra, "User.Read.All")
    else:
        token = application(entra, "User.Read.All", tenant=TENANT_B)
    answer = entra.graph(link, token)
    refused(answer, 410, "syncStateNotFound")
    fresh = answer.headers["Location"].removeprefix(entra.base)
    assert whole_round(entra, token, fresh)[0]


def test_watching_needs_the_permission_to_read_profiles(entra: RunningSimulator) -> None:
    for token in (application(entra), application(entra, "User.ReadBasic.All"), entra.tokens()["access_token"]):
        for path in ("/v1.0/users/delta", "/v1.0/directory/deletedItems/microsoft.graph.user", "/v1.0/subscriptions"):
            refused(entra.graph(path, token), 403, "Authorization_RequestDenied")
    refused(entra.graph("/v1.0/users/delta", "guess"), 401, "InvalidAuthenticationToken")
    refused(entra.graph("/v1.0/users/delta?$select=shoeSize", application(entra, "User.Read.All")), 400, "BadRequest")


def test_delta_can_be_made_to_fail(entra: RunningSimulator) -> None:
    token = application(entra, "User.Read.All")
    entra.control("POST", "faults", endpoint="delta", status=429, retry_after=3)
    answer = entra.graph("/v1.0/users/delta", token)
    refused(answer, 429, "TooManyRequests")
    assert answer.headers["Retry-After"] == "3"


# --- People and the organization, by the application itself


def test_the_application_reads_a_person_and_whether_they_are_enabled(entra: RunningSimulator) -> None:
    token = application(entra, "User.Read.All")
    entra.control("PATCH", f"users/{ELENI}", accountEnabled=False)
    path = f"/v1.0/users/{ELENI_ID}?$select=id,accountEnabled,signInSessionsValidFromDateTime"
    assert entra.graph(path, token).json()["accountEnabled"] is False
    entra.control("DELETE", f"users/{ELENI}")
    refused(entra.graph(path, token), 404, "Request_ResourceNotFound")
    refused(entra.graph("/v1.0/me", token), 400, "BadRequest")


def test_the_organization_tells_more_with_the_permission_for_it(entra: RunningSimulator) -> None:
    token = application(entra, "Organization.Read.All")
    (told,) = entra.graph("/v1.0/organization", token).json()["value"]
    assert (told["id"], told["tenantType"]) == (TENANT_A, "AAD")
    (told,) = entra.graph("/v1.0/organization", entra.tokens()["access_token"]).json()["value"]
    assert (told["id"], told["tenantType"]) == (TENANT_A, None)


# --- The recycle bin


def test_the_recycle_bin_holds_the_deleted_people_of_the_tenant(entra: RunningSimulator) -> None:
    token = application(entra, "User.Read.All")
    path = "/v1.0/directory/deletedItems/microsoft.graph.user"
    before = {one["displayName"] for one in entra.graph(path, token).json()["value"]}
    assert before == {"Katerina Nomikou", "Manos Rigas"}
    entra.control("DELETE", f"users/{ELENI}")
    found = entra.graph(f"{path}?$select=id,deletedDateTime", token).json()["value"]
    assert {"id": ELENI_ID, "deletedDateTime": "2026-11-21T22:26:40Z"} in found
    one = entra.graph(f"/v1.0/directory/deletedItems/{ELENI_ID}", token).json()
    assert (one["@odata.type"], one["displayName"]) == ("#microsoft.graph.user", "Eleni Markou")
    entra.control("DELETE", f"users/{ELENI}")
    refused(entra.graph(f"/v1.0/directory/deletedItems/{ELENI_ID}", token), 404, "Request_ResourceNotFound")
    refused(entra.graph("/v1.0/directory/deletedItems", token), 400, "Request_BadRequest")


# --- Revoking sessions


def test_revoking_sessions_over_graph_ends_refresh_tokens_and_moves_the_moment(entra: RunningSimulator) -> None:
    refresh = entra.tokens()["refresh_token"]
    token = application(entra, "User.RevokeSessions.All", "User.Read.All")
    entra.clock.advance(timedelta(minutes=3))
    answer = entra.graph(f"/v1.0/users/{ELENI_ID}/revokeSignInSessions", token, "POST")
    assert (answer.status_code, answer.json()["value"]) == (200, True)
    body = entra.token(grant_type="refresh_token", refresh_token=refresh).json()
    assert body["error_codes"] == [50173]
    path = f"/v1.0/users/{ELENI_ID}?$select=signInSessionsValidFromDateTime"
    assert entra.graph(path, token).json()["signInSessionsValidFromDateTime"] == "2026-11-21T22:29:40Z"


def test_revoking_sessions_needs_its_permission_and_does_nothing_to_guests(entra: RunningSimulator) -> None:
    path = f"/v1.0/users/{ELENI_ID}/revokeSignInSessions"
    refused(entra.graph(path, application(entra, "User.Read.All"), "POST"), 403, "Authorization_RequestDenied")
    refused(entra.graph(path, "guess", "POST"), 401, "InvalidAuthenticationToken")
    guest = entra.tokens(TOMAS)["refresh_token"]
    token = application(entra, "User.RevokeSessions.All")
    oid = "74c8b9be-c9a8-4094-b584-5e2035da8102"
    assert entra.graph(f"/v1.0/users/{oid}/revokeSignInSessions", token, "POST").json()["value"] is True
    assert entra.token(grant_type="refresh_token", refresh_token=guest).status_code == 200
    missing = f"/v1.0/users/{TENANT_A}/revokeSignInSessions"
    refused(entra.graph(missing, token, "POST"), 404, "Request_ResourceNotFound")


# --- Grants


def test_the_tenant_wide_grant_can_be_read_and_withdrawn(entra: RunningSimulator) -> None:
    token = application(entra, "DelegatedPermissionGrant.ReadWrite.All", "Application.Read.All")
    principal = entra.graph(f"/v1.0/servicePrincipals(appId='{CLIENT_ID}')", token).json()
    (same,) = entra.graph(f"/v1.0/servicePrincipals?$filter=appId eq '{CLIENT_ID}'", token).json()["value"]
    assert (same["id"], same["accountEnabled"]) == (principal["id"], True)
    path = "/v1.0/oauth2PermissionGrants"
    wanted = f"{path}?$filter=clientId eq '{principal['id']}' and consentType eq 'AllPrincipals'"
    (grant,) = entra.graph(wanted, token).json()["value"]
    assert grant["scope"] == "User.Read email offline_access openid profile"
    assert (grant["principalId"], grant["consentType"]) == (None, "AllPrincipals")
    assert entra.graph(f"{path}/{grant['id']}", token).json()["clientId"] == principal["id"]
    refresh = entra.tokens()["refresh_token"]
    assert entra.graph(f"{path}/{grant['id']}", token, "DELETE").status_code == 204
    assert entra.graph(wanted, token).json()["value"] == []
    refused(entra.graph(f"{path}/{grant['id']}", token, "DELETE"), 404, "Request_ResourceNotFound")
    body = entra.token(grant_type="refresh_token", refresh_token=refresh).json()
    assert (body["error_codes"], body["suberror"]) == ([65001], "consent_required")


def test_a_persons_own_grant_is_theirs_alone(entra: RunningSimulator) -> None:
    refresh = entra.tokens(TOMAS, TENANT_B)["refresh_token"]
    entra.tokens("petra.lang@helios-shipping.example", TENANT_B)
    token = application(entra, "DelegatedPermissionGrant.ReadWrite.All", tenant=TENANT_B)
    found = entra.graph("/v1.0/oauth2PermissionGrants", token).json()["value"]
    assert [one["consentType"] for one in found] == ["Principal", "Principal"]
    (tomas,) = [one for one in found if one["principalId"] == "5d0c9e0a-1f1b-4d6e-8a39-4d1c3a7be2f4"]
    entra.graph(f"/v1.0/oauth2PermissionGrants/{tomas['id']}", token, "DELETE")
    assert len(entra.graph("/v1.0/oauth2PermissionGrants", token).json()["value"]) == 1
    assert entra.token(TENANT_B, grant_type="refresh_token", refresh_token=refresh).json()["error_codes"] == [65001]


def test_grants_need_their_permissions_and_a_filter_that_is_known(entra: RunningSimulator) -> None:
    path = "/v1.0/oauth2PermissionGrants"
    refused(entra.graph(path, application(entra, "User.Read.All")), 403, "Authorization_RequestDenied")
    reading = application(entra, "DelegatedPermissionGrant.Read.All")
    (grant,) = entra.graph(path, reading).json()["value"]
    refused(entra.graph(f"{path}/{grant['id']}", reading, "DELETE"), 403, "Authorization_RequestDenied")
    refused(entra.graph(f"{path}?$filter=scope gt 'x'", reading), 400, "Request_UnsupportedQuery")
    refused(entra.graph(f"{path}?$filter=colour eq 'x'", reading), 400, "Request_UnsupportedQuery")
