"""What a plan may show of a value."""

from __future__ import annotations

from typing import Any

import pytest

from broker.planning.comparing import shown_value


@pytest.mark.parametrize(
    ("path", "value", "shown"),
    [
        (("entra", "credential", "secret"), "env:ENTRA_SECRET", "env:ENTRA_SECRET"),
        (("entra", "credential", "secret"), "canary", "(not shown)"),
        (("stores", "state", "url"), "rediss://redis.internal:6380/0", "rediss://redis.internal:6380/0"),
        (("provisioning", "hooks", 0, "settings", "region"), "canary", "(not shown)"),
        (("provisioning", "hooks"), [{"settings": {"a": "canary"}}], [{"settings": {"a": "(not shown)"}}]),
        (("display_name",), "Connect", "Connect"),
    ],
)
def test_a_secret_is_a_name_and_free_text_is_not_shown(path: tuple[str | int, ...], value: Any, shown: Any) -> None:
    assert shown_value(value, path) == shown
