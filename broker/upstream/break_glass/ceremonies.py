"""WebAuthn by the ``webauthn`` library: its one home, and the only place that says what we demand of a passkey.

User verification is required and the credential discoverable, so that a passkey alone names and proves its person.
Which make of authenticator it is, is not asked (attestation ``none``).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    decode_credential_public_key,
    parse_attestation_object,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AttestationFormat,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from broker.identity import Account
from broker.passkeys import CeremonyFailed, Claimed, NewKey

# ES256 is what nearly all have, EdDSA what some prefer, RS256 what a Windows machine of some age has alone.
ALGORITHMS: Final = (
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
)
# A browser that was asked for none may leave a self attestation as it is (WebAuthn Level 3, section 5.1.3).
_FORMATS: Final = (AttestationFormat.NONE, AttestationFormat.PACKED)
# The largest credential id that a relying party has to accept (WebAuthn Level 3, section 5.8.3).
_MAX_CREDENTIAL_ID: Final = 1023
# Milliseconds that a browser waits for the person: as long as the challenge lives.
_TIMEOUT_MS: Final = 300_000


class WebAuthnCeremonies:
    """The port ``Ceremonies`` for the relying party of this public address."""

    def __init__(self, public_url: str, name: str = "Pobuca") -> None:
        parts = urlsplit(public_url)
        self._rp_id = parts.hostname or ""
        # A browser leaves the usual port out of an origin (HTML, section 7.1.1).
        self._origin = f"{parts.scheme}://{parts.netloc.removesuffix(':443')}"
        self._name = name

    def creation_options(self, account: Account, challenge: str, known: Sequence[str]) -> str:
        return options_to_json(
            generate_registration_options(
                rp_id=self._rp_id,
                rp_name=self._name,
                user_id=account.id.encode(),
                user_name=account.email or account.display_name,
                user_display_name=account.display_name,
                challenge=base64url_to_bytes(challenge),
                timeout=_TIMEOUT_MS,
                attestation=AttestationConveyancePreference.NONE,
                authenticator_selection=AuthenticatorSelectionCriteria(
                    resident_key=ResidentKeyRequirement.REQUIRED,
                    user_verification=UserVerificationRequirement.REQUIRED,
                ),
                exclude_credentials=_descriptors(known),
                supported_pub_key_algs=list(ALGORITHMS),
            )
        )

    def verify_creation(self, answer: str, challenge: str) -> NewKey:
        try:
            credential = parse_registration_credential_json(answer)
            _require_own_page(credential.response.client_data_json)
            if parse_attestation_object(credential.response.attestation_object).fmt not in _FORMATS:
                raise CeremonyFailed("an attestation that was not asked for")
            made = verify_registration_response(
                credential=credential,
                expected_challenge=base64url_to_bytes(challenge),
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                require_user_verification=True,
                supported_pub_key_algs=list(ALGORITHMS),
            )
        except CeremonyFailed:
            raise
        except Exception as error:  # The library lets through what its parsers of a stranger's bytes raise (G6).
            raise CeremonyFailed(f"{type(error).__name__}: {error}"[:300]) from error
        if made.credential_id != credential.raw_id or len(made.credential_id) > _MAX_CREDENTIAL_ID:
            raise CeremonyFailed("the credential id is not the one that was attested, or too long")
        return NewKey(
            bytes_to_base64url(made.credential_id), bytes_to_base64url(made.credential_public_key), made.sign_count
        )

    def request_options(self, challenge: str) -> str:
        return options_to_json(
            generate_authentication_options(
                rp_id=self._rp_id,
                challenge=base64url_to_bytes(challenge),
                timeout=_TIMEOUT_MS,
                user_verification=UserVerificationRequirement.REQUIRED,
            )
        )

    def read_assertion(self, answer: str) -> Claimed:
        try:
            credential = parse_authentication_credential_json(answer)
            handle = credential.response.user_handle
            return Claimed(bytes_to_base64url(credential.raw_id), handle.decode() if handle else None)
        except Exception as error:  # As above.
            raise CeremonyFailed(f"{type(error).__name__}: {error}"[:300]) from error

    def verify_assertion(self, answer: str, challenge: str, public_key: str, sign_count: int) -> int:
        try:
            credential = parse_authentication_credential_json(answer)
            _require_own_page(credential.response.client_data_json)
            key = base64url_to_bytes(public_key)
            if decode_credential_public_key(key).alg not in ALGORITHMS:
                raise CeremonyFailed("a key of an algorithm that is not accepted")
            verified = verify_authentication_response(
                credential=credential,
                expected_challenge=base64url_to_bytes(challenge),
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                credential_public_key=key,
                credential_current_sign_count=sign_count,
                require_user_verification=True,
            )
        except CeremonyFailed:
            raise
        except Exception as error:  # As above.
            raise CeremonyFailed(f"{type(error).__name__}: {error}"[:300]) from error
        return verified.new_sign_count


def _descriptors(credential_ids: Sequence[str]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(each)) for each in credential_ids]


def _require_own_page(client_data: bytes) -> None:
    """Nobody frames our pages, so no answer comes out of a frame (WebAuthn Level 3, section 7.2 step 11)."""
    if parse_client_data_json(client_data).cross_origin or "topOrigin" in json.loads(client_data):
        raise CeremonyFailed("made in a frame of another site")
