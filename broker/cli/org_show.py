"""``broker org show``: everything about one organisation at one glance."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

from broker.cli.loading import config_option
from broker.cli.org_acting import Acting, Refused, acting, json_option, tell_json, written
from broker.cli.org_domains import domain_line, domain_row
from broker.cli.org_people import administrators
from broker.cli.org_records import state_of
from broker.federation.findings import printable
from broker.federation.model import RelyingPartyConfig
from broker.organizations import Organization
from broker.store.federations import Federation, Recorded
from broker.store.standings import Watch

_STATES: Final = {
    "password": "not federated: its people sign in with a Pobuca password",
    "connected": "connected with its directory, not tested, not enforced: its people sign in with a Pobuca password",
    "tested": "connected and tested, not enforced: its people sign in with a Pobuca password",
    "enforced": "enforced: its people sign in with Microsoft, and in no other way",
}
LIMITS: Final = (
    "CardDAV sync is refused, and app passwords with it",
    "co-workers are not invited: whoever the directory lets in has an account at the first sign-in",
    "people from outside are not invited",
    "people are edited, deactivated and removed in the directory, not here",
)
"""What a federated organisation cannot do."""

_DELEGATION: Final = (
    "Every one of them delegates the whole sign-in to the broker; there is no setting that excepts one. An application "
    "that is not listed here is not known to the broker: if it lets these people in by a sign-in of its own, it is an "
    "open door, and has to be closed there."
)


@click.command("show")
@config_option
@json_option
@click.argument("name")
def show(directory: Path, as_json: bool, name: str) -> None:
    """Show everything about one organization.

    Its state and stage, domains with their proof, consent and test, administrators, the watch over its directory, what
    it cannot do while it is federated, and every application that may sign its people in.
    """
    with acting(directory) as act:
        recorded = act.recorded(name)
        organization = act.organizations.current().get(name)
        if organization is None:
            _show_orphan(act, recorded)
            return
        shown = _shown(act, organization, recorded)
        lines = list(_lines(shown, act, organization))
    if as_json:
        tell_json(shown)
        return
    for line in lines:
        click.echo(printable(line))


def _show_orphan(act: Acting, recorded: Recorded) -> None:
    federation = recorded.federation
    if federation is None or federation.stage != "enforced":
        act.organization(recorded.name)
    raise Refused(
        f"{recorded.name} has no file any more and no record of its own; nobody of it can sign in. It stays bound to "
        f"its tenant until the file is back, or `broker org disconnect {recorded.name}`"
    )


def _shown(act: Acting, organization: Organization, recorded: Recorded) -> dict[str, Any]:
    name, state = organization.name, state_of(organization, recorded)
    watch = act.around.records.standings.watch(name)
    outstanding = [each for each in act.around.records.standings.endings() if each.name == name]
    return {
        "name": name,
        "display_name": organization.display_name,
        "plan": organization.plan,
        "from": act.file_of(name) or "record",
        "state": state,
        "federation": _federation(recorded.federation, organization),
        "domains": [domain_row(standing) for standing in act.domains.standings(name)],
        "administrators": [account.id for account in administrators(act, name) if account.active],
        "watch": _watch(watch) if watch is not None else None,
        "endings_outstanding": len(outstanding),
        "break_glass": {
            "people": list(recorded.glass_people),
            "open_until": written(recorded.window.closes_at)
            if recorded.window is not None and recorded.window.closes_at > act.now()
            else None,
        },
        "limits": list(LIMITS) if state == "enforced" else [],
        "applications": [_application(party) for party in act.configuration.relying_parties if _may(party, name)],
        "applications_note": _DELEGATION,
    }


def _federation(federation: Federation | None, organization: Organization) -> dict[str, Any] | None:
    if federation is None:
        return None
    consent, test, end = federation.consent, federation.test, federation.disconnection
    return {
        "stage": federation.stage,
        "declared": organization.is_declared,
        "tenant_id": federation.tenant_id,
        "epoch": federation.epoch,
        "enforced_at": written(federation.enforced_at),
        "enforced_by": federation.enforced_by,
        "consent": {
            "tenant_name": consent.tenant_name,
            "verified_domains": list(consent.verified_domains),
            "by": consent.by_subject,
            "started_by": consent.started_by,
            "scopes": list(consent.scopes),
            "at": written(consent.at),
        }
        if consent is not None
        else None,
        "test": {"object_id": test.object_id, "account": test.account_id, "at": written(test.at)} if test else None,
        "disconnection": {"at": written(end.at), "requested_by": end.requested_by} if end is not None else None,
    }


def _watch(watch: Watch) -> dict[str, Any]:
    return {
        "looked_at": written(watch.looked_at),
        "succeeded_at": written(watch.succeeded_at),
        "trouble": watch.trouble,
        "trouble_since": written(watch.trouble_since),
        "notifications_until": written(watch.subscription_expires_at),
        "delay_seconds": watch.delay_seconds,
        "longest_delay_seconds": watch.longest_delay_seconds,
    }


def _may(party: RelyingPartyConfig, name: str) -> bool:
    return party.organizations is None or name in party.organizations


def _application(party: RelyingPartyConfig) -> dict[str, Any]:
    return {"client_id": party.client_id, "display_name": party.display_name, "delegates_sign_in": True}


def _lines(shown: dict[str, Any], act: Acting, organization: Organization) -> Iterator[str]:
    yield f"{shown['display_name']} ({shown['name']}), plan {shown['plan']}, from {shown['from']}"
    yield f"  {_STATES[shown['state']]}"
    if shown["federation"] is not None:
        yield from _federation_lines(shown["federation"])
    yield "Domains"
    for standing in act.domains.standings(organization.name):
        yield f"  {domain_line(standing)}"
    if not shown["domains"]:
        yield "  none: addresses say nothing about membership"
    yield f"Administrators: {', '.join(shown['administrators']) or 'none'}"
    if shown["watch"] is not None:
        yield from _watch_lines(shown["watch"])
    if shown["endings_outstanding"]:
        yield f"Endings to be carried out by a running broker: {shown['endings_outstanding']}"
    glass = shown["break_glass"]
    if glass["people"]:
        until = f"OPEN until {glass['open_until']}" if glass["open_until"] else "shut"
        yield f"Break-glass: {until}; named: {', '.join(glass['people'])}"
    if shown["limits"]:
        yield "While it is federated"
        yield from (f"  {limit}" for limit in shown["limits"])
    yield "Applications that may sign its people in"
    yield from (f"  {party['client_id']}  {party['display_name']}" for party in shown["applications"])
    if not shown["applications"]:
        yield "  none"
    yield _DELEGATION


def _federation_lines(federation: dict[str, Any]) -> Iterator[str]:
    declared = ", declared in its file" if federation["declared"] else ""
    yield f"  stage {federation['stage']}, epoch {federation['epoch']}, tenant {federation['tenant_id']}{declared}"
    if federation["enforced_at"]:
        yield f"  enforced {federation['enforced_at']} by {federation['enforced_by']}"
    if (consent := federation["consent"]) is not None:
        owned = ", ".join(consent["verified_domains"])
        yield f"  consent of {consent['tenant_name']} ({owned}) on {consent['at']} by {consent['by']}"
    if (test := federation["test"]) is not None:
        yield f"  test sign-in on {test['at']} by {test['object_id']}"
    if (end := federation["disconnection"]) is not None:
        yield f"  WILL BE DISCONNECTED at {end['at']}, as {end['requested_by']} asked"


def _watch_lines(watch: dict[str, Any]) -> Iterator[str]:
    line = f"Directory watch: looked {watch['looked_at'] or 'never'}, succeeded {watch['succeeded_at'] or 'never'}"
    if watch["delay_seconds"] is not None:
        line += f", delay {watch['delay_seconds']:.0f} s (longest {watch['longest_delay_seconds'] or 0:.0f} s)"
    yield line
    if watch["trouble"] is not None:
        yield f"  TROUBLE since {watch['trouble_since']}: {watch['trouble']}"
