"""entra-id reference 3: who may consent for a tenant, and what the application is told of it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests

from broker.demo.entra.browser import AuthorizationAnswer, SignInStopped, sign_in
from broker.demo.entra.consent_forgery import PRESETS
from broker.demo.entra.roles import ROLES
from broker.demo.entra.seed import CLIENT_ID
from broker.demo.entra.seed_users import ATTACKER, CYCLADES
from tests.unit.demo.entra.running import CALLBACK, ELENI, TENANT_A, TENANT_B, TOMAS, RunningSimulator

ADMIN = "global.admin@aegeanfoods.example"
GALINI = "global.admin@cyclades-ferries.example"
NEFELI = "nefeli.drakou@cyclades-ferries.example"
DEFAULT = "https://graph.microsoft.com/.default"


def consent_url(entra: RunningSimulator, tenant: str = TENANT_A, version: int = 2, **changed: str | None) -> str:
    asked: dict[str, str | None] = {"client_id": CLIENT_ID, "redirect_uri": CALLBACK, "state": "the-state"}
    asked |= {"scope": DEFAULT} if version == 2 else {}
    asked |= changed
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    return f"{entra.base}/{tenant}{'/v2.0' if version == 2 else ''}/adminconsent?{query}"


def consent(
    entra: RunningSimulator,
    username: str = ADMIN,
    tenant: str = TENANT_A,
    version: int = 2,
    *,
    accept: bool = True,
    session: requests.Session | None = None,
    **changed: str | None,
) -> AuthorizationAnswer:
    url = consent_url(entra, tenant, version, **changed)
    return sign_in(session or requests.Session(), url, username, consent=accept)


def stopped(entra: RunningSimulator, username: str, tenant: str = TENANT_A, **asked: Any) -> SignInStopped:
    with pytest.raises(SignInStopped) as caught:
        consent(entra, username, tenant, **asked)
    return caught.value


def pairs(answer: AuthorizationAnswer) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(answer.url).query, keep_blank_values=True)


def granted(entra: RunningSimulator, tenant: str = TENANT_A) -> dict[str, Any]:
    (found,) = entra.control("GET", f"consents/{tenant}")["consents"]
    assert isinstance(found, dict)
    return found


# --- Who may


@pytest.mark.parametrize("name", ["global.admin", "privileged.admin", "app.admin", "cloudapp.admin"])
def test_the_four_roles_may_consent_and_their_token_says_which_they_have(entra: RunningSimulator, name: str) -> None:
    person = f"{name}@aegeanfoods.example"
    assert consent(entra, person).fields["tenant"] == TENANT_A
    held = entra.control("GET", f"users/{person}")["directoryRoles"]
    assert set(held) < set(entra.claims(person)["wids"])


@pytest.mark.parametrize(
    "name",
    ["security.admin", "global.reader", "user.admin", "support.admin", "eligible.admin", "eleni.markou", "maria.kosta"],
)
def test_others_end_on_the_approval_page_and_nothing_returns(entra: RunningSimulator, name: str) -> None:
    before = granted(entra)
    page = stopped(entra, f"{name}@aegeanfoods.example")
    assert (page.page, page.code) == ("error", 90094)
    assert "Need admin approval" in page.html
    assert granted(entra) == before


def test_a_guest_may_not_unless_the_tenant_gave_the_guest_a_role(entra: RunningSimulator) -> None:
    assert stopped(entra, TOMAS).code == 90094
    gina = "gina.guest@helios-shipping.example"
    assert consent(entra, gina).fields["tenant"] == TENANT_A
    claims = entra.claims(gina)
    assert (claims["acct"], claims["wids"]) == (1, [ROLES["Global Administrator"]])
    assert stopped(entra, gina, TENANT_B).code == 90094


def test_a_custom_role_with_the_right_may_and_no_token_tells_it(entra: RunningSimulator) -> None:
    person = "custom.admin@aegeanfoods.example"
    assert consent(entra, person).fields["admin_consent"] == "True"
    assert entra.claims(person)["wids"] == ["b79fbf4d-3ef9-4689-8143-76b194e85509"]
    assert entra.claims("support.admin@aegeanfoods.example")["wids"] == ["b79fbf4d-3ef9-4689-8143-76b194e85509"]


def test_an_eligible_role_is_in_no_token_until_it_is_active(entra: RunningSimulator) -> None:
    person = "eligible.admin@aegeanfoods.example"
    assert ROLES["Global Administrator"] not in entra.claims(person)["wids"]
    entra.control("PATCH", f"users/{person}", directoryRoles=["Global Administrator"], eligibleRoles=[])
    assert ROLES["Global Administrator"] in entra.claims(person)["wids"]
    assert consent(entra, person).fields["tenant"] == TENANT_A


@pytest.mark.parametrize(("name", "may"), [("global.admin", True), ("privileged.admin", True), ("app.admin", False)])
def test_permissions_of_the_application_itself_need_a_higher_role(
    entra: RunningSimulator, name: str, may: bool
) -> None:
    entra.control("PATCH", f"registrations/{CLIENT_ID}", applicationPermissions=["User.Read.All"])
    person = f"{name}@aegeanfoods.example"
    if may:
        consent(entra, person)
        assert granted(entra)["applicationPermissions"] == ["User.Read.All"]
    else:
        assert stopped(entra, person).code == 90094
        assert consent(entra, person, scope="User.Read openid").fields["tenant"] == TENANT_A


def test_a_personal_account_has_no_tenant_to_consent_for(entra: RunningSimulator) -> None:
    assert stopped(entra, "zoe.hart@outlook.example", "organizations").code == 500208
    assert stopped(entra, "zoe.hart@outlook.example").code == 90094


# --- What comes back


def test_success_has_the_shape_of_its_endpoint(entra: RunningSimulator) -> None:
    assert pairs(consent(entra)) == [
        ("admin_consent", "True"),
        ("tenant", TENANT_A),
        ("scope", DEFAULT),
        ("state", "the-state"),
    ]
    assert pairs(consent(entra, version=1)) == [
        ("tenant", TENANT_A),
        ("state", "the-state"),
        ("admin_consent", "True"),
    ]


def test_single_scopes_come_back_as_full_addresses(entra: RunningSimulator) -> None:
    said = consent(entra, scope="User.Read openid https://graph.microsoft.com/GroupMember.Read.All").fields["scope"]
    graph = "https://graph.microsoft.com"
    assert said == f"{graph}/openid {graph}/GroupMember.Read.All {graph}/User.Read"


def test_a_refusal_by_the_person_looks_as_observed_in_2023(entra: RunningSimulator) -> None:
    answer = consent(entra, accept=False)
    assert answer.url.endswith("#")
    names = [name for name, _ in pairs(answer)]
    assert names == ["error", "error_description", "error_uri", "admin_consent", "state"]
    assert (answer.fields["error"], answer.fields["admin_consent"]) == ("access_denied", "True")
    assert answer.fields["error_description"].startswith("AADSTS65004: ")


def test_a_refusal_can_look_as_the_documents_say(entra: RunningSimulator) -> None:
    entra.control("PATCH", "settings", adminConsentFailure="documented")
    names = [name for name, _ in pairs(consent(entra, accept=False))]
    assert names == ["admin_consent", "error", "error_description", "state"]


def test_a_refusal_at_the_old_endpoint_is_permission_denied_and_no_more(entra: RunningSimulator) -> None:
    answer = consent(entra, version=1, accept=False)
    assert [name for name, _ in pairs(answer)] == ["error", "error_description"]
    assert answer.fields["error"] == "permission_denied"


def test_an_account_of_another_tenant_comes_back_as_an_error_without_a_tenant(entra: RunningSimulator) -> None:
    said = consent(entra, "petra.lang@helios-shipping.example").fields
    assert (said["error"], said["admin_consent"]) == ("access_denied", "True")
    assert "tenant" not in said
    assert said["error_description"].startswith("AADSTS50020: ")
    assert "petra.lang" not in said["error_description"]


def test_organizations_is_the_tenant_of_whoever_signs_in(entra: RunningSimulator) -> None:
    assert consent(entra, GALINI, "organizations").fields["tenant"] == CYCLADES
    assert consent(entra, "global.admin@evil-olives.example", "organizations").fields["tenant"] == ATTACKER
    assert consent(entra, ADMIN, "common", version=1).fields["tenant"] == TENANT_A
    assert consent(entra, ADMIN, "aegeanfoods.example").fields["tenant"] == TENANT_A


@pytest.mark.parametrize(
    ("tenant", "version", "changed", "code"),
    [
        ("common", 2, {}, 50059),
        ("consumers", 2, {}, 50059),
        ("consumers", 1, {}, 50059),
        ("nobody.example", 2, {}, 90002),
        (TENANT_A, 2, {"scope": None}, 900144),
        (TENANT_A, 2, {"client_id": None}, 900144),
        (TENANT_A, 2, {"redirect_uri": None}, 900144),
        (TENANT_A, 2, {"client_id": "11111111-2222-4333-8444-555555555555"}, 700016),
        (TENANT_A, 2, {"redirect_uri": CALLBACK + "/"}, 50011),
        (TENANT_A, 1, {"redirect_uri": "https://evil-olives.example/"}, 50011),
        (TENANT_A, 2, {"redirect_uri": CALLBACK + "?a=b"}, 50011),
    ],
)
def test_before_the_address_is_proven_an_error_is_a_page(
    entra: RunningSimulator, tenant: str, version: int, changed: dict[str, str | None], code: int
) -> None:
    answer = requests.get(consent_url(entra, tenant, version, **changed), allow_redirects=False, timeout=10)
    assert answer.status_code == 400
    assert f'id="error-code">AADSTS{code}<' in answer.text


def test_a_scope_that_does_not_exist_is_told(entra: RunningSimulator) -> None:
    answer = requests.get(consent_url(entra, scope="Everything.All"), allow_redirects=False, timeout=10)
    assert "AADSTS650053" in answer.headers["Location"]


def test_the_page_names_application_tenant_and_permissions(entra: RunningSimulator) -> None:
    entra.control("PATCH", f"registrations/{CLIENT_ID}", applicationPermissions=["User.Read.All"])
    session = requests.Session()
    entra.sign_in(ADMIN, session=session)
    page = session.get(consent_url(entra), timeout=10).text
    assert 'data-page="admin-consent"' in page
    assert '<strong id="tenant-name">Aegean Foods</strong>' in page
    assert '<strong id="application-name">Pobuca</strong>' in page
    assert set(re.findall(r"<li><code>([^<]+)", page)) == {
        "openid",
        "profile",
        "email",
        "offline_access",
        "User.Read",
        "User.Read.All",
    }
    assert "as the application itself" in page


def test_who_is_not_signed_in_signs_in_first_with_every_step(entra: RunningSimulator) -> None:
    assert 'data-page="username"' in requests.get(consent_url(entra), timeout=10).text
    entra.control("PATCH", f"users/{ADMIN}", mfaRequired=True)
    with pytest.raises(SignInStopped) as at_factor:
        sign_in(requests.Session(), consent_url(entra), ADMIN, approve_mfa=False)
    assert at_factor.value.page == "second-factor"
    entra.control("PATCH", f"users/{ADMIN}", accountEnabled=False)
    assert stopped(entra, ADMIN).code == 50057


def test_the_approval_page_leads_to_another_account_or_back_if_the_person_wants(entra: RunningSimulator) -> None:
    session = requests.Session()
    with pytest.raises(SignInStopped) as caught:
        consent(entra, ELENI, session=session)
    links = dict(re.findall(r'id="(use-another-account|return)" href="([^"]+)"', caught.value.html))
    back = dict(parse_qsl(urlsplit(links["return"].replace("&amp;", "&")).query))
    assert (back["error"], back["state"]) == ("access_denied", "the-state")
    again = entra.base + links["use-another-account"].replace("&amp;", "&")
    assert sign_in(session, again, ADMIN).fields["tenant"] == TENANT_A


# --- What it changes


def test_accepting_installs_the_application_with_a_grant_for_everybody(entra: RunningSimulator) -> None:
    assert granted(entra, CYCLADES)["tenantWideScopes"] is None
    entra.control("PATCH", f"registrations/{CLIENT_ID}", applicationPermissions=["User.Read.All"])
    consent(entra, GALINI, CYCLADES)
    assert granted(entra, CYCLADES) == {
        "clientId": CLIENT_ID,
        "tenantWideScopes": ["User.Read", "email", "offline_access", "openid", "profile"],
        "applicationPermissions": ["User.Read.All"],
        "people": {},
    }
    assert entra.tokens(NEFELI, CYCLADES)["refresh_token"]


def test_declining_changes_nothing(entra: RunningSimulator) -> None:
    consent(entra, GALINI, CYCLADES, accept=False)
    assert granted(entra, CYCLADES)["tenantWideScopes"] is None


def test_a_second_consent_takes_the_place_of_the_first(entra: RunningSimulator) -> None:
    entra.control("PATCH", f"registrations/{CLIENT_ID}", applicationPermissions=["User.Read.All"])
    consent(entra, scope="openid profile GroupMember.Read.All")
    assert granted(entra)["tenantWideScopes"] == ["GroupMember.Read.All", "openid", "profile"]
    assert granted(entra)["applicationPermissions"] == []
    consent(entra)
    assert "GroupMember.Read.All" not in granted(entra)["tenantWideScopes"]
    assert granted(entra)["applicationPermissions"] == ["User.Read.All"]


def test_consent_does_not_enable_what_the_tenant_disabled_and_installs_what_it_removed(entra: RunningSimulator) -> None:
    entra.control("PATCH", f"service-principals/{TENANT_A}", state="disabled")
    assert stopped(entra, ADMIN).code == 7000112
    entra.control("PATCH", f"service-principals/{TENANT_A}", state="absent")
    consent(entra)
    assert entra.tokens()["refresh_token"]


def test_an_administrator_may_consent_for_everybody_on_the_page_of_a_sign_in(entra: RunningSimulator) -> None:
    session = requests.Session()
    for name, offered in ((TOMAS, False), ("global.admin@helios-shipping.example", True)):
        url = entra.authorize_url(TENANT_B, prompt="consent")
        page = sign_in_until_consent(session := requests.Session(), url, name)
        assert ('id="on-behalf"' in page) == offered
    (context,) = re.findall(r'name="ctx" value="([^"]+)"', page)
    session.post(f"{entra.base}/{TENANT_B}/login", data={"ctx": context, "accept": "1", "on_behalf": "1"}, timeout=10)
    assert granted(entra, TENANT_B)["tenantWideScopes"]


def sign_in_until_consent(session: requests.Session, url: str, name: str) -> str:
    """The consent page, before a button of it is pressed."""
    sign_in(session, url, name, consent=False)
    return session.get(url, timeout=10).text


# --- Forged answers (8.3.6)


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_every_forgery_makes_one_answer_that_differs_and_the_next_is_right(
    entra: RunningSimulator, preset: str
) -> None:
    right = pairs(consent(entra))
    entra.control("DELETE", f"consents/{TENANT_A}")
    entra.control("POST", "consent-forgeries", preset=preset)
    wrong = pairs(consent(entra))
    if preset == "not_granted":
        assert wrong == right
        assert granted(entra)["tenantWideScopes"] == []
    else:
        assert wrong != right
        assert granted(entra)["tenantWideScopes"]
    assert pairs(consent(entra)) == right


def test_forgeries_do_what_their_names_say(entra: RunningSimulator) -> None:
    entra.control("POST", "consent-forgeries", preset="other_tenant")
    assert consent(entra).fields["tenant"] == ATTACKER
    entra.control("POST", "consent-forgeries", preset="missing_state")
    assert "state" not in consent(entra).fields
    entra.control("POST", "consent-forgeries", preset="success_with_error")
    said = consent(entra).fields
    assert (said["admin_consent"], said["tenant"], said["error"]) == ("True", TENANT_A, "access_denied")
    entra.control("POST", "consent-forgeries", set={"tenant": TENANT_B}, count=2)
    assert [consent(entra).fields["tenant"] for _ in range(3)] == [TENANT_B, TENANT_B, TENANT_A]


def test_an_unknown_forgery_is_refused(entra: RunningSimulator) -> None:
    answer = requests.post(f"{entra.base}/_simulator/consent-forgeries", json={"preset": "worse"}, timeout=10)
    assert (answer.status_code, answer.json()["problems"]) == (404, ["not known: worse"])


def test_an_error_can_be_ordered_as_an_answer_or_as_a_page(entra: RunningSimulator) -> None:
    entra.control("POST", "faults", endpoint="adminConsent", code=90033)
    answer = requests.get(consent_url(entra), allow_redirects=False, timeout=10)
    assert "temporarily_unavailable" in answer.headers["Location"]
    entra.control("POST", "faults", endpoint="adminConsent", code=90033, shape="page")
    assert "AADSTS90033" in requests.get(consent_url(entra), allow_redirects=False, timeout=10).text
