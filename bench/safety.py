"""Random connected starts, in memory, judged on the ground truth at every integrator step; ours beside baselines.

``python bench/safety.py [RUNS [WIDE [DEADLY]]]``: so many runs (1,000) of the scenarios that `Hardship` describes, so
many (200) of `WIDE` ones: to 50 robots, a worse radio, an outage of every robot, walls that block the radio in every
second; and so many (200) of `DEADLY` ones, in which up to four rovers die and some come back. Each baseline gets a
tenth of them. ``make campaign`` runs 1,000 and 10,000, which takes most of a day.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Sequence

import baselines
import numpy as np
from joblib import Parallel, delayed
from rich.console import Console
from rich.table import Table

from swarm_consensus.robot.agent import Agent
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.run.sweep import judged_run
from swarm_consensus.run.verdict import Verdict
from swarm_consensus.simulation.random_scenario import Hardship, random_scenario

JUDGED = ("connected", "links_kept", "contacts", "inside_fence")
KINDS: dict[str, Callable[[AgentConfig], Agent]] = {
    "ours": Agent,
    "plain": baselines.plain,
    "tense": baselines.tense,
    "deaf": baselines.deaf,
}


WIDE = Hardship(robots=(3, 50), loss=0.6, delay=0.5, outages=50)
DEADLY = Hardship(deaths=4, duration=25.0)


def random_run(seed: int, kind: str = "ours", hard: Hardship | None = None) -> Verdict:
    """Run one random scenario with one kind of robot."""
    return judged_run(random_scenario(np.random.default_rng(seed), hard), seed, make_agent=KINDS[kind])


def wide_run(seed: int, kind: str = "ours") -> Verdict:
    """Run one of the wide scenarios, walls blocking the radio in odd ones."""
    return random_run(seed, kind, dataclasses.replace(WIDE, walls="block" if seed % 2 else "pass"))


def deadly_run(seed: int, kind: str = "ours") -> Verdict:
    """Run one of the scenarios in which robots die."""
    return random_run(seed, kind, DEADLY)


def failures(verdicts: Sequence[Verdict], name: str) -> list[int]:
    """Return the seeds that did not hold one expectation."""
    return [v.seed for v in verdicts for e in v.expectations if e.name == name and not e.held]


def main() -> None:
    """Print a table for each of the two sets."""
    numbers = [int(argument) for argument in sys.argv[1:]]
    runs, wide, deadly = [*numbers, *(1000, 200, 200)[len(numbers) :]]
    for title, run, count in (
        ("Random runs", random_run, runs),
        ("Wide random runs", wide_run, wide),
        ("Runs in which robots die", deadly_run, deadly),
    ):
        table = Table("robots", "runs", *(f"{name} failed" for name in JUDGED), "first seeds", title=title)
        for kind in KINDS:
            seeds = range(count if kind == "ours" else count // 10)
            verdicts = Parallel(n_jobs=2)(delayed(run)(seed, kind) for seed in seeds)
            failed = {name: failures(verdicts, name) for name in JUDGED}
            worst = sorted({seed for seeds in failed.values() for seed in seeds})[:5]
            table.add_row(
                kind, str(len(seeds)), *(str(len(failed[name])) for name in JUDGED), ", ".join(map(str, worst))
            )
        Console().print(table)


if __name__ == "__main__":
    main()
