"""When a robot goes to charge, and onto which dock it may go: never onto one without a permit that it may use now.

Who gives permits, the log or the dock alone, makes no difference here (`docks.Rights`).

A dock that is *closed* to the robot is a limit of the barrier filter, so no behaviour and nothing heard leads onto it.
It is open while the robot's own clock says that its permit is good for long enough to get off again, and while there is
room: others may stand there whose permit has ended (`occupancy`), and those go first whose permits are older. So two
that both see one free place don't both take it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf, pi

import msgspec
import numpy as np
import shapely

from swarm_consensus.agreement.raft.messages import Count
from swarm_consensus.arrays import Array
from swarm_consensus.motion.behaviour import Situation, Wish
from swarm_consensus.motion.guidance import Guidance
from swarm_consensus.motion.potential import attraction, repulsion, saturate
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.robot.docks import Rights
from swarm_consensus.robot.neighbours import Neighbours, View
from swarm_consensus.robot.occupancy import Occupancy
from swarm_consensus.robot.reserve import AWAY, SLACK, leave_s, reserve
from swarm_consensus.robot.safety import Closed
from swarm_consensus.robot.state import Permit

FULL = 0.95  # of the capacity: then it leaves
GAIN = 1.5  # 1/s, towards a place
EDGE = 0.5  # m, beyond where a dock begins, at which it waits to be let in
NEAR = 0.1  # m, from its spot: it has arrived
THERE = 0.3  # m, from a spot: it asks for the next dock of its tour
WIDTH = 0.6  # m, beyond the separation, over which one that waits makes way
TOPIC = "dock"  # of the note by which a robot shows its token to a dock
EXITS = 16  # directions in which a dock is left
_encoder = msgspec.msgpack.Encoder()


class Token(msgspec.Struct, array_like=True, frozen=True):
    """What a robot shows to a dock."""

    dock: Count
    place: Count
    token: Count


@dataclass(frozen=True, slots=True)
class Errand:
    """What charging asks of this tick."""

    what: str = ""  # for people; '': nothing, the robot does what its behaviour says
    target: Array | None = None  # (2,) m, where to go; None with a `what`: stay
    closed: tuple[int, ...] = ()  # docks that it must not go onto
    token: Token | None = None  # to be shown


class Charging:
    """One robot's errands to docks.

    Parameters
    ----------
    config
        The robot's orders, with a battery and docks.
    rights
        Its dealings with who gives the right to be on a dock: the log, or the dock alone.
    guidance
        Ways round the walls.
    """

    def __init__(self, config: AgentConfig, rights: Rights, guidance: Guidance) -> None:
        assert config.battery is not None
        me = config.roster[config.index]
        self.rights = rights
        self.docks = rights.orders.docks
        self.keep: Array = np.array([dock.reach + me.reach + SLACK for dock in self.docks])  # m, of the reference
        self.middle: Array = np.array([dock.position for dock in self.docks])
        self.closed = [
            Closed(f"dock {dock.name}", dock.position, keep)
            for dock, keep in zip(self.docks, self.keep.tolist(), strict=True)
        ]
        self._config = config
        self._battery = config.battery
        self._guidance = guidance
        self._speed = me.speed
        self._reach = np.array([peer.reach for peer in config.roster])
        self._exits = [self._find_exits(place, keep) for place, keep in zip(self.middle, self.keep, strict=True)]
        self._leave = ceil(leave_s(max(dock.reach for dock in self.docks), me.reach, me.speed) * config.rate)
        frozen = (config.lost_after + config.max_age + rights.orders.lease.lease_ticks) * config.period
        self._frozen = frozen
        self._charge = 1.0  # share, as last told
        self._plan: list[str] = list(rights.orders.tour_of(config.index))  # queues: whose permit it uses or waits for
        self._leaving = False
        self._started = False
        self.occupancy = Occupancy(config.index, rights, self._reach)
        self._blocked = [0] * len(self.docks)  # places of each on which a dead robot lies, as far as it knows

    def tick(self, tick: int, reference: Array, charge: float | None, neighbours: Neighbours, view: View) -> Errand:
        """Decide for one tick."""
        self._charge = self._charge if charge is None else charge
        place = reference[:2]
        apart = np.sqrt(((self.middle - place) ** 2).sum(axis=1))
        on = [dock for dock in range(len(self.docks)) if apart[dock] < self.keep[dock]]
        self.occupancy.remember(tick)
        if neighbours.lost or any(self._blocked):
            self._blocked = [self.occupancy.blocked(dock, neighbours, view) for dock in range(len(self.docks))]
        self._make_plan(apart)
        if self._plan and not (on or self._leaving):
            if not self.rights.keeps_turn:
                self._reconsider(apart, neighbours)
            elif 2 * len(neighbours.lost) < len(self._config.roster):  # else it would give up its turn for the cut off
                self._avoid_the_dead(apart)
        self._settle(on)
        self.rights.wanted, self.rights.charge = frozenset(self._wanted(place)), self._charge
        opened = self._opened(tick, on, neighbours, view)
        closed = tuple(dock for dock in range(len(self.docks)) if dock != opened)
        return self._errand(place, apart, on, opened, closed, neighbours)

    # what it wants

    def _make_plan(self, apart: Array) -> None:
        """Ask for a permit in time; after a restart go on with the one that it still has."""
        if self._plan:
            return
        held = next((queue for queue, _ in self.rights.orders.queues if self.rights.grant(queue)), None)
        started, self._started = self._started, True
        if held is not None and not started and self._charge < FULL:
            self._plan = [held]
        elif self._charge * self._battery.capacity <= self.reserve(float(apart.max())):
            self._plan = [self._choose(apart)]

    def _reconsider(self, apart: Array, neighbours: Neighbours) -> None:
        """Ask where the prospect is best, as nobody keeps a turn for it; what it has it gives up for a better one only.

        A dock where somebody stands without a right, maybe dead, is as good as taken.
        """
        places = view_places(neighbours, len(self._config.roster))[:, None, :2]
        there = np.sqrt(((places - self.middle) ** 2).sum(axis=2)) <= self._reach[:, None] + [
            dock.reach for dock in self.docks
        ]
        there[self._config.index] = False

        def taken(queue: str, berths: tuple[tuple[int, int], ...]) -> float:
            bodies = sum(int(there[:, dock].sum()) for dock in {dock for dock, _ in berths})
            return max(self.rights.load(queue), bodies / len(berths))

        share = {queue: taken(queue, berths) for queue, berths in self.rights.orders.queues}
        near = {queue: min(apart[dock] for dock, _ in berths) for queue, berths in self.rights.orders.queues}
        best = min(share, key=lambda queue: (share[queue], near[queue]))
        held = next((queue for queue in share if self.rights.grant(queue)), None)
        self._plan = [best if held is None or share[held] >= 1.0 > share[best] else held]

    def reserve(self, way: float) -> float:
        """Return the charge at which it asks for a permit, J, so far away from the farthest dock, m."""
        robots = len(self._config.roster)
        return reserve(self._battery, self.docks, robots, self._speed, way, self._frozen, sum(self._blocked))

    def _avoid_the_dead(self, apart: Array) -> None:
        """Leave a line at whose end dead robots take every place, for one that still has a place."""
        touring = self.rights.orders.tour_of(self._config.index)
        if not touring and self._usable(self._plan[0]) <= 0:
            self._plan = [self._choose(apart)]

    def _usable(self, queue: str) -> int:
        """Return how many places of a queue no dead robot takes, as far as is known."""
        berths = dict(self.rights.orders.queues)[queue]
        return len(berths) - sum(self._blocked[dock] for dock in {dock for dock, _ in berths})

    def _choose(self, apart: Array) -> str:
        """Return the queue that is shortest for the places that it has left; of equal ones that of the nearest dock."""

        def cost(queue: str, berths: tuple[tuple[int, int], ...]) -> tuple[float, float]:
            usable = self._usable(queue)
            share = self.rights.load(queue) * len(berths) / usable if usable > 0 else inf
            return share, min(apart[dock] for dock, _ in berths)

        return min(self.rights.orders.queues, key=lambda pair: cost(*pair))[0]

    def _wanted(self, place: Array) -> list[str]:
        """Return the queues in which it waits or keeps a permit: of a tour also the next one, once it stands at one."""
        first = self.rights.grant(self._plan[0]) if self._plan else None
        if first is None:
            return self._plan[:1]
        dock, _ = self.rights.berth(self._plan[0], first)
        away = np.sqrt(((self.docks[dock].spots - place) ** 2).sum(axis=1)).min()
        return self._plan[:2] if away < THERE or self._leaving else self._plan[:1]

    def _settle(self, on: list[int]) -> None:
        """Leave a dock when it is done there, when the next one of a tour is free, or to break a circle; forget it."""
        if not self._plan:
            self._leaving = False
            return
        here = bool(on) and self.rights.grant(self._plan[0]) is not None
        if here:
            last = len(self._plan) == 1
            done = self._charge >= FULL if last else self.rights.left(self._plan[1]) > 0
            self._leaving = self._leaving or done or (not last and self.rights.must_yield)
        elif not on and self._leaving:
            self._leaving = False
            self._plan.pop(0)

    # where it may go

    def _opened(self, tick: int, on: list[int], neighbours: Neighbours, view: View) -> int | None:
        """Return the dock that is open to it, if any."""
        if not self._plan or self._leaving:
            return None
        queue = self._plan[0]
        grant, left = self.rights.grant(queue), self.rights.left(queue)
        if grant is None or left <= self._leave:
            return None
        dock, _ = self.rights.berth(queue, grant)
        return dock if dock in on or self.occupancy.has_room(dock, grant.token, neighbours, view) else None

    # what it does

    def _errand(
        self,
        place: Array,
        apart: Array,
        on: list[int],
        opened: int | None,
        closed: tuple[int, ...],
        neighbours: Neighbours,
    ) -> Errand:
        queue = self._plan[0] if self._plan else ""
        grant = self.rights.grant(queue) if queue else None
        if on and opened not in on:
            return Errand(f"leaves {self.docks[on[0]].name}", self._exit(on[0], place, neighbours), closed, None)
        if not queue:
            return Errand(closed=closed)
        if grant is None:
            return Errand(f"waits for {queue}", None, closed)
        dock, number = self.rights.berth(queue, grant)
        name, spot = self.docks[dock].name, self._spot(dock, number, neighbours)
        if opened is None and apart[dock] < self.keep[dock] + EDGE:
            return Errand(f"waits at {name}", None, closed)
        token = Token(dock, number, grant.token) if opened is not None and dock in on else None
        return Errand(f"charges at {name}" if token else f"goes to {name}", spot, closed, token)

    def _spot(self, dock: int, number: int, neighbours: Neighbours) -> Array:
        """Return where to stand on a dock, (2,) m: at its own place unless somebody is there, maybe without power."""
        spots = self.docks[dock].spots
        others = np.delete(view_places(neighbours, len(self._config.roster)), self._config.index, axis=0)[:, :2]
        if not len(others):
            return np.asarray(spots[number])
        gap = np.sqrt(((spots[:, None] - others[None]) ** 2).sum(axis=2)).min(axis=1)
        taken = gap[number] < float(neighbours.separation.max())
        return np.asarray(spots[gap.argmax() if taken else number])

    def wish(self, errand: Errand, situation: Situation) -> Wish:
        """Return how to go on an errand, round the walls if the dock is farther away; who waits makes way."""
        position, asking = situation.position, situation.pushing
        if errand.target is None:
            offset, distance = situation.offset[asking], situation.distance[asking]
            push = repulsion(offset, distance, situation.separation[asking], WIDTH, self._speed)
            return Wish(saturate(push, self._speed), arrived=True)
        goal = position.copy()
        goal[:2] = errand.target
        away = float(((goal - position) ** 2).sum())
        far = away > (2.0 * float(self.keep.max())) ** 2
        ahead = situation.beside(self._guidance.waypoint(position, goal), goal) if far else goal
        velocity = attraction(position, ahead, goal, GAIN, self._speed)
        return Wish(velocity, arrived=away < NEAR**2, pushing=errand.token is None)

    def told(self) -> tuple[Permit, ...]:
        """Return the permits that this robot has, as far as it knows."""
        grants = [(queue, self.rights.grant(queue)) for queue, _ in self.rights.orders.queues]
        return tuple(
            Permit(queue, grant.token, grant.slot, self.rights.left(queue)) for queue, grant in grants if grant
        )

    def _exit(self, dock: int, place: Array, neighbours: Neighbours) -> Array:
        """Return where to leave a dock to: the nearest free place beside it, as far as is known."""
        exits = self._exits[dock]
        others = neighbours.positions(neighbours.living.tolist())[:, :2]
        cost = np.sqrt(((exits - place) ** 2).sum(axis=1))
        if len(others):
            gap = np.sqrt(((exits[:, None] - others[None]) ** 2).sum(axis=2)).min(axis=1)
            cost = cost + 4.0 * np.maximum(float(neighbours.separation.max()) + SLACK - gap, 0.0)
        return np.asarray(exits[cost.argmin()])

    def _find_exits(self, middle: Array, keep: float) -> Array:
        """Return places beside a dock that are free of walls, or, if there are none, all of them, (k, 2) m."""
        angle = 2.0 * pi * np.arange(EXITS) / EXITS
        found = middle + (keep + AWAY) * np.stack((np.cos(angle), np.sin(angle)), axis=1)
        config = self._config
        room = config.roster[config.index].radius + config.roster[config.index].reach
        free = np.ones(EXITS, dtype=bool)
        if len(config.fence):
            free &= shapely.contains_xy(shapely.Polygon(config.fence).buffer(-room), *found.T)
        for prism in config.obstacles:
            free &= ~shapely.contains_xy(shapely.Polygon(prism.polygon).buffer(room), *found.T)
        return found[free] if free.any() else found


def view_places(neighbours: Neighbours, count: int) -> Array:
    """Return where each robot's reference was last known, shape (n, 3), m."""
    return neighbours.positions(range(count))


def packed_token(token: Token) -> bytes:
    """Return what is shown to a dock, as words of a note."""
    return _encoder.encode(token)
