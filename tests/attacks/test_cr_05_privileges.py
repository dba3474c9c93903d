"""CR-05: a person gets privileges by what they, or whoever edits profiles, can write."""

from __future__ import annotations

import pytest

from broker.claims import vocabulary
from broker.claims.examining import examine_release
from broker.claims.facts import Facts, admit_values, require_values
from broker.claims.vocabulary import Type
from tests.support.expressions import EDITORS, claim_rule, refused
from tests.support.people import authentication

PRIVILEGES = [
    "roles",
    "role",
    "groups",
    "permissions",
    "is_admin",
    "isAdmin",
    "organization",
    "tenant_id",
    "user-roles",
]
PRIVILEGES += [
    "https://connect.example/claims/roles",
    "cognito:groups",
    "IsSuperuser",
    "app_owner",
    "scp",
    "wids",
    "org_id",
]
ORDINARY = ["department", "nickname", "job_title", "greeting", "cost_centre", "profile", "locale", "office", "theme"]
UNTRUSTED = ["account.display_name", "account.department", "account.email", "identity.email", "identity.email_domain"]
UNTRUSTED += [
    "account['job_title']",
    "account.?office.orValue('')",
    "domain_of(identity.email)",
    "[account.first_name][0]",
]
TRUSTED = ["lookup_all('roles', identity.groups)", "identity.app_roles", "identity.tenant_id", "identity.object_id"]
TRUSTED += ["account.role", "organization.name", "application.client_id", "identity.organization", "'viewer'"]


@pytest.mark.parametrize("claim", PRIVILEGES)
def test_cr_05_a_privilege_comes_from_what_administrators_assign(claim: str) -> None:
    for source in UNTRUSTED:
        (remark,) = examine_release([claim_rule(claim, source)])
        assert remark.code == "source"
        (remark,) = examine_release([claim_rule(claim, "'admin'", f"{source} == 'x'")])
        assert remark.code == "source"
    for source in TRUSTED:
        assert examine_release([claim_rule(claim, source)]) == ()


@pytest.mark.parametrize("claim", ORDINARY)
def test_cr_05_an_ordinary_claim_may_say_what_a_profile_says(claim: str) -> None:
    assert examine_release([claim_rule(claim, "account.department")]) == ()


def test_cr_05_every_text_that_people_write_is_untrusted() -> None:
    for listed in vocabulary.LISTS.values():
        for variable in listed:
            if variable.type in (Type.CLAIMS, Type.FIELDS) or "email" in variable.name.replace("email_verified", ""):
                assert not variable.trusted, variable.name
    assert vocabulary.is_trusted("account.role")
    for name in ("account", "account.roles", "account.display_name", "claims.roles", "nothing", "identity.groups_"):
        assert not vocabulary.is_trusted(name)


@pytest.mark.parametrize(
    "source",
    [
        "'Administrators' in identity.groups",
        "identity.groups.exists(g, g == 'Administrators')",
        "identity.groups.exists(g, g in ['Administrators'])",
        "any_of(identity.groups, ['Administrators'])",
        "common(['Administrators'], identity.groups).size() > 0",
    ],
)
def test_cr_05_a_group_is_named_by_its_id_and_not_by_a_name_that_anybody_can_give(source: str) -> None:
    assert "is no object id" in refused(source, "admit").sentence


def test_cr_05_names_in_place_of_groups_are_not_seen() -> None:
    facts = Facts.of(authentication(groups=("Administrators", EDITORS)))
    assert require_values(facts).variables["upstream.groups"] == (EDITORS,)
    assert admit_values(facts, {}).variables["identity.groups"] == (EDITORS,)


@pytest.mark.parametrize("claim", ["email", "preferred_username", "upn"])
def test_cr_05_what_people_are_known_by_is_the_accounts_address(claim: str) -> None:
    assert examine_release([claim_rule(claim, "lower(account.email)")]) == ()
    for source in ("account.first_name + '@aegeanfoods.example'", "account.department"):
        assert [remark.code for remark in examine_release([claim_rule(claim, source)])] == ["source"]
