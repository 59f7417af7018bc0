"""One simulated robot: its disk, its clock that drifts, its replica while it is up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from swarm_consensus.agreement.errors import StorageError
from swarm_consensus.agreement.memory_storage import MemoryStorage
from swarm_consensus.agreement.raft.messages import COMMAND, Config, Message, Ready
from swarm_consensus.agreement.raft.node import Node
from swarm_consensus.agreement.raft.settings import Settings
from swarm_consensus.agreement.replica import News, Replica
from swarm_consensus.agreement.sessions import Sessions
from swarm_consensus.agreement.simulator.checks import Checks
from swarm_consensus.agreement.simulator.counters import Counters
from swarm_consensus.agreement.simulator.dice import Dice
from swarm_consensus.agreement.simulator.network import TICK, Clock, Network


@dataclass(frozen=True, slots=True)
class Parts:
    """What a run is made of; a mutant puts a broken part in."""

    node: type[Node] = Node
    sessions: type[Sessions] = Sessions
    storage: type[MemoryStorage] = MemoryStorage


class Watched(Replica):
    """A replica that shows everything it does to the checks."""

    checks: Checks

    def _carry_out(self, ready: Ready, news: News) -> None:
        own = self.node.state.own
        self.checks.stored(own, self.node, ready)
        if ready.restore and ready.snapshot:
            self.checks.restored(own, ready.snapshot.index, ready.snapshot.state)
        before = len(news.outcomes)
        super()._carry_out(ready, news)
        outcomes = iter(news.outcomes[before:])
        for index, entry in ready.committed:
            self.checks.apply(own, self.node, index, entry, next(outcomes) if entry.kind == COMMAND else None)
        for read in ready.reads:
            self.checks.serve(own, self.node, read.token)


class Host:
    """A robot.

    Parameters
    ----------
    number
        Its place in the roster.
    settings, config
        Of the log.
    parts
        What it is made of.
    clock, dice, network, checks
        Of the run.
    report
        Takes what came out.
    """

    def __init__(
        self,
        number: int,
        settings: Settings,
        config: Config,
        parts: Parts,
        clock: Clock,
        dice: Dice,
        network: Network,
        checks: Checks,
        report: Callable[[Host, News], None],
    ) -> None:
        self.number = number
        self.storage = parts.storage(config)
        self.counters = Counters()
        self.replica: Watched | None = None
        self._settings, self._parts = settings, parts
        self._clock, self._dice, self._network, self._checks = clock, dice, network, checks
        self._report = report
        self._asleep_until = 0
        self._missed = 0  # ticks
        self._heard: list[Message] = []
        # A clock at either end of what is allowed is the hardest case, and so the most frequent.
        drift = dice.pick((-1.0, 1.0, 2 * dice.share() - 1)) * settings.clock_drift
        self.tick_length = round(TICK * (1 + drift))
        self.start()
        clock.after(dice.between(1, self.tick_length), self._tick)

    @property
    def node(self) -> Node | None:
        """The member of the log, while it is up."""
        return self.replica.node if self.replica else None

    def leads(self) -> bool:
        """Tell whether it believes itself to be the leader."""
        return self.replica is not None and self.replica.node.lead is not None

    def start(self) -> None:
        """Start from what the disk holds."""
        if self.replica:
            return
        self.counters = Counters()
        saved = self.storage.load()
        if saved.snapshot.state:
            self._checks.restored(self.number, saved.snapshot.index, saved.snapshot.state)
        sessions = self._parts.sessions(self.counters, most=6)
        replica = Watched(self.number, self._settings, self.storage, sessions, self._dice.rng, self._parts.node)
        replica.checks = self._checks
        self.replica = replica

    def crash(self) -> None:
        """Lose everything but what the disk holds."""
        self.storage.crash()
        self.replica = None
        self._heard.clear()
        self._asleep_until = self._missed = 0

    def crowd(self, crowded: bool) -> None:
        """Have more to say than the air takes, or no more: entries wait."""
        if self.replica:
            self.replica.node.state.crowded = crowded

    def sleep(self, moments: int) -> None:
        """Do nothing for a while: the disk is slow, or the program is suspended."""
        if self.replica:
            self._asleep_until = self._clock.now + moments
            self._clock.after(moments, self._wake)

    def _wake(self) -> None:
        """Catch up: first the time that has passed, then what was heard, only then anything else."""
        if self.replica is None or self._clock.now < self._asleep_until:
            return
        while self._missed and self.replica:
            self._missed -= 1
            self.replica.node.tick()
            self.pump()
        heard, self._heard = self._heard, []
        for message in heard:
            self.hear(message)

    def _tick(self) -> None:
        self._clock.after(self.tick_length, self._tick)
        if self.replica is None:
            return
        if self.is_asleep:
            self._missed += 1
            return
        self.replica.node.tick()
        if self.leads():
            self.read(self._clock.fresh())
        self.pump()

    def read(self, token: int) -> bool:
        """Ask for a read."""
        self._checks.ask(token)
        return self.replica is not None and self.replica.node.read(token)

    @property
    def is_asleep(self) -> bool:
        """Tell whether it does nothing at the moment."""
        return self._clock.now < self._asleep_until

    def hear(self, message: Message) -> None:
        """Take in a message, at once or when it wakes up."""
        if self.replica is None:
            return
        if self.is_asleep:
            self._heard.append(message)
            return
        self.replica.node.step(message)
        self.pump()

    def pump(self) -> None:
        """Store, send, apply; a refusing disk is a crash."""
        if self.replica is None:
            return
        try:
            news = self.replica.pump()
        except StorageError:
            self.crash()
            return
        self._checks.look(self.number, self.replica.node)
        for message in news.messages:
            self._network.send(message)
        self._report(self, news)
