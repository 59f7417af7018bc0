"""A robot's dealings in permits for docks: what it asks of the log, and what the log, as it knows it, gives it.

Each queue is a place of `swarm_consensus.agreement.semaphore`. Its permits have slots, and each slot stands for one
place on one dock. Nothing here knows where the robot is: `charging` does, and says which permits are wanted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from swarm_consensus.agreement.lease import Grantor, Holder, LeaseSettings
from swarm_consensus.agreement.machines import pack as addressed
from swarm_consensus.agreement.semaphore import (
    Ask,
    GiveBack,
    Grant,
    Reclaim,
    Renew,
    Request,
    Semaphores,
    deadlocked,
    pack,
    who_yields,
)
from swarm_consensus.arrays import Array

PERMITS = "permit"  # the machine's name
Berth = tuple[int, int]  # a place on a dock: number of the dock, and of the place on it


@dataclass(frozen=True, slots=True)
class Dock:
    """A place where batteries are charged, as robots know it."""

    name: str
    position: Array  # (2,) m, its middle
    reach: float  # m, a robot whose centre is this near is on it
    power: float  # W, to each robot
    spots: Array  # (places, 2) m, one for each robot that may be on it


@dataclass(frozen=True, slots=True)
class PermitOrders:
    """What each robot is told of docks and of permits for them; the same for all."""

    docks: tuple[Dock, ...]
    queues: tuple[tuple[str, tuple[Berth, ...]], ...]  # name of each queue, and what each slot of it is for
    lease: LeaseSettings = LeaseSettings()
    tours: tuple[tuple[int, tuple[str, ...]], ...] = ()  # by robot: queues it takes one after the other

    @property
    def counts(self) -> dict[str, int]:
        """Permits of each queue."""
        return {name: len(berths) for name, berths in self.queues}

    def tour_of(self, robot: int) -> tuple[str, ...]:
        """Return the queues that a robot takes one after the other; none for most robots."""
        return dict(self.tours).get(robot, ())


class Permits:
    """What one robot wants and has, by its copy of the log.

    Each tick: `begin`; then whoever knows where the robot is sets `wanted`; then `due`.

    Parameters
    ----------
    own
        Place in the roster.
    orders
        The same for all.
    semaphores
        The machine behind the log, in this robot's copy.
    """

    def __init__(self, own: int, orders: PermitOrders, semaphores: Semaphores) -> None:
        self.orders = orders
        # queues in which it waits, or whose permit it keeps; None: not known yet after the start
        self.wanted: frozenset[str] | None = None
        self.semaphores = semaphores
        self._own = own
        self._berths = dict(orders.queues)
        self._tick = 0
        self._grantor = Grantor(orders.lease)
        self._holders: dict[str, Holder] = {}
        self._asked: dict[tuple[str, ...], bytes] = {}  # what was asked and is not answered yet

    def begin(self, tick: int) -> None:
        """Go on to a tick; the first one is when the robot started."""
        if not self._holders:
            self._holders = {name: Holder(self.orders.lease, since=tick) for name in self._berths}
        self._tick = tick

    def grant(self, queue: str) -> Grant | None:
        """Return this robot's permit of a queue, if it has one."""
        grants = self.semaphores.places[queue].grants
        return next((grant for grant in grants if grant.robot == self._own), None)

    def berth(self, queue: str, grant: Grant) -> Berth:
        """Return the place that a permit is for."""
        return self._berths[queue][grant.slot]

    def ahead(self, queue: str) -> int:
        """Return how many wait before this robot, or would if it asked now."""
        waiting = self.semaphores.places[queue].waiting
        return waiting.index(self._own) if self._own in waiting else len(waiting)

    def left(self, queue: str) -> int:
        """Return for how many ticks this robot may still use its permit, by its own clock alone."""
        grant = self.grant(queue)
        if grant is None or not self._holders or not self._holders[queue].may_use(self._tick, grant.renewed):
            return 0
        return grant.renewed + self.orders.lease.hold_ticks - self._tick

    def holders(self, dock: int) -> Iterator[Grant]:
        """Yield the permits that are out for a dock."""
        for name, place in self.semaphores.places.items():
            yield from (grant for grant in place.grants if self._berths[name][grant.slot][0] == dock)

    @property
    def must_yield(self) -> bool:
        """Whether this robot is the one that gives back what it holds, so that a circle of waiting robots goes on.

        Every robot finds the same one in the log; nothing needs to be agreed upon by robots that are stuck.
        """
        return who_yields(self.semaphores.places) == self._own

    @property
    def stuck(self) -> frozenset[int]:
        """Robots that wait for each other for ever, unless one gives back what it holds."""
        return deadlocked(self.semaphores.places)

    def due(self, leads: bool) -> Iterator[bytes]:
        """Yield what is to be asked of the log in this tick, as commands."""
        for name, place in self.semaphores.places.items() if self.wanted is not None else ():
            mine, waits = self.grant(name), self._own in place.waiting
            if self.wanted and name in self.wanted:
                if mine is None and not waits:
                    yield from self._ask(Ask(name, self._own), "ask", name)
                elif mine is not None and self._holders[name].renewal_due(self._tick):
                    yield from self._ask(Renew(name, mine.token, self._tick), "renew", name)
            elif mine is not None or waits:
                yield from self._ask(GiveBack(name, self._own, self._tick), "give", name)
        for over in self._grantor.overdue(self.semaphores.places, self._tick, leads):
            yield from self._ask(over, "reclaim", over.place, str(over.token))

    def _ask(self, request: Request | Reclaim, *key: str) -> Iterator[bytes]:
        if key not in self._asked:
            self._asked[key] = addressed(PERMITS, pack(request))
            yield self._asked[key]

    def answered(self, command: bytes) -> None:
        """Note that a command was carried out, or refused: it may be asked again."""
        self._asked = {key: asked for key, asked in self._asked.items() if asked != command}
