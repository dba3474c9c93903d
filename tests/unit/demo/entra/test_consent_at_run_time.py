"""entra-id reference 2.3 and 3.4: what a missing, given or withdrawn consent means wherever a token is asked for."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from broker.demo.entra.browser import SignInStopped
from broker.demo.entra.seed import CLIENT_ID
from broker.demo.entra.seed_users import CYCLADES
from tests.unit.demo.entra.running import ELENI, TENANT_A, TENANT_B, TOMAS, RunningSimulator

NEFELI = "nefeli.drakou@cyclades-ferries.example"
GALINI = "global.admin@cyclades-ferries.example"
DEFAULT = "https://graph.microsoft.com/.default"


def silent(entra: RunningSimulator, session: requests.Session, tenant: str = TENANT_A) -> dict[str, str]:
    url = entra.authorize_url(tenant, prompt="none", response_mode="query")
    answer = session.get(url, allow_redirects=False, timeout=10)
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def refused(answer: requests.Response) -> tuple[str, int, str | None]:
    body = answer.json()
    assert answer.status_code in (400, 401)
    return body["error"], body["error_codes"][0], body.get("suberror")


def refreshed(entra: RunningSimulator, token: str, tenant: str = TENANT_A) -> requests.Response:
    return entra.token(tenant, grant_type="refresh_token", refresh_token=token)


def for_itself(entra: RunningSimulator, tenant: str = TENANT_A) -> requests.Response:
    return entra.token(tenant, grant_type="client_credentials", scope=DEFAULT)


def test_in_a_tenant_without_consent_people_need_an_administrator_and_nothing_is_silent(
    entra: RunningSimulator,
) -> None:
    session = requests.Session()
    with pytest.raises(SignInStopped) as stopped:
        entra.sign_in(NEFELI, CYCLADES, session=session)
    assert stopped.value.code == 90094
    said = silent(entra, session, CYCLADES)
    assert said["error"] == "consent_required"
    assert said["error_description"].startswith("AADSTS65001: ")
    assert refused(for_itself(entra, CYCLADES))[:2] == ("unauthorized_client", 700016)


def test_an_administrator_there_consents_for_the_own_sign_in_only(entra: RunningSimulator) -> None:
    assert entra.tokens(GALINI, "organizations")["id_token"]
    (found,) = entra.control("GET", f"consents/{CYCLADES}")["consents"]
    assert (found["tenantWideScopes"], len(found["people"])) == ([], 1)
    with pytest.raises(SignInStopped):
        entra.sign_in(NEFELI, CYCLADES)


def test_consent_can_be_given_and_withdrawn_by_the_control_api(entra: RunningSimulator) -> None:
    entra.control("POST", f"consents/{CYCLADES}")
    session = requests.Session()
    entra.sign_in(NEFELI, CYCLADES, session=session)
    assert silent(entra, session, CYCLADES)["code"]
    entra.control("DELETE", f"consents/{CYCLADES}")
    assert silent(entra, session, CYCLADES)["error"] == "consent_required"
    entra.control("POST", f"consents/{CYCLADES}", scopes=["openid"], applicationPermissions=["User.Read.All"])
    (found,) = entra.control("GET", f"consents/{CYCLADES}")["consents"]
    assert (found["tenantWideScopes"], found["applicationPermissions"]) == (["openid"], ["User.Read.All"])


def test_where_people_may_consent_a_silent_request_says_that_consent_is_what_is_missing(
    entra: RunningSimulator,
) -> None:
    session = requests.Session()
    entra.sign_in(session=session)
    entra.control("DELETE", f"consents/{TENANT_A}")
    said = silent(entra, session)
    assert said["error"] == "consent_required"
    assert said["error_description"].startswith("AADSTS65001: ")


def test_consent_withdrawn_between_code_and_redemption_stops_the_redemption(entra: RunningSimulator) -> None:
    code = entra.sign_in().fields["code"]
    entra.control("DELETE", f"consents/{TENANT_A}")
    assert refused(entra.redeem(code)) == ("invalid_grant", 65001, "consent_required")


@pytest.mark.parametrize(
    ("state", "expected"),
    [("disabled", ("unauthorized_client", 7000112, None)), ("absent", ("unauthorized_client", 700016, None))],
)
def test_an_application_that_is_thrown_out_gets_nothing_at_any_endpoint(
    entra: RunningSimulator, state: str, expected: tuple[str, int, str | None]
) -> None:
    session = requests.Session()
    first, code = entra.tokens(session=session), entra.sign_in(session=session).fields["code"]
    entra.control("PATCH", f"service-principals/{TENANT_A}", state=state)
    assert refused(refreshed(entra, first["refresh_token"])) == expected
    assert refused(entra.redeem(code)) == expected
    assert refused(for_itself(entra)) == expected
    assert silent(entra, session)["error"] == "interaction_required"
    with pytest.raises(SignInStopped) as stopped:
        entra.sign_in()
    assert stopped.value.code == expected[1]
    # What was given out lives on until it expires.
    assert entra.graph("/v1.0/me", first["access_token"]).status_code == 200
    entra.control("PATCH", f"service-principals/{TENANT_A}", state="enabled")
    assert refreshed(entra, first["refresh_token"]).status_code == 200


def test_an_application_that_never_was_there_is_unknown_when_a_token_is_refreshed(entra: RunningSimulator) -> None:
    first = entra.tokens(TOMAS, TENANT_B)
    entra.control("DELETE", f"service-principals/{TENANT_B}")
    answer = refreshed(entra, first["refresh_token"], TENANT_B)
    assert refused(answer) == ("unauthorized_client", 700016, None)
    (found,) = entra.control("GET", f"consents/{TENANT_B}")["consents"]
    assert (found["tenantWideScopes"], found["people"]) == (None, {})
    assert entra.tokens(TOMAS, TENANT_B)["refresh_token"]


def test_who_is_not_assigned_any_more_is_told_silently_and_at_refresh(entra: RunningSimulator) -> None:
    session = requests.Session()
    token = entra.tokens(session=session)["refresh_token"]
    entra.control("PATCH", f"users/{ELENI}", assigned=False)
    assert silent(entra, session)["error"] == "interaction_required"
    assert refused(refreshed(entra, token))[1] == 50105
    entra.control("PATCH", f"service-principals/{TENANT_A}", assignmentRequired=False)
    assert refreshed(entra, token).status_code == 200


def test_permissions_of_the_application_are_those_that_were_granted(entra: RunningSimulator) -> None:
    path = "/v1.0/users/ddf3fc9b-9383-4d9f-bb1c-122bf6d836c8"
    assert entra.graph(path, for_itself(entra).json()["access_token"]).status_code == 403
    entra.control("POST", f"consents/{TENANT_A}", applicationPermissions=["User.Read.All"])
    token = for_itself(entra).json()["access_token"]
    assert entra.graph(path, token).json()["displayName"] == "Eleni Markou"
    entra.control("DELETE", f"consents/{TENANT_A}")
    assert entra.graph(path, token).status_code == 200
    assert entra.graph(path, for_itself(entra).json()["access_token"]).status_code == 403


def test_a_deleted_person_comes_back_and_one_deleted_for_good_does_not(entra: RunningSimulator) -> None:
    token = entra.tokens()["refresh_token"]
    entra.control("DELETE", f"users/{ELENI}")
    assert refused(refreshed(entra, token))[1] == 50034
    entra.control("POST", f"users/{ELENI}/restore")
    assert refreshed(entra, token).status_code == 200
    entra.control("DELETE", f"users/{ELENI}?permanently=true")
    assert refused(refreshed(entra, token))[1] == 50034
    assert requests.get(f"{entra.base}/_simulator/users/{ELENI}", timeout=10).status_code == 404


def test_the_expiry_of_all_secrets_can_be_set_without_knowing_them(entra: RunningSimulator) -> None:
    said = entra.control("PATCH", f"registrations/{CLIENT_ID}", secretsExpireAt=1)
    assert said["secretsExpireAt"] == 1
    assert refused(for_itself(entra))[:2] == ("invalid_client", 7000222)
    assert entra.control("GET", "registrations")["registrations"][0]["secrets"] == 1


def test_a_tenant_can_be_made_with_its_domains_and_change_them(entra: RunningSimulator) -> None:
    made = entra.control(
        "POST", "tenants", displayName="Ionian Wines", domains=["ionian-wines.example", "ionianwines.onmicrosoft.com"]
    )
    person = "dora@ionian-wines.example"
    entra.control("POST", "users", tenant=made["tenantId"], userPrincipalName=person, mail=person)
    assert entra.tokens(person, made["tenantId"])["id_token"]
    token = entra.tokens(person, made["tenantId"])["access_token"]
    entra.control("PATCH", f"tenants/{made['tenantId']}", domains=["other.example"])
    said = entra.graph("/v1.0/organization", token).json()["value"][0]["verifiedDomains"]
    assert [domain["name"] for domain in said] == ["other.example"]
    assert "Cyclades Ferries" in [one["displayName"] for one in entra.control("GET", "tenants")["tenants"]]


def test_a_refresh_token_is_worth_nothing_to_another_application(entra: RunningSimulator) -> None:
    other = "0a4e63f5-52e7-4f0e-8c4a-11d6a9e5ab10"
    entra.control("POST", "registrations", clientId=other, secrets=[{"value": "its-own"}])
    entra.control("POST", f"consents/{TENANT_A}", clientId=other)
    token = entra.tokens()["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token}
    assert refused(entra.token(client_id=other, client_secret="its-own", **form))[:2] == ("invalid_grant", 70000)
