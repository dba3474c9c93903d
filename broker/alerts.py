"""Tells the administrators of an organisation, and the operator, when a trust is broken or is about to be.

The operator hears by the log and the metrics; the administrators by mail, once for each change, and on the security
page as long as it lasts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog

from broker.clock import Clock
from broker.mail import Letter, Mailer, NotSent
from broker.organizations import ADMINISTRATOR, Organization
from broker.store.audit import AuditTrail, Entry
from broker.store.directory import Directory
from broker.store.state import StateStore

# Days before the end at which the operator is reminded, and of these the ones at which administrators hear as well.
REMIND_AT: Final = (30, 14, 7, 1)
TELL_ADMINISTRATORS_AT: Final = (7, 1)
_REMEMBERED: Final = timedelta(days=60)
_PAGE: Final = 200

SENTENCES: Final[Mapping[str, str]] = {
    "consent_revoked": "The consent for Pobuca was revoked in your Microsoft directory. Nobody can sign in until an "
    "administrator of the directory consents again.",
    "app_disabled": "Pobuca was disabled or removed in your Microsoft directory. Nobody can sign in until an "
    "administrator of the directory enables it or connects it again.",
    "credential_expired": "Microsoft does not accept Pobuca's own credential any more. Nobody can sign in until Pobuca "
    "has replaced it; there is nothing that you have to do.",
    "permission_missing": "Pobuca may not read your Microsoft directory any more, and so notices later that somebody "
    "was disabled there. An administrator of the directory can consent again.",
    "unreachable": "Your Microsoft directory does not answer Pobuca. People who were disabled there are noticed only "
    "when it answers again.",
}
"""What each trouble means, for administrators."""

_log = structlog.get_logger(__name__)


class Alerts:
    """Says each thing once."""

    def __init__(
        self,
        *,
        directory: Directory,
        audit: AuditTrail,
        state: StateStore,
        mailer: Mailer,
        clock: Clock,
        page: str,
    ) -> None:
        """``page``: the address of the security page, named in each letter."""
        self._directory = directory
        self._audit = audit
        self._state = state
        self._mailer = mailer
        self._clock = clock
        self._page = page

    def trust_changed(self, organization: Organization, before: str | None, after: str | None) -> None:
        """Something is wrong now that was not, or the other way round. For the one worker that noticed."""
        if before == after:
            return
        if after is None:
            _log.info("federation_recovered", org=organization.name, reason=before)
            self._add("federation_recovered", organization, before or "")
            sentence = "What we wrote you about is over; all is well again."
            self._tell(organization, "Signing in with Microsoft works again", sentence)
            return
        sentence = SENTENCES[after]
        name = organization.name
        _log.error("federation_trouble", org=name, reason=after, detail=sentence, for_operator=True)
        self._add("federation_trouble", organization, after)
        self._tell(organization, "A problem with signing in with Microsoft", sentence)

    def credential_ends(self, ends_at: datetime, organizations: Iterator[Organization]) -> None:
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
            sentence = (
                f"Pobuca's own credential at Microsoft ends on {ends_at:%Y-%m-%d}. Pobuca has to replace it before, "
                "and there is nothing that you have to do; if people cannot sign in after that day, this is why."
            )
            for organization in organizations:
                self._tell(organization, "Signing in with Microsoft: a date to know", sentence)

    def _add(self, event: str, organization: Organization, trouble: str) -> None:
        entry = Entry(event, organization.name, "broker", self._clock.now(), detail={"trouble": trouble})
        self._audit.add(entry)

    def _tell(self, organization: Organization, subject: str, sentence: str) -> None:
        text = f"{organization.display_name}\n\n{sentence}\n\nWhat is known, and what to do: {self._page}\n"
        for address in self._administrators(organization.name):
            try:
                self._mailer.send(Letter(address, f"Pobuca: {subject}", text))
            except (NotSent, ValueError) as error:  # The page and the log say it as well.
                _log.error("alert_not_sent", org=organization.name, reason=type(error).__name__)

    def _administrators(self, organization: str) -> Iterator[str]:
        after: tuple[str, str] | None = None
        while page := self._directory.accounts(organization, after=after, limit=_PAGE):
            for account in page:
                if account.role == ADMINISTRATOR and account.active and account.email is not None:
                    yield account.email
            after = (page[-1].display_name, page[-1].id)
