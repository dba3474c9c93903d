"""CF-02: of two equal keys neither wins silently, in whichever section or map they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.federation.load import ConfigurationRejected, load
from tests.support.configurations import ENVIRON, good_configuration

GROUP = "0d6c8f8f-5b61-4a3c-9a4e-0f6c1d2b3a49"


@pytest.mark.parametrize(
    ("name", "line", "again"),
    [
        ("organizations/aegean-foods.yaml", "  guests: refuse", "  guests: admit"),
        ("organizations/aegean-foods.yaml", "      that: \"claims.method == 'mfa'\"", '      that: "true"'),
        ("relying_parties/connect.yaml", "pkce: required", "pkce: optional"),
        ("claim_rules/corporate.yaml", f'    "{GROUP}": administrator', f"    '{GROUP}': editor"),
        ("broker.yaml", "  allowed_private_addresses: [10.30.0.0/16]", "  allowed_private_addresses: [10.0.0.0/8]"),
    ],
)
def test_cf_02_the_second_is_told_with_the_line_of_the_first(
    tmp_path: Path, name: str, line: str, again: str
) -> None:
    directory = good_configuration(tmp_path / "config")
    file = directory / name
    text = file.read_text()
    assert text.count(line + "\n") == 1
    file.write_text(text.replace(line + "\n", f"{line}\n{again}\n"))
    first = text[: text.index(line)].count("\n") + 1
    with pytest.raises(ConfigurationRejected) as rejection:
        load(directory, environ=ENVIRON)
    assert [(f.file, f.line, f.code) for f in rejection.value.findings] == [(str(file), first + 1, "duplicate")]
    assert f"the first time in line {first}" in rejection.value.findings[0].sentence
