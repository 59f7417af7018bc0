"""A key that expires in a world: all robots rule alike by the log's time, and go on with what was ordered in time."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from swarm_consensus.agreement.commands import read_line
from swarm_consensus.robot.agent import Agent
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.run.memory import run_in_memory
from swarm_consensus.simulation.engine import Simulation
from swarm_consensus.simulation.kinematic import KinematicWorld
from swarm_consensus.simulation.loading import parse
from swarm_consensus.simulation.placement import place

TEXT = (Path(__file__).parents[2] / "worlds" / "dismissed.yaml").read_text(encoding="utf-8")
HEAD = TEXT[: TEXT.index("operators:")].replace("{from_s: 14, until_s: 40,", "{from_s: 90, until_s: 91,")
WORLD = f"""{HEAD}
operators: [{{name: alice, role: administrator}}, {{name: bob, role: operator, expires_s: 12}}]
commands:
  - {{at_s: 7, operator: bob, order: goto, goal_m: [-1, 0], heard_by: [rover_1]}}
  - {{at_s: 14, operator: bob, order: goto, goal_m: [5, 0], heard_by: [rover, drone]}}
  - {{at_s: 18, operator: bob, order: halt, heard_by: [drone_1]}}
duration_s: 22
"""


def test_an_order_in_time_is_obeyed_and_one_after_the_expiry_is_denied_by_all_with_one_sentence() -> None:
    scenario = parse(WORLD.replace("from_s: 90, until_s: 91", "from_s: 21, until_s: 21.5"), "expiry.yaml")
    robots = place(scenario, np.random.default_rng(0))
    world = KinematicWorld(scenario, robots)
    agents: list[Agent] = []

    def make(config: AgentConfig, **parts: object) -> Agent:
        agents.append(Agent(config, **parts))  # type: ignore[arg-type]
        return agents[-1]

    run_in_memory(Simulation(scenario, robots, world, np.random.default_rng(1)), make_agent=make)
    desks = [agent._sharing._desk for agent in agents]
    journals = [desk.machine.lines for desk in desks if desk is not None]
    assert len(journals) == 5
    assert all(lines == journals[0] for lines in journals)
    rulings = [line.ruling for line in map(read_line, journals[0]) if line is not None]
    assert [(ruling.action, ruling.allowed) for ruling in rulings] == [("goto", True), ("goto", False), ("halt", True)]
    assert rulings[1].why.startswith("the key of bob expired at second 12; ")
    for desk in desks:
        assert desk is not None
        assert [order.action for order in desk.status("armed", "").obeyed] == ["goto", "halt"]
    assert world.truth().position[:, 0].max() < 1.0  # nobody set out for the second goal
