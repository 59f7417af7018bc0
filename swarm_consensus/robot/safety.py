"""All the rows that one robot's velocity must satisfy at one tick: bodies, links, walls, fence and altitude."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.motion.limits import Limits, linear_rows
from swarm_consensus.motion.links import link_limits
from swarm_consensus.motion.obstacles import FreeSpace
from swarm_consensus.motion.separation import separation_limits
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.robot.neighbours import Neighbours, View

CLEARANCE = 0.02  # m, between a body that strays as far as it may and a wall
_FLOOR, _CEILING = np.array([[0.0, 0.0, -1.0]]), np.array([[0.0, 0.0, 1.0]])
_FLAT = np.zeros(1)
Named: TypeAlias = tuple[Limits, list[str]]  # limits, and what each stands for


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows A v <= b, and what stands behind each."""

    matrix: Array  # (m, d) unit vectors
    bounds: Array  # (m,) m/s, not negative
    names: Sequence[str]  # what each limit stands for
    source: NDArray[np.intp]  # (m,) the limit behind each row

    def named(self, rows: Sequence[int]) -> tuple[str, ...]:
        """Say what the given rows stand for, each once."""
        return tuple(dict.fromkeys([self.names[self.source[row]] for row in rows]))


@dataclass(frozen=True, slots=True)
class Closed:
    """A disc in the plane that a reference must not enter."""

    name: str
    middle: Array  # (2,) m
    radius: float  # m


@dataclass(frozen=True, slots=True)
class Blocked:
    """No move is left: what holds the robot."""

    name: str


class Safety:
    """The limits of one robot.

    Parameters
    ----------
    config
        The robot's orders.
    """

    def __init__(self, config: AgentConfig) -> None:
        me = config.roster[config.index]
        self._config = config
        self._speed = me.speed
        self._dims = config.vehicle.dims
        self.clearance = me.radius + me.reach + CLEARANCE
        self._space = FreeSpace(config.obstacles, config.fence)
        self._ordered: FreeSpace | None = None
        self._altitude = config.altitude
        self._horizon = me.speed / config.gain  # m, slack beyond which a limit can't bind
        self._near = [f"near {peer.name}" for peer in config.roster]
        self._link = [f"link {peer.name}" for peer in config.roster]
        self._seen = [f"sight {peer.name}" for peer in config.roster]
        self._none = Rows(np.zeros((0, self._dims)), np.zeros(0), (), np.zeros(0, dtype=np.intp))

    def keep(self, wall: FreeSpace | None, altitude: tuple[float, float]) -> None:
        """Keep to a further fence, if there is one, and to an altitude band, m, from now on; the own fence stays."""
        self._ordered, self._altitude = wall, altitude

    def rows(
        self, reference: Array, neighbours: Neighbours, view: View, closed: Sequence[Closed] = ()
    ) -> Rows | Blocked:
        """Collect the rows that can bind at this tick.

        Parameters
        ----------
        reference
            Own reference, shape (3,), m.
        neighbours
            The robot's table, links up to date.
        view
            The others as they may be in this period.
        closed
            Discs that the reference must not enter.
        """
        found = self._limits(reference, neighbours, view) + self._discs(reference, closed)
        if not found:
            return self._none
        limits, names = found[0] if len(found) == 1 else _joined(found)
        rows = linear_rows(limits, self._speed)
        if rows is None:
            return Blocked(names[int(np.argmax(limits.slope))])
        return Rows(rows[0], rows[1], names, rows[2])

    def _limits(self, reference: Array, neighbours: Neighbours, view: View) -> list[Named]:
        """Collect the kinds of limits of which at least one can bind."""
        config, dims, speed, horizon = self._config, self._dims, self._speed, self._horizon
        offset, distance, rho = view.offset, view.distance, view.rho
        found: list[Named] = []
        for space in (self._space, self._ordered):
            walls = None if space is None else space.limits(reference, self.clearance, horizon, config.gain, dims)
            if walls is not None:
                found.append(walls)
        clear = distance - rho - neighbours.separation
        if clear[clear.argmin()] < horizon:
            apart = separation_limits(offset, distance, neighbours.separation, rho, config.gain, dims)
            # the dead don't move: who stands too near one may pass it at the distance it has, and only comes no nearer
            apart.slope[list(neighbours.lost)] = 0.0
            found.append((apart, self._near))
        room = neighbours.kept - distance - rho
        if room[room.argmin()] < horizon + speed * config.period:
            links = link_limits(offset, distance, neighbours.kept, rho, speed, config.period, config.gain, dims)
            found.append((links, self._link))
        found += self._sights(reference, neighbours, view)
        return found + self._band(float(reference[2])) if dims == 3 else found

    def _sights(self, reference: Array, neighbours: Neighbours, view: View) -> list[Named]:
        """Lines of sight of held links, where walls that block the radio are near."""
        if neighbours.walls is None or not neighbours.held:
            return []
        config, held = self._config, list(neighbours.held)
        seen = neighbours.walls.limits(
            reference,
            reference - view.offset[held],
            view.rho[held],
            neighbours.sight[held],
            self._speed,
            config.period,
            config.gain,
            self._dims,
        )
        return [] if seen is None else [(seen[0], [self._seen[held[link]] for link in seen[1].tolist()])]

    def _discs(self, reference: Array, closed: Sequence[Closed]) -> list[Named]:
        """Closed discs: from outside no way in, from inside no way further in."""
        found: list[Named] = []
        for disc in closed:
            inward = np.zeros(self._dims)
            inward[:2] = disc.middle - reference[:2]
            distance = float(np.hypot(inward[0], inward[1]))
            if 0.0 < distance < disc.radius + self._horizon:
                bound = self._config.gain * max(0.0, distance - disc.radius)
                found.append((Limits(inward[None] / distance, _FLAT, np.array([bound])), [disc.name]))
        return found

    def _band(self, z: float) -> list[Named]:
        """Altitude band of a multirotor, where it is near its ends."""
        low, high = self._altitude
        reach, gain = self._config.vehicle.reach, self._config.gain
        found: list[Named] = []
        for axis, slack, name in ((_FLOOR, z - low - reach, "floor"), (_CEILING, high - reach - z, "ceiling")):
            if slack < self._horizon:
                found.append((Limits(axis, _FLAT, np.array([gain * max(0.0, slack)])), [name]))
        return found


def _joined(blocks: Sequence[Named]) -> Named:
    limits = Limits(
        axis=np.concatenate([block.axis for block, _ in blocks]),
        slope=np.concatenate([block.slope for block, _ in blocks]),
        bound=np.concatenate([block.bound for block, _ in blocks]),
    )
    return limits, [name for _, names in blocks for name in names]
