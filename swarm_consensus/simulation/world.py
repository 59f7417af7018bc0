"""What every simulated world offers: ground truth, a step, power switches and counted contacts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from swarm_consensus.arrays import Array


@dataclass(frozen=True, slots=True)
class Truth:
    """Where the robots really are; no controller ever sees this."""

    position: Array  # (n, 3) m, world frame (ENU), centre of the body
    orientation: Array  # (n, 4) quaternion x, y, z, w, body to world
    velocity: Array  # (n, 3) m/s, world frame
    angular_velocity: Array  # (n, 3) rad/s, world frame


@dataclass(frozen=True, slots=True)
class Contact:
    """Two bodies began to touch; counted when at least one of them is a living robot."""

    time: float  # s since the start
    first: str  # name of a robot
    second: str  # name of a robot, "obstacle_<index>" or "ground" (the latter for living multirotors only)


class World(Protocol):
    """A physical world in which a scenario's robots move, advanced one control period at a time."""

    substeps: int  # physics steps in one control period
    contacts: list[Contact]  # all contacts so far, in order of time

    def truth(self) -> Truth:
        """Return the present ground truth."""
        ...

    def step(self, commands: Array, observe: Callable[[Array], None]) -> None:
        """Advance one control period.

        Parameters
        ----------
        commands
            Shape (n, 4): forward, left, up in m/s in each robot's heading frame (yaw only),
            then the yaw rate in rad/s. A row of a robot without power is ignored.
        observe
            Called with the true positions, shape (n, 3) m, after every physics step.
        """
        ...

    def set_power(self, robot: int, on: bool) -> None:
        """Switch a robot off (a crash: rotors stop, wheels roll free) or on again."""
        ...

    def close(self) -> None:
        """Release the physics engine."""
        ...
