"""The state of the simulated directories, behind one lock."""

from __future__ import annotations

import hashlib
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from broker.demo.entra.changes import ChangeLog, UserChange
from broker.demo.entra.contents import Contents
from broker.demo.entra.installations import Installations
from broker.demo.entra.model import CONSUMER_TENANT_ID, Group, Tenant, User

_ALIASES: Final = ("common", "organizations", "consumers")


@dataclass(frozen=True, slots=True)
class Authority:
    """What the first segment of a login URL names: a tenant, or ``common``, ``organizations``, ``consumers``."""

    # As it stands in URLs: the alias, or the tenant's GUID even when the request named a domain.
    segment: str
    tenant: Tenant | None


class SimulatedDirectory(Installations):
    """All tenants of the simulated cloud. Safe for several threads; ``lock`` is the one lock of the simulator."""

    def __init__(self, contents: Contents) -> None:
        super().__init__(contents.copy(), threading.RLock())
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


def opaque_hint(account_key: tuple[str, str]) -> str:
    """The value of the ``login_hint`` claim: stable for an account, and it tells neither the name nor the tenant."""
    digest = hashlib.sha256("login_hint {} {}".format(*account_key).encode()).digest()
    return "O.Ci" + urlsafe_b64encode(digest).rstrip(b"=").decode()
