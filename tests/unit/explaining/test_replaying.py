"""A configuration applied to what was once said of somebody, by the parts that decide at a sign-in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from broker import tracing
from broker.claims.facts import Facts
from broker.claims.rules import AttributeRule, OrganizationRules, Target
from broker.errors import LoginFailed
from broker.explaining.replaying import Application, Replay, Replaying, Sample
from broker.federation.registry import Registry
from broker.identity import Account
from broker.organizations import Organization
from tests.support.expressions import EDITORS, rule
from tests.support.people import AEGEAN, HELIOS, TENANT_B, authentication

FACTS = Facts.of(authentication(groups=(EDITORS,)))
PROFILE = {
    "graph.mail": "eleni.markou@aegeanfoods.example",
    "graph.displayName": "Eleni Markou",
    "graph.jobTitle": "Buyer",
}


def told(
    client_id: str, target: Target, account: Account, organization: Organization, facts: Facts
) -> Mapping[str, Any]:
    if client_id == "broken":
        raise LoginFailed("rule_error", "claim roles, x.yaml:1: a member of a map is not there")
    return {"where": f"{client_id} {target}", "role": account.role, "of": organization.name, "groups": facts.groups}


def replayed(sample: Sample, organization: Organization = AEGEAN) -> Replay:
    applications = [Application("connect"), Application("theirs", ("helios-shipping",)), Application("broken")]
    return Replaying(Registry([organization, HELIOS]), applications, told).replay(sample)


def with_rules(*, require: str | None = None, admit: str | None = None) -> Organization:
    return replace(
        AEGEAN,
        rules=OrganizationRules(
            require=(rule(require, "require", "asked"),) if require else (),
            admit=(rule(admit, "admit", "wanted"),) if admit else (),
        ),
    )


def test_somebody_who_would_be_admitted_gets_an_account_and_claims() -> None:
    replay = replayed(Sample(FACTS, PROFILE))
    assert replay.decision == "admitted"
    assert replay.fields["job_title"] == "Buyer"
    assert replay.sources["job_title"] == "graph.jobTitle"
    assert replay.claims["connect", "id_token", "where"] == "connect id_token"
    assert {key[0] for key in replay.claims} == {"connect"}
    assert replay.refused == {"broken": "rule_error: claim roles, x.yaml:1: a member of a map is not there"}
    assert {step.group for step in replay.steps} >= {"gate", "attributes"}


def test_of_one_application_alone_if_the_sample_names_it() -> None:
    assert replayed(Sample(FACTS, PROFILE, application="connect")).refused == {}


@pytest.mark.parametrize(
    ("sample", "organization", "decision", "by"),
    [
        (Sample(FACTS, PROFILE), with_rules(require="upstream.is_guest"), "refused_here", "asked"),
        (Sample(FACTS, PROFILE), with_rules(admit="account.job_title == 'Chef'"), "refused_here", "wanted"),
        (
            Sample(FACTS, {"graph.mail": PROFILE["graph.mail"]}),
            with_rules(admit="account.job_title == ''"),
            "rule_error",
            "wanted",
        ),
        (
            Sample(replace(FACTS, groups=None), PROFILE),
            with_rules(admit=f"'{EDITORS}' in identity.groups"),
            "rule_error",
            "wanted",
        ),
        (Sample(replace(FACTS, is_guest=True), PROFILE), AEGEAN, "guest", "guests"),
        (Sample(replace(FACTS, tenant_id=TENANT_B), PROFILE), AEGEAN, "enforcement", "enforcement"),
        (Sample(replace(FACTS, organization="nobody"), PROFILE), AEGEAN, "organization", ""),
        (Sample(replace(FACTS, email=""), {"graph.displayName": "Eleni"}), AEGEAN, "profile", ""),
        (Sample(FACTS, {"graph.mail": "eleni@helios-shipping.example"}), AEGEAN, "enforcement", "enforcement"),
    ],
)
def test_who_would_be_refused_is_told_by_whom(
    sample: Sample, organization: Organization, decision: str, by: str
) -> None:
    replay = replayed(sample, organization)
    assert (replay.decision, replay.rule) == (decision, by)
    assert (replay.place is not None) == (by in ("asked", "wanted"))
    assert not replay.claims


def test_an_account_that_is_there_changes_only_where_the_directory_owns_the_field() -> None:
    kept = AttributeRule("department", ("graph.department",), on="always")
    once = AttributeRule("job_title", ("graph.jobTitle",))
    organization = replace(AEGEAN, attributes={**AEGEAN.attributes, "department": kept, "job_title": once})
    before = {
        "email": PROFILE["graph.mail"],
        "first_name": "Eleni",
        "last_name": "Markou",
        "display_name": "E.",
        "role": "owner",
    }
    sample = Sample(
        FACTS, {**PROFILE, "graph.department": "Sales"}, {**before, "job_title": "Chef", "department": "Old"}
    )
    replay = replayed(sample, organization)
    assert replay.fields == {**before, "job_title": "Chef", "department": "Sales"}
    assert replay.sources["department"] == "graph.department"
    assert replay.claims["connect", "userinfo", "role"] == "owner"


def test_a_replay_is_no_part_of_the_request_at_hand() -> None:
    record = tracing.begin()
    replayed(Sample(FACTS, PROFILE))
    assert record.steps == []
    tracing.note(tracing.Step("hop", "upstream", "left", "done"))
    assert len(record.steps) == 1
    tracing.end()


@pytest.mark.parametrize("kept", [{}, {"facts": None}, {"facts": FACTS.as_json(), "profile": {"a": 1}}, {"facts": {}}])
def test_what_was_not_kept_whole_is_no_sample(kept: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Sample.recorded(kept)


def test_what_was_recorded_is_a_sample() -> None:
    kept = {"organization": "aegean-foods", "facts": FACTS.as_json(), "profile": PROFILE, "fields": {"role": "editor"}}
    assert Sample.recorded(kept) == Sample(FACTS, PROFILE, {"role": "editor"}, None)
