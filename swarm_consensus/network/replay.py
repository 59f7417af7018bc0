"""Replays: nothing is accepted twice, also across crashes of the sender and of the receiver.

Every sealed frame carries (epoch, counter) of its sender. The *epoch* grows by one at each start of the sender and is
stored before its first frame; the counter begins at 0 in each. A *receiver* accepts only what is above all that it
accepted from that key. It stores a mark `reserve` counters **ahead**, before it accepts anything above the stored
one. So whatever it accepted before a crash lies at or below what it finds after it, with one write per `reserve`
frames and without any clock. The price: after a restart it is deaf to each sender for at most `reserve` of its
frames.

Marks go by key and not by place in the roster: a robot that lost its epoch gets a new key, not a new beginning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeAlias

Mark: TypeAlias = tuple[int, int]  # epoch, counter
NOTHING: Mark = (-1, -1)


class Shelf(Protocol):
    """Where marks survive a crash; `key_files.MarkFile` is one."""

    def load(self) -> Mapping[bytes, Mark]:
        """Return what was stored last."""

    def save(self, marks: Mapping[bytes, Mark]) -> None:
        """Store all marks or none, and return once they survive a loss of power; KeyFault if they can't be."""


class MemoryMarks:
    """Keeps marks in memory: for a simulated disk, which outlives its robot."""

    def __init__(self) -> None:
        self._marks: dict[bytes, Mark] = {}

    def load(self) -> dict[bytes, Mark]:
        """Return what was stored last."""
        return self._marks

    def save(self, marks: Mapping[bytes, Mark]) -> None:
        """Store all marks."""
        self._marks = dict(marks)


class Marks:
    """What one receiver has heard of every sender.

    Parameters
    ----------
    shelf
        Where marks are kept.
    reserve
        Counters by which the stored mark runs ahead; 20 is one second of a robot that sends 20 frames a second.
    """

    def __init__(self, shelf: Shelf, reserve: int = 20) -> None:
        self._shelf = shelf
        self._reserve = reserve
        self._stored = dict(shelf.load())
        self._last = dict(self._stored)

    def is_new(self, who: bytes, mark: Mark) -> bool:
        """Tell whether something of a sender is above all that was accepted; it changes nothing."""
        return mark > self._last.get(who, NOTHING)

    def take(self, who: bytes, mark: Mark) -> None:
        """Accept what is new and authentic; the marks are stored first where they must be.

        Raises
        ------
        KeyFault
            If they can't be stored. Then it is not accepted.
        """
        if mark > self._stored.get(who, NOTHING):
            # all senders at once: they send at the same rate, and a write costs the same for one and for fifty
            ahead = {each: (epoch, counter + self._reserve) for each, (epoch, counter) in self._last.items()}
            ahead[who] = (mark[0], mark[1] + self._reserve)
            stored = {each: max(new, self._stored.get(each, NOTHING)) for each, new in ahead.items()}
            self._shelf.save(stored)
            self._stored = stored
        self._last[who] = mark
