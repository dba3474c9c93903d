"""What a person reads when something went wrong: one safe sentence and a next step for each explanation key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString


@dataclass(frozen=True, slots=True)
class Explanation:
    """``retry``: whether to offer the sign-in again, and ``button`` says how."""

    sentence: LazyString
    next_step: LazyString
    retry: bool = True
    another_account: bool = False


EXPLANATIONS: Final[Mapping[str, Explanation]] = {
    "bad_request": Explanation(
        _("This request is not valid."),
        _("Go back to the application and start again from there."),
        retry=False,
    ),
    "login_failed": Explanation(_("We could not sign you in."), _("Try once more.")),
    "start_again": Explanation(
        _("This sign-in has expired, was already used, or was started in another browser."),
        _("Go back to the application and start again."),
    ),
    "sso_required": Explanation(
        _("Your organisation signs in with Microsoft."),
        _("Sign in with your organisation's Microsoft account."),
        another_account=True,
    ),
    "not_allowed": Explanation(
        _("This account may not use this service."),
        _("Use another account, or ask your administrator."),
        another_account=True,
    ),
    "busy": Explanation(_("We cannot do this just now."), _("Wait a moment and try again.")),
    "upstream_down": Explanation(_("Microsoft is not answering just now."), _("Wait a moment and try again.")),
    "directory_busy": Explanation(
        _("Your organisation's directory is not answering just now."),
        _("Wait a moment and try again. Nothing was changed."),
    ),
    "upstream_misconfigured": Explanation(
        _("The connection with Microsoft does not work at the moment."),
        _("Tell your administrator, with the reference below. Trying again will not help until it is mended."),
    ),
    "app_not_installed": Explanation(
        _("Your organisation's directory does not know this service any more."),
        _("Ask your directory's administrator to approve it again."),
    ),
    "admin_approval": Explanation(
        _("Your administrator must approve this service first."),
        _("Ask your directory's administrator to approve it."),
    ),
    "consent_declined": Explanation(
        _("You did not accept what Microsoft asked you."), _("Try again and accept, or go back to the application.")
    ),
    "wrong_tenant_account": Explanation(
        _("This Microsoft account does not belong to your organisation."),
        _("Use your organisation's account."),
        another_account=True,
    ),
    "rule_refused": Explanation(
        _("A rule of your organisation does not let this account in."),
        _("Ask your administrator, with the reference below, or use another account."),
        another_account=True,
    ),
    "account_not_found": Explanation(
        _("This account was not found in your organisation's directory."),
        _("Use another account, or ask your administrator."),
        another_account=True,
    ),
    "account_disabled_upstream": Explanation(
        _("Your account is disabled in your organisation's directory."),
        _("Ask your administrator."),
        another_account=True,
    ),
    "account_disabled": Explanation(
        _("Your Pobuca account is deactivated."), _("Ask your administrator."), another_account=True
    ),
    "not_assigned": Explanation(
        _("Your account is not assigned to this service in your organisation's directory."),
        _("Ask your administrator to assign you."),
        another_account=True,
    ),
    "mfa_needed": Explanation(
        _("Microsoft needs a further verification from you."), _("Try again and complete it there.")
    ),
    "blocked_by_policy": Explanation(
        _("A policy of your organisation does not allow this sign-in."),
        _("Ask your administrator. Another device or network may be allowed."),
    ),
    "account_locked": Explanation(
        _("Your Microsoft account is locked."), _("Wait a while, or ask your administrator."), another_account=True
    ),
    "device_needed": Explanation(
        _("Your organisation asks for a managed device or application."),
        _("Use one, or ask your administrator."),
    ),
    "password_expired": Explanation(
        _("Your Microsoft password has expired."), _("Change it at Microsoft, then sign in again.")
    ),
    "not_connected": Explanation(
        _("Your organisation is not connected to Pobuca."),
        _("Ask your administrator to connect it, or use another account."),
        another_account=True,
    ),
    "guest": Explanation(
        _("Guests of this organisation's directory may not use this service."),
        _("Use your own organisation's account, or ask the administrator."),
        another_account=True,
    ),
    "personal_account": Explanation(
        _("This is a personal Microsoft account."), _("Use your work account."), another_account=True
    ),
    "application_not_for_you": Explanation(
        _("This application is not meant for your organisation."), _("Use another account."), another_account=True
    ),
    "refused_by_application": Explanation(
        _("An application of your organisation does not accept this account."),
        _("Ask your administrator, with the reference below."),
        another_account=True,
    ),
    "no_place_left": Explanation(
        _("There is no place left for another person in an application of your organisation."),
        _("Ask your administrator to make room, then try again."),
        another_account=True,
    ),
    "no_email": Explanation(
        _("Your organisation's directory has no e-mail address for you, and Pobuca needs one."),
        _("Ask your administrator to add it."),
        another_account=True,
    ),
    "too_many": Explanation(
        _("That was tried very often just now."), _("Wait a quarter of an hour, then try again. Nothing is locked.")
    ),
    "wrong_password": Explanation(
        _("The e-mail address or the password is not right."), _("Try again, or choose a new password.")
    ),
    "wrong_app_password": Explanation(
        _("The e-mail address or the app password is not right."),
        _("Make a new app password on your account page."),
        retry=False,
    ),
    "link_used": Explanation(
        _("This link was already used, or it has expired."), _("Ask for a new one."), retry=False
    ),
    "federated_password": Explanation(
        _("You have no password here: you sign in with Microsoft."),
        _("Change your password at Microsoft."),
        retry=False,
    ),
    "carddav_federated": Explanation(
        _("CardDAV and app passwords are not available: your organisation signs in with Microsoft."),
        _("Use an application that signs in with Microsoft."),
        retry=False,
    ),
    "app_passwords_many": Explanation(
        _("You have as many app passwords as there may be."), _("Delete one that you do not use."), retry=False
    ),
    "invitee_federated": Explanation(
        _("This address cannot be invited: its organisation signs in with Microsoft."),
        _("Invite another address of this person."),
        retry=False,
    ),
    "federated_invitations": Explanation(
        _("Co-workers are not invited here: your organisation signs in with Microsoft."),
        _("Add people in your organisation's directory. They appear here when they first sign in."),
        retry=False,
    ),
    "federated_external_invitations": Explanation(
        _("External people cannot be invited: your organisation signs in with Microsoft."),
        _("Ask the administrator of your organisation's directory."),
        retry=False,
    ),
    "federated_users": Explanation(
        _("Users are administered in your organisation's directory, not here."),
        _("Change or disable them in the directory."),
        retry=False,
    ),
    "already_member": Explanation(
        _("This person is one of your co-workers already."), _("You find them under Co-workers."), retry=False
    ),
    "address_taken": Explanation(
        _("This address has a Pobuca account already, and an account belongs to one organisation."),
        _("Sign in with it, or ask to be invited at another address."),
        retry=False,
    ),
    "invitation_gone": Explanation(
        _("This invitation is not open any more."), _("Invite the person again if you want to."), retry=False
    ),
    "no_such_person": Explanation(_("There is no such co-worker."), _("Go back to Co-workers."), retry=False),
    "last_administrator": Explanation(
        _("This is the last administrator of your organisation."),
        _("Make somebody else an administrator first."),
        retry=False,
    ),
    "not_admin": Explanation(
        _("Only administrators of your organisation can do this."), _("Ask one of them."), retry=False
    ),
    "passkey_failed": Explanation(
        _("This passkey could not be verified."),
        _("Try again with a passkey that you have registered here."),
    ),
    "passkey_not_rehearsed": Explanation(
        _("This passkey has not been rehearsed lately, so it opens nothing."),
        _("Use one that you have rehearsed within the last 90 days, or ask another person who is named."),
    ),
    "passkey_too_many": Explanation(
        _("You have as many passkeys as you can have."), _("Remove one first."), retry=False
    ),
    "sign_in_again": Explanation(
        _("For this you have to have signed in just now."), _("Sign out, sign in again, and begin once more.")
    ),
    "connecting_expired": Explanation(
        _("This step has expired, was already taken, or was begun in another browser."),
        _("Begin again. Nothing was changed."),
    ),
    "ticket_ended": Explanation(
        _("This link has expired."), _("Ask the operator of Pobuca for a new one."), retry=False
    ),
    "not_directory_admin": Explanation(
        _("This Microsoft account may not approve for everybody in its directory."),
        _(
            "Use one that is Global Administrator, Privileged Role Administrator, Application Administrator or Cloud "
            "Application Administrator. A role that has to be activated first must be active."
        ),
        another_account=True,
    ),
    "directory_guest": Explanation(
        _("This Microsoft account is a guest in that directory."),
        _("Use an account that belongs to the directory itself."),
        another_account=True,
    ),
    "consent_not_given": Explanation(
        _("Microsoft did not say that Pobuca was approved."), _("Begin again, and accept what Microsoft asks.")
    ),
    "consent_without_tenant": Explanation(
        _("Microsoft did not say for which directory Pobuca was approved."), _("Begin again.")
    ),
    "consent_other_tenant": Explanation(
        _("Pobuca was approved in another directory than the one you signed in to."),
        _("Begin again, and use one account for all of it."),
    ),
    "consent_not_visible": Explanation(
        _("Pobuca's approval has not arrived at Microsoft yet."),
        _("Wait some minutes and begin again. You need not approve a second time."),
    ),
    "another_person": Explanation(
        _("Another Microsoft account answered than the one that approved."),
        _("Begin again, and use one account for all of it."),
    ),
    "tenant_taken": Explanation(
        _("This directory is connected with another organisation at Pobuca."),
        _("A directory belongs to one organisation. If it is yours, ask the operator of Pobuca."),
    ),
    "domain_not_owned": Explanation(
        _("These e-mail domains of your organisation are not verified in this directory:"),
        _("Add and verify them at Microsoft, or use the directory that has them. Then begin again."),
    ),
    "domain_taken": Explanation(
        _("An e-mail domain of this directory belongs to another organisation at Pobuca."),
        _("If it is yours, ask the operator of Pobuca."),
    ),
    "no_domain": Explanation(
        _("This directory has no e-mail domain of its own that your organisation could have."),
        _("Add and verify one at Microsoft, then begin again."),
    ),
    "connection_declared": Explanation(
        _("The operator of Pobuca has set this connection up in a file."), _("Ask the operator to change it.")
    ),
    "already_enforced": Explanation(
        _("Your organisation is connected already, and Sign on with AD is on."), _("There is nothing to do.")
    ),
    "plan_not_enterprise": Explanation(
        _("Sign on with AD belongs to the Enterprise plan."), _("Ask Pobuca to change your plan.")
    ),
    "connect_first": Explanation(
        _("Your organisation is not connected with a directory yet."), _("Connect it first, then test it.")
    ),
    "test_first": Explanation(
        _("Before it is switched on, you have to have tested it yourself, in this session."),
        _("Test it with your own Microsoft account, then switch it on."),
    ),
    "changed_meanwhile": Explanation(
        _("Somebody else changed the connection meanwhile."), _("Look at how it stands now.")
    ),
    "not_confirmed": Explanation(_("You have not confirmed it."), _("Tick the box if you are sure.")),
    "name_not_typed": Explanation(
        _("That is not the name of your organisation."), _("Write it as it stands on the page.")
    ),
    "sign_in_with_microsoft": Explanation(
        _("For this you have to be signed in with Microsoft."),
        _("Sign out, sign in with Microsoft, and begin once more."),
    ),
    "no_such_sign_in": Explanation(
        _("No sign-in of your organisation is known by this ID."),
        _("Check it. Sign-ins are kept for some days only."),
        retry=False,
    ),
    "page_not_found": Explanation(_("There is no such page."), _("Check the address."), retry=False),
}


def explain(key: str) -> Explanation:
    """The explanation of a key; the general one for a key without its own."""
    return EXPLANATIONS.get(key, EXPLANATIONS["login_failed"])
