"""``python -m tests.bench.configuration``: what it costs to check configuration, beside merely parsing its YAML.

Measured are all seeded mistakes of ``tests/data/broken_config`` in one run, and a map of 5,000 groups to roles, each
as the median of several rounds in CPU time of this process, and as a ratio to ruamel.yaml's own events of the same
bytes: that ratio is the figure that other machines can be compared by.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from broker.federation.load import load
from tests.support.configurations import ENVIRON, good_configuration
from tests.support.seeded_mistakes import Mistake, find_all, lay_out

_ROUNDS = 5
_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Cost:
    """``seconds``: CPU time. ``parsing``: that of parsing the same files and nothing else."""

    what: str
    seconds: float
    parsing: float

    def line(self) -> str:
        """A row for ``docs/performance.md``."""
        return f"| {self.what} | {self.seconds:.2f} s | {self.seconds / self.parsing:.1f} times its parsing |"


def costs(folder: Path) -> Iterator[Cost]:
    """Writes the files below ``folder`` and measures."""
    mistakes = lay_out(folder / "mistakes")
    directories = list(dict.fromkeys(mistake.directory for mistake in mistakes))
    yield _cost(f"{len(mistakes)} seeded mistakes, all found", lambda: _require_all_found(mistakes), directories)
    large = good_configuration(folder / "large")
    rows = "".join(f'    "{number:08x}-5b61-4a3c-9a4e-0f6c1d2b3a49": reader\n' for number in range(_ROWS))
    (large / "claim_rules/large.yaml").write_text(f"claim_rules: large\nmaps:\n  readers:\n{rows}")
    yield _cost(f"a configuration with a map of {_ROWS:,} rows", lambda: load(large, environ=ENVIRON), [large])


def _require_all_found(mistakes: Sequence[Mistake]) -> None:
    found = {(finding.file, finding.line, finding.column, finding.code) for finding in find_all(mistakes)}
    expected = ((m.name, (str(m.file), *each[:3])) for m in mistakes for each in m.expected)
    missed = [name for name, finding in expected if finding not in found]
    if missed:
        raise SystemExit(f"not found: {', '.join(missed)}")


def _cost(what: str, check: Callable[[], object], directories: Sequence[Path]) -> Cost:
    contents = [file.read_bytes() for folder in directories for file in sorted(folder.rglob("*.y*ml"))]
    check()  # The first one imports and makes the language.
    return Cost(what, _median(check), _median(lambda: _parse(contents)))


def _parse(contents: Sequence[bytes]) -> None:
    for content in contents:
        try:
            for _ in YAML(typ="safe", pure=True).parse(content.decode("utf-8", "replace")):
                pass
        except YAMLError:
            continue


def _median(work: Callable[[], object]) -> float:
    times = []
    for _ in range(_ROUNDS):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return statistics.median(times)


def main() -> None:
    """Prints the table."""
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write("| checked | CPU | beside its parsing |\n|---|---|---|\n")
        for cost in costs(Path(folder)):
            sys.stdout.write(cost.line() + "\n")


if __name__ == "__main__":
    main()
