"""``docs/rules.md``: every example is run, and its tables say what the code says."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any, Final

import pytest
from ruamel.yaml import YAML

from broker.claims import vocabulary
from broker.claims.functions import HELPERS
from broker.composition.rule_tests import run
from broker.federation.expectations import read_expectations
from broker.federation.load import load
from tests.architecture.source import REPOSITORY

DOCUMENT: Final = (REPOSITORY / "docs/rules.md").read_text("utf-8")
EXAMPLES: Final = re.findall(r"^### (\d+)\. (.+?)\n(.*?)(?=^### |\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
BLOCK: Final = re.compile(r"```yaml\n# (\S+)\n(.*?)```", re.DOTALL)

BASE: Final[dict[str, Any]] = {
    "broker.yaml": None,
    "organizations/aegean-foods.yaml": {
        "organization": "aegean-foods",
        "display_name": "Aegean Foods",
        "plan": "enterprise",
        "domains": ["aegeanfoods.example"],
        "federation": {
            "connection": {"kind": "entra-oidc", "tenant_id": "5b5e363c-6ca9-4f41-8070-9565fe497145"},
            "guests": "admit",
        },
    },
    "relying_parties/connect.yaml": {
        "client_id": "connect",
        "display_name": "Pobuca Connect",
        "redirect_uris": ["https://connect.pobuca.example/callback"],
        "client_secret": "env:CONNECT_CLIENT_SECRET",
        "scopes": ["openid", "profile", "email", "phone", "organization"],
        "introspect": True,
    },
}


def test_there_are_twenty_examples_in_order() -> None:
    assert [int(number) for number, _, _ in EXAMPLES] == list(range(1, 21))


@pytest.mark.parametrize(("title", "body"), [(title, body) for _, title, body in EXAMPLES])
def test_an_example_does_what_is_said_of_it(tmp_path: Path, title: str, body: str) -> None:
    blocks = BLOCK.findall(body)
    assert [path for path, _ in blocks][-1] == "claim_rules/tests/example.yaml", title
    written(tmp_path, blocks)
    configuration = load(tmp_path, environ={}, follow=False)
    assert [str(warning) for warning in configuration.warnings] == []
    expectations = read_expectations(tmp_path)
    results = list(run(expectations, configuration))
    assert [failure for result in results for failure in result.failures] == []
    assert expectations
    # An expectation that holds without the rule shows nothing of it: without the pieces at least one must fail.
    shutil.rmtree(tmp_path / "claim_rules")
    written(tmp_path, blocks[-1:])
    without = run(expectations, load(tmp_path, environ={}, follow=False))
    assert any(result.failures for result in without), title


def written(directory: Path, blocks: list[tuple[str, str]]) -> None:
    shutil.copytree(REPOSITORY / "tests/data/good_config", directory, dirs_exist_ok=True, ignore=_all_but_the_broker)
    files = {path: dict(data) for path, data in BASE.items() if data is not None}
    for path, text in blocks:
        if path.startswith("claim_rules/tests/"):
            target = directory / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
        else:
            files[path] = merged(files.get(path, {}), YAML(typ="safe").load(text))
    for path, data in files.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(data, ensure_ascii=False), "utf-8")


def _all_but_the_broker(_: str, names: list[str]) -> list[str]:
    return [name for name in names if name != "broker.yaml"]


def merged(base: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    both = dict(base)
    for key, value in more.items():
        kept = both.get(key)
        both[key] = merged(kept, value) if isinstance(kept, dict) and isinstance(value, dict) else value
    return both


def test_the_tables_are_those_of_the_language() -> None:
    for variable in {each.name: each for listed in vocabulary.LISTS.values() for each in listed}.values():
        lists = ", ".join(name for name, listed in vocabulary.LISTS.items() if variable in listed)
        trusted = "trusted" if variable.trusted else "trusted: `role`" if variable.trusted_keys else ""
        row = f"| `{variable.name}` | {lists} | {variable.type.value}. {variable.documentation} | {trusted} |"
        assert row in DOCUMENT
    for helper in HELPERS:
        source, value = helper.example
        given = json.dumps(value, ensure_ascii=False)
        assert f"| `{helper.name}` | {helper.documentation} `{source}` gives `{given}`. |" in DOCUMENT
    members = ", ".join(f"`{name}`" for name in sorted(vocabulary.ACCOUNT_FIELDS))
    assert all(name in DOCUMENT for name in members.split(", "))
