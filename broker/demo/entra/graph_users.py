"""Graph: ``/me``, ``/users/{id}``, ``/organization`` and the UserInfo endpoint (entra-id reference 1.10, 4.1, 4.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import Blueprint, Response, jsonify, make_response, request

from broker.demo.entra.graph_access import READ_ORGANIZATION, READ_SELF, caller_of, user_named
from broker.demo.entra.graph_errors import GraphError
from broker.demo.entra.id_token import pairwise_subject
from broker.demo.entra.model import CONSUMER_TENANT_ID, Tenant, User
from broker.demo.entra.state import Simulator

# Given without $select, in the observed order (entra-id reference 4.1).
_DEFAULT: Final = (
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
    "externalUserState": lambda user: "Accepted" if user.home else None,
}


def users_blueprint(simulator: Simulator) -> Blueprint:
    blueprint = Blueprint("graph_users", __name__)

    @blueprint.get("/v1.0/me")
    def me() -> Response:
        caller = caller_of(simulator)
        person = caller.person()
        caller.require(READ_SELF)
        return _entity(simulator, person)

    @blueprint.get("/v1.0/users/<name>")
    def user(name: str) -> Response:
        return _entity(simulator, user_named(simulator, caller_of(simulator), name))

    @blueprint.get("/v1.0/organization")
    def organization() -> Response:
        caller = caller_of(simulator)
        if caller.tenant.is_consumer:
            raise GraphError(403, "Authorization_RequestDenied", "Personal accounts have no organization.")
        caller.require(READ_SELF | READ_ORGANIZATION)
        described = _organization(caller.tenant, complete=caller.may(READ_ORGANIZATION))
        context = f"{simulator.base_url}/v1.0/$metadata#organization"
        return make_response(jsonify({"@odata.context": context, "value": [described]}))

    @blueprint.route("/oidc/userinfo", methods=["GET", "POST"])
    def userinfo() -> Response:
        caller = caller_of(simulator)
        person = caller.person()
        caller.require(frozenset({"openid"}))
        scopes = caller.authorization.scopes
        said: dict[str, Any] = {
            "sub": pairwise_subject(caller.authorization.client_id, person.tenant_id, person.oid),
        }
        if "profile" in scopes:
            said |= {
                "name": person.display_name,
                "family_name": person.surname,
                "given_name": person.given_name,
                "picture": f"{simulator.base_url}/v1.0/me/photo/$value",
            }
        if "email" in scopes:
            said["email"] = person.mail
        return make_response(jsonify({name: value for name, value in said.items() if value is not None}))

    return blueprint


def _entity(simulator: Simulator, user: User) -> Response:
    selected = request.args.get("$select")
    metadata = f"{simulator.base_url}/v1.0/$metadata#users"
    if selected is None:
        body = {"@odata.context": f"{metadata}/$entity"} | {name: PROPERTIES[name](user) for name in _DEFAULT}
        return make_response(jsonify(body))
    names = [_property(name.strip()) for name in selected.split(",") if name.strip()]
    body = {"@odata.context": f"{metadata}({','.join(names)})/$entity"}
    return make_response(jsonify(body | {name: PROPERTIES[name](user) for name in names}))


def _property(name: str) -> str:
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


def _organization(tenant: Tenant, *, complete: bool) -> dict[str, Any]:
    """With ``User.Read`` alone everything but id, name and domains is null (entra-id reference 4.3)."""
    return {
        "id": tenant.tenant_id,
        "displayName": tenant.display_name,
        "verifiedDomains": [
            {
                "capabilities": "Email, OfficeCommunicationsOnline",
                "isDefault": domain.is_default,
                "isInitial": domain.is_initial,
                "name": domain.name,
                "type": "Managed",
            }
            for domain in tenant.domains
        ],
        "countryLetterCode": tenant.country if complete else None,
        "tenantType": "AAD" if complete else None,
        "businessPhones": None,
        "city": None,
        "preferredLanguage": None,
        "technicalNotificationMails": None,
    }
