"""A robot's dealings in permits for docks: what it asks of the log, and what the log, as it knows it, gives it.

Each queue is a place of `swarm_consensus.agreement.semaphore`. Its permits have slots, and each slot stands for one
place on one dock. Nothing here knows where the robot is: `charging` does, and says which permits are wanted.
"""

from __future__ import annotations

from collections.abc import Iterator

from swarm_consensus.agreement.lease import Grantor, Holder
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
from swarm_consensus.robot.docks import Berth, DockOrders

PERMITS = "permit"  # the machine's name


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

    keeps_turn = True  # who waits, waits in line

    def __init__(self, own: int, orders: DockOrders, semaphores: Semaphores) -> None:
        self.orders = orders
        # queues in which it waits, or whose permit it keeps; None: not known yet after the start
        self.wanted: frozenset[str] | None = None
        self.charge = 1.0  # nothing here goes by it: who comes first is served first
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

    def load(self, queue: str) -> float:
        """Return how many have or await each permit of a queue."""
        place = self.semaphores.places[queue]
        return (len(place.waiting) + len(place.grants)) / place.permits

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

    def out(self) -> tuple[int, ...]:
        """Return the tokens of all permits that are out."""
        return tuple(sorted(grant.token for place in self.semaphores.places.values() for grant in place.grants))

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
