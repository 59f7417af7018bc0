"""Keys: who somebody is. Ed25519 signatures (RFC 8032), each for one purpose only.

What is signed begins with the name of its purpose, so that a signature given for one thing (a frame, a vote, the root
of a bundle) is worth nothing for another. The library, libsodium, refuses points of small order and numbers that are
not reduced: a signature can't be altered into another valid one, and no key exists that signs everything.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import NoReturn

from nacl.exceptions import CryptoError
from nacl.signing import SigningKey, VerifyKey

from swarm_consensus.errors import SwarmError

SEED = 32  # bytes of a private key
KEY = 32  # bytes of a public key
SIGNATURE = 64  # bytes


class KeyFault(SwarmError):  # noqa: N818
    """A key, or a file of one, that is not used; the sentence says why."""


def _for_purpose(purpose: bytes, data: bytes) -> bytes:
    """Return what is signed; the length in front keeps one purpose from being the beginning of another."""
    return bytes((len(purpose),)) + purpose + data


class PublicKey:
    """What everybody may know of a robot or an operator.

    Parameters
    ----------
    raw
        32 bytes.

    Raises
    ------
    KeyFault
        If they are of another length.
    """

    __slots__ = ("_key", "raw")

    def __init__(self, raw: bytes) -> None:
        if len(raw) != KEY:
            raise KeyFault(f"a public key of {len(raw)} bytes, must be {KEY}")
        self.raw = raw
        self._key = VerifyKey(raw)

    def verify(self, purpose: bytes, data: bytes, signature: bytes) -> bool:
        """Tell whether the owner of this key signed the data for a purpose; whatever the bytes are."""
        if len(signature) != SIGNATURE:
            return False
        try:
            self._key.verify(_for_purpose(purpose, data), signature)
        except (CryptoError, ValueError):
            return False
        return True

    @property
    def fingerprint(self) -> str:
        """Sixteen letters by which people tell keys apart: 64 bits of the key's BLAKE2b. What is trusted is the key."""
        text = blake2b(self.raw, digest_size=8).hexdigest()
        return "-".join(text[i : i + 4] for i in range(0, 16, 4))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and self.raw == other.raw

    def __hash__(self) -> int:
        return hash(self.raw)

    def __repr__(self) -> str:
        return f"PublicKey({self.fingerprint})"


class PrivateKey:
    """What only its owner knows. It can't be printed or pickled; `key_files` alone writes it down.

    Parameters
    ----------
    seed
        32 bytes from the system's source of randomness.

    Raises
    ------
    KeyFault
        If they are of another length.
    """

    __slots__ = ("_key", "public")

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED:
            raise KeyFault(f"a private key of {len(seed)} bytes, must be {SEED}")
        self._key = SigningKey(seed)
        self.public = PublicKey(bytes(self._key.verify_key))

    def sign(self, purpose: bytes, data: bytes) -> bytes:
        """Return the signature, 64 bytes, of data for a purpose; the same data gives the same signature."""
        return self._key.sign(_for_purpose(purpose, data)).signature

    def __repr__(self) -> str:
        return f"PrivateKey(of {self.public.fingerprint})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key is not pickled")
