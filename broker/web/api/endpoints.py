"""The operations of ``/api/v1``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from flask import Blueprint, Response, jsonify, make_response, request
from flask_babel import force_locale
from pydantic import TypeAdapter, ValidationError
from werkzeug.exceptions import HTTPException

from broker.admission import Admission
from broker.doors import door, harmless
from broker.downstream.api_access import ApiAccess
from broker.errors import BrokerError, LoginFailed, NotAllowed
from broker.identity import Account
from broker.membership.app_passwords import AppPasswords
from broker.membership.co_workers import EDITABLE, CoWorkers
from broker.membership.doors import knock
from broker.membership.invitations import Invitations
from broker.membership.people import Missing
from broker.membership.ports import Ports
from broker.organizations import Organization
from broker.provisioning.origins import origins
from broker.store.audit import Entry
from broker.store.credentials import Invitation
from broker.store.directory import DirectoryUnavailable
from broker.store.federations import Federations
from broker.store.state import StateUnavailable
from broker.web.api import openapi, problems, shapes
from broker.web.api.cursors import read_cursor, write_cursor
from broker.web.api.problems import ApiRefused
from broker.web.api.requests import body, caller, not_found
from broker.web.explanations import explain

PREFIX: Final = "/api/v1"

_MOST_PEOPLE: Final = 200
_LIMITS: Final = ("carddav_federated", "federated_invitations", "federated_external_invitations", "federated_users")
_NAME: Final = TypeAdapter(shapes.Name)


@dataclass(frozen=True, slots=True)
class Api:
    """What the operations stand on: the flows that the pages use."""

    access: ApiAccess
    ports: Ports
    federations: Federations
    invitations: Invitations
    app_passwords: AppPasswords
    co_workers: CoWorkers


def create_blueprint(api: Api, public_url: str) -> Blueprint:
    """Every operation, and the description of them all."""
    blueprint = Blueprint("api", __name__, url_prefix=PREFIX)
    blueprint.register_error_handler(ApiRefused, problems.of_refusal)
    blueprint.register_error_handler(BrokerError, problems.of_error)
    blueprint.register_error_handler(StateUnavailable, problems.of_store)
    blueprint.register_error_handler(DirectoryUnavailable, problems.of_store)
    blueprint.register_error_handler(HTTPException, problems.of_http)

    @cache
    def described() -> dict[str, Any]:
        return openapi.description(f"{public_url}{PREFIX}", f"{public_url}/token")

    @blueprint.get("/openapi.json")
    @harmless("describes the API")
    def description() -> Response:
        response = make_response(jsonify(described()))
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response

    @blueprint.get("/organizations/<organization>/federation")
    @harmless("says how people sign in, and nothing of any person")
    def federation(organization: str) -> Response:
        caller(api.access, "federation.read", organization)
        return _answer(_state(api, _organization(api, organization)))

    @blueprint.get("/organizations/<organization>/co-workers")
    @harmless("lists accounts to an application of the operator's, in its own name")
    def list_co_workers(organization: str) -> Response:
        caller(api.access, "co_workers.read", organization)
        found = _organization(api, organization)
        most = _limit(request.args.get("limit"))
        after = read_cursor(request.args.get("after"))
        people = api.ports.directory.accounts(found.name, after=after, limit=most + 1)
        last = people[most - 1] if len(people) > most else None
        return _answer(
            shapes.CoWorkers(
                co_workers=[_co_worker(account) for account in people[:most]],
                next=write_cursor(last.display_name, last.id) if last is not None else None,
            )
        )

    @blueprint.patch("/organizations/<organization>/co-workers/<account_id>")
    @door("co_workers")
    def change_co_worker(organization: str, account_id: str) -> Response:
        caller(api.access, "co_workers.write", organization)
        change = body(shapes.CoWorkerChange)
        found = _organization(api, organization)
        api.co_workers.require_administrable(found.name)
        admission, acting = _acting(api, found, change.acting)
        fields = {name: value for name in EDITABLE if (value := getattr(change, name)) is not None}
        try:
            person = api.co_workers.person(admission, acting, account_id)
            if fields:
                person = api.co_workers.edit(admission, acting, person.id, fields)
            if change.active is not None and change.active != person.active:
                act = api.co_workers.activate if change.active else api.co_workers.deactivate
                act(admission, acting, person.id)
        except Missing as missing:
            raise ApiRefused(400, "invalid_request", f"{missing} may not be empty.") from missing
        except NotAllowed as refusal:
            if refusal.explanation == "no_such_person":
                raise not_found("co_worker") from refusal
            raise
        now = api.ports.directory.account(person.id)
        return _answer(_co_worker(now or person))

    @blueprint.get("/organizations/<organization>/invitations")
    @harmless("lists invitations without their links")
    def list_invitations(organization: str) -> Response:
        caller(api.access, "invitations.write", organization)
        found = _organization(api, organization)
        now = api.ports.clock.now()
        standing = [each for each in api.ports.credentials.invitations(found.name) if now < each.expires_at]
        return _answer(shapes.Invitations(invitations=[_invitation(each, None) for each in standing]))

    @blueprint.post("/organizations/<organization>/invitations")
    @door("invitation")
    def invite(organization: str) -> Response:
        caller(api.access, "invitations.write", organization)
        wanted = body(shapes.NewInvitation)
        found = _organization(api, organization)
        try:
            api.invitations.require_inviting(found.name, wanted.address)
            admission, acting = _acting(api, found, wanted.acting)
            sent = api.invitations.invite(admission, acting, wanted.address, wanted.role, None)
        except ValueError as error:
            raise ApiRefused(400, "invalid_request", "address is not as it must be.") from error
        return _answer(_invitation(sent.invitation, sent.sent), 201)

    @blueprint.delete("/organizations/<organization>/invitations/<invitation_id>")
    @harmless("withdraws an invitation")
    def withdraw(organization: str, invitation_id: str) -> Response:
        grant = caller(api.access, "invitations.write", organization)
        found = _organization(api, organization)
        if not api.ports.credentials.cancel_invitation(found.name, invitation_id):
            raise not_found("invitation")
        now, detail = api.ports.clock.now(), {"invitation": invitation_id}
        api.ports.audit.add(Entry("invitation_cancelled", found.name, f"client:{grant.client_id}", now, None, detail))
        return make_response("", 204)

    @blueprint.post("/app-passwords/verify")
    @door("app_password_check")
    def verify_app_password() -> Response:
        grant = caller(api.access, "app_passwords.verify")
        check = body(shapes.AppPasswordCheck)
        try:
            _, account = api.app_passwords.verify(check.address, check.password, check.client_address)
        except LoginFailed as refusal:
            raise _wrong_app_password() from refusal
        if grant.organizations is not None and account.organization not in grant.organizations:
            raise _wrong_app_password()
        return _answer(
            shapes.AppPasswordHolder(
                account_id=account.id,
                organization=account.organization,
                display_name=account.display_name,
                email=account.email,
                role=account.role,
            )
        )

    return blueprint


def _answer(shape: shapes.Shape, status: int = 200) -> Response:
    response = make_response(shape.model_dump_json(), status)
    response.headers["Content-Type"] = "application/json"
    return response


def _organization(api: Api, name: str) -> Organization:
    try:
        found = api.ports.organizations.current().get(_NAME.validate_python(name))
    except ValidationError:
        found = None
    if found is None:
        raise not_found("organization")
    return found


def _acting(api: Api, organization: Organization, account_id: str) -> tuple[Admission, Account]:
    """The administrator in whose name the application acts, admitted as at any other door."""
    account = api.ports.directory.account(account_id)
    if account is None or account.organization != organization.name:
        raise not_found("acting_account")
    return knock(api.ports.gate, account, "api"), account


def _state(api: Api, organization: Organization) -> shapes.FederationState:
    recorded = api.federations.recorded(organization.name).federation
    enforced = organization.connection is not None
    limits = []
    if enforced:
        with force_locale("en"):
            limits = [shapes.Limit(code=code, sentence=str(explain(code).sentence)) for code in _LIMITS]
    return shapes.FederationState(
        organization=organization.name,
        display_name=organization.display_name,
        plan=organization.plan,
        enforced=enforced,
        stage="enforced" if enforced else recorded.stage if recorded is not None else "none",
        tenant_id=organization.connection.tenant_id
        if organization.connection is not None
        else recorded.tenant_id
        if recorded is not None
        else None,
        domains=list(organization.domains),
        enforced_at=recorded.enforced_at if recorded is not None else None,
        limits=limits,
    )


def _co_worker(account: Account) -> shapes.CoWorker:
    return shapes.CoWorker(
        id=account.id,
        display_name=account.display_name,
        first_name=account.first_name,
        last_name=account.last_name,
        email=account.email,
        role=account.role,
        active=account.active,
        created_at=account.created_at,
        attributes=dict(account.attributes),
        origins={
            each.field: shapes.FieldOrigin(source=each.source, by=each.by, at=each.at) for each in origins(account)
        },
    )


def _invitation(invitation: Invitation, sent: bool | None) -> shapes.Invitation:
    return shapes.Invitation(
        id=invitation.id,
        address=invitation.address,
        role=invitation.role,
        external=invitation.external,
        created_at=invitation.created_at,
        expires_at=invitation.expires_at,
        sent=sent,
    )


def _wrong_app_password() -> ApiRefused:
    return ApiRefused(403, "wrong_app_password", "The address or the app password is not right.")


def _limit(written: str | None) -> int:
    if written is None:
        return 50
    if not (written.isascii() and written.isdigit() and len(written) < 5 and 1 <= int(written) <= _MOST_PEOPLE):
        raise ApiRefused(400, "invalid_request", f"limit is a number from 1 to {_MOST_PEOPLE}.")
    return int(written)
