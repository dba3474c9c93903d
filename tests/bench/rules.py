"""What the rules of a typical organisation add to a sign-in: 12 of them, for a person in 200 groups, with a map of
5,000 groups to roles.

Counted is each rule once, and what one sign-in has done with them altogether: what the upstream said, the fields of the
account and the admission at the callback, and the conditions again, since they are judged afresh, with the claims at
the token endpoint and at UserInfo.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

from broker import tracing
from broker.claims.expressions import Language
from broker.claims.facts import Facts, admit_values, attribute_values, release_values, require_values
from broker.claims.judging import fill, judge
from broker.claims.releasing import release
from broker.claims.rules import AttributeRule, ReleaseRule, Rule, Target
from broker.location import Location
from broker.organizations import Organization

_HERE = Location("bench.yaml", 1, 1)
_ORGANIZATION = Organization("aegean-foods", "Aegean Foods", "enterprise", ("aegeanfoods.example",), None)
_GROUPS = tuple(str(uuid.UUID(int=number + (4 << 76) + (2 << 62))) for number in range(5_000))
_MEMBER_OF = _GROUPS[::25]
_FACTS = Facts(
    organization="aegean-foods",
    connection="entra:aegean-foods",
    issuer="https://login.microsoftonline.example/5b5e363c-6ca9-4f41-8070-9565fe497145/v2.0",
    tenant_id="5b5e363c-6ca9-4f41-8070-9565fe497145",
    object_id="0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
    acr="urn:pobuca:acr:directory",
    amr=("pwd", "mfa"),
    email="eleni.markou@aegeanfoods.example",
    email_verified=True,
    is_guest=False,
    groups=_MEMBER_OF,
    app_roles=("connect.editor",),
    claims={"acct": 0, "department": "Sales", "name": "Eleni Markou", "ver": "2.0", "xms_edov": True},
)
_FIELDS = {"email": "eleni.markou@aegeanfoods.example", "display_name": "Eleni Markou", "department": "SALES"}
_PROFILE = {"graph.jobTitle": "Buyer", "graph.department": "Sales", "graph.officeLocation": "Heraklion"}

_REQUIRE = ("!has(claims.acct) || claims.acct == 0", "'mfa' in upstream.amr", "upstream.email_verified")
_ATTRIBUTES = ("claims.department.upperAscii()", "graph.?jobTitle.orValue('')", "without_accents(graph.officeLocation)")
_ADMIT = (
    f"'{_MEMBER_OF[-1]}' in identity.groups",
    "in_domain(identity.email, 'aegeanfoods.example')",
    "lookup_all('roles', identity.groups).exists(role, role.startsWith('editor'))",
)
_RELEASE = (
    ("roles", "lookup_all('roles', identity.groups)"),
    ("connect_roles", "starting_with(identity.app_roles, 'connect.')"),
    ("department", "account.?department.orValue('')"),
)


def cpu_seconds_of_rules() -> tuple[float, float]:
    """CPU seconds of all rules once, and of one whole sign-in, with what is noted of each rule."""
    once, sign_in = _work()
    return _median_cost(once), _median_cost(sign_in)


def _median_cost(work: Callable[[], None], rounds: int = 9, count: int = 100) -> float:
    costs = []
    for _ in range(rounds):
        started = time.process_time()
        for _ in range(count):
            work()
        costs.append((time.process_time() - started) / count)
    return sorted(costs)[rounds // 2]


def _work() -> tuple[Callable[[], None], Callable[[], None]]:
    language = Language({"roles": {group: (f"editor-{number % 40}",) for number, group in enumerate(_GROUPS)}})
    require = [Rule(f"r{n}", language.condition("require", each, _HERE), "no") for n, each in enumerate(_REQUIRE)]
    admit = [Rule(f"a{n}", language.condition("admit", each, _HERE), "no") for n, each in enumerate(_ADMIT)]
    attributes = [AttributeRule("office", value=language.text("attributes", each, _HERE)) for each in _ATTRIBUTES]
    everywhere: frozenset[Target] = frozenset({"id_token", "userinfo"})
    releases = [
        ReleaseRule(claim, claim, everywhere, "profile", _HERE, language.value("release", each, _HERE))
        for claim, each in _RELEASE
    ]

    def judged() -> None:
        judge("require", require, require_values(_FACTS))
        judge("admit", admit, admit_values(_FACTS, _FIELDS))

    def filled() -> None:
        values = attribute_values(_FACTS, _PROFILE)
        for rule in attributes:
            fill(rule, values, _PROFILE)

    def told(target: Target) -> None:
        values = release_values(_FACTS, _FIELDS, _ORGANIZATION, "bench")
        if release(releases, values, {}, target, ["profile"]).keys() != {claim for claim, _ in _RELEASE}:
            raise RuntimeError("a claim is missing")

    def once() -> None:
        with tracing.apart():
            judged()
            filled()
            told("userinfo")

    def sign_in() -> None:
        with tracing.apart():
            judged()
            filled()
            judged()
            told("id_token")
            judged()
            told("userinfo")

    return once, sign_in
