"""The connector and the simulated Entra, each knowing the other by its address only, over real sockets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import requests
from werkzeug.serving import WSGIRequestHandler, make_server

from broker.clock import SystemClock
from broker.demo.entra.app import create_simulator
from broker.demo.entra.browser import sign_in
from broker.demo.entra.seed import CLIENT_ID, CLIENT_SECRET, seeded_directory
from broker.entropy import SystemEntropy
from broker.errors import BrokerError
from broker.http_client import HttpClient
from broker.identity import Authentication, Secret
from broker.jose.certificate_key import CertificateKey
from broker.messages import Transaction, UpstreamAnswer
from broker.upstream.entra_oidc.client_assertion import ClientCertificate, ClientCredential, ClientSecret
from broker.upstream.entra_oidc.connector import EntraOidcConnector
from broker.upstream.entra_oidc.settings import EntraOidcSettings
from tests.support.https import certificate
from tests.support.jose import rsa_key
from tests.support.people import ELENI, FixedOrganizations, login_request
from tests.unit.jose.test_certificate_key import certificate_of, pem_of
from tests.unit.upstream.case import through_organizations, transaction

CALLBACK = "https://broker.example/upstream/entra/callback"


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Nothing: a failing test shows what was received."""


class World:
    """A simulator that runs, and connectors before it."""

    def __init__(self, base_url: str, http: HttpClient) -> None:
        self.base_url = base_url
        self.http = http
        self.browser = requests.Session()
        self.browser.trust_env = False  # Else a CA bundle named in the environment would count before this one.
        self.browser.verify = str(certificate()[0])
        self.connector = self.connect(ClientSecret(Secret(CLIENT_SECRET)))

    def connect(self, credential: ClientCredential, **settings: Any) -> EntraOidcConnector:
        chosen = EntraOidcSettings(self.base_url, self.base_url, CLIENT_ID)
        self.connector = EntraOidcConnector(
            replace(chosen, **settings),
            credential,
            FixedOrganizations(),
            self.http,
            SystemClock(),
            public_url="https://broker.example",
        )
        return self.connector

    def order(self, path: str, method: str = "POST", **body: Any) -> Any:
        answer = self.browser.request(method, f"{self.base_url}/_simulator/{path}", json=body, timeout=20)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def sign_in(self, username: str, of: Transaction | None = None) -> Authentication:
        """The whole way, with a new browser."""
        of = replace(of or transaction(), started_at=SystemClock().now())
        self.browser.cookies.clear()
        answer = sign_in(self.browser, self.connector.start(of, "the-state"), username)
        assert answer.url.startswith(CALLBACK)
        assert answer.fields["state"] == "the-state"
        return self.connector.finish(
            of,
            UpstreamAnswer(
                state=answer.fields["state"],
                code=answer.fields.get("code"),
                error=answer.fields.get("error"),
                error_description=answer.fields.get("error_description"),
                session_state=answer.fields.get("session_state"),
            ),
        )

    def refusal(self, username: str, of: Transaction | None = None) -> tuple[str, str, str]:
        with pytest.raises(BrokerError) as caught:
            self.sign_in(username, of)
        return caught.value.code, caught.value.reason, caught.value.explanation


@pytest.fixture(scope="module")
def simulator() -> Iterator[str]:
    """The address of one that is served, in this process and with its own sockets."""
    directory = seeded_directory(redirect_uris=[CALLBACK])
    directory.add_certificate(certificate_of(rsa_key("client-1")).decode())
    late: dict[str, Any] = {}
    server = make_server(
        "localhost",
        0,
        lambda environ, start: late["app"](environ, start),
        threaded=True,
        request_handler=_Quiet,
        ssl_context=(str(certificate()[0]), str(certificate()[1])),
    )
    base_url = f"https://localhost:{server.port}"
    late["app"] = create_simulator(directory, clock=SystemClock(), base_url=base_url)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield base_url
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def world(simulator: str) -> Iterator[World]:
    """At its start, whatever the test before has ordered."""
    http = HttpClient(
        allowed_private_addresses=["127.0.0.0/8", "::1/128"],
        ca_bundle=str(certificate()[0]),
        timeout=timedelta(seconds=60),
    )
    made = World(simulator, http)
    made.order("reset")
    yield made
    made.browser.close()
    http.close()


def test_eleni_signs_in_and_her_profile_is_read(world: World) -> None:
    who = world.sign_in("eleni.markou@aegeanfoods.example")
    assert (who.subject, who.organization, who.is_guest) == (ELENI, "aegean-foods", False)
    assert who.email == "eleni.markou@aegeanfoods.example"
    assert who.authenticated_at is not None
    profile = world.connector.profile(who)
    assert profile.values["graph.jobTitle"] == "Sales manager"
    assert profile.values["graph.businessPhones"] == "+30 2810 555 0101"
    assert profile.photo is not None
    assert profile.photo[0].startswith("image/")


def test_the_shared_authority_leads_to_the_organisation_of_the_tenant(world: World) -> None:
    who = world.sign_in("tomas.weiss@helios-shipping.example", through_organizations())
    assert (who.organization, who.is_guest) == ("helios-shipping", False)


def test_a_guest_is_one_only_where_he_is_not_at_home(world: World) -> None:
    assert world.sign_in("tomas.weiss@helios-shipping.example").is_guest


