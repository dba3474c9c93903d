"""``broker rules test`` and ``broker explain --sample``: rules applied without a store, a network or a secret."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from broker.cli import main
from tests.support.configurations import good_configuration

ADMINISTRATORS = "0d6c8f8f-5b61-4a3c-9a4e-0f6c1d2b3a49"
BOARD = "2d6c8f8f-5b61-4a3c-9a4e-0f6c1d2b3a49"
SAMPLE = f"""
    sample:
      organization: aegean-foods
      claims: {{email: eleni@aegeanfoods.example, name: Eleni Markou, acct: 0, city: Athens, method: mfa}}
      groups: [{ADMINISTRATORS}]
      acr: "urn:pobuca:acr:directory"
      graph: {{department: Sales}}"""
GOOD = f"""expectations:
  - name: An administrator{SAMPLE}
    expect:
      attributes: {{work_city: ATHENS, department: Sales}}
      empty: [office]
      claims:
        - {{application: connect, target: id_token, gives: {{roles: [administrator]}}, withholds: [department]}}
        - {{application: connect, gives: {{department: Sales}}}}
  - name: A guest
    sample: {{organization: aegean-foods, claims: {{acct: 1}}}}
    expect: {{outcome: guests_not_allowed, rule: members-only}}
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    config = good_configuration(tmp_path / "config")
    (config / "claim_rules/tests").mkdir()
    expecting(config, GOOD)
    return config


def expecting(directory: Path, text: str) -> None:
    (directory / "claim_rules/tests/staff.yaml").write_text(text, "utf-8")


def broker(*arguments: object) -> Result:
    # None of the secrets that the configuration names is there.
    return CliRunner().invoke(main, [str(argument) for argument in arguments], env={})


def test_expectations_that_hold_end_with_0(directory: Path) -> None:
    result = broker("rules", "test", "--config", directory)
    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == ["ok      An administrator", "ok      A guest", "2 expectations, none failed."]


@pytest.mark.parametrize(
    ("change", "line", "sentence"),
    [
        (("ATHENS", "Athens"), 10, 'work_city is "ATHENS" (from rule organizations/aegean-foods.yaml:'),
        (("[office]", "[department]"), 11, 'department is "Sales" (from graph.department), expected nothing'),
        (
            ("[administrator]", "[editor]"),
            13,
            'connect gets ["administrator"] as roles in id_token, expected ["editor"]',
        ),
        (("withholds: [department]", "withholds: [roles]"), 13, 'connect gets ["administrator"] as roles in id_token'),
        (
            ("department: Sales}}", "department: Sales, no: 1}}"),
            14,
            "connect gets nothing as no in userinfo, expected 1",
        ),
        (("method: mfa", "method: pwd"), 9, "the outcome is with_mfa (by with-mfa, "),
        (("rule: members-only", "rule: with-mfa"), 17, "it is refused by members-only, "),
        (("application: connect, gives", "application: conect, gives"), 14, "there is no application conect"),
    ],
)
def test_one_that_does_not_hold_is_told_in_its_place_and_ends_with_1(
    directory: Path, change: tuple[str, str], line: int, sentence: str
) -> None:
    assert change[0] in GOOD
    expecting(directory, GOOD.replace(*change, 1))
    result = broker("rules", "test", "--config", directory)
    assert result.exit_code == 1
    (told,) = [each for each in result.output.splitlines() if each.startswith(str(directory))]
    assert told.startswith(f"{directory}/claim_rules/tests/staff.yaml:{line}:")
    assert sentence in told
    assert result.output.endswith("2 expectations, 1 failed.\n")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("gives:", "givs:"), "unknown key 'givs' in item 1 of claims, did you mean gives"),
        (
            ("graph: {department: Sales}", "graph: {departement: S}"),
            "graph has no departement, did you mean department",
        ),
        (("rule: members-only", "attributes: {office: A}"), "attributes has no meaning for somebody who is refused"),
        (
            ("expect: {outcome", "expected: {outcome"),
            "unknown key 'expected' in item 2 of expectations, did you mean expect",
        ),
    ],
)
def test_a_mistyped_expectation_is_none_that_holds(directory: Path, change: tuple[str, str], told: str) -> None:
    expecting(directory, GOOD.replace(*change, 1))
    result = broker("rules", "test", "--config", directory)
    assert result.exit_code == 1
    assert told in result.output


def test_without_expectations_or_a_directory_it_ends_with_2(directory: Path, tmp_path: Path) -> None:
    assert broker("rules", "test", "--config", tmp_path / "nowhere").exit_code == 2
    shutil.rmtree(directory / "claim_rules/tests")
    result = broker("rules", "test", "--config", directory)
    assert result.exit_code == 2
    assert "There are no expectations" in result.output


