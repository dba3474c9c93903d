"""How Entra writes a tenant into its addresses (entra-id reference, section 1.1)."""

from __future__ import annotations

from typing import Final

from broker.identity import parse_guid

# The authority of every work or school directory: the person's own tenant is known only afterwards.
ORGANIZATIONS: Final = "organizations"
PLACEHOLDER: Final = "{tenantid}"


def issuer_template(authority_host: str, tenant_id: str | None) -> str:
    """The issuer that the metadata of a tenant must state, to the letter; with the placeholder for the shared
    authority.
    """
    return f"{authority_host}/{tenant_id or PLACEHOLDER}/v2.0"


def for_tenant(template: str, tenant_id: str) -> str:
    """An issuer with the tenant in place of the placeholder; a template without one stays as it is.

    The result is compared as a whole: no pattern and no prefix ever decides (threats UO-02).
    """
    return template.replace(PLACEHOLDER, tenant_id)


def canonical_tenant(value: object) -> str | None:
    """A tenant id in its canonical form, or None for what is not one."""
    try:
        return parse_guid(value)
    except ValueError:
        return None
