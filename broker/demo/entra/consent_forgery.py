"""Admin-consent answers that are wrong on order (entra-id reference 8.3.6)."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from broker.demo.entra.mutations import UnknownPreset
from broker.demo.entra.seed_users import ATTACKER

PRESETS: Final[Mapping[str, Mapping[str, Any]]] = {
    "other_tenant": {"set": {"tenant": ATTACKER}},
    "missing_tenant": {"drop": ["tenant"]},
    "tenant_not_guid": {"set": {"tenant": "aegeanfoods.example"}},
    "duplicate_tenant": {"add": {"tenant": ATTACKER}},
    "upper_case_tenant": {"upper": ["tenant"]},
    "missing_state": {"drop": ["state"]},
    "wrong_state": {"set": {"state": "forged"}},
    "duplicate_state": {"add": {"state": "forged"}},
    "missing_admin_consent": {"drop": ["admin_consent"]},
    "admin_consent_false": {"set": {"admin_consent": "False"}},
    "success_with_error": {"add": {"error": "access_denied", "error_description": "AADSTS65004: Simulated."}},
    "not_granted": {"granted": False},
}


class ConsentForgery(BaseModel):
    """How the next answers of success differ from the true ones."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    preset: str | None = None
    count: Annotated[int, Field(ge=1)] = 1
    # Whether the consent that the answer tells of was recorded at all.
    granted: bool = True
    # Replaces a parameter, or adds it; adds a second value of it; takes it away; spells its value in capitals.
    set: dict[str, str] = {}
    add: dict[str, str] = {}
    drop: tuple[str, ...] = ()
    upper: tuple[str, ...] = ()

    def applied(self, said: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """The parameters of the answer, changed."""
        kept = [(name, self.set.get(name, value)) for name, value in said if name not in self.drop]
        kept += [(name, value) for name, value in self.set.items() if name not in dict(said)]
        kept += list(self.add.items())
        return [(name, value.upper() if name in self.upper else value) for name, value in kept]


class ConsentForgeries:
    """Orders that are not used up, the oldest first."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._orders: list[tuple[ConsentForgery, int]] = []

    def reset(self) -> None:
        with self._lock:
            self._orders.clear()

    def order(self, forgery: ConsentForgery) -> None:
        """With what its preset means; raises ``UnknownPreset``."""
        if forgery.preset is not None:
            if forgery.preset not in PRESETS:
                raise UnknownPreset(forgery.preset)
            own = forgery.model_dump(exclude_unset=True)
            forgery = ConsentForgery.model_validate({**PRESETS[forgery.preset], **own})
        with self._lock:
            self._orders.append((forgery, forgery.count))

    def waiting(self) -> list[tuple[ConsentForgery, int]]:
        with self._lock:
            return list(self._orders)

    def take(self) -> ConsentForgery | None:
        """How the next answer is to be wrong; None: not at all."""
        with self._lock:
            if not self._orders:
                return None
            forgery, left = self._orders[0]
            if left == 1:
                del self._orders[0]
            else:
                self._orders[0] = (forgery, left - 1)
            return forgery
