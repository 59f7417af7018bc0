"""The mission's journal: lines that are only ever added, with a root that vouches for all of them.

Whoever keeps the root and the size of an earlier day can have it shown that nothing of that day was altered, left out
or put elsewhere. When the journal is full it refuses; it never drops.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from swarm_consensus.agreement.errors import AgreementError
from swarm_consensus.network.merkle import MerkleTree, leaf_hash, verify_consistency, verify_inclusion


class Shelf(Protocol):
    """Where lines are kept: `swarm_consensus.agreement.storage.Storage` is one."""

    def append_journal(self, lines: Sequence[bytes]) -> None:
        """Keep lines, all or none."""

    def journal(self) -> Iterable[bytes]:
        """Return all lines."""


class Head(msgspec.Struct, array_like=True, frozen=True):
    """What vouches for a journal: its size and the root of its tree. This is what gets signed."""

    size: int
    root: bytes


class Journal:
    """The journal of one robot.

    Parameters
    ----------
    shelf
        Where the lines are kept.
    most
        Lines that fit in.

    Raises
    ------
    StorageError
        If a kept line is not what was written.
    """

    def __init__(self, shelf: Shelf, most: int = 10_000_000) -> None:
        self._shelf = shelf
        self._most = most
        self._tree = MerkleTree(shelf.journal())

    def __len__(self) -> int:
        return len(self._tree)

    def append(self, lines: Sequence[bytes]) -> Head:
        """Add lines, all or none; they are stored when this returns.

        Raises
        ------
        AgreementError
            If they don't fit in any more.
        StorageError
            If the disk refuses; the journal is as before.
        """
        if len(self) + len(lines) > self._most:
            raise AgreementError(
                f"the journal holds {len(self)} lines and takes at most {self._most}: {len(lines)} more are refused"
            )
        self._shelf.append_journal(lines)
        for line in lines:
            self._tree.append(line)
        return self.head()

    def head(self, size: int | None = None) -> Head:
        """Return what vouches for the first `size` lines, or all."""
        return Head(len(self) if size is None else size, self._tree.root(size))

    def prove_line(self, index: int) -> list[bytes]:
        """Return the proof that a line is in the journal as it is now."""
        return self._tree.inclusion(index)

    def prove_growth(self, size: int) -> list[bytes]:
        """Return the proof that the journal only grew since it had a size."""
        return self._tree.consistency(size)


def has_line(head: Head, index: int, line: bytes, proof: Sequence[bytes]) -> bool:
    """Tell whether a proof shows that a line stands at an index of the journal that a head vouches for."""
    return verify_inclusion(index, head.size, leaf_hash(line), proof, head.root)


def only_grew(old: Head, new: Head, proof: Sequence[bytes]) -> bool:
    """Tell whether a proof shows that nothing of an older head was altered."""
    return verify_consistency(old.size, new.size, old.root, new.root, proof)


def first_fault(lines: Sequence[bytes], heads: Sequence[Head]) -> str:
    """Return where lines stop being those that heads vouch for, in a sentence, or ''.

    With heads of sizes a < b the fault is found to lie in lines a to b - 1.

    Parameters
    ----------
    lines
        Of a journal, as found.
    heads
        Kept earlier, in the order of size.
    """
    tree, sound = MerkleTree(lines), 0
    for head in heads:
        if head.size > len(tree):
            return f"{head.size - len(tree)} lines are missing at the end: {len(tree)} of {head.size} are there"
        if tree.root(head.size) != head.root:
            return f"a line from {sound} to {head.size - 1} was altered, moved or left out; those before are sound"
        sound = head.size
    return ""
