"""The break-glass (docs/break-glass.md): who is named, how it is opened, and who comes in through it."""

from __future__ import annotations

from dataclasses import dataclass

from broker.admission import Gate
from broker.clock import Clock
from broker.composition.surroundings import Surroundings
from broker.federation.load import Configuration
from broker.glass.alarm import Alarm
from broker.glass.entry import GlassEntry
from broker.glass.reminding import Reminders
from broker.glass.windows import Windows
from broker.mail import Mailer
from broker.organizations import Organizations
from broker.passkeys import Passkeys
from broker.store.records import Records
from broker.upstream.break_glass.ceremonies import WebAuthnCeremonies
from broker.upstream.break_glass.connector import BreakGlassConnector


@dataclass(frozen=True, slots=True)
class Glass:
    """All of it, as an application has it."""

    windows: Windows
    entry: GlassEntry
    connector: BreakGlassConnector
    reminders: Reminders


def glass_windows(
    configuration: Configuration, organizations: Organizations, records: Records, mailer: Mailer, clock: Clock
) -> Windows:
    """The break-glass as an operator has it: who is named, and opening it."""
    return Windows(
        organizations=organizations,
        federations=records.federations,
        credentials=records.credentials,
        directory=records.directory,
        audit=records.audit,
        alarm=_alarm(configuration, organizations, records, mailer),
        clock=clock,
    )


def break_glass(
    configuration: Configuration, organizations: Organizations, gate: Gate, around: Surroundings, mailer: Mailer
) -> Glass:
    """The break-glass as people have it: passkeys, the way in, and the letters that ask for a rehearsal."""
    records, public_url = around.records, configuration.broker.public_url
    windows = glass_windows(configuration, organizations, records, mailer, around.clock)
    alarm = _alarm(configuration, organizations, records, mailer)
    ceremonies = WebAuthnCeremonies(public_url)
    entry = GlassEntry(
        windows=windows,
        passkeys=Passkeys(ceremonies, records.credentials, around.state, around.clock, around.entropy),
        gate=gate,
        organizations=organizations,
        credentials=records.credentials,
        directory=records.directory,
        audit=records.audit,
        alarm=alarm,
        state=around.state,
        clock=around.clock,
        entropy=around.entropy,
    )
    reminders = Reminders(
        windows=windows,
        organizations=organizations,
        audit=records.audit,
        alarm=alarm,
        state=around.state,
        clock=around.clock,
    )
    connector = BreakGlassConnector(entry, records.directory, public_url=public_url)
    return Glass(windows, entry, connector, reminders)


def _alarm(
    configuration: Configuration, organizations: Organizations, records: Records, mailer: Mailer
) -> Alarm:
    settings = configuration.broker
    return Alarm(
        mailer=mailer,
        directory=records.directory,
        organizations=organizations,
        public_url=settings.public_url,
        default_language=settings.default_language,
    )
