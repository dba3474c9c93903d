"""Word to applications that somebody is out, from server to server (OpenID Connect Back-Channel Logout 1.0).

Every notice is a record before it is sent, so that another worker can send what this one could not any more. It is
sent in the background, tried again a few times, and given up with a line in the log: nobody's sign-out waits for an
application, and whoever did not hear is still refused at the next refresh or question.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Final

import structlog
from pydantic import TypeAdapter

from broker.downstream.oidc.logout_tokens import LogoutTokens
from broker.downstream.oidc.parties import RelyingParties, RelyingParty
from broker.entropy import digest
from broker.http_client import HttpAnswer, HttpFailure
from broker.store.state import StateStore, StateUnavailable

_NOTICE: Final = "logout_notice"
_LEASE: Final = "logout_lease"
_OUTSTANDING: Final = "outstanding"
# Word that is later than this is of no use: what the application holds has been refused for long.
_KEPT: Final = timedelta(minutes=15)
# One delivery takes 3 calls of 30 seconds at most (configuration) and the pauses; then another worker may try.
_LEASED: Final = timedelta(minutes=3)
_THREADS: Final = 4
RESUMED_EVERY: Final = timedelta(minutes=1)
PAUSES: Final = (timedelta(seconds=1), timedelta(seconds=5))

_log = structlog.get_logger()

Post = Callable[[str, Mapping[str, str]], HttpAnswer]
"""A form for an https address: the answer, or ``HttpFailure`` (``HttpClient.post_form``, threats G8, DO-14)."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Tell this application that this person is out: of one session, or without ``sid`` of all. ``jti`` names it."""

    jti: str
    client_id: str
    account_id: str
    sid: str | None

    @classmethod
    def of(cls, client_id: str, account_id: str, sid: str | None, sids: Iterable[str]) -> Notice:
        """``sids``: the sessions that end. The same ending gives the same notice, whichever worker carries it out."""
        named = "\n".join(("session" if sid else "person", client_id, account_id, *sorted(sids)))
        return cls(digest(named), client_id, account_id, sid)


_RECORD: Final = TypeAdapter(Notice)


class BackChannel:
    """Sends notices. Its threads start with the first one, in the process that sends."""

    NAME: ClassVar[str] = "back_channel"
    """``app.extensions[BackChannel.NAME]`` is an application's."""

    def __init__(
        self,
        store: StateStore,
        parties: RelyingParties,
        tokens: LogoutTokens,
        post: Post,
        *,
        pauses: Sequence[timedelta] = PAUSES,
    ) -> None:
        self._store = store
        self._parties = parties
        self._tokens = tokens
        self._post = post
        self._pauses = pauses
        self._waiting: queue.Queue[str | None] = queue.Queue()
        self._starting = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._retired = threading.Event()
        self._never = threading.Event()

    def announce(self, notices: Iterable[Notice]) -> None:
        """Notes and sends them; raises ``StateUnavailable`` if they cannot be noted, and nothing else."""
        for notice in notices:
            self._store.put(_NOTICE, notice.jti, _RECORD.dump_json(notice), _KEPT, indexes=(_OUTSTANDING,))
            self._enqueue(notice.jti)

    def resume(self) -> None:
        """Sends what was noted and not sent, by whichever worker."""
        for jti in self._store.members(_NOTICE, _OUTSTANDING):
            self._enqueue(jti)

    def start(self, every: timedelta = RESUMED_EVERY) -> None:
        """Resumes now and then in the background: what a worker left behind is sent by one that lives."""
        threading.Thread(target=self._keep_resuming, args=(every,), name="back-channel", daemon=True).start()

    def _keep_resuming(self, every: timedelta) -> None:
        while not self._retired.wait(every.total_seconds()):
            try:
                self.resume()
            except StateUnavailable as error:  # The next time comes.
                _log.warning("store_fault", reason="back_channel", detail=str(error))

    def retire(self) -> None:
        """Another application of this process resumes from now on. What waits here is still sent, also what a request
        at hand announces later; then the threads end.
        """
        self._retired.set()
        with self._starting:
            self._dismiss()

    def _dismiss(self) -> None:
        """The threads end after what waits now; a later notice starts new ones. The caller has the lock."""
        for _ in self._threads:
            self._waiting.put(None)
        self._threads = []

    def finish(self) -> None:
        """Returns when nothing waits to be sent here any more."""
        self._waiting.join()

    def _enqueue(self, jti: str) -> None:
        self._waiting.put(jti)
        with self._starting:
            if not self._threads:
                for number in range(_THREADS):
                    thread = threading.Thread(target=self._run, name=f"back-channel-{number}", daemon=True)
                    self._threads.append(thread)
                    thread.start()
                if self._retired.is_set():
                    self._dismiss()

    def _run(self) -> None:
        while True:
            jti = self._waiting.get()
            try:
                if jti is None:
                    return
                self._deliver(jti)
            except StateUnavailable as error:  # ``resume`` comes back to it.
                _log.warning("store_fault", reason="back_channel", detail=str(error))
            except Exception as error:  # A thread that ends would end the word of this worker for good.
                _log.error("backchannel_logout", outcome="failed", reason=type(error).__name__)
            finally:
                self._waiting.task_done()

    def _deliver(self, jti: str) -> None:
        """Sends one notice, if no other thread or worker is at it."""
        if not self._store.add_if_absent(_LEASE, jti, b"leased", _LEASED):
            return
        record = self._store.get(_NOTICE, jti)
        if record is None:
            return
        notice = _RECORD.validate_json(record)
        party = self._parties.get(notice.client_id)
        if party is not None and party.backchannel_logout_uri is not None:
            self._send(party, party.backchannel_logout_uri, notice)
        self._store.delete(_NOTICE, jti)

    def _send(self, party: RelyingParty, uri: str, notice: Notice) -> None:
        outcome, attempts = "", 0
        for pause in (timedelta(0), *self._pauses):
            self._never.wait(pause.total_seconds())
            attempts += 1
            outcome = self._attempt(party, uri, notice)
            if not outcome.startswith("again"):
                break
        log = _log.info if outcome == "told" else _log.warning
        log("backchannel_logout", client=party.client_id, outcome=outcome, attempts=attempts, jti=notice.jti)

    def _attempt(self, party: RelyingParty, uri: str, notice: Notice) -> str:
        """``told``, ``refused`` (section 2.8: 400 is final), or ``again`` with the reason."""
        token = self._tokens.make(party, notice.account_id, notice.sid, notice.jti)
        try:
            answer = self._post(uri, {"logout_token": token})
        except HttpFailure as failure:
            return f"again: {failure.reason}"
        if answer.status in (200, 204):
            return "told"
        final = answer.status < 500 and answer.status != 429
        return f"{'refused' if final else 'again'}: {answer.status}"
