"""CF-04: what one reader of YAML takes for a number, a date or a truth value is never taken for what is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.federation.load import ConfigurationRejected, load
from tests.support.configurations import ENVIRON, good_configuration

DOUBTFUL = ("012", "1_000", "22:22", "2026-11-21", "0x1F", "1e3", ".5")


@pytest.mark.parametrize(
    ("name", "written", "kept"),
    [
        ("organizations/corner-shop.yml", 'display_name: "Corner Shop"', "display_name: {}"),
        ("claim_rules/corporate.yaml", "administrator", "{}"),
        ("claim_rules/corporate.yaml", "otherwise: guests_not_allowed", "otherwise: {}"),
        ("relying_parties/connect.yaml", "value: \"lookup_all('app-roles', identity.groups)\"", "value: {}"),
    ],
)
def test_cf_04_a_doubtful_value_is_refused_where_text_is_meant(
    tmp_path: Path, name: str, written: str, kept: str
) -> None:
    directory = good_configuration(tmp_path / "config")
    text = (directory / name).read_text()
    for value in DOUBTFUL:
        (directory / name).write_text(text.replace(written, kept.format(value), 1))
        with pytest.raises(ConfigurationRejected) as rejection:
            load(directory, environ=ENVIRON)
        assert next(f.code for f in rejection.value.findings if f.severity == "error") == "type", value


@pytest.mark.parametrize("value", ["no", "off", "'true'", "0", "1"])
def test_cf_04_nothing_but_true_and_false_is_a_truth_value(tmp_path: Path, value: str) -> None:
    directory = good_configuration(tmp_path / "config")
    file = directory / "broker.yaml"
    file.write_text(file.read_text().replace("  enabled: true", f"  enabled: {value}"))
    with pytest.raises(ConfigurationRejected) as rejection:
        load(directory, environ=ENVIRON)
    assert [f.code for f in rejection.value.findings] == ["type"]
