"""Graph: the properties of a user, and how one names them (entra-id reference 4.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from broker.demo.entra.graph_errors import GraphError
from broker.demo.entra.model import CONSUMER_TENANT_ID, User

# Given without $select, in the observed order (entra-id reference 4.1).
DEFAULT: Final = (
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
)


def _text(name: str) -> Callable[[User], Any]:
    return lambda user: getattr(user, name)


def _collection(name: str) -> Callable[[User], Any]:
    return lambda user: list(getattr(user, name))


PROPERTIES: Final[Mapping[str, Callable[[User], Any]]] = {
    "id": _text("oid"),
    "displayName": _text("display_name"),
    "givenName": _text("given_name"),
    "surname": _text("surname"),
    "mail": _text("mail"),
    "userPrincipalName": _text("user_principal_name"),
    "otherMails": _collection("other_mails"),
    "jobTitle": _text("job_title"),
    "department": _text("department"),
    "companyName": _text("company_name"),
    "officeLocation": _text("office_location"),
    "businessPhones": _collection("business_phones"),
    "mobilePhone": _text("mobile_phone"),
    "faxNumber": _text("fax_number"),
    "streetAddress": _text("street_address"),
    "city": _text("city"),
    "state": _text("state"),
    "postalCode": _text("postal_code"),
    "country": _text("country"),
    "preferredLanguage": _text("preferred_language"),
    "employeeId": _text("employee_id"),
    "usageLocation": _text("usage_location"),
    "accountEnabled": _text("account_enabled"),
    "userType": _text("user_type"),
    "identities": lambda user: _identities(user),
    "signInSessionsValidFromDateTime": lambda user: moment_text(user.sessions_valid_from),
    "externalUserState": lambda user: "Accepted" if user.home else None,
}


def selected_properties(text: str) -> tuple[str, ...]:
    """What ``$select`` names, in the properties' own spelling; raises ``GraphError`` for one that users do not have."""
    return tuple(dict.fromkeys(property_named(name.strip()) for name in text.split(",") if name.strip()))


def values(user: User, names: Iterable[str]) -> dict[str, Any]:
    return {name: PROPERTIES[name](user) for name in names}


def changed_properties(before: User, after: User) -> frozenset[str]:
    """Those that Graph knows; what else the simulator has changed nobody is told of."""
    return frozenset(name for name, read in PROPERTIES.items() if read(before) != read(after))


def moment_text(moment: datetime | None) -> str | None:
    """As Graph writes a moment: UTC, to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment else None


def property_named(name: str) -> str:
    """The property's own spelling; raises ``GraphError`` for one that a user does not have."""
    found = next((known for known in PROPERTIES if known.lower() == name.lower()), None)
    if found is None:
        raise GraphError(
            400,
            "BadRequest",
            f"Parsing OData Select and Expand failed: Could not find a property named '{name}' on type"
            " 'microsoft.graph.user'.",
        )
    return found


def _identities(user: User) -> list[dict[str, str | None]]:
    """For a guest the issuer tells where the person signs in (entra-id reference 4.1)."""
    domain = user.user_principal_name.rpartition("@")[2]
    own: dict[str, str | None] = {
        "signInType": "userPrincipalName",
        "issuer": domain,
        "issuerAssignedId": user.user_principal_name,
    }
    if user.home is None:
        return [own]
    issuer = "MicrosoftAccount" if user.home.tenant_id == CONSUMER_TENANT_ID else "ExternalAzureAD"
    return [{"signInType": "federated", "issuer": issuer, "issuerAssignedId": None}, own]
