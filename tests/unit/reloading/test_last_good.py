"""What a worker that starts later begins with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from broker.federation.files import Reading, Source
from broker.reloading import last_good as module
from broker.reloading.last_good import LastGood


def reading(text: str) -> Reading:
    source = Source("broker", "config/broker.yaml", Path("config/broker.yaml"))
    return Reading((source,), {source.name: text.encode()})


@pytest.fixture
def kept() -> Iterator[LastGood]:
    with closing(LastGood()) as made:
        yield made


def test_nothing_was_kept_at_the_start(kept: LastGood) -> None:
    assert kept.get() is None


@pytest.mark.parametrize("sizes", [(10, 10, 10, 10), (10, 9000, 10, 9000, 20000, 5, 5, 5), (5000, 3000, 2000, 8000)])
def test_the_newest_is_given_whole(kept: LastGood, sizes: tuple[int, ...]) -> None:
    for number, size in enumerate(sizes):
        kept.put(reading("ό" * size + str(number)), number)
        assert kept.get() == reading("ό" * size + str(number))


def test_a_slow_worker_does_not_put_an_older_one_over_it(kept: LastGood) -> None:
    kept.put(reading("newer"), 20)
    kept.put(reading("older"), 10)
    assert kept.get() == reading("newer")


def test_a_process_that_dies_while_it_writes_leaves_the_one_before(
    kept: LastGood, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.put(reading("first"), 1)
    written: list[int] = []

    def die(file: int, content: bytes, offset: int) -> None:
        os.pwrite(file, content[: len(content) // 2], offset)
        written.append(offset)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(module, "_write_all", die)
        with pytest.raises(KeyboardInterrupt):
            kept.put(reading("second"), 2)
    assert written
    assert kept.get() == reading("first")
    kept.put(reading("third"), 3)
    assert kept.get() == reading("third")


def test_another_process_keeps_one_for_all(kept: LastGood) -> None:
    child = os.fork()
    if child == 0:
        try:
            kept.put(reading("of the other process"), 1)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert kept.get() == reading("of the other process")


def test_what_is_not_whole_is_nothing(kept: LastGood) -> None:
    kept.put(reading("whole"), 1)
    os.pwrite(kept._file, b"X", module._FIRST)
    assert kept.get() is None
