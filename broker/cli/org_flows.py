"""The flows that the pages use as well, made for one command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from broker.admission import Gate
from broker.cli.org_acting import Acting, ChangedMeanwhile, Refused
from broker.composition.connecting import federating, onboarding
from broker.composition.membership import membership
from broker.errors import BrokerError
from broker.federating import Federating
from broker.mail import Mailer
from broker.mailing.background import BackgroundMailer
from broker.mailing.configured import configured_mailer

# A running broker carries endings out within seconds; what is ended opens nothing meanwhile.
_BY_THE_RUNNING_BROKER = 0


@contextmanager
def refusals(subject: str) -> Iterator[None]:
    """Turns what a flow refuses into the sentence of a command: ``subject`` and why."""
    try:
        yield
    except BrokerError as error:
        kind = ChangedMeanwhile if error.explanation == "changed_meanwhile" else Refused
        raise kind(f"{subject}: {error.detail or error.reason}") from error


def ticket(act: Acting, name: str) -> str:
    """The link for the administrator of the directory."""
    with refusals(f"{name} cannot be connected"):
        return onboarding(act.configuration, act.organizations, act.around).ticket(name)


def invitation(act: Acting, name: str, address: str) -> str:
    """The link for a first, or a further, administrator."""
    gate = Gate(act.organizations, act.around.clock)
    with _mailer(act) as mailer, refusals(f"{address} cannot be invited to {name}"):
        members = membership(act.configuration, act.organizations, gate, act.around, mailer, _nobody_is_signed_out)
        return members.invitations.invite_first_administrator(name, address)


@contextmanager
def switching(act: Acting, subject: str) -> Iterator[Federating]:
    """The switch; letters to the administrators are sent before this ends."""
    with _mailer(act) as mailer, refusals(subject):
        yield federating(act.configuration, act.organizations, act.around, mailer, lambda: _BY_THE_RUNNING_BROKER)


@contextmanager
def _mailer(act: Acting) -> Iterator[Mailer]:
    mailer = configured_mailer(act.configuration, act.around.clock, act.around.entropy)
    try:
        yield mailer
    finally:
        if isinstance(mailer, BackgroundMailer):
            mailer.drain()  # What waits would be lost with this process.


def _nobody_is_signed_out(account_id: str) -> None:
    """An invitation ends nobody's sessions."""
    del account_id
