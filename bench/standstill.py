"""Does anybody get stuck: antipodal swaps and the corridor, and what keeping the network costs.

``python bench/standstill.py [SEEDS]``: so many seeds (3) for each number of robots. Robots stand on a circle, rovers,
multirotors or both in turn, moved a little at random, and each is bound for the far side. *Still* is the longest time
for which a living robot farther than `NEAR` from its goal stayed within `MOVED`. *Time* is when the last one was near
its goal for good, to that of the same seed without links (``control.redundancy: 0``). A run ends `LATER` after all are
near their goals. All in the kinematic world. Exit status 1 if a target was missed.
"""

from __future__ import annotations

import math
import statistics
import sys
from collections.abc import Sequence

import msgspec
import numpy as np
from arguments import number
from joblib import Parallel, delayed
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from swarm_consensus.arrays import Array
from swarm_consensus.run.memory import run_in_memory
from swarm_consensus.run.options import Options
from swarm_consensus.run.run import resolve
from swarm_consensus.simulation.engine import Simulation
from swarm_consensus.simulation.fleet import goal_of
from swarm_consensus.simulation.kinematic import KinematicWorld
from swarm_consensus.simulation.placement import place
from swarm_consensus.simulation.record import TickRecord
from swarm_consensus.simulation.scenario import Control, Expect, Mission, Radio, Robot, Scenario, Vehicle

COUNTS = (2, 3, 5, 8, 12, 16, 20)
NEAR = 0.5  # m, in the plane
MOVED = 0.1  # m
LATER = 5.0  # s
STILL_S, RATIO = 30.0, 1.5  # targets
KINDS: Sequence[Sequence[Vehicle]] = (("rover",), ("multirotor",), ("rover", "multirotor"))


def swap(count: int, seed: int, duration: float = 70.0) -> Scenario:
    """Antipodal goals on a circle with 1.2 m for each; the radio reaches three quarters of the way, at least 5.5 m."""
    rng = np.random.default_rng([count, seed])
    radius = max(2.0, 1.2 * count / (2.0 * math.pi))
    robots, goals = [], {}
    for k in range(count):
        vehicle = KINDS[seed % len(KINDS)][k % len(KINDS[seed % len(KINDS)])]
        angle = 2.0 * math.pi * k / count
        spot = radius * np.array([math.cos(angle), math.sin(angle)])
        x, y = (spot + rng.uniform(-0.1, 0.1, 2)).round(3).tolist()
        high = [1.2] if vehicle == "multirotor" else []
        robots.append(Robot(vehicle=vehicle, name=f"r{k}", position_m=[x, y, *high], heading_rad=angle))
        goals[f"r{k}"] = (-spot).round(3).tolist()
    return Scenario(
        file_version=1,
        name="swap",
        bounds_m=[[-2 * radius, -2 * radius], [2 * radius, 2 * radius]],
        radio=Radio(range_m=round(max(5.5, 1.5 * radius + 1.5), 3), loss=0.1, delay_s=0.05),
        robots=robots,
        mission=Mission(behaviour="go_to", goals_m=goals),
        expect=Expect(connected=True, contacts=0),
        duration_s=duration,
    )


def flown(scenario: Scenario, seed: int) -> tuple[float, float]:
    """Run once; return the longest standstill, s, and the time from which on all were near their goals, s."""
    place_rng, run_rng = np.random.default_rng(seed).spawn(2)
    robots = place(scenario, place_rng)
    simulation = Simulation(scenario, robots, KinematicWorld(scenario, robots), run_rng)
    near = NEAR if scenario.mission.behaviour == "go_to" else (scenario.expect.arrived_within_m or NEAR)
    watch = Watch(simulation, [goal_of(scenario.mission, robot) for robot in robots], near)
    simulation.observers.append(watch)
    run_in_memory(simulation)
    places, away = np.stack(watch.places), np.stack(watch.away)
    still = max(_standstill(places[:, k], away[:, k]) for k in range(len(robots)))
    late = np.flatnonzero(away.any(axis=1))
    return still / scenario.control.rate_hz, (late[-1] + 1 if len(late) else 0) / scenario.control.rate_hz


class Watch:
    """Notes where the robots truly are, and ends the run `LATER` after all are near their goals."""

    def __init__(self, simulation: Simulation, goals: Sequence[Array | None], near: float) -> None:
        self.places: list[Array] = []  # by tick, (n, 2) m
        self.away: list[NDArray[np.bool_]] = []  # by tick, (n,) whether farther from its goal than `near`
        self._simulation, self._near = simulation, near
        self._goals = np.array([goal[:2] for goal in goals if goal is not None])
        self._later = round(LATER * simulation.scenario.control.rate_hz)

    def observe(self, position: Array) -> None:
        """Steps within a tick are not looked at."""

    def record(self, record: TickRecord) -> None:
        """Note one tick."""
        place = record.truth.position[:, :2].copy()
        self.places.append(place)
        self.away.append(np.linalg.norm(place - self._goals, axis=1) > self._near)
        if not np.any(self.away[-self._later :]) and len(self.away) >= self._later:
            self._simulation.last_tick = record.tick + 1


def _standstill(path: Array, asked: Array) -> int:
    """Return the longest run of ticks at which a robot that is away from its goal does not leave a place."""
    longest = since = 0
    for tick in range(1, len(path)):
        if not asked[tick] or np.linalg.norm(path[tick] - path[since]) > MOVED:
            since = tick
        longest = max(longest, tick - since)
    return longest


def compared(scenario: Scenario, seed: int) -> tuple[float, float, float]:
    """Return standstill and time with links, and the time without."""
    free = msgspec.structs.replace(scenario, control=Control(redundancy=0))
    return (*flown(scenario, seed), flown(free, seed)[1])


def main() -> None:
    """Print the table."""
    seeds = range(number(__doc__, "seeds", 3))
    corridor = resolve(Options(world="corridor"))
    rows = [(f"swap, {count} robots", [(swap(count, seed), seed) for seed in seeds]) for count in COUNTS]
    rows.append(("corridor, 12 robots", [(corridor, seed) for seed in seeds]))
    bad = False
    table = Table("world", "runs", "still s, worst", "target", "time s, median", "to that without links, median, worst")
    for name, runs in rows:
        found = Parallel(n_jobs=2)(delayed(compared)(*run) for run in runs)
        stills = [still for still, _, _ in found]
        ratios = [kept / max(free, 1e-9) for _, kept, free in found]
        table.add_row(
            name,
            str(len(found)),
            f"{max(stills):.1f} (seed {stills.index(max(stills))})",
            f"{STILL_S:g}; {RATIO:g}",
            f"{statistics.median(kept for _, kept, _ in found):.1f}",
            f"{statistics.median(ratios):.2f}, {max(ratios):.2f} (seed {ratios.index(max(ratios))})",
        )
        bad |= max(stills) > STILL_S or max(ratios) > RATIO
    Console().print(table)
    sys.exit(bad)


if __name__ == "__main__":
    main()
