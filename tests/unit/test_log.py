"""What reaches the log's stream."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
import structlog

from broker import log
from broker.clock import SystemClock


class Recorder(io.StringIO):
    """A stream that keeps each write apart, as an unbuffered one does."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str, /) -> int:
        self.writes.append(text)
        return super().write(text)


@pytest.fixture
def stream() -> Iterator[Recorder]:
    before = structlog.get_config()
    recorder = Recorder()
    log.configure(SystemClock(), recorder)
    yield recorder
    structlog.configure(**before)


def test_an_event_and_its_line_break_are_one_write_so_that_processes_do_not_mix_their_lines(stream: Recorder) -> None:
    structlog.get_logger().info("first", detail="x" * 5000)
    structlog.get_logger().info("second")
    assert [json.loads(line)["event"] for line in stream.writes] == ["first", "second"]
    assert all(line.endswith("\n") for line in stream.writes)
