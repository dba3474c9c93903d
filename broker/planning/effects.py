"""Whether a change makes the broker stricter or laxer, as far as that can be told from the files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from broker.federation.configuration import Configuration
from broker.federation.model import BrokerConfig
from broker.planning.applications import of_applications
from broker.planning.effect import Direction, Effect, wider
from broker.planning.organizations import of_organizations


def effects(old: Configuration, new: Configuration) -> Sequence[Effect]:
    """All that can be told, what is weaker first."""
    found = [*_of_broker(old.broker, new.broker), *of_organizations(old, new), *of_applications(old, new)]
    order = ("weaker", "stronger", "different")
    return sorted(found, key=lambda effect: (order.index(effect.direction), effect.subject))


# A larger number, or a longer list, is weaker ("more"), or stronger ("less").
_MEASURES: Final[Mapping[str, Direction]] = {
    "sessions.idle_minutes": "weaker",
    "sessions.absolute_hours": "weaker",
    "tokens.code_seconds": "weaker",
    "tokens.access_token_seconds": "weaker",
    "tokens.id_token_seconds": "weaker",
    "tokens.refresh_token_days": "weaker",
    "tokens.refresh_token_idle_days": "weaker",
    "entra.check_minutes": "weaker",
    "entra.check_grace_minutes": "weaker",
    "entra.watch_seconds": "weaker",
    "federation.disconnect_delay_hours": "stronger",
    "rate_limits.window_minutes": "stronger",
    "rate_limits.attempts_by_client_for_person": "weaker",
    "rate_limits.attempts_for_person": "weaker",
    "rate_limits.attempts_by_client": "weaker",
    "rate_limits.attempts": "weaker",
    "rate_limits.letters_for_person": "weaker",
}
_LISTS: Final = ("outbound.allowed_private_addresses", "listen.behind_proxy.trusted_addresses")


def _of_broker(old: BrokerConfig, new: BrokerConfig) -> Iterator[Effect]:
    for key, more in _MEASURES.items():
        was, will = _value(old, key), _value(new, key)
        if was != will:
            less: Direction = "stronger" if more == "weaker" else "weaker"
            yield Effect(more if will > was else less, "", f"{key} becomes {will}, from {was}")
    for key in _LISTS:
        yield from wider("", key, _value(old, key) or (), _value(new, key) or ())
    if old.entra.directory_watch != new.entra.directory_watch:
        direction: Direction = "weaker" if new.entra.directory_watch == "off" else "stronger"
        yield Effect(direction, "", f"entra.directory_watch becomes {new.entra.directory_watch}")
    if old.entra.notifications != new.entra.notifications:
        direction = "stronger" if new.entra.notifications else "weaker"
        yield Effect(direction, "", f"entra.notifications becomes {str(new.entra.notifications).lower()}")
    if old.reload.enabled and not new.reload.enabled:
        yield Effect("different", "", "later changes of the files wait for a restart")


def _value(settings: Any, key: str) -> Any:
    for name in key.split("."):
        settings = getattr(settings, name, None)
    return settings
