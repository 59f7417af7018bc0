"""Learners in the place of voters that died: one step at a time, by a majority, and never by one that is cut off."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from robot.test_facts import Swarm

from swarm_consensus.agreement.machines import pack
from swarm_consensus.agreement.quorum import has_majority
from swarm_consensus.agreement.raft.membership import check_step, members
from swarm_consensus.agreement.raft.messages import Config
from swarm_consensus.robot.succession import next_config

SILENCE = 80  # ticks


@st.composite
def situations(draw: st.DrawFn) -> tuple[Config, int, set[int], set[int], int]:
    voters = draw(st.sets(st.integers(0, 9), min_size=1, max_size=7))
    learners = draw(st.sets(st.integers(0, 9), max_size=6)) - voters
    own = draw(st.sampled_from(sorted(voters)))
    heard = draw(st.sets(st.sampled_from(sorted(voters | learners)))) - {own}
    fit = draw(st.sets(st.sampled_from(sorted(learners)))) & heard if learners else set()
    return members(sorted(voters), sorted(learners)), own, heard, fit, draw(st.integers(1, 7))


@given(situations())
def test_a_step_changes_one_voter_and_keeps_a_living_majority(
    case: tuple[Config, int, set[int], set[int], int],
) -> None:
    config, own, heard, fit, wanted = case
    after = next_config(*case)
    if after is None:
        return
    check_step(config, after)
    assert after != config
    assert {*after.voters, *after.learners} == {*config.voters, *config.learners}
    assert own in after.voters
    assert has_majority(config.voters, {own, *heard})
    assert has_majority(after.voters, {own, *heard})
    assert len(after.voters) >= min(wanted, len(config.voters))
    assert set(after.voters) - set(config.voters) <= fit


def test_one_is_added_before_the_silent_one_goes_and_then_nothing_is_to_be_done() -> None:
    config, steps = members([0, 1, 2, 3, 4], [5, 6]), []
    while after := next_config(config, own=0, heard={1, 2, 4, 5, 6}, fit={5, 6} - set(config.voters), wanted=5):
        config = after
        steps.append(config.voters)
    assert steps == [(0, 1, 2, 3, 4, 5), (0, 1, 2, 4, 5)]
    assert config.learners == (3, 6)


@pytest.mark.parametrize(
    ("heard", "fit", "why"),
    [
        ({1, 2, 3, 4, 5}, {5}, "all are heard"),
        ({1, 2}, set(), "no learner is fit"),
        ({1, 5}, {5}, "two of five are no majority"),
    ],
)
def test_otherwise_voters_stay(heard: set[int], fit: set[int], why: str) -> None:
    assert next_config(members([0, 1, 2, 3, 4], [5]), 0, heard, fit, 5) is None, why


def test_who_was_silent_and_comes_back_in_between_does_not_leave_an_even_number() -> None:
    after = next_config(members([0, 1, 2, 5], [6]), own=5, heard={0, 1, 2, 6}, fit={6}, wanted=3)
    assert after == members([0, 1, 5], [2, 6])


def swarm(replaced: bool = True) -> Swarm:
    found = Swarm(count=5, voters=3)
    found.orders = replace(found.orders, replace=SILENCE if replaced else 0)
    found.robots = [found.make(i) for i in range(5)]
    return found


def voters(found: Swarm, robot: int) -> tuple[int, ...]:
    replica = found.robots[robot]._replica
    assert replica is not None
    return replica.node.state.members.current.voters


def die(found: Swarm) -> int:
    """One voter that does not lead dies; who leads is returned."""
    leader = found.leader()
    found.off.add(min({0, 1, 2} - {leader} - found.off))
    return leader


@pytest.mark.parametrize("replaced", [True, False])
def test_two_of_three_voters_may_die_one_after_the_other_if_others_take_their_places(replaced: bool) -> None:
    found = swarm(replaced)
    for _ in range(2):
        die(found)
        found.step(3 * SILENCE)
    living = sorted(set(range(5)) - found.off)
    before = found.settled(living[0])
    if replaced:
        assert {voters(found, robot) for robot in living} == {tuple(living)}
    found.robots[living[-1]]._requests.ask(pack("reports", b"x"))
    found.step(100)
    assert (found.settled(living[0]) > before) == replaced


def test_a_leader_that_is_cut_off_changes_nothing() -> None:
    found = swarm()
    leader = found.leader()
    found.step(2 * SILENCE)
    found.off = set(range(5)) - {leader, 4}  # a learner is still with it
    found.step(4 * SILENCE)
    assert voters(found, leader) == (0, 1, 2)


def test_who_comes_back_learns_and_does_not_disturb() -> None:
    found = swarm()
    leader = die(found)
    (dead,) = found.off
    found.step(3 * SILENCE)
    found.robots[dead] = found.make(dead)
    found.off.clear()
    found.step(3 * SILENCE)
    assert dead not in voters(found, dead)
    assert voters(found, dead) == voters(found, leader)
    assert found.leader() == leader