def test_a_changed_rule_shows_as_a_difference_of_claims(directory: Path, tmp_path: Path) -> None:
    live = tmp_path / "live"
    shutil.copytree(directory, live)
    rules = directory / "claim_rules/corporate.yaml"
    rules.write_text(rules.read_text().replace("value: account.department", "value: upper(account.department)"))
    own = directory / "organizations/aegean-foods.yaml"
    own.write_text(own.read_text().replace(BOARD, ADMINISTRATORS))
    result = broker("rules", "test", "--config", directory, "--against", live)
    assert "    decision: admitted → board_elsewhere (by not-the-board, " in result.output
    own.write_text(own.read_text().replace(f"'{ADMINISTRATORS}' in", f"'{BOARD}' in"))
    result = broker("rules", "test", "--config", directory, "--against", live, "--json")
    answer = json.loads(result.output)
    assert [each["changes"] for each in answer["results"]] == [
        [{"what": "connect userinfo department", "old": '"Sales"', "new": '"SALES"'}],
        [],
    ]
    same = broker("rules", "test", "--config", live, "--against", live)
    assert "Nothing is different for these samples." in same.output


CLAIMS: dict[str, Any] = {
    "tid": "5b5e363c-6ca9-4f41-8070-9565fe497145",
    "oid": "ddf3fc9b-9383-4d9f-bb1c-122bf6d836c8",
    "name": "Eleni Markou",
    "email": "eleni@aegeanfoods.example",
    "acct": 0,
    "city": "Athens",
    "method": "mfa",
    "groups": [ADMINISTRATORS],
}


def explained(directory: Path, file: Path, content: object, *more: str) -> Result:
    file.write_text(json.dumps(content), "utf-8")
    return broker("explain", "--sample", file, "--config", directory, *more)


def test_the_bare_claims_of_an_id_token_are_a_sample(directory: Path, tmp_path: Path) -> None:
    result = explained(directory, tmp_path / "claims.json", CLAIMS)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == "Would be admitted."
    text = " ".join(result.output.split())
    assert "passed rule members-only" in text
    assert "claim_rules/corporate.yaml:5:11" in text
    assert "!upstream.is_guest upstream.is_guest: false" in text
    assert 'roles = ["administrator"]' in text
    assert 'work_city = "ATHENS" (from rule organizations/aegean-foods.yaml:' in text


def test_a_refusal_says_which_rule_of_which_file(directory: Path, tmp_path: Path) -> None:
    result = explained(directory, tmp_path / "claims.json", {**CLAIMS, "acct": 1}, "--json")
    answer = json.loads(result.output)
    assert (answer["decision"], answer["rule"]) == ("guests_not_allowed", "members-only")
    assert answer["place"].endswith("claim_rules/corporate.yaml:5:11")
    assert answer["claims"] == {}
    rule_0 = explained(
        directory,
        tmp_path / "claims.json",
        {"organization": "aegean-foods", "claims": {**CLAIMS, "tid": "705bad33-ba4a-40ee-8ef9-2eb1e60b7b83"}},
        "--json",
    )
    assert json.loads(rule_0.output)["decision"] == "enforcement"


def test_an_exported_sign_in_is_a_sample(directory: Path, tmp_path: Path) -> None:
    first = explained(directory, tmp_path / "claims.json", CLAIMS, "--json")
    assert first.exit_code == 0
    from broker.claims.facts import Facts
    from tests.support.people import authentication

    facts = Facts.of(authentication(groups=(ADMINISTRATORS,), claims={"city": "Chania", "method": "mfa"})).as_json()
    sample = {"facts": facts, "profile": {"graph.mail": "eleni@aegeanfoods.example"}, "application": "connect"}
    result = explained(directory, tmp_path / "exported.json", {"sign_in": "ABCD-EFGH", "sample": sample}, "--json")
    answer = json.loads(result.output)
    assert answer["decision"] == "admitted", answer
    assert answer["claims"].keys() == {"connect"}
    assert answer["attributes"]["work_city"]["value"] == "CHANIA"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ([], "a sample is an object"),
        ({"a": 1}, "this is neither a sample nor the claims of an ID token"),
        ({"claims": {"tid": "705bad33-ba4a-40ee-8ef9-2eb1e60b7b83"}}, "whose person it is nobody knows"),
        ({"claims": {}, "organisation": "x"}, "organisation: "),
        ({"sample": {"facts": {"a": 1}}}, "facts have other members"),
        ({"organization": "aegean-foods", "claims": {}, "graph": {"x": "y"}}, "graph has no x"),
    ],
)
def test_what_is_no_sample_is_told(directory: Path, tmp_path: Path, content: object, told: str) -> None:
    result = explained(directory, tmp_path / "claims.json", content)
    assert result.exit_code == 1
    assert told in result.output


def test_a_file_that_is_no_json_and_an_id_beside_a_sample_are_refused(directory: Path, tmp_path: Path) -> None:
    broken = tmp_path / "claims.json"
    broken.write_text('{"a": 1, "a": 2}')
    assert broker("explain", "--sample", broken, "--config", directory).exit_code == 1
    assert broker("explain", "--sample", tmp_path / "none.json", "--config", directory).exit_code == 1
    assert broker("explain", "ABCD-EFGH", "--sample", broken, "--config", directory).exit_code == 2
    assert broker("explain", "--config", directory).exit_code == 2
