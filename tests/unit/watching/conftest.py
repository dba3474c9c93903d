"""Records in a file, and sessions over them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from broker.store.opening import open_records, prepare_directory
from broker.store.records import Records


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    location = tmp_path / "directory.sqlite"
    prepare_directory(location)
    with closing(open_records(location)) as opened:
        yield opened
