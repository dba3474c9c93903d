"""``broker plan``: what would a changed configuration do?"""

from __future__ import annotations

import os
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from broker import log
from broker.cli.loading import REJECTED, UNREADABLE, config_option
from broker.cli.org_acting import Refused, json_option, tell_json
from broker.cli.plan_telling import plan_as_json, told
from broker.clock import SystemClock
from broker.composition.accepting import require_acceptable
from broker.composition.explaining import recorded_sign_ins
from broker.composition.replaying import replaying
from broker.composition.signing_in import browser_sessions
from broker.composition.surroundings import Surroundings
from broker.federation.files import Reading
from broker.federation.load import Configuration, ConfigurationRejected, ConfigurationUnreadable, load
from broker.planning.affected import counted
from broker.planning.plan import Plan, plan_files
from broker.planning.sign_ins import compare_sign_ins
from broker.reloading.reloader import NotTaken
from broker.reloading.served import served
from broker.store.directory import DirectoryUnavailable
from broker.store.opening import StoreUnsuitable
from broker.store.state import StateUnavailable

CHANGES: Final = 3
_SIGN_INS: Final = 100


@click.command("plan")
@config_option
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    help="The directory to compare with. Left out: what the running broker serves by.",
)
@click.option("--offline", is_flag=True, help="Compare files only: without secrets and stores. Needs --against.")
@click.option(
    "--sign-ins",
    "limit",
    type=click.IntRange(0, 10_000),
    default=_SIGN_INS,
    show_default=True,
    help="To how many recorded sign-ins both are applied.",
)
@json_option
def command(directory: Path, against: Path | None, offline: bool, limit: int, as_json: bool) -> None:
    """Show what a changed configuration would do, before it is live.

    Tells each key that differs, what becomes weaker or stronger, whom it concerns, what needs a restart, and for which
    recorded sign-ins the decision or a claim would be another one. Changes nothing.

    Exit code: 0 if nothing would change, 3 if something would, 1 if the configuration has problems or a running broker
    would refuse it, 2 if there is no directory to read.
    """
    log.configure(SystemClock())
    new = _loaded(directory, follow=not offline)
    old = _present(new, against, offline=offline)
    plan = plan_files(old, new)
    if not offline:
        plan = _with_records(plan, old, new, limit)
    if as_json:
        tell_json(plan_as_json(plan))
    else:
        for line in told(plan):
            click.echo(line)
    if plan.refused:
        sys.exit(REJECTED)
    sys.exit(0 if plan.is_empty else CHANGES)


def _present(new: Configuration, against: Path | None, *, offline: bool) -> Configuration:
    """What is to be compared with."""
    if against is not None:
        return _loaded(against, follow=not offline)
    if offline:
        raise click.UsageError("--offline needs --against, since no store is asked what the broker serves by")
    try:
        with closing(Surroundings.of(new)) as around:
            found = served(around.state)
    except (StateUnavailable, StoreUnsuitable) as error:
        raise Refused(f"the state store cannot be used, name a directory with --against: {error}") from error
    if found is None:
        raise Refused("no running broker has told what it serves by; name a directory with --against")
    return _loaded(found.directory, reading=found.reading)


def _loaded(directory: Path, *, reading: Reading | None = None, follow: bool = True) -> Configuration:
    try:
        return load(directory, environ=os.environ, reading=reading, follow=follow)
    except ConfigurationRejected as rejection:
        for finding in rejection.findings:
            click.echo(str(finding), err=True)
        sys.exit(UNREADABLE if isinstance(rejection, ConfigurationUnreadable) else REJECTED)


def _with_records(plan: Plan, old: Configuration, new: Configuration, limit: int) -> Plan:
    """With what the stores of the running broker know; a plan without it where they do not answer."""
    try:
        with closing(Surroundings.of(old)) as around:
            sessions = browser_sessions(old, around)
            plan = replace(
                plan,
                affected=counted(
                    plan.reach.organizations, around.directory, lambda name: len(sessions.of_organization(name))
                ),
            )
            try:
                require_acceptable(old, new, around.records.federations)
            except NotTaken as refusal:
                plan = replace(plan, refused=refusal.findings)
            recorded = recorded_sign_ins(old, around).recent(limit)
            return replace(plan, sign_ins=compare_sign_ins(recorded, replaying(old), replaying(new)))
    except (DirectoryUnavailable, StateUnavailable, StoreUnsuitable) as error:
        click.echo(f"The stores were not asked, since one cannot be used: {error}", err=True)
        return plan
