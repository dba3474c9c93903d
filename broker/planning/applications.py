"""What changes in applications mean for what they get."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from broker.claims.rules import ReleaseRule
from broker.federation.configuration import Configuration
from broker.federation.model import RelyingPartyConfig
from broker.planning.effect import Effect, wider


def of_applications(old: Configuration, new: Configuration) -> Iterator[Effect]:
    """Of all that were, are, or are others."""
    before = {each.client_id: each for each in old.relying_parties}
    after = {each.client_id: each for each in new.relying_parties}
    for name in sorted({*before, *after}):
        was, will = before.get(name), after.get(name)
        if was is None:
            yield Effect("weaker", name, "a new application signs people in")
        elif will is None:
            yield Effect("stronger", name, "the application is gone: nobody signs in to it, and its tokens end")
        else:
            yield from _application(was, will)
            yield from _releases(name, old.release(name), new.release(name))


# Settings of which one side is the laxer one.
_LAX: Final[Sequence[tuple[Callable[[RelyingPartyConfig], bool], str]]] = (
    (lambda party: party.pkce == "optional", "authorization codes without PKCE are taken"),
    (lambda party: party.client_secret is None, "it has no secret: a public client"),
    (lambda party: party.introspect, "it may ask about the tokens of other applications"),
    (lambda party: party.subject_type == "public", "it sees the same sub as other applications"),
)


def _application(was: RelyingPartyConfig, will: RelyingPartyConfig) -> Iterator[Effect]:
    name = was.client_id
    for is_lax, sentence in _LAX:
        if is_lax(will) and not is_lax(was):
            yield Effect("weaker", name, sentence)
        elif is_lax(was) and not is_lax(will):
            yield Effect("stronger", name, f"no more: {sentence}")
    for key in ("redirect_uris", "scopes", "api_scopes"):
        yield from wider(name, key, getattr(was, key), getattr(will, key))
    if was.organizations is None and will.organizations is not None:
        yield Effect("stronger", name, f"only for people of {', '.join(will.organizations) or 'nobody'}")
    elif was.organizations is not None and will.organizations is None:
        yield Effect("weaker", name, "for people of every organization")
    else:
        yield from wider(name, "organizations", was.organizations or (), will.organizations or ())


def _releases(name: str, old: Sequence[ReleaseRule], new: Sequence[ReleaseRule]) -> Iterator[Effect]:
    before = {(rule.set_name, rule.name): rule for rule in old}
    after = {(rule.set_name, rule.name): rule for rule in new}
    for key in dict.fromkeys((*before, *after)):
        was, will = before.get(key), after.get(key)
        if was is None and will is not None:
            yield Effect("different", name, f"it gets the claim {will.claim} by the rule {will.name}", will.location)
        elif was is not None and will is None:
            yield Effect("different", name, f"the rule {was.name} for the claim {was.claim} is gone", was.location)
        elif was is not None and will is not None and _gives(was) != _gives(will):
            yield Effect("different", name, f"the rule {will.name} makes the claim {will.claim} anew", will.location)


def _gives(rule: ReleaseRule) -> tuple[Any, ...]:
    value = rule.value.source if rule.value is not None else None
    when = rule.when.source if rule.when is not None else None
    return (rule.claim, rule.to, rule.scope, value, when, rule.optional)
