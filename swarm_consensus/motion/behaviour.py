"""Behaviours: laws that say where a robot would like to go, registered by name.

A behaviour is a function of a `Situation`. It knows nothing of safety: the barrier filter comes after it. To add
one, write a module in `behaviours` with a function marked ``@behaviour("its_name")``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from swarm_consensus.arrays import Array


@dataclass(frozen=True, slots=True)
class Situation:
    """What a behaviour sees: this robot, its goal and the others as it knows them."""

    position: Array  # (d,) m, own reference
    goal: Array | None  # (d,) m; None: the mission names no goal
    waypoint: Callable[[Array, Array], Array] | None  # from a position to the mission's goal: where to head for
    offset: Array  # (k, d) m, own reference minus the last known one of each of the living others
    distance: Array  # (k,) m, to each of them (in space, also for a robot that moves in the plane)
    separation: Array  # (k,) m, smallest distance allowed to each of them
    pushing: NDArray[np.bool_]  # (k,) those that say they are far from their goal and not let through
    speed: float  # m/s, own limit
    count: int  # robots in the swarm

    def towards(self, goal: Array) -> Array:
        """Return where to head for, round the walls if the goal is the mission's, shape (d,), m."""
        return goal if self.waypoint is None else self.waypoint(self.position, goal)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a behaviour asks for."""

    velocity: Array  # (d,) m/s
    arrived: bool  # True: the robot is where it should be, and need not push on if others are in the way
    pushing: bool = False  # True: if the robot is blocked now, it asks those who have arrived to make way


Law = Callable[[Situation], Wish]
_LAWS: dict[str, Law] = {}


def behaviour(name: str) -> Callable[[Law], Law]:
    """Register a behaviour under a name.

    Raises
    ------
    ValueError
        If the name is taken: two laws of one name would make a mission mean two things.
    """

    def register(law: Law) -> Law:
        if name in _LAWS:
            raise ValueError(f"behaviour '{name}' is registered already, by {_LAWS[name].__module__}")
        _LAWS[name] = law
        return law

    return register


def registered() -> dict[str, Law]:
    """Return the behaviours registered so far, by name."""
    return dict(_LAWS)
