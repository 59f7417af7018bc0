"""The lock workload of the Jepsen study of etcd 3.4.3: leases of 2 s, five processes, pauses of 5 s. About 4 s.

Each process takes the lock, reads a number, adds one and writes it back. Some are paused between: they looked at their
clocks before, and write when they wake up. No lease can help against that, only the place where they write.

References
----------
K. Kingsbury, "Jepsen: etcd 3.4.3", 2020: locks lost up to 18 % of acknowledged updates, as nobody checks a token.
"""

from __future__ import annotations

from agreement.test_docks import OnePermit

from swarm_consensus.agreement.lease import Gate, Grantor, Holder, LeaseSettings
from swarm_consensus.agreement.semaphore import Ask, GiveBack, Grant, Renew, Request, pack
from swarm_consensus.agreement.simulator.cluster import SETTINGS, Cluster
from swarm_consensus.agreement.simulator.host import Host, Parts
from swarm_consensus.agreement.simulator.network import TICK

SECOND = 20  # ticks
LEASE = LeaseSettings(lease_ticks=2 * SECOND, renew_ticks=5, delay_ticks=8, clock_drift=SETTINGS.clock_drift)
PAUSE = 5 * SECOND
TICKS = 60 * SECOND


class Number:
    """Where the number is kept, and maybe the highest token that was seen."""

    def __init__(self, checks: bool) -> None:
        self.value = self.acknowledged = self.refused = 0
        self._gate = Gate() if checks else None

    def admits(self, token: int) -> bool:
        admitted = self._gate is None or self._gate.admits(token)
        self.refused += not admitted
        return admitted

    def read(self, token: int) -> int | None:
        return self.value if self.admits(token) else None

    def write(self, token: int, value: int) -> None:
        if self.admits(token):
            self.value = value
            self.acknowledged += 1


class Process:
    """Adds one, again and again."""

    def __init__(self, cluster: Cluster, host: Host, number: Number) -> None:
        self._cluster, self._host, self._number = cluster, host, number
        self._grantor, self._holder = Grantor(LEASE), Holder(LEASE)
        self._read: tuple[int, int] | None = None  # token and value, between reading and writing
        cluster.clock.after(cluster.dice.between(1, TICK), self._turn)

    def _turn(self) -> None:
        clock, host = self._cluster.clock, self._host
        clock.after(host.tick_length, self._turn)
        if host.replica is None or host.is_asleep:
            return
        if self._read is not None:  # it goes on where it was
            token, value = self._read
            self._number.write(token, value + 1)
            self._read = None
            self._say(GiveBack("dock", host.number, self._now()))
        self._go_on(self._now())
        host.pump()

    def _now(self) -> int:
        return 1 + self._cluster.clock.now // self._host.tick_length

    def _go_on(self, now: int) -> None:
        host = self._host
        assert host.replica is not None
        docks = host.replica._sessions.docks  # type: ignore[attr-defined]
        for due in self._grantor.overdue(docks.places, now, leads=host.replica.node.lead is not None):
            self._say(due)
        mine: Grant | None = next((each for each in docks.places["dock"].grants if each.robot == host.number), None)
        if mine is None:
            if now % 4 == 0:
                self._say(Ask("dock", host.number))
            return
        if self._holder.renewal_due(now):
            self._say(Renew("dock", mine.token, now))
        if self._holder.may_use(now, mine.renewed):
            value = self._number.read(mine.token)
            self._read = None if value is None else (mine.token, value)
            if self._read and self._cluster.dice.chance(0.2):
                host.sleep(PAUSE * TICK)

    def _say(self, request: Request) -> None:
        assert self._host.replica is not None
        self._host.replica.node.propose(pack(request))


def work(seed: int, *, checks: bool) -> Number:
    """Let the processes add for a minute."""
    cluster, number = Cluster(seed, Parts(sessions=OnePermit)), Number(checks)
    for client in cluster.clients:
        client.resting = True
    for host in cluster.hosts:
        Process(cluster, host, number)
    cluster.clock.run(TICKS * TICK)
    return number


SEEDS = [seed for seed in range(20) if len(Cluster(seed).hosts) == 5][:2]


def test_with_the_token_checked_no_update_is_lost() -> None:
    for seed in SEEDS:
        number = work(seed, checks=True)
        assert number.value == number.acknowledged, f"seed {seed}"
        assert number.acknowledged > 40, f"seed {seed}"
        assert number.refused > 0, f"seed {seed}"


def test_without_it_updates_are_lost() -> None:
    for seed in SEEDS:
        number = work(seed, checks=False)
        assert number.value < number.acknowledged, f"seed {seed}"
