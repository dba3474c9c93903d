"""``broker accounts``: who has an account, and shutting one out at once."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from broker.cli import main
from broker.clock import SystemClock
from broker.composition.surroundings import open_records, prepare_stores
from broker.federation.load import load
from tests.support.configurations import ENVIRON, good_configuration
from tests.support.directory import draft

ORGANIZATION = "aegean-foods"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A configuration over an SQLite directory in which one person has an account."""
    made = good_configuration(tmp_path / "config")
    file = made / "broker.yaml"
    before, _, rest = file.read_text().partition("stores:\n")
    _, _, after = rest.partition("sealing_key:")
    stores = "stores:\n  state: {kind: sqlite, path: s.sqlite}\n  directory: {kind: sqlite, path: d.sqlite}\n"
    file.write_text(f"{before}{stores}sealing_key:{after}")
    configuration = load(made, environ=ENVIRON)
    prepare_stores(configuration, SystemClock())
    with closing(open_records(configuration)) as records:
        records.directory.create_account(draft(organization=ORGANIZATION))
    return made


def run(directory: Path, *arguments: str) -> Result:
    command, *rest = arguments
    return CliRunner().invoke(main, ["accounts", command, "--config", str(directory), *rest], env=ENVIRON)


def listed(directory: Path) -> list[dict[str, object]]:
    accounts: list[dict[str, object]] = json.loads(run(directory, "list", "--json", ORGANIZATION).stdout)["accounts"]
    return accounts


def test_the_accounts_of_an_organization_are_listed(directory: Path) -> None:
    answer = run(directory, "list", ORGANIZATION)
    assert answer.exit_code == 0
    assert draft().id in answer.stdout
    assert "1 account." in answer.stdout


def test_an_account_is_deactivated_and_activated(directory: Path) -> None:
    assert run(directory, "deactivate", draft().id).exit_code == 0
    assert [account["active"] for account in listed(directory)] == [False]
    assert run(directory, "activate", draft().id).exit_code == 0
    assert [account["active"] for account in listed(directory)] == [True]


def test_who_set_each_field_of_an_account_is_shown(directory: Path) -> None:
    run(directory, "deactivate", draft().id)
    told = run(directory, "show", draft().id)
    assert told.exit_code == 0
    lines = {line.split()[0]: line for line in told.stdout.splitlines()}
    assert "[graph.jobTitle; when the account was made; 2026-11-21 22:26 UTC]" in lines["job_title"]
    assert "no  [?; operator; " in lines["active"]
    assert "entra" in lines["signs"]
    origins = json.loads(run(directory, "show", "--json", draft().id).stdout)["origins"]
    assert (origins["job_title"]["source"], origins["job_title"]["by"]) == ("graph.jobTitle", None)
    assert origins["active"]["by"] == "operator"


@pytest.mark.parametrize("arguments", [("deactivate", "nobody"), ("show", "nobody"), ("list", "no-such-organization")])
def test_what_does_not_exist_is_told(directory: Path, arguments: tuple[str, str]) -> None:
    answer = run(directory, *arguments)
    assert answer.exit_code == 1
    assert "there is no" in answer.output
