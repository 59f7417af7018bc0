"""A sweep: one world with many seeds, several at a time, each run judged like any other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from rich.table import Table

from swarm_consensus.robot.agent import Agent
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.run.memory import run_in_memory
from swarm_consensus.run.monitor import Monitor
from swarm_consensus.run.options import Options, Physics
from swarm_consensus.run.recorder import Recorder
from swarm_consensus.run.run import make_world, resolve
from swarm_consensus.run.verdict import Verdict, judge
from swarm_consensus.simulation.engine import Simulation
from swarm_consensus.simulation.placement import place
from swarm_consensus.simulation.scenario import Scenario

# what to name the worst seed of: metric, whether the smallest (1) or the largest (-1) is worst, and unit
_EXTREMES = (
    ("smallest separation", "min_separation_m", 1, " m"),
    ("longest held link", "longest_held_link_m", -1, " m"),
    ("smallest lambda2, radio graph", "lambda2_min", 1, ""),
    ("smallest lambda2, held links", "lambda2_held_min", 1, ""),
)


def sweep(
    world: str | Path, seeds: Sequence[int], *, robots: int | None = None, physics: Physics = "kinematic", jobs: int = 2
) -> list[Verdict]:
    """Run a world in memory once for each seed.

    Parameters
    ----------
    world
        A scenario file, or the name of a world.
    seeds
        One run for each.
    robots
        How many instead of the scenario's number.
    physics
        Which world.
    jobs
        Runs at a time, each in its own process.

    Returns
    -------
    list of Verdict
        In the order of the seeds. The same seed gives the same run as ``swarm run --seed``.

    Raises
    ------
    InputError
        If the world is not valid.
    """
    options = Options(world=world, robots=robots, physics=physics)
    scenario = resolve(options)
    verdicts = Parallel(n_jobs=jobs)(delayed(judged_run)(scenario, seed, physics) for seed in seeds)
    return list(verdicts)


def judged_run(
    scenario: Scenario,
    seed: int,
    physics: Physics = "kinematic",
    make_agent: Callable[[AgentConfig], Agent] = Agent,
) -> Verdict:
    """Run one seed in memory, without a run folder.

    Parameters
    ----------
    scenario
        Checked.
    seed
        Of starts, radio and noise.
    physics
        Which world.
    make_agent
        What turns orders into a robot: baselines stand in here.
    """
    place_rng, run_rng = np.random.default_rng(seed).spawn(2)
    robots = place(scenario, place_rng)
    world = make_world(Options(world=scenario.name, physics=physics), scenario, robots)
    try:
        simulation = Simulation(scenario, robots, world, run_rng)
        monitor, recorder = Monitor(scenario, robots, world.substeps), Recorder([], scenario.control.rate_hz)
        simulation.observers += [monitor, recorder]
        run_in_memory(simulation, make_agent=make_agent)
        return judge(monitor, world.contacts, seed, {"trajectory_sha256": recorder.digest})
    finally:
        world.close()


def table(verdicts: Sequence[Verdict]) -> Table:
    """Return one row for each expectation: how many runs held it, and the first seeds that did not; then the worst."""
    shown = Table("expectation", "held", "failed seeds", title=f"{verdicts[0].scenario}, {len(verdicts)} seeds")
    for index, expectation in enumerate(verdicts[0].expectations):
        failed = [verdict.seed for verdict in verdicts if not verdict.expectations[index].held]
        listed = ", ".join(map(str, failed[:8])) + (" ..." if len(failed) > 8 else "")
        shown.add_row(expectation.name, f"{len(verdicts) - len(failed)} of {len(verdicts)}", listed)
    shown.add_section()
    for name, key, sign, unit in _EXTREMES:
        measured = [verdict for verdict in verdicts if verdict.metrics[key] is not None]
        if measured:
            found = min(measured, key=lambda verdict: sign * float(verdict.metrics[key]))
            shown.add_row(name, f"{found.metrics[key]:.3f}{unit}", f"seed {found.seed}")
    found = worst(verdicts)
    failures = _failures(found)
    shown.add_row("worst seed", f"{failures} failed" if failures else "nothing failed", f"seed {found.seed}")
    return shown


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the run to look at first.

    That in which most expectations failed; of several the one with most contacts, then the one whose robots were the
    nearest to each other, then the first.
    """

    def badness(verdict: Verdict) -> tuple[int, int, float]:
        separation = verdict.metrics["min_separation_m"]
        return _failures(verdict), verdict.metrics["contacts"], -np.inf if separation is None else -separation

    return max(verdicts, key=badness)


def _failures(verdict: Verdict) -> int:
    return sum(not expectation.held for expectation in verdict.expectations)
