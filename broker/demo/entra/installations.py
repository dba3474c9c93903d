"""The applications of a simulated directory: registered, installed in tenants, and granted permissions there."""

from __future__ import annotations

import threading
import uuid
from dataclasses import replace

from broker.demo.entra.contents import Contents
from broker.demo.entra.model import AppRegistration, ServicePrincipal, User


class Installations:
    """The part of a directory that knows applications."""

    def __init__(self, contents: Contents, lock: threading.RLock) -> None:
        self.lock = lock
        self._now = contents

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
