"""What goes wrong: at random, and on purpose at the worst moment.

Chance alone misses bugs that need several things in a row. So part of the faults wait for a moment that matters: a
member has just become leader, given its vote, appended a configuration, handed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swarm_consensus.agreement.raft.membership import members
from swarm_consensus.agreement.raft.messages import (
    MEMBERS,
    Append,
    AppendReply,
    Message,
    TimeoutNow,
    VoteReply,
    VoteRequest,
)
from swarm_consensus.agreement.simulator.host import Host
from swarm_consensus.agreement.simulator.network import TICK, Weather
from swarm_consensus.errors import SwarmError

if TYPE_CHECKING:
    from swarm_consensus.agreement.simulator.cluster import Cluster


class Faults:
    """The one who wants the swarm to fail."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._dice = cluster.dice
        self._active = True
        self._kept: list[Message] = []  # to be delivered again much later
        dice = self._dice
        self._crashes = dice.pick((0.0, 0.02, 0.08))
        self._splits = dice.pick((0.0, 0.03, 0.1))
        self._sleeps = dice.pick((0.0, 0.03))
        self._crowds = dice.pick((0.0, 0.0, 0.1))
        self._changes = dice.pick((0.0, 0.1, 0.5))
        self._replays = dice.pick((0.0, 0.1))
        self._hunts = dice.pick((0.0, 0.03))
        self._malice = dice.pick((0.0, 0.3, 0.8))  # how often a moment that matters is used
        cluster.network.weather = Weather(
            loss=dice.pick((0.0, 0.05, 0.3)),
            duplicate=dice.pick((0.0, 0.1, 0.3)),
            delay=dice.pick((TICK // 2, TICK, 3 * TICK)),
            straggler=dice.pick((0.0, 0.02, 0.1)),
        )
        cluster.clock.after(TICK, self._turn)

    def end(self) -> None:
        """Stop, mend the network, and start everybody who is down."""
        self._active = False
        self._cluster.network.heal()
        for host in self._cluster.hosts:
            host.storage.power_cut = None
            host.start()
            host.crowd(False)

    def _turn(self) -> None:
        """Roll the dice once a tick."""
        if not self._active:
            return
        dice, cluster = self._dice, self._cluster
        cluster.clock.after(TICK, self._turn)
        if dice.chance(self._crashes):
            self._crash(dice.pick(cluster.hosts))
        if dice.chance(self._splits):
            self._split()
        if dice.chance(self._splits):
            cluster.network.cut.clear()
        if dice.chance(self._sleeps):
            dice.pick(cluster.hosts).sleep(dice.between(1, 25) * TICK)
        if dice.chance(self._crowds):
            dice.pick(cluster.hosts).crowd(dice.chance(0.5))
        if dice.chance(self._changes):
            self._change()
        if dice.chance(self._hunts):
            self._hunt()
        if self._kept and dice.chance(self._replays):
            for _ in range(dice.between(1, 5)):
                cluster.deliver(dice.pick(self._kept))

    # at random

    def _crash(self, host: Host) -> None:
        """Crash now or in the middle of the next write, and come back later."""
        dice = self._dice
        if dice.chance(0.5):
            host.storage.power_cut = dice.pick(("before", "after"))
        else:
            host.crash()
        self._cluster.clock.after(dice.between(1, 40) * TICK, self._revive, host)

    def _revive(self, host: Host) -> None:
        if self._active:
            host.start()

    def _split(self) -> None:
        """Cut the network in two, or links one way only, or around a leader."""
        dice, cluster = self._dice, self._cluster
        network, numbers = cluster.network, range(len(cluster.hosts))
        network.cut.clear()
        kind = dice.between(0, 3)
        if kind == 0:
            side = {number for number in numbers if dice.chance(0.5)}
            network.split(side, set(numbers) - side)
        elif kind == 1:
            network.cut.update((a, b) for a in numbers for b in numbers if dice.chance(0.3))
        else:
            leaders = [host.number for host in cluster.hosts if host.leads()]
            self._isolate(dice.pick(leaders or numbers), one_way=kind == 3)

    def _isolate(self, number: int, one_way: bool = False) -> None:
        """Cut one member off, or one member and another, or only what it hears."""
        dice, cluster = self._dice, self._cluster
        group = {number} | ({dice.between(0, len(cluster.hosts) - 1)} if dice.chance(0.5) else set())
        others = {host.number for host in cluster.hosts} - group
        if one_way:
            cluster.network.cut.update((other, each) for other in others for each in group)
        else:
            cluster.network.split(group, others)

    def _hunt(self) -> None:
        """Hunt for a stale read: let one member miss a leader for a while, then cut the leader off in mid-lease.

        Maybe those who heard the leader last start anew at that moment, and have forgotten it.
        """
        dice, cluster = self._dice, self._cluster
        leaders = [host.number for host in cluster.hosts if host.leads()]
        if not leaders:
            return
        leader, rival = leaders[-1], dice.between(0, len(cluster.hosts) - 1)
        cluster.network.weather = Weather(delay=TICK // 2)
        cluster.network.cut = {(leader, rival)}
        cluster.clock.after(dice.between(8, 30) * TICK, self._strike, leader, rival, dice.chance(0.5))

    def _strike(self, leader: int, rival: int, forgetful: bool) -> None:
        cluster = self._cluster
        if not self._active:
            return
        others = {host.number for host in cluster.hosts} - {leader}
        cluster.network.cut.clear()
        cluster.network.split({leader}, others)
        for number in others - {rival} if forgetful else ():
            cluster.hosts[number].crash()
            cluster.hosts[number].start()

    def _change(self) -> None:
        """Ask a leader for a change of members, or to hand over."""
        dice, cluster = self._dice, self._cluster
        leaders = [host for host in cluster.hosts if host.node and host.node.lead and not host.is_asleep]
        if not leaders:
            return
        host = dice.pick(leaders)
        node = host.node
        if node is None:
            return
        config = node.state.members.current
        member = dice.between(0, len(cluster.hosts) - 1)
        voters, learners = set(config.voters) - {member}, set(config.learners) - {member}
        try:
            if dice.chance(0.3):
                node.transfer(member)
            elif member in config.learners and dice.chance(0.8):
                node.change(members([*voters, member], list(learners)))
            elif member in config.voters and (len(voters) >= 3 or dice.chance(0.1)):
                node.change(members(list(voters), [*learners, member] if dice.chance(0.5) else list(learners)))
            elif member not in config.voters:
                node.change(members(config.voters, [*learners, member]))
        except SwarmError:
            return
        host.pump()

    # on purpose

    def see(self, host: Host, messages: list[Message]) -> None:
        """Look at what a member sends, and use the moment."""
        if not self._active:
            return
        if self._replays and messages:
            self._keep(self._dice.pick(messages))
        if self._malice:
            for message in messages:
                self._use(host, message)

    def _keep(self, message: Message) -> None:
        """Keep messages for later, some for very long."""
        if len(self._kept) < 60:
            self._kept.append(message)
        else:
            self._kept[self._dice.between(10, 59)] = message

    def _use(self, host: Host, message: Message) -> None:
        dice = self._dice
        if isinstance(message, VoteReply) and message.granted and not message.pre:
            if dice.chance(self._malice / 2):  # the vote is on its way: does the voter remember it?
                host.crash()
                self._cluster.clock.after(dice.between(0, 2) * TICK, self._revive, host)
            if dice.chance(self._malice):  # is it counted twice?
                self._cluster.network.send(message)
        elif isinstance(message, VoteRequest):
            self._use_candidacy(message)
        elif isinstance(message, Append):
            self._use_append(host, message)
        elif isinstance(message, TimeoutNow) and dice.chance(self._malice):
            self._cluster.clock.after(dice.between(5, 40) * TICK, self._cluster.deliver, message)
        elif isinstance(message, AppendReply) and message.success and dice.chance(self._malice / 50):
            if dice.chance(0.5):  # it says that it has stored: does it still know?
                host.crash()
                self._cluster.clock.after(dice.between(0, 2) * TICK, self._revive, host)
            else:  # does an old yes count for something new?
                self._cluster.clock.after(dice.between(5, 60) * TICK, self._cluster.deliver, message)

    def _use_candidacy(self, request: VoteRequest) -> None:
        """Cut off whoever leads while another stands for election, and let the voters start anew."""
        dice, cluster = self._dice, self._cluster
        leaders = [host.number for host in cluster.hosts if host.leads()]
        if not leaders:
            if not request.pre and dice.chance(self._malice / 4):
                self._isolate(dice.between(0, len(cluster.hosts) - 1))
        elif dice.chance(self._malice / (6 if request.pre else 2)):
            cluster.clock.after(1, self._strike, dice.pick(leaders), request.sender, request.pre)

    def _use_append(self, host: Host, message: Append) -> None:
        dice = self._dice
        fresh = any(entry.kind == MEMBERS for entry in message.entries) or (
            message.entries and message.entries[-1].term == message.term and message.previous_term < message.term
        )
        if fresh and dice.chance(self._malice / 4):  # a new leader, or a new configuration
            self._isolate(host.number)
        elif fresh and dice.chance(self._malice / 8):
            self._crash(host)
