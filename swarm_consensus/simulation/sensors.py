"""Odometry with noise: all that a robot is told about where it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from swarm_consensus.robot.state import Odometry
from swarm_consensus.simulation.placement import PlacedRobot
from swarm_consensus.simulation.rotation import rotate_back, turned
from swarm_consensus.simulation.world import Truth


class OdometrySensor:
    """Position, heading and velocities of all robots with white Gaussian noise.

    Parameters
    ----------
    robots
        The roster; each has its own standard deviations.
    rng
        Its own source of randomness. The same number of values is drawn every tick, so that no robot's noise depends on
        who else is alive.
    """

    def __init__(self, robots: Sequence[PlacedRobot], rng: np.random.Generator) -> None:
        sensors = [robot.sensors for robot in robots]
        self._rng = rng
        self._deviation = np.array(
            [[s.position_std_m] * 3 + [s.velocity_std_m_s] * 3 + [s.heading_std_rad] for s in sensors]
        )

    def measure(self, truth: Truth, tick: int) -> tuple[Odometry, ...]:
        """Return what each robot is told at this tick: position in the world frame, velocities in the body frame."""
        noise = self._rng.standard_normal(self._deviation.shape) * self._deviation
        position = truth.position + noise[:, :3]
        velocity = rotate_back(truth.orientation, truth.velocity) + noise[:, 3:6]
        spin = rotate_back(truth.orientation, truth.angular_velocity)
        orientation = turned(truth.orientation, noise[:, 6])
        return tuple(
            Odometry(tick, p, q, v, w) for p, q, v, w in zip(position, orientation, velocity, spin, strict=True)
        )
