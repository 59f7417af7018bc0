"""Whether a robot may move under its own power.

A robot that is disarmed comes to rest first: a rover where it is, a multirotor at the lowest altitude that it may have,
to which it sinks as if it landed. Only there does it count as disarmed; then it is told to move no more, neither to
keep its place. Nothing here lets a robot drop.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from swarm_consensus.arrays import Array
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.robot.state import Odometry
from swarm_consensus.robot.vehicle import followed_point

Stage: TypeAlias = Literal["armed", "disarming", "disarmed"]
DOWN = 0.02  # m, above the lowest altitude of a reference: it nears it ever more slowly
REST = 0.1  # m/s, slower than this a body is at rest


class Arming:
    """One robot's state.

    Parameters
    ----------
    config
        Its orders.
    """

    def __init__(self, config: AgentConfig) -> None:
        self._vehicle = config.vehicle
        self.stage: Stage = "armed"
        self.reason_to_hold: str | None = None
        self._down = False

    def look(self, disarmed: str, reference: Array, odometry: Odometry | None, low: float) -> None:
        """Take one tick.

        Parameters
        ----------
        disarmed
            Why the robot must not move, or ''.
        reference
            Shape (3,), m.
        odometry
            None: not known, and then a robot does not move anyway.
        low
            Lowest altitude of the body's centre, m; only for a robot that flies.
        """
        if not disarmed:
            self.reason_to_hold = self._carried_off(reference, odometry)
            if self.reason_to_hold is None:
                self.stage, self._down = "armed", False
            return
        if self.stage == "armed":
            self.stage = "disarming"
        flies = self._vehicle.dims == 3
        self._down = self._down or not flies or float(reference[2]) <= low + self._vehicle.reach + DOWN
        if self._down and odometry is not None and float(np.linalg.norm(odometry.velocity)) <= REST:
            self.stage = "disarmed"
        self.reason_to_hold = disarmed if self._down else None

    @property
    def sinks(self) -> bool:
        """Whether the robot is to come down, to be disarmed then."""
        return self.stage == "disarming" and not self._down

    def _carried_off(self, reference: Array, odometry: Odometry | None) -> str | None:
        """Say that somebody moved the robot while it could not hold its place: it must not drive back through walls.

        In the plane: a multirotor may have been set down on the ground below.
        """
        if self.stage != "disarmed" or odometry is None:
            return None
        away = float(np.linalg.norm((followed_point(self._vehicle, odometry) - reference)[:2]))
        if away <= self._vehicle.tracking:
            return None
        return f"carried off by {away:.2f} m while it was disarmed: start it anew"
