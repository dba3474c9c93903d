"""Runs a proof of enforcement: makes the probe and the twin, tries the doors, and takes both away again.

Above the pages, since it speaks to whole applications; the command line and the security page use it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from broker.clock import Clock
from broker.doors import Door, claims_of
from broker.entropy import Entropy
from broker.errors import NotAllowed
from broker.mail import Letter, Mailer
from broker.organizations import Organization, Organizations
from broker.proving.as_if import AsIfNotFederated, MakeReading
from broker.proving.probe import Client, Hashing, ProbeMaker
from broker.proving.proof import Progress, prove
from broker.proving.recipes import RECIPES, Recipe, Scene
from broker.proving.report import Report
from broker.proving.wire import Wire
from broker.store.audit import AuditTrail, ChainedEntry, Entry
from broker.store.probes import Probes
from broker.web.wire import Application, InProcessWire


class KeptLetters:
    """The twin's ``Mailer``: what it would send stays here, and goes with it."""

    def __init__(self) -> None:
        self._letters: list[Letter] = []

    def send(self, letter: Letter) -> None:
        self._letters.append(letter)

    def take(self) -> str:
        """The text of the last letter, once; the empty text if none came since."""
        return self._letters.pop().text if self._letters else ""


class NotRecorded:
    """The twin's ``AuditTrail``: what a twin does is done to nobody."""

    def add(self, entry: Entry) -> ChainedEntry:
        return ChainedEntry(0, entry, "", "")

    def entries(
        self,
        organization: str | None = None,  # noqa: ARG002 - the port's signature
        *,
        after: int = 0,  # noqa: ARG002
        limit: int = 100,  # noqa: ARG002
        account: str | None = None,  # noqa: ARG002
    ) -> Sequence[ChainedEntry]:
        return ()

    def latest(self, organization: str, event: str) -> ChainedEntry | None:  # noqa: ARG002 - the port's signature
        return None

    def first_broken(self) -> int | None:
        return None


CreateTwin = Callable[[Organizations, Mailer], Application]


@dataclass(frozen=True, slots=True)
class ProofPorts:
    """What a proof stands on. ``create_twin`` makes the broker over other organisations and another mailer."""

    organizations: Organizations
    make_reading: MakeReading
    probes: Probes
    audit: AuditTrail
    hashing: Hashing
    clock: Clock
    entropy: Entropy
    create_twin: CreateTwin
    clients: Sequence[Client]
    public_url: str
    authority_host: str


class ProofOfEnforcement:
    """Proves it for one organisation at a time."""

    NAME: Final = "proof_of_enforcement"

    def __init__(self, ports: ProofPorts) -> None:
        self._ports = ports

    def run(
        self,
        name: str,
        *,
        running: Wire | None,
        by: str,
        claimed: Set[str] | None = None,
        recipes: Mapping[str, Recipe] = RECIPES,
        progress: Progress = lambda _: None,
    ) -> Report:
        """The report on the running broker at the end of ``running``, or on the application in this process.

        ``claimed``: the names of the doors that it has, where somebody else asked it; those of its twin otherwise.
        Raises ``NotAllowed`` for an organisation that is not there or has no domain.
        """
        ports = self._ports
        organization = ports.organizations.current().get(name)
        if organization is None:
            raise NotAllowed("organization", "no such organisation", explanation="not_connected")
        if not organization.domains:
            raise NotAllowed("domain", "the organisation has no domain", explanation="no_domain")
        letters = KeptLetters()
        as_if = AsIfNotFederated(ports.organizations, name, ports.make_reading)
        twin = ports.create_twin(as_if, letters)
        here = running or InProcessWire(ports.create_twin(ports.organizations, KeptLetters()), ports.public_url)
        maker = ProbeMaker(ports.probes, ports.clock, ports.entropy, ports.hashing)
        probe = maker.make(organization)
        try:
            scene = Scene(
                probe=probe,
                twin=InProcessWire(twin, ports.public_url),
                clients=tuple(ports.clients),
                letters=letters.take,
                entropy=ports.entropy,
                prefix=urlsplit(ports.public_url).path,
                authority_host=ports.authority_host,
                tenant_id=organization.connection.tenant_id if organization.connection is not None else None,
                glass=_glass(organization, ports.clock),
            )
            report = prove(
                scene,
                here,
                claimed=claimed if claimed is not None else doors_of(twin),
                federated=organization.connection is not None,
                at=ports.clock.now(),
                broker=ports.public_url,
                recipes=recipes,
                progress=progress,
            )
        finally:
            maker.remove(probe)
        self._note(report, by)
        return report

    def _note(self, report: Report, by: str) -> None:
        counts = dict.fromkeys(("shut", "allowed", "open", "untried"), 0)
        for finding in report.findings:
            counts[finding.verdict] += 1
        detail = {"holds": str(report.holds).lower(), **{verdict: str(count) for verdict, count in counts.items()}}
        self._ports.audit.add(Entry("enforcement_proved", report.organization, by, report.at, None, detail))


def doors_of(application: Application) -> frozenset[str]:
    """The names of the doors that an application has."""
    claims = claims_of(application).values()
    return frozenset(name for claim in claims if isinstance(claim, Door) for name in claim.names)


def _glass(organization: Organization, clock: Clock) -> str | None:
    glass = organization.break_glass
    if glass is None or not glass.is_open(clock.now()) or glass.closes_at is None:
        return None
    return f"open until {glass.closes_at.isoformat(timespec='seconds')} for {len(glass.people)} named"
