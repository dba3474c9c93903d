"""The control API of tenants and applications."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated, Any, Final, Literal
from uuid import UUID, uuid4

from flask import Blueprint, Response, jsonify, make_response
from pydantic import Field

from broker.demo.entra.control_input import Change, UnknownObject, body_of, plain, tenant_named
from broker.demo.entra.model import AppRegistration, ClientSecret, Domain, Tenant
from broker.demo.entra.state import Simulator

_STATES: Final = {"enabled": "present", "absent": "removed"}


class _TenantChange(Change):
    display_name: str = ""
    user_consent_allowed: bool = True
    # The first is the default one.
    domains: tuple[str, ...] = ()


class _NewTenant(_TenantChange):
    tenant_id: UUID | None = None
    display_name: str
    domains: Annotated[tuple[str, ...], Field(min_length=1)]


class _PrincipalChange(Change):
    client_id: str | None = None
    # Enabled and absent are other words for present and removed.
    state: Literal["present", "enabled", "disabled", "removed", "absent"] = "present"
    assignment_required: bool = False
    tenant_wide_scopes: frozenset[str] = frozenset()
    application_permissions: frozenset[str] = frozenset()
    assigned_groups: frozenset[str] = frozenset()


class _Grant(Change):
    """What is left out is what the registration asks for."""

    client_id: str | None = None
    scopes: frozenset[str] = frozenset()
    application_permissions: frozenset[str] = frozenset()


class _Secret(Change):
    value: str
    expires_at: int | None = None


class _RegistrationChange(Change):
    display_name: str = ""
    redirect_uris: tuple[str, ...] = ()
    front_channel_logout_url: str | None = None
    delegated_permissions: frozenset[str] = frozenset()
    application_permissions: frozenset[str] = frozenset()
    secrets: tuple[_Secret, ...] = ()
    # For all of them that there are, whoever knows their values; null: never.
    secrets_expire_at: int | None = None
    certificates: tuple[str, ...] = ()
    optional_claims: frozenset[str] = frozenset()
    group_membership_claims: Literal["SecurityGroup", "DirectoryRole", "ApplicationGroup", "All"] | None = None
    sign_in_audience: Literal["AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount"] = (
        "AzureADMultipleOrgs"
    )
    home_tenant_id: str = ""
    id_token_issuance: bool = False
    access_token_issuance: bool = False
    remove_unverified_email_claim: bool = False


class _NewRegistration(_RegistrationChange):
    client_id: str


def applications_blueprint(simulator: Simulator) -> Blueprint:
    blueprint = Blueprint("applications", __name__)
    directory = simulator.directory

    @blueprint.get("/tenants")
    def tenants() -> Response:
        return make_response(jsonify(tenants=[plain(asdict(tenant)) for tenant in directory.tenants()]))

    @blueprint.post("/tenants")
    def new_tenant() -> Response:
        wanted = body_of(_NewTenant)
        given = _with_domains(wanted.given())
        tenant = Tenant(str(given.pop("tenant_id", None) or uuid4()), **given)
        directory.save_tenant(tenant)
        return make_response(jsonify(plain(asdict(tenant))), 201)

    @blueprint.patch("/tenants/<name>")
    def change_tenant(name: str) -> Response:
        tenant = replace(tenant_named(simulator, name), **_with_domains(body_of(_TenantChange).given()))
        directory.save_tenant(tenant)
        return make_response(jsonify(plain(asdict(tenant))))

    _installations(blueprint, simulator)

    @blueprint.get("/registrations")
    def registrations() -> Response:
        return make_response(jsonify(registrations=[_registration(one) for one in directory.registrations()]))

    @blueprint.post("/registrations")
    def new_registration() -> Response:
        wanted = body_of(_NewRegistration)
        registration = AppRegistration(wanted.client_id.lower(), wanted.display_name or wanted.client_id)
        return _save(wanted, registration, 201)

    @blueprint.patch("/registrations/<client_id>")
    def change_registration(client_id: str) -> Response:
        registration = directory.registration(client_id)
        if registration is None:
            raise UnknownObject(client_id)
        return _save(body_of(_RegistrationChange), registration, 200)

    def _save(change: _RegistrationChange, before: AppRegistration, status: int) -> Response:
        given = {name: value for name, value in change.given().items() if name != "client_id"}
        if "secrets" in given:
            given["secrets"] = tuple(ClientSecret(one.value, one.expires_at) for one in given["secrets"])
        if "secrets_expire_at" in given:
            expires_at = given.pop("secrets_expire_at")
            known = given.get("secrets", before.secrets)
            given["secrets"] = tuple(replace(one, expires_at=expires_at) for one in known)
        registration = replace(before, **given)
        directory.save_registration(registration)
        return make_response(jsonify(_registration(registration)), status)

    return blueprint


def _installations(blueprint: Blueprint, simulator: Simulator) -> None:
    directory = simulator.directory

    @blueprint.get("/service-principals")
    def principals() -> Response:
        return make_response(jsonify(service_principals=[plain(asdict(p)) for p in directory.service_principals()]))

    @blueprint.patch("/service-principals/<tenant>")
    def change_principal(tenant: str) -> Response:
        change = body_of(_PrincipalChange)
        client_id = change.client_id or directory.registrations()[0].client_id
        tenant_id = tenant_named(simulator, tenant).tenant_id
        given = {name: value for name, value in change.given().items() if name != "client_id"}
        given.update({"state": _STATES.get(change.state, change.state)} if "state" in given else {})
        known = directory.service_principal(client_id, tenant_id)
        principal = replace(known or directory.install(client_id, tenant_id), **given)
        directory.save_service_principal(principal)
        return make_response(jsonify(plain(asdict(principal))))

    @blueprint.delete("/service-principals/<tenant>")
    def uninstall(tenant: str) -> Response:
        tenant_id = tenant_named(simulator, tenant).tenant_id
        for registration in directory.registrations():
            directory.uninstall(registration.client_id, tenant_id)
        return make_response("", 204)

    @blueprint.get("/consents/<tenant>")
    def consents(tenant: str) -> Response:
        tenant_id = tenant_named(simulator, tenant).tenant_id
        return make_response(
            jsonify(consents=[_consents(simulator, one.client_id, tenant_id) for one in directory.registrations()])
        )

    @blueprint.post("/consents/<tenant>")
    def consent(tenant: str) -> Response:
        tenant_id = tenant_named(simulator, tenant).tenant_id
        wanted = body_of(_Grant)
        registration = directory.registration(wanted.client_id or directory.registrations()[0].client_id)
        if registration is None:
            raise UnknownObject(wanted.client_id)
        given = wanted.given()
        directory.grant_for_everybody(
            registration.client_id,
            tenant_id,
            given.get("scopes", registration.delegated_permissions),
            given.get("application_permissions", registration.application_permissions),
        )
        return make_response(jsonify(_consents(simulator, registration.client_id, tenant_id)))

    @blueprint.delete("/consents/<tenant>")
    def revoke_consents(tenant: str) -> Response:
        for registration in directory.registrations():
            directory.revoke_consents(registration.client_id, tenant_named(simulator, tenant).tenant_id)
        return make_response("", 204)


def _consents(simulator: Simulator, client_id: str, tenant_id: str) -> dict[str, Any]:
    """Null for an application that is not in the tenant: that is not the same as one to which nothing is granted."""
    principal = simulator.directory.service_principal(client_id, tenant_id)
    people = simulator.directory.consents(client_id, tenant_id)
    return {
        "clientId": client_id,
        "tenantWideScopes": sorted(principal.tenant_wide_scopes) if principal else None,
        "applicationPermissions": sorted(principal.application_permissions) if principal else None,
        "people": {oid: sorted(scopes) for oid, scopes in people.items()},
    }


def _with_domains(given: dict[str, Any]) -> dict[str, Any]:
    """The first is the default one."""
    if "domains" not in given:
        return given
    domains = tuple(
        Domain(domain.lower(), is_default=place == 0, is_initial=domain.endswith(".onmicrosoft.com"))
        for place, domain in enumerate(given["domains"])
    )
    return {**given, "domains": domains}


def _registration(registration: AppRegistration) -> dict[str, Any]:
    said = plain(asdict(replace(registration, secrets=())))
    expire = [one.expires_at for one in registration.secrets if one.expires_at is not None]
    return said | {"secrets": len(registration.secrets), "secretsExpireAt": min(expire, default=None)}
