"""A broker with the relying parties that clients by other authors are registered as."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from broker.demo.stage import Stage, StageOptions
from tests.servers import free_port

SECRET: Final = "the-secret-of-a-client-by-other-authors"
REDIRECT: Final = "https://{name}.pobuca.example/callback"


def _party(name: str, **settings: Any) -> Mapping[str, Any]:
    usual = {
        "client_id": name,
        "display_name": name,
        "redirect_uris": [REDIRECT.format(name=name)],
        "client_secret": "file:../secrets/interop",
        "scopes": ["openid", "profile", "email", "organization"],
    }
    return {key: value for key, value in {**usual, **settings}.items() if value is not None}


@pytest.fixture(scope="session")
def apache_port() -> int:
    """Where Apache will be: its redirect URI is registered before it starts."""
    return free_port()


@pytest.fixture(scope="session")
def stage(apache_port: int) -> Iterator[Stage]:
    """One for all tests of this process."""
    apache = f"https://localhost:{apache_port}/protected/redirect_uri"
    parties = (
        _party("node-basic"),
        _party("node-post", token_endpoint_auth_method="client_secret_post", id_token_signed_response_alg="ES256"),
        _party("node-ps256", id_token_signed_response_alg="PS256"),
        _party(
            "node-public",
            token_endpoint_auth_method="none",
            id_token_signed_response_alg="EdDSA",
            client_secret=None,
        ),
        _party("node-pairwise", subject_type="pairwise"),
        _party("node-offline", scopes=["openid", "email", "offline_access"]),
        _party(
            "node-offline-public",
            scopes=["openid", "email", "offline_access"],
            token_endpoint_auth_method="none",
            client_secret=None,
        ),
        _party("node-caller", redirect_uris=[], api_scopes=["co_workers.read"]),
        _party("node-server", redirect_uris=[], introspect=True),
        _party("apache", redirect_uris=[apache]),
    )
    with tempfile.TemporaryDirectory() as folder:
        options = StageOptions(
            directory=Path(folder),
            relying_parties=parties,
            secret_files={"interop": SECRET},
            with_application=False,
        )
        with Stage(options) as made:
            yield made
