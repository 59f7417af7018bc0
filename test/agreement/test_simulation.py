"""Whole clusters under everything that may go wrong. About 10 s; `swarm bench clusters` runs more seeds."""

from __future__ import annotations

import pytest

from swarm_consensus.agreement.raft.messages import MEMBERS
from swarm_consensus.agreement.simulator.cluster import Cluster, run

SEEDS = 80


@pytest.mark.parametrize("first", range(0, SEEDS, 10))
def test_nothing_is_violated_and_everybody_recovers(first: int) -> None:
    for seed in range(first, first + 10):
        run(seed)


def test_a_late_copy_of_an_answer_is_no_answer_to_the_next_read() -> None:
    """Seed 5843 of a campaign: a client that could not ask at once took its last read's answer for this one's."""
    run(5843)


def test_a_seed_gives_the_same_run_again() -> None:
    one, two = run(3), run(3)
    assert one.history == two.history
    assert one.checks.applied == two.checks.applied
    assert one.network.sent == two.network.sent


def test_the_runs_are_not_idle() -> None:
    """What is not exercised is not tested: elections, changes of members, snapshots over the air, expired sessions."""
    clusters: list[Cluster] = [run(seed) for seed in range(100, 112)]
    assert sum(len(each.checks.leaders) for each in clusters) > 30
    assert sum(entry.kind == MEMBERS for each in clusters for entry in each.checks.applied.values()) > 10
    assert all(len(each.history) > 100 for each in clusters)
    assert all(host.node and host.node.state.faults == 0 for each in clusters for host in each.hosts)
