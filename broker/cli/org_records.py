"""``broker org create``, ``list`` and ``plan``: organisations as records."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import click
from pydantic import TypeAdapter, ValidationError

from broker.addresses import canonical_address
from broker.cli.loading import config_option
from broker.cli.org_acting import (
    OPERATOR,
    Acting,
    ChangedMeanwhile,
    Refused,
    acting,
    carry_out,
    count,
    dry_run_option,
    json_option,
    tell_json,
)
from broker.cli.org_domains import tell_challenge
from broker.federation.findings import printable
from broker.federation.values import DisplayName, Name
from broker.organizations import ENTERPRISE, Organization
from broker.store.federations import OrganizationRecord, Recorded

_PLANS: Final = click.Choice(("enterprise", "standard"))


@dataclass(frozen=True, slots=True)
class _Wanted:
    record: OrganizationRecord
    domains: tuple[str, ...]
    vouched: bool
    administrator: str | None


@click.command("create")
@config_option
@click.option("--display-name", required=True, help="The name that people see.")
@click.option("--plan", type=_PLANS, required=True, help="Federation needs the Enterprise plan.")
@click.option("--language", type=click.Choice(("en", "el")), help="Language of accounts of which none is known.")
@click.option("--domain", "domains", multiple=True, help="An e-mail domain of the organization; may be repeated.")
@click.option("--vouch", is_flag=True, help="You know that the domains are theirs: no proof by DNS is asked for.")
@click.option("--administrator", help="The e-mail address of the first administrator, who is invited.")
@dry_run_option
@click.argument("name")
def create(
    directory: Path,
    display_name: str,
    plan: str,
    language: str | None,
    domains: tuple[str, ...],
    vouch: bool,
    administrator: str | None,
    dry_run: bool,
    name: str,
) -> None:
    """Record a new organization.

    Each domain is claimed, and the TXT record that proves it is printed; `broker org domain verify` looks for it. Said
    again with the same words, it goes on where it stopped.
    """
    _require(Name, name, "NAME", "lower-case letters, digits and inner hyphens, 64 at most")
    _require(DisplayName, display_name, "--display-name", "text of 1 to 120 characters")
    if vouch and not domains:
        raise click.UsageError("--vouch is about --domain, and there is none")
    with acting(directory) as act, act.alone(name):
        record = OrganizationRecord(name, display_name, plan, language, act.now())
        wanted = _Wanted(record, _checked_domains(act, name, domains), vouch, _address(administrator))
        is_new = _require_new(act, record)
        carry_out(_sentences(wanted, is_new), partial(_create, act, wanted, is_new), dry_run=dry_run)


def _require(kind: Any, value: str, parameter: str, words: str) -> None:
    try:
        TypeAdapter(kind).validate_python(value, strict=True)
    except ValidationError as error:
        raise click.BadParameter(f"{printable(value)} is not {words}", param_hint=parameter) from error


def _checked_domains(act: Acting, name: str, domains: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(act.domains.checked(name, domain) for domain in domains))


def _address(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return str(canonical_address(text))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--administrator") from error


def _require_new(act: Acting, record: OrganizationRecord) -> bool:
    """True if it is to be made; False if the same one was made before."""
    if (file := act.file_of(record.name)) is not None:
        raise Refused(f"{record.name} is declared in {file}: change that file")
    recorded = act.recorded(record.name).organization
    if recorded is None:
        return True
    same = (recorded.display_name, recorded.plan, recorded.language)
    if same != (record.display_name, record.plan, record.language):
        raise Refused(f"there is an organization {record.name} already, with other words: see `broker org show`")
    return False


def _sentences(wanted: _Wanted, is_new: bool) -> list[str]:
    record = wanted.record
    made = [f"record the organization {record.name} ({record.display_name}), plan {record.plan}"] if is_new else []
    how = "record on your word" if wanted.vouched else "claim, to be proved by DNS,"
    invited = [f"invite {wanted.administrator} as its first administrator"] if wanted.administrator else []
    return [*made, *(f"{how} the domain {domain}" for domain in wanted.domains), *invited]


def _create(act: Acting, wanted: _Wanted, is_new: bool) -> None:
    record = wanted.record
    if is_new:
        try:
            act.federations.create_organization(record)
        except ValueError as error:
            raise ChangedMeanwhile(f"somebody else has just made {record.name}") from error
        act.note("organization_created", record.name, plan=record.plan)
    click.echo(printable(f"{record.name} ({record.display_name}) is {'recorded' if is_new else 'there'}."))
    for domain in wanted.domains:
        if wanted.vouched:
            act.domains.vouch(record.name, domain, OPERATOR)
            click.echo(printable(f"{domain} is theirs on your word."))
        else:
            tell_challenge(act.domains.claim(record.name, domain, OPERATOR))
    act.remember()
    if wanted.administrator is not None:
        from broker.cli.org_people import invite

        invite(act, record.name, wanted.administrator)


@click.command("list")
@config_option
@json_option
def list_organizations(directory: Path, as_json: bool) -> None:
    """List the organizations, from files and from records, by name."""
    with acting(directory) as act:
        recorded = {each.name: each for each in act.federations.changes(0).organizations}
        known = sorted(act.organizations.current().all(), key=lambda each: each.name)
        rows = [_row(act, organization, recorded.get(organization.name)) for organization in known]
        # A file that was taken away leaves what was enforced enforced; it must not vanish from sight.
        orphans = sorted(set(recorded) - {organization.name for organization in known})
        rows += [_orphan(recorded[name]) for name in orphans if _is_enforced(recorded[name])]
    if as_json:
        tell_json({"organizations": rows})
        return
    for row in rows:
        domains = ", ".join(row["domains"]) or "-"
        click.echo(printable(f"{row['name']}  {row['plan'] or '-':<10}  {row['state']:<12}  {domains}"))
    click.echo(f"{count(len(rows), 'organization')}.")


def state_of(organization: Organization, recorded: Recorded | None) -> str:
    """One word for how far its federation is: ``password``, ``connected``, ``tested``, ``enforced``."""
    if organization.connection is not None:
        return "enforced"
    federation = recorded.federation if recorded is not None else None
    return federation.stage if federation is not None and federation.stage in ("connected", "tested") else "password"


def _row(act: Acting, organization: Organization, recorded: Recorded | None) -> dict[str, Any]:
    return {
        "name": organization.name,
        "display_name": organization.display_name,
        "plan": organization.plan,
        "state": state_of(organization, recorded),
        "domains": list(organization.domains),
        "from": "file" if act.file_of(organization.name) is not None else "record",
    }


def _orphan(recorded: Recorded) -> dict[str, Any]:
    domains = [record.domain for record in recorded.domains]
    named = {"name": recorded.name, "display_name": None, "plan": None}
    return {**named, "state": "enforced", "domains": domains, "from": "nothing"}


def _is_enforced(recorded: Recorded) -> bool:
    return recorded.federation is not None and recorded.federation.stage == "enforced"


@click.command("plan")
@config_option
@dry_run_option
@click.argument("name")
@click.argument("new_plan", metavar="PLAN", type=_PLANS)
def plan(directory: Path, dry_run: bool, name: str, new_plan: str) -> None:
    """Change the plan of an organization: enterprise or standard."""
    with acting(directory) as act, act.alone(name):
        organization = act.organization(name)
        if (file := act.file_of(name)) is not None:
            raise Refused(f"{name} is declared in {file}: change the plan there")
        if organization.plan == new_plan:
            click.echo(f"{name} is on the plan {new_plan} already.")
            return
        if new_plan != ENTERPRISE and state_of(organization, act.recorded(name)) != "password":
            raise Refused(f"{name} is connected with its directory, which needs enterprise: disconnect it first")
        carry_out(
            [f"put {name} from the plan {organization.plan} to {new_plan}"],
            partial(_set_plan, act, organization, new_plan),
            dry_run=dry_run,
        )


def _set_plan(act: Acting, organization: Organization, new_plan: str) -> None:
    if not act.federations.update_organization(organization.name, plan=new_plan):
        raise ChangedMeanwhile(f"there is no record of {organization.name} any more")
    act.note("plan_changed", organization.name, before=organization.plan, after=new_plan)
    click.echo(f"{organization.name} is on the plan {new_plan}.")
