"""The JSON Schemas for editors: those of the model, right for what is right, and of use for typical mistakes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from click.testing import CliRunner

from broker.cli.schema import command
from broker.federation.documents import Document, read_document
from broker.federation.files import find_sources
from broker.federation.json_schemas import schemas
from tests.support.configurations import DATA
from tests.support.seeded_mistakes import FILES

ROOT = Path(__file__).parents[3]
KINDS = {"organizations": "organization", "relying_parties": "relying_party", "claim_rules": "claim_rules"}
# What a schema cannot know: what stands in two files, what an expression means, and what a file only names.
ACROSS = ("conflict", "duplicate", "secret", "expression", "unused", "source", "reserved", "yaml")
BEYOND = (
    "never_refuses", "refuses_all", "unreachable",
    # The value is well-formed and means something that is not allowed.
    "value-zero-tenant", "value-consumer-tenant", "value-host-bits", "value-whole-internet", "value-listen-host",
    "value-domain", "value-mail-sender", "value-authority-path", "value-issuer-user", "value-path-of-a-shell",
    "value-http-redirect", "map-outer-spaces", "rule-empty", "release-without-value",
    # Our reader refuses what other readers of YAML take for text.
    "type-doubtful", "secret-shown-by-another-finding",
)  # fmt: skip


@cache
def validator(kind: str) -> jsonschema_rs.Draft7Validator:
    return jsonschema_rs.Draft7Validator(json.loads(schemas()[f"{kind}.json"]))


def documents(directory: Path) -> Iterator[tuple[str, Document]]:
    for source in find_sources(directory)[0]:
        document, findings = read_document(source.name, source.path.read_bytes())
        assert document is not None
        assert findings == []
        yield source.kind, document


def test_the_committed_schemas_are_what_the_model_gives(tmp_path: Path) -> None:
    said = CliRunner().invoke(command, ["--output", str(tmp_path / "new" / "schema")])
    assert (said.exit_code, "Wrote broker.json" in said.output) == (0, True)
    written = {file.name: file.read_text() for file in (tmp_path / "new" / "schema").iterdir()}
    committed = {file.name: file.read_text() for file in (ROOT / "config/schema").iterdir()}
    assert committed == written, "write them anew: broker schema"


@pytest.mark.parametrize("directory", [ROOT / "config", ROOT / "docker/config", DATA / "good_config"], ids=str)
def test_what_is_right_is_right_for_editors(directory: Path) -> None:
    for kind, document in documents(directory):
        validator(kind).validate(document.data)


def test_the_examples_name_their_schemas() -> None:
    for source in find_sources(ROOT / "config")[0]:
        first = source.path.read_text().partition("\n")[0]
        named = first.removeprefix("# yaml-language-server: $schema=")
        assert (source.path.parent / named).resolve() == ROOT / "config/schema" / f"{source.kind}.json"


def seeded() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every seeded mistake that a file shows by itself: its name, kind and data."""
    for file in FILES:
        text = file.read_text()
        codes = {line.split()[3] for line in text.splitlines() if line.startswith("# finds: ")}
        if file.stem in BEYOND or codes & {*ACROSS, *BEYOND}:
            continue
        place = text.partition("# file: ")[2].split()[0]
        document, findings = read_document(file.name, file.read_bytes())
        if document is not None and not findings:
            yield file.stem, KINDS.get(place.partition("/")[0], "broker"), dict(document.data)


def test_typical_mistakes_are_marked() -> None:
    cases = list(seeded())
    assert len(cases) > 50
    assert [name for name, kind, data in cases if validator(kind).is_valid(data)] == []


def test_keys_are_explained_and_fields_completed() -> None:
    schema = json.loads(schemas()["organization.json"])
    row = schema["$defs"]["AttributeRow"]["properties"]
    assert "graph.jobTitle" in json.dumps(row["from"])
    assert "job_title" in schema["$defs"]["Federation"]["properties"]["attributes"]["propertyNames"]["enum"]
    assert all("description" in key for each in schema["$defs"].values() for key in each["properties"].values())
