"""What outlives a crash of a robot, beside its log: small files that are replaced as a whole, and shelves of chunks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from swarm_consensus.network.spreading import Chunk, Shelf


class Disk(Protocol):
    """One robot's disk."""

    def load(self, name: str) -> bytes | None:
        """Return what was saved under a name; None: nothing."""

    def save(self, name: str, data: bytes) -> None:
        """Save something in the place of what was there, whole or not at all.

        Raises
        ------
        StorageError
            If the disk refuses.
        """

    def shelf(self, name: str) -> Shelf:
        """Return where the chunks of a bundle are kept."""


class MemoryChunks:
    """Chunks in memory, in the order in which they came."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []

    def load(self) -> Iterable[Chunk]:
        """Return the chunks."""
        return tuple(self.chunks)

    def keep(self, chunk: Chunk) -> None:
        """Keep a chunk."""
        self.chunks.append(chunk)


class MemoryDisk:
    """A disk in memory: what it holds goes with the process."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.shelves: dict[str, MemoryChunks] = {}

    def load(self, name: str) -> bytes | None:
        """Return what was saved under a name; None: nothing."""
        return self.files.get(name)

    def save(self, name: str, data: bytes) -> None:
        """Save something in the place of what was there."""
        self.files[name] = data

    def shelf(self, name: str) -> MemoryChunks:
        """Return where the chunks of a bundle are kept."""
        return self.shelves.setdefault(name, MemoryChunks())
