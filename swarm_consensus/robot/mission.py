"""What an order says, and what becomes of a robot's task by it. All robots read an order alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta

from swarm_consensus.agreement.roles import Order
from swarm_consensus.arrays import Array
from swarm_consensus.errors import nearest
from swarm_consensus.motion.behaviour import Task, Wish
from swarm_consensus.motion.behaviours import BEHAVIOURS

FARTHEST = 1e6  # m
SINKING = 0.3  # share of its speed at which a multirotor lands
WITH_GOAL = ("rendezvous", "go_to", "formation", "flocking")  # behaviours that head for a goal
LED = {"follow": "leader", "explore": "base"}  # behaviours about one robot, and as what the task has it
Metres = Annotated[float, Meta(ge=-FARTHEST, le=FARTHEST)]
Place = Annotated[list[Metres], Meta(min_length=2, max_length=3)]


class Goto(msgspec.Struct, array_like=True, frozen=True):
    """A place in the world frame, [x, y] or [x, y, z], m."""

    goal: Place


class Behave(msgspec.Struct, array_like=True, frozen=True):
    """A behaviour, and the robot that it is about, if it is about one: its place in the roster."""

    name: Annotated[str, Meta(max_length=64)]
    robot: Annotated[int, Meta(ge=0, le=255)] | None = None


class Form(msgspec.Struct, array_like=True, frozen=True):
    """Places about the centre of a formation, one for each robot, m."""

    slots: list[Place]


_KINDS: dict[str, type[Any]] = {"goto": Goto, "behaviour": Behave, "formation": Form}
_encoder = msgspec.msgpack.Encoder()


def order(action: str, words: Goto | Behave | Form | None = None) -> Order:
    """Return an order to robots."""
    return Order(action, b"" if words is None else _encoder.encode(words))


def words_of(given: Order) -> Goto | Behave | Form | None:
    """Return what an order says; None if it says nothing, or nothing that can be read."""
    kind = _KINDS.get(given.action)
    if kind is None:
        return None
    try:
        words: Goto | Behave | Form = msgspec.msgpack.decode(given.data, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError):
        return None
    return words


class Sense:
    """Says why no robot can carry out an order. In plain arithmetic, so that all robots come to the same.

    Parameters
    ----------
    fence
        Corners, shape (m, 2), m; (0, 2): there is none.
    count
        Robots in the swarm.
    """

    def __init__(self, fence: Array, count: int) -> None:
        self._fence = [(float(x), float(y)) for x, y in fence]
        self._count = count

    def __call__(self, given: Order) -> str:
        """Return why not, or ''."""
        if given.action not in _KINDS:
            return f"'{given.action}' takes no words" if given.data else ""
        words = words_of(given)
        if isinstance(words, Goto):
            return self._place(words.goal)
        if isinstance(words, Behave):
            return self._behaviour(words)
        if isinstance(words, Form):
            found = len(words.slots)
            return "" if found == self._count else f"{found} places for {self._count} robots, must be one for each"
        return f"what is said with '{given.action}' can't be read"

    def _place(self, goal: Sequence[float]) -> str:
        x, y = goal[:2]
        if self._fence and not _inside(self._fence, x, y):
            return f"the goal [{x:g}, {y:g}] is outside of the fence"
        return ""

    def _behaviour(self, words: Behave) -> str:
        if words.name not in BEHAVIOURS:
            return f"there is no behaviour '{words.name}'{nearest(words.name, BEHAVIOURS)}"
        if words.name == "formation":
            return "a formation needs its places: order 'formation'"
        if words.name in LED and (words.robot is None or words.robot >= self._count):
            return f"'{words.name}' needs a robot of the swarm, its {LED[words.name]}"
        return ""


def _inside(corners: Sequence[tuple[float, float]], x: float, y: float) -> bool:
    """Tell whether a point is inside of a polygon: a ray to the east crosses its sides an odd number of times."""
    inside, (x2, y2) = False, corners[-1]
    for x1, y1 in corners:
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
        x2, y2 = x1, y1
    return inside


def changed(task: Task, orders: Iterable[Order], altitude: float) -> Task:
    """Return the task after orders; the altitude, m, is for goals that name none."""
    for given in orders:
        task = _changed(task, words_of(given), altitude)
    return task


def _changed(task: Task, words: Goto | Behave | Form | None, altitude: float) -> Task:
    if isinstance(words, Goto):
        behaviour = task.behaviour if task.behaviour in WITH_GOAL else "rendezvous"
        goal = np.array([*words.goal, altitude][:3])
        return replace(task, behaviour=behaviour, goal=goal, agreed_goal=None)
    if isinstance(words, Form):
        return replace(task, behaviour="formation", slots=np.array([[*slot, 0.0][:3] for slot in words.slots]))
    if isinstance(words, Behave):
        about = {LED[words.name]: words.robot} if words.name in LED else {}
        return replace(task, behaviour=words.name, **about)  # type: ignore[arg-type]
    return task


def landing(dims: int, speed: float) -> Wish:
    """Wish to sink straight to the lowest altitude that is allowed; a robot on the ground stays. Speed in m/s."""
    velocity = np.zeros(dims)
    velocity[2:] = -SINKING * speed
    return Wish(velocity=velocity, arrived=True)
