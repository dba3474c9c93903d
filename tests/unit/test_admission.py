"""The one gate, rule by rule, each refusal with its positive twin."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from broker import entry_rules
from broker.admission import Admission, Evidence
from broker.errors import NotAllowed, SsoRequired
from broker.identity import CONSUMER_TENANT, Account, Authentication, Stamp, Subject
from broker.organizations import BREAK_GLASS, BreakGlass, Connection, Organization
from tests.support.people import (
    AEGEAN,
    ELENI,
    HELIOS,
    LOCAL,
    NOW,
    TENANT_B,
    FixedOrganizations,
    account,
    authentication,
    fixed_gate,
)

gate = fixed_gate()


def admit(
    evidence: Authentication, known: Account | None = None, scope: tuple[str, ...] | None = None
) -> Admission:
    return gate.admit(Evidence.fresh(evidence, known, scope))


def test_a_person_of_the_bound_tenant_is_admitted_before_and_after_the_account_exists() -> None:
    assert admit(authentication()).account_id is None
    assert admit(authentication(), account()).account_id == account().id


def test_nobody_else_can_make_an_admission() -> None:
    with pytest.raises(TypeError):
        Admission("aegean-foods", "entra:aegean-foods", ELENI, None, Stamp(0, 0), ())
    with pytest.raises(TypeError):
        Admission("aegean-foods", "entra:aegean-foods", ELENI, None, Stamp(0, 0), (), object())


def test_an_admission_cannot_be_turned_into_another_one() -> None:
    granted = admit(authentication())
    with pytest.raises(AttributeError):
        granted.organization = "helios-shipping"  # type: ignore[misc]  # the point of the test
    with pytest.raises((TypeError, ValueError)):
        replace(granted, organization="helios-shipping")


def test_the_enforcement_rule_stands_first_and_cannot_be_configured_away() -> None:
    assert entry_rules.RULES[0] is entry_rules.enforcement
    assert "enforce" not in " ".join(Organization.__slots__)


def test_a_federated_organisation_is_entered_through_its_own_connection_only() -> None:
    with pytest.raises(SsoRequired):
        admit(authentication(connection="password"), account())
    with pytest.raises(SsoRequired):
        admit(authentication(connection="entra:helios-shipping"), account())


def test_a_subject_of_another_tenant_is_refused_even_through_the_right_connection() -> None:
    other = Subject.entra(TENANT_B, ELENI.identifier)
    with pytest.raises(SsoRequired):
        admit(authentication(subject=other))


@pytest.mark.parametrize(
    "address",
    [
        "eleni.markou@aegeanfoods.example",
        "Eleni.Markou@AEGEANFOODS.example.",
        "eleni@mail.aegeanfoods.example",
        "eleni@ａｅｇｅａｎｆｏｏｄｓ.example",
    ],
)
def test_another_organisations_person_with_an_address_of_a_federated_domain_is_refused(address: str) -> None:
    attacker = authentication(
        subject=Subject.entra(TENANT_B, ELENI.identifier),
        connection="entra:helios-shipping",
        organization="helios-shipping",
        email=address,
    )
    with pytest.raises(SsoRequired):
        admit(attacker)
    assert admit(replace(attacker, email="tomas@helios-shipping.example")).organization == "helios-shipping"


def test_the_address_of_the_account_is_judged_as_well_as_that_of_the_answer() -> None:
    local = Account(
        **{
            **{name: getattr(account(), name) for name in Account.__slots__},
            "organization": "corner-shop",
            "email": "eleni@aegeanfoods.example",
        }
    )
    evidence = Evidence("corner-shop", "password", local.subject, None, False, local, None)
    with pytest.raises(SsoRequired):
        gate.admit(evidence)
    free = replace(local, email="eleni@cornershop.example", email_domain="cornershop.example")
    assert gate.admit(replace(evidence, account=free)).organization == LOCAL.name


def test_an_account_of_somebody_else_is_refused() -> None:
    with pytest.raises(NotAllowed):
        admit(authentication(), account(subject=Subject.entra(ELENI.authority, "91fab1d9-0e5f-4b25-8784-d678371b6f47")))
    with pytest.raises((NotAllowed, SsoRequired)):
        admit(authentication(), account(organization="helios-shipping"))


def test_guests_come_in_only_where_the_organisation_says_so() -> None:
    with pytest.raises(NotAllowed, match="guest"):
        admit(authentication(is_guest=True))
    open_gate = fixed_gate(FixedOrganizations([replace(AEGEAN, guests_admitted=True)]))
    assert open_gate.admit(Evidence.fresh(authentication(is_guest=True), None, None))


def test_personal_accounts_never_come_in() -> None:
    personal = Subject.entra(CONSUMER_TENANT, ELENI.identifier)
    bound = Connection("entra:aegean-foods", "entra-oidc", "entra", "aegean-foods", CONSUMER_TENANT)
    gate = fixed_gate(FixedOrganizations([replace(AEGEAN, connection=bound)]))
    with pytest.raises(NotAllowed, match="personal"):
        gate.admit(Evidence.fresh(authentication(subject=personal), None, None))


def test_a_deactivated_account_stays_out() -> None:
    with pytest.raises(NotAllowed, match="disabled"):
        admit(authentication(), account(active=False))


def test_an_application_signs_in_people_of_its_organisations_only() -> None:
    with pytest.raises(NotAllowed, match="tenant"):
        admit(authentication(), account(), scope=("helios-shipping",))
    assert admit(authentication(), account(), scope=("aegean-foods", "helios-shipping"))


def test_an_organisation_that_is_not_configured_admits_nobody() -> None:
    with pytest.raises(NotAllowed):
        fixed_gate(FixedOrganizations([HELIOS])).admit(Evidence.fresh(authentication(), None, None))


def test_a_rule_that_cannot_be_decided_refuses() -> None:
    class Broken(FixedOrganizations):
        def owning_domain(self, domain: str) -> Organization | None:
            raise RuntimeError(domain)

    with pytest.raises(NotAllowed, match="rule_error"):
        fixed_gate(Broken()).admit(Evidence.fresh(authentication(), None, None))


def standing(stamp: Stamp, known: Account, organization: Organization = AEGEAN) -> Admission:
    evidence = Evidence.standing(known, "entra:aegean-foods", stamp, None)
    return fixed_gate(FixedOrganizations([organization])).admit(evidence)


def test_what_was_given_out_in_an_earlier_epoch_of_the_organisation_opens_nothing() -> None:
    later = replace(AEGEAN, epoch=3)
    assert standing(Stamp(3, 0), account(), later).stamp == Stamp(3, 0)
    for other in (Stamp(2, 0), Stamp(4, 0)):
        with pytest.raises(NotAllowed, match="old_session"):
            standing(other, account(), later)


def test_what_was_given_out_before_the_person_was_ended_opens_nothing() -> None:
    assert standing(Stamp(0, 7), account(epoch=7)).stamp == Stamp(0, 7)
    with pytest.raises(NotAllowed, match="ended"):
        standing(Stamp(0, 6), account(epoch=7))


def test_a_fresh_sign_in_after_an_ending_is_stamped_with_the_epochs_of_now() -> None:
    gate = fixed_gate(FixedOrganizations([replace(AEGEAN, epoch=2)]))
    assert gate.admit(Evidence.fresh(authentication(), account(epoch=5), None)).stamp == Stamp(2, 5)


def through_the_glass(glass: BreakGlass | None, known: Account | None = None) -> Admission:
    gate = fixed_gate(FixedOrganizations([replace(AEGEAN, break_glass=glass), HELIOS]))
    known = known or account()
    opened_at = glass.opened_at if glass else None
    return gate.admit(Evidence.standing(known, BREAK_GLASS, Stamp(0, 0, opened_at), None))


def test_the_break_glass_lets_in_its_named_people_while_its_window_is_open_and_nobody_else() -> None:
    people, open_at, close_at = (account().id,), NOW - timedelta(minutes=1), NOW + timedelta(minutes=1)
    assert through_the_glass(BreakGlass(people, open_at, close_at)).connection == BREAK_GLASS
    for shut in (
        None,
        BreakGlass(people),
        BreakGlass((), open_at, close_at),
        BreakGlass(("somebody-else",), open_at, close_at),
        BreakGlass(people, open_at, NOW),
        BreakGlass(people, NOW + timedelta(seconds=1), close_at),
    ):
        with pytest.raises(SsoRequired):
            through_the_glass(shut)


def test_what_one_opening_of_the_break_glass_gave_out_is_void_in_the_next() -> None:
    glass = BreakGlass((account().id,), NOW - timedelta(minutes=1), NOW + timedelta(minutes=1))
    gate = fixed_gate(FixedOrganizations([replace(AEGEAN, break_glass=glass)]))
    granted = gate.admit(Evidence.standing(account(), BREAK_GLASS, Stamp(0, 0, glass.opened_at), None))
    assert granted.stamp == Stamp(0, 0, glass.opened_at)
    assert granted.until == glass.closes_at
    for stamp in (Stamp(0, 0), Stamp(0, 0, NOW - timedelta(minutes=2))):
        with pytest.raises(NotAllowed, match="old_window"):
            gate.admit(Evidence.standing(account(), BREAK_GLASS, stamp, None))
    with pytest.raises(NotAllowed, match="old_window"):
        gate.admit(Evidence.standing(account(), "entra:aegean-foods", Stamp(0, 0, glass.opened_at), None))


def test_the_break_glass_opens_nothing_where_nothing_is_closed() -> None:
    glass = BreakGlass((account().id,), NOW - timedelta(minutes=1), NOW + timedelta(minutes=1))
    gate = fixed_gate(FixedOrganizations([replace(AEGEAN, connection=None, break_glass=glass)]))
    with pytest.raises(SsoRequired):
        gate.admit(Evidence.knocking(account(), BREAK_GLASS))


def test_the_break_glass_of_one_organisation_is_no_way_into_another() -> None:
    glass = BreakGlass((account().id,), NOW - timedelta(minutes=1), NOW + timedelta(minutes=1))
    with pytest.raises(SsoRequired):
        through_the_glass(glass, account(organization="helios-shipping"))
    with pytest.raises(SsoRequired):
        through_the_glass(glass, account(email="eleni@helios-shipping.example", email_domain="helios-shipping.example"))


def test_an_address_alone_is_judged_by_its_domain() -> None:
    for address in ("anybody@aegeanfoods.example", "x@Mail.AEGEANFOODS.example.", "x+y@ａｅｇｅａｎｆｏｏｄｓ.example"):
        with pytest.raises(SsoRequired):
            gate.require_open(address)
    gate.require_open("anybody@cornershop.example")
    gate.require_open("anybody@nobody-knows.example")
    with pytest.raises(ValueError):
        gate.require_open("no address")
