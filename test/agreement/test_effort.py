"""What a commit costs, counted: messages, and how often anybody looks whether something is to be done."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from swarm_consensus.agreement.raft.membership import members
from swarm_consensus.agreement.raft.messages import Append, AppendReply, Message, Saved, Snapshot, Vote
from swarm_consensus.agreement.raft.node import Node
from swarm_consensus.agreement.raft.settings import Settings

COUNT = 5


class Group:
    """Five members in one thread, that hand each other messages at once and store nothing."""

    def __init__(self) -> None:
        beginning = Saved(Vote(0), Snapshot(0, 0, members(range(COUNT))))
        self.nodes = [Node(n, Settings(), beginning, np.random.default_rng([0, n])) for n in range(COUNT)]
        self.sent: Counter[type] = Counter()
        while not any(node.lead for node in self.nodes):
            for node in self.nodes:
                node.tick()
            self.settle()
        self.leader = next(node for node in self.nodes if node.lead)
        self.commit(1)

    def settle(self) -> None:
        post: list[Message] = []
        for node in self.nodes:
            self.drain(node, post)
        while post:
            due, post = post, []
            for message in due:
                self.nodes[message.to].step(message)
            for number in {message.to for message in due}:
                self.drain(self.nodes[number], post)

    def drain(self, node: Node, post: list[Message]) -> None:
        while ready := node.ready():
            self.sent.update(type(message) for message in ready.messages)
            post += ready.messages
            node.advance()

    def commit(self, commands: int) -> None:
        """Propose commands together and let everybody learn that they are committed."""
        self.sent.clear()
        for _ in range(commands):
            self.leader.propose(b"some command of a robot")
        self.settle()
        assert {node.state.log.commit for node in self.nodes} == {self.leader.state.log.last}


@pytest.mark.parametrize("together", [1, 8])
def test_commands_that_come_together_cost_as_many_messages_as_one(together: int) -> None:
    """The entries, the answers, and that it is settled: 3 (n - 1)."""
    group = Group()
    group.commit(together)
    assert group.sent == {Append: 2 * (COUNT - 1), AppendReply: COUNT - 1}


def test_who_has_heard_nothing_new_has_nothing_to_say_and_does_not_even_look() -> None:
    group = Group()
    for node in group.nodes:
        assert node.ready() is None
        node.state = None  # type: ignore[assignment]
        assert node.ready() is None
