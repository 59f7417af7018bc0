"""Permits over the simulated log, as the dock sees it: who touches it when, with which token. About 6 s.

Robots ask for the dock, renew, use it for a while and give it back, while the network and the robots fail as in the
other simulations. Robots that sleep touch nothing; when they wake they look at their clock first.
"""

from __future__ import annotations

import pytest

from swarm_consensus.agreement.lease import Gate, Grantor, Holder, LeaseSettings
from swarm_consensus.agreement.raft.messages import COMMAND
from swarm_consensus.agreement.semaphore import Ask, GiveBack, Grant, Renew, Request, Semaphores, pack
from swarm_consensus.agreement.sessions import Machine, Outcome, Sessions
from swarm_consensus.agreement.simulator.cluster import BAD, SETTINGS, Cluster
from swarm_consensus.agreement.simulator.faults import Faults
from swarm_consensus.agreement.simulator.host import Host, Parts
from swarm_consensus.agreement.simulator.network import TICK

LEASE = LeaseSettings(lease_ticks=30, renew_ticks=3, delay_ticks=8, clock_drift=SETTINGS.clock_drift)
PLACES = 2


class Permits(Sessions):
    """The docks straight behind the log: their requests may come twice."""

    permits = PLACES

    def __init__(self, machine: Machine, most: int = 0) -> None:
        super().__init__(machine, most)
        self.docks = Semaphores({"dock": self.permits})

    def apply(self, index: int, data: bytes) -> Outcome:
        return Outcome(0, 0, "done", self.docks.apply(index, data))

    def snapshot(self) -> bytes:
        return self.docks.snapshot()

    def restore(self, state: bytes) -> None:
        if state:
            self.docks.restore(state)


class OnePermit(Permits):
    permits = 1


class Dock:
    """What the dock sees."""

    def __init__(self) -> None:
        self.gate = Gate()
        self.most = self.touches = self.refused = self.robots = 0
        self._until: dict[int, int] = {}
        self._known: set[int] = set()

    def touch(self, robot: int, token: int, now: int, until: int) -> None:
        self.touches += 1
        self.refused += not self.gate.admits(token)
        self._until[robot] = until
        self._known.add(robot)
        self.robots = len(self._known)
        self.most = max(self.most, sum(end > now for end in self._until.values()))


class Robot:
    """Wants the dock, uses it, gives it back."""

    def __init__(self, cluster: Cluster, host: Host, dock: Dock) -> None:
        self._cluster, self._host, self._dock = cluster, host, dock
        self._forget()
        cluster.clock.after(cluster.dice.between(1, TICK), self._turn)

    def _forget(self) -> None:
        self._grantor, self._holder = Grantor(LEASE), Holder(LEASE, since=1 + self._now())
        self._used = self._resting = self._token = 0
        self._replica = self._host.replica

    def _now(self) -> int:
        return 1 + self._cluster.clock.now // self._host.tick_length  # goes on in a crash, and drifts like the other

    def _turn(self) -> None:
        clock, host = self._cluster.clock, self._host
        clock.after(host.tick_length, self._turn)
        if host.replica is not self._replica:
            self._forget()  # it has crashed, and knows nothing any more
        if host.replica is None or host.is_asleep:
            return
        now = self._now()
        node, docks = host.replica.node, host.replica._sessions.docks  # type: ignore[attr-defined]
        for due in self._grantor.overdue(docks.places, now, leads=node.lead is not None):
            self._say(due)
        mine = next((grant for grant in docks.places["dock"].grants if grant.robot == host.number), None)
        if mine is None:
            self._resting -= 1
            if self._resting < 0 and now % 4 == 0:
                self._say(Ask("dock", host.number))
        else:
            self._have(mine, now)
        host.pump()

    def _have(self, grant: Grant, now: int) -> None:
        if grant.token != self._token:
            self._token, self._used = grant.token, 0
        if self._used > 12:
            self._resting = self._cluster.dice.between(5, 30)
            if now % 4 == 0:  # a crash or a loss may keep it from arriving: then the lease ends
                self._say(GiveBack("dock", self._host.number, now))
            return
        if self._holder.renewal_due(now):
            self._say(Renew("dock", grant.token, now))
        if self._may_use(grant, now):
            self._used += 1
            moment = self._cluster.clock.now
            self._dock.touch(self._host.number, grant.token, moment, moment + self._host.tick_length)

    def _may_use(self, grant: Grant, now: int) -> bool:
        return self._holder.may_use(now, grant.renewed)

    def _say(self, request: Request) -> None:
        assert self._host.replica is not None
        self._host.replica.node.propose(pack(request))


class Careless(Robot):
    """A mutant: goes on as long as it has not heard that its permit is gone."""

    def _may_use(self, grant: Grant, now: int) -> bool:
        return True


class Forgetful(Robot):
    """A mutant: goes on after a crash with what it may have given back before."""

    def _forget(self) -> None:
        super()._forget()
        self._holder = Holder(LEASE)


def sail(seed: int, kind: type[Robot] = Robot, sessions: type[Permits] = Permits) -> tuple[Cluster, Dock]:
    """Let a swarm sail through the bad time and some good time after it."""
    cluster, dock = Cluster(seed, Parts(sessions=sessions)), Dock()
    for client in cluster.clients:
        client.resting = True
    for host in cluster.hosts:
        kind(cluster, host, dock)
    cluster.faults = Faults(cluster)
    cluster.clock.run(BAD * TICK)
    cluster.faults.end()
    before = dock.touches
    cluster.clock.run((BAD + 200) * TICK)
    assert dock.touches > before, f"nobody gets the dock any more (seed {seed})"
    return cluster, dock


@pytest.mark.parametrize("sessions", [Permits, OnePermit])
def test_never_more_robots_at_the_dock_than_places(sessions: type[Permits]) -> None:
    for seed in range(12):
        _, dock = sail(seed, sessions=sessions)
        assert dock.most <= sessions.permits, f"{dock.most} robots at once (seed {seed})"
        assert dock.robots > 1


def test_tokens_never_go_backwards_at_a_single_dock() -> None:
    for seed in range(12, 20):
        cluster, dock = sail(seed, sessions=OnePermit)
        assert dock.refused == 0
        assert sum(entry.kind == COMMAND for entry in cluster.checks.applied.values()) > 20


def test_a_holder_without_a_clock_shares_the_dock_and_its_token_gives_it_away() -> None:
    docks = [sail(seed, Careless, OnePermit)[1] for seed in range(24)]
    assert any(dock.most > 1 for dock in docks)
    assert any(dock.refused for dock in docks)


def test_a_robot_that_goes_on_after_a_crash_with_what_it_gave_back_is_caught() -> None:
    # one seed of sixty shows it; these are three that do
    assert any(sail(seed, Forgetful, OnePermit)[1].most > 1 for seed in (18, 31, 76))
    assert all(sail(seed, Robot, OnePermit)[1].most == 1 for seed in (18, 31, 76))
