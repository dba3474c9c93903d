"""The two fields in which a new password is chosen, and what is said when it will not do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask import request
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from broker.membership.policy import MIN_CHARACTERS, Unsuitable

FAULTS: Final[Mapping[str, LazyString]] = {
    "too_short": _(
        "The password needs at least %(count)s characters. A few words make a good one.", count=MIN_CHARACTERS
    ),
    "too_long": _("The password is too long."),
    "too_easy": _("This password is easy to guess. A few words that nobody expects make a good one."),
    "different": _("The two passwords are not the same."),
}


def read() -> str:
    """The password that the form at hand chooses; raises ``Unsuitable`` if its two fields differ."""
    chosen = request.form.get("new_password", "")
    if chosen != request.form.get("new_password_again", ""):
        raise Unsuitable("different")
    return chosen


def fault(why: str | None) -> LazyString | None:
    """The sentence beside the field."""
    return FAULTS[why] if why is not None else None
