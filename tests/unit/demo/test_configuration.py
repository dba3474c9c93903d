"""broker.demo.configuration"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

from ruamel.yaml import YAML

from broker.demo.configuration import AEGEAN_FOODS, HELIOS_SHIPPING, write_configuration
from broker.federation.model import OrganizationConfig


def _write(directory: Path, broker: Mapping[str, object]) -> None:
    write_configuration(
        directory, broker=broker, organizations=[AEGEAN_FOODS, HELIOS_SHIPPING], relying_parties=[{"client_id": "one"}]
    )


def test_what_is_written_is_read_back_as_it_was_meant(tmp_path: Path) -> None:
    meant = {
        "public_url": "https://localhost:8443",
        "listen": {"port": 8443, "tls": {"certificate": "../tls/a b.pem"}, "behind_proxy": None},
        "words": ["no", "null", "1", "2026-01-01", "true", "~", "", "ναι", "plain word"],
        "marks": ['quo"te', "a: b", "back\\slash", "#", "- x"],
        "flags": [True, False, 7],
        "empty": {},
        "list": [{"kind": "x"}],
    }
    _write(tmp_path, meant)
    assert YAML(typ="safe").load((tmp_path / "broker.yaml").read_text()) == meant


def test_the_two_organisations_fit_the_brokers_typed_model(tmp_path: Path) -> None:
    _write(tmp_path, {})
    for name in ("aegean-foods", "helios-shipping"):
        read = YAML(typ="safe").load((tmp_path / "organizations" / f"{name}.yaml").read_text())
        assert OrganizationConfig.model_validate(read).organization == name


def test_files_of_an_earlier_demonstration_are_taken_away(tmp_path: Path) -> None:
    _write(tmp_path, {})
    (tmp_path / "relying_parties" / "old.yaml").write_text("client_id: old")
    _write(tmp_path, {})
    assert [file.name for file in (tmp_path / "relying_parties").iterdir()] == ["one.yaml"]


def test_only_the_owner_can_read_the_files(tmp_path: Path) -> None:
    _write(tmp_path, {})
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.rglob("*.yaml")} == {0o600}
