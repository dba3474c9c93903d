"""By what it is seen, without reading it, that a file is not the one it was."""

from __future__ import annotations

from pathlib import Path

Mark = tuple[int, ...] | str
"""Device, inode, size, and the nanoseconds of its last change and of its last change of mode; or why there is none."""


def mark_of(path: Path) -> Mark:
    """The mark of a file, of the one that a link leads to. A file that cannot be looked at has a mark as well."""
    try:
        status = path.stat()
    except OSError as error:
        return error.strerror or "unknown reason"
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
