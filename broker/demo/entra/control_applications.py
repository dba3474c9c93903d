"""The control API of tenants and applications."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any, Literal

from flask import Blueprint, Response, jsonify, make_response

from broker.demo.entra.control_input import Change, UnknownObject, body_of, plain, tenant_named
from broker.demo.entra.model import AppRegistration, ClientSecret, Domain, ServicePrincipal
from broker.demo.entra.state import Simulator


class _TenantChange(Change):
    display_name: str = ""
    user_consent_allowed: bool = True
    # The first is the default one.
    domains: tuple[str, ...] = ()


class _PrincipalChange(Change):
    client_id: str | None = None
    state: Literal["present", "disabled", "removed"] = "present"
    assignment_required: bool = False
    tenant_wide_scopes: frozenset[str] = frozenset()
    application_permissions: frozenset[str] = frozenset()
    assigned_groups: frozenset[str] = frozenset()


class _Secret(Change):
    value: str
    expires_at: int | None = None


class _RegistrationChange(Change):
    display_name: str = ""
    redirect_uris: tuple[str, ...] = ()
    secrets: tuple[_Secret, ...] = ()
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

    @blueprint.patch("/tenants/<name>")
    def change_tenant(name: str) -> Response:
        given = body_of(_TenantChange).given()
        if "domains" in given:
            given["domains"] = tuple(
                Domain(domain.lower(), is_default=place == 0, is_initial=domain.endswith(".onmicrosoft.com"))
                for place, domain in enumerate(given["domains"])
            )
        tenant = replace(tenant_named(simulator, name), **given)
        directory.save_tenant(tenant)
        return make_response(jsonify(plain(asdict(tenant))))

    @blueprint.get("/service-principals")
    def principals() -> Response:
        return make_response(jsonify(service_principals=[plain(asdict(p)) for p in directory.service_principals()]))

    @blueprint.patch("/service-principals/<tenant>")
    def change_principal(tenant: str) -> Response:
        change = body_of(_PrincipalChange)
        client_id = change.client_id or directory.registrations()[0].client_id
        tenant_id = tenant_named(simulator, tenant).tenant_id
        before = directory.service_principal(client_id, tenant_id) or ServicePrincipal(client_id, tenant_id)
        given = {name: value for name, value in change.given().items() if name != "client_id"}
        principal = replace(before, **given)
        directory.save_service_principal(principal)
        return make_response(jsonify(plain(asdict(principal))))

    @blueprint.delete("/consents/<tenant>")
    def revoke_consents(tenant: str) -> Response:
        for registration in directory.registrations():
            directory.revoke_consents(registration.client_id, tenant_named(simulator, tenant).tenant_id)
        return make_response("", 204)

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
        registration = replace(before, **given)
        directory.save_registration(registration)
        return make_response(jsonify(_registration(registration)), status)

    return blueprint


def _registration(registration: AppRegistration) -> dict[str, Any]:
    said = plain(asdict(replace(registration, secrets=())))
    return said | {"secrets": len(registration.secrets)}
