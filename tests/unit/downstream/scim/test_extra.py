"""The extra is loaded by whoever asks for it, and by nobody else."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
import broker.app, broker.cli, broker.composition.scim, broker.downstream.scim.endpoints, broker.store.opening
print(sorted(name for name in sys.modules if name.startswith("scim2_")))
"""


def test_nothing_of_the_extra_is_loaded_where_nobody_asks_for_scim() -> None:
    loaded = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True)
    assert loaded.stdout.strip() == "[]"
