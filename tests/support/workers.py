"""The worker processes of a stage's broker."""

from __future__ import annotations

from pathlib import Path

from broker.demo.stage import Stage


def workers(stage: Stage) -> set[int]:
    """Their process ids."""
    threads = Path(f"/proc/{stage.broker.pid}/task").iterdir()
    children = {int(child) for thread in threads for child in (thread / "children").read_text().split()}
    return {child for child in children if _is_worker(Path(f"/proc/{child}/cmdline"))}


def started_workers(stage: Stage) -> int:
    """How many began to serve since the broker's start."""
    told = [event.get("message", "") for event in stage.broker_log() if event["event"] == "server"]
    return sum(message.startswith("Started worker") for message in told)


def resident_bytes(process: int) -> int:
    """How much memory a process has to itself or shares."""
    status = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))


def _is_worker(command_line: Path) -> bool:
    try:
        return b"resource_tracker" not in command_line.read_bytes()
    except FileNotFoundError:  # It ended meanwhile.
        return False
