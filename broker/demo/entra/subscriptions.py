"""Who wants to hear of changes, where and until when (entra-id reference 4.7)."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from broker.demo.entra.changes import UserChange
from broker.demo.entra.graph_properties import changed_properties
from broker.demo.entra.model import User

# entra-id reference 4.7.
LONGEST: Final = timedelta(minutes=41_760)
LONGEST_CLIENT_STATE: Final = 128

# Permissions of which one is needed to watch people.
MAY_WATCH: Final = frozenset({"User.Read.All", "Directory.Read.All"})


@dataclass(frozen=True, slots=True)
class Subscription:
    subscription_id: str
    client_id: str
    tenant_id: str
    creator_id: str
    # As it was asked for: users, or users/{id}.
    resource: str
    # updated, deleted.
    change_types: frozenset[str]
    notification_url: str
    client_state: str | None
    expires_at: datetime

    @property
    def only(self) -> str | None:
        """The object id of the one person that is watched; None: everybody."""
        return self.resource.strip("/").partition("/")[2].lower() or None

    def watches(self, change: UserChange, change_type: str, now: datetime) -> bool:
        tenant_id, oid = change.key
        return (
            now < self.expires_at
            and tenant_id == self.tenant_id
            and change_type in self.change_types
            and self.only in (None, oid)
        )


class Subscriptions:
    """All that there are; those that have run out are forgotten when somebody looks."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._known: dict[str, Subscription] = {}

    def reset(self) -> None:
        with self._lock:
            self._known.clear()

    def put(self, subscription: Subscription) -> None:
        with self._lock:
            self._known[subscription.subscription_id] = subscription

    def remove(self, subscription_id: str) -> Subscription | None:
        with self._lock:
            return self._known.pop(subscription_id, None)

    def get(self, subscription_id: str, now: datetime) -> Subscription | None:
        return next((one for one in self.all(now) if one.subscription_id == subscription_id), None)

    def all(self, now: datetime) -> list[Subscription]:
        with self._lock:
            self._known = {name: one for name, one in self._known.items() if now < one.expires_at}
            return list(self._known.values())


def change_type_of(change: UserChange, soft_delete: str) -> str | None:
    """How a watcher is told; None: not at all, as nothing that Graph knows is different.

    ``soft_delete`` is what going to the recycle bin is called.
    """
    before, after = change.before, change.after
    if after is None:
        return "deleted"
    if before is None or before.deleted != after.deleted:
        return soft_delete if after.deleted else "updated"
    return "updated" if _differs(before, after) else None


def _differs(before: User, after: User) -> bool:
    return not after.deleted and bool(changed_properties(before, after))
