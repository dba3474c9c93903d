"""The state of the simulated directories, behind one lock."""

from __future__ import annotations

import hashlib
import threading
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from broker.demo.entra.changes import ChangeLog, UserChange
from broker.demo.entra.model import CONSUMER_TENANT_ID, AppRegistration, Group, ServicePrincipal, Tenant, User

_ALIASES: Final = ("common", "organizations", "consumers")


@dataclass(frozen=True, slots=True)
class Authority:
    """What the first segment of a login URL names: a tenant, or ``common``, ``organizations``, ``consumers``."""

    # As it stands in URLs: the alias, or the tenant's GUID even when the request named a domain.
    segment: str
    tenant: Tenant | None


@dataclass(slots=True)
class Contents:
    """Everything a directory knows; values are frozen, so a shallow copy of the collections is a full one."""

    tenants: dict[str, Tenant] = field(default_factory=dict)
    users: dict[tuple[str, str], User] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    registrations: dict[str, AppRegistration] = field(default_factory=dict)
    service_principals: dict[tuple[str, str], ServicePrincipal] = field(default_factory=dict)
    # (client, tenant, user) -> what the person has granted for themselves.
    consents: dict[tuple[str, str, str], frozenset[str]] = field(default_factory=dict)

    def copy(self) -> Contents:
        return Contents(
            dict(self.tenants),
            dict(self.users),
            dict(self.groups),
            dict(self.registrations),
            dict(self.service_principals),
            dict(self.consents),
        )


