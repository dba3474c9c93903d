"""UO-14: a stolen code of the upstream is injected into the attacker's own sign-in."""

from __future__ import annotations

from tests.attacks.refusals import refused
from tests.attacks.upstream import Attempt, genuine_token, let_in, refuse_token
from tests.support.world import ELENI, World, challenge


def test_uo_14_a_stolen_code_is_worth_nothing_in_another_sign_in(world: World) -> None:
    victim = Attempt.begin(world)
    stolen = victim.at_upstream(ELENI).fields["code"]
    attacker = Attempt.begin(world, login_hint="somebody@aegeanfoods.example")
    refused(
        world,
        lambda: attacker.deliver(code=stolen),
        browser=attacker.browser,
        status=400,
        page="start_again",
        reason="code",
        secrets=attacker.secrets | victim.secrets | {stolen},
    )
    (refusal,) = world.events("upstream_error")
    assert refusal["aadsts"] == [501481]  # The upstream saw that the verifier is another sign-in's.
    assert let_in(victim.deliver(code=stolen)), "the victim's own sign-in still works"


def test_uo_14_even_an_upstream_without_pkce_would_be_caught_by_the_nonce(world: World) -> None:
    victim = Attempt.begin(world)
    attempt = Attempt.begin(world)
    refuse_token(attempt, genuine_token(world, victim, ELENI, victim.url.split("/")[3]), "nonce")


def test_uo_14_every_request_has_its_own_challenge_nonce_and_state(world: World) -> None:
    attempts = [Attempt.begin(world, email) for email in (ELENI, ELENI, None, "tomas.weiss@helios-shipping.example")]
    for name in ("code_challenge", "nonce", "state"):
        values = {attempt.query[name] for attempt in attempts}
        assert len(values) == len(attempts)
        assert all(len(value) >= 43 for value in values)
    assert {attempt.query["code_challenge_method"] for attempt in attempts} == {"S256"}
    assert {attempt.query["response_type"] for attempt in attempts} == {"code"}
    assert challenge() not in {attempt.query["code_challenge"] for attempt in attempts}


def test_uo_14_a_code_that_was_redeemed_already_is_refused(world: World) -> None:
    first = Attempt.begin(world)
    code = first.at_upstream().fields["code"]
    assert let_in(first.deliver(code=code))
    second = Attempt.begin(world)
    refused(
        world,
        lambda: second.deliver(code=code),
        browser=second.browser,
        status=400,
        page="start_again",
        reason="code",
        secrets=second.secrets | {code},
    )
