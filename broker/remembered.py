"""What the directory said at a person's last sign-in, kept for the rules of their organisation and of applications.

A session or a token stands for longer than a sign-in takes, and the rules that let somebody in may change meanwhile.
They are judged again wherever something that stands is used (``admission.organization_rules``), over what is kept here.
Nothing kept is nothing known, and then such a rule refuses (threats CR-04).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from pydantic import TypeAdapter

from broker.admission import Admission
from broker.claims.facts import Facts
from broker.errors import Busy, NotAllowed
from broker.identity import Account
from broker.organizations import BREAK_GLASS, PASSWORD
from broker.store.state import StateStore, StateUnavailable

_KIND: Final = "facts"
# What is left where facts were forgotten, until it expires: it cannot be read as facts.
_FORGOTTEN: Final = b""
_MOMENT: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class _Record:
    """``epoch``: that of the account. What was said before everything of the account was ended counts no more."""

    epoch: int
    facts: Facts


_RECORD: Final = TypeAdapter(_Record)


class RememberedFacts:
    """Remembers one set of facts for each account, that of the last sign-in at the directory.

    ``lifetime``: as long as anything can stand that was given out at a sign-in.
    """

    def __init__(self, store: StateStore, lifetime: timedelta) -> None:
        self._store = store
        self._lifetime = lifetime

    def remember(self, admission: Admission, account: Account, facts: Facts) -> None:
        """Keeps what was said at a sign-in that was admitted, instead of what was said before.

        Who came in by a password or through the break-glass asked no directory: what it said last stays as it is.
        """
        if admission.account_id != account.id or admission.connection != facts.connection:
            raise NotAllowed("membership", "admission of somebody else")
        if admission.connection in (PASSWORD, BREAK_GLASS):
            return
        record = _RECORD.dump_json(_Record(admission.stamp.account, facts))
        self._store.put(_KIND, account.id, record, self._lifetime)

    def of(self, account: Account, connection: str) -> Facts | None:
        """What was said when the person last came in through this connection; None when nothing is known of it.

        Raises ``Busy`` if the store does not answer: that is no reason to take away what somebody has.
        """
        record = self._read(account.id)
        if record is None or record.epoch != account.epoch or record.facts.connection != connection:
            return None
        return record.facts

    def forget(self, account_id: str, epoch: int | None) -> None:
        """Forgets what was said before the account came into this epoch; all of it where there is no account.

        Facts that another sign-in writes meanwhile stay.
        """
        record = self._store.get(_KIND, account_id)
        if record is None:
            return
        kept = _parsed(record)
        if kept is None or kept.epoch != epoch:
            self._store.compare_and_set(_KIND, account_id, record, _FORGOTTEN, _MOMENT)

    def _read(self, account_id: str) -> _Record | None:
        try:
            record = self._store.get(_KIND, account_id)
        except StateUnavailable as error:
            raise Busy("store", str(error)) from error
        return _parsed(record) if record is not None else None


def _parsed(record: bytes) -> _Record | None:
    """None for what another version wrote in another shape: nobody can tell what it says."""
    try:
        return _RECORD.validate_json(record)
    except ValueError:
        return None
