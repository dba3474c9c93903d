"""entra-id reference 1.10 and 4."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest
import requests

from broker.demo.entra.seed import CLIENT_ID
from tests.unit.demo.entra.running import ELENI, TENANT_A, TOMAS, RunningSimulator

MARIA = "maria.kosta@aegeanfoods.example"
NIKOS = "nikos.petrou@aegeanfoods.example"


def access(entra: RunningSimulator, name: str = ELENI, **asked: str) -> str:
    return str(entra.tokens(name, **asked)["access_token"])


def application_access(entra: RunningSimulator, *permissions: str) -> str:
    entra.control("PATCH", f"service-principals/{TENANT_A}", applicationPermissions=list(permissions))
    answer = entra.token(grant_type="client_credentials", scope="https://graph.microsoft.com/.default")
    return str(answer.json()["access_token"])


def refused(answer: requests.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
    inner = answer.json()["error"]["innerError"]
    assert set(inner) == {"date", "request-id", "client-request-id"}
    assert inner["request-id"] == answer.headers["request-id"]


def test_me_gives_exactly_the_default_properties_with_nulls_and_an_empty_list(entra: RunningSimulator) -> None:
    assert list(entra.graph("/v1.0/me", access(entra, MARIA)).json().items()) == [
        ("@odata.context", f"{entra.base}/v1.0/$metadata#users/$entity"),
        ("businessPhones", []),
        ("displayName", "Maria Kosta"),
        ("givenName", None),
        ("jobTitle", None),
        ("mail", None),
        ("mobilePhone", None),
        ("officeLocation", None),
        ("preferredLanguage", None),
        ("surname", None),
        ("userPrincipalName", MARIA),
        ("id", "6e04f0f5-9b90-441b-91f5-c79656f22cce"),
    ]


def test_select_names_what_is_given(entra: RunningSimulator) -> None:
    answer = entra.graph("/v1.0/me?$select=id,department,companyName,accountEnabled,userType,city", access(entra))
    assert answer.json() == {
        "@odata.context": (
            f"{entra.base}/v1.0/$metadata#users(id,department,companyName,accountEnabled,userType,city)/$entity"
        ),
        "id": "ddf3fc9b-9383-4d9f-bb1c-122bf6d836c8",
        "department": "Sales",
        "companyName": "Aegean Foods S.A.",
        "accountEnabled": True,
        "userType": "Member",
        "city": "Heraklion",
    }


def test_a_property_that_does_not_exist_is_refused(entra: RunningSimulator) -> None:
    refused(entra.graph("/v1.0/me?$select=id,shoeSize", access(entra)), 400, "BadRequest")


def test_markup_and_long_titles_come_as_they_are(entra: RunningSimulator) -> None:
    sofia = entra.graph("/v1.0/me", access(entra, "sofia.alexiou@aegeanfoods.example")).json()
    petros = entra.graph("/v1.0/me", access(entra, "petros.makris@aegeanfoods.example")).json()
    assert sofia["jobTitle"].startswith("<img src=x onerror")
    assert len(petros["jobTitle"]) == 128


def test_a_guest_has_an_ext_name_that_is_found_when_encoded(entra: RunningSimulator) -> None:
    token = access(entra, TOMAS)
    me = entra.graph("/v1.0/me?$select=userPrincipalName,identities,externalUserState,userType", token).json()
    name = me["userPrincipalName"]
    assert name == "tomas.weiss_helios-shipping.example#EXT#@aegeanfoods.onmicrosoft.com"
    assert (me["userType"], me["externalUserState"]) == ("Guest", "Accepted")
    assert me["identities"][0]["issuer"] == "ExternalAzureAD"
    found = entra.graph(f"/v1.0/users/{quote(name)}", token).json()
    assert found["id"] == "74c8b9be-c9a8-4094-b584-5e2035da8102"


@pytest.mark.parametrize("authorization", [None, "", "Bearer ", "Bearer guess", "Basic YTpi"])
def test_without_a_good_token_nothing_is_told(entra: RunningSimulator, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = requests.get(f"{entra.base}/v1.0/me", headers=headers, timeout=10)
    refused(answer, 401, "InvalidAuthenticationToken")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_a_token_ends(entra: RunningSimulator) -> None:
    token = access(entra)
    entra.clock.advance(timedelta(minutes=90))
    refused(entra.graph("/v1.0/me", token), 401, "InvalidAuthenticationToken")


def test_a_token_without_the_permission_is_not_enough(entra: RunningSimulator) -> None:
    token = access(entra, scope="openid profile")
    for path in ("/v1.0/me", "/v1.0/me/photo/$value", "/v1.0/me/memberOf", "/v1.0/organization"):
        refused(entra.graph(path, token), 403, "Authorization_RequestDenied")


def test_oneself_may_be_read_by_name_and_others_need_a_permission(entra: RunningSimulator) -> None:
    token = access(entra)
    assert entra.graph(f"/v1.0/users/{ELENI}", token).json()["displayName"] == "Eleni Markou"
    refused(entra.graph(f"/v1.0/users/{MARIA}", token), 403, "Authorization_RequestDenied")


def test_an_application_reads_its_tenant_and_has_no_me(entra: RunningSimulator) -> None:
    token = application_access(entra, "User.Read.All")
    assert entra.graph(f"/v1.0/users/{MARIA}", token).json()["displayName"] == "Maria Kosta"
    refused(entra.graph("/v1.0/me", token), 400, "BadRequest")
    refused(entra.graph("/v1.0/users/petra.lang@helios-shipping.example", token), 404, "Request_ResourceNotFound")
    nothing = application_access(entra)
    refused(entra.graph(f"/v1.0/users/{MARIA}", nothing), 403, "Authorization_RequestDenied")


def test_a_deleted_person_is_not_found(entra: RunningSimulator) -> None:
    token = access(entra)
    entra.control("DELETE", f"users/{ELENI}")
    refused(entra.graph("/v1.0/me", token), 404, "Request_ResourceNotFound")


def test_the_photo_is_a_jpeg_in_every_size(entra: RunningSimulator) -> None:
    token = access(entra)
    for path in ("photo/$value", "photos/48x48/$value", "photos/240x240/$value", "photos/648x648/$value"):
        answer = entra.graph(f"/v1.0/me/{path}", token)
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.content.startswith(b"\xff\xd8\xff")
    refused(entra.graph("/v1.0/me/photos/1x2/$value", token), 404, "ImageNotFound")
    described = entra.graph("/v1.0/me/photos/240x240", token).json()
    assert (described["id"], described["width"], described["height"]) == ("240x240", 240, 240)


def test_without_a_photo_the_image_is_not_found_and_its_description_is_a_pixel(entra: RunningSimulator) -> None:
    token = access(entra, MARIA)
    refused(entra.graph("/v1.0/me/photo/$value", token), 404, "ImageNotFound")
    assert entra.graph("/v1.0/me/photo", token).json() == {
        "@odata.mediaContentType": "image/gif",
        "@odata.mediaEtag": "",
        "id": "1x1",
        "width": 1,
        "height": 1,
    }


def test_the_organization_tells_its_domains_and_little_else(entra: RunningSimulator) -> None:
    (said,) = entra.graph("/v1.0/organization", access(entra)).json()["value"]
    assert (said["id"], said["displayName"]) == (TENANT_A, "Aegean Foods")
    assert [domain["name"] for domain in said["verifiedDomains"]] == [
        "aegeanfoods.example",
        "aegeanfoods.onmicrosoft.com",
    ]
    assert said["tenantType"] is None


def test_member_objects_are_all_of_them_nested_ones_too(entra: RunningSimulator) -> None:
    token = access(entra, NIKOS)
    answer = entra.graph("/v1.0/me/getMemberObjects", token, "POST", json={"securityEnabledOnly": False})
    assert len(set(answer.json()["value"])) == 217
    oid = "91fab1d9-0e5f-4b25-8784-d678371b6f47"
    again = entra.graph(f"/v1.0/users/{oid}/getMemberObjects", token, "POST", json={"securityEnabledOnly": True})
    assert again.json()["value"] == answer.json()["value"]
    refused(entra.graph("/v1.0/me/getMemberObjects", token, "POST", json={}), 400, "Request_BadRequest")
    refused(entra.graph("/v1.0/me/getMemberObjects", token, "POST", data="["), 400, "Request_BadRequest")


def test_member_objects_hold_roles_and_distribution_lists_unless_only_security_counts(
    entra: RunningSimulator,
) -> None:
    def count(name: str, *, only_security: bool) -> int:
        body = {"securityEnabledOnly": only_security}
        answer = entra.graph("/v1.0/me/getMemberObjects", access(entra, name), "POST", json=body)
        return len(answer.json()["value"])

    admin, ioanna = "global.admin@aegeanfoods.example", "ioanna.stathi@aegeanfoods.example"
    assert (count(admin, only_security=False), count(admin, only_security=True)) == (2, 1)
    assert (count(ioanna, only_security=False), count(ioanna, only_security=True)) == (2, 1)


def test_member_of_is_direct_and_nameless_with_user_read(entra: RunningSimulator) -> None:
    (group,) = entra.graph("/v1.0/me/memberOf", access(entra)).json()["value"]
    assert group["@odata.type"] == "#microsoft.graph.group"
    assert group["id"] == "c1f7e0c2-44b8-4d43-8a0d-0f6f4d7d2a90"
    assert group["displayName"] is None


def test_member_of_has_names_with_the_permission(entra: RunningSimulator) -> None:
    scopes = ["openid", "profile", "User.Read", "GroupMember.Read.All"]
    entra.control("PATCH", f"service-principals/{TENANT_A}", tenantWideScopes=scopes)
    token = access(entra, scope=" ".join(scopes))
    groups = entra.graph("/v1.0/me/transitiveMemberOf", token).json()["value"]
    assert {group["displayName"] for group in groups} == {"Crete sales", "Staff"}
    selected = entra.graph("/v1.0/me/memberOf/microsoft.graph.group?$select=id,displayName", token).json()["value"]
    assert selected == [{"id": "c1f7e0c2-44b8-4d43-8a0d-0f6f4d7d2a90", "displayName": "Crete sales"}]


def test_a_long_list_comes_in_pages(entra: RunningSimulator) -> None:
    token = access(entra, NIKOS)
    found: list[str] = []
    url = "/v1.0/me/transitiveMemberOf?$count=true"
    while url:
        body = entra.graph(url, token, headers={"ConsistencyLevel": "eventual"}).json()
        assert body["@odata.count"] == 217
        found += [group["id"] for group in body["value"]]
        url = body.get("@odata.nextLink", "").removeprefix(entra.base)
    assert len(set(found)) == len(found) == 217


def test_a_directory_role_is_an_object_of_its_kind(entra: RunningSimulator) -> None:
    token = access(entra, "global.admin@aegeanfoods.example")
    kinds = [one["@odata.type"] for one in entra.graph("/v1.0/me/memberOf", token).json()["value"]]
    assert sorted(kinds) == ["#microsoft.graph.directoryRole", "#microsoft.graph.group"]
    refused(entra.graph("/v1.0/me/memberOf/microsoft.graph.device", token), 400, "Request_BadRequest")
    refused(entra.graph("/v1.0/me/memberOf?$top=0", token), 400, "Request_BadRequest")


def test_userinfo_says_little_and_never_the_tenant(entra: RunningSimulator) -> None:
    tokens = entra.tokens()
    for method in ("GET", "POST"):
        said = entra.graph("/oidc/userinfo", tokens["access_token"], method).json()
        assert said == {
            "sub": entra.verified(tokens["id_token"])["sub"],
            "name": "Eleni Markou",
            "family_name": "Markou",
            "given_name": "Eleni",
            "picture": f"{entra.base}/v1.0/me/photo/$value",
            "email": ELENI,
        }


def test_throttling_tells_how_long_to_wait(entra: RunningSimulator) -> None:
    token = access(entra)
    entra.control("POST", "faults", endpoint="me", status=429, retry_after=7)
    answer = entra.graph("/v1.0/me", token)
    refused(answer, 429, "TooManyRequests")
    assert answer.headers["Retry-After"] == "7"
    assert entra.graph("/v1.0/me", token).status_code == 200
    assert CLIENT_ID not in token
