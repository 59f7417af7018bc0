"""Docks as robots know them, and the right to be on one, whoever gives it.

Two give it: the log, first come first served (`permits`), or the dock alone, by a compare-and-set (`claims`).
`charging` knows where the robot is and says which queues it wants; it asks no more than what is here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from swarm_consensus.agreement.lease import LeaseSettings
from swarm_consensus.agreement.semaphore import Grant
from swarm_consensus.arrays import Array

Berth = tuple[int, int]  # a place on a dock: number of the dock, and of the place on it


@dataclass(frozen=True, slots=True)
class Dock:
    """A place where batteries are charged, as robots know it."""

    name: str
    position: Array  # (2,) m, its middle
    reach: float  # m, a robot whose centre is this near is on it
    power: float  # W, to each robot
    spots: Array  # (places, 2) m, one for each robot that may be on it


@dataclass(frozen=True, slots=True)
class DockOrders:
    """What each robot is told of docks and of the right to be there; the same for all."""

    docks: tuple[Dock, ...]
    queues: tuple[tuple[str, tuple[Berth, ...]], ...]  # name of each queue, and what each slot of it is for
    lease: LeaseSettings = LeaseSettings()
    tours: tuple[tuple[int, tuple[str, ...]], ...] = ()  # by robot: queues it takes one after the other

    @property
    def counts(self) -> dict[str, int]:
        """Permits of each queue."""
        return {name: len(berths) for name, berths in self.queues}

    def tour_of(self, robot: int) -> tuple[str, ...]:
        """Return the queues that a robot takes one after the other; none for most robots."""
        return dict(self.tours).get(robot, ())


class Rights(Protocol):
    """One robot's rights to be on docks.

    What safety rests on: of two whose rights overlap in time the later one knows of the earlier (`holders`), and a
    robot's own clock ends its right (`left`) before anybody else gets it.
    """

    orders: DockOrders
    wanted: frozenset[str] | None  # queues that it waits for or keeps a right of; None: not known yet after the start
    charge: float  # share of its battery's capacity: where nobody waits in line, who has less asks sooner

    @property
    def keeps_turn(self) -> bool:
        """Whether who waits has a turn, which it would lose by asking elsewhere."""
        ...

    @property
    def must_yield(self) -> bool:
        """Whether it alone is to give way, so that a circle of waiting robots goes on."""
        ...

    def grant(self, queue: str) -> Grant | None:
        """Return this robot's right of a queue, if it has one."""
        ...

    def berth(self, queue: str, grant: Grant) -> Berth:
        """Return the place that a right is for."""
        ...

    def left(self, queue: str) -> int:
        """Return for how many ticks it may still use its right, by its own clock alone."""
        ...

    def holders(self, dock: int) -> Iterable[Grant]:
        """Return the rights that are out for a dock, as far as it knows."""
        ...

    def load(self, queue: str) -> float:
        """Return how many use or want each place of a queue, as far as it knows."""
        ...

    def out(self) -> tuple[int, ...]:
        """Return the tokens of all permits that are out by the log; none where there is no log."""
        ...