class SimulatedDirectory:
    """All tenants of the simulated cloud. Safe for several threads; ``lock`` is the one lock of the simulator."""

    def __init__(self, contents: Contents) -> None:
        self.lock = threading.RLock()
        self._now = contents.copy()
        self._seed = contents.copy()
        self._memberships: dict[tuple[str, str], frozenset[str]] = {}
        self.changes = ChangeLog()
        self._listeners: list[Callable[[UserChange], None]] = []

    def reset(self) -> None:
        """Back to the seed. Where registered applications are reached, and their certificates, stay as they are now."""
        with self.lock:
            current = self._now.registrations
            self._now = self._seed.copy()
            for client_id, seeded in self._now.registrations.items():
                kept = current.get(client_id, seeded)
                self._now.registrations[client_id] = replace(
                    seeded,
                    redirect_uris=kept.redirect_uris,
                    front_channel_logout_url=kept.front_channel_logout_url,
                    certificates=kept.certificates,
                )
            self._memberships.clear()
            self.changes.clear()

    # --- tenants

    def tenants(self) -> list[Tenant]:
        with self.lock:
            return list(self._now.tenants.values())

    def tenant(self, name: str) -> Tenant | None:
        """By GUID or by verified domain."""
        wanted = name.lower()
        with self.lock:
            found = self._now.tenants.get(wanted)
            if found is not None:
                return found
            return next((t for t in self._now.tenants.values() if any(d.name == wanted for d in t.domains)), None)

    def authority(self, segment: str) -> Authority | None:
        """None when no such tenant exists."""
        if segment.lower() in _ALIASES:
            alias = segment.lower()
            return Authority(alias, self.tenant(CONSUMER_TENANT_ID) if alias == "consumers" else None)
        tenant = self.tenant(segment)
        return Authority(tenant.tenant_id, tenant) if tenant else None

    def save_tenant(self, tenant: Tenant) -> None:
        with self.lock:
            self._now.tenants[tenant.tenant_id] = tenant

    # --- users

    def users(self) -> list[User]:
        with self.lock:
            return list(self._now.users.values())

    def user(self, tenant_id: str, oid: str) -> User | None:
        """Deleted users too."""
        with self.lock:
            return self._now.users.get((tenant_id, oid))

    def save_user(self, user: User) -> None:
        with self.lock:
            before = self._now.users.get(user.key)
            self._now.users[user.key] = user
            self._memberships.pop(user.key, None)
            self._tell(before, user)

    def revoke_sessions(self, user: User, now: datetime) -> None:
        """What was given to the person until ``now`` is void: sessions and refresh tokens."""
        generation = user.session_generation + 1
        self.save_user(replace(user, session_generation=generation, sessions_valid_from=now))

    def remove_user(self, user: User) -> None:
        """Deletes for good what may have been in the recycle bin."""
        with self.lock:
            before = self._now.users.pop(user.key, None)
            self._memberships.pop(user.key, None)
            if before is not None:
                self._tell(before, None)

    def on_change(self, listener: Callable[[UserChange], None]) -> None:
        """``listener`` is told of every change of a person, under the lock: it must not wait for anything."""
        self._listeners.append(listener)

    def _tell(self, before: User | None, after: User | None) -> None:
        change = self.changes.note(before, after)
        for listener in self._listeners:
            listener(change)

    def account(self, sign_in_name: str) -> User | None:
        """The home account that signs in with this name; deleted ones do not."""
        wanted = sign_in_name.strip().lower()
        return next(
            (
                user
                for user in self.users()
                if user.home is None and not user.deleted and user.user_principal_name.lower() == wanted
            ),
            None,
        )

    def account_hinted(self, hint: str) -> User | None:
        """By sign-in name or by the opaque value of the ``login_hint`` claim."""
        if not hint.startswith("O."):
            return self.account(hint)
        return next(
            (user for user in self.users() if user.home is None and not user.deleted and opaque_hint(user.key) == hint),
            None,
        )

    def member_at(self, authority: Authority, account: User) -> User | None:
        """The user object that an account has at an authority: itself at home and on the aliases, else the guest."""
        tenant = authority.tenant
        if tenant is None or tenant.tenant_id == account.tenant_id:
            return account
        return next(
            (
                user
                for user in self.users()
                if user.tenant_id == tenant.tenant_id
                and user.home
                and user.account_key == account.key
                and not user.deleted
            ),
            None,
        )

    # --- groups

    def groups(self) -> list[Group]:
        with self.lock:
            return list(self._now.groups.values())

    def group(self, group_id: str) -> Group | None:
        with self.lock:
            return self._now.groups.get(group_id)

    def save_groups(self, groups: Iterable[Group]) -> None:
        with self.lock:
            for group in groups:
                self._now.groups[group.group_id] = group
            self._memberships.clear()

    def all_groups_of(self, user: User) -> frozenset[str]:
        """Direct and nested."""
        with self.lock:
            known = self._memberships.get(user.key)
            if known is None:
                reached: set[str] = set()
                waiting = list(user.groups)
                while waiting:
                    group_id = waiting.pop()
                    if group_id not in reached and group_id in self._now.groups:
                        reached.add(group_id)
                        waiting.extend(self._now.groups[group_id].member_of)
                known = self._memberships[user.key] = frozenset(reached)
            return known

    # --- applications

    def registrations(self) -> list[AppRegistration]:
        with self.lock:
            return list(self._now.registrations.values())

    def registration(self, client_id: str) -> AppRegistration | None:
        with self.lock:
            return self._now.registrations.get(client_id.lower())

    def save_registration(self, registration: AppRegistration) -> None:
        with self.lock:
            self._now.registrations[registration.client_id] = registration

    def add_redirect_uri(self, uri: str, client_id: str | None = None) -> None:
        """Registers an address with the application (the only one, when none is named); twice is once."""
        with self.lock:
            registration = self._one(client_id)
            if uri not in registration.redirect_uris:
                self.save_registration(replace(registration, redirect_uris=(*registration.redirect_uris, uri)))

    def add_certificate(self, pem: str, client_id: str | None = None) -> None:
        """Registers a certificate for client assertions."""
        with self.lock:
            registration = self._one(client_id)
            if pem not in registration.certificates:
                self.save_registration(replace(registration, certificates=(*registration.certificates, pem)))

    def _one(self, client_id: str | None) -> AppRegistration:
        return self._now.registrations[client_id or next(iter(self._now.registrations))]

    def service_principals(self) -> list[ServicePrincipal]:
        with self.lock:
            return list(self._now.service_principals.values())

    def service_principal(self, client_id: str, tenant_id: str) -> ServicePrincipal | None:
        """None when the application was never installed in the tenant."""
        with self.lock:
            return self._now.service_principals.get((client_id, tenant_id))

    def save_service_principal(self, principal: ServicePrincipal) -> None:
        with self.lock:
            self._now.service_principals[principal.client_id, principal.tenant_id] = principal

    def install(self, client_id: str, tenant_id: str) -> ServicePrincipal:
        """The application as it is in the tenant; it is installed if it is not there or was removed."""
        with self.lock:
            known = self._now.service_principals.get((client_id, tenant_id))
            if known is None or known.state == "removed":
                self.revoke_consents(client_id, tenant_id)
                known = ServicePrincipal(client_id, tenant_id, object_id=str(uuid.uuid4()))
                self.save_service_principal(known)
            return known

    def uninstall(self, client_id: str, tenant_id: str) -> None:
        """As if it had never been in the tenant; what was granted there goes with it."""
        with self.lock:
            self.revoke_consents(client_id, tenant_id)
            self._now.service_principals.pop((client_id, tenant_id), None)

    # --- consent

    def granted(self, client_id: str, user: User) -> frozenset[str]:
        """What the application may ask of this person without asking the person."""
        with self.lock:
            principal = self._now.service_principals.get((client_id, user.tenant_id))
            if principal is None or principal.state == "removed":
                return frozenset()
            return principal.tenant_wide_scopes | self._now.consents.get((client_id, *user.key), frozenset())

    def consents(self, client_id: str, tenant_id: str) -> dict[str, frozenset[str]]:
        """What the people of a tenant have granted for themselves, by object id."""
        with self.lock:
            found = self._now.consents.items()
            return {
                oid: scopes for (client, tenant, oid), scopes in found if (client, tenant) == (client_id, tenant_id)
            }

    def consent(self, client_id: str, user: User, scopes: frozenset[str]) -> None:
        """Records a person's own consent, and installs the application in the tenant if it is not there yet."""
        with self.lock:
            self.install(client_id, user.tenant_id)
            key = (client_id, *user.key)
            self._now.consents[key] = self._now.consents.get(key, frozenset()) | scopes

    def grant_for_everybody(
        self, client_id: str, tenant_id: str, scopes: frozenset[str], permissions: frozenset[str] | None = None
    ) -> None:
        """Records an administrator's consent in the place of an earlier one (entra-id reference 3.1).

        ``permissions`` are those of the application itself; None leaves them as they are.
        """
        with self.lock:
            principal = replace(self.install(client_id, tenant_id), tenant_wide_scopes=scopes)
            if permissions is not None:
                principal = replace(principal, application_permissions=permissions)
            self.save_service_principal(principal)

    def revoke_consent(self, client_id: str, user_key: tuple[str, str]) -> None:
        """Withdraws what one person has granted for themselves."""
        with self.lock:
            self._now.consents.pop((client_id, *user_key), None)

    def revoke_consents(self, client_id: str, tenant_id: str) -> None:
        """Withdraws what the tenant's administrator and its people have granted."""
        with self.lock:
            principal = self._now.service_principals.get((client_id, tenant_id))
            if principal is not None:
                nothing: frozenset[str] = frozenset()
                self.save_service_principal(
                    replace(principal, tenant_wide_scopes=nothing, application_permissions=nothing)
                )
            for key in [key for key in self._now.consents if key[:2] == (client_id, tenant_id)]:
                del self._now.consents[key]


def opaque_hint(account_key: tuple[str, str]) -> str:
    """The value of the ``login_hint`` claim: stable for an account, and it tells neither the name nor the tenant."""
    digest = hashlib.sha256("login_hint {} {}".format(*account_key).encode()).digest()
    return "O.Ci" + urlsafe_b64encode(digest).rstrip(b"=").decode()
