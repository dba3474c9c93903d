"""What gets installed is all of ``broker/``: pages, translations and migrations as well as modules."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from tests.architecture.source import REPOSITORY


def test_the_wheel_holds_every_file_of_the_package(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (wheel,) = tmp_path.glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("broker/")}
    files = {
        str(file.relative_to(REPOSITORY))
        for file in (REPOSITORY / "broker").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert packed == files
