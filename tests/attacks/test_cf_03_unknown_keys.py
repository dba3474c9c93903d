"""CF-03: no section of any file takes a key that it does not know; mistyped ones are in ``unit/federation``."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from broker.federation.documents import Document, Path, read_document
from broker.federation.files import find_sources
from broker.federation.schema import ROOTS, sections_under
from broker.federation.sections import validate
from tests.support.configurations import DATA


def sections(value: Any, path: Path = ()) -> Iterator[Path]:
    if isinstance(value, dict):
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        yield from sections(one, (*path, name))


# Mappings whose names an administrator chooses.
OPEN = ("authentication_contexts", "attributes", "maps", "app-roles", "settings", "secrets")


def test_cf_03_every_section_is_closed() -> None:
    assert all(one.model_config["extra"] == "forbid" for root in ROOTS.values() for _, one in sections_under(root))
    tried = 0
    for source in find_sources(DATA / "good_config")[0]:
        document, _ = read_document(source.name, source.path.read_bytes())
        assert document is not None
        for path in sections(document.data):
            if path and path[-1] in OPEN:
                continue
            data = copy.deepcopy(dict(document.data))
            target: Any = data
            for part in path:
                target = target[part]
            target["unheard_of"] = "x"
            changed = Document(source.name, data, document.keys, document.values, document.refused, document.text)
            codes = [finding.code for finding in validate(source.kind, changed).findings]
            assert codes == ["unknown_key"], (source.name, path)
            tried += 1
    assert tried > 30
