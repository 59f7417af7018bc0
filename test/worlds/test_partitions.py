"""A radio that falls apart for longer than anybody waits: who is alone stands still, and nobody meets in the dark."""

from __future__ import annotations

import numpy as np
import pytest

from swarm_consensus.robot.agent import Agent
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.robot.neighbours import Neighbours
from swarm_consensus.run.sweep import judged_run
from swarm_consensus.run.verdict import Verdict
from swarm_consensus.simulation.checks import check
from swarm_consensus.simulation.random_scenario import Hardship, random_scenario
from swarm_consensus.simulation.scenario import Expect, Mission, Partition, Radio, Robot, Scenario

SPLIT = Hardship(robots=(4, 12), loss=0.3, delay=0.15, outages=0, split=14.0, duration=24.0)
PLACES = {"a": [-3.0, 0.0], "b": [-3.0, 1.0], "c": [3.0, 0.0], "d": [3.0, 1.0], "e": [3.0, -1.0]}
SWAPPED = {"a": [3.0, 0.0], "b": [3.0, 1.0], "c": [-3.0, 0.0], "d": [-3.0, 1.0], "e": [-3.0, -1.0]}


def swap(names: str, group: list[str], until: float = 100.0) -> Scenario:
    """Two sides that trade places while neither hears the other."""
    scenario = Scenario(
        file_version=1,
        name="split_swap",
        bounds_m=[[-10.0, -6.0], [10.0, 6.0]],
        radio=Radio(range_m=8.0, loss=0.2, partitions=[Partition(from_s=1.0, until_s=until, groups=[group])]),
        robots=[Robot(vehicle="rover", name=name, position_m=PLACES[name]) for name in names],
        mission=Mission(behaviour="go_to", goals_m={name: SWAPPED[name] for name in names}),
        expect=Expect(contacts=0, links_kept=True, inside_fence=True),
        duration_s=40.0,
    )
    assert check(scenario) == []
    return scenario


def failed(verdict: Verdict) -> list[str]:
    return [e.name for e in verdict.expectations if not e.held]


class Bold(Neighbours):
    """Moves on with whoever is left."""

    def quorate(self, tick: int) -> bool:
        return True


def bold(config: AgentConfig) -> Agent:
    agent = Agent(config)
    wake = agent._wake

    def wake_bold(*arguments: object) -> Neighbours:
        table = wake(*arguments)  # type: ignore[arg-type]
        table.__class__ = Bold
        return table

    agent._wake = wake_bold  # type: ignore[method-assign, assignment]
    return agent


@pytest.mark.parametrize(("names", "group"), [("abcd", ["a", "b"]), ("abcde", ["a", "b"]), ("abcde", ["c", "d", "e"])])
def test_two_sides_in_the_dark_never_touch(names: str, group: list[str]) -> None:
    assert failed(judged_run(swap(names, group), 0)) == []


def test_without_the_majority_rule_they_collide() -> None:
    assert "contacts" in failed(judged_run(swap("abcd", ["a", "b"]), 0, make_agent=bold))


def test_the_minority_says_why_it_stands_and_goes_on_after_the_split() -> None:
    # both sides are whole again at 12 s; the minority waits five more, so that the others had time to hear of it
    scenario = swap("abcde", ["a", "b"], until=12.0)
    verdict = judged_run(scenario, 0)
    assert failed(verdict) == []
    walked = verdict.metrics["path_length_m"]
    assert min(walked.values()) > 5.0, walked


@pytest.mark.parametrize("seed", range(15))
def test_no_random_run_with_a_long_split_ends_in_a_contact(seed: int) -> None:
    scenario = random_scenario(np.random.default_rng(1000 + seed), SPLIT)
    assert failed(judged_run(scenario, seed)) == []
