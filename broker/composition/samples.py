"""Samples that people write, or have from elsewhere, as what a sign-in would have made of them.

The claims are read as those of a verified ID token: who is a guest, which address counts, what is kept of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from broker.claims.facts import Facts
from broker.explaining.replaying import Sample
from broker.federation.configuration import Configuration
from broker.federation.expectation_shapes import SampleSection
from broker.federation.registry import connection_name
from broker.upstream.entra.guests import is_guest
from broker.upstream.entra.person import bounded, email_of, groups_in, has_too_many_groups
from broker.upstream.entra.profile import profile_values

_NOBODY: Final = "00000000-0000-4000-8000-000000000001"


class SampleRefused(Exception):
    """It is no sample; the text is a sentence."""


def sample_of(written: object, configuration: Configuration) -> Sample:
    """A sample as it is written in a file: by hand, as `broker explain --export` gives it, or the bare claims of an ID
    token. Raises ``SampleRefused``.
    """
    if not isinstance(written, Mapping):
        raise SampleRefused("a sample is an object with the claims of an ID token, or with organization, claims, …")
    inner = written.get("sample")
    kept: Mapping[str, Any] = inner if isinstance(inner, Mapping) else written
    if "facts" in kept:
        try:
            return Sample.recorded(kept)
        except ValueError as error:
            raise SampleRefused(str(error)) from error
    section: dict[str, Any] = dict(kept)
    if "claims" not in section:
        if not {"tid", "iss", "oid"} & section.keys():
            raise SampleRefused("this is neither a sample nor the claims of an ID token of Entra: it has no tid")
        section = {"claims": section}
    try:
        return from_section(SampleSection.model_validate(section), configuration)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SampleRefused(f"{where}: {first['msg']}" if where else first["msg"]) from None


def from_section(section: SampleSection, configuration: Configuration) -> Sample:
    """A sample as a file has it; raises ``SampleRefused`` if nobody knows whose person it is."""
    claims = dict(section.claims)
    tenants = {
        config.organization: config.federation.connection.tenant_id
        for config in configuration.organizations
        if config.federation is not None and hasattr(config.federation.connection, "tenant_id")
    }
    said = str(claims.get("tid", "")).lower()
    organization = section.organization or next((name for name, tenant in tenants.items() if tenant == said), None)
    if organization is None:
        raise SampleRefused("whose person it is nobody knows: no organization is bound to the tenant of the claim tid")
    tenant_id = said or tenants.get(organization, "")
    issuer = str(claims.get("iss", f"https://login.microsoftonline.com/{tenant_id}/v2.0"))
    email, vouched = email_of(claims)
    kept = {name: list(value) if isinstance(value, tuple) else value for name, value in bounded(claims).items()}
    methods = section.amr or claims.get("amr")
    facts = Facts.from_json(
        {
            "organization": organization,
            "connection": connection_name(organization),
            "issuer": issuer,
            "tenant_id": tenant_id,
            "object_id": str(claims.get("oid", _NOBODY)).lower(),
            "acr": section.acr,
            "amr": [method for method in methods if isinstance(method, str)] if isinstance(methods, list) else [],
            "email": email or "",
            "email_verified": vouched,
            "is_guest": is_guest(claims, tenant_id, issuer),
            "groups": _groups(section, claims),
            "app_roles": [role for role in kept.get("roles", ()) if isinstance(kept["roles"], list)],
            "claims": kept,
        }
    )
    profile = profile_values(section.graph, claims)
    return Sample(facts, profile, dict(section.account) if section.account is not None else None)


def _groups(section: SampleSection, claims: Mapping[str, Any]) -> list[str] | None:
    if section.groups == "unknown":
        return None
    if isinstance(section.groups, list):
        return section.groups
    if has_too_many_groups(claims):
        return None
    listed = groups_in(claims)
    return list(listed) if listed is not None else []
