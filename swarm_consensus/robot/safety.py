"""All the rows that one robot's velocity must satisfy at one tick: bodies, links, walls, fence and altitude."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.motion.limits import Limits, linear_rows
from swarm_consensus.motion.links import link_limits
from swarm_consensus.motion.obstacles import FreeSpace
from swarm_consensus.motion.separation import separation_limits
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.robot.neighbours import Neighbours

CLEARANCE = 0.02  # m, between a body that strays as far as it may and a wall
_VERTICAL = np.array([[0.0, 0.0, -1.0], [0.0, 0.0, 1.0]])


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows A v <= b, and what stands behind each."""

    matrix: Array  # (m, d) unit vectors
    bounds: Array  # (m,) m/s, not negative
    sources: tuple[tuple[Sequence[str], NDArray[np.intp]], ...]  # names, and the name of each row, block by block

    def names(self, rows: Sequence[int]) -> tuple[str, ...]:
        """Say what the given rows stand for, each once."""
        labels = [names[i] for names, index in self.sources for i in index.tolist()] if rows else []
        return tuple(dict.fromkeys(labels[row] for row in rows))


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
        self._horizon = me.speed / config.gain  # m, slack beyond which a limit can't bind
        self._near = [f"near {peer.name}" for peer in config.roster]
        self._link = [f"link {peer.name}" for peer in config.roster]

    def rows(
        self, reference: Array, neighbours: Neighbours, offset: Array, distance: Array, rho: Array
    ) -> Rows | Blocked:
        """Collect the rows that can bind at this tick.

        Parameters
        ----------
        reference
            Own reference, shape (3,), m.
        neighbours
            The robot's table, links up to date.
        offset, distance
            Own reference minus each other's last known one, shape (n, 3), and its length, shape (n,), m.
        rho
            How far each other may be from there, shape (n,), m.
        """
        matrices, bounds, sources = [], [], []
        for limits, names in self._limits(reference, neighbours, offset, distance, rho):
            rows = linear_rows(limits, self._speed)
            if rows is None:
                return Blocked(names[int(np.argmax(limits.slope))])
            matrices.append(rows[0])
            bounds.append(rows[1])
            sources.append((names, rows[2]))
        return Rows(np.concatenate(matrices), np.concatenate(bounds), tuple(sources))

    def _limits(
        self, reference: Array, neighbours: Neighbours, offset: Array, distance: Array, rho: Array
    ) -> list[tuple[Limits, Sequence[str]]]:
        config, dims, speed = self._config, self._dims, self._speed
        walls, wall_names = self._space.limits(reference, self.clearance, self._horizon, config.gain, dims)
        found: list[tuple[Limits, Sequence[str]]] = [(walls, wall_names)]
        near = np.flatnonzero(distance - rho - neighbours.separation < self._horizon)
        if near.size:
            apart = separation_limits(offset[near], neighbours.separation[near], rho[near], config.gain, dims)
            found.append((apart, [self._near[j] for j in near.tolist()]))
        step = speed * config.period
        far = np.flatnonzero(neighbours.held & (neighbours.range - rho - distance < self._horizon + step))
        if far.size:
            links = link_limits(offset[far], neighbours.range[far], rho[far], speed, config.period, config.gain, dims)
            found.append((links, [self._link[j] for j in far.tolist()]))
        if dims == 3:
            found.append((self._band(float(reference[2])), ("floor", "ceiling")))
        return found

    def _band(self, z: float) -> Limits:
        """Altitude band of a multirotor."""
        low, high = self._config.altitude
        reach = self._config.vehicle.reach
        slack = np.array([max(0.0, z - low - reach), max(0.0, high - reach - z)])
        return Limits(axis=_VERTICAL, slope=np.zeros(2), bound=self._config.gain * slack)
