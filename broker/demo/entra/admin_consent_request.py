"""Reading a request for admin consent (entra-id reference 3.1).

As with an authorization request, errors are pages until the application and its reply address are proven.
"""

from __future__ import annotations

from typing import Literal

from werkzeug.datastructures import MultiDict

from broker.demo.entra.authorize_request import (
    AdminConsent,
    AuthorizeRequest,
    ReplyAddress,
    check_audience,
    check_once,
    registered_address,
)
from broker.demo.entra.directory import Authority, SimulatedDirectory
from broker.demo.entra.errors import refusal
from broker.demo.entra.model import OIDC_SCOPES
from broker.demo.entra.scopes import GRAPH, delegated_scopes, is_default_of_graph

Version = Literal[1, 2]


def prove_consent_address(
    parameters: MultiDict[str, str], authority: Authority, directory: SimulatedDirectory, version: Version
) -> ReplyAddress:
    """The registered application and address; raises ``EntraError``, which must not be redirected anywhere.

    There is nobody's consent to give for personal accounts, and the v2.0 endpoint does not know ``common``.
    """
    no_tenant = authority.tenant is None and authority.segment != "organizations" and version == 2
    if no_tenant or (authority.tenant is not None and authority.tenant.is_consumer):
        raise refusal(50059)
    check_once(parameters, "client_id", "redirect_uri", *(["scope"] if version == 2 else []))
    registration = directory.registration(parameters["client_id"])
    if registration is None:
        raise refusal(700016, client=parameters["client_id"], tenant=authority.segment)
    redirect_uri = registered_address(registration, parameters["redirect_uri"])
    check_audience(registration, authority)
    return ReplyAddress(registration, redirect_uri, "query", parameters.get("state"))


def read_consent(
    parameters: MultiDict[str, str], authority: Authority, reply: ReplyAddress, base_url: str, version: Version
) -> AuthorizeRequest:
    """What is to be granted; raises ``EntraError``, which the application is told.

    The v1-style endpoint, and the scope ``.default``, mean everything that is registered; only so are permissions of
    the application itself granted.
    """
    scope = parameters.get("scope", "") if version == 2 else f"{GRAPH}/.default"
    registration = reply.registration
    if is_default_of_graph(scope.strip(), base_url):
        consent = AdminConsent(
            version, registration.delegated_permissions, registration.application_permissions, scope.strip()
        )
    else:
        delegated = delegated_scopes(scope, base_url, registration.delegated_permissions)
        consent = AdminConsent(version, delegated, None, " ".join(f"{GRAPH}/{name}" for name in _in_order(delegated)))
    return AuthorizeRequest(
        authority,
        reply,
        frozenset(),
        consent.delegated,
        scope,
        prompt="select_account" if parameters.get("prompt") == "select_account" else "",
        login_hint=parameters.get("login_hint", ""),
        admin_consent=consent,
    )


def _in_order(scopes: frozenset[str]) -> list[str]:
    return sorted(scopes, key=lambda name: (name not in OIDC_SCOPES, name))
