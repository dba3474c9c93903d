"""Both ceremonies of a passkey: what is accepted, and everything that is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from broker.clock import ManualClock
from broker.entropy import Entropy
from broker.errors import BadRequest, LoginFailed, NotAllowed
from broker.identity import Account, Subject
from broker.passkeys import CHALLENGE_LIFETIME, MAX_PASSKEYS, Passkeys
from broker.store.opening import open_records, prepare_directory
from broker.store.records import Records
from broker.upstream.break_glass.ceremonies import WebAuthnCeremonies
from tests.support.authenticator import NO_PRESENCE, NO_VERIFICATION, STRAIGHT, Authenticator, Bent, b64, new_key
from tests.support.directory import draft
from tests.support.opening import state_store
from tests.support.people import ELENI

ORIGIN = "https://sign-in.pobuca.example"
HERE = "session 1"


@dataclass(slots=True)
class Stand:
    """Two people, one device, and the ceremonies over real stores."""

    passkeys: Passkeys
    records: Records
    device: Authenticator
    clock: ManualClock
    eleni: Account
    giorgos: Account

    def registered(self, bent: Bent = STRAIGHT, account: Account | None = None, name: str = "Blue key") -> str:
        """The id of a new passkey."""
        account = account or self.eleni
        offer = self.passkeys.offer_registration(account, HERE)
        return self.passkeys.register(
            account, HERE, offer.challenge, self.device.create(offer.options, bent), name
        ).credential_id

    def proved(self, bent: Bent = STRAIGHT) -> str:
        """The account that a proof is of, which is accepted."""
        offer = self.passkeys.offer_proof(HERE)
        proved = self.passkeys.prove(HERE, offer.challenge, self.device.get(offer.options, bent))
        self.passkeys.accept(proved)
        return proved.passkey.account_id


@pytest.fixture
def stand(tmp_path: Path, clock: ManualClock, entropy: Entropy) -> Iterator[Stand]:
    prepare_directory(tmp_path / "d.sqlite")
    with (
        closing(open_records(tmp_path / "d.sqlite")) as records,
        closing(state_store(tmp_path / "s.sqlite", clock)) as state,
    ):
        eleni, _ = records.directory.create_account(draft())
        other = Subject.entra(ELENI.authority, "91fab1d9-0e5f-4b25-8784-d678371b6f47")
        giorgos, _ = records.directory.create_account(draft(id="giorgos-id", subject=other))
        passkeys = Passkeys(WebAuthnCeremonies(ORIGIN), records.credentials, state, clock, entropy)
        device = Authenticator(ORIGIN, "sign-in.pobuca.example")
        yield Stand(passkeys, records, device, clock, eleni, giorgos)


@pytest.mark.parametrize("alg", [-7, -8, -257])
def test_a_passkey_of_each_accepted_algorithm_is_registered_and_proved(stand: Stand, alg: int) -> None:
    credential_id = stand.registered(replace(STRAIGHT, alg=alg))
    kept = stand.records.credentials.passkey(credential_id)
    assert kept is not None
    assert (kept.account_id, kept.name, kept.rehearsed_at) == (stand.eleni.id, "Blue key", None)
    stand.clock.advance(timedelta(hours=1))
    assert stand.proved() == stand.eleni.id
    used = stand.records.credentials.passkey(credential_id)
    assert used is not None
    assert (used.sign_count, used.rehearsed_at) == (1, stand.clock.now())


def test_a_passkey_without_a_counter_is_proved_again_and_again(stand: Stand) -> None:
    stand.device.counts = False
    stand.registered()
    assert [stand.proved(), stand.proved()] == [stand.eleni.id] * 2


def test_what_is_asked_of_the_browser_demands_a_verified_person_and_a_discoverable_key(stand: Stand) -> None:
    first = stand.registered()
    asked = json.loads(stand.passkeys.offer_registration(stand.eleni, HERE).options)
    assert asked["rp"] == {"id": "sign-in.pobuca.example", "name": "Pobuca"}
    assert asked["attestation"] == "none"
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert [each["alg"] for each in asked["pubKeyCredParams"]] == [-7, -8, -257]
    assert [each["id"] for each in asked["excludeCredentials"]] == [first]
    wanted = json.loads(stand.passkeys.offer_proof(HERE).options)
    assert (wanted["rpId"], wanted["userVerification"]) == ("sign-in.pobuca.example", "required")
    assert wanted.get("allowCredentials", []) == []


BENT = {
    "another origin": replace(STRAIGHT, origin="https://sign-in.pobuca.example.evil.example"),
    "plain http": replace(STRAIGHT, origin="http://sign-in.pobuca.example"),
    "another relying party": replace(STRAIGHT, rp_id="pobuca.example"),
    "a frame of another site": replace(STRAIGHT, cross_origin=True),
    "another challenge": replace(STRAIGHT, challenge="AAAA"),
    "the other ceremony": replace(STRAIGHT, type="payment.get"),
    "nobody verified": NO_VERIFICATION,
    "nobody present": NO_PRESENCE,
}
CREATED = BENT | {
    "an algorithm that is not on the list": replace(STRAIGHT, alg=-35),
    "an attestation that was not asked for": replace(STRAIGHT, fmt="android-safetynet"),
    "another id than the attested one": replace(STRAIGHT, other_id=b"x" * 32),
}
PROVED = BENT | {
    "somebody else's handle": replace(STRAIGHT, user_handle=b"giorgos-id"),
    "no handle": replace(STRAIGHT, no_user_handle=True),
    "another key": replace(STRAIGHT, signed_by=new_key(-7)),
    "an unknown credential": replace(STRAIGHT, other_id=b"x" * 32),
    "a counter that stands still": replace(STRAIGHT, counter=5),
    "a counter that goes back": replace(STRAIGHT, counter=4),
    "no counter after one": replace(STRAIGHT, counter=0),
}


@pytest.mark.parametrize("bent", CREATED.values(), ids=CREATED)
def test_a_bent_registration_keeps_nothing(stand: Stand, bent: Bent) -> None:
    with pytest.raises(LoginFailed, match="passkey"):
        stand.registered(bent)
    assert stand.records.credentials.passkeys(stand.eleni.id) == []


@pytest.mark.parametrize("bent", PROVED.values(), ids=PROVED)
def test_a_bent_proof_proves_nothing_and_leaves_the_passkey_as_it_was(stand: Stand, bent: Bent) -> None:
    credential_id = stand.registered()
    stand.proved(replace(STRAIGHT, counter=5))
    before = stand.records.credentials.passkey(credential_id)
    stand.clock.advance(timedelta(days=1))
    with pytest.raises(LoginFailed, match="passkey"):
        stand.proved(bent)
    assert stand.records.credentials.passkey(credential_id) == before
    assert stand.proved(replace(STRAIGHT, counter=6)) == stand.eleni.id


@pytest.mark.parametrize(
    "answer",
    ["", "{}", "[]", "null", "{", '{"id": 1}', "\ud800", '{"id":"AA","rawId":"AA","type":"public-key","response":{}}'],
)
def test_what_is_no_answer_at_all_is_refused(stand: Stand, answer: str) -> None:
    stand.registered()
    with pytest.raises(LoginFailed):
        stand.passkeys.register(
            stand.eleni, HERE, stand.passkeys.offer_registration(stand.eleni, HERE).challenge, answer, "x"
        )
    with pytest.raises(LoginFailed):
        stand.passkeys.prove(HERE, stand.passkeys.offer_proof(HERE).challenge, answer)
    with pytest.raises(BadRequest):
        stand.passkeys.prove(HERE, stand.passkeys.offer_proof(HERE).challenge, "x" * 20_000)


def test_an_answer_is_good_once(stand: Stand) -> None:
    stand.registered()
    offer = stand.passkeys.offer_proof(HERE)
    answer = stand.device.get(offer.options)
    stand.passkeys.accept(stand.passkeys.prove(HERE, offer.challenge, answer))
    with pytest.raises(LoginFailed, match="passkey_challenge"):
        stand.passkeys.prove(HERE, offer.challenge, answer)
    with pytest.raises(LoginFailed, match="passkey"):
        stand.passkeys.prove(HERE, stand.passkeys.offer_proof(HERE).challenge, answer)


def test_of_two_proofs_with_one_counter_one_is_accepted(stand: Stand) -> None:
    stand.registered()
    proofs = []
    for _ in range(2):
        offer = stand.passkeys.offer_proof(HERE)
        proofs.append(
            stand.passkeys.prove(HERE, offer.challenge, stand.device.get(offer.options, replace(STRAIGHT, counter=9)))
        )
    stand.passkeys.accept(proofs[0])
    with pytest.raises(LoginFailed, match="sign count"):
        stand.passkeys.accept(proofs[1])


def test_a_challenge_is_for_its_own_session_and_purpose_and_five_minutes(stand: Stand) -> None:
    stand.registered()
    offer = stand.passkeys.offer_proof(HERE)
    answer = stand.device.get(offer.options)
    with pytest.raises(LoginFailed, match="passkey_challenge"):
        stand.passkeys.prove("session 2", offer.challenge, answer)
    with pytest.raises(LoginFailed, match="passkey_challenge"):  # It is used up by the attempt.
        stand.passkeys.prove(HERE, offer.challenge, answer)
    registration = stand.passkeys.offer_registration(stand.eleni, HERE)
    with pytest.raises(LoginFailed, match="passkey_challenge"):
        stand.passkeys.prove(
            HERE, registration.challenge, stand.device.get(json.dumps({"challenge": registration.challenge}))
        )
    late = stand.passkeys.offer_proof(HERE)
    stand.clock.advance(CHALLENGE_LIFETIME)
    with pytest.raises(LoginFailed, match="passkey_challenge"):
        stand.passkeys.prove(HERE, late.challenge, stand.device.get(late.options))


def test_a_credential_is_registered_once_and_for_one_person(stand: Stand) -> None:
    offer = stand.passkeys.offer_registration(stand.eleni, HERE)
    answer = stand.device.create(offer.options)
    stand.passkeys.register(stand.eleni, HERE, offer.challenge, answer, "one")
    again = stand.passkeys.offer_registration(stand.giorgos, HERE)
    said = json.loads(answer)
    client = json.dumps({"type": "webauthn.create", "challenge": again.challenge, "origin": ORIGIN}).encode()
    said["response"]["clientDataJSON"] = b64(client)
    with pytest.raises(NotAllowed, match="passkey"):
        stand.passkeys.register(stand.giorgos, HERE, again.challenge, json.dumps(said), "two")
    assert stand.records.credentials.passkeys(stand.giorgos.id) == []


def test_one_person_has_a_bounded_number_of_them(stand: Stand) -> None:
    for number in range(MAX_PASSKEYS):
        stand.registered(name=f"key {number}")
    with pytest.raises(NotAllowed, match="too many"):
        stand.registered()


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "two\nlines", "bell\x07"])
def test_a_name_that_cannot_be_shown_is_refused_before_the_challenge_is_used(stand: Stand, name: str) -> None:
    with pytest.raises(ValueError):
        stand.registered(name=name)
    assert stand.records.credentials.passkeys(stand.eleni.id) == []


def test_a_public_address_may_name_the_usual_port(stand: Stand) -> None:
    ceremonies = WebAuthnCeremonies("https://sign-in.pobuca.example:443/broker")
    options = ceremonies.creation_options(stand.eleni, "AAAA", [])
    assert ceremonies.verify_creation(stand.device.create(options), "AAAA").sign_count == 0
