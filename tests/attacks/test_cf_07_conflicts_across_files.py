"""CF-07: what is right in each file and wrong in all of them together is told, with the place of the other one."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.federation.load import ConfigurationRejected, load
from tests.support.configurations import ENVIRON, good_configuration
from tests.support.people import TENANT_A

CUSTOMER, PARTY, RULES = "organizations/other.yaml", "relying_parties/other.yaml", "claim_rules/other.yaml"
TEXTS = {
    CUSTOMER: (
        "organization: {name}\ndisplay_name: Other\nplan: enterprise\ndomains: [{domain}]\n"
        "federation:\n  connection: {{kind: entra-oidc, tenant_id: {tenant}}}\n"
    ),
    PARTY: (
        "client_id: {client}\ndisplay_name: Other\nredirect_uris: [https://other.example/callback]\n"
        "client_secret: env:REPORTS_CLIENT_SECRET\nclaim_rules: [{rules}]\n"
    ),
    RULES: "claim_rules: {set}\nrequire: [{{name: one, that: upstream.email_verified}}]\nmaps: {{{map}: {{a: b}}}}\n",
}
RIGHT = {
    "name": "other",
    "domain": "other.example",
    "tenant": "705bad33-ba4a-40ee-8ef9-2eb1e60b7b83",
    "client": "other",
    "rules": "corporate",
    "set": "other",
    "map": "other",
}


@pytest.mark.parametrize(
    ("file", "wrong", "line", "told"),
    [
        (CUSTOMER, {"name": "aegean-foods"}, 1, "aegean-foods.yaml:1"),
        (CUSTOMER, {"domain": "Aegean.Example."}, 4, "aegean-foods.yaml:4"),
        (CUSTOMER, {"domain": "x.aegean.example"}, 4, "aegean-foods.yaml:4"),
        (CUSTOMER, {"tenant": TENANT_A.upper()}, 6, "aegean-foods.yaml:9"),
        (PARTY, {"client": "connect"}, 1, "connect.yaml:1"),
        (PARTY, {"rules": "corporat"}, 5, "did you mean corporate"),
        (RULES, {"set": "corporate"}, 1, "corporate.yaml:1"),
        (RULES, {"map": "app-roles"}, 3, "corporate.yaml:21"),
    ],
)
def test_cf_07_the_second_is_refused(
    tmp_path: Path, file: str, wrong: dict[str, str], line: int, told: str
) -> None:
    directory = good_configuration(tmp_path / "config")
    (directory / file).write_text(TEXTS[file].format(**{**RIGHT, **wrong}))
    with pytest.raises(ConfigurationRejected) as rejection:
        load(directory, environ=ENVIRON)
    errors = [finding for finding in rejection.value.findings if finding.severity == "error"]
    assert {(finding.code, Path(finding.file).name) for finding in errors} == {("conflict", "other.yaml")}
    assert any(told in finding.sentence and finding.line == line for finding in errors)
