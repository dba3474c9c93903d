"""A configuration with stores of its own, on which commands are run as an operator runs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.operated import Operated, operated_in, prepare


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("prepared"))


@pytest.fixture
def operated(tmp_path: Path, prepared: Path) -> Iterator[Operated]:
    with operated_in(tmp_path, prepared) as made:
        yield made
