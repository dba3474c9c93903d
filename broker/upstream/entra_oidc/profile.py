"""Reads a person's profile for the fields of the account (entra-id reference, sections 4.1 and 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from broker.errors import BrokerError, Busy, LoginFailed, NotAllowed
from broker.identity import Authentication, Profile, Secret
from broker.organizations import Organizations
from broker.upstream.entra.graph import Graph, GraphFailure
from broker.upstream.entra.profile import profile_values
from broker.upstream.entra.tenants import canonical_tenant

_log = structlog.get_logger(__name__)

# What the person reads when Graph refuses for good.
_BY_STATUS = {401: "start_again", 403: "upstream_misconfigured", 404: "account_not_found"}


class ProfileReader:
    """Asks Graph as the person. The properties must be had; a photo is welcome."""

    def __init__(self, graph: Graph, organizations: Organizations, *, fetch_photo: bool) -> None:
        self._graph = graph
        self._organizations = organizations
        self._fetch_photo = fetch_photo

    def read(self, authentication: Authentication) -> Profile:
        """The profile; raises ``LoginFailed``, ``NotAllowed`` or ``Busy``, and then no account is made."""
        token = authentication.access_token
        if token is None:
            raise LoginFailed("profile", "no access token for Graph", explanation="upstream_misconfigured")
        try:
            me = self._graph.me(token)
        except GraphFailure as failure:
            self._log(authentication, "graph_me", failure)
            raise _refusal(failure) from failure
        self._check(me, authentication)
        return Profile(profile_values(me, authentication.claims), self._photo(token, authentication))

    def read_again(self, authentication: Authentication, *, ask: bool) -> Profile:
        """The profile without the photo; without Graph's part if that is not asked for, or if Graph does not answer.

        Raises ``LoginFailed`` or ``NotAllowed`` if Graph answers for another person or refuses this one.
        """
        heard = Profile(profile_values({}, authentication.claims), from_directory=False)
        token = authentication.access_token
        if not ask or token is None:
            return heard
        try:
            me = self._graph.me(token)
        except GraphFailure as failure:
            self._log(authentication, "graph_me", failure)
            return heard
        self._check(me, authentication)
        return Profile(profile_values(me, authentication.claims))

    def _check(self, me: Mapping[str, Any], authentication: Authentication) -> None:
        """It is this person (as OpenID Connect Core 5.3.2 demands of userinfo), enabled, and no guest unless guests may
        come in.
        """
        if canonical_tenant(me.get("id")) != authentication.subject.identifier:
            raise LoginFailed("subject", "Graph answered for another person")
        if me.get("accountEnabled") is False:
            raise NotAllowed("disabled", "disabled in the directory", explanation="account_disabled_upstream")
        if me.get("userType") == "Guest" and not authentication.is_guest:
            organization = self._organizations.get(authentication.organization)
            if organization is None or not organization.guests_admitted:
                raise NotAllowed("guest", "guest by Graph's account", explanation="guest")

    def _photo(self, token: Secret, authentication: Authentication) -> tuple[str, bytes] | None:
        if not self._fetch_photo:
            return None
        try:
            return self._graph.photo(token)
        except GraphFailure as failure:
            self._log(authentication, "graph_photo", failure)
            return None

    def _log(self, authentication: Authentication, endpoint: str, failure: GraphFailure) -> None:
        _log.warning(
            "upstream_error",
            org=authentication.organization,
            conn=authentication.connection,
            reason="profile",
            endpoint=endpoint,
            status=failure.status,
            detail=failure.detail,
            for_operator=failure.status == 403,
        )


def _refusal(failure: GraphFailure) -> BrokerError:
    if failure.passing:
        wait = failure.retry_after or 5
        return Busy("upstream_down", failure.detail, explanation="directory_busy", retry_after_seconds=wait)
    explanation = _BY_STATUS.get(failure.status or 0)
    return LoginFailed("profile", failure.detail, explanation=explanation)
