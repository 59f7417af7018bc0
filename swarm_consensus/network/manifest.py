"""Verified data: what vouches for a mission bundle (map, plan, parameters), and how each piece of it is checked.

A commander signs name, number, size and the root of a Merkle tree over the chunks. Whoever has the manifest can tell
each chunk from a false one by itself, whoever handed it on. Of a chunk's path only that part needs to come along that
leads to a node which was verified before: in order, that is one hash a chunk instead of log2 n.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from swarm_consensus.errors import SwarmError
from swarm_consensus.network.keys import PrivateKey, PublicKey
from swarm_consensus.network.merkle import MerkleTree, leaf_hash, node_hash

PURPOSE = b"swarm bundle"
LARGEST = 10_000_000  # bytes of a bundle
CHUNK = 512  # bytes of a chunk but the last: with its path and a beacon it fits into one sealed frame
LARGEST_CHUNK = 768
HASH = 34  # bytes of a hash of the path in a message
Range = tuple[int, int]  # leaves from the first to below the second: the name of a node


class BundleFault(SwarmError):  # noqa: N818
    """A bundle, or a piece of one, that is refused; the sentence says why."""


class Manifest(msgspec.Struct, array_like=True, frozen=True):
    """What a commander signs."""

    name: Annotated[str, Meta(max_length=64)]
    number: Annotated[int, Meta(ge=0, le=2**53)]  # grows from one bundle of a name to the next
    size: Annotated[int, Meta(ge=0, le=2**53)]  # bytes
    chunk: Annotated[int, Meta(ge=0, le=2**53)]  # bytes of each chunk but the last
    root: Annotated[bytes, Meta(max_length=64)]
    commander: Annotated[bytes, Meta(max_length=64)]  # public key
    signature: Annotated[bytes, Meta(max_length=64)]

    @property
    def chunks(self) -> int:
        """How many chunks there are."""
        return -(-self.size // self.chunk)

    def length(self, index: int) -> int:
        """Return the bytes of a chunk."""
        return min(self.chunk, self.size - index * self.chunk)


_encoder = msgspec.msgpack.Encoder()


def _signed(manifest: Manifest) -> bytes:
    fields = (manifest.name, manifest.number, manifest.size, manifest.chunk, manifest.root, manifest.commander)
    return _encoder.encode(fields)


def split(data: bytes, chunk: int = CHUNK) -> list[bytes]:
    """Return the chunks of a bundle."""
    return [data[begin : begin + chunk] for begin in range(0, len(data), chunk)]


def sign(name: str, number: int, data: bytes, key: PrivateKey, chunk: int = CHUNK) -> Manifest:
    """Return the manifest of a bundle, signed by a commander.

    Raises
    ------
    BundleFault
        If it is empty, or too large.
    """
    root = MerkleTree(split(data, chunk)).root()
    bare = Manifest(name, number, len(data), chunk, root, key.public.raw, b"")
    _in_bounds(bare)
    return msgspec.structs.replace(bare, signature=key.sign(PURPOSE, _signed(bare)))


def check(manifest: Manifest, commanders: Collection[PublicKey]) -> None:
    """See that a manifest is in order, before anything of the bundle is taken in.

    Parameters
    ----------
    manifest
        As it was heard.
    commanders
        Keys of those who may command.

    Raises
    ------
    BundleFault
        If it is not signed by one of them, or its numbers can't be.
    """
    _in_bounds(manifest)
    what = f"bundle '{manifest.name}' number {manifest.number}"
    key = next((each for each in commanders if each.raw == manifest.commander), None)
    if not manifest.signature:
        raise BundleFault(f"{what}: its root is not signed")
    if key is None:
        raise BundleFault(f"{what}: signed by a key that is no commander's")
    if not key.verify(PURPOSE, _signed(manifest), manifest.signature):
        raise BundleFault(f"{what}: the signature does not fit; something was altered")


def _in_bounds(manifest: Manifest) -> None:
    what = f"bundle '{manifest.name}' number {manifest.number}"
    if not 1 <= manifest.size <= LARGEST:
        raise BundleFault(f"{what}: has {manifest.size} bytes, must be from 1 to {LARGEST}")
    if not 1 <= manifest.chunk <= LARGEST_CHUNK:
        raise BundleFault(f"{what}: chunks of {manifest.chunk} bytes, must be from 1 to {LARGEST_CHUNK}")
    if len(manifest.root) != 32:
        raise BundleFault(f"{what}: a root of {len(manifest.root)} bytes, must be 32")


def steps(index: int, size: int) -> list[tuple[Range, Range]]:
    """Return the way from a leaf to the root: each node with its sibling, the leaf first (RFC 9162, section 2.1.1)."""
    found = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + (1 << ((end - begin - 1).bit_length() - 1))
        left, right = (begin, middle), (middle, end)
        own, sibling = (left, right) if index < middle else (right, left)
        found.append((own, sibling))
        begin, end = own
    found.reverse()
    return found


class Nodes:
    """Nodes of one tree that are known to be true.

    Parameters
    ----------
    size
        Leaves of the tree.
    root
        The one node that is true from the beginning.
    """

    def __init__(self, size: int, root: bytes) -> None:
        self._size = size
        self._known: dict[Range, bytes] = {(0, size): root}

    def depth(self, index: int) -> int:
        """Return how many hashes of a leaf's path are needed: up to the first node that is known."""
        if (index, index + 1) in self._known:
            return 0
        way = steps(index, self._size)
        parents = [*(own for own, _ in way[1:]), (0, self._size)]
        return next(number + 1 for number, parent in enumerate(parents) if parent in self._known)

    def path(self, index: int, depth: int) -> tuple[bytes, ...]:
        """Return the first hashes of the path of a leaf that was verified."""
        return tuple(self._known[sibling] for _, sibling in steps(index, self._size)[:depth])

    def verify(self, index: int, chunk: bytes, path: Sequence[bytes]) -> bool | None:
        """Tell whether a chunk is the true one; if so its path is known from now on.

        None: the path is too short to tell. Then nobody is to blame: it may have been meant for somebody who knew more.
        """
        way = steps(index, self._size)
        if len(path) > len(way) or any(len(part) != 32 for part in path):
            return False
        node, value = (index, index + 1), leaf_hash(chunk)
        learned = {node: value}
        for (own, sibling), part in zip(way, path, strict=False):
            if own in self._known:
                break
            left = own < sibling
            learned[sibling] = part
            value = node_hash(value, part) if left else node_hash(part, value)
            node = (own[0], sibling[1]) if left else (sibling[0], own[1])
            learned[node] = value
        if node not in self._known:
            return None
        if self._known[node] != value:
            return False
        self._known.update(learned)
        return True
