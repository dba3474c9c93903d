"""``broker check`` tells every problem at once, and its exit code says whether the broker would start."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from broker.cli import main
from tests.support.configurations import ENVIRON, good_configuration


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return good_configuration(tmp_path / "config")


def check(directory: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["check", "--config", str(directory), *arguments], env=ENVIRON)


def test_a_good_configuration_ends_with_0(directory: Path) -> None:
    result = check(directory)
    assert (result.exit_code, result.output) == (
        0,
        f"{directory} is good: 2 organizations, 2 relying parties, no warnings.\n",
    )


def test_a_warning_ends_with_0_and_is_told(directory: Path) -> None:
    (directory / "notes.yaml").write_text("x: y\n")
    result = check(directory)
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        f"{directory}/notes.yaml:1:1: warning: an unknown file, which is not read",
        f"{directory} is good: 2 organizations, 2 relying parties, 1 warning.",
    ]


def test_every_problem_of_every_file_is_a_line_and_ends_with_1(directory: Path) -> None:
    (directory / "organizations/acme.yaml").write_text("organization: acme\nplna: standard\n")
    (directory / "relying_parties/acme.yaml").write_text("client_id: a b\n")
    result = check(directory)
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert f"{directory}/organizations/acme.yaml:2:1: unknown key 'plna', did you mean plan" in lines
    assert any(line.startswith(f"{directory}/relying_parties/acme.yaml:1:12: client_id must be") for line in lines)
    assert lines[-1] == f"Not usable: {len(lines) - 1} errors, no warnings."


def test_a_directory_that_is_not_there_ends_with_2(tmp_path: Path) -> None:
    result = check(tmp_path / "nowhere")
    assert result.exit_code == 2
    assert result.output.startswith(f"{tmp_path}/nowhere:1:1: cannot be read")


def test_json_is_one_object_for_programs(directory: Path) -> None:
    assert json.loads(check(directory, "--json").output) == {"ok": True, "errors": 0, "warnings": 0, "findings": []}
    (directory / "organizations/acme.yaml").write_text("organization: [\n")
    result = check(directory, "--json")
    answer = json.loads(result.output)
    assert (result.exit_code, answer["ok"], answer["errors"]) == (1, False, 1)
    assert answer["findings"][0] | {"sentence": ""} == {
        "file": f"{directory}/organizations/acme.yaml",
        "line": 2,
        "column": 1,
        "code": "yaml",
        "sentence": "",
        "severity": "error",
    }
