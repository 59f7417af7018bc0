"""A disk in memory, with faults by script: the twin of `storage` for simulations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from swarm_consensus.agreement.errors import StorageError
from swarm_consensus.agreement.raft.messages import Config, Entry, Ready, Saved, Snapshot, Vote


class MemoryStorage:
    """What a disk would hold.

    Parameters
    ----------
    config
        Members at the beginning of the log, the same for all.
    """

    def __init__(self, config: Config) -> None:
        self._vote = Vote(0)
        self._snapshot = Snapshot(0, 0, config)
        self._entries: list[Entry] = []
        self._unsynced: list[Ready] = []
        self._journal: list[bytes] = []
        self.broken: str | None = None  # says why every later write fails
        self.power_cut: Literal["before", "after"] | None = (
            None  # at the next write: is it lost, or the last that is kept?
        )

    def load(self) -> Saved:
        """Return what is stored."""
        return Saved(self._vote, self._snapshot, tuple(self._entries))

    def save(self, ready: Ready) -> None:
        """Write and sync."""
        cut, self.power_cut = self.power_cut, None
        self.write(ready)
        if cut != "before":
            self.sync()
        if cut:
            raise StorageError("power was cut while storing")

    def write(self, ready: Ready) -> None:
        """Write; a crash before `sync` loses it."""
        if self.broken:
            raise StorageError(self.broken)
        self._unsynced.append(ready)

    def sync(self) -> None:
        """Make everything that was written survive."""
        for ready in self._unsynced:
            self._take(ready)
        self._unsynced.clear()

    def crash(self) -> None:
        """Lose what was not synced."""
        self._unsynced.clear()

    def append_journal(self, lines: Sequence[bytes]) -> None:
        """Keep lines, all or none."""
        if self.broken:
            raise StorageError(self.broken)
        self._journal += lines

    def journal(self) -> list[bytes]:
        """Return the lines of the journal."""
        return list(self._journal)

    def close(self) -> None:
        """Do nothing: what it holds stays."""

    def _take(self, ready: Ready) -> None:
        self._vote = ready.vote or self._vote
        if ready.snapshot:
            drop = len(self._entries) if ready.restore else ready.snapshot.index - self._snapshot.index
            del self._entries[:drop]
            self._snapshot = ready.snapshot
        if ready.entries:
            del self._entries[ready.first - self._snapshot.index - 1 :]
            self._entries += ready.entries
