"""The one gate: who is let in, and the only place that can say so (DESIGN section 3, threats G5).

Opening or resuming a session and minting or reporting on a token each take an ``Admission``. Its constructor refuses
anyone but ``Gate.admit``. The rules are a list in order; the first is the enforcement rule, and configuration has no
word that switches it off. The last are those that the organisation has written itself: they close, and open nothing
that one before them has closed. An error inside a rule refuses.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from datetime import datetime
from typing import Final

from broker import tracing
from broker.addresses import canonical_address
from broker.claims.facts import Facts, require_values
from broker.claims.judging import judge
from broker.clock import Clock
from broker.entry_rules import RULES, Bench, Rule, enforcement, glass_used, organization_rules
from broker.errors import BrokerError, LoginFailed, NotAllowed, RuleRefused, SsoRequired
from broker.evidence import Evidence, FactsMemory, Heard, NothingRemembered
from broker.identity import Authentication, Stamp, Subject
from broker.location import Location
from broker.organizations import BREAK_GLASS, PASSWORD, Organization, Organizations

__all__ = ["RULES", "Admission", "Evidence", "Gate", "Heard"]

_SEAL: Final = object()


@dataclass(frozen=True, slots=True)
class Admission:
    """The proof that the rules let this identity in. ``passed`` names the rules, in their order.

    ``stamp``: the epochs that the rules saw. What is given out on this admission carries it, and is void when one of
    them has risen meanwhile. ``until``: when it ends at the latest, where the way in is open for a time only.
    ``is_complete``: False when the organisation has rules on the account and nobody knew its fields yet. On such an
    admission nothing is written.
    """

    organization: str
    connection: str
    subject: Subject
    account_id: str | None
    stamp: Stamp
    passed: tuple[str, ...]
    # Not a field: what is no field is not copied by ``dataclasses.replace``, so no admission grows out of another.
    seal: InitVar[object] = None
    until: datetime | None = None
    is_complete: bool = True

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("only Gate.admit makes an Admission")


_GROUP: Final = "gate"


def _noted(
    rule: Rule, outcome: tracing.Outcome, detail: str = "", evidence: Evidence | None = None
) -> tracing.Step:
    """Where a built-in rule is written is the line of its function. ``evidence``: of what rule 0 judged."""
    location = Location("broker/entry_rules.py", rule.__code__.co_firstlineno, 1)
    inputs = {}
    if evidence is not None and rule is enforcement:
        inputs = {
            "organization": evidence.organization,
            "connection": evidence.connection,
            "tenant_id": evidence.subject.authority,
        }
    return tracing.Step("check", _GROUP, rule.__name__, outcome, location, inputs=inputs, detail=detail)


# What the organisation's own rules found is noted rule by rule, where they are judged.
_PASSED: Final = tuple(_noted(rule, "passed") for rule in RULES if rule is not organization_rules)


class Gate:
    """Applies the rules to evidence, and rule 0 to an address of which no account is known."""

    def __init__(self, organizations: Organizations, clock: Clock, memory: FactsMemory | None = None) -> None:
        self._organizations = organizations
        self._clock = clock
        self._memory = memory or NothingRemembered()

    def hear(self, authentication: Authentication) -> Heard:
        """What an upstream said, judged by the organisation's ``require`` rules before any account is looked for.

        Raises ``NotAllowed`` or ``LoginFailed``; ``admit`` judges whatever has not been here.
        """
        organization = self._organization(authentication.organization)[0]
        rules = organization.rules.require if authentication.connection not in (PASSWORD, BREAK_GLASS) else ()
        try:
            facts = Facts.of(authentication)
            if tracing.is_recording():
                tracing.remember(facts=facts.as_json())
            if rules:
                judge("require", rules, require_values(facts))
        except BrokerError:
            raise
        except Exception as error:  # Fail closed, as below.
            raise NotAllowed("rule_error", f"require: {type(error).__name__}") from error
        return Heard(authentication, facts, rules)

    def admit(self, evidence: Evidence) -> Admission:
        """The admission of this evidence; raises ``SsoRequired`` or ``NotAllowed`` when a rule says no.

        And ``DirectoryUnavailable`` when nobody can tell whether the rules of before still hold.
        """
        organization, organizations = self._organization(evidence.organization)
        bench = Bench(organization, organizations, self._clock.now(), self._memory)
        is_first = tracing.lacks(_GROUP)
        for number, rule in enumerate(RULES):
            try:
                rule(evidence, bench)
            except BrokerError as error:
                tracing.remember(organization=organization.name)
                _note_refusal(rule, error, evidence)
                raise
            except Exception as error:  # Fail closed: a rule that cannot be decided refuses (threats G1, CR-04).
                tracing.note(_noted(rule, "failed", type(error).__name__))
                raise NotAllowed("rule_error", f"{rule.__name__}: {type(error).__name__}") from error
            if is_first and rule is enforcement:
                tracing.note(_noted(rule, "passed", evidence=evidence))
            elif is_first and number < len(_PASSED):
                tracing.note(_PASSED[number])
        account, glass = evidence.account, glass_used(evidence, organization)
        known = account is not None or evidence.fields is not None
        return Admission(
            organization.name,
            evidence.connection,
            evidence.subject,
            account.id if account else None,
            Stamp(organization.epoch, account.epoch if account else 0, glass.opened_at if glass else None),
            tuple(rule.__name__ for rule in RULES),
            _SEAL,
            glass.closes_at if glass else None,
            known or not organization.rules.admit,
        )

    def require_open(self, address: str) -> None:
        """Raises ``SsoRequired`` if the address belongs to a federated organisation, ``ValueError`` if it is none.

        For doors at which somebody knocks with nothing but an address: a password form, a reset, an invitation. By the
        domain alone, so that the answer is the same whether or not there is an account (threats FE-01, FE-11).
        """
        owner = self._organizations.current().owning_domain(canonical_address(address).domain)
        if owner is not None and owner.connection is not None:
            refusal = SsoRequired("enforcement", f"{owner.name} is federated; an address of its domain at another door")
            tracing.remember(organization=owner.name)
            tracing.note(_noted(enforcement, "refused", str(refusal)))
            raise refusal

    def _organization(self, name: str) -> tuple[Organization, Organizations]:
        """The organisation, and the reading that it is of."""
        organizations = self._organizations.current()
        organization = organizations.get(name)
        if organization is None:
            raise NotAllowed("organization", "organisation is not configured", explanation="not_connected")
        return organization, organizations


def _note_refusal(rule: Rule, error: BrokerError, evidence: Evidence) -> None:
    """The one that is not passed; of the organisation's own rules, the one that refused has been noted already."""
    if rule is not organization_rules or not isinstance(error, RuleRefused | LoginFailed):
        tracing.note(_noted(rule, "refused", str(error), evidence))
