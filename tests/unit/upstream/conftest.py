"""A connector and its fake upstream, over a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from broker.http_client import HttpClient
from tests.support.https import LocalHttps, certificate
from tests.unit.upstream.case import Case


@pytest.fixture
def case() -> Iterator[Case]:
    http = HttpClient(
        allowed_private_addresses=["127.0.0.0/8"], ca_bundle=str(certificate()[0]), timeout=timedelta(seconds=60)
    )
    with LocalHttps() as server:
        yield Case(server, http)
        http.close()