def test_somebody_with_only_a_user_principal_name_signs_in(world: World) -> None:
    who = world.sign_in("maria.kosta@aegeanfoods.example")
    assert who.login_names == ("maria.kosta@aegeanfoods.example",)
    profile = world.connector.profile(who)
    assert profile.photo is None
    assert "graph.mail" not in profile.values
    assert profile.values["graph.userPrincipalName"] == "maria.kosta@aegeanfoods.example"


@pytest.mark.parametrize("assertion", ["PS256", "RS256"])
def test_a_certificate_is_accepted_in_both_forms(world: World, assertion: Any) -> None:
    key = CertificateKey.from_pem(pem_of(rsa_key("client-1")), certificate_of(rsa_key("client-1")))
    world.connect(ClientCertificate(CLIENT_ID, key, SystemClock(), SystemEntropy(), assertion=assertion))
    assert world.sign_in("eleni.markou@aegeanfoods.example").subject == ELENI


def test_the_answer_may_come_in_the_address(world: World) -> None:
    world.connect(ClientSecret(Secret(CLIENT_SECRET)), response_mode="query")
    assert world.sign_in("eleni.markou@aegeanfoods.example").subject == ELENI


def test_a_wrong_secret_is_the_operators_trouble(world: World) -> None:
    world.connect(ClientSecret(Secret("expired")))
    assert world.refusal("eleni.markou@aegeanfoods.example") == ("busy", "upstream_down", "upstream_misconfigured")


def test_the_attackers_user_with_the_victims_address_is_nobody_here(world: World) -> None:
    assert world.refusal("mallory@evil-olives.example", through_organizations()) == (
        "not_allowed",
        "binding",
        "not_connected",
    )


def test_a_personal_account_can_only_be_a_guest(world: World) -> None:
    """At the shared authority Microsoft's own page stops it; as a guest of a tenant it arrives, and is marked."""
    assert world.sign_in("zoe.hart@outlook.example").is_guest


def test_groups_beyond_the_tokens_room_come_from_graph(world: World) -> None:
    world.order(f"registrations/{CLIENT_ID}", "PATCH", groupMembershipClaims="SecurityGroup")
    few = world.sign_in("groups.200@aegeanfoods.example").groups
    many = world.sign_in("groups.201@aegeanfoods.example").groups
    assert few is not None
    assert many is not None
    assert (len(few), len(many)) == (200, 201)
    assert len(world.order("requests?path=getMemberObjects", "GET")["requests"]) == 1


@pytest.mark.parametrize(
    ("preset", "reason"),
    [
        ("wrong_audience", "audience"),
        ("wrong_issuer", "issuer"),
        ("wrong_tid", "issuer"),
        ("other_tenant", "issuer"),
        ("literal_tenantid", "issuer"),
        ("missing_tid", "claims"),
        ("duplicate_tid", "jose"),
        ("duplicate_tid_case", "claims"),
        ("tid_not_guid", "issuer"),
        ("missing_oid", "claims"),
        ("v1_token", "issuer"),
        ("alg_none", "alg"),
        ("hs256_public_key", "alg"),
        ("broken_signature", "signature"),
        ("msa_key", "key_issuer"),
        ("other_cloud_key", "key_issuer"),
        ("stale", "clock"),
        ("future_nbf", "clock"),
        ("wrong_nonce", "nonce"),
        ("missing_nonce", "claims"),
        ("crit_header", "jose"),
        ("jku_header", "header"),
        ("missing_kid", "header"),
    ],
)
def test_a_wrong_token_is_refused_for_its_own_reason_and_the_next_right_one_is_believed(
    world: World, preset: str, reason: str
) -> None:
    world.order("token-mutations", preset=preset)
    assert world.refusal("eleni.markou@aegeanfoods.example")[1] == reason
    assert world.sign_in("eleni.markou@aegeanfoods.example").subject == ELENI


def test_a_key_that_is_published_and_used_in_mid_run_is_found_at_once(world: World) -> None:
    world.sign_in("eleni.markou@aegeanfoods.example")
    world.order("keys", published=True, active=True)
    assert world.sign_in("eleni.markou@aegeanfoods.example").subject == ELENI


def test_faults_of_the_upstream_are_passing(world: World) -> None:
    faults: list[dict[str, Any]] = [
        {"endpoint": "token", "status": 503},
        {"endpoint": "token", "drop": True},
        {"endpoint": "token", "body": "<html>", "status": 200},
        {"endpoint": "token", "body_bytes": 2_000_000, "status": 200},
    ]
    for fault in faults:
        world.order("faults", **fault)
        assert world.refusal("eleni.markou@aegeanfoods.example")[:2] == ("busy", "upstream_down")
    assert world.sign_in("eleni.markou@aegeanfoods.example").subject == ELENI


def test_who_is_disabled_between_sign_in_and_code_is_told_so(world: World) -> None:
    world.order("faults", endpoint="token", code=50057)
    assert world.refusal("eleni.markou@aegeanfoods.example") == (
        "login_failed",
        "upstream_error",
        "account_disabled_upstream",
    )


def test_a_forced_sign_in_is_later_than_the_one_before(world: World) -> None:
    first = world.sign_in("eleni.markou@aegeanfoods.example")
    forced = world.sign_in("eleni.markou@aegeanfoods.example", transaction(request=login_request(force=True)))
    assert first.authenticated_at is not None
    assert forced.authenticated_at is not None
    assert forced.authenticated_at >= first.authenticated_at
    asked = world.order("requests?path=authorize&method=GET", "GET")["requests"]
    assert asked[-1]["query"]["prompt"] == "login"
