"""A few members without chance: the scene decides which message arrives, who ticks and who crashes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

from numpy.random import Generator

from swarm_consensus.agreement.errors import AgreementError
from swarm_consensus.agreement.raft.membership import members
from swarm_consensus.agreement.raft.messages import Config, Message, TimeoutNow, VoteRequest
from swarm_consensus.agreement.raft.node import Node
from swarm_consensus.agreement.raft.settings import Settings
from swarm_consensus.agreement.simulator.checks import Checks
from swarm_consensus.agreement.simulator.counters import Counters
from swarm_consensus.agreement.simulator.host import Parts, Watched

SETTINGS = Settings(clock_drift=0.1, message_bytes=64, window=8)


class _Patient:
    """In place of a generator: everybody waits for as long as possible."""

    def integers(self, low: int, high: int) -> int:
        """Return the largest number."""
        return high - 1


class Stage:
    """Members on a stage; `post` holds the messages on their way.

    Parameters
    ----------
    voters, learners
        By number, from 0 on.
    parts
        What they are made of.
    """

    def __init__(self, voters: Iterable[int], learners: Iterable[int] = (), parts: Parts | None = None) -> None:
        self._parts = parts = parts or Parts()
        config = members(list(voters), list(learners))
        self.checks = Checks(lambda: parts.sessions(Counters()))
        self.everybody = sorted({*config.voters, *config.learners})
        self.disks = {number: parts.storage(config) for number in self.everybody}
        self.post: list[Message] = []
        self.reads: list[int] = []
        self._replicas: dict[int, Watched] = {}
        self._tokens = 0
        for number in self.everybody:
            self.start(number)

    def node(self, number: int) -> Node:
        """Return a member."""
        return self._replicas[number].node

    def start(self, number: int) -> None:
        """Start a member from its disk."""
        sessions = self._parts.sessions(Counters())
        patient = cast("Generator", _Patient())
        replica = Watched(number, SETTINGS, self.disks[number], sessions, patient, self._parts.node)
        replica.checks = self.checks
        self._replicas[number] = replica

    def restart(self, number: int) -> None:
        """Crash, and start again."""
        self.disks[number].crash()
        self.start(number)

    def pump(self, number: int) -> None:
        """Let a member do what is due."""
        news = self._replicas[number].pump()
        self.checks.look(number, self.node(number))
        self.post += news.messages
        self.reads += news.reads

    def tick(self, *numbers: int, times: int = 1) -> None:
        """Let the clocks of some go on."""
        for _ in range(times):
            for number in numbers:
                self.node(number).tick()
                self.pump(number)

    def deliver(self, message: Message) -> None:
        """Let a message arrive."""
        self.node(message.to).step(message)
        self.pump(message.to)

    def flow(
        self, *among: int, kind: type | tuple[type, ...] = object, until: Callable[[], bool] = lambda: False
    ) -> None:
        """Let all messages of a kind among some members arrive, and what they cause; the others stay on their way."""
        while not until():
            due = (m for m in self.post if m.sender in among and m.to in among and isinstance(m, kind))
            message = next(due, None)
            if message is None:
                return
            self.post.remove(message)
            self.deliver(message)

    def take(self, sender: int, to: int, kind: type) -> list[Message]:
        """Take messages out of the post, to be delivered later."""
        taken = [m for m in self.post if m.sender == sender and m.to == to and isinstance(m, kind)]
        self.post = [m for m in self.post if m not in taken]
        return taken

    def lose(self) -> None:
        """Lose all messages on their way."""
        self.post.clear()

    def force(self, number: int) -> None:
        """Let a member stand for election at once, as if asked by its leader."""
        self.deliver(TimeoutNow(self.node(number).state.term, number, number))

    def elect(self, number: int, *voters: int) -> None:
        """Elect a member by force with the votes of some; their other messages are lost."""
        self.lose()
        self.force(number)
        self.flow(number, *voters, until=lambda: self.node(number).lead is not None)

    def stand(self, number: int, *others: int) -> None:
        """Let the clocks of some go on until one of them stands for election by itself."""
        while not any(isinstance(m, VoteRequest) and m.sender == number for m in self.post):
            self.tick(number, *others)

    def propose(self, number: int, data: bytes = b"x") -> None:
        """Ask a member to append a command."""
        self.node(number).propose(data)
        self.pump(number)

    def compact(self, number: int) -> None:
        """Let a member take a snapshot."""
        self._replicas[number].compact()
        self.pump(number)

    def change(self, number: int, config: Config) -> None:
        """Ask a leader to change the members; it may refuse."""
        try:
            self.node(number).change(config)
        except AgreementError:
            return
        self.pump(number)

    def read(self, number: int) -> None:
        """Ask a member for a read; the checks see whether it is stale."""
        self._tokens += 1
        self.checks.ask(self._tokens)
        self.node(number).read(self._tokens)
        self.pump(number)
