"""Who may stand on a dock, as far as one robot can tell: whether there is room for it, and whether the dead block it.

A robot that has a permit comes and goes by its own clock. One that has none any more may still stand there, dead, or
cut off and standing still until it hears enough again: it counts unless, by where it was last known and how far it may
have come since, it can't be on the dock.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from swarm_consensus.arrays import Array
from swarm_consensus.robot.docks import Dock, Rights
from swarm_consensus.robot.neighbours import Neighbours, View


class Occupancy:
    """What one robot knows of who is on each dock. Each tick: `remember` first.

    Parameters
    ----------
    own
        Its place in the roster.
    rights
        Its dealings with who gives the right to be on a dock.
    reach
        Of each robot, (n,) m: greatest distance of its centre from its reference.
    """

    def __init__(self, own: int, rights: Rights, reach: Array) -> None:
        self._own = own
        self._rights = rights
        self._reach = reach
        self._docks: tuple[Dock, ...] = rights.orders.docks
        self._past: dict[tuple[int, int], int] = {}  # by dock and robot: since when it has no permit for it any more
        self._out: dict[tuple[int, int], bool] = {}
        self._tokens: dict[int, int] = {}  # by dock: the newest that this robot had

    def remember(self, tick: int) -> None:
        """Note from when on each robot has had no permit for each dock.

        One may have had one that this robot never heard of, before its own: so all count anew from that on.
        """
        for dock in range(len(self._docks)):
            holders = {grant.robot: grant.token for grant in self._rights.holders(dock)}
            own = holders.get(self._own, 0)
            anew = own > self._tokens.get(dock, 0)
            self._tokens[dock] = max(own, self._tokens.get(dock, 0))
            for robot in range(len(self._reach)):
                had, has = self._out.get((dock, robot), True), robot in holders
                if (had or anew) and not has:
                    self._past[dock, robot] = tick
                self._out[dock, robot] = has

    def has_room(self, dock: int, token: int, neighbours: Neighbours, view: View) -> bool:
        """Tell whether a holder may go onto a dock: older permits, and whoever may stand there without one, count."""
        older = {grant.robot for grant in self._rights.holders(dock) if grant.token < token}
        others = [robot for robot in range(len(self._reach)) if robot != self._own and robot not in older]
        return len(older) + len(self._there(dock, others, neighbours, view)) < len(self._docks[dock].spots)

    def blocked(self, dock: int, neighbours: Neighbours, view: View) -> int:
        """Return how many places of a dock are taken by robots that are presumed dead, as `has_room` counts them."""
        bodies = self._there(dock, neighbours.lost, neighbours, view)
        return min(len(bodies), len(self._docks[dock].spots))

    def _there(self, dock: int, robots: Collection[int], neighbours: Neighbours, view: View) -> list[int]:
        """Return who of these may stand on a dock."""
        places = neighbours.positions(range(len(self._reach)))
        away = np.sqrt(((places[:, :2] - self._docks[dock].position) ** 2).sum(axis=1))
        found = []
        for robot in robots:
            news = neighbours.newest(robot)
            # seen without a permit it stays where it was, in or out; seen before, it may have gone on for a while
            strayed = float(view.rho[robot]) if news <= self._past.get((dock, robot), -1) else 0.0
            if news < 0 or away[robot] - strayed <= self._docks[dock].reach + self._reach[robot]:
                found.append(robot)
        return found
