"""The moment at which a request came in: one answer tells one time."""

from __future__ import annotations

from datetime import datetime

from flask import g


def note_moment(moment: datetime) -> None:
    g.moment = moment


def moment_of() -> datetime:
    """The moment of the request being answered."""
    moment: datetime = g.moment
    return moment
