"""How much charge a robot keeps for the way to a dock and for those who go there before it."""

from __future__ import annotations

from math import ceil

from swarm_consensus.robot.config import Battery
from swarm_consensus.robot.docks import Dock

DETOUR = 1.5  # of the straight way to a dock, at most
SPARE = 0.06  # of the capacity, that is never planned with
AWAY = 0.3  # m, beyond where a dock begins, to which a robot leaves
SLACK = 0.02  # m


def reserve(
    battery: Battery,
    docks: tuple[Dock, ...],
    robots: int,
    speed: float,
    way: float,
    frozen: float,
    blocked: int = 0,
) -> float:
    """Return the charge, J, at which a robot asks for a permit, so that it does not run dry on the way.

    Parameters
    ----------
    battery, docks
        As they are.
    robots
        In the swarm: all others may have asked before.
    speed
        Of the robot, m/s.
    way
        Straight to the farthest dock, m.
    frozen
        Longest time for which nobody moves, or gets a permit, s.
    blocked
        Places on which a dead robot lies.
    """
    going = DETOUR * way * (battery.motion + battery.idle / speed)
    return going + battery.idle * (queue_s(battery, docks, robots, speed, blocked) + frozen) + SPARE * battery.capacity


def leave_s(reach: float, stray: float, speed: float) -> float:
    """Return how long before its permit ends a robot begins to leave a dock, s: twice the way, and a second.

    Parameters
    ----------
    reach
        Of the dock, m.
    stray
        Greatest distance of the robot's centre from its reference, m.
    speed
        Of the robot, m/s.
    """
    return 2.0 * (reach + stray + SLACK + AWAY) / speed + 1.0


def queue_s(battery: Battery, docks: tuple[Dock, ...], robots: int, speed: float, blocked: int = 0) -> float:
    """Return how long a robot waits whom all others precede, s, with so many places blocked, but one free."""
    power = min(*(dock.power for dock in docks), battery.charge) - battery.idle
    turn = battery.capacity / max(power, 1e-9) + 4.0 * max(dock.reach for dock in docks) / speed
    return ceil((robots - 1) / max(sum(len(dock.spots) for dock in docks) - blocked, 1)) * turn
