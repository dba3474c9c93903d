"""Microsoft's error numbers and what they mean to the people concerned (entra-id reference, section 2.3).

The numbers choose words only: the explanation that the person reads and the advice in the log. Whether a login is
refused or may be tried again follows from ``error`` and the status, since Microsoft warns that numbers and texts may
change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Meaning:
    """``explanation``: key for the person's page. ``advice``: what the organisation's administrator or our operator
    does.

    ``ours``: the fault is in this installation or its registration, and nobody can sign in until the operator acts.
    """

    explanation: str
    advice: str
    ours: bool = False


def _ours(advice: str) -> Meaning:
    return Meaning("upstream_misconfigured", advice, ours=True)


def _table(*rows: tuple[str, Meaning]) -> Mapping[int, Meaning]:
    return {int(number): meaning for numbers, meaning in rows for number in numbers.split()}


MEANINGS: Final = _table(
    (
        "16000 50020 51004 90072",
        Meaning("wrong_tenant_account", "an account of another directory; invite it as a guest if it is wanted"),
    ),
    (
        "16003 50014 50034",
        Meaning("account_not_found", "the account is not in this directory: never added, or deleted"),
    ),
    (
        "500011 650052 650056 650057",
        _ours("check the API permissions of the app registration"),
    ),
    (
        "50011 500112 500113 900971 70004",
        _ours("add the broker's redirect URI to the app registration"),
    ),
    ("500208", Meaning("personal_account", "a personal account was used where only work accounts are allowed")),
    ("500212 500213", Meaning("blocked_by_policy", "a cross-tenant access policy of a directory forbids the sign-in")),
    ("50053", Meaning("account_locked", "the account is locked after bad attempts, or the address is malicious")),
    ("50055 50144", Meaning("password_expired", "the person has to change the password")),
    ("50057 500571", Meaning("account_disabled_upstream", "the account is disabled in the directory")),
    ("50058", Meaning("start_again", "no session at Microsoft")),
    (
        "50059 50128 90019 90002",
        _ours("no such tenant: check tenant_id of the organisation's connection"),
    ),
    (
        "50072 50074 50076 50078 50079",
        Meaning("mfa_needed", "a further verification is demanded: MFA or a Conditional Access policy"),
    ),
    ("50097 53000 53001 53002", Meaning("device_needed", "a managed device or application is demanded by policy")),
    ("50105", Meaning("not_assigned", "assign the user or a group to the enterprise application, or lift the demand")),
    ("50126", Meaning("start_again", "wrong name or password")),
    (
        "50131 53003 53011 530032 530035",
        Meaning("blocked_by_policy", "Conditional Access or security defaults of the directory block the sign-in"),
    ),
    ("50132 50133 50173", Meaning("start_again", "sessions were revoked or the password changed; a new sign-in helps")),
    ("50140 50199", Meaning("start_again", "the person stopped at one of Microsoft's questions")),
    (
        "50194 9001023 90124 90130",
        _ours("the registration must allow accounts of any organisational directory"),
    ),
    ("50196", Meaning("directory_busy", "Microsoft sees the same request in a loop; wait")),
    ("54005", Meaning("start_again", "the code was already used: a page was submitted twice")),
    ("501481 50147 501491", Meaning("start_again", "the PKCE verifier does not fit: another browser's code, or a bug")),
    ("65001", Meaning("admin_approval", "nobody has consented, or the consent was revoked: consent again")),
    ("65004", Meaning("consent_declined", "the person declined the permissions")),
    ("70000 70008 700082 700084 700003 70043", Meaning("start_again", "the grant has expired; a new sign-in helps")),
    ("700005", Meaning("start_again", "the code was redeemed at another tenant than it was issued for: a bug")),
    (
        "700011 700016 70001 7000112",
        Meaning("app_not_installed", "missing or disabled in the directory: its administrator must consent again"),
    ),
    (
        "700027 700024 7000274 7000214 7000277 1000502 700030 50048",
        _ours("our certificate is not accepted: check it at the registration, and the clock"),
    ),
    (
        "7000215 7000218 7000222 70002",
        _ours("our client secret is wrong, missing or expired: make a new one"),
    ),
    (
        "700025",
        _ours("the registration is a public client; register the platform as Web"),
    ),
    ("70011 700022 700023 28002 28003", _ours("a scope is not accepted")),
    ("700054", _ours("the registration does not allow this response type")),
    ("90006 90033 90024 50033 50087 90090", Meaning("directory_busy", "a passing fault at Microsoft")),
    ("90055", Meaning("directory_busy", "the tenant is throttled")),
    ("90014 900144 9002313", _ours("Microsoft calls our request malformed: a bug")),
    (
        "90094 90095 900941 900981",
        Meaning("admin_approval", "an administrator of the directory must consent to the application"),
    ),
)

_NUMBER: Final = re.compile(r"AADSTS(\d{4,7})\b")


def numbers_in(text: str) -> tuple[int, ...]:
    """The error numbers in a description, in their order."""
    return tuple(dict.fromkeys(int(number) for number in _NUMBER.findall(text)))[:8]


def meaning_of(numbers: Iterable[int]) -> Meaning | None:
    """The meaning of the first number that is known here."""
    return next((MEANINGS[number] for number in numbers if number in MEANINGS), None)
