"""The legs of connecting: what is asked, who is believed to be an administrator, and what only means "not yet"."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from broker.errors import BrokerError, Busy, NotAllowed
from broker.identity import CONSUMER_TENANT
from broker.messages import UpstreamAnswer
from broker.upstream.entra.roles import APPLICATION_ADMINISTRATOR, GLOBAL_ADMINISTRATOR
from broker.upstream.entra_oidc.onboarding import EntraOnboarding
from broker.upstream.entra_oidc.settings import EntraOidcSettings
from broker.upstream.onboarding import ConsentAnswer, DirectoryAdministrator, Leg, NotYet
from tests.support.fake_entra import CLIENT_ID, as_json
from tests.support.jose import rsa_key
from tests.support.people import ELENI, TENANT_A, TENANT_B
from tests.unit.upstream.case import VERIFIER, Case

ADMINISTRATOR = DirectoryAdministrator(TENANT_A, ELENI.identifier, "O.opaque-hint")
SIGNED_IN = UpstreamAnswer(state="state", code="the-code")


def onboarding(case: Case, *, application_permissions: bool = False) -> EntraOnboarding:
    origin = case.entra.server.origin
    return EntraOnboarding(
        EntraOidcSettings(authority_host=origin, graph_host=origin, client_id=CLIENT_ID),
        case.connector,
        case.http,
        public_url="https://broker.example",
        application_permissions=application_permissions,
    )


def leg(tenant_id: str | None = None) -> Leg:
    return Leg(
        "entra:aegean-foods",
        "aegean-foods",
        tenant_id,
        "the-nonce",
        VERIFIER,
        "https://broker.example/upstream/entra/connect",
    )


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def organization(case: Case, **changes: Any) -> None:
    said = {
        "id": TENANT_A,
        "displayName": "Aegean Foods",
        "verifiedDomains": [{"name": "aegeanfoods.example"}],
        **changes,
    }
    case.entra.answer("/v1.0/organization", as_json({"value": [said]}))


# -- what is asked ----------------------------------------------------------------------------------------------------


def test_the_sign_in_asks_for_nothing_but_who_it_is(case: Case) -> None:
    url = onboarding(case).sign_in_url(leg(), "the-state")
    asked = query(url)
    assert urlsplit(url).path == "/organizations/oauth2/v2.0/authorize"
    assert asked["scope"] == "openid profile email"
    assert (asked["prompt"], asked["response_mode"], asked["state"]) == ("select_account", "query", "the-state")
    assert asked["redirect_uri"] == onboarding(case).sign_in_uri
    assert "login_hint" not in asked, "not beside select_account (entra-id reference, section 1.5)"
    assert asked["code_challenge_method"] == "S256"


def test_the_consent_is_asked_of_the_one_tenant(case: Case) -> None:
    url = onboarding(case).consent_url(TENANT_A, "the-state")
    assert urlsplit(url).path == f"/{TENANT_A}/v2.0/adminconsent"
    assert query(url) == {
        "client_id": CLIENT_ID,
        "scope": "openid profile email offline_access User.Read",
        "redirect_uri": "https://broker.example/upstream/entra/consent",
        "state": "the-state",
    }
    everything = onboarding(case, application_permissions=True).consent_url(TENANT_A, "the-state")
    assert query(everything)["scope"] == f"{case.entra.server.origin}/.default"


def test_the_proof_is_silent_and_for_the_one_who_consented(case: Case) -> None:
    url = onboarding(case).proof_url(leg(TENANT_A), ADMINISTRATOR, "the-state")
    assert urlsplit(url).path == f"/{TENANT_A}/oauth2/v2.0/authorize"
    assert (query(url)["prompt"], query(url)["login_hint"]) == ("none", "O.opaque-hint")


# -- who is an administrator ------------------------------------------------------------------------------------------


def test_a_member_with_a_role_that_may_is_one(case: Case) -> None:
    case.entra.claims = {"wids": [APPLICATION_ADMINISTRATOR.upper()]}
    assert onboarding(case).administrator(leg(), SIGNED_IN) == ADMINISTRATOR
    case.entra.without = {"login_hint"}
    found = onboarding(case).administrator(leg(), SIGNED_IN)
    assert found.login_hint == "Eleni.Markou@aegeanfoods.example"


def test_application_permissions_need_one_of_the_two_highest_roles(case: Case) -> None:
    case.entra.claims = {"wids": [APPLICATION_ADMINISTRATOR]}
    with pytest.raises(NotAllowed) as caught:
        onboarding(case, application_permissions=True).administrator(leg(), SIGNED_IN)
    assert (caught.value.reason, caught.value.explanation) == ("not_admin", "not_directory_admin")
    case.entra.claims = {"wids": [GLOBAL_ADMINISTRATOR]}
    assert onboarding(case, application_permissions=True).administrator(leg(), SIGNED_IN) == ADMINISTRATOR


def test_a_personal_account_is_refused_however_well_it_is_signed(case: Case) -> None:
    case.entra.tenant, case.entra.key = CONSUMER_TENANT, rsa_key("msa-1")
    case.entra.claims = {"wids": [GLOBAL_ADMINISTRATOR]}
    with pytest.raises(NotAllowed) as caught:
        onboarding(case).administrator(leg(), SIGNED_IN)
    assert caught.value.explanation == "personal_account"


def test_the_token_passes_every_check_of_a_login(case: Case) -> None:
    for changes in (
        {"nonce": "of-another"},
        {"aud": "somebody-else"},
        {"iss": case.entra.issuer(TENANT_B)},
        {"ver": "1.0"},
    ):
        case.entra.claims = {"wids": [GLOBAL_ADMINISTRATOR], **changes}
        with pytest.raises(BrokerError):
            onboarding(case).administrator(leg(), SIGNED_IN)


# -- the consent answer -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "explanation"),
    [
        ({"admin_consent": "true", "tenant": TENANT_A}, "consent_not_given"),
        ({"tenant": TENANT_A}, "consent_not_given"),
        ({"admin_consent": "True"}, "consent_without_tenant"),
        ({"admin_consent": "True", "tenant": TENANT_B}, "consent_other_tenant"),
        ({"admin_consent": "True", "tenant": f"{{{TENANT_A}}}"}, "consent_other_tenant"),
        ({"admin_consent": "True", "tenant": ""}, "consent_other_tenant"),
        (
            {"error": "access_denied", "error_description": "AADSTS65004: declined", "tenant": TENANT_A},
            "consent_declined",
        ),
        ({"error": "access_denied", "error_description": "AADSTS50020: not here"}, "wrong_tenant_account"),
        ({"error": "permission_denied", "error_description": "somehow"}, "consent_not_given"),
        ({"error": "", "admin_consent": "True", "tenant": TENANT_A}, "consent_not_given"),
    ],
)
def test_every_other_answer_than_yes_is_no(case: Case, answer: dict[str, str], explanation: str) -> None:
    with pytest.raises(BrokerError) as caught:
        onboarding(case).consented(TENANT_A, ConsentAnswer("state", **answer))
    assert caught.value.explanation == explanation


def test_yes_gives_the_scopes_bounded(case: Case) -> None:
    many = " ".join(["User.Read", "ευρώ", *(["x" * 500] * 80)])
    answer = ConsentAnswer("state", "True", TENANT_A.upper(), many)
    found = onboarding(case).consented(TENANT_A, answer)
    assert found[0] == "User.Read"
    assert len(found) < 50
    assert max(map(len, found)) <= 200


# -- the proof --------------------------------------------------------------------------------------------------------


def test_a_redemption_with_the_consent_gives_the_facts(case: Case) -> None:
    organization(case)
    facts = onboarding(case).proved(leg(TENANT_A), ADMINISTRATOR, SIGNED_IN)
    assert (facts.tenant_id, facts.verified_domains) == (TENANT_A, ("aegeanfoods.example",))


@pytest.mark.parametrize("number", ["65001", "700016", "90094"])
def test_a_missing_consent_means_not_yet(case: Case, number: str) -> None:
    organization(case)
    silent = UpstreamAnswer("state", error="interaction_required", error_description=f"AADSTS{number}: not there")
    with pytest.raises(NotYet):
        onboarding(case).proved(leg(TENANT_A), ADMINISTRATOR, silent)
    case.entra.answer("/token", as_json({"error": "invalid_grant", "error_codes": [int(number)]}, 400))
    with pytest.raises(NotYet):
        onboarding(case).proved(leg(TENANT_A), ADMINISTRATOR, SIGNED_IN)


def test_what_is_wrong_for_good_is_no_delay(case: Case) -> None:
    organization(case)
    for number, explanation in (("50105", "not_assigned"), ("50058", "start_again"), ("53003", "blocked_by_policy")):
        silent = UpstreamAnswer("state", error="interaction_required", error_description=f"AADSTS{number}: no")
        with pytest.raises(BrokerError) as caught:
            onboarding(case).proved(leg(TENANT_A), ADMINISTRATOR, silent)
        assert caught.value.explanation == explanation
    case.entra.claims = {"oid": "91fab1d9-0e5f-4b25-8784-d678371b6f47"}
    with pytest.raises(NotAllowed):
        onboarding(case).proved(leg(TENANT_A), ADMINISTRATOR, SIGNED_IN)


def test_graph_that_refuses_is_a_delay_and_one_that_is_away_is_busy(case: Case) -> None:
    for status, kind in ((403, NotYet), (401, NotYet), (503, Busy), (404, BrokerError)):
        case.entra.answer("/v1.0/organization", as_json({"error": {"code": "X"}}, status))
        with pytest.raises(kind):
            onboarding(case).proved(leg(TENANT_A), ADMINISTRATOR, SIGNED_IN)
    case.entra.tokens = {"access_token": ""}
    with pytest.raises(BrokerError):
        onboarding(case).proved(leg(TENANT_A), ADMINISTRATOR, SIGNED_IN)


# -- the test sign-in -------------------------------------------------------------------------------------------------


def test_the_test_is_a_sign_in_at_the_tenant_for_the_organization(case: Case) -> None:
    who = onboarding(case).tested(leg(TENANT_A), SIGNED_IN)
    assert (who.subject, who.organization, who.connection) == (ELENI, "aegean-foods", "entra:aegean-foods")
    case.entra.tenant = TENANT_B
    with pytest.raises(BrokerError):
        onboarding(case).tested(leg(TENANT_A), SIGNED_IN)
    case.entra.tenant = TENANT_A
    with pytest.raises(NotAllowed):
        onboarding(case).tested(leg(None), SIGNED_IN)
