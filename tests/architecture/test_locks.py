"""What gets installed is what ``pyproject.toml`` asks for, named by hash."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.source import REPOSITORY

LOCKS = ("runtime", "demo", "build", "dev", "locking", "node")

_PROJECT: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
_GROUPS: dict[str, list[str]] = _PROJECT["dependency-groups"]
_EXTRAS: dict[str, list[str]] = _PROJECT["project"]["optional-dependencies"]
_RUNTIME: list[str] = [*_PROJECT["project"]["dependencies"], *_EXTRAS["postgresql"]]

ASKED = {
    "runtime": _RUNTIME,
    "build": _GROUPS["build"],
    "demo": [*_RUNTIME, *_EXTRAS["demo"]],
    "dev": [*_RUNTIME, *_EXTRAS["demo"], *_GROUPS["dev"], *_GROUPS["build"]],
    "locking": _GROUPS["locking"],
    "node": _GROUPS["node"],
}


def _text(name: str) -> str:
    return (REPOSITORY / "requirements" / f"{name}.txt").read_text("utf-8")


def pins(name: str) -> dict[str, str]:
    """Package to version of one lock."""
    found = re.findall(r"^([a-z0-9][a-z0-9.-]*)==(\S+)", _text(name), re.MULTILINE)
    return {canonicalize_name(package): version for package, version in found}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_satisfies_what_the_project_asks_for(name: str) -> None:
    locked = pins(name)
    for text in ASKED[name]:
        asked = Requirement(text)
        version = locked.get(canonicalize_name(asked.name))
        assert version is not None, f"{text} is not in requirements/{name}.txt: run ./run lock"
        assert asked.specifier.contains(version, prereleases=True), f"{text}, but {version} is locked: run ./run lock"


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_hashes_and_no_address(name: str) -> None:
    text = _text(name)
    assert "://" not in text
    assert not re.search(r"^-", text, re.MULTILINE)
    entries = re.split(r"^(?=[a-z0-9])", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE), flags=re.MULTILINE)
    wrong = [entry for entry in entries if entry.strip() and not re.search(r"--hash=sha256:[0-9a-f]{64}", entry)]
    assert wrong == []


@pytest.mark.parametrize("name", ["runtime", "demo", "build"])
def test_the_development_lock_holds_the_others_at_the_same_versions(name: str) -> None:
    assert pins(name).items() <= pins("dev").items()


def test_the_build_backend_is_the_locked_one() -> None:
    assert {Requirement(text).name for text in _PROJECT["build-system"]["requires"]} <= pins("build").keys()


def test_the_nodejs_lock_names_versions_and_digests_but_no_host() -> None:
    folder = Path(REPOSITORY / "tests" / "interop")
    asked = json.loads((folder / "package.json").read_text("utf-8"))
    locked = json.loads((folder / "package-lock.json").read_text("utf-8"))["packages"]
    assert locked[""]["dependencies"] == asked["dependencies"]
    packages = {name: entry for name, entry in locked.items() if name}
    assert all("resolved" not in entry and entry["integrity"].startswith("sha512-") for entry in packages.values())
    for package, version in asked["dependencies"].items():
        assert packages[f"node_modules/{package}"]["version"] == version
