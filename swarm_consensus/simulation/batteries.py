"""The batteries of a world's robots: they drain with time and motion, charge where power is given, and end.

A robot whose battery is empty has no power, as after a crash, and stays so: nobody carries it to a charger.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from swarm_consensus.arrays import Array, length
from swarm_consensus.simulation.placement import PlacedRobot
from swarm_consensus.simulation.roster import group_of
from swarm_consensus.simulation.scenario import Battery


class Batteries:
    r"""One battery for each robot, all of one kind.

    .. math:: E \leftarrow \min(C, E + T (\min(P, P_{max}) - P_0 - e \lVert v \rVert))

    with the power P that is given to it, and the true speed v of the body. One without power drains nothing.

    Parameters
    ----------
    battery
        Of each robot.
    robots
        The roster.
    period
        Duration of a tick, s.
    """

    def __init__(self, battery: Battery, robots: Sequence[PlacedRobot], period: float) -> None:
        start = [battery.start.get(robot.name, battery.start.get(group_of(robot.name), 1.0)) for robot in robots]
        self.energy: Array = battery.capacity_j * np.array(start)  # (n,) J
        self.empty: NDArray[np.bool_] = np.zeros(len(robots), dtype=bool)  # (n,) who ever ran dry
        self._battery = battery
        self._period = period

    @property
    def share(self) -> Array:
        """Charge as a share of the capacity, shape (n,)."""
        return self.energy / self._battery.capacity_j

    def sensed(self) -> list[float]:
        """Return what each robot is told of its charge, a share, true to the 32 bits of sensor_msgs/BatteryState."""
        told: list[float] = self.share.astype(np.float32).astype(float).tolist()
        return told

    def step(self, velocity: Array, alive: NDArray[np.bool_], given: Array) -> None:
        """Let one period pass.

        Parameters
        ----------
        velocity
            True, shape (n, 3), m/s.
        alive
            Who has power, shape (n,).
        given
            Power from outside to each, shape (n,), W.
        """
        battery = self._battery
        power = np.minimum(given, battery.charge_w) - battery.idle_w - battery.motion_j_m * length(velocity)
        energy = np.clip(self.energy + self._period * power, 0.0, battery.capacity_j)
        self.energy = np.where(alive, energy, self.energy)
        self.empty |= alive & (self.energy <= 0.0)
