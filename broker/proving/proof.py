"""Runs the proof: every door, at the running broker and at the twin, and a verdict on each pair."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import replace
from datetime import datetime
from typing import Final

from broker.doors import DOORS
from broker.proving.recipes import RECIPES, NotTried, Recipe, Scene, Unreachable
from broker.proving.report import Finding, Outcome, Report, judge
from broker.proving.wire import Wire, WireDown

# Doors whose right answer is to let in: the verdict is about where they lead.
_ALLOWED: Final = frozenset({"microsoft", "break_glass"})

Progress = Callable[[Finding], None]


def prove(
    scene: Scene,
    running: Wire,
    *,
    claimed: Set[str],
    federated: bool,
    at: datetime,
    broker: str,
    recipes: Mapping[str, Recipe] = RECIPES,
    progress: Progress = lambda _: None,
) -> Report:
    """The report on every door that the running broker has (``claimed``, by name) in the order of ``DOORS``."""
    findings = []
    for finding in _findings(scene, running, claimed, recipes):
        progress(finding)
        findings.append(finding)
    return Report(scene.probe.organization, at, broker, federated, tuple(findings))


def _findings(
    scene: Scene, running: Wire, claimed: Set[str], recipes: Mapping[str, Recipe]
) -> Iterator[Finding]:
    done: dict[Recipe, Finding] = {}
    for name, tried in DOORS.items():
        if name not in claimed:
            continue
        recipe = recipes.get(name)
        if recipe is None:
            yield Finding(name, tried, "untried", "nobody has written how to try it", "")
            continue
        if recipe not in done:  # Two doors that are tried together are tried once.
            done[recipe] = _try(name, tried, recipe, scene, running)
        yield replace(done[recipe], door=name, tried=tried)


def _try(name: str, tried: str, recipe: Recipe, scene: Scene, running: Wire) -> Finding:
    try:
        probe = recipe(scene, running)
        if name in _ALLOWED:
            return _leads(name, tried, probe)
        if probe.let_in:  # Whatever the control says.
            return Finding(name, tried, "open", probe.answer, "")
        control = recipe(scene, scene.twin)
    except Unreachable as unreachable:
        return Finding(name, tried, "shut", str(unreachable), "")
    except (NotTried, WireDown) as not_tried:
        return Finding(name, tried, "untried", str(not_tried), "")
    return Finding(name, tried, judge(probe, control), probe.answer, control.answer)


def _leads(name: str, tried: str, probe: Outcome) -> Finding:
    """The ways in that are meant to be: to the organisation's own directory, and through the break-glass."""
    if name == "microsoft":
        return Finding(name, tried, "open" if probe.let_in else "allowed", probe.answer, "")
    return Finding(name, tried, "allowed" if probe.let_in else "shut", probe.answer, "")
