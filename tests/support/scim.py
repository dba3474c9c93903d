"""A world in which one organisation wants SCIM, and its directory as a client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import requests

from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING
from tests.support.world import Foundation, World, world_on

TOKEN: Final = "token-of-aegean-foods-0123456789abcdef"
OLD_TOKEN: Final = "older-token-of-aegean-foods-0123456789"
HELIOS_TOKEN: Final = "token-of-helios-shipping-0123456789abc"
USER: Final = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR: Final = "urn:ietf:params:scim:api:messages:2.0:Error"


class Directory:
    """The directory of an organisation, which provisions."""

    def __init__(self, world: World, organization: str = "aegean-foods", token: str | None = TOKEN) -> None:
        self.base = f"{world.broker_url}/scim/v2/{organization}"
        self.session = world.browser()
        if token is not None:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        """One request; ``body`` is JSON, or bytes as they are."""
        content = {"Content-Type": "application/scim+json", **headers}
        if isinstance(body, bytes):
            return self.session.request(method, self.base + path, data=body, headers=content, timeout=30)
        return self.session.request(method, self.base + path, json=body, headers=content, timeout=30)

    def create(self, user_name: str, **members: Any) -> requests.Response:
        return self.call("POST", "/Users", {"schemas": [USER], "userName": user_name, **members})

    def created(self, user_name: str, **members: Any) -> dict[str, Any]:
        """The resource; fails if it was not made."""
        answer = self.create(user_name, **members)
        if answer.status_code != 201:
            raise AssertionError(f"not created: {answer.status_code} {answer.text}")
        resource: dict[str, Any] = answer.json()
        return resource

    def patch(self, user_id: str, *operations: Mapping[str, Any]) -> requests.Response:
        return self.call("PATCH", f"/Users/{user_id}", {"schemas": [PATCH], "Operations": list(operations)})

    def user(self, user_id: str) -> dict[str, Any]:
        answer = self.call("GET", f"/Users/{user_id}")
        if answer.status_code != 200:
            raise AssertionError(f"no such user: {answer.status_code} {answer.text}")
        resource: dict[str, Any] = answer.json()
        return resource

    def found(self, written: str) -> list[dict[str, Any]]:
        """The resources that a filter finds."""
        answer = self.session.get(f"{self.base}/Users", params={"filter": written}, timeout=30)
        if answer.status_code != 200:
            raise AssertionError(f"no list: {answer.status_code} {answer.text}")
        resources: list[dict[str, Any]] = answer.json().get("Resources", [])
        return resources


def with_scim(
    organization: Mapping[str, Any], folder: Path, token: str = TOKEN, previous: str | None = OLD_TOKEN
) -> dict[str, Any]:
    """The organisation's file with SCIM in it, whose tokens are in ``folder``."""
    section = {}
    for key, value in (("token", token), ("previous_token", previous)):
        if value is not None:
            path = folder / f"{organization['organization']}-{key}"
            path.touch(0o600)
            path.write_text(value)
            section[key] = f"file:{path}"
    return {**organization, "scim": section}


@contextmanager
def provisioned(foundation: Foundation, folder: Path, **changes: Any) -> Iterator[World]:
    """The world, with SCIM for both organisations of it."""
    folder.mkdir(parents=True, exist_ok=True)
    aegean = with_scim({**AEGEAN_FOODS, **changes}, folder)
    helios = with_scim(HELIOS_SHIPPING, folder, HELIOS_TOKEN, None)
    with world_on(foundation, folder, organizations=(aegean, helios)) as world:
        yield world
