"""``broker org domain``: the e-mail domains of an organisation, and how each was proved."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from broker.cli.loading import config_option
from broker.cli.org_acting import (
    OPERATOR,
    Acting,
    Refused,
    acting,
    ask_for_name,
    carry_out,
    count,
    dry_run_option,
    json_option,
    tell_json,
    written,
    yes_option,
)
from broker.domains import Challenge, DomainStanding
from broker.federation.findings import printable


@click.group("domain")
def domain() -> None:
    """Claim, verify, list and drop e-mail domains."""


@domain.command("claim")
@config_option
@json_option
@dry_run_option
@click.argument("name")
@click.argument("claimed", metavar="DOMAIN")
def claim(directory: Path, as_json: bool, dry_run: bool, name: str, claimed: str) -> None:
    """Note that DOMAIN is said to be of the organization NAME, and print the TXT record that proves it."""
    with acting(directory) as act, act.alone(name):
        _require_changeable(act, name, claimed)
        canonical = act.domains.checked(name, claimed)
        work = partial(_claim, act, name, canonical, as_json=as_json)
        carry_out([f"claim the domain {canonical} for {name}"], work, dry_run=dry_run)


def _claim(act: Acting, name: str, claimed: str, *, as_json: bool) -> None:
    challenge = act.domains.claim(name, claimed, OPERATOR)
    if as_json:
        tell_json({"domain": challenge.domain, "name": challenge.name, "type": "TXT", "value": challenge.value})
        return
    tell_challenge(challenge)


def tell_challenge(challenge: Challenge) -> None:
    """Prints what has to be put into the DNS."""
    click.echo(f"{challenge.domain} is claimed. Whoever runs its DNS proves it with this record:")
    click.echo(f"  {challenge.name}.  TXT  {challenge.value}")


@domain.command("verify")
@config_option
@dry_run_option
@click.option("--vouch", is_flag=True, help="You know that the domain is theirs: no record is looked for.")
@click.argument("name")
@click.argument("claimed", metavar="DOMAIN")
def verify(directory: Path, dry_run: bool, vouch: bool, name: str, claimed: str) -> None:
    """Look for the TXT record of DOMAIN, and make the domain the organization's if it is there."""
    with acting(directory) as act, act.alone(name):
        _require_changeable(act, name, claimed)
        canonical = act.domains.checked(name, claimed)
        how = "on your word" if vouch else "if its TXT record is there"
        work = partial(_verify, act, name, canonical, vouch=vouch)
        carry_out([f"make {canonical} a domain of {name}, {how}"], work, dry_run=dry_run)


def _verify(act: Acting, name: str, claimed: str, *, vouch: bool) -> None:
    take = act.domains.vouch if vouch else act.domains.verify
    record = take(name, claimed, OPERATOR)
    act.remember()
    click.echo(f"{record.domain} is a domain of {name} ({'your word' if vouch else 'proved by DNS'}).")


@domain.command("drop")
@config_option
@dry_run_option
@yes_option
@click.argument("name")
@click.argument("dropped", metavar="DOMAIN")
def drop(directory: Path, dry_run: bool, yes: bool, name: str, dropped: str) -> None:
    """Forget that DOMAIN is the organization's, or that it was claimed.

    Its people stay its people, and stay bound to its directory if it is federated. Addresses of the domain mean nothing
    from then on, and another organization may claim it.
    """
    with acting(directory) as act:
        organization = act.organization(name)
        _require_changeable(act, name, dropped)
        standing = next((s for s in act.domains.standings(name) if s.domain == _canonical(dropped)), None)
        if standing is None:
            raise Refused(f"{name} has neither a domain nor a claim {dropped}")
        if not dry_run and organization.connection is not None and standing.proof != "claimed":
            ask_for_name(name, f"{name} is federated, and {standing.domain} one of its domains.", yes=yes)
        with act.alone(name):
            work = partial(_drop, act, name, standing.domain)
            carry_out([f"forget the domain {standing.domain} of {name}"], work, dry_run=dry_run)


def _drop(act: Acting, name: str, dropped: str) -> None:
    if not act.domains.drop(name, dropped, OPERATOR):
        raise Refused(f"{dropped} was dropped already")
    act.remember()
    click.echo(f"{dropped} is not a domain of {name} any more.")


@domain.command("list")
@config_option
@json_option
@click.argument("name")
def list_domains(directory: Path, as_json: bool, name: str) -> None:
    """List the domains and claims of the organization NAME."""
    with acting(directory) as act:
        act.organization(name)
        standings = act.domains.standings(name)
        rows = [domain_row(standing) for standing in standings]
        for row, standing in zip(rows, standings, strict=True):
            if standing.proof in ("claimed", "dns"):
                challenge = act.domains.challenge(name, standing.domain)
                row["txt"] = {"name": challenge.name, "value": challenge.value}
    if as_json:
        tell_json({"domains": rows})
        return
    for standing in standings:
        click.echo(printable(domain_line(standing)))
    click.echo(f"{count(len(rows), 'domain')}.")


def domain_row(standing: DomainStanding) -> dict[str, object]:
    """One domain for ``--json``."""
    return {
        "domain": standing.domain,
        "proof": standing.proof,
        "since": written(standing.since),
        "confirmed_at": written(standing.confirmed_at),
        "lapsed_since": written(standing.lapsed_since),
    }


def domain_line(standing: DomainStanding) -> str:
    """One domain for the eye."""
    if standing.proof == "file":
        return f"{standing.domain}  declared in its file"
    if standing.proof == "claimed":
        return f"{standing.domain}  claimed {written(standing.since)}, not proved: it has no effect yet"
    how = {"dns": "proved by DNS", "entra": "proved by its directory", "operator": "on an operator's word"}
    line = f"{standing.domain}  {how[standing.proof]} {written(standing.since)}, last {written(standing.confirmed_at)}"
    if standing.lapsed_since is not None:
        line += f"; THE DNS RECORD IS GONE since {written(standing.lapsed_since)}"
    return line


def _canonical(text: str) -> str:
    from broker.addresses import canonical_domain

    try:
        return canonical_domain(text)
    except ValueError as error:
        raise Refused(f"{text} is not a domain: {error}") from error


def _require_changeable(act: Acting, name: str, text: str) -> None:
    """What a file declares is changed in the file."""
    organization, canonical = act.organization(name), _canonical(text)
    recorded = {record.domain for record in act.recorded(name).domains}
    if canonical in organization.domains and canonical not in recorded:
        raise Refused(f"{canonical} is declared in {act.file_of(name)}: change that file")
