"""Merkle trees as in RFC 9162: proofs that an entry is in a list, and that a list is the beginning of another.

Leaves are hashed with 0x00 before them, inner nodes with 0x01, so that no leaf can pass for a node (RFC 9162, section
2.1). A proof takes at most ceil(log2 n) hashes for inclusion and one more for consistency. Verifying never raises,
whatever the proof is: it answers True or False.

References
----------
B. Laurie, E. Messeri, R. Stradling, "Certificate Transparency Version 2.0", RFC 9162, 2021.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

from swarm_consensus.errors import SwarmError

SIZE = 32  # bytes of a hash
EMPTY = sha256().digest()  # root of the tree without leaves


class MerkleError(SwarmError):
    """A leaf or a size that the tree does not have."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry: SHA-256(0x00 || entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


class MerkleTree:
    """A tree that grows at its end.

    All hashes of complete subtrees are kept: 32 bytes a leaf and as much again for all nodes above. Appending takes two
    hashes on average, a proof at most log2(n) hashes more than those it reads.

    Parameters
    ----------
    entries
        Those at the beginning.

    Examples
    --------
    >>> tree = MerkleTree([b"a", b"b", b"c"])
    >>> verify_inclusion(2, 3, leaf_hash(b"c"), tree.inclusion(2), tree.root())
    True
    """

    def __init__(self, entries: Iterable[bytes] = ()) -> None:
        self._levels: list[bytearray] = [bytearray()]  # hashes of complete subtrees of 2^level leaves, in a row
        for entry in entries:
            self.append(entry)

    def __len__(self) -> int:
        return len(self._levels[0]) // SIZE

    def append(self, entry: bytes) -> int:
        """Add an entry; return its index."""
        index = len(self)
        value = leaf_hash(entry)
        level, place = 0, index
        self._levels[0] += value
        while place & 1:
            value = node_hash(self._at(level, place - 1), value)
            level, place = level + 1, place >> 1
            if level == len(self._levels):
                self._levels.append(bytearray())
            self._levels[level] += value
        return index

    def leaf(self, index: int) -> bytes:
        """Return the hash of an entry.

        Raises
        ------
        MerkleError
            If there is no such entry.
        """
        if not 0 <= index < len(self):
            raise MerkleError(f"entry {index} does not exist, must be from 0 to {len(self) - 1}")
        return self._at(0, index)

    def root(self, size: int | None = None) -> bytes:
        """Return the hash that stands for the first `size` entries, or all.

        Raises
        ------
        MerkleError
            If there are fewer.
        """
        size = self._checked(size)
        return self._hash(0, size) if size else EMPTY

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """Return the proof that an entry is among the first `size` (RFC 9162, section 2.1.3.1).

        Raises
        ------
        MerkleError
            If it is not.
        """
        size = self._checked(size)
        if not 0 <= index < size:
            raise MerkleError(f"entry {index} is not in a tree of {size}, must be from 0 to {size - 1}")
        proof: list[bytes] = []
        begin, end = 0, size
        while end - begin > 1:
            middle = begin + _split(end - begin)
            if index < middle:
                proof.append(self._hash(middle, end))
                end = middle
            else:
                proof.append(self._hash(begin, middle))
                begin = middle
        proof.reverse()
        return proof

    def consistency(self, size1: int, size2: int | None = None) -> list[bytes]:
        """Return the proof that the first `size1` entries begin the first `size2` (section 2.1.4.1).

        Raises
        ------
        MerkleError
            If not 0 <= size1 <= size2 <= the number of entries.
        """
        size2 = self._checked(size2)
        if not 0 <= size1 <= size2:
            raise MerkleError(f"size1 is {size1}, must be from 0 to {size2}")
        if size1 in (0, size2):
            return []
        proof: list[bytes] = []
        begin, end, whole = 0, size2, True
        while end != size1:
            middle = begin + _split(end - begin)
            if size1 <= middle:
                proof.append(self._hash(middle, end))
                end = middle
            else:
                proof.append(self._hash(begin, middle))
                begin, whole = middle, False
        if not whole:
            proof.append(self._hash(begin, end))
        proof.reverse()
        return proof

    def _checked(self, size: int | None) -> int:
        if size is None:
            return len(self)
        if not 0 <= size <= len(self):
            raise MerkleError(f"a tree of {size} entries is asked of one of {len(self)}")
        return size

    def _at(self, level: int, place: int) -> bytes:
        return bytes(self._levels[level][place * SIZE : (place + 1) * SIZE])

    def _hash(self, begin: int, end: int) -> bytes:
        """Return the root over entries; `begin` is a multiple of the largest power of 2 that fits in."""
        value = b""
        while begin < end:
            # complete subtrees from the right, the smallest first
            level = ((end - begin) & (begin - end)).bit_length() - 1
            end -= 1 << level
            part = self._at(level, end >> level)
            value = node_hash(part, value) if value else part
        return value


def _split(size: int) -> int:
    """Return the largest power of 2 below a size of at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def _is_hash(value: object) -> bool:
    return isinstance(value, bytes) and len(value) == SIZE


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def verify_inclusion(index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Tell whether a proof shows that a leaf stands at an index of the tree with a root (RFC 9162, section 2.1.3.2).

    Parameters
    ----------
    index, size
        Of the leaf, from 0 on, and of the tree.
    leaf_hash
        As from `leaf_hash`, 32 bytes.
    proof
        Hashes, the lowest first; anything at all.
    root
        Of the tree, 32 bytes.
    """
    if not (_is_size(index) and _is_size(size) and index < size and _are_hashes(proof, (leaf_hash, root))):
        return False
    place, last, value = index, size - 1, leaf_hash
    for part in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            value = node_hash(part, value)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            value = node_hash(value, part)
        place, last = place >> 1, last >> 1
    return last == 0 and value == root


def verify_consistency(size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]) -> bool:
    """Tell whether a proof shows that a tree begins another one (RFC 9162, section 2.1.4.2).

    The empty tree begins every tree; that takes no proof, and its root must be `EMPTY`.

    Parameters
    ----------
    size1, size2
        Of the trees.
    root1, root2
        Of the trees, 32 bytes.
    proof
        Hashes; anything at all.
    """
    if not (_is_size(size1) and _is_size(size2) and size1 <= size2 and _are_hashes(proof, (root1, root2))):
        return False
    if size1 in (0, size2):
        return not proof and root1 == (EMPTY if size1 == 0 else root2) and (size2 > 0 or root2 == EMPTY)
    if not proof:
        return False
    path = [root1, *proof] if size1 & (size1 - 1) == 0 else list(proof)
    place, last = size1 - 1, size2 - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = second = path[0]
    for part in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            first, second = node_hash(part, first), node_hash(part, second)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            second = node_hash(second, part)
        place, last = place >> 1, last >> 1
    return last == 0 and first == root1 and second == root2


def _are_hashes(proof: object, others: Iterable[object]) -> bool:
    """Tell whether everything given has the form of a hash; a proof is never longer than the sizes have bits."""
    if not isinstance(proof, list | tuple) or len(proof) > 64:
        return False
    return all(map(_is_hash, proof)) and all(map(_is_hash, others))
