"""``broker org``: the life of an organisation, from its making to its disconnection (docs/federation.md)."""

from __future__ import annotations

import importlib
from typing import Final, NamedTuple

import click


class _Part(NamedTuple):
    module: str
    name: str
    summary: str


# As in ``broker.cli``: a command is imported when it is used.
_PARTS: Final[dict[str, _Part]] = {
    "administrator": _Part("broker.cli.org_people", "administrator", "Name, list and remove administrators."),
    "connect": _Part("broker.cli.org_federation", "connect", "Print the link for the directory's administrator."),
    "create": _Part("broker.cli.org_records", "create", "Record a new organization."),
    "disconnect": _Part("broker.cli.org_switch", "disconnect", "End the federation of an organization, at once."),
    "domain": _Part("broker.cli.org_domains", "domain", "Claim, verify, list and drop e-mail domains."),
    "end-sessions": _Part("broker.cli.org_switch", "end_sessions", "Sign everybody of an organization out."),
    "enforce": _Part("broker.cli.org_switch", "enforce", "Close every way in but the organization's directory."),
    "glass": _Part("broker.cli.org_glass", "glass", "Name people for the break-glass; open and close it."),
    "list": _Part("broker.cli.org_records", "list_organizations", "List the organizations."),
    "plan": _Part("broker.cli.org_records", "plan", "Change the plan of an organization."),
    "prove": _Part("broker.cli.org_prove", "prove", "Try every door of the running broker for one organization."),
    "show": _Part("broker.cli.org_show", "show", "Show everything about one organization."),
    "test": _Part("broker.cli.org_federation", "test", "Tell whether the test sign-in has been done."),
}


class _Parts(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return sorted(_PARTS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _PARTS:
            return None
        part = _PARTS[cmd_name]
        command = getattr(importlib.import_module(part.module), part.name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{part.module}.{part.name} is no command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _PARTS[name].summary) for name in self.list_commands(ctx)])


@click.group("org", cls=_Parts)
def command() -> None:
    """Create, connect, enforce and disconnect organizations.

    Works beside a running broker, which follows at the next request; needs the same configuration and secrets. Every
    change is written into the audit trail.

    Exit code: 0 if it is done, or with --dry-run if it could be; 1 if it was refused or cannot be, with a sentence; 2
    if it was called wrongly or there is no configuration; 3 if somebody else is changing the organization or has just
    changed it, so that what was shown is not so any more.
    """
