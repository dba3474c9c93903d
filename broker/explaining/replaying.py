"""Applies the rules of a configuration to what was once said of somebody, without signing anybody in.

The same parts decide as at a sign-in: the ``require`` rules, the one gate with rule 0 at its head, the mapping of the
profile, the ``admit`` rules, and for each application what it would be told. Nothing is read from a store, nothing is
written, and the admission that the gate gives goes no further than this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from broker import tracing
from broker.admission import Gate
from broker.claims.facts import Facts, fields_of, require_values
from broker.claims.judging import judge
from broker.claims.rules import Target
from broker.clock import ManualClock
from broker.errors import BrokerError
from broker.evidence import Evidence
from broker.identity import Account, Profile, Subject
from broker.location import Location
from broker.organizations import BREAK_GLASS, PASSWORD, Organization, Organizations
from broker.provisioning.mapping import fills_again, is_verified, map_profile, with_fills
from broker.tracing import Step

ADMITTED: Final = "admitted"
TARGETS: Final[tuple[Target, ...]] = ("id_token", "userinfo", "access_token")

# A replay is of no time: nothing that it asks depends on one, but for a break-glass, which is shut.
_MOMENT: Final = datetime(2000, 1, 1, tzinfo=UTC)
_NOBODY: Final = "00000000-0000-4000-8000-000000000000"
_CORE: Final = frozenset({"email", "first_name", "last_name", "display_name", "role"})


@dataclass(frozen=True, slots=True)
class Sample:
    """What was said of somebody. ``profile``: source name (``graph.jobTitle``) to text. ``fields``: those of the
    account as it was before, None for somebody who has none yet. ``application``: the only one to look at, None for
    all.
    """

    facts: Facts
    profile: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] | None = None
    application: str | None = None

    @classmethod
    def recorded(cls, kept: Mapping[str, Any]) -> Sample:
        """From what was remembered of a sign-in; raises ``ValueError`` if that is not enough to apply rules to."""
        facts, profile, fields = kept.get("facts"), kept.get("profile"), kept.get("fields")
        if not isinstance(facts, Mapping):
            raise ValueError("it is not known what the directory said")
        if not (profile is None or _is_texts(profile)) or not (fields is None or _is_texts(fields)):
            raise ValueError("the profile and the fields are texts by their names")
        application = kept.get("application")
        return cls(
            Facts.from_json(facts),
            dict(profile or {}),
            dict(fields) if fields is not None else None,
            application if isinstance(application, str) and application else None,
        )


@dataclass(frozen=True, slots=True)
class Application:
    """One that would get claims. ``organizations``: whose people it signs in, None for all."""

    client_id: str
    organizations: tuple[str, ...] | None = None


Told = Callable[[str, Target, Account, Organization, Facts], Mapping[str, Any]]
"""What an application is told in one place, by its ``client_id``; raises ``BrokerError``."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What would become of it.

    ``decision``: ``admitted``, or the log word of the refusal; ``rule`` and ``place`` are of who refused, the latter
    None for what is built in. ``fields`` and ``sources``: the account as it would be, and where its values come from.
    ``claims``: by application, target and name. ``refused``: applications that would get no answer, with the reason.
    """

    decision: str
    detail: str = ""
    rule: str = ""
    place: Location | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[tuple[str, Target, str], Any] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()


class Replaying:
    """Applies one configuration to any number of samples."""

    def __init__(self, organizations: Organizations, applications: Sequence[Application], told: Told) -> None:
        self._organizations = organizations
        self._applications = applications
        self._told = told
        self._gate = Gate(organizations, ManualClock(_MOMENT))

    def replay(self, sample: Sample) -> Replay:
        """What would become of a sample."""
        with tracing.apart() as record:
            try:
                account = self._admitted(sample)
            except BrokerError as error:
                return _refusal(error, record.steps)
            except ValueError as error:
                return Replay("sample", str(error), steps=tuple(record.steps))
            claims: dict[tuple[str, Target, str], Any] = {}
            refused: dict[str, str] = {}
            for application in self._asked(sample):
                try:
                    claims |= self._claims(application, account, sample.facts)
                except BrokerError as error:
                    refused[application.client_id] = f"{error.reason}: {error.detail}"
            return Replay(
                ADMITTED,
                fields=fields_of(account),
                sources=account.attribute_sources,
                claims=claims,
                refused=refused,
                steps=tuple(record.steps),
            )

    def _admitted(self, sample: Sample) -> Account:
        """In the order of a sign-in: what was said, who may come in at all, what the account would be, and again."""
        facts = sample.facts
        organization = self._organizations.get(facts.organization)
        subject = Subject("replay", facts.tenant_id, facts.object_id)
        rules = organization.rules.require if organization is not None else ()
        if rules and facts.connection not in (PASSWORD, BREAK_GLASS):
            judge("require", rules, require_values(facts))
        heard = Evidence(
            facts.organization,
            facts.connection,
            subject,
            facts.email or None,
            facts.is_guest,
            None,
            None,
            facts=facts,
            required=rules,
        )
        self._gate.admit(heard)
        if organization is None:  # The gate has said so already.
            raise ValueError(facts.organization)
        account = _account(sample, organization, subject)
        self._gate.admit(replace(heard, email=account.email, fields=fields_of(account)))
        return account

    def _asked(self, sample: Sample) -> Iterator[Application]:
        for application in self._applications:
            chosen = sample.application in (None, application.client_id)
            allowed = application.organizations
            if chosen and (allowed is None or sample.facts.organization in allowed):
                yield application

    def _claims(self, application: Application, account: Account, facts: Facts) -> dict[tuple[str, Target, str], Any]:
        organization = self._organizations.get(account.organization)
        if organization is None:
            return {}
        return {
            (application.client_id, target, name): value
            for target in TARGETS
            for name, value in self._told(application.client_id, target, account, organization, facts).items()
        }


def _account(sample: Sample, organization: Organization, subject: Subject) -> Account:
    """The account as the sign-in leaves it."""
    profile, facts, kept = Profile(sample.profile), sample.facts, sample.fields
    if kept is None:
        mapped = map_profile(profile, facts, organization)
        return Account(
            id=_NOBODY,
            organization=organization.name,
            subject=subject,
            email=mapped.email,
            email_domain=mapped.email_domain,
            email_verified=mapped.email_verified,
            first_name=mapped.first_name,
            last_name=mapped.last_name,
            display_name=mapped.display_name,
            role=organization.default_role,
            created_at=_MOMENT,
            attributes=mapped.attributes,
            attribute_sources=mapped.sources,
        )
    email = kept.get("email")
    domain = email.rpartition("@")[2].lower() if email else None
    account = Account(
        id=_NOBODY,
        organization=organization.name,
        subject=subject,
        email=email,
        email_domain=domain,
        email_verified=bool(email and domain) and is_verified(email or "", domain or "", facts, organization),
        first_name=kept.get("first_name", ""),
        last_name=kept.get("last_name", ""),
        display_name=kept.get("display_name", ""),
        role=kept.get("role", organization.default_role),
        created_at=_MOMENT,
        attributes={name: value for name, value in kept.items() if name not in _CORE},
        attribute_sources=dict.fromkeys(kept, "the account"),
    )
    fills = fills_again(profile, facts, organization, account)
    sources = {**account.attribute_sources, **{name: fill.source for name, fill in fills.items() if fill.value}}
    return replace(with_fills(account, fills), attribute_sources=sources)


def _refusal(error: BrokerError, steps: Sequence[Step]) -> Replay:
    """Who refused is the last one that is not passed; a built-in check stands in the broker and not in a file."""
    against = next((step for step in reversed(steps) if step.outcome in ("refused", "failed")), None)
    rule = against.name if against is not None else ""
    place = against.location if against is not None and against.kind == "rule" else None
    return Replay(error.reason, error.detail, rule, place, steps=tuple(steps))


def _is_texts(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(name, str) and isinstance(text, str) for name, text in value.items()
    )
