"""Wrong ID tokens on order (entra-id reference 8.3, point 2)."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field


class TokenMutation(BaseModel):
    """How the next ``count`` ID tokens differ from right ones."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: Annotated[int, Field(ge=1)] = 1
    # A name of PRESETS; the other members are added to it.
    preset: str | None = None
    # Set or replaced; values may hold {base_url}.
    claims: dict[str, Any] = {}
    drop: list[str] = []
    # Members that stand in the payload a second time, with another value.
    repeat: dict[str, Any] = {}
    # Seconds added to iat, nbf, exp or auth_time.
    shift: dict[Literal["iat", "nbf", "exp", "auth_time"], int] = {}
    header: dict[str, Any] = {}
    drop_header: list[str] = []
    algorithm: Literal["RS256", "HS256", "none"] = "RS256"
    # Which key signs: entra, msa, other_cloud, or a kid. None: the right one.
    key: str | None = None
    version: Literal["1.0", "2.0"] = "2.0"
    # Whether the signature is spoilt after signing.
    break_signature: bool = False


_OTHER_TENANT: Final = "705bad33-ba4a-40ee-8ef9-2eb1e60b7b83"

PRESETS: Final[Mapping[str, Mapping[str, Any]]] = {
    "wrong_audience": {"claims": {"aud": "11111111-2222-4333-8444-555555555555"}},
    "wrong_issuer": {"claims": {"iss": f"{{base_url}}/{_OTHER_TENANT}/v2.0"}},
    "wrong_tid": {"claims": {"tid": _OTHER_TENANT}},
    "other_tenant": {"claims": {"iss": f"{{base_url}}/{_OTHER_TENANT}/v2.0", "tid": _OTHER_TENANT}},
    "literal_tenantid": {"claims": {"iss": "{base_url}/{tenantid}/v2.0"}},
    "missing_tid": {"drop": ["tid"]},
    "duplicate_tid": {"repeat": {"tid": _OTHER_TENANT}},
    "duplicate_tid_case": {"claims": {"TID": _OTHER_TENANT}},
    "tid_not_guid": {"claims": {"tid": "common", "iss": "{base_url}/common/v2.0"}},
    "missing_oid": {"drop": ["oid"]},
    "v1_token": {"version": "1.0"},
    "alg_none": {"algorithm": "none"},
    "hs256_public_key": {"algorithm": "HS256"},
    "broken_signature": {"break_signature": True},
    "msa_key": {"key": "msa"},
    "other_cloud_key": {"key": "other_cloud"},
    "stale": {"shift": {"iat": -86400, "nbf": -86400, "exp": -86400}},
    "future_nbf": {"shift": {"nbf": 7200}},
    "wrong_nonce": {"claims": {"nonce": "of-another-sign-in"}},
    "missing_nonce": {"drop": ["nonce"]},
    "crit_header": {"header": {"crit": ["exp"]}},
    "jku_header": {"header": {"jku": "https://evil-olives.example/keys"}},
    "missing_kid": {"drop_header": ["kid"]},
}


class UnknownPreset(LookupError):
    """No preset of that name."""


def completed(mutation: TokenMutation) -> TokenMutation:
    """With the preset's members written out; raises ``UnknownPreset``."""
    if mutation.preset is None:
        return mutation
    if mutation.preset not in PRESETS:
        raise UnknownPreset(mutation.preset)
    own = mutation.model_dump(exclude={"preset"}, exclude_unset=True)
    merged: dict[str, Any] = dict(PRESETS[mutation.preset])
    for name, value in own.items():
        before = merged.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            merged[name] = {**before, **value}
        elif isinstance(value, list) and isinstance(before, list):
            merged[name] = [*before, *value]
        else:
            merged[name] = value
    return TokenMutation.model_validate(merged)


class TokenMutations:
    """Orders that are not used up, the oldest first."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._orders: list[tuple[TokenMutation, int]] = []

    def reset(self) -> None:
        with self._lock:
            self._orders.clear()

    def order(self, mutation: TokenMutation) -> None:
        """``mutation`` is a completed one."""
        with self._lock:
            self._orders.append((mutation, mutation.count))

    def waiting(self) -> list[tuple[TokenMutation, int]]:
        with self._lock:
            return list(self._orders)

    def take(self) -> TokenMutation | None:
        """How the next token is to be wrong; None: not at all."""
        if not self._orders:
            return None
        with self._lock:
            if not self._orders:
                return None
            mutation, left = self._orders[0]
            if left == 1:
                del self._orders[0]
            else:
                self._orders[0] = (mutation, left - 1)
            return mutation
