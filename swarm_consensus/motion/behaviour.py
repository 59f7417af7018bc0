"""Behaviours: laws that say where a robot would like to go, registered by name.

A law is a function of a `Situation`. It knows nothing of safety: the barrier filter comes after it. To add one, write a
module in `behaviours` with a function marked ``@law("its_name")``. One that remembers something from tick to tick is a
class marked ``@behaviour("its_name")``, made once for each robot from a `Briefing`, and called with each `Situation`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from msgspec import Raw
from numpy.typing import NDArray

from swarm_consensus.arrays import Array
from swarm_consensus.motion.guidance import Guidance
from swarm_consensus.motion.obstacles import Prism

Aside: TypeAlias = Callable[[Array, Array], Array]
"""From where a robot would head for and its goal, (d,) m each, to where it heads so that no wall cuts its links."""
_NO_SLOTS = np.zeros((0, 3))


@dataclass(frozen=True, slots=True)
class Peak:
    """A place that matters: a Gaussian bump of a density over the plane."""

    at: Array  # (2,) m
    width: float  # m, standard deviation
    weight: float  # of the bump's top, beside a uniform density of 1


@dataclass(frozen=True, slots=True)
class Task:
    """What the mission asks of one robot; a behaviour reads what it needs."""

    behaviour: str
    goal: Array | None = None  # (3,) m; None: the mission names no goal, or does not tell this robot
    slots: Array = field(default_factory=lambda: _NO_SLOTS)  # (s, 3) m, of a formation, about its centre
    spacing: float | None = None  # m, wished between neighbours; None: the behaviour's own choice
    density: tuple[Peak, ...] = ()  # where robots are wanted more
    leader: int | None = None  # roster index of whom the others follow
    agreed_goal: str | None = None  # the quantity, or mapped field, whose present value, or peak, is the goal, [x, y] m
    agreed_speed: str | None = None  # the choice whose present value limits the speed, m/s, once all agreed on it
    spread: float | None = None  # s, for which a swarm that seeks spreads before it gathers
    base: int | None = None  # roster index of the robot that stays where it is, and to which the others keep a way
    points: Array = field(default_factory=lambda: _NO_SLOTS[:, :2])  # (p, 2) m, to be visited in turn


@dataclass(frozen=True, slots=True)
class Briefing:
    """What a behaviour is told before the mission; nothing in it changes afterwards."""

    task: Task
    index: int  # own place in the roster
    count: int  # robots in the swarm
    dims: int  # 2 on the ground, 3 in the air
    period: float  # s, duration of a tick
    speed: float  # m/s, own limit
    link: float  # m, longest distance at which a link to one of its own kind is kept
    clearance: float  # m, smallest distance of the own reference to obstacles and fence
    fence: Array  # (m, 2) m
    obstacles: tuple[Prism, ...]
    guidance: Guidance  # shortest ways in this map


def straight(ahead: Array, goal: Array) -> Array:
    """Head for where you would, where no wall cuts links."""
    return ahead


@dataclass(frozen=True, slots=True)
class Situation:
    """What a law sees at one tick: this robot, its goal and the others as it knows them."""

    tick: int  # of the swarm's clock
    position: Array  # (d,) m, own reference
    velocity: Array  # (d,) m/s, of the own reference in the period before
    goal: Array | None  # (d,) m; None: the mission names no goal
    waypoint: Callable[[Array, Array], Array] | None  # from a position to the mission's goal: where to head for
    others: NDArray[np.intp]  # (k,) roster indexes of the living others
    offset: Array  # (k, d) m, own reference minus the last known one of each of them
    distance: Array  # (k,) m, to each of them (in space, also for a robot that moves in the plane)
    separation: Array  # (k,) m, smallest distance allowed to each of them
    other_velocity: Array  # (k, d) m/s, of each other's reference when it was last heard itself; 0 if it never was
    linked: NDArray[np.bool_]  # (k,) those whose link this robot holds
    pushing: NDArray[np.bool_]  # (k,) those that say they are far from their goal and not let through
    speed: float  # m/s, own limit
    count: int  # robots in the swarm
    notes: tuple[tuple[int, Raw], ...] = ()  # what laws of this name said, heard since the last tick: sender and words
    beside: Aside = straight  # only for goals to which a way was asked for: others have no field to look into

    def towards(self, goal: Array) -> Array:
        """Return where to head for, round the walls if the goal is the mission's, shape (d,), m."""
        return goal if self.waypoint is None else self.beside(self.waypoint(self.position, goal), goal)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a law asks for."""

    velocity: Array  # (d,) m/s
    arrived: bool  # True: the robot is where it should be, and need not push on if others are in the way
    pushing: bool = False  # True: if the robot is blocked now, it asks those who have arrived to make way
    guided: bool = True  # False: nothing leads it round walls, so one that they hold up steps aside on its own
    note: bytes | None = None  # words for laws of this name on robots in reach, msgpack, as few bytes as will do


Law: TypeAlias = Callable[[Situation], Wish]
Maker: TypeAlias = Callable[[Briefing], Law]
_MAKERS: dict[str, Maker] = {}


def behaviour(name: str) -> Callable[[Maker], Maker]:
    """Register under a name what makes a law from a briefing.

    Raises
    ------
    ValueError
        If the name is taken: two laws of one name would make a mission mean two things.
    """

    def register(maker: Maker) -> Maker:
        if name in _MAKERS:
            raise ValueError(f"behaviour '{name}' is registered already, by {_MAKERS[name].__module__}")
        _MAKERS[name] = maker
        return maker

    return register


def law(name: str) -> Callable[[Law], Law]:
    """Register under a name a law that needs no briefing and remembers nothing.

    Raises
    ------
    ValueError
        As `behaviour`.
    """

    def register(function: Law) -> Law:
        def maker(_: Briefing) -> Law:
            return function

        maker.__module__ = function.__module__
        behaviour(name)(maker)
        return function

    return register


def registered() -> dict[str, Maker]:
    """Return the behaviours registered so far, by name."""
    return dict(_MAKERS)
