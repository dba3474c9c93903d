"""Rules of files become rules that are applied: sets before one's own, and whatever is unused is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.claims.rules import Values
from broker.federation.declared import declared
from broker.federation.documents import read_document
from broker.federation.files import read_all
from broker.federation.findings import Finding
from broker.federation.load import Configuration, ConfigurationRejected, load
from tests.support.configurations import ENVIRON, good_configuration

ADMINISTRATORS = "0d6c8f8f-5b61-4a3c-9a4e-0f6c1d2b3a49"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return good_configuration(tmp_path / "config")


@pytest.fixture
def configuration(directory: Path) -> Configuration:
    return load(directory, environ=ENVIRON)


def told(directory: Path) -> list[Finding]:
    try:
        return list(load(directory, environ=ENVIRON).warnings)
    except ConfigurationRejected as rejection:
        return list(rejection.findings)


def test_the_rules_of_the_sets_stand_before_ones_own(configuration: Configuration) -> None:
    rules = configuration.rules("aegean-foods")
    assert [(rule.name, rule.set_name) for rule in rules.require] == [("members-only", "corporate"), ("with-mfa", None)]
    assert [rule.name for rule in rules.admit] == ["known-groups", "not-the-board"]
    members, with_mfa = rules.require
    assert (members.otherwise, members.messages["en"]) == ("guests_not_allowed", "Guests have no access.")
    assert (with_mfa.otherwise, with_mfa.messages) == ("with_mfa", {})
    assert str(with_mfa.that.location).endswith("organizations/aegean-foods.yaml:15:13")
    assert with_mfa.that.evaluate(Values({"claims": {"method": "mfa"}})) is True


def test_an_organisation_has_its_rules_and_its_table(configuration: Configuration) -> None:
    aegean, shop = declared(configuration)
    assert aegean.rules == configuration.rules("aegean-foods")
    city = aegean.attributes["work_city"]
    assert (city.on, city.sources) == ("always", ())
    assert city.value is not None
    assert city.value.evaluate(Values({"claims": {"city": "Volos"}})) == "VOLOS"
    assert str(city.location).endswith("aegean-foods.yaml:24:7")
    assert (shop.rules.require, shop.rules.admit) == ((), ())


def test_an_application_gets_what_its_sets_and_its_file_release(configuration: Configuration) -> None:
    department, roles, address = configuration.release("connect")
    assert (department.set_name, department.scope, department.to) == ("corporate", "profile", frozenset({"userinfo"}))
    assert (roles.set_name, roles.scope, roles.optional) == (None, "organization", True)
    assert roles.to == {"id_token", "access_token"}
    assert roles.value is not None
    assert roles.value.evaluate(Values({"identity.groups": [ADMINISTRATORS]})) == ["administrator"]
    assert (address.scope, address.value) == ("address", None)
    assert configuration.release("phone.pobuca") == ()


def test_a_reading_of_another_moment_is_what_is_loaded(directory: Path) -> None:
    before = read_all(directory)
    (directory / "organizations/aegean-foods.yaml").write_text("half: wri")
    assert load(directory, environ=ENVIRON, reading=before).rules("aegean-foods").require
    assert read_all(directory) != before


def test_a_set_that_does_nothing_where_it_is_named_is_told(directory: Path) -> None:
    (directory / "claim_rules/only.yaml").write_text(
        "claim_rules: only\nadmit:\n  - {name: verified, that: identity.email_verified}\n"
    )
    file = directory / "relying_parties/phone.yaml"
    file.write_text(file.read_text() + "claim_rules: [only]\n")
    (finding,) = told(directory)
    assert (finding.file, finding.line, finding.code, finding.severity) == (str(file), 6, "unused", "warning")
    assert "has no release" in finding.sentence


def test_claims_for_access_tokens_that_nobody_asks_about_are_told(directory: Path) -> None:
    file = directory / "relying_parties/connect.yaml"
    file.write_text(file.read_text().replace("introspect: true", "introspect: false"))
    (finding,) = told(directory)
    assert (finding.line, finding.column, finding.severity) == (23, 20, "warning")
    assert "no application has introspect: true" in finding.sentence


def test_a_mistake_in_a_set_is_told_once_however_many_name_it(directory: Path) -> None:
    shared = directory / "claim_rules/corporate.yaml"
    shared.write_text(shared.read_text().replace('"!upstream.is_guest"', "upstream.is_guest || true"))
    shop = directory / "organizations/corner-shop.yml"
    shop.write_text(
        shop.read_text().replace("standard", "enterprise")
        + "federation:\n  connection: {kind: entra-oidc, tenant_id: 705bad33-ba4a-40ee-8ef9-2eb1e60b7b83}\n"
        + "  claim_rules: [corporate]\n"
    )
    assert [(finding.file, finding.line) for finding in told(directory)] == [(str(shared), 5)]


def test_a_list_that_costs_too_much_altogether_is_refused(directory: Path) -> None:
    rules = "".join(
        f"    - {{name: r{number}, that: \"!any_of(identity.groups, ['{number:08x}-5b61-4a3c-9a4e-0f6c1d2b3a49'])\"}}\n"
        for number in range(60)
    )
    file = directory / "organizations/aegean-foods.yaml"
    file.write_text(file.read_text().replace("  admit:\n", f"  admit:\n{rules}"))
    assert {finding.code for finding in told(directory)} == {"budget"}


def test_a_map_of_thousands_of_groups_is_read_row_by_row(directory: Path) -> None:
    rows = "".join(f'    "{number:08x}-5b61-4a3c-9a4e-0f6c1d2b3a49": reader\n' for number in range(5000))
    text = f"claim_rules: large\nmaps:\n  readers:\n{rows}"
    (directory / "claim_rules/large.yaml").write_text(text)
    file = directory / "relying_parties/phone.yaml"
    value = "lookup_all('readers', identity.groups)"
    file.write_text(f'{file.read_text()}release:\n  - {{name: one, claim: roles, value: "{value}"}}\n')
    configuration = load(directory, environ=ENVIRON)
    assert configuration.warnings == ()
    (rule,) = configuration.release("phone.pobuca")
    assert rule.value is not None
    assert rule.value.evaluate(Values({"identity.groups": ["00001387-5b61-4a3c-9a4e-0f6c1d2b3a49"]})) == ["reader"]
    document, _ = read_document("large.yaml", text.encode())
    assert document is not None
    assert document.place(("maps", "readers", "00001387-5b61-4a3c-9a4e-0f6c1d2b3a49")) == (5003, 45)
