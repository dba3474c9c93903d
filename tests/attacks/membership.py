"""What the attacks on Pobuca's own doors share: an organisation that is federated after it was not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING
from tests.support.members import OLIVE_GROVE
from tests.support.world import Foundation, World, world_on

# So high that an attack meets the check that it is about.
UNLIMITED: Mapping[str, Any] = {
    "attempts_by_client_for_person": 10_000,
    "attempts_for_person": 100_000,
    "attempts_by_client": 1_000_000,
    "letters_for_person": 1000,
}


@contextmanager
def grove(foundation: Foundation, folder: Path, **settings: Any) -> Iterator[World]:
    """A world with a federated organisation and one that is not."""
    organizations = (AEGEAN_FOODS, HELIOS_SHIPPING, OLIVE_GROVE)
    with world_on(foundation, folder, organizations=organizations, settings=settings) as made:
        yield made


def put_back(folder: Path, statement: str, *values: Any) -> None:
    """Writes into the directory what enforcement took out of it, as a careless restore would."""
    with closing(sqlite3.connect(folder / "directory.sqlite")) as connection, connection:
        if connection.execute(statement, values).rowcount != 1:
            raise AssertionError(f"nothing was put back: {statement}")
