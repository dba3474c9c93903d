"""Asks the hooks of an organisation before an account is made, and writes down who hears of it afterwards.

The one place that knows what follows from an answer, and from none. It must not know how a hook is reached.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import structlog

from broker import tracing
from broker.clock import Clock
from broker.errors import Busy, NotAllowed
from broker.identity import FieldStamp
from broker.provisioning.hooks import CREATED, CREATING, Answer, Hook, HookFailed, Hooks, event_of
from broker.provisioning.mapping import LIMITS
from broker.provisioning.resting import Resting
from broker.provisioning.text import clean
from broker.store.directory import EDITABLE_ATTRIBUTES, EDITABLE_NAMES, NewAccount
from broker.store.outbox import NewEvent
from broker.tracing import Outcome, Step

# What all hooks of one organisation together may take, however many there are: a person waits for them.
TOTAL: Final = timedelta(seconds=10)
_LEAST: Final = timedelta(milliseconds=100)
# A role as the configuration may name one, and a word for the log.
_ROLE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_WORD: Final = re.compile(r"[a-z0-9_.-]{1,64}")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Consulted:
    """The account as the hooks want it, and what is to be written with it."""

    draft: NewAccount
    events: tuple[NewEvent, ...] = ()


class Consulting:
    """Safe for threads; one in a process, since it counts failures."""

    def __init__(self, hooks: Hooks, clock: Clock, *, key: bytes, wake: Callable[[], None] = lambda: None) -> None:
        """``key``: what account ids are derived with where somebody is asked. ``wake``: calls whoever delivers."""
        self._hooks = hooks
        self._clock = clock
        self._key = key
        self._wake = wake
        self._resting = Resting(clock)

    def asks(self, organization: str) -> bool:
        """Whether somebody is asked before an account of this organisation is made."""
        return any(hook.when == "before" for hook in self._hooks.of(organization))

    def account_id(self, organization: str, *named: str) -> str:
        """The id of the account that what is ``named`` will get: the same whenever it is asked for.

        A hook is asked before anything is written. If the broker dies then, and the person comes again, the hook shall
        not hear of another account. A UUID of version 8 (RFC 9562), which nobody can guess without the key.
        """
        text = "\n".join((organization, *named)).encode()
        drawn = hashlib.blake2b(text, key=self._key, person=b"account id", digest_size=16).digest()
        number = int.from_bytes(drawn)
        number = number & ~(0xF << 76) | (8 << 76)
        return str(uuid.UUID(int=number & ~(0x3 << 62) | (0x2 << 62)))

    def consult(self, draft: NewAccount) -> Consulted:
        """Asks who is to be asked, in their order; nothing is written.

        Raises ``NotAllowed`` when one of them refuses, and ``Busy`` when one does not answer whose word is needed. One
        whose word is not needed, and who did not answer, hears of the account afterwards (threats PR-02, PR-03).
        """
        hears_later = []
        began = self._clock.now()
        for hook in self._hooks.of(draft.organization):
            if hook.when == "after":
                hears_later.append(hook)
                continue
            within = min(hook.deadline, TOTAL - (self._clock.now() - began))
            answer = self._ask(hook, draft, within)
            if answer is None:
                hears_later.append(hook)
                continue
            draft = _amended(draft, hook, answer.changes)
        return Consulted(draft, tuple(_written(hook, draft) for hook in hears_later))

    def written(self, consulted: Consulted) -> None:
        """The account is there: whoever delivers need not wait for its next turn."""
        if consulted.events:
            self._wake()

    def _ask(self, hook: Hook, draft: NewAccount, within: timedelta) -> Answer | None:
        """Its answer; None if it gave none and the account is to be made all the same."""
        name = f"{draft.organization}/{hook.name}"
        try:
            answer = self._answer(hook, draft, within, name)
        except HookFailed as failure:
            reason = "hook_timeout" if failure.reason == "timeout" else "hook"
            _note(hook, "failed", failure.reason)
            _log.warning(
                "hook_failed",
                org=draft.organization,
                hook=hook.name,
                account=draft.id,
                reason=reason,
                detail=failure.reason,
                on_failure=hook.on_failure,
            )
            if hook.on_failure == "refuse":
                raise Busy(reason, f"{name}: {failure.reason}") from failure
            return None
        if answer.refused is not None:
            word = answer.refused if _WORD.fullmatch(answer.refused) else "unnamed"
            _note(hook, "refused", word)
            raise NotAllowed("hook_refused", f"{name}: {word}", explanation=answer.explanation)
        _note(hook, "passed", ", ".join(sorted(answer.changes.keys() & hook.may_set)))
        return answer

    def _answer(self, hook: Hook, draft: NewAccount, within: timedelta, name: str) -> Answer:
        if within < _LEAST:
            raise HookFailed("no_time_left")
        if not self._resting.may_ask(name):
            raise HookFailed("resting")
        try:
            answer = hook.application.ask(event_of(hook, CREATING, draft, draft.created_at), within)
            _require_sense(answer, hook)
        except HookFailed:
            self._resting.failed(name)
            raise
        except Exception as error:  # Code of others: whatever it does is an answer that is none (threats G1).
            self._resting.failed(name)
            _log.error("hook_error", org=draft.organization, hook=hook.name, reason="error", exc_info=True)
            raise HookFailed("error") from error
        self._resting.answered(name)
        return answer


def _require_sense(answer: object, hook: Hook) -> None:
    """Raises ``HookFailed`` for an answer that cannot be one."""
    if not isinstance(answer, Answer):
        raise HookFailed("answer")
    if answer.explanation not in ("refused_by_application", "no_place_left"):
        raise HookFailed("answer")
    if answer.refused is not None and not isinstance(answer.refused, str):
        raise HookFailed("answer")
    for name in answer.changes.keys() & hook.may_set:
        value = answer.changes[name]
        if not isinstance(value, str) or (name == "role" and not _ROLE.fullmatch(value)):
            raise HookFailed("answer")


def _amended(draft: NewAccount, hook: Hook, changes: Mapping[str, str]) -> NewAccount:
    """With the fields that this hook may set, cleaned like anybody's; what is not among them is dropped (threats
    PR-06). A field that is empty when cleaned stays as it was.
    """
    names: dict[str, str] = {}
    attributes = dict(draft.attributes)
    for field in changes.keys() & hook.may_set & (EDITABLE_NAMES | EDITABLE_ATTRIBUTES):
        value = changes[field] if field == "role" else clean(changes[field], LIMITS[field])
        if value and field in EDITABLE_NAMES:
            names[field] = value
        elif value:
            attributes[field] = value
    set_ones = names.keys() | {name for name in attributes if attributes[name] != draft.attributes.get(name)}
    if not set_ones:
        return draft
    by = f"hook:{hook.name}"
    return replace(
        draft,
        first_name=names.get("first_name", draft.first_name),
        last_name=names.get("last_name", draft.last_name),
        display_name=names.get("display_name", draft.display_name),
        role=names.get("role", draft.role),
        attributes=attributes,
        attribute_sources={**draft.attribute_sources, **dict.fromkeys(set_ones, by)},
        attribute_stamps={**draft.attribute_stamps, **dict.fromkeys(set_ones, FieldStamp(by, draft.created_at))},
    )


def _written(hook: Hook, draft: NewAccount) -> NewEvent:
    event = event_of(hook, CREATED, draft, draft.created_at)
    return NewEvent(
        event.id, event.organization, hook.name, event.account_id, event.kind, event.fields, event.occurred_at
    )


def _note(hook: Hook, outcome: Outcome, detail: str) -> None:
    tracing.note(Step("check", "provisioning", hook.name, outcome, location=hook.location, detail=detail))
