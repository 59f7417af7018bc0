"""The kinematic world: no forces between bodies, but honest motion; for many runs, and for machines without PyBullet.

Multirotors follow a velocity command with a first-order lag and a bound on acceleration; rovers drive exact arcs.
Bodies are spheres; touching is counted from the true distances.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.robot.vehicle import VEHICLES
from swarm_consensus.simulation.placement import PlacedRobot
from swarm_consensus.simulation.rotation import from_heading
from swarm_consensus.simulation.scenario import Scenario
from swarm_consensus.simulation.world import Contact, Truth

LAG = 0.15  # s, of a multirotor's velocity: that of the PyBullet one
ACCELERATION = 5.0  # m/s^2, of a multirotor: a tilt of 27 degrees
GRAVITY = 9.81  # m/s^2


class KinematicWorld:
    """A world of points with velocities; see `swarm_consensus.simulation.world.World`.

    Parameters
    ----------
    scenario
        Checked.
    robots
        The roster, as `place` returns it.
    substeps
        Integration steps in one control period.
    """

    def __init__(self, scenario: Scenario, robots: Sequence[PlacedRobot], substeps: int = 12) -> None:
        models = [VEHICLES[robot.vehicle] for robot in robots]
        self.substeps = substeps
        self.contacts: list[Contact] = []
        self._names = [robot.name for robot in robots]
        self._step = 1.0 / (scenario.control.rate_hz * substeps)
        self._time = 0.0
        self._flies = np.array([model.dims == 3 for model in models])
        self._rest = np.array([model.height for model in models])
        self._radius = np.array([model.radius for model in models])
        self._position = np.array([robot.position for robot in robots])
        self._heading = np.array([robot.heading for robot in robots])
        self._velocity = np.zeros((len(robots), 3))
        self._yaw_rate = np.zeros(len(robots))
        self._power = np.ones(len(robots), dtype=bool)
        self._walls = np.array([shapely.Polygon(o.polygon_m) for o in scenario.obstacles], dtype=object)
        self._heights = np.array([obstacle.height_m for obstacle in scenario.obstacles])
        self._pairs = np.triu_indices(len(robots), 1)
        self._reach = self._radius[self._pairs[0]] + self._radius[self._pairs[1]]
        self._touching: set[tuple[str, str]] = set()
        self._wall_slack = 0.0  # m, no robot can be at a wall before having moved so far
        shapely.prepare(self._walls)

    def truth(self) -> Truth:
        """Return the present ground truth."""
        spin = np.zeros_like(self._velocity)
        spin[:, 2] = self._yaw_rate
        return Truth(self._position.copy(), from_heading(self._heading), self._velocity.copy(), spin)

    def step(self, commands: Array, observe: Callable[[Array], None]) -> None:
        """Advance one control period; see `World.step`."""
        for _ in range(self.substeps):
            self._drive(commands)
            self._time += self._step
            self._count_contacts()
            observe(self._position)

    def set_power(self, robot: int, on: bool) -> None:
        """Switch a robot off (a multirotor falls, a rover stops) or on again."""
        self._power[robot] = on
        self._wall_slack = 0.0

    def close(self) -> None:
        """Nothing to release."""

    def _drive(self, commands: Array) -> None:
        step, power = self._step, self._power
        turn = np.where(power, commands[:, 3], 0.0)
        middle = self._heading + 0.5 * step * turn  # a rover's arc is exact along the mean heading, scaled by sinc
        sinc = np.where(self._flies, 1.0, np.sinc(0.5 * step * turn / np.pi))
        cosine, sine = np.cos(middle), np.sin(middle)
        left = np.where(self._flies, commands[:, 1], 0.0)
        wished = np.empty_like(self._velocity)
        wished[:, 0] = (cosine * commands[:, 0] - sine * left) * sinc
        wished[:, 1] = (sine * commands[:, 0] + cosine * left) * sinc
        wished[:, 2] = np.where(self._flies, commands[:, 2], 0.0)
        change = (wished - self._velocity) * (1.0 - np.exp(-step / LAG))
        size = np.sqrt(np.einsum("nd,nd->n", change, change))
        change *= np.minimum(1.0, ACCELERATION * step / np.maximum(size, 1e-12))[:, None]
        flown = self._velocity + change
        self._velocity = np.where(self._flies[:, None], flown, wished)
        self._fall()
        self._heading = self._heading + step * turn
        self._yaw_rate = turn
        self._position = self._position + step * self._velocity
        np.maximum(self._position[:, 2], self._rest, out=self._position[:, 2])

    def _fall(self) -> None:
        """What has no power: multirotors fall to the ground, rovers stand."""
        off = ~self._power
        if not off.any():
            return
        falls = off & self._flies & (self._position[:, 2] > self._rest)
        down = np.minimum(self._velocity[:, 2], 0.0) - GRAVITY * self._step
        self._velocity[off] = 0.0
        self._velocity[falls, 2] = down[falls]

    def _count_contacts(self) -> None:
        first, second = self._pairs
        offset = self._position[first] - self._position[second]
        near = np.einsum("pd,pd->p", offset, offset) <= self._reach**2
        near &= self._power[first] | self._power[second]
        touching = {(self._names[first[p]], self._names[second[p]]) for p in np.flatnonzero(near)}
        touching |= self._wall_contacts()
        self.contacts += [Contact(self._time, *pair) for pair in sorted(touching - self._touching)]
        self._touching = touching

    def _wall_contacts(self) -> set[tuple[str, str]]:
        """Robots that touch an obstacle or, flying, the ground."""
        grounded = self._power & self._flies & (self._position[:, 2] <= self._rest)
        found = {(self._names[i], "ground") for i in np.flatnonzero(grounded)}
        self._wall_slack -= float(np.sqrt(np.einsum("nd,nd->n", self._velocity, self._velocity).max())) * self._step
        if len(self._walls) and self._wall_slack <= 0.0:
            gap = self._gaps() - self._radius[:, None]
            self._wall_slack = float(gap[self._power].min(initial=np.inf))
            hits: tuple[NDArray[np.intp], ...] = np.nonzero((gap <= 0.0) & self._power[:, None])
            found |= {(self._names[i], f"obstacle_{j}") for i, j in zip(*hits, strict=True)}
        return found

    def _gaps(self) -> Array:
        """True distance of each robot's centre to each obstacle, shape (n, m), m."""
        points = shapely.points(self._position[:, :2])
        across = shapely.distance(points[:, None], self._walls[None])
        above = np.maximum(self._position[:, 2:] - self._heights[None], 0.0)
        return np.asarray(np.hypot(across, above))
