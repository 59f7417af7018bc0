"""A whole cluster, from a seed: a time in which everything goes wrong, then one in which it must recover."""

from __future__ import annotations

from dataclasses import replace

from swarm_consensus.agreement.raft.membership import members
from swarm_consensus.agreement.raft.messages import Message
from swarm_consensus.agreement.raft.settings import Settings
from swarm_consensus.agreement.replica import News
from swarm_consensus.agreement.simulator.checks import Checks, Violation
from swarm_consensus.agreement.simulator.client import Client
from swarm_consensus.agreement.simulator.counters import Counters
from swarm_consensus.agreement.simulator.dice import Dice
from swarm_consensus.agreement.simulator.faults import Faults
from swarm_consensus.agreement.simulator.host import Host, Parts
from swarm_consensus.agreement.simulator.linearizability import Operation, faulty_keys
from swarm_consensus.agreement.simulator.network import TICK, Clock, Network

BAD = 300  # ticks in which everything goes wrong
GOOD = 200  # ticks in which everybody must get on again
# Clocks drift a lot, and windows, messages and snapshots are small, so that little time shows much.
SETTINGS = Settings(clock_drift=0.1, message_bytes=64, window=8, snapshot_entries=12)


class Cluster:
    """Robots, clients and faults of one run.

    Parameters
    ----------
    seed
        Everything follows from it.
    parts
        What the robots are made of.
    settings
        Of the log; by default with lease reads or without, as the seed decides.
    """

    def __init__(self, seed: int, parts: Parts | None = None, settings: Settings | None = None) -> None:
        parts = parts or Parts()
        self.dice = dice = Dice(seed)
        settings = settings or replace(SETTINGS, lease_reads=dice.chance(0.7))
        self.clock = Clock()
        self.network = Network(self.clock, dice, self.deliver)
        self.checks = Checks(lambda: parts.sessions(Counters(), most=6))
        self.history: list[Operation] = []
        self.faults: Faults | None = None
        self.clients: list[Client] = []
        count, voting = dice.pick(((3, 3), (4, 3), (5, 3), (5, 5), (6, 5)))
        config = members(range(voting), range(voting, count))
        self.hosts = [
            Host(number, settings, config, parts, self.clock, dice, self.network, self.checks, self._report)
            for number in range(count)
        ]
        self.clients = [Client(number, self.hosts, self.clock, dice, self.history) for number in range(4)]

    def deliver(self, message: Message) -> None:
        """Let a message arrive."""
        self.hosts[message.to].hear(message)

    def _report(self, host: Host, news: News) -> None:
        if self.faults and news.messages:
            self.faults.see(host, news.messages)
        if news.outcomes or news.reads:
            for client in self.clients:
                client.hear(host, news.outcomes, news.reads)

    def run(self) -> None:
        """Run both times and check everything.

        Raises
        ------
        Violation
            If a property did not hold.
        """
        self.faults = Faults(self)
        self.clock.run(BAD * TICK)
        self.faults.end()
        done = [client.done for client in self.clients]
        self.clock.run((BAD + GOOD) * TICK)
        if any(client.done <= before for client, before in zip(self.clients, done, strict=True)):
            raise Violation("progress: a client was not served for 200 ticks after everything was mended")
        self._settle()
        faulty = faulty_keys(self.history)
        if faulty:
            raise Violation(f"linearizability: no order of the operations explains the answers about key {faulty[0]}")

    def _settle(self) -> None:
        """Let the clients finish, and see that all members come to the same end."""
        for client in self.clients:
            client.resting = True
        self.clock.run((BAD + GOOD + 100) * TICK)
        for client in self.clients:
            client.leave_open()
        leaders = [host for host in self.hosts if host.node and host.node.lead]
        if len(leaders) != 1 or leaders[0].node is None:
            raise Violation(f"progress: {len(leaders)} leaders in a sound network")
        log, config = leaders[0].node.state.log, leaders[0].node.state.members.current
        for number in (*config.voters, *config.learners):
            node = self.hosts[number].node
            if node is None or node.state.log.applied != log.last:
                raise Violation(f"progress: member {number} has not caught up")


def run(seed: int, parts: Parts | None = None) -> Cluster:
    """Run one seed; a violation names it."""
    cluster = Cluster(seed, parts)
    try:
        cluster.run()
    except Violation as violation:
        raise Violation(f"{violation} (seed {seed}, at tick {cluster.clock.now // TICK})") from None
    return cluster
