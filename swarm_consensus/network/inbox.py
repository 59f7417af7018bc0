"""The inbox: what a robot believes of what it hears. Everything else is dropped and counted by cause."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat

from swarm_consensus.network.frame import Frame, FrameError, Heard, read

CAUSES = (
    "garbage",
    "truncated",
    "oversized",
    "version",
    "value",
    "own",
    "stranger",
    "replayed",
    "future",
    "stale",
    "forged",
)


class Inbox:
    """One robot's filter for frames.

    A sender's sequence must grow from frame to frame. It begins at the tick at which the sender was switched on and
    grows by one a tick, so that a restarted robot, which forgot its number, is above it all the same.

    Parameters
    ----------
    own
        The robot's own roster index: on a shared medium it hears itself.
    roster_size
        Senders from this index on are strangers.
    future_ticks
        Frames whose position holds later than so many ticks from now are refused: a clock is off.
    oldest_ticks
        Frames whose position held longer ago are refused.
    """

    def __init__(self, own: int, roster_size: int, future_ticks: int, oldest_ticks: int) -> None:
        self.counts = dict.fromkeys(CAUSES, 0)
        self.dropped = 0
        self._own = own
        self._size = roster_size
        self._future = future_ticks
        self._oldest = oldest_ticks
        self._last = [-1] * roster_size

    def accept(self, heard: Iterable[bytes], tick: int, senders: Iterable[int] | None = None) -> list[Heard]:
        """Return the frames worth believing, in the order heard.

        Parameters
        ----------
        heard
            Bytes as they came from the radio: anything at all.
        tick
            The present tick.
        senders
            Who each is proven to be from: one that names another is refused. None: nothing is proven.
        """
        accepted = []
        for data, sender in zip(heard, repeat(None) if senders is None else senders):  # noqa: B905 - may be endless
            try:
                said = read(data)
            except FrameError as error:
                self._drop(error.reason)
                continue
            frame = said.frame
            cause = self._objection(frame, tick) if sender in (None, frame.sender) else "forged"
            if cause is None:
                self._last[frame.sender] = frame.sequence
                accepted.append(said)
            else:
                self._drop(cause)
        return accepted

    def _objection(self, frame: Frame, tick: int) -> str | None:
        sender = frame.sender
        if sender == self._own:
            return "own"
        if sender >= self._size:
            return "stranger"
        if frame.sequence <= self._last[sender]:
            return "replayed"
        if frame.tick > tick + self._future:
            return "future"
        if frame.tick < tick - self._oldest:
            return "stale"
        return None

    def _drop(self, cause: str) -> None:
        self.counts[cause] += 1
        self.dropped += 1
