"""Permits over the log, without bodies: who has one when, by the robots' own clocks and by what the log tells them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.agreement.lease import LeaseSettings
from swarm_consensus.agreement.memory_storage import MemoryStorage
from swarm_consensus.agreement.raft.settings import Settings
from swarm_consensus.network.frame import Parcels
from swarm_consensus.robot import permits
from swarm_consensus.robot.docks import Dock, DockOrders
from swarm_consensus.robot.facts import Facts, FactsOrders
from swarm_consensus.robot.permits import Permits

SETTINGS = Settings(election_ticks=30, heartbeat_ticks=8, delay_ticks=6)
LEASE = LeaseSettings(lease_ticks=80, renew_ticks=10, delay_ticks=20)
DOCKS = tuple(Dock(name, np.array([x, 0.0]), 1.0, 40.0, np.array([[x, 0.0]])) for name, x in (("a", 0.0), ("b", 9.0)))
QUEUES = (("a", ((0, 0),)), ("b", ((1, 0),)))
_decoder = msgspec.msgpack.Decoder(Parcels)


class Swarm:
    """Robots that all hear each other and only deal in permits."""

    def __init__(self, count: int = 3, orders: DockOrders | None = None) -> None:
        self.orders = FactsOrders((0, 1, 2), SETTINGS, permits=orders or DockOrders(DOCKS, QUEUES, LEASE))
        self.disks = [MemoryStorage(self.orders.config(count)) for _ in range(count)]
        self.count, self.tick, self.off = count, 100, set[int]()
        self.robots = [self.make(i) for i in range(count)]
        self.said: list[bytes] = [b""] * count
        for robot in range(count):
            self.permits(robot).wanted = frozenset()

    def make(self, robot: int) -> Facts:
        return Facts(robot, self.count, self.orders, 20, self.disks[robot])

    def permits(self, robot: int) -> Permits:
        found = self.robots[robot].permits
        assert found is not None
        return found

    def step(self) -> None:
        """One tick; who is off hears and says nothing, but its clock goes on."""
        self.tick += 1
        before, self.said = self.said, [b""] * self.count
        for i, facts in enumerate(self.robots):
            facts.begin(self.tick)
            for j in range(self.count):
                if j != i and not {i, j} & self.off:
                    facts.meet(j)
                    if before[j]:
                        facts.hear(j, _decoder.decode(before[j]))
            facts.act()
            self.said[i] = b"".join(map(bytes, facts.take(1000)))

    def users(self, queue: str) -> set[int]:
        """Robots that may use a permit of a queue in this tick, each by its own clock and its own copy of the log."""
        return {robot for robot in range(self.count) if self.permits(robot).left(queue) > 0}

    def run(self, ticks: int) -> Iterator[int]:
        for _ in range(ticks):
            self.step()
            yield self.tick


def test_who_asks_first_is_served_first_and_tokens_grow() -> None:
    swarm = Swarm()
    since, until = {2: 200, 0: 210, 1: 220}, dict[int, int]()  # each gives it back 60 ticks after it began to use it
    served: list[tuple[int, int]] = []  # tokens and robots, in the order in which they were used first
    for tick in swarm.run(900):
        for robot, first in since.items():
            mine = swarm.permits(robot)
            mine.wanted = frozenset({"a"} if first <= tick < until.get(robot, tick + 1) else ())
        assert len(swarm.users("a")) <= 1
        for robot in swarm.users("a") - until.keys():
            until[robot] = tick + 60
            grant = swarm.permits(robot).grant("a")
            assert grant is not None
            served.append((grant.token, robot))
    assert [robot for _, robot in served] == [2, 0, 1]
    assert served == sorted(served)


def test_a_holder_that_is_cut_off_has_stopped_before_another_begins() -> None:
    swarm = Swarm()
    swarm.permits(0).wanted = swarm.permits(1).wanted = frozenset({"a"})
    for _ in swarm.run(200):
        pass
    (holder,) = swarm.users("a")
    swarm.off, cut = {holder}, swarm.tick
    stopped = taken = 0
    for tick in swarm.run(400):
        users = swarm.users("a")
        assert len(users) <= 1
        stopped = stopped or (tick if holder not in users else 0)
        taken = taken or (tick if users - {holder} else 0)
    # the last renewal before the cut was at most 10 ticks old, and good for 78: (80 - 1) 0.99 / 1.01, rounded down
    assert cut + 78 - 10 - 5 <= stopped <= cut + 79
    assert stopped < taken <= cut + 2 * SETTINGS.election_ticks + LEASE.lease_ticks + 40


def test_after_a_crash_a_permit_is_used_only_once_it_was_renewed_anew() -> None:
    swarm = Swarm()
    swarm.permits(1).wanted = frozenset({"a"})
    for _ in swarm.run(200):
        pass
    assert swarm.users("a") == {1}
    swarm.robots[1] = swarm.make(1)
    back = swarm.tick
    swarm.permits(1).wanted = frozenset({"a"})
    first = next(tick for tick in swarm.run(200) if swarm.users("a"))
    grant = swarm.permits(1).grant("a")
    assert grant is not None
    assert grant.renewed > back
    assert first > back + 2  # a renewal has to go there and back


def opposite(swarm: Swarm, ticks: int) -> tuple[set[tuple[int, str]], set[int]]:
    """Let 1 take a and then b, and 2 b and then a, each keeping the first; return who had what, and who yielded."""
    had, yielded = set[tuple[int, str]](), set[int]()
    dropped = set[int]()
    for _ in swarm.run(ticks):
        for robot, first, second in ((1, "a", "b"), (2, "b", "a")):
            mine = swarm.permits(robot)
            had |= {(robot, queue) for queue in "ab" if mine.left(queue) > 0}
            if (robot, second) in had:
                mine.wanted = frozenset({second} if (robot, "end") not in had else ())
                had.add((robot, "end"))
                continue
            if (robot, first) in had and mine.must_yield:
                yielded.add(robot)
                dropped.add(robot)
            both = {first, second} if (robot, first) in had else {first}
            mine.wanted = frozenset(both - {first} if robot in dropped else both)
    return had, yielded


def test_a_circle_of_waiting_robots_is_broken_by_one_of_them_alone() -> None:
    had, yielded = opposite(Swarm(), 500)
    assert {(1, "a"), (1, "b"), (2, "a"), (2, "b")} <= had
    assert len(yielded) == 1


def test_without_that_they_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permits, "who_yields", lambda places: None)
    swarm = Swarm()
    had, _ = opposite(swarm, 500)
    assert not {(1, "b"), (2, "a")} & had
    assert swarm.permits(0).stuck == {1, 2}  # and everybody knows


@settings(deadline=None, max_examples=20)
@given(st.data())
def test_whoever_wants_what_and_whoever_is_cut_off_no_two_use_one_permit(data: st.DataObject) -> None:
    swarm = Swarm()
    for _ in range(data.draw(st.integers(2, 5))):
        for robot in range(3):
            swarm.permits(robot).wanted = frozenset(data.draw(st.sampled_from(["", "a", "b", "ab"])))
        swarm.off = data.draw(st.sampled_from([set(), {0}, {1}, {2}]))
        for _ in swarm.run(data.draw(st.integers(5, 120))):
            assert len(swarm.users("a")) <= 1
            assert len(swarm.users("b")) <= 1
