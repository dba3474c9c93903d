"""``broker org administrator``: who administers an organisation."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import click

from broker.addresses import canonical_address
from broker.cli.loading import config_option
from broker.cli.org_acting import (
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
from broker.cli.org_flows import invitation
from broker.federation.findings import printable
from broker.identity import Account
from broker.organizations import ADMINISTRATOR

_PAGE: Final = 200


@click.group("administrator")
def administrator() -> None:
    """Name, list and remove administrators."""


@administrator.command("list")
@config_option
@json_option
@click.argument("name")
def list_administrators(directory: Path, as_json: bool, name: str) -> None:
    """List the administrators of the organization NAME."""
    with acting(directory) as act:
        act.organization(name)
        found = administrators(act, name)
    if as_json:
        rows = [{"id": each.id, "active": each.active, "display_name": each.display_name} for each in found]
        tell_json({"administrators": rows})
        return
    for each in found:
        state = "" if each.active else "  deactivated"
        click.echo(printable(f"{each.id}  {each.display_name} <{each.email}>{state}"))
    click.echo(f"{count(len(found), 'administrator')}.")


@administrator.command("add")
@config_option
@dry_run_option
@click.argument("name")
@click.argument("person", metavar="PERSON")
def add(directory: Path, dry_run: bool, name: str, person: str) -> None:
    """Make PERSON an administrator of the organization NAME.

    PERSON is an account id (`broker accounts list`), or the e-mail address of somebody who signs in with a Pobuca
    password. For an address that nobody has, an invitation is made and its link printed. In a federated organization
    people are known by account id only: they have an account when they have signed in once.
    """
    with acting(directory) as act, act.alone(name):
        act.organization(name)
        account = _account(act, name, person)
        if account is None:
            _require_own_sign_in(act, name)
            work = partial(invite, act, name, person)
            carry_out([f"invite {person} as an administrator of {name}"], work, dry_run=dry_run)
            return
        if account.role == ADMINISTRATOR:
            click.echo(f"{account.id} is an administrator of {name} already.")
            return
        work = partial(_give_role, act, account, ADMINISTRATOR)
        carry_out([f"make {account.id} an administrator of {name}"], work, dry_run=dry_run)


@administrator.command("remove")
@config_option
@dry_run_option
@click.argument("name")
@click.argument("person", metavar="PERSON")
def remove(directory: Path, dry_run: bool, name: str, person: str) -> None:
    """Make PERSON, an administrator of the organization NAME, an ordinary member of it.

    The last one stays: name another one first.
    """
    with acting(directory) as act, act.alone(name):
        organization = act.organization(name)
        account = _account(act, name, person)
        if account is None or account.role != ADMINISTRATOR:
            raise Refused(f"{person} is no administrator of {name}")
        others = [each for each in administrators(act, name) if each.active and each.id != account.id]
        if not others:
            raise Refused(f"{account.id} is the last administrator of {name}: name another one first")
        role = organization.default_role
        work = partial(_give_role, act, account, role)
        carry_out([f"make {account.id} an ordinary member of {name}, with the role {role}"], work, dry_run=dry_run)


def administrators(act: Acting, name: str) -> list[Account]:
    """Whose role it is, deactivated ones too."""
    return [account for account in people(act, name) if account.role == ADMINISTRATOR]


def people(act: Acting, name: str) -> Iterator[Account]:
    """Every account of an organisation."""
    after: tuple[str, str] | None = None
    while page := act.around.directory.accounts(name, after=after, limit=_PAGE):
        yield from page
        after = (page[-1].display_name, page[-1].id)


def invite(act: Acting, name: str, address: str) -> None:
    """Invites somebody as an administrator, and prints the link that they need."""
    link = invitation(act, name, address)
    act.remember()
    click.echo(printable(f"{address} is invited. This link, good once and for seven days, is for them alone:"))
    click.echo(f"  {link}")


def _account(act: Acting, name: str, person: str) -> Account | None:
    """The account of the organisation that is meant; None for an address that nobody signs in with."""
    records = act.around.records
    if "@" not in person:
        account = records.directory.account(person)
        if account is None or account.organization != name:
            raise Refused(f"{name} has no account {person}")
        return account
    try:
        address = str(canonical_address(person))
    except ValueError as error:
        raise Refused(f"{person} is neither an account id nor an address: {error}") from error
    password = records.credentials.password(address)
    account = records.directory.account(password.account_id) if password is not None else None
    if account is not None and account.organization != name:
        raise Refused(f"{person} has an account in another organization")
    return account


def _require_own_sign_in(act: Acting, name: str) -> None:
    if act.organization(name).connection is not None:
        raise Refused(
            f"{name} is federated, so nobody is invited to it: name the account id of somebody who has signed in "
            f"(`broker accounts list {name}`)"
        )


def _give_role(act: Acting, account: Account, role: str) -> None:
    if act.around.directory.edit_account(account.id, {"role": role}, by="operator", at=act.now()) is None:
        raise ChangedMeanwhile(f"there is no account {account.id} any more")
    act.note("role_changed", account.organization, account.id, before=account.role, after=role)
    what = "an administrator" if role == ADMINISTRATOR else f"an ordinary member ({role})"
    click.echo(f"{account.id} is {what} of {account.organization} from the next sign-in or page on.")
