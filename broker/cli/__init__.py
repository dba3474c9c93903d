"""The command line: ``broker serve``, ``broker check`` and the rest, one module each.

It owns words for people and exit codes, and it must not hold rules: a command calls what the service calls. A command
is imported when it is used, so that ``broker --help`` answers at once.
"""

from __future__ import annotations

import importlib
from typing import Final, NamedTuple

import click


class _Command(NamedTuple):
    module: str
    summary: str


# The summary is here as well as in the command, since reading it there would import the command; a test compares them.
_COMMANDS: Final[dict[str, _Command]] = {
    "accounts": _Command("broker.cli.accounts", "List accounts; show, deactivate and activate one."),
    "audit": _Command("broker.cli.audit", "List and verify the audit trail."),
    "check": _Command("broker.cli.check", "Check the configuration and tell every problem at once."),
    "demo": _Command("broker.cli.demo", "Run a simulated Entra, the broker and a sample application."),
    "explain": _Command("broker.cli.explain", "Explain a sign-in: its steps, checks, rules and claims."),
    "keys": _Command("broker.cli.keys", "Make, list and rotate the broker's keys."),
    "org": _Command("broker.cli.org", "Create, connect, enforce and disconnect organizations."),
    "outbox": _Command("broker.cli.outbox", "List what provisioning hooks have not taken, and try it again."),
    "schema": _Command("broker.cli.schema", "Write JSON Schemas of the configuration files, for editors."),
    "plan": _Command("broker.cli.plan", "Show what a changed configuration would do, before it is live."),
    "rules": _Command("broker.cli.rules", "Test claim rules."),
    "serve": _Command("broker.cli.serve", "Serve people and applications."),
}


class _LazyGroup(click.Group):
    """Imports a command when it is asked for, and lists all of them without importing any."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        command = importlib.import_module(_COMMANDS[cmd_name].module).command
        if not isinstance(command, click.Command):
            raise TypeError(f"{_COMMANDS[cmd_name].module}.command is no command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS[name].summary) for name in self.list_commands(ctx)])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pobuca-broker", prog_name="broker")
def main() -> None:
    """Identity broker between an organisation's Microsoft Entra ID and the Pobuca applications."""
