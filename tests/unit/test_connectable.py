"""Which organisation may be connected, and which domains a directory proves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.connectable import DomainNotOwned, proved_domains, require_connectable
from broker.errors import NotAllowed
from broker.upstream.onboarding import TenantFacts
from tests.support.people import AEGEAN, HELIOS, TENANT_A, FixedOrganizations

OPEN = replace(AEGEAN, connection=None)


def facts(*domains: str) -> TenantFacts:
    return TenantFacts(TENANT_A, "Aegean Foods", domains, frozenset(d for d in domains if "onmicrosoft" in d))


@pytest.mark.parametrize(
    ("organization", "explanation"),
    [
        (AEGEAN, "already_enforced"),
        (replace(AEGEAN, is_declared=True), "connection_declared"),
        (replace(OPEN, is_declared=True), "connection_declared"),
        (replace(OPEN, plan="standard"), "plan_not_enterprise"),
    ],
)
def test_each_reason_why_not_has_its_own_sentence(organization: object, explanation: str) -> None:
    with pytest.raises(NotAllowed) as caught:
        require_connectable(FixedOrganizations((organization,)), "aegean-foods")  # type: ignore[arg-type]  # parametrized
    assert caught.value.explanation == explanation


def test_an_organization_that_is_open_and_on_the_plan_may() -> None:
    known = FixedOrganizations((OPEN, HELIOS))
    assert require_connectable(known, "aegean-foods") == OPEN
    with pytest.raises(NotAllowed):
        require_connectable(known, "nobody")


def test_every_domain_must_be_the_directorys() -> None:
    both = replace(OPEN, domains=("aegeanfoods.example", "aegean.example"))
    known = FixedOrganizations((both, HELIOS))
    assert (
        proved_domains(both, facts("aegean.example", "aegeanfoods.example", "more.example"), [], known) == both.domains
    )
    with pytest.raises(DomainNotOwned) as caught:
        proved_domains(both, facts("aegean.example", "sub.aegeanfoods.example"), [], known)
    assert caught.value.domains == ("aegeanfoods.example",)


def test_what_was_claimed_is_proved_along_if_the_directory_owns_it() -> None:
    known = FixedOrganizations((OPEN, HELIOS))
    owned = facts("aegeanfoods.example", "new.example")
    assert proved_domains(OPEN, owned, ["new.example", "other.example"], known) == (
        "aegeanfoods.example",
        "new.example",
    )


def test_whoever_has_none_gets_what_is_free_and_nobodys() -> None:
    bare = replace(OPEN, domains=())
    known = FixedOrganizations((bare, HELIOS))
    owned = facts("aegeanfoods.onmicrosoft.com", "helios-shipping.example", "sub.helios-shipping.example", "gmail.com")
    with pytest.raises(NotAllowed) as caught:
        proved_domains(bare, owned, [], known)
    assert caught.value.explanation == "no_domain"
    more = facts(*owned.verified_domains, "aegeanfoods.example")
    assert proved_domains(bare, more, [], known) == ("aegeanfoods.example",)
