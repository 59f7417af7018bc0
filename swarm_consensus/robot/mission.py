"""What an order says, and what becomes of a robot's task by it. All robots read an order alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec
import numpy as np
from msgspec import Meta

from swarm_consensus.agreement.roles import Order, Standing
from swarm_consensus.errors import UNREADABLE, nearest
from swarm_consensus.motion.behaviour import Task, Wish
from swarm_consensus.motion.behaviours import BEHAVIOURS
from swarm_consensus.robot import fences
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.robot.safety import CLEARANCE
from swarm_consensus.robot.vehicle import VEHICLES

FARTHEST = 1e6  # m
SINKING = 0.3  # share of its speed at which a multirotor lands
WITH_GOAL = ("rendezvous", "go_to", "formation", "flocking")  # behaviours that head for a goal
LED = {"follow": "leader", "explore": "base"}  # behaviours about one robot, and as what the task has it
MOST_CORNERS = 16  # of a fence
LEAST_BAND = 2.0 * VEHICLES["multirotor"].reach + 0.1  # m, height of a band in which a multirotor has altitudes left
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


class Fence(msgspec.Struct, array_like=True, frozen=True):
    """What no robot leaves: corners [x, y], m; and the altitudes of multirotors, lowest and highest, m, if changed."""

    corners: list[tuple[Metres, Metres]]
    altitude: tuple[Metres, Metres] | None = None


Words: TypeAlias = Goto | Behave | Form | Fence
_KINDS: dict[str, type[Any]] = {"goto": Goto, "behaviour": Behave, "formation": Form, "fence": Fence}
_encoder = msgspec.msgpack.Encoder()


def order(action: str, words: Words | None = None) -> Order:
    """Return an order to robots."""
    return Order(action, b"" if words is None else _encoder.encode(words))


def words_of(given: Order) -> Words | None:
    """Return what an order says; None if it says nothing, or nothing that can be read."""
    kind = _KINDS.get(given.action)
    if kind is None:
        return None
    try:
        words: Words = msgspec.msgpack.decode(given.data, type=kind)
    except UNREADABLE:
        return None
    return words


class Sense:
    """Says why no robot can carry out an order. In plain arithmetic, so that all robots come to the same.

    Parameters
    ----------
    config
        Any robot's orders: what is read of them is the same for all.
    """

    def __init__(self, config: AgentConfig) -> None:
        self._bounds = [(float(x), float(y)) for x, y in config.fence]
        self._altitude = config.altitude
        self._goals = [(float(x), float(y)) for x, y in config.goals]
        self._sites = [(float(x), float(y)) for x, y in config.sites]
        self._count = len(config.roster)
        self._clearance = max(peer.radius + peer.reach for peer in config.roster) + CLEARANCE
        self._room = sum((2.0 * (peer.radius + peer.reach)) ** 2 for peer in config.roster)

    def __call__(self, given: Order, standing: Mapping[str, Standing] = MappingProxyType({})) -> str:
        """Return why not, or ''.

        Parameters
        ----------
        given
            The order.
        standing
            What is in force in the log, by what it is about.
        """
        if given.action not in _KINDS:
            return f"'{given.action}' takes no words" if given.data else ""
        words = words_of(given)
        if isinstance(words, Goto):
            return self._place(words.goal, _standing(standing, "fence", Fence))
        if isinstance(words, Behave):
            return self._behaviour(words)
        if isinstance(words, Form):
            found = len(words.slots)
            return "" if found == self._count else f"{found} places for {self._count} robots, must be one for each"
        if isinstance(words, Fence):
            return self._fence(words, _standing(standing, "goal", Goto))
        return f"what is said with '{given.action}' can't be read"

    def _place(self, goal: Sequence[float], fence: Fence | None) -> str:
        x, y = goal[:2]
        ordered = [] if fence is None else fence.corners
        for corners in filter(None, (self._bounds, ordered)):
            if not fences.inside(corners, x, y):
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

    def _fence(self, fence: Fence, goto: Goto | None) -> str:
        """Say why robots could not keep to a fence, or could not do what they are to do in it."""
        corners = fence.corners
        if not 3 <= len(corners) <= MOST_CORNERS:
            return f"a fence of {len(corners)} corners, must have 3 to {MOST_CORNERS}"
        crossed = fences.crossing(corners)
        if crossed is not None:
            return f"sides {crossed[0]} and {crossed[1]} of the fence touch or cross each other"
        if self._bounds and not fences.within(corners, self._bounds):
            return "the fence leaves the bounds of the scenario"
        room = fences.room(corners, self._clearance)
        if room < self._room:
            return f"the fence has {max(room, 0.0):.2f} m^2 of room, {self._count} robots take {self._room:.2f}"
        return self._left_out(corners, goto) or self._band(fence)

    def _left_out(self, corners: Sequence[fences.Corner], goto: Goto | None) -> str:
        """Name a place that robots are sent to and that a fence leaves out, or to which it is too near."""
        goals = self._goals if goto is None else [(goto.goal[0], goto.goal[1])]
        places = [("goal", goal) for goal in goals] + [("place", site) for site in self._sites]
        for what, (x, y) in places:
            if not fences.inside(corners, x, y):
                return f"the fence leaves out the {what} [{x:g}, {y:g}]"
            near = fences.distance(corners, x, y)
            if near < self._clearance:
                return f"the {what} [{x:g}, {y:g}] is {near:.2f} m from the fence, must be {self._clearance:.2f}"
        return ""

    def _band(self, fence: Fence) -> str:
        if fence.altitude is None:
            return ""
        (low, high), (lowest, highest) = fence.altitude, self._altitude
        if not (lowest <= low and high <= highest):
            return f"altitudes from {low:g} to {high:g} m leave the scenario's, {lowest:g} to {highest:g}"
        if high - low < LEAST_BAND:
            return f"altitudes from {low:g} to {high:g} m are {high - low:.2f} m, must be at least {LEAST_BAND:g}"
        return ""


_Kind = TypeVar("_Kind", Goto, Fence)


def _standing(standing: Mapping[str, Standing], about: str, kind: type[_Kind]) -> _Kind | None:
    """Return what an order in force says."""
    given = standing.get(about)
    words = None if given is None else words_of(given.order)
    return words if isinstance(words, kind) else None


def changed(task: Task, orders: Iterable[Order], altitude: float) -> Task:
    """Return the task after orders; the altitude, m, is for goals that name none."""
    for given in orders:
        task = _changed(task, words_of(given), altitude)
    return task


def _changed(task: Task, words: Words | None, altitude: float) -> Task:
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
