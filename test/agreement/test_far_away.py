"""A round trip that takes longer than anybody's patience: many slow hops, and still a leader, who commits."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from swarm_consensus.agreement.raft import election
from swarm_consensus.agreement.raft.leader import Leader
from swarm_consensus.agreement.raft.membership import members
from swarm_consensus.agreement.raft.messages import Message, Saved, Snapshot, Vote
from swarm_consensus.agreement.raft.node import Node
from swarm_consensus.agreement.raft.settings import Settings
from swarm_consensus.agreement.raft.state import State

VOTERS = range(3)
TICKS = 1000


def ran(delay: int, seed: int, kind: type[Node] = Node) -> list[Node]:
    """Let voters run that hear each other so many ticks late; whoever leads proposes something every five ticks."""
    beginning = Saved(Vote(0), Snapshot(0, 0, members(VOTERS)))
    nodes = [kind(number, Settings(), beginning, np.random.default_rng([seed, number])) for number in VOTERS]
    under_way: dict[int, list[Message]] = defaultdict(list)
    for tick in range(TICKS):
        for message in under_way.pop(tick, ()):
            nodes[message.to].step(message)
        for node in nodes:
            node.tick()
            if node.lead and not tick % 5:
                node.propose(b"x")
            while ready := node.ready():
                under_way[tick + max(delay, 1)] += ready.messages
                node.advance()
    return nodes


def commits(nodes: list[Node]) -> int:
    return min(node.state.log.commit for node in nodes)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("delay", [1, 5, 12, 25])
def test_a_leader_is_found_and_stays_however_slow_the_network_is(delay: int, seed: int) -> None:
    """Patience is drawn from 10 to 19 ticks; a round trip takes up to 50."""
    nodes = ran(delay, seed)
    (leader,) = [node for node in nodes if node.lead]
    assert leader.lead is not None
    assert leader.lead.is_established
    assert leader.state.term <= 6
    assert commits(nodes) >= 80


def test_the_usual_patience_alone_is_never_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(election, "MOST", 1)
    nodes = ran(25, 0)
    assert max(node.state.term for node in nodes) > 10
    assert commits(nodes) < 40


def test_a_leader_must_wait_as_long_as_its_election_took() -> None:
    class Hasty(Leader):
        def __init__(self, state: State, round_trip: int) -> None:
            super().__init__(state, 0)

    class HastyNode(Node):
        leadership = Hasty  # type: ignore[assignment]

    nodes = ran(25, 0, HastyNode)
    assert max(node.state.term for node in nodes) > 6
    assert commits(nodes) < 20


def test_a_vote_counts_however_late_it_comes() -> None:
    class Forgetful(Node):
        def _stand(self, pre: bool, forced: bool) -> None:
            self._ballot = None
            super()._stand(pre, forced)

    assert sum(commits(ran(40, seed, Forgetful)) for seed in range(5)) == 0
    assert sum(commits(ran(40, seed)) for seed in range(5)) > 100
