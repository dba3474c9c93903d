"""scim2-tester, a suite by other authors, against SCIM in over a real socket with TLS.

Its values are random, so that every run is another one; what is asked of them is the same.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import requests
from scim2_client import BaseSyncSCIMClient
from scim2_tester import CheckResult, Status, check_server

from tests.support.scim import Directory, provisioned
from tests.support.world import Foundation


class OverRequests(BaseSyncSCIMClient):
    """The library's client over ``requests``."""

    def __init__(self, directory: Directory) -> None:
        super().__init__()
        self._directory = directory

    def request(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        """What the library calls for each request."""
        base = self._directory.base
        return self._directory.session.request(method, base + "/" + url.removeprefix(base).lstrip("/"), **kwargs)


def test_scim2_tester_finds_nothing(foundation: Foundation, tmp_path: Path) -> None:
    random.seed(4)
    with provisioned(foundation, tmp_path / "world") as world:
        results: list[CheckResult] = check_server(OverRequests(Directory(world)))
        complaints = [f"{each.title}: {each.reason}" for each in results if each.status != Status.SUCCESS]
        assert complaints == []
        done = {result.title for result in results if result.status == Status.SUCCESS}
        assert {"object_creation", "object_replacement", "object_deletion", "search_with_attributes"} <= done
        assert {"check_add_attribute", "check_remove_attribute", "check_replace_attribute"} <= done
        assert len(results) > 60
        assert "unforeseen_error" not in world.log_text()
