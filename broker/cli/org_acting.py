"""What every command about organisations stands on: the stores, one operator at a time, the audit trail, exit codes."""

from __future__ import annotations

import getpass
import json
import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from broker import log
from broker.cli.loading import load_or_leave
from broker.clock import SystemClock
from broker.composition.domains import domain_proofs
from broker.composition.surroundings import Surroundings, live_organizations
from broker.dns.records import DnsUnanswered
from broker.domains import DomainRefused, Domains, NotProved
from broker.federation.findings import did_you_mean, printable
from broker.federation.live import LiveOrganizations
from broker.federation.load import Configuration
from broker.organizations import Organization
from broker.store.audit import Entry
from broker.store.directory import DirectoryUnavailable
from broker.store.federations import DomainTaken, Federations, OutOfStep, Recorded
from broker.store.opening import StoreUnsuitable
from broker.store.state import StateUnavailable

OPERATOR: Final = "operator"
_CHANGED_MEANWHILE: Final = 3
_LOCK: Final = "operator_lock"
# A command takes seconds. One that died leaves the organisation to others after this.
_LOCKED_AT_MOST: Final = timedelta(minutes=2)

dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be changed, and change nothing.")
json_option = click.option("--json", "as_json", is_flag=True, help="Write one JSON object and nothing else.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


class Refused(click.ClickException):
    """It was not done; exit code 1."""

    def __init__(self, sentence: str) -> None:
        super().__init__(printable(sentence))


class ChangedMeanwhile(Refused):
    """Somebody else is at it, or was; exit code 3."""

    exit_code = _CHANGED_MEANWHILE


@dataclass(frozen=True, slots=True)
class Acting:
    """One command at work."""

    configuration: Configuration
    around: Surroundings
    organizations: LiveOrganizations

    @property
    def federations(self) -> Federations:
        return self.around.records.federations

    @property
    def domains(self) -> Domains:
        return domain_proofs(self.configuration, self.organizations, self.around)

    def now(self) -> datetime:
        return self.around.clock.now()

    def organization(self, name: str) -> Organization:
        """As the running broker sees it; ends the command if there is none."""
        current = self.organizations.current()
        organization = current.get(name)
        if organization is None:
            known = (each.name for each in current.all())
            raise Refused(f"there is no organization {name}{did_you_mean(name, known)}")
        return organization

    def recorded(self, name: str) -> Recorded:
        return self.federations.recorded(name)

    def file_of(self, name: str) -> str | None:
        """The file that declares an organisation, if one does."""
        if all(config.organization != name for config in self.configuration.organizations):
            return None
        return self.configuration.location("organization", name).file

    def note(self, event: str, organization: str, account: str | None = None, **detail: str) -> None:
        """Writes the change into the audit trail, and remembers outside of the records how far they are."""
        entry = Entry(event, organization, OPERATOR, self.now(), account, detail)
        self.around.records.audit.add(entry)
        self.remember()

    def remember(self) -> None:
        self.around.high_water.see(self.federations.generation())

    @contextmanager
    def alone(self, organization: str) -> Iterator[None]:
        """One operator at a time on one organisation; the other one hears who it is (threats CF-08)."""
        state, mine = self.around.state, _owner(self.now())
        if not state.add_if_absent(_LOCK, organization, mine, _LOCKED_AT_MOST):
            held = json.loads(state.get(_LOCK, organization) or b"{}")
            who, since = held.get("owner", "another operator"), held.get("since", "just now")
            raise ChangedMeanwhile(f"{organization} is being changed by {who} since {since}; try again after that")
        try:
            yield
        finally:
            if state.get(_LOCK, organization) == mine:
                state.delete(_LOCK, organization)


@contextmanager
def acting(directory: Path) -> Iterator[Acting]:
    """The stores of a configuration, opened; whatever keeps the command from its work ends it with a sentence."""
    log.configure(SystemClock())
    configuration = load_or_leave(directory)
    try:
        with closing(Surroundings.of(configuration)) as around:
            yield Acting(configuration, around, live_organizations(configuration, around))
    except (DirectoryUnavailable, StateUnavailable, StoreUnsuitable) as error:
        raise Refused(f"a store cannot be used (has `broker serve` been started once?): {error}") from error
    except OutOfStep as error:
        raise ChangedMeanwhile(
            f"somebody else changed it meanwhile ({error}): look with `broker org show`, and try again"
        ) from error
    except DomainTaken as error:
        raise Refused(str(error) or "the domain belongs to another organization") from error
    except DnsUnanswered as error:
        raise Refused(f"no DNS resolver gave an answer, so nothing is known: {error}") from error
    except (DomainRefused, NotProved) as error:
        raise Refused(str(error)) from error


def carry_out(sentences: Sequence[str], work: Callable[[], None], *, dry_run: bool) -> None:
    """Says what is to be done, and does it unless this is a dry run."""
    if dry_run:
        for sentence in sentences:
            click.echo(printable(f"Would {sentence}"))
        click.echo("Nothing was changed.")
        return
    work()


def ask_for_name(name: str, question: str, *, yes: bool) -> None:
    """Lets the operator type the organisation's name, unless told not to ask; ends the command otherwise."""
    if yes:
        return
    click.echo(printable(question))
    typed = click.prompt("Type the organization's name to go on", default="", show_default=False)
    if typed.strip() != name:
        raise Refused("that is not the name: nothing was changed")


def leave(exit_code: int) -> NoReturn:
    """Ends the command after it has said what there is to say."""
    sys.exit(exit_code)


def tell_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def written(moment: datetime | None) -> str | None:
    """RFC 3339 in seconds, UTC."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment is not None else None


def count(number: int, one: str, many: str = "") -> str:
    return f"{number or 'no'} {one if number == 1 else many or one + 's'}"


def _owner(now: datetime) -> bytes:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # A container whose user has no name.
        user = f"user {os.getuid()}"
    owner = f"{user} on {socket.gethostname()} (process {os.getpid()})"
    return json.dumps({"owner": owner, "since": written(now)}).encode()
