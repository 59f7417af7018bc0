"""One robot's tick and the filter alone: microseconds, median of many runs in this process.

The scene is the one the numbers are promised for: 8 neighbours, 3 obstacles near by, links and bodies that bind.
"""

from __future__ import annotations

import statistics
import time

import numpy as np
from rich.console import Console
from rich.table import Table
from timing import timed

from swarm_consensus.motion.barrier import barrier_filter
from swarm_consensus.robot.agent import Agent
from swarm_consensus.robot.identity import Sealing
from swarm_consensus.robot.state import Odometry, Stimulus
from swarm_consensus.run.disks import Disks
from swarm_consensus.simulation.fleet import agent_configs
from swarm_consensus.simulation.placement import place
from swarm_consensus.simulation.scenario import Control, Mission, Obstacle, Radio, Robot, Scenario, Security, Vehicle

TICKS = 3000


def scene(vehicle: Vehicle, seal: Sealing = "none") -> Scenario:
    """One robot in the middle, eight around it at 0.9 to 4 m, three pillars."""
    spots = [(0.0, 0.0)]
    spots += [(r * np.cos(a), r * np.sin(a)) for r, a in zip(np.linspace(0.9, 4.0, 8), np.arange(8) * 2.4, strict=True)]
    pillars = [(0.6, -0.95), (-1.0, 0.55), (0.45, 1.15)]
    return Scenario(
        file_version=1,
        name="tick",
        bounds_m=[[-10, -10], [10, 10]],
        obstacles=[
            Obstacle(polygon_m=[[x, y], [x + 0.3, y], [x + 0.3, y + 0.3], [x, y + 0.3]], height_m=3.0)
            for x, y in pillars
        ],
        radio=Radio(range_m=4.6),
        robots=[
            Robot(
                vehicle=vehicle,
                name=f"r{i}",
                position_m=[float(x), float(y), *([1.0] if vehicle == "multirotor" else [])],
            )
            for i, (x, y) in enumerate(spots)
        ],
        control=Control(),
        mission=Mission(goal_m=[6.0, 1.0]),
        security=Security(seal=seal),
        duration_s=1.0,
    )


def tick_times(vehicle: Vehicle, seal: Sealing = "none") -> list[float]:
    """Run the swarm standing where it is, so that every tick is as full as the first; time the middle robot."""
    scenario = scene(vehicle, seal)
    robots = place(scenario, np.random.default_rng(0))
    make = Disks().making(Agent)
    agents = [make(config) for config in agent_configs(scenario, robots)]
    upright = np.array([0.0, 0.0, 0.0, 1.0])
    frames: list[bytes] = []
    times = []
    for tick in range(TICKS):
        heard, frames = tuple(frames), []
        for index, (agent, robot) in enumerate(zip(agents, robots, strict=True)):
            odometry = Odometry(tick, robot.position, upright, np.zeros(3), np.zeros(3))
            stimulus = Stimulus(tick, odometry, heard[:index] + heard[index + 1 :])
            begin = time.perf_counter_ns()
            response = agent.tick(stimulus)
            if not index:
                times.append((time.perf_counter_ns() - begin) / 1e3)
            frames.append(response.frame)
    return times[100:]


def filter_time(rows: int) -> float:
    """Median time of the filter with so many random rows, of which some bind, us."""
    rng = np.random.default_rng(rows)
    matrix = rng.normal(size=(rows, 3))
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    bounds, wish = rng.uniform(0.0, 0.3, rows), np.array([1.0, 0.0, 0.0])
    return timed(lambda: barrier_filter(wish, matrix, bounds))


def main() -> None:
    """Print the table."""
    table = Table("what", "median us", "p99 us", "target us", title="One robot's tick")
    ways: tuple[tuple[Vehicle, Sealing], ...] = (
        ("multirotor", "none"),
        ("rover", "none"),
        ("multirotor", "group"),
        ("multirotor", "identity"),
    )
    for vehicle, seal in ways:
        times = tick_times(vehicle, seal)
        p99 = float(np.percentile(times, 99))
        what = f"tick, {vehicle}, 8 neighbours, 3 obstacles"
        sealed = "" if seal == "none" else f", frames sealed by {seal}"
        target = "" if sealed else "60"
        table.add_row(what + sealed, f"{statistics.median(times):.1f}", f"{p99:.0f}", target)
    for rows in (6, 20, 40):
        table.add_row(f"filter alone, {rows} rows", f"{filter_time(rows):.1f}", "", "10")
    Console().print(table)


if __name__ == "__main__":
    main()
