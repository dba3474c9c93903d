"""What Graph says of a tenant is read, or it is a failure; no odd entry proves a domain."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from broker.http_client import HttpClient
from broker.identity import Secret
from broker.upstream.entra.graph import GraphFailure
from broker.upstream.entra.organization import read_organization
from broker.upstream.onboarding import TenantFacts
from tests.support.https import Answer, LocalHttps, certificate
from tests.support.people import TENANT_A, TENANT_B


class Graph:
    """A Graph that answers one thing."""

    def __init__(self, server: LocalHttps, http: HttpClient) -> None:
        self.server = server
        self.http = http

    def read(self, body: Any, status: int = 200) -> TenantFacts:
        self.server.respond_with(
            lambda _: Answer(status, body if isinstance(body, bytes) else json.dumps(body).encode())
        )
        return read_organization(self.http, self.server.origin, Secret("the-token"), TENANT_A)


@pytest.fixture(scope="module")
def graph() -> Iterator[Graph]:
    http = HttpClient(
        allowed_private_addresses=["127.0.0.0/8"], ca_bundle=str(certificate()[0]), timeout=timedelta(seconds=60)
    )
    with LocalHttps() as server:
        yield Graph(server, http)
        http.close()


def said(**changes: Any) -> dict[str, Any]:
    organization = {
        "id": TENANT_A,
        "displayName": "Aegean\u202e Foods\n",
        "verifiedDomains": [
            {"name": "AegeanFoods.example", "isDefault": True, "isInitial": False},
            {"name": "aegeanfoods.onmicrosoft.com", "isInitial": True},
            {"name": "start.example", "isInitial": True},
            {"name": "Αιγαίο.example"},
        ],
        **changes,
    }
    return {"value": [organization]}


def test_the_facts_are_canonical_and_clean(graph: Graph) -> None:
    facts = graph.read(said())
    assert facts.tenant_id == TENANT_A
    assert facts.display_name == "Aegean Foods"
    assert facts.verified_domains == (
        "aegeanfoods.example",
        "aegeanfoods.onmicrosoft.com",
        "start.example",
        "xn--kxadah3a3b.example",
    )
    assert facts.initial_domains == {"aegeanfoods.onmicrosoft.com", "start.example"}
    (asked,) = graph.server.received[-1:]
    assert asked.path == "/v1.0/organization"
    assert asked.headers["authorization"] == "Bearer the-token"


def test_entries_that_no_address_can_have_prove_nothing(graph: Graph) -> None:
    odd = [
        None,
        "aegeanfoods.example",
        {},
        {"name": None},
        {"name": 5},
        {"name": ""},
        {"name": "localhost"},
        {"name": "a b.c"},
    ]
    assert graph.read(said(verifiedDomains=odd, displayName=None)).verified_domains == ()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (said(id=TENANT_B), 200),
        (said(id=None), 200),
        (said(verifiedDomains=None), 200),
        (said(verifiedDomains={}), 200),
        (said(verifiedDomains=[{}] * 5001), 200),
        ({"value": []}, 200),
        ({"value": [{}, {}]}, 200),
        ({"value": {"id": TENANT_A}}, 200),
        ({}, 200),
        ([], 200),
        (b"<html>", 200),
        (b"", 200),
        ({"error": {"code": "Authorization_RequestDenied"}}, 403),
        ({"error": {"code": "InvalidAuthenticationToken"}}, 401),
        (b"later", 503),
    ],
)
def test_anything_else_is_a_failure(graph: Graph, body: Any, status: int) -> None:
    with pytest.raises(GraphFailure) as caught:
        graph.read(body, status)
    assert caught.value.status in (status, None)
