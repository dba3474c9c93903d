"""The command ``broker`` knows its commands without importing them."""

from __future__ import annotations

import subprocess
import sys

from click.testing import CliRunner

from broker.cli import main


def test_the_help_lists_every_command_with_the_commands_own_words() -> None:
    told = CliRunner().invoke(main, ["--help"])
    assert told.exit_code == 0
    names = [line.split()[0] for line in told.output.partition("Commands:\n")[2].splitlines()]
    assert names[:8] == ["accounts", "audit", "check", "demo", "explain", "keys", "org", "outbox"]
    assert names[8:] == ["plan", "rules", "schema", "serve"]
    widest = max(map(len, names))
    for name in names:
        own = CliRunner().invoke(main, [name, "--help"])
        assert own.exit_code == 0
        summary = own.output.split("\n\n")[1].strip()
        assert f"  {name:<{widest}}  {summary}" in told.output


def test_the_help_imports_no_command() -> None:
    script = (
        "import sys\nfrom broker.cli import main\nmain(['--help'], standalone_mode=False)\n"
        "heavy = [m for m in ('pydantic', 'flask', 'sqlalchemy', 'jwcrypto', 'ruamel.yaml') if m in sys.modules]\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_unknown_command_is_a_usage_error() -> None:
    assert CliRunner().invoke(main, ["serv"]).exit_code == 2
