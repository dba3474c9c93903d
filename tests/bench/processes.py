"""What processes cost: CPU seconds and memory, read from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Memory:
    """Mebibytes of one process: all that is mapped in, and its fair share of what is shared."""

    rss: float
    pss: float


def descendants(pid: int) -> list[int]:
    """The process and everything it has started that still runs."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError, IndexError):
                continue
            children.setdefault(parent, []).append(int(entry.name))

    def walk(start: int) -> Iterator[int]:
        yield start
        for child in children.get(start, []):
            yield from walk(child)

    return list(walk(pid))


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of these processes and of their reaped children, in seconds."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += sum(int(fields[position]) for position in (11, 12, 13, 14))
    return total / _TICKS_PER_SECOND


def memory(pid: int) -> Memory:
    """What one process holds now."""
    rolled = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() if ":" in line
    )
    return Memory(*(int(rolled[name].split()[0]) / 1024 for name in ("Rss", "Pss")))
