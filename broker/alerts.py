"""Tells the administrators of an organisation, and the operator, when a trust is broken or is about to be.

The operator hears by the log and the metrics; the administrators by mail, once for each change, and on the security
page as long as it lasts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import structlog

from broker.alert_letters import SENTENCES, letter
from broker.clock import Clock
from broker.identity import Account
from broker.mail import Letter, Mailer, NotSent
from broker.notices import AdministratorNotices
from broker.organizations import Organization
from broker.store.audit import AuditTrail, Entry
from broker.store.state import StateStore

# Days before the end at which the operator is reminded, and of these the ones at which administrators hear as well.
REMIND_AT: Final = (30, 14, 7, 1)
TELL_ADMINISTRATORS_AT: Final = (7, 1)
# And days before it from which on they see it on their page.
SHOWN_FROM: Final = 14
_REMEMBERED: Final = timedelta(days=60)

_log = structlog.get_logger(__name__)


class Alerts:
    """Says each thing once."""

    def __init__(
        self,
        *,
        notices: AdministratorNotices,
        audit: AuditTrail,
        state: StateStore,
        mailer: Mailer,
        clock: Clock,
        page: str,
    ) -> None:
        """``page``: the address of the security page, named in each letter."""
        self._notices = notices
        self._audit = audit
        self._state = state
        self._mailer = mailer
        self._clock = clock
        self._page = page

    def trust_changed(self, organization: Organization, before: str | None, after: str | None) -> None:
        """Something is wrong now that was not, or the other way round. For the one worker that noticed."""
        if before == after:
            return
        name = organization.name
        if after is None:
            _log.info("federation_recovered", org=name, reason=before)
            self._add("federation_recovered", organization, before or "")
            self._tell(organization, "recovered")
            return
        _log.error("federation_trouble", org=name, reason=after, detail=SENTENCES["en"][after], for_operator=True)
        self._add("federation_trouble", organization, after)
        self._tell(organization, after)

    def credential_ends(self, ends_at: datetime, organizations: Iterable[Organization]) -> None:
        """Reminds of the end of our credential at Entra; of all workers one does, once for each number of days."""
        left = ends_at - self._clock.now()
        passed = [days for days in REMIND_AT if left <= timedelta(days=days)]
        if not passed:
            return
        days = min(passed)
        if not self._state.add_if_absent("credential-reminder", f"{ends_at:%Y-%m-%d}:{days}", b"", _REMEMBERED):
            return
        _log.error(
            "upstream_credential_expires",
            expires_at=ends_at.isoformat(),
            days=max(0, left.days),
            detail="replace the credential of the app registration before this day, or nobody can sign in",
            for_operator=True,
        )
        if days in TELL_ADMINISTRATORS_AT:
            for organization in organizations:
                self._tell(organization, "credential_ends", day=f"{ends_at:%Y-%m-%d}")

    def _add(self, event: str, organization: Organization, trouble: str) -> None:
        entry = Entry(event, organization.name, "broker", self._clock.now(), detail={"trouble": trouble})
        self._audit.add(entry)

    def _tell(self, organization: Organization, what: str, **words: str) -> None:
        for account in self._notices.administrators(organization.name):
            language = _language_of(account, organization)
            subject, text = letter(language, what, organization.display_name, self._page, **words)
            try:
                self._mailer.send(Letter(account.email or "", subject, text))
            except (NotSent, ValueError) as error:  # The page and the log say it as well.
                _log.error("letter_not_sent", org=organization.name, reason="mail", detail=type(error).__name__)


def _language_of(account: Account, organization: Organization) -> str:
    tag = account.attributes.get("language") or organization.default_language or ""
    return tag.partition("-")[0].lower()


def days_left(ends_at: datetime | None, now: datetime) -> int | None:
    """Whole days until our credential ends, if that is near enough to be shown; 0 on the last day and after it."""
    if ends_at is None or ends_at - now > timedelta(days=SHOWN_FROM):
        return None
    return max(0, (ends_at - now).days)
