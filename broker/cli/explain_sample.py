"""``broker explain --sample``: what the rules would do with somebody, told without a store, a network or a secret."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

from broker import strict_json
from broker.claims.rules import Target
from broker.cli.explain import told_steps
from broker.cli.loading import REJECTED, UNREADABLE
from broker.cli.org_acting import tell_json
from broker.composition.replaying import replaying
from broker.composition.rule_tests import decision
from broker.composition.samples import SampleRefused, sample_of
from broker.explaining.recorded import step_as_json
from broker.explaining.replaying import ADMITTED, Replay
from broker.explaining.story import shown
from broker.federation.findings import ConfigurationRejected, ConfigurationUnreadable, printable
from broker.federation.load import load

_MAX_FILE: Final = 1024 * 1024
_WIDEST: Final = 100


def explain_sample(directory: Path, file: Path, as_json: bool) -> None:
    """Tells it; exit code 0 however it ends, 1 if the sample or the configuration is wrong, 2 if there is none."""
    try:
        configuration = load(directory, environ=os.environ, follow=False)
        replay = replaying(configuration)(sample_of(_read(file), configuration))
    except ConfigurationRejected as rejection:
        for finding in rejection.findings:
            click.echo(str(finding), err=True)
        sys.exit(UNREADABLE if isinstance(rejection, ConfigurationUnreadable) else REJECTED)
    except SampleRefused as refusal:
        click.echo(printable(f"{file}: {refusal}"), err=True)
        sys.exit(REJECTED)
    if as_json:
        tell_json(answer(replay))
        return
    for line in told(replay, min(shutil.get_terminal_size().columns, _WIDEST)):
        click.echo(line)


def _read(file: Path) -> object:
    try:
        with file.open("rb") as opened:
            content = opened.read(_MAX_FILE + 1)
        if len(content) > _MAX_FILE:
            raise SampleRefused("more than a megabyte is no sample")
        return strict_json.parse(content)
    except OSError as error:
        raise SampleRefused(f"it cannot be read: {error.strerror}") from error
    except strict_json.JsonRefused as error:
        raise SampleRefused(str(error)) from error


def answer(replay: Replay) -> dict[str, Any]:
    """All of it, for programs."""
    claims: dict[str, dict[Target, dict[str, Any]]] = {}
    for (application, target, name), value in replay.claims.items():
        claims.setdefault(application, {}).setdefault(target, {})[name] = value
    return {
        "decision": replay.decision,
        "rule": replay.rule or None,
        "place": str(replay.place) if replay.place is not None else None,
        "detail": replay.detail or None,
        "attributes": {name: {"value": text, "from": replay.sources.get(name)} for name, text in replay.fields.items()},
        "claims": claims,
        "refused": dict(replay.refused),
        "steps": [step_as_json(step) for step in replay.steps],
    }


def told(replay: Replay, width: int) -> Iterator[str]:
    """In lines: the decision, each step with its rule, and what each application would get."""
    yield printable(f"Would be {decision(replay)}." if replay.decision == ADMITTED else f"Refused: {decision(replay)}.")
    yield from told_steps(replay.steps, width)
    for application, reason in replay.refused.items():
        yield printable(f"{application} would get no answer: {reason}")
    if replay.fields:
        yield "  The account"
        for name, text in replay.fields.items():
            source = f" (from {replay.sources[name]})" if name in replay.sources else ""
            yield printable(f"    {name} = {shown(text)}{source}")
