"""Snapshots in pieces that fit into frames: stop and wait, with the offset as the acknowledgement."""

from __future__ import annotations

from hashlib import blake2b

import msgspec

from swarm_consensus.agreement.raft.messages import Chunk, Snapshot
from swarm_consensus.errors import UNREADABLE

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Snapshot)
LARGEST = 64 * 2**20  # bytes: what claims to be larger is no snapshot of ours


def digest_of(data: bytes | bytearray) -> bytes:
    """Return what names a snapshot's bytes."""
    return blake2b(data, digest_size=16).digest()


class Outgoing:
    """A snapshot on its way to one follower.

    It stays the same however often the leader takes a newer one meanwhile, so that the transfer ends.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.index = snapshot.index
        self.data = _encoder.encode(snapshot)
        self.digest = digest_of(self.data)
        self.offset = 0

    def piece(self, size: int) -> bytes:
        """Return the piece that is due."""
        return self.data[self.offset : self.offset + size]


class Incoming:
    """A snapshot as far as it has arrived; lost in a crash, and then sent again."""

    def __init__(self) -> None:
        self._name = (0, b"")
        self._data = bytearray()

    def offset_of(self, chunk: Chunk) -> int:
        """Return how many bytes have arrived of the snapshot that a chunk belongs to."""
        return len(self._data) if self._name == (chunk.index, chunk.digest) else 0

    def add(self, chunk: Chunk) -> Snapshot | None:
        """Take in a piece that continues what is here; return the snapshot once it is complete and whole.

        The first piece of any other snapshot starts anew: a new leader's may reach less far.
        """
        name = (chunk.index, chunk.digest)
        if name != self._name and chunk.offset == 0:
            self._name, self._data = name, bytearray()
        if name != self._name or chunk.offset != len(self._data) or chunk.size > LARGEST:
            return None
        self._data += chunk.data
        if len(self._data) < chunk.size:
            return None
        whole, self._name, self._data = self._data, (0, b""), bytearray()
        if digest_of(whole) != chunk.digest:
            return None
        try:
            snapshot = _decoder.decode(whole)
        except UNREADABLE:
            return None
        return snapshot if snapshot.index == chunk.index else None
