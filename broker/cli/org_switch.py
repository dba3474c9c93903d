"""``broker org enforce``, ``disconnect`` and ``end-sessions``: what takes effect on everybody at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import click

from broker.cli.loading import config_option
from broker.cli.org_acting import (
    OPERATOR,
    Acting,
    ChangedMeanwhile,
    Refused,
    acting,
    ask_for_name,
    carry_out,
    count,
    dry_run_option,
    written,
    yes_option,
)
from broker.cli.org_flows import switching
from broker.cli.org_people import people
from broker.federating import Federating, Preview
from broker.federation.findings import printable
from broker.organizations import ENTERPRISE
from broker.store.audit import Entry
from broker.store.federations import Federation, Recorded, TestSignIn

_REASON_AT_MOST: Final = 200


@click.command("enforce")
@config_option
@dry_run_option
@yes_option
@click.argument("name")
def enforce(directory: Path, dry_run: bool, yes: bool, name: str) -> None:
    """Close every way in to the organization NAME but its directory.

    Needs a connection whose test sign-in has been done. From the moment this returns, every password, app password,
    invitation, reset link, session and token of the organization's people opens nothing, on every running broker. Its
    administrators get a letter.
    """
    with acting(directory) as act:
        organization, recorded = act.organization(name), act.recorded(name)
        if organization.connection is not None:
            click.echo(f"{name} is enforced already.")
            return
        if organization.plan != ENTERPRISE:
            raise Refused(f"{name} is on the plan {organization.plan}, and federation needs enterprise")
        federation, test = _tested(recorded)
        with switching(act, f"{name} cannot be enforced") as switch:
            sentences = _consequences(switch.preview(organization), federation)
            if not dry_run:
                _ask(sentences, name, f"The test sign-in was done at {written(test.at)}.", yes=yes)
            with act.alone(name):
                _require_unchanged(act, federation)
                carry_out(sentences, partial(_enforce, act, switch, name), dry_run=dry_run)


def _tested(recorded: Recorded) -> tuple[Federation, TestSignIn]:
    federation = recorded.federation
    if federation is None or federation.stage not in ("connected", "tested"):
        raise Refused(f"{recorded.name} is not connected: `broker org connect {recorded.name}` comes first")
    if federation.stage != "tested" or federation.test is None:
        raise Refused(f"nobody has done the test sign-in of {recorded.name} yet: `broker org test {recorded.name}`")
    return federation, federation.test


def _consequences(preview: Preview, federation: Federation) -> list[str]:
    held, consent = preview.holdings, federation.consent
    tenant = f"{consent.tenant_name}, {federation.tenant_id}" if consent is not None else federation.tenant_id
    deleted = f"delete {count(held.passwords, 'password')} and {count(held.app_passwords, 'app password')}"
    return [
        f"bind {federation.organization} to the tenant {tenant}",
        f"let {count(held.people, 'person', 'people')} in with Microsoft only",
        f"end {count(preview.sessions, 'session')}, so that all of them sign in again",
        f"{deleted}, and cancel {count(held.invitations, 'open invitation')}",
        f"let nobody with an address of {', '.join(preview.domains) or 'no domain'} in by another way",
    ]


def _enforce(act: Acting, switch: Federating, name: str) -> None:
    switch.enforce_by_operator(name)
    act.remember()
    click.echo(f"{name} is enforced: its people sign in with Microsoft, and in no other way.")


def _ask(sentences: Sequence[str], name: str, question: str, *, yes: bool) -> None:
    for sentence in sentences:
        click.echo(printable(f"This will {sentence}."))
    ask_for_name(name, question, yes=yes)


def _require_unchanged(act: Acting, shown: Federation) -> None:
    """What is carried out is what was shown and agreed to."""
    if act.recorded(shown.organization).federation != shown:
        raise ChangedMeanwhile(
            f"somebody else has just changed {shown.organization}: look with `broker org show {shown.organization}`"
        )


@click.command("disconnect")
@config_option
@click.option("--reason", required=True, help="Why, for the audit trail; no names of people.")
@dry_run_option
@yes_option
@click.argument("name")
def disconnect(directory: Path, reason: str, dry_run: bool, yes: bool, name: str) -> None:
    """End the federation of the organization NAME, at once.

    Its people are signed out and cannot sign in with Microsoft any more. Nobody has a password afterwards: each one
    sets a new one by the link *Forgot your password?*, if their account has an address to sign in with. Its
    administrators get a letter.
    """
    _require_reason(reason)
    with acting(directory) as act:
        federation = _connected(act, name)
        sentences = [
            f"end the federation of {name} with the tenant {federation.tenant_id} (stage {federation.stage})",
            "sign everybody of it out" if federation.stage == "enforced" else "change nothing for its people",
        ]
        if not dry_run:
            _ask(sentences, name, "From then on its directory does not decide any more who is let in.", yes=yes)
        with switching(act, f"{name} cannot be disconnected") as switch, act.alone(name):
            _require_unchanged(act, federation)
            carry_out(sentences, partial(_disconnect, act, switch, name, reason.strip()), dry_run=dry_run)


def _require_reason(reason: str) -> None:
    if len(reason) > _REASON_AT_MOST or not reason.strip():
        raise click.BadParameter(f"has 1 to {_REASON_AT_MOST} characters", param_hint="--reason")


def _connected(act: Acting, name: str) -> Federation:
    federation = act.recorded(name).federation
    if federation is None or federation.stage == "disconnected":
        act.organization(name)
        raise Refused(f"{name} is not connected")
    organization = act.organizations.current().get(name)
    if organization is not None and organization.is_declared:
        raise Refused(
            f"{name} is federated by its file, {act.file_of(name)}: take the connection out of it, start the broker "
            "again, and then disconnect; until then it stays enforced"
        )
    return federation


def _disconnect(act: Acting, switch: Federating, name: str, reason: str) -> None:
    switch.disconnect_by_operator(name, reason)
    act.remember()
    click.echo(f"{name} is disconnected.")


@click.command("end-sessions")
@config_option
@click.option("--reason", default="operator", show_default=True, help="A word or two for the audit trail; no names.")
@dry_run_option
@yes_option
@click.argument("name")
def end_sessions(directory: Path, reason: str, dry_run: bool, yes: bool, name: str) -> None:
    """Sign everybody of the organization NAME out: no session and no token of before opens anything.

    They can sign in again at once. Each account is ended by itself; if the command is stopped, say it again.
    """
    _require_reason(reason)
    with acting(directory) as act:
        act.organization(name)
        concerned = [account.id for account in people(act, name)]
        sentences = [f"sign {count(len(concerned), 'person', 'people')} of {name} out"]
        if not dry_run:
            ask_for_name(name, f"This will {sentences[0]}.", yes=yes)
        with act.alone(name):
            carry_out(sentences, partial(_end, act, name, concerned, reason.strip()), dry_run=dry_run)


def _end(act: Acting, name: str, concerned: list[str], reason: str) -> None:
    ended = 0
    for account_id in concerned:
        now = act.now()
        ending = act.around.records.standings.end_account(account_id, reason, now)
        if ending is None:
            continue
        # The id tells the broker that carries the ending out that this stands in the trail already.
        detail = {"reason": reason, "ending": ending.id, "ended_at": now.isoformat(timespec="milliseconds")}
        act.around.records.audit.add(Entry("account_ended", name, OPERATOR, now, account_id, detail))
        ended += 1
    act.remember()
    click.echo(f"{count(ended, 'person', 'people')} of {name} {'is' if ended == 1 else 'are'} signed out.")
