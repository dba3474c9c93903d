"""CF-01: a file that would grow, nest or build objects is refused where it stands, and nothing of it is carried out."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from broker.federation.documents import MAX_BYTES
from broker.federation.load import ConfigurationRejected, load
from tests.support.configurations import ENVIRON, good_configuration

BOMBS = {
    "aliases": "a: &a [x, x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}, *{a}]\n" for a, b in pairwise("abcdefgh")),
    "merge keys": "a: &a {x: y}\nb: {<<: *a}\n",
    "nesting": "a: " + "{b: " * 60 + "c" + "}" * 60 + "\n",
    "lists in lists": "a: " + "[" * 50_000 + "\n",
    "an object": "organization: !!python/object/apply:os.system ['touch pwned']\n",
    "a tag of one's own": "%TAG ! tag:example.com,2026:\n---\norganization: !boom x\n",
    "documents": "organization: a\n---\n" * 1000,
    "size": "#" * (MAX_BYTES + 1),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_cf_01_a_bomb_is_refused(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    directory = good_configuration(tmp_path / "config")
    file = directory / "claim_rules/bomb.yaml"
    file.write_text(BOMBS[name])
    with pytest.raises(ConfigurationRejected) as rejection:
        load(directory, environ=ENVIRON)
    of_file = [finding for finding in rejection.value.findings if finding.file == str(file)]
    assert "yaml" in {finding.code for finding in of_file}
    assert not (tmp_path / "pwned").exists()
