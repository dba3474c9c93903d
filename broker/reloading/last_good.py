"""The newest reading that serves, in memory that the first process shares with its workers.

A worker that is started anew begins with it, whatever lies in the files at that moment. It is nowhere on a disk, nobody
else can open it, and it ends with the last process. Readings hold names of secrets, never a secret.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pydantic import TypeAdapter, ValidationError

from broker.federation.files import Reading

# Where the newest record is: its offset, its size, when it was read; and the digest of the record and of these three.
_HEADER: Final = struct.Struct("<QQQ32s")
# Records begin behind a page of their own for the header, so that no write of one touches the other.
_FIRST: Final = 4096

_READING: Final = TypeAdapter(Reading)


class LastGood:
    """Made before the workers are forked. A process that dies while it writes leaves the record before."""

    def __init__(self) -> None:
        if hasattr(os, "memfd_create"):
            self._file = os.memfd_create("configuration")
        else:  # Not Linux: a file that has no name.
            with tempfile.TemporaryFile() as unnamed:
                self._file = os.dup(unnamed.fileno())

    def put(self, reading: Reading, read_at: int) -> None:
        """Keeps a reading, unless a newer one is kept. ``read_at``: nanoseconds on the machine's monotonic clock."""
        record = _READING.dump_json(reading)
        with self._locked():
            offset, size, kept_at = self._header()
            if kept_at > read_at:
                return
            # Before the present record if there is room, else behind it: never over it.
            at = _FIRST if not size or _FIRST + len(record) <= offset else offset + size
            _write_all(self._file, record, at)
            where = (at, len(record), read_at)
            os.pwrite(self._file, _HEADER.pack(*where, _digest(record, where)), 0)

    def get(self) -> Reading | None:
        """The newest one; None if none was kept, or if what is there is no whole record."""
        with self._locked():
            where = self._header()
            offset, size, _ = where
            record = os.pread(self._file, size, offset)
            header = os.pread(self._file, _HEADER.size, 0)
        if not size or header[-32:] != _digest(record, where):
            return None
        try:
            return _READING.validate_json(record)
        except ValidationError:
            return None

    def close(self) -> None:
        os.close(self._file)

    def _header(self) -> tuple[int, int, int]:
        header = os.pread(self._file, _HEADER.size, 0)
        if len(header) < _HEADER.size:
            return (0, 0, 0)
        offset, size, read_at, _ = _HEADER.unpack(header)
        return (offset, size, read_at)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # Of the process, so it ends with a process that dies.
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN)


def _digest(record: bytes, where: tuple[int, int, int]) -> bytes:
    return hashlib.sha256(struct.pack("<QQQ", *where) + record).digest()


def _write_all(file: int, content: bytes, offset: int) -> None:
    view = memoryview(content)
    while view:
        written = os.pwrite(file, view, offset)
        view, offset = view[written:], offset + written
