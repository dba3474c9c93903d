"""The one place that says what comes next in a sign-in (entra-id reference 2.2).

``next_step`` looks at the request and at who is signed in, and names a page or the end. The pages change an
``Interaction`` and ask again; they do not know each other. ``prompt=none`` is the same question with no pages.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from broker.demo.entra.authorize_request import AdminConsent, AuthorizeRequest
from broker.demo.entra.directory import SimulatedDirectory
from broker.demo.entra.errors import EntraError, refusal
from broker.demo.entra.interaction import (
    AdminConsented,
    AskAccount,
    AskAdminConsent,
    AskConsent,
    AskPassword,
    AskSecondFactor,
    AskUsername,
    Interaction,
    Refuse,
    SignedIn,
    Step,
)
from broker.demo.entra.model import CONSUMER_TENANT_ID, AppRegistration, User
from broker.demo.entra.roles import may_consent_for_everybody
from broker.demo.entra.scopes import needs_administrator
from broker.demo.entra.sessions import AccountKey, Accounts, SignedInAccount


@dataclass(frozen=True, slots=True)
class _Chosen:
    account: User
    session: SignedInAccount


def next_step(interaction: Interaction, accounts: Accounts, directory: SimulatedDirectory, now: datetime) -> Step:
    """What comes next for this interaction in a browser that is signed in with ``accounts``."""
    request = interaction.request
    chosen = _choose(interaction, accounts, directory)
    if not isinstance(chosen, _Chosen):
        return chosen
    if request.prompt == "login" and not interaction.authenticated:
        return AskPassword(chosen.account)
    if chosen.account.tenant_id == CONSUMER_TENANT_ID and not _takes_personal(request):
        return Refuse(refusal(500208))
    user = directory.member_at(request.authority, chosen.account)
    if user is None:
        tenant = request.authority.tenant
        return Refuse(
            refusal(50020, user=chosen.account.sign_in_name, tenant=tenant.display_name if tenant else "organizations")
        )
    try:
        if request.admin_consent is None:
            may_sign_in(user, request.reply.registration, directory)
        else:
            _may_ask_to_consent(user, request.reply.registration, directory)
    except EntraError as error:
        return Refuse(error)
    often = user.sign_in_frequency_seconds
    if often is not None and now - chosen.session.authenticated_at > timedelta(seconds=often):
        return AskPassword(chosen.account)
    if (user.mfa_required or request.contexts) and not chosen.session.mfa:
        return AskSecondFactor(chosen.account)
    if request.admin_consent is not None:
        return _admin_consent(interaction, request.admin_consent, chosen.account, user)
    missing = request.scopes - directory.granted(request.client_id, user)
    if missing or (request.prompt == "consent" and not interaction.consented):
        tenant_allows = all(
            tenant.user_consent_allowed for tenant in directory.tenants() if tenant.tenant_id == user.tenant_id
        )
        if (
            missing
            and (needs_administrator(missing) or not tenant_allows)
            and not may_consent_for_everybody(user.directory_roles)
        ):
            return Refuse(refusal(90094))
        may_grant = may_consent_for_everybody(user.directory_roles)
        return AskConsent(chosen.account, user, request.scopes, may_grant)
    return SignedIn(user, chosen.session)


def _admin_consent(
    interaction: Interaction, consent: AdminConsent, account: User, user: User
) -> AskAdminConsent | AdminConsented | Refuse:
    if not may_consent_for_everybody(user.directory_roles, application_permissions=bool(consent.application)):
        return Refuse(refusal(90094))
    return AdminConsented(user, consent) if interaction.consented else AskAdminConsent(account, user, consent)


def _choose(
    interaction: Interaction, accounts: Accounts, directory: SimulatedDirectory
) -> _Chosen | AskUsername | AskAccount | AskPassword:
    request = interaction.request
    usable = _usable(accounts, directory)
    if interaction.chosen is not None:
        account = directory.user(*interaction.chosen)
        if account is None or account.deleted:
            return AskUsername()
        return usable.get(account.key) or AskPassword(account)
    if interaction.wants_another:
        return AskUsername()
    usable = {key: one for key, one in usable.items() if _fits(request, one.account, directory)}
    signed_in = tuple(one.account for one in usable.values())
    if request.prompt == "select_account":
        return AskAccount(signed_in) if signed_in else AskUsername()
    if request.login_hint:
        hinted = directory.account_hinted(request.login_hint)
        if hinted is None:
            return AskUsername(request.login_hint if not request.login_hint.startswith("O.") else "")
        return usable.get(hinted.key) or AskPassword(hinted)
    if not signed_in:
        return AskUsername()
    return AskAccount(signed_in) if len(signed_in) > 1 else next(iter(usable.values()))


def _usable(accounts: Accounts, directory: SimulatedDirectory) -> dict[AccountKey, _Chosen]:
    """The signed-in accounts that still exist and were not revoked."""
    found: dict[AccountKey, _Chosen] = {}
    for key, session in accounts.items():
        account = directory.user(*key)
        if account is None or account.deleted or session.session_generation != account.session_generation:
            continue
        found[key] = _Chosen(account, session)
    return found


def _fits(request: AuthorizeRequest, account: User, directory: SimulatedDirectory) -> bool:
    """Whether an account that nobody has named is worth offering at this authority, under this domain hint."""
    personal = account.tenant_id == CONSUMER_TENANT_ID
    if personal and "organizations" in (request.authority.segment, request.domain_hint):
        return False
    if request.domain_hint == "organizations":
        return True
    if request.domain_hint == "consumers":
        return personal
    if request.domain_hint:
        tenant = directory.tenant(request.domain_hint)
        return tenant is not None and tenant.tenant_id == account.tenant_id
    return True


def _takes_personal(request: AuthorizeRequest) -> bool:
    """A tenant takes them as guests; the aliases only for an application that is registered for them."""
    authority = request.authority
    if authority.tenant is not None and not authority.tenant.is_consumer:
        return True
    audience = request.reply.registration.sign_in_audience
    return authority.segment != "organizations" and audience == "AzureADandPersonalMicrosoftAccount"


def may_sign_in(user: User, registration: AppRegistration, directory: SimulatedDirectory) -> None:
    """What the tenant says of a user and an application, in Entra's order; raises ``EntraError``.

    It is asked at sign-in and again whenever a token is redeemed.
    """
    client = registration.client_id
    principal = directory.service_principal(client, user.tenant_id)
    _account_is_good(user)
    if principal is not None and principal.state == "removed":
        raise refusal(700016, client=client, tenant=user.tenant_id)
    if principal is not None and principal.state == "disabled":
        raise refusal(7000112, client=client)
    if principal is not None and principal.assignment_required and not user.assigned:
        raise refusal(50105, user=user.sign_in_name, client=client)
    if user.blocked_by_policy:
        raise refusal(53003, claims=challenge(user))


def _account_is_good(user: User) -> None:
    if user.deleted:
        raise refusal(50034, user=user.sign_in_name)
    if not user.account_enabled:
        raise refusal(50057)
    if user.password_expired:
        raise refusal(50055)


def _may_ask_to_consent(user: User, registration: AppRegistration, directory: SimulatedDirectory) -> None:
    """To consent nobody need be assigned, and the application need not be there; it must not have been disabled."""
    _account_is_good(user)
    principal = directory.service_principal(registration.client_id, user.tenant_id)
    if principal is not None and principal.state == "disabled":
        raise refusal(7000112, client=registration.client_id)
    if user.blocked_by_policy:
        raise refusal(53003, claims=challenge(user))


def challenge(user: User) -> str:
    """The ``claims`` of a Conditional Access challenge; the policy's id is made up of the user's."""
    return json.dumps({"access_token": {"polids": {"essential": True, "Values": [user.oid]}}}, separators=(",", ":"))


def silent_refusal(step: Step, client: str) -> EntraError | None:
    """How ``prompt=none`` tells that a page would be needed; None when it is not."""
    match step:
        case AskUsername() | AskPassword():
            return refusal(50058)
        case AskAccount():
            return refusal(16000)
        case AskSecondFactor(account):
            return refusal(50076, claims=challenge(account)).said_as("interaction_required")
        case AskConsent() | AskAdminConsent():
            return refusal(65001, client=client).said_as("consent_required")
        case Refuse(error):
            if error.code == 90094:  # Who could consent is not the question when nobody may be asked.
                return refusal(65001, client=client).said_as("consent_required")
            return error.said_as("interaction_required")
        case SignedIn() | AdminConsented():
            return None
