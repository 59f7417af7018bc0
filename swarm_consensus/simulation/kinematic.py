"""The kinematic world: no forces between bodies, but honest motion; for many runs, and for machines without PyBullet.

Multirotors follow a velocity command with a first-order lag and a bound on acceleration; rovers drive exact arcs.
Bodies are spheres; touching is counted from the true distances.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

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


class _Wish(NamedTuple):
    """What the robots were told for a period, (n,) each, in their heading frames."""

    forward: Array  # m/s
    left: Array  # m/s; 0 for a rover
    up: Array  # m/s; 0 for a rover
    turn: Array  # rad/s; 0 without power
    bend: Array  # rad, by which the heading changes in half a step: an arc is exact along the mean heading ...
    sinc: Array  # ... if it is shortened by this; 1 for what flies


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
        self._reach2 = (self._radius[self._pairs[0]] + self._radius[self._pairs[1]]) ** 2  # m^2
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
        wish = self._wish(commands)
        for _ in range(self.substeps):
            self._drive(wish)
            self._time += self._step
            self._count_contacts()
            observe(self._position)

    def set_power(self, robot: int, on: bool) -> None:
        """Switch a robot off (a multirotor falls, a rover stops) or on again."""
        self._power[robot] = on
        self._wall_slack = 0.0

    def close(self) -> None:
        """Nothing to release."""

    def _wish(self, commands: Array) -> _Wish:
        """Work out what does not change during a period."""
        turn = np.where(self._power, commands[:, 3], 0.0)
        bend = 0.5 * self._step * turn
        return _Wish(
            forward=commands[:, 0],
            left=np.where(self._flies, commands[:, 1], 0.0),
            up=np.where(self._flies, commands[:, 2], 0.0),
            turn=turn,
            bend=bend,
            sinc=np.where(self._flies, 1.0, np.sinc(bend / np.pi)),
        )

    def _drive(self, wish: _Wish) -> None:
        step, turn = self._step, wish.turn
        middle = self._heading + wish.bend
        cosine, sine = np.cos(middle), np.sin(middle)
        wished = np.empty_like(self._velocity)
        wished[:, 0] = (cosine * wish.forward - sine * wish.left) * wish.sinc
        wished[:, 1] = (sine * wish.forward + cosine * wish.left) * wish.sinc
        wished[:, 2] = wish.up
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
        offset = self._position.take(first, axis=0) - self._position.take(second, axis=0)
        near = np.flatnonzero(np.einsum("pd,pd->p", offset, offset) <= self._reach2)
        alive = self._power[first[near]] | self._power[second[near]]
        touching = {(self._names[first[p]], self._names[second[p]]) for p in near[alive]}
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
