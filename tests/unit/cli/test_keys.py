"""``broker keys`` makes the sealing key, and lists and rotates the signing keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from broker.cli import main
from broker.cli.keys import _ALGORITHMS
from broker.clock import SystemClock
from broker.composition.surroundings import prepare_stores
from broker.federation.load import load
from broker.federation.secrets import sealing_key_bytes
from broker.identity import Secret
from broker.jose.algorithms import SIGNING_ALGORITHMS
from tests.support.configurations import ENVIRON, good_configuration


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """The good configuration on two SQLite files."""
    directory = good_configuration(tmp_path / "config")
    text = (directory / "broker.yaml").read_text()
    start, end = text.index("  state:"), text.index("sealing_key:")
    stores = "  state: {kind: sqlite, path: ../state.sqlite}\n  directory: {kind: sqlite, path: ../directory.sqlite}\n"
    (directory / "broker.yaml").write_text(text[:start] + stores + text[end:])
    return directory


@pytest.fixture
def prepared(directory: Path) -> Path:
    prepare_stores(load(directory, environ=ENVIRON), SystemClock())
    return directory


def keys(*arguments: str, **changes: str) -> Result:
    return CliRunner().invoke(main, ["keys", *arguments], env={**ENVIRON, **changes})


def listed(directory: Path) -> list[dict[str, Any]]:
    result = keys("list", "--config", str(directory), "--json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.output)["keys"]
    return found


def test_a_sealing_key_is_fresh_each_time() -> None:
    first, second = keys("sealing-key").output, keys("sealing-key").output
    assert first != second
    assert len(sealing_key_bytes(Secret(first.strip()))) == 32


def test_before_the_first_start_there_are_no_keys(prepared: Path) -> None:
    assert listed(prepared) == []
    assert "no keys yet" in keys("list", "--config", str(prepared)).output


def test_a_rotation_announces_a_key_for_each_algorithm(prepared: Path) -> None:
    result = keys("rotate", "--config", str(prepared))
    assert result.exit_code == 0, result.output
    assert [line.split()[0] for line in result.output.splitlines()] == list(SIGNING_ALGORITHMS)
    states = {(key["alg"], key["state"]) for key in listed(prepared)}
    assert states == {(alg, state) for alg in SIGNING_ALGORITHMS for state in ("signing", "announced")}


def test_a_rotation_in_an_emergency_withdraws_the_old_key_at_once(prepared: Path) -> None:
    keys("rotate", "--config", str(prepared), "--alg", "ES256")
    before = {key["kid"] for key in listed(prepared) if key["alg"] == "ES256"}
    result = keys("rotate", "--config", str(prepared), "--alg", "ES256", "--now")
    assert result.exit_code == 0, result.output
    after = {key["kid"]: key["state"] for key in listed(prepared) if key["alg"] == "ES256"}
    assert {after[kid] for kid in before} == {"retired"}
    assert [state for kid, state in after.items() if kid not in before] == ["signing"]
    others = {key["state"] for key in listed(prepared) if key["alg"] != "ES256"}
    assert others == {"signing"}


def test_the_list_is_readable(prepared: Path) -> None:
    keys("rotate", "--config", str(prepared), "--alg", "EdDSA")
    lines = keys("list", "--config", str(prepared)).output.splitlines()
    assert len(lines) == len(SIGNING_ALGORITHMS) + 1
    assert any("signing" in line and "published until" in line for line in lines if line.startswith("EdDSA"))


def test_a_directory_that_was_never_prepared_is_told_in_a_sentence(directory: Path) -> None:
    result = keys("list", "--config", str(directory))
    assert result.exit_code == 1
    assert result.output.startswith("Error: the directory store cannot be used")


def test_another_sealing_key_opens_nothing(prepared: Path) -> None:
    keys("rotate", "--config", str(prepared), "--alg", "ES256")
    other = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    result = keys("rotate", "--config", str(prepared), SEALING_KEY=other)
    assert result.exit_code == 1
    assert "cannot be opened with this sealing key" in result.output


def test_a_wrong_configuration_ends_with_its_findings(directory: Path) -> None:
    (directory / "organizations/acme.yaml").write_text("organization: acme\n")
    result = keys("list", "--config", str(directory))
    assert result.exit_code == 1
    assert "acme.yaml:1:1: display_name is missing" in result.output


def test_every_algorithm_of_the_ring_can_be_rotated() -> None:
    assert tuple(SIGNING_ALGORITHMS) == _ALGORITHMS
