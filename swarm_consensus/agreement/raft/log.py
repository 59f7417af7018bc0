"""The log of one member, in memory from shortly before the newest snapshot on.

Indexes count from 1; the snapshot stands for everything up to its index, at first index 0. A tail of what it covers
is kept in memory, for followers that are only a little behind; it is gone after a restart.
"""

from __future__ import annotations

from collections.abc import Sequence

from swarm_consensus.agreement.raft.messages import Entry, Snapshot


class Log:
    """Entries with how far they are stored, committed and applied.

    Parameters
    ----------
    snapshot
        The newest.
    entries
        Those after it, all of them stored.
    """

    def __init__(self, snapshot: Snapshot, entries: Sequence[Entry]) -> None:
        self.snapshot = snapshot
        self.base = snapshot.index  # index before the first entry in memory, and its term
        self.base_term = snapshot.term
        self.last = snapshot.index + len(entries)
        self.commit = snapshot.index
        self.applied = snapshot.index
        self.saved = self.last
        self._entries = list(entries)

    @property
    def last_term(self) -> int:
        """Term of the last entry."""
        return self._entries[-1].term if self._entries else self.base_term

    def term_at(self, index: int) -> int:
        """Return the term of an entry, or -1 if there is none or it is not kept any more."""
        place = index - self.base - 1
        if place >= 0 and index <= self.last:
            return self._entries[place].term
        return self.base_term if place == -1 else -1

    def is_at_least(self, last_index: int, last_term: int) -> bool:
        """Tell whether another log is at least as up to date as this one (section 3.6.1)."""
        return (last_term, last_index) >= (self.last_term, self.last)

    def between(self, first: int, last: int) -> list[Entry]:
        """Return the entries from `first`, above the base, to `last`, both included."""
        return self._entries[first - self.base - 1 : last - self.base]

    def unsaved(self) -> tuple[Entry, ...]:
        """Return the entries that are not stored yet."""
        return tuple(self._entries[self.saved - self.base :])

    def unapplied(self) -> list[tuple[int, Entry]]:
        """Return what is committed and not applied, each with its index."""
        applied, base = self.applied, self.base
        return list(enumerate(self._entries[applied - base : self.commit - base], applied + 1))

    def fitting(self, first: int, most: int, size: int) -> tuple[Entry, ...]:
        """Return entries from `first` on, at most so many, with so many bytes of data; at least one if there is one."""
        start = first - self.base - 1
        chosen = self._entries[start : start + most]
        if len(chosen) > 1:
            for place, entry in enumerate(chosen):
                size -= len(entry.data) + 6  # term, kind, lengths
                if size < 0:
                    return tuple(chosen[: max(place, 1)])
        return tuple(chosen)

    def append(self, entries: Sequence[Entry]) -> None:
        """Add entries at the end."""
        self._entries.extend(entries)
        self.last += len(entries)

    def cut(self, first: int) -> None:
        """Drop the entries from an index on; never a committed one."""
        del self._entries[first - self.base - 1 :]
        self.last = first - 1
        self.saved = min(self.saved, self.last)

    def conflict(self, previous: int, entries: Sequence[Entry]) -> int:
        """Return the first index at which entries after `previous` are missing here or differ, or 0.

        What agrees is left alone: an old message must not cut off what came after it (section 3.5, step 3).
        """
        for place, entry in enumerate(entries, previous + 1):
            if self.term_at(place) != entry.term:
                return place
        return 0

    def agreeing(self, index: int, term: int) -> tuple[int, int]:
        """Return the last index up to `index` whose term is at most `term`, and its term.

        Beyond it a log that has that term at that index can't agree with this one, so that a leader finds the place
        after one try a term, not one an entry.
        """
        index = min(index, self.last)
        while index >= self.base and self.term_at(index) > term:
            index -= 1
        return index, max(self.term_at(index), 0)

    def compact(self, snapshot: Snapshot, kept: int) -> None:
        """Let a snapshot of what is applied stand for the entries it covers, but keep the last few of them."""
        base = max(self.base, snapshot.index - kept)
        self.base_term = self.term_at(base)
        del self._entries[: base - self.base]
        self.snapshot, self.base = snapshot, base

    def replace(self, snapshot: Snapshot) -> None:
        """Forget everything for a snapshot that came from the leader."""
        self._entries.clear()
        self.snapshot, self.base_term = snapshot, snapshot.term
        self.base = self.last = self.commit = self.applied = self.saved = snapshot.index
