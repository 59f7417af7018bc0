"""The radio channel: who hears which frame, and when.

Frames are sent once a tick by all robots at once. For every ordered pair of robots the same number of random values is
drawn every tick, whether a frame goes there or not, so that two runs of one seed differ only where their robots do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.network.walls import Wall, cut_by_walls

REORDER_PERIODS = 3.0  # a frame that is held back comes up to so many periods later, so that later ones overtake it
_CAUSES = ("sent", "delivered", "duplicated", "reordered", "lost", "out_of_range", "walls", "partition", "dead")


@dataclass(frozen=True, slots=True)
class Outage:
    """A partition for a while: frames pass only between robots of one group."""

    start: float  # s
    end: float  # s
    group: NDArray[np.int_]  # (n,) number of each robot's group


@dataclass(frozen=True, slots=True)
class ChannelModel:
    """What the radio does to frames."""

    range: float  # m
    period: float  # s, between two ticks
    walls: tuple[Wall, ...] = ()  # that block it
    loss: float = 0.0  # share of frames lost, each receiver on its own
    delay: float = 0.0  # s
    jitter: float = 0.0  # s, further delay, uniform in [0, jitter]
    duplicate: float = 0.0  # share of frames heard twice, the second a period later and with its own jitter
    reorder: float = 0.0  # share of frames held back by up to `REORDER_PERIODS`
    partitions: tuple[Outage, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class _Arrivals:
    """Frames that are due at one tick."""

    time: Array  # (m,) s
    sender: NDArray[np.intp]  # (m,)
    receiver: NDArray[np.intp]  # (m,)
    frames: tuple[bytes | None, ...]  # of the tick at which they were sent, by sender


class Channel:
    """All the air between the robots.

    Parameters
    ----------
    model
        What it does to frames.
    rng
        Its own source of randomness.
    """

    def __init__(self, model: ChannelModel, rng: np.random.Generator) -> None:
        self._model = model
        self._rng = rng
        self._due: dict[int, list[_Arrivals]] = {}
        self._counts = dict.fromkeys(_CAUSES, 0)

    @property
    def counts(self) -> dict[str, int]:
        """Frames so far, each receiver counted on its own.

        sent + duplicated = delivered + lost + out_of_range + walls + partition + dead + those still on their way.
        """
        return dict(self._counts)

    @property
    def in_flight(self) -> int:
        """Frames still on their way."""
        return sum(len(arrivals.time) for due in self._due.values() for arrivals in due)

    def send(self, now: float, frames: Sequence[bytes | None], position: Array, alive: NDArray[np.bool_]) -> None:
        """Put this tick's frames on the air.

        Parameters
        ----------
        now
            s.
        frames
            One for each robot; None where it sends nothing.
        position
            True positions, shape (n, 3), m.
        alive
            Shape (n,): a robot without power neither sends nor hears.
        """
        count = len(frames)
        lost, jitter, twice, jitter2, held_back, back = self._rng.random((6, count, count))
        sends = np.array([frame is not None for frame in frames], dtype=bool) & alive
        open_ = sends[:, None] & ~np.eye(count, dtype=bool)
        self._counts["sent"] += int(open_.sum())
        open_ = self._keep(open_, np.broadcast_to(alive, open_.shape), "dead")
        open_ = self._keep(open_, self._in_range(position), "out_of_range")
        open_ = self._keep(open_, self._together(now, count), "partition")
        open_ = self._keep(open_, self._in_sight(open_, position), "walls")
        open_ = self._keep(open_, lost >= self._model.loss, "lost")
        late = open_ & (held_back < self._model.reorder)
        again = open_ & (twice < self._model.duplicate)
        self._counts["reordered"] += int(late.sum())
        self._counts["duplicated"] += int(again.sum())
        base = now + self._model.delay
        first = base + self._model.jitter * jitter + np.where(late, REORDER_PERIODS * self._model.period * back, 0.0)
        self._post(now, frames, open_, first)
        if again.any():
            self._post(now, frames, again, base + self._model.jitter * jitter2 + self._model.period)

    def deliver(self, now: float, alive: NDArray[np.bool_]) -> list[list[bytes]]:
        """Return what each robot hears at this tick, in order of arrival.

        Parameters
        ----------
        now
            s, not earlier than the last call's.
        alive
            Shape (n,): what reaches a robot without power is gone.
        """
        heard: list[list[bytes]] = [[] for _ in range(len(alive))]
        tick = round(now / self._model.period)
        due = [arrivals for key in sorted(self._due) if key <= tick for arrivals in self._due.pop(key)]
        if not due:
            return heard
        time = np.concatenate([arrivals.time for arrivals in due])
        sender = np.concatenate([arrivals.sender for arrivals in due])
        receiver = np.concatenate([arrivals.receiver for arrivals in due])
        batch = np.repeat(np.arange(len(due)), [len(arrivals.time) for arrivals in due])
        order = np.lexsort((batch, sender, time))
        for which, source, sink in zip(
            batch[order].tolist(), sender[order].tolist(), receiver[order].tolist(), strict=True
        ):
            frame = due[which].frames[source]
            if alive[sink] and frame is not None:
                heard[sink].append(frame)
        delivered = sum(map(len, heard))
        self._counts["delivered"] += delivered
        self._counts["dead"] += len(time) - delivered
        return heard

    def _keep(self, open_: NDArray[np.bool_], passes: NDArray[np.bool_], cause: str) -> NDArray[np.bool_]:
        """Close the pairs that do not pass, and count them."""
        kept = open_ & passes
        self._counts[cause] += int(open_.sum()) - int(kept.sum())
        return kept

    def _in_range(self, position: Array) -> NDArray[np.bool_]:
        offset = position[:, None] - position[None]
        return np.asarray(np.einsum("ijd,ijd->ij", offset, offset) <= self._model.range**2)

    def _together(self, now: float, count: int) -> NDArray[np.bool_]:
        together = np.ones((count, count), dtype=bool)
        for outage in self._model.partitions:
            if outage.start <= now < outage.end:
                together &= outage.group[:, None] == outage.group[None]
        return together

    def _in_sight(self, open_: NDArray[np.bool_], position: Array) -> NDArray[np.bool_]:
        sight = np.ones_like(open_)
        if self._model.walls:
            first, second = np.nonzero(np.triu(open_ | open_.T))  # sight is mutual
            seen = ~cut_by_walls(position[first], position[second], self._model.walls)
            sight[first, second] = sight[second, first] = seen
        return sight

    def _post(self, now: float, frames: Sequence[bytes | None], pairs: NDArray[np.bool_], arrival: Array) -> None:
        """File frames by the tick at which they are heard: the first one after they arrive, never the present one."""
        sender, receiver = np.nonzero(pairs)
        time = arrival[sender, receiver]
        soonest = round(now / self._model.period) + 1
        tick = np.maximum(np.ceil(time / self._model.period - 1e-6).astype(np.int64), soonest)
        kept = tuple(frames)
        for key in np.unique(tick).tolist():
            at = tick == key
            self._due.setdefault(key, []).append(_Arrivals(time[at], sender[at], receiver[at], kept))
