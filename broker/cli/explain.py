"""``broker explain``: one sign-in as a story, from what was recorded of it."""

from __future__ import annotations

import json
import os
import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

from broker.cli.loading import config_option
from broker.cli.org_acting import OPERATOR, Acting, Refused, acting, json_option, tell_json, written
from broker.composition.explaining import recorded_sign_ins
from broker.explaining import words
from broker.explaining.recorded import SignIn, as_json, step_as_json
from broker.explaining.story import Chapter, Passage, Section, Story, sections, tell
from broker.federation.findings import printable
from broker.store.audit import Entry
from broker.tracing import Step

_WIDEST: Final = 100
_MARGIN: Final = "  "
# The longest word for an outcome, and a space.
_OUTCOME: Final = 10
_COLOURS: Final = {"refused": "red", "failed": "red", "withheld": "yellow", "signed_in": "green"}


@click.command("explain")
@config_option
@json_option
@click.option("--export", type=click.Path(path_type=Path, dir_okay=False), help="Write it to a file, as JSON.")
@click.option(
    "--sample",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Instead of a recorded one: apply the rules to the claims, or the exported sign-in, in this JSON file.",
)
@click.argument("sign_in", metavar="[ID]", required=False)
def command(directory: Path, as_json: bool, export: Path | None, sample: Path | None, sign_in: str | None) -> None:
    """Explain a sign-in: its steps, checks, rules and claims.

    ID is what error pages and the log call the sign-in, or the reference of one of its requests; with or without the
    dash, in any case. What was recorded names nobody: names, addresses and telephone numbers are replaced. That it was
    looked at is written into the audit trail.

    With --sample no store is opened and no secret needed, and nothing is recorded: it is what the rules in DIRECTORY
    would do.
    """
    if (sample is None) == (sign_in is None):
        raise click.UsageError("name a sign-in, or a file with --sample")
    if sample is not None:
        from broker.cli.explain_sample import explain_sample

        explain_sample(directory, sample, as_json)
        return
    with acting(directory) as act:
        found = _find(act, str(sign_in))
        now = act.now()
        entry = Entry("sign_in_explained", found.organization, OPERATOR, now, detail={"sign_in": found.id})
        act.around.records.audit.add(entry)
        if export is not None:
            _write(export, exported(found))
    if as_json:
        tell_json(exported(found))
        return
    for line in told(tell(found), min(shutil.get_terminal_size().columns, _WIDEST)):
        click.echo(line)
    if export is not None:
        click.echo(printable(f"Written to {export}."))


def _find(act: Acting, written_id: str) -> SignIn:
    sign_ins = recorded_sign_ins(act.configuration, act.around)
    if not sign_ins.is_on:
        raise Refused("nothing is recorded: explain.keep_days is 0")
    found = sign_ins.of(written_id)
    if found is None:
        raise Refused(f"no sign-in {written_id} is known; they are kept for {sign_ins.keep_days} days")
    return found


def exported(found: SignIn) -> dict[str, Any]:
    """Everything, for a file: ``sample`` is what the rules can be applied to once more."""
    refusal = found.refusal
    return {
        "sign_in": found.id,
        "at": written(found.at),
        "verdict": found.verdict,
        "organization": found.organization,
        "applications": list(found.applications),
        "refusal": step_as_json(refusal) if refusal is not None else None,
        "sample": found.sample,
        "requests": [as_json(request) for request in found.requests],
    }


def _write(file: Path, content: dict[str, Any]) -> None:
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as opened:
            json.dump(content, opened, ensure_ascii=False, indent=2)
            opened.write("\n")
    except OSError as error:
        raise Refused(f"{file} cannot be written: {error.strerror}") from error


# -- telling ------------------------------------------------------------------------------------------------------


def told(story: Story, width: int) -> Iterator[str]:
    """The story in lines for a terminal; nothing in them is obeyed by one (threats CF-08)."""
    verdict = click.style(words.VERDICTS[story.verdict], fg=_COLOURS.get(story.verdict), bold=True)
    yield f"Sign-in {printable(story.sign_in)}: {verdict}"
    about = [f"{story.at:%Y-%m-%d %H:%M:%S} UTC"]
    about += [f"organization {story.organization}"] if story.organization else []
    about += [f"application {', '.join(story.applications)}"] if story.applications else []
    yield from _wrapped(", ".join(about), width, "")
    if story.refusal is not None:
        yield from _wrapped(f"Because of: {_name(story.refusal)}", width, "")
    for number, chapter in enumerate(story.chapters, 1):
        yield ""
        yield from _chapter(number, chapter, width)


def told_steps(steps: tuple[Step, ...], width: int) -> Iterator[str]:
    """Steps that belong to no request, in the same form."""
    for section in sections(steps):
        yield from _section(section, width)


def _chapter(number: int, chapter: Chapter, width: int) -> Iterator[str]:
    title = f"{number}. {chapter.title}"
    if chapter.application is not None:
        title += f" ({chapter.application})"
    yield from (click.style(line, bold=True) for line in _wrapped(title, width, ""))
    facts = (
        f"{chapter.at:%H:%M:%S}.{chapter.at.microsecond // 1000:03}, {chapter.asked}, answered with {chapter.status}"
    )
    yield from _wrapped(f"{facts} after {chapter.milliseconds} ms, reference {chapter.ref}", width, _MARGIN)
    for section in chapter.sections:
        yield from _section(section, width)
    if chapter.is_cut:
        yield from _wrapped("There was more than is kept of one request.", width, _MARGIN)


def _section(section: Section, width: int) -> Iterator[str]:
    title = section.title if section.application is None else f"{section.title}: {section.application}"
    yield from _wrapped(title, width, _MARGIN)
    for passage in section.passages:
        yield from _passage(passage, width)


def _passage(passage: Passage, width: int) -> Iterator[str]:
    outcome = f"{words.OUTCOMES[passage.outcome]:<{_OUTCOME}}"
    margin = _MARGIN * 2 + " " * _OUTCOME
    first, *more = _wrapped(_name(passage), width, margin)
    yield _MARGIN * 2 + click.style(outcome, fg=_COLOURS.get(passage.outcome)) + first.removeprefix(margin)
    yield from more
    if passage.source not in ("", "built in"):
        yield from _wrapped(passage.source, width, margin + _MARGIN)
    for name, value in passage.read:
        if name != passage.source:  # A field that was taken over as it is.
            yield from _wrapped(f"{name}: {value}", width, margin + _MARGIN)
    if passage.detail and passage.kind != "claim":
        yield from _wrapped(passage.detail, width, margin + _MARGIN)


def _name(passage: Passage) -> str:
    """What it is called, and where it is written."""
    place = passage.place or (words.BUILT_IN if passage.made_by_rule else "")
    if passage.kind == "claim":
        gave = f" = {passage.gave}" if passage.gave else ""
        return f"{passage.name}{gave} ({', '.join(filter(None, (place, passage.detail)))})"
    if passage.group == "attributes":
        gave = f" = {passage.gave}" if passage.gave else ""
        return f"{passage.name}{gave} ({place})"
    name = passage.sentence or passage.name.replace("_", " ")
    if passage.kind == "rule":
        name = f"rule {passage.name}"
    return f"{name} ({place})" if place else name


def _wrapped(text: str, width: int, margin: str) -> list[str]:
    return textwrap.wrap(
        printable(text),
        max(width, 40),
        initial_indent=margin,
        subsequent_indent=margin + _MARGIN,
        break_on_hyphens=False,
    ) or [margin]
