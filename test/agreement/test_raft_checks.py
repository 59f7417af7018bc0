"""What the checks of the simulation take for leader completeness: entries of earlier terms, whoever comes first."""

from __future__ import annotations

import numpy as np
import pytest

from swarm_consensus.agreement.raft.membership import members
from swarm_consensus.agreement.raft.messages import NOTHING, Entry, Saved, Snapshot, Vote
from swarm_consensus.agreement.raft.node import Node
from swarm_consensus.agreement.raft.settings import Settings
from swarm_consensus.agreement.sessions import Sessions
from swarm_consensus.agreement.simulator.checks import Checks, Violation
from swarm_consensus.agreement.simulator.cluster import run
from swarm_consensus.agreement.simulator.counters import Counters

FIRST = Entry(1, NOTHING, b"")


def leader(term: int, *entries: Entry) -> Node:
    """Return a member that was just elected in a term, by itself alone, with entries that it had before."""
    saved = Saved(Vote(term - 1), Snapshot(0, 0, members([0]), b""), entries)
    node = Node(0, Settings(), saved, np.random.default_rng(0))
    while node.lead is None:
        node.tick()
    assert node.state.term == term
    return node


@pytest.fixture
def checks() -> Checks:
    """Return checks that have seen nothing."""
    return Checks(lambda: Sessions(Counters()))


def test_a_leader_that_lacks_what_was_committed_before_is_found(checks: Checks) -> None:
    checks.apply(1, leader(1), 1, FIRST, None)
    with pytest.raises(Violation, match="leader 0 of term 3 lacks committed entry 1"):
        checks.look(0, leader(3))


def test_what_is_committed_in_a_term_that_is_over_is_found(checks: Checks) -> None:
    """The leader of term 3 is in office, and the one of term 1 commits what the other never had."""
    checks.look(0, leader(3))
    with pytest.raises(Violation, match="leader 0 of term 3 lacks committed entry 1"):
        checks.apply(1, leader(1), 1, FIRST, None)


def test_a_leader_needs_nothing_that_was_committed_in_a_later_term(checks: Checks) -> None:
    """Its last vote came late: its successor was elected, and committed something, before."""
    checks.apply(1, leader(5), 1, Entry(5, NOTHING, b""), None)
    checks.look(0, leader(4))


def test_a_leader_that_has_what_was_committed_is_complete(checks: Checks) -> None:
    checks.look(0, leader(3, FIRST))
    checks.apply(1, leader(2), 1, FIRST, None)
    checks.look(2, leader(4, FIRST))


@pytest.mark.parametrize("seed", [2792, 93380])
def test_vote_that_came_after_the_next_election(seed: int) -> None:
    """Seeds of a campaign: these were taken for violations."""
    run(seed)
