"""Who calls Graph, and what for: bearer tokens and the permissions in them (entra-id reference 4.5, 4.6)."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

from broker.demo.entra.grants import Authorization
from broker.demo.entra.graph_errors import GraphError
from broker.demo.entra.model import Tenant, User
from broker.demo.entra.state import Simulator
from broker.demo.entra.subscriptions import MAY_WATCH
from broker.demo.entra.timing import moment_of

# Any of these is enough to read the signed-in person, or anybody (entra-id reference 4.5).
READ_SELF = frozenset({"User.Read", "User.ReadBasic.All", "User.Read.All", "Directory.Read.All"})
READ_ANYONE = frozenset({"User.ReadBasic.All", "User.Read.All", "Directory.Read.All"})
# A person's whole profile, the recycle bin, delta queries and subscriptions.
READ_FULLY = MAY_WATCH
READ_GROUPS = frozenset({"GroupMember.Read.All", "Directory.Read.All"})
READ_ORGANIZATION = frozenset({"Organization.Read.All", "Directory.Read.All"})
REVOKE_SESSIONS = frozenset({"User.RevokeSessions.All", "User.ReadWrite.All", "Directory.ReadWrite.All"})
READ_APPLICATIONS = frozenset({"Application.Read.All", "Directory.Read.All"})
WRITE_GRANTS = frozenset({"DelegatedPermissionGrant.ReadWrite.All"})
READ_GRANTS = WRITE_GRANTS | {"DelegatedPermissionGrant.Read.All", "Directory.Read.All"}


@dataclass(frozen=True, slots=True)
class Caller:
    authorization: Authorization
    tenant: Tenant
    # The signed-in person; None when the application calls for itself.
    user: User | None

    def may(self, permissions: frozenset[str]) -> bool:
        return bool(self.authorization.scopes & permissions)

    def require(self, permissions: frozenset[str]) -> None:
        """Raises ``GraphError`` 403 unless the token has one of them."""
        if not self.may(permissions):
            raise GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")

    def person(self) -> User:
        """The signed-in person; raises ``GraphError`` when the application calls for itself."""
        if self.user is None:
            raise GraphError(400, "BadRequest", "/me request is only valid with delegated authentication flow.")
        return self.user


def caller_of(simulator: Simulator) -> Caller:
    """Whoever the bearer token was issued for; raises ``GraphError``."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not value.strip():
        raise GraphError(401, "InvalidAuthenticationToken", "Access token is empty.")
    token = simulator.grants.access_token(value.strip(), moment_of())
    if token is None:
        raise GraphError(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
    authorization = token.authorization
    tenant = simulator.directory.tenant(authorization.tenant_id)
    if tenant is None:
        raise GraphError(401, "InvalidAuthenticationToken", "The tenant of the token was not found.")
    if authorization.oid is None:
        return Caller(authorization, tenant, None)
    user = simulator.directory.user(authorization.tenant_id, authorization.oid)
    if user is None or user.deleted:
        raise not_found(authorization.oid)
    return Caller(authorization, tenant, user)


def user_named(simulator: Simulator, caller: Caller, name: str) -> User:
    """By object id or user principal name, in the caller's tenant; raises ``GraphError``."""
    permissions = READ_SELF if caller.user is not None and name.lower() in _names(caller.user) else READ_ANYONE
    caller.require(permissions)
    return user_there(simulator, caller, name)


def user_there(simulator: Simulator, caller: Caller, name: str) -> User:
    """The same for a caller whose permissions were looked at already."""
    for user in simulator.directory.users():
        if user.tenant_id == caller.tenant.tenant_id and not user.deleted and name.lower() in _names(user):
            return user
    raise not_found(name)


def _names(user: User) -> tuple[str, str]:
    return user.oid.lower(), user.user_principal_name.lower()


def organization_only(caller: Caller) -> None:
    """Raises ``GraphError``: what organizations have, personal accounts do not."""
    if caller.tenant.is_consumer:
        raise GraphError(403, "Authorization_RequestDenied", "Not available to personal accounts.")


def not_found(name: str) -> GraphError:
    return GraphError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{name}' does not exist or one of its queried reference-property objects are not present.",
    )
