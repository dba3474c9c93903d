"""``docs/configuration.md`` says what the model says, and its examples work."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from broker.federation.documentation import document
from broker.federation.documents import read_document
from broker.federation.load import load
from broker.federation.schema import ROOTS, keys_of, sections_under

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/configuration.md").read_text()
BLOCK = re.compile(r"(?:`(my-config/\S+\.yaml)`[^\n]*\n\n)?^( *)```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def test_the_committed_page_is_what_the_model_gives() -> None:
    assert document() == PAGE, "write it anew: python -m broker.federation.documentation > docs/configuration.md"


def test_every_key_is_documented() -> None:
    for root in ROOTS.values():
        for name, section in sections_under(root):
            for key in keys_of(section).values():
                assert key.documentation, f"{name}.{key.name} has no docstring"
                assert f"| `{key.name}` |" in PAGE


def test_every_link_inside_the_page_leads_somewhere() -> None:
    headings = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    links = set(re.findall(r"\]\(#([^)]+)\)", PAGE))
    assert links
    assert links <= anchors


def test_every_example_value_is_valid() -> None:
    for root in ROOTS.values():
        for name, section in sections_under(root):
            for key in keys_of(section).values():
                if key.adapter is None or not key.example:
                    continue
                read, findings = read_document("example", f"value: {key.example}".encode())
                assert read is not None, f"{name}.{key.name}"
                assert findings == [], f"{name}.{key.name}"
                key.adapter.validate_python(read.data["value"])


def test_every_example_in_yaml_is_yaml() -> None:
    blocks = [textwrap.dedent(body) for _, _, language, body in BLOCK.findall(PAGE) if language == "yaml"]
    assert len(blocks) > 6
    for body in blocks:
        assert read_document("example", body.encode())[1] == []


def test_the_first_start_works_as_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    chapter = PAGE[PAGE.index("## A first start") : PAGE.index("## The app registration")]
    said = ""
    for file, _, language, indented in BLOCK.findall(chapter):
        body = textwrap.dedent(indented)
        if language == "yaml":
            (tmp_path / file).write_text(body)
        else:
            script = body.replace("./run broker serve", ":").replace("./run broker", f"'{sys.executable}' -m broker")
            said = subprocess.run(
                ["sh", "-eu", "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True
            ).stdout
    assert said == "my-config is good: 1 organization, 1 relying party, no warnings.\n"


def test_the_shipped_examples_are_right_once_their_secrets_are_set() -> None:
    secrets = {
        "BROKER_SEALING_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "BROKER_ENTRA_CLIENT_SECRET": "canary-entra-client-secret",
        "CONNECT_CLIENT_SECRET": "canary-connect-client-secret",
    }
    configuration = load(ROOT / "config", environ=secrets)
    # The folder of the databases is there only where the broker runs.
    assert all("does not exist here" in finding.sentence for finding in configuration.warnings)
    assert configuration.organizations
    assert configuration.relying_parties


def test_the_containers_example_is_right_once_its_secrets_are_set() -> None:
    secrets = {
        "SEALING_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "ENTRA_CLIENT_SECRET": "canary-entra-client-secret",
        "REDIS_PASSWORD": "canary-redis-password",
        "POSTGRES_PASSWORD": "canary-postgres-password",
    }
    assert load(ROOT / "docker/config", environ=secrets).warnings == ()
