"""A robot's minutes: the journal of what people asked for, on its disk, with a signed head after each addition.

The lines of rulings are the same on all robots. A head is a line, too: it vouches, by the robot's signature, for all
lines before it. So who alters, leaves out or moves a line has to forge a signature of that robot, and is contradicted
by all others.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from swarm_consensus.agreement.commands import read_line
from swarm_consensus.agreement.errors import AgreementError, StorageError
from swarm_consensus.agreement.journal import Head, Journal, Shelf
from swarm_consensus.errors import UNREADABLE
from swarm_consensus.network.keys import PrivateKey, PublicKey
from swarm_consensus.network.merkle import MerkleTree

PURPOSE = b"swarm journal"


class Signed(msgspec.Struct, array_like=True, frozen=True, tag="head"):
    """A head, and who vouches for it."""

    head: Head
    signature: bytes


_encoder = msgspec.msgpack.Encoder()
_signed_decoder = msgspec.msgpack.Decoder(Signed)


def read_head(line: bytes) -> Signed | None:
    """Return a signed head, or None if a line is none."""
    try:
        return _signed_decoder.decode(line)
    except UNREADABLE:
        return None


def _covered(swarm: bytes, head: Head) -> bytes:
    return _encoder.encode((swarm, head))


class Minutes:
    """One robot's minutes.

    Parameters
    ----------
    shelf
        Its disk.
    key
        Signs heads.
    swarm
        For which swarm.
    """

    def __init__(self, shelf: Shelf, key: PrivateKey, swarm: bytes) -> None:
        self._key, self._swarm = key, swarm
        self.lines = list(shelf.journal())  # on the disk: rulings and heads
        self._kept = sum(read_line(line) is not None for line in self.lines)
        self._journal = Journal(shelf)
        self.stopped = ""  # why nothing is written any more

    def keep(self, lines: Sequence[bytes]) -> None:
        """Write down what is new among the lines of the log's journal, and sign."""
        new = lines[self._kept :]
        if not new or self.stopped:
            return
        try:
            head = self._write(new)
            signature = self._key.sign(PURPOSE, _covered(self._swarm, head))
            self._write([_encoder.encode(Signed(head, signature))])
        except (AgreementError, StorageError) as error:
            self.stopped = str(error)
            return
        self._kept = len(lines)

    def _write(self, lines: Sequence[bytes]) -> Head:
        head = self._journal.append(lines)
        self.lines += lines
        return head


def fault(lines: Sequence[bytes], key: PublicKey, swarm: bytes) -> str:
    """Return where a robot's minutes are not what it wrote, in a sentence, or ''.

    Parameters
    ----------
    lines
        Of its journal, as found.
    key
        Of the robot.
    swarm
        For which it signed.
    """
    tree, first = MerkleTree(), 0  # the first line that no head vouches for so far
    for place, line in enumerate(lines):
        signed = read_head(line)
        if signed is None:
            if read_line(line) is None:
                return f"line {place} is neither a ruling nor a signed head"
        elif not key.verify(PURPOSE, _covered(swarm, signed.head), signed.signature):
            return f"the head in line {place} is not signed by this robot{_sound(first)}"
        elif signed.head != Head(place, tree.root()):
            return _disorder(first, place, signed.head.size)
        else:
            first = place + 1
        tree.append(line)
    if first < len(lines):
        return f"lines from {first} on are vouched for by no head: the end is missing or was added"
    return ""


def _disorder(first: int, place: int, size: int) -> str:
    """Say what is wrong with the lines from one on, of which the head at a place vouches for others."""
    last = max(size, place) - 1
    where = f"line {first}" if first == last else f"lines {first} to {last}"
    if size == place:
        return f"{where}: altered or moved{_sound(first)}"
    return f"{where}: {abs(size - place)} {'missing' if size > place else 'added'} or moved{_sound(first)}"


def _sound(first: int) -> str:
    return f"; those before line {first} are sound" if first else ""
