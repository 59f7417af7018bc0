"""The seal: bytes of a frame, with who said them and a proof of it around. Bytes in docs/trust.md.

`identity` signs each frame with the sender's own key, so that nobody can speak for another. `group` is a keyed
BLAKE2b that all members share: some twenty times cheaper, but any member, and so any captured one, can speak for any
other. It is for large simulations. Which one is asked for is the receiver's choice: a frame of the other kind is
refused.

Opening gives what was sealed or raises `SealError` with a reason, and nothing else, whatever the bytes are.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal, TypeAlias, get_args

from swarm_consensus.network.frame import MTU, Frame, decode
from swarm_consensus.network.keys import SIGNATURE, KeyFault, PrivateKey, PublicKey
from swarm_consensus.network.replay import Marks

MAGIC = b"SS"
VERSION = 1
MAC = 16  # bytes: a forger who sends a thousand a second needs 10^27 years
PURPOSE = b"swarm frame"
LONGEST_SECRET = 64  # bytes, of BLAKE2b
_HEADER = struct.Struct(">2sBBBIQ")  # magic, version, kind, sender, epoch, counter
HEADER = _HEADER.size  # bytes before the frame
LARGEST_EPOCH = 2**32 - 1

Kind: TypeAlias = Literal["identity", "group"]
Reason: TypeAlias = Literal[
    "garbage", "truncated", "oversized", "version", "kind", "own", "stranger", "expired", "replayed", "forged", "unkept"
]
REASONS: tuple[Reason, ...] = get_args(Reason)
_NUMBER = {"identity": 1, "group": 2}
_TAIL = {"identity": SIGNATURE, "group": MAC}
ROOM = {kind: MTU - _HEADER.size - tail for kind, tail in _TAIL.items()}  # bytes of a frame that can be sealed
WEAKNESS = {
    "identity": "",
    "group": "frames are authenticated by a key that all members share: any of them can speak for any other",
    "none": "frames are not authenticated: anybody in radio range can speak for any robot",
}  # what a verdict says of each


class SealError(Exception):
    """Bytes that are not accepted.

    `own`: by the receiver itself, as an echo or a reflection. `stranger`: the sender is not in the roster. `forged`:
    the proof does not hold, in this swarm. `unkept`: the receiver could not store that it has heard this.
    """

    def __init__(self, reason: Reason) -> None:
        self.reason: Reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Identity:
    """A member of the roster, as others know it."""

    key: PublicKey
    expires: int = 0  # s since 1970, from which on the key counts for nothing; 0: never


@dataclass(frozen=True, slots=True)
class Opened:
    """What was in a seal."""

    sender: int  # place in the roster: proven
    epoch: int
    counter: int
    data: bytes


class Sealer:
    """One sender's side.

    Parameters
    ----------
    sender
        Its place in the roster, 0 to 255.
    epoch
        Larger than at any earlier start, and stored already: see `key_files.next_epoch`.
    kind
        Of the proof.
    prove
        Gives the proof of bytes: see `by_identity`, `by_group`.

    Raises
    ------
    KeyFault
        If a number is out of its range.
    """

    def __init__(self, sender: int, epoch: int, kind: Kind, prove: Callable[[bytes], bytes]) -> None:
        if not 0 <= epoch <= LARGEST_EPOCH:
            raise KeyFault(f"epoch is {epoch}, must be from 0 to {LARGEST_EPOCH}: a new key is due")
        if not 0 <= sender <= 255:
            raise KeyFault(f"sender is {sender}, must be from 0 to 255")
        self._sender, self._epoch, self._prove = sender, epoch, prove
        self._kind: Kind = kind
        self._counter = 0

    def seal(self, data: bytes) -> bytes:
        """Return the bytes to send, `ROOM` bytes of data at most; each call takes the next counter.

        Raises
        ------
        SealError
            'oversized' if it would not fit into the MTU.
        """
        if len(data) > ROOM[self._kind]:
            raise SealError("oversized")
        kind = _NUMBER[self._kind]
        body = _HEADER.pack(MAGIC, VERSION, kind, self._sender, self._epoch, self._counter) + data
        self._counter += 1
        return body + self._prove(body)


class Opener:
    """One receiver's side.

    Parameters
    ----------
    own
        Its place in the roster: what comes from there is an echo, whoever sent it.
    kind
        The only one that is accepted.
    roster
        Who is known, by place.
    check
        Tells whether a proof holds: see `checks_identity`, `checks_group`.
    marks
        What was heard before.
    """

    def __init__(
        self,
        own: int,
        kind: Kind,
        roster: Mapping[int, Identity],
        check: Callable[[Identity, bytes, bytes], bool],
        marks: Marks,
    ) -> None:
        self._own, self._roster, self._check, self._marks = own, roster, check, marks
        self._kind: Kind = kind
        self.counts: dict[str, int] = dict.fromkeys(REASONS, 0)

    def open(self, data: bytes, now: int) -> Opened:
        """Return what was sealed.

        Parameters
        ----------
        data
            As it came from the radio.
        now
            Of the receiver's clock, s since 1970; only the expiry of keys looks at it.

        Raises
        ------
        SealError
            With one of `REASONS`; it is counted.
        """
        try:
            return self._open(data, now)
        except SealError as error:
            self.counts[error.reason] += 1
            raise

    def frame(self, data: bytes, now: int) -> Frame:
        """Return the frame that was sealed, which names the same sender as the seal does.

        Raises
        ------
        SealError, FrameError
            'forged' if it names another.
        """
        opened = self.open(data, now)
        frame = decode(opened.data)
        if frame.sender != opened.sender:
            self.counts["forged"] += 1
            raise SealError("forged")
        return frame

    def _open(self, data: bytes, now: int) -> Opened:
        kind, sender, epoch, counter = self._header(data)
        if kind != _NUMBER[self._kind]:
            raise SealError("kind")
        if sender == self._own:
            raise SealError("own")
        known = self._roster.get(sender)
        if known is None:
            raise SealError("stranger")
        if known.expires and now >= known.expires:
            raise SealError("expired")
        who = self._who(sender, known)
        if not self._marks.is_new(who, (epoch, counter)):  # before the signature: a flood of copies costs little
            raise SealError("replayed")
        cut = len(data) - _TAIL[self._kind]
        if not self._check(known, data[:cut], data[cut:]):
            raise SealError("forged")
        try:
            self._marks.take(who, (epoch, counter))
        except KeyFault:
            raise SealError("unkept") from None
        return Opened(sender, epoch, counter, data[_HEADER.size : cut])

    def _header(self, data: bytes) -> tuple[int, int, int, int]:
        if len(data) > MTU:
            raise SealError("oversized")
        if data[:2] != MAGIC:
            raise SealError("garbage")
        if len(data) < _HEADER.size + _TAIL[self._kind]:
            raise SealError("truncated")
        _, version, kind, sender, epoch, counter = _HEADER.unpack_from(data)
        if version != VERSION:
            raise SealError("version")
        return kind, sender, epoch, counter

    def _who(self, sender: int, known: Identity) -> bytes:
        """Return by what a sender is marked: its key, or its place where all share one key."""
        return known.key.raw if self._kind == "identity" else b"group" + bytes((sender,))


def inside(data: bytes) -> bytes:
    """Return what is in a seal without asking whether it holds, or the data themselves if there is none.

    For who watches a simulation from outside and knows who sent what. Nobody may believe it.
    """
    if data[:2] != MAGIC or len(data) < _HEADER.size:
        return data
    kind = data[3]
    tail = next((_TAIL[each] for each, number in _NUMBER.items() if number == kind), 0)
    return data[_HEADER.size : len(data) - tail]


def with_other(data: bytes, content: bytes, prove: Callable[[bytes], bytes]) -> bytes:
    """Return a seal with other content in the place of its own, proven anew: for who simulates a member that lies."""
    body = data[: _HEADER.size] + content
    return body + prove(body)


def by_identity(key: PrivateKey, swarm: bytes) -> Callable[[bytes], bytes]:
    """Return what signs frames of a swarm; `swarm` is a name that no other swarm with the same keys has."""
    purpose = PURPOSE + swarm
    return lambda body: key.sign(purpose, body)


def checks_identity(swarm: bytes) -> Callable[[Identity, bytes, bytes], bool]:
    """Return what checks signatures of a swarm."""
    purpose = PURPOSE + swarm
    return lambda known, body, proof: known.key.verify(purpose, body, proof)


def by_group(secret: bytes, swarm: bytes) -> Callable[[bytes], bytes]:
    """Return what authenticates frames by a secret of 16 to 64 bytes that a swarm shares.

    Raises
    ------
    KeyFault
        If the secret is shorter or longer.
    """
    if not 16 <= len(secret) <= LONGEST_SECRET:
        raise KeyFault(f"a group key of {len(secret)} bytes, must be from 16 to {LONGEST_SECRET}")
    # keyed once: a copy is cheaper than taking in the key for every frame
    keyed = blake2b(bytes((len(swarm),)) + swarm, digest_size=MAC, key=secret, person=b"swarm frame")

    def prove(body: bytes) -> bytes:
        mac = keyed.copy()
        mac.update(body)
        return mac.digest()

    return prove


def checks_group(secret: bytes, swarm: bytes) -> Callable[[Identity, bytes, bytes], bool]:
    """Return what checks the group's proofs, in a time that says nothing of where they differ."""
    prove = by_group(secret, swarm)
    return lambda _, body, proof: hmac.compare_digest(prove(body), proof)
