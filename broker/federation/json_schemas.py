"""The shapes of the files as JSON Schemas, by which editors complete, explain and check while a file is written.

They come of the model, say less than ``broker check`` (nothing across files, nothing within expressions), and refuse
nothing that it takes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema

from broker.federation.attributes import BUILT_IN, SOURCES
from broker.federation.documents import read_document
from broker.federation.schema import ROOTS, ItemKind

# The draft that YAML's language server speaks best.
_DRAFT: Final = "http://json-schema.org/draft-07/schema#"
_TITLES: Final[Mapping[ItemKind, str]] = {
    "broker": "The broker itself (broker.yaml)",
    "organization": "A customer (organizations/*.yaml)",
    "relying_party": "An application (relying_parties/*.yaml)",
    "claim_rules": "Claim rules to be shared (claim_rules/*.yaml)",
}


class _WithoutTitles(GenerateJsonSchema):
    """A title made of a key's name says nothing that the key does not."""

    def get_title_from_name(self, name: str) -> str:
        del name
        return ""

    def field_title_should_be_set(self, schema: Any) -> bool:
        del schema
        return False


def schemas() -> Mapping[str, str]:
    """File name to the text of the schema, one for each kind of file."""
    return {f"{kind}.json": _text(kind) for kind in ROOTS}


def _text(kind: ItemKind) -> str:
    body = ROOTS[kind].model_json_schema(by_alias=True, schema_generator=_WithoutTitles)
    _name_the_fields(body)
    schema = {"$schema": _DRAFT, **_plain(body), "title": _TITLES[kind]}
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def _name_the_fields(schema: dict[str, Any]) -> None:
    """What the types leave open and ``conflicts`` knows: the fields of an account, and their sources."""
    definitions = schema.get("$defs", {})
    if "AttributeRow" in definitions:
        definitions["Federation"]["properties"]["attributes"]["propertyNames"] = {"enum": list(BUILT_IN)}
        source = {"type": "string", "enum": list(SOURCES)}
        properties = definitions["AttributeRow"]["properties"]["from"]
        properties["anyOf"] = [source, {"type": "array", "items": source, "minItems": 1}]


def _plain(value: Any) -> Any:
    """Without titles, without the nulls that no file can hold, and with documentation on one line."""
    if isinstance(value, list):
        return [_plain(one) for one in value if one != {"type": "null"}]
    if not isinstance(value, dict):
        return value
    kept = {name: _plain(one) for name, one in value.items() if name not in ("title", "discriminator")}
    if kept.get("default", 0) is None:
        del kept["default"]
    if isinstance(kept.get("description"), str):
        kept["description"] = " ".join(kept["description"].split())
    if isinstance(kept.get("examples"), list):
        kept["examples"] = [_meant(str(one)) for one in kept["examples"]]
    if len(kept.get("anyOf", ())) == 1:
        kept |= kept.pop("anyOf")[0] | {name: kept[name] for name in ("description",) if name in kept}
    return kept


def _meant(example: str) -> Any:
    """The value that an example of the documentation, which is written in YAML, stands for."""
    document, _ = read_document("example", f"value: {example}".encode())
    return document.data["value"] if document is not None else example
