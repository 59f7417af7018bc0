"""Choices are judged by what is true: the central optimum, bodies that fly, power that flows; and baselines fail."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from swarm_consensus.robot.agent import Agent
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.run.choices import PolicyJudge
from swarm_consensus.run.sweep import judged_run
from swarm_consensus.simulation.checks import check
from swarm_consensus.simulation.placement import place
from swarm_consensus.simulation.scenario import Choice, Interest, Scenario

CRUISE = {
    "name": "cruise",
    "kind": "policy",
    "interests": {"a": {"hurry": 0.6, "range": 0.5}, "b": {"hurry": 0.05}, "c": {"hurry": 0.1, "payload": 1}},
}
GAS = {"name": "gas", "kind": "map", "bump_m": 3, "noise_std": 0.05, "ridge": 0.1}
GAS |= {"field": {"base": 1, "peaks": [{"at_m": [1, 0], "width_m": 3, "weight": 6}]}}
CHARGE = {"name": "charge", "kind": "power", "limit_w": 30, "saturation_1_w": 0.01, "ramp_w_s": 20}


def scenario(*choices: dict[str, Any], **parts: Any) -> Scenario:
    robots = [{"name": n, "vehicle": "rover", "position_m": [-4, 1.5 * i - 1.5]} for i, n in enumerate("abc")]
    content = {
        "file_version": 1,
        "name": "three",
        "bounds_m": [[-6, -4], [6, 4]],
        "radio": {"range_m": 8, "loss": 0.2, "delay_s": 0.05},
        "robots": robots,
        "choices": choices,
    }
    world = msgspec.convert(content | parts, Scenario)
    assert check(world) == []
    return world


def flight() -> Scenario:
    expect = {"chosen_within": {"cruise": 1e-5}, "chosen_after_s": 6, "flown_within_m_s": 0.03}
    mission = {"behaviour": "go_to", "goal_m": [5, 0], "agreed_speed": "cruise"}
    return scenario(CRUISE, mission=mission, expect=expect, duration_s=14)


def station() -> Scenario:
    return scenario(
        CHARGE | {"charger_m": [-4, 0]},
        battery={"capacity_j": 20000, "charge_w": 25, "start": {"a": 0.1, "b": 0.3, "c": 0.9}},
        expect={"overloaded": False, "chosen_within": {"charge": 0.1}, "chosen_after_s": 7},
        faults=[{"robot": "c", "crash_s": 6, "restart_s": 7}],
        duration_s=16,
    )


def survey() -> Scenario:
    expect = {"chosen_within": {"gas": 0.05}, "chosen_after_s": 20}
    mission = {"behaviour": "seek", "agreed_goal": "gas", "spread_s": 8, "goal_m": [1, 0]}
    return scenario(GAS, mission=mission, expect=expect | {"arrived_within_m": 1.5}, duration_s=22)


def failed(world: Scenario, make_agent: Any = Agent) -> list[str]:
    verdict = judged_run(world, 1, make_agent=make_agent)
    return [each.name.split()[0] for each in verdict.expectations if not each.held]


@pytest.mark.parametrize("world", [flight(), station(), survey()], ids=["flight", "station", "survey"])
def test_robots_do_what_is_expected(world: Scenario) -> None:
    assert failed(world) == []


def believer(config: AgentConfig) -> Agent:
    """Draws what it wants at its own price, as if that were the price of all."""
    agent = Agent(config)
    part = agent._beliefs._chooser._parts[0]  # type: ignore[union-attr]
    tick = part.tick

    def bold(now: Any) -> Any:
        if part._purse is not None:  # type: ignore[attr-defined]
            part._purse.share = 1e3  # type: ignore[attr-defined]
        return tick(now)

    part.tick = bold  # type: ignore[method-assign]
    return agent


def test_who_believes_its_own_price_overloads_the_charger() -> None:
    verdict = judged_run(station(), 1, make_agent=believer)
    (found,) = [each for each in verdict.expectations if each.name == "overloaded"]
    assert not found.held
    assert float(found.value.split()[0]) > 32.0  # of 30: visibly


def deaf(config: AgentConfig) -> Agent:
    """Hears nothing of what others choose."""
    agent = Agent(config)
    agent._beliefs._chooser.hear = lambda sender, message: None  # type: ignore[union-attr, method-assign]
    return agent


@pytest.mark.parametrize("world", [flight(), survey()], ids=["flight", "survey"])
def test_who_hears_nobody_misses_the_optimum(world: Scenario) -> None:
    assert "chosen_within" in failed(world, deaf)


def test_who_flies_its_own_speed_is_seen() -> None:
    def wilful(config: AgentConfig) -> Agent:
        agent = Agent(config)
        agent._conduct._pace = lambda: 0.6  # type: ignore[method-assign]
        return agent

    assert failed(flight(), wilful) == ["flown_within_m_s"]


@pytest.mark.parametrize("fairness", ["weighted", "max-min"])
def test_the_central_optimum_is_that_of_a_fine_grid(fairness: str) -> None:
    robots = place(scenario(CRUISE, duration_s=1), np.random.default_rng(0))
    interests = {"a": Interest(hurry=0.6, range=0.5), "b": Interest(hurry=0.05, weight=3.0), "c": Interest(payload=1)}
    judge = PolicyJudge(Choice(name="x", kind="policy", fairness=fairness, interests=interests), robots)  # type: ignore[arg-type]
    for alive in ([True, True, True], [True, False, True], [False, True, False]):
        speeds = np.linspace(0.1, 0.6, 20_001)
        weights = [1.0, 3.0, 1.0]
        losses = np.array([[w * judge.loss(i, v) for i, w in enumerate(weights) if alive[i]] for v in speeds])
        total = losses.max(axis=1) if fairness == "max-min" else losses.sum(axis=1)
        assert judge.best(np.array(alive)) == pytest.approx(speeds[total.argmin()], abs=5e-5)
    assert np.isnan(judge.best(np.zeros(3, dtype=bool)))
