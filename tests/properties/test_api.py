"""Whatever is sent to the API, the answer is one of its description, and never a 5xx (schemathesis over the
OpenAPI).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING
from broker.web.api.openapi import OPERATIONS
from tests.support.https import certificate
from tests.support.members import ANNA, OLIVE_GROVE, member
from tests.support.world import PARTIES, SECRET, Foundation, World, world_on

CALLER: Final = {
    "client_id": "caller",
    "display_name": "Caller",
    "redirect_uris": [],
    "client_secret": "env:SAMPLE_SECRET",
    "api_scopes": [
        "federation.read",
        "co_workers.read",
        "co_workers.write",
        "invitations.write",
        "app_passwords.verify",
    ],
}

CHECKS: Final = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

# The same examples in every run, so that a run says something about the code and not about luck.
bounded: Final = settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def caller(foundation: Foundation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, str]]:
    """A broker, and a token that may do everything at its API."""
    organizations = (AEGEAN_FOODS, HELIOS_SHIPPING, OLIVE_GROVE)
    folder = tmp_path_factory.mktemp("api") / "world"
    with world_on(foundation, folder, organizations=organizations, parties=(*PARTIES, CALLER)) as world:
        member(world, ANNA, role="administrator")
        form = {"grant_type": "client_credentials"}
        answer = world.browser().post(f"{world.broker_url}/token", data=form, auth=("caller", SECRET), timeout=30)
        yield world, answer.json()["access_token"]


def operations() -> list[str]:
    """Of the description itself, so that none can be forgotten."""
    return [operation.name for operation in OPERATIONS]


@pytest.fixture(scope="module")
def described(caller: tuple[World, str]) -> dict[str, APIOperation[Any, Any, Any, Any]]:
    """Every operation of the description that the broker serves, by its name."""
    world, _ = caller
    document = world.browser().get(f"{world.broker_url}/api/v1/openapi.json", timeout=30).json()
    # Names of the world in half of the examples: with random ones alone nothing is ever found.
    for item in document["paths"].values():
        for operation in item.values():
            for parameter in operation["parameters"]:
                if parameter["name"] == "organization":
                    parameter["schema"] = {"anyOf": [{"enum": ["olive-grove", "aegean-foods"]}, parameter["schema"]]}
    schema = schemathesis.openapi.from_dict(document)
    found = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    return {operation.definition.raw["operationId"]: operation for operation in found}


@pytest.mark.parametrize("name", operations())
@pytest.mark.parametrize(
    "mode",
    [
        pytest.param(GenerationMode.POSITIVE, id="fitting"),
        pytest.param(GenerationMode.NEGATIVE, id="unfitting", marks=pytest.mark.soak),
    ],
)
def test_every_answer_is_one_that_is_described(
    name: str,
    mode: GenerationMode,
    described: dict[str, APIOperation[Any, Any, Any, Any]],
    caller: tuple[World, str],
) -> None:
    world, token = caller
    operation = described[name]

    @bounded
    @given(case=operation.as_strategy(generation_mode=mode))
    def holds(case: Any) -> None:
        answer = case.call(
            base_url=f"{world.broker_url}/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            verify=str(certificate()[0]),
        )
        if answer.status_code not in (405, 501):  # A method or a path that is none of this operation's any more.
            case.validate_response(answer, checks=CHECKS)

    holds()
