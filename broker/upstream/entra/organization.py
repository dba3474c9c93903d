"""What a directory says of itself at Microsoft Graph (entra-id reference, section 4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from broker.addresses import canonical_domain
from broker.http_client import HttpClient, HttpFailure
from broker.identity import Secret
from broker.provisioning.text import clean
from broker.upstream.entra.graph import GraphFailure, failure_of
from broker.upstream.entra.tenants import canonical_tenant
from broker.upstream.onboarding import TenantFacts

# A tenant may have 5,000 domains (Microsoft's service limits); beyond that the answer is not believed.
_MAX_DOMAINS: Final = 5_000
_MAX_NAME: Final = 256


def read_organization(http: HttpClient, graph_host: str, token: Secret, tenant_id: str) -> TenantFacts:
    """The facts of the tenant that the token is for; raises ``GraphFailure``, also if Graph speaks of another one."""
    try:
        answer = http.get(
            f"{graph_host}/v1.0/organization?$select=id,displayName,verifiedDomains",
            headers={"Authorization": f"Bearer {token.reveal()}", "Accept": "application/json"},
        )
        if answer.status != 200:
            raise failure_of(answer)
        values = answer.json_object().get("value")
    except HttpFailure as failure:
        raise GraphFailure(str(failure)) from failure
    if not isinstance(values, list) or len(values) != 1 or not isinstance(values[0], dict):
        raise GraphFailure("not one organization", status=200)
    return _facts(values[0], tenant_id)


def _facts(organization: Mapping[str, Any], tenant_id: str) -> TenantFacts:
    if canonical_tenant(organization.get("id")) != tenant_id:
        raise GraphFailure("of another tenant", status=200)
    listed = organization.get("verifiedDomains")
    if not isinstance(listed, list) or len(listed) > _MAX_DOMAINS:
        raise GraphFailure("verifiedDomains is not a list", status=200)
    found: dict[str, bool] = {}
    for entry in listed:
        name = _domain(entry)
        if name is not None:
            found[name] = entry.get("isInitial") is True or name.endswith(".onmicrosoft.com")
    stated = organization.get("displayName")
    return TenantFacts(
        tenant_id,
        clean(stated, _MAX_NAME) if isinstance(stated, str) else "",
        tuple(found),
        frozenset(name for name, initial in found.items() if initial),
    )


def _domain(entry: object) -> str | None:
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(name, str):
        return None
    try:
        return canonical_domain(name)
    except ValueError:
        return None  # A name that no address can have proves nothing.
