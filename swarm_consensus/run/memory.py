"""The runner without a network: every robot's agent in this process, called in turn."""

from __future__ import annotations

import time
from collections.abc import Callable

from swarm_consensus.robot.agent import Agent
from swarm_consensus.run.disks import Disks
from swarm_consensus.simulation.engine import Simulation
from swarm_consensus.simulation.fleet import agent_configs


def run_in_memory(
    simulation: Simulation,
    *,
    realtime: bool = False,
    make_agent: Callable[..., Agent] = Agent,
    disks: Disks | None = None,
) -> None:
    """Run a simulation to its end.

    Parameters
    ----------
    simulation
        At its first tick.
    realtime
        Keep pace with the wall clock where the machine is fast enough.
    make_agent
        What turns orders, and a disk if there is a log, into a robot; tests put baselines and mutants here.
    disks
        Of the robots; None: of this run alone.
    """
    make = (disks or Disks()).making(make_agent)
    orders = agent_configs(simulation.scenario, simulation.robots)
    orders_again = agent_configs(simulation.scenario, simulation.robots, rejoin=True)
    agents = [make(config) for config in orders]
    start = time.monotonic()
    while not simulation.done:
        stimuli = simulation.begin()
        for event in simulation.events:
            if event.on:
                agents[event.robot] = make(orders_again[event.robot])
        simulation.finish([agent.tick(s) if s else None for agent, s in zip(agents, stimuli, strict=True)])
        if realtime:
            time.sleep(max(0.0, start + simulation.time - time.monotonic()))
