"""UO-12: the nonce is missing, wrong, or that of another sign-in."""

from __future__ import annotations

from typing import Any

from tests.attacks.refusals import refused
from tests.attacks.upstream import TENANT_A, Attempt, OwnKeys, genuine_token, let_in, refuse_mutation, refuse_token
from tests.support.world import ELENI, World


def test_uo_12_a_wrong_or_missing_nonce_is_refused(world: World) -> None:
    browser = world.browser()
    refuse_mutation(world, "nonce", preset="wrong_nonce", browser=browser)
    refuse_mutation(world, "claims", preset="missing_nonce", browser=browser)
    wrong: list[Any] = ["", None, [], 0, True, {"nonce": "x"}]
    for nonce in wrong:
        refuse_mutation(world, "claims", claims={"nonce": nonce}, browser=browser)


def test_uo_12_a_nonce_that_is_nearly_right_is_refused(world: World) -> None:
    keys, browser = OwnKeys(world), world.browser()
    spellings = (
        lambda right: right.swapcase(),
        lambda right: f"{right} ",
        lambda right: f"{right}=",
        lambda right: right[:-1],
        lambda right: f"{right}{right}",
        lambda right: f"{right}\x00",
    )
    for spell in spellings:
        attempt = Attempt.begin(world, browser=browser)
        refuse_token(attempt, keys.sign(attempt, nonce=spell(attempt.nonce)), "nonce")


def test_uo_12_a_genuine_token_of_an_earlier_sign_in_is_refused(world: World) -> None:
    """The same person, the same browser, minutes apart."""
    browser = world.browser()
    earlier = Attempt.begin(world, browser=browser)
    old = genuine_token(world, earlier, ELENI, TENANT_A)
    attempt = Attempt.begin(world, browser=browser)
    refuse_token(attempt, old, "nonce")
    world.signed_in()
    assert let_in(earlier.deliver_token(old)), "in its own sign-in it is right"


def test_uo_12_the_transaction_is_consumed_whatever_the_outcome(world: World) -> None:
    attempt = Attempt.begin(world)
    answer = attempt.at_upstream()
    world.control.post("token-mutations", {"preset": "wrong_nonce"})
    for page, reason in (("login_failed", "nonce"), ("start_again", "state"), ("start_again", "state")):
        refused(
            world,
            lambda: answer.deliver(attempt.browser),
            browser=attempt.browser,
            status=400,
            page=page,
            reason=reason,
            secrets=attempt.secrets | {answer.fields["code"]},
        )
