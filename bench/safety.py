"""Random connected starts, in memory, judged on the ground truth at every integrator step; ours beside baselines.

``python bench/safety.py [RUNS [WIDE [DEADLY]]]``: so many runs (1,000) of the scenarios that `Hardship` describes, so
many (200) of `WIDE` ones: to 50 robots, a worse radio, an outage of every robot, walls that block the radio in every
second; and so many (200) of `DEADLY` ones, in which up to four rovers die and some come back. Each baseline gets a
tenth of them. Exit status 1 if one of ours failed. ``make campaign`` runs 1,000 and 10,000, which takes hours; with a
record, runs that it names are not run again, unless the code is another. A part of a campaign is run by ``--first``.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import baselines
import numpy as np
from joblib import Parallel, delayed
from records import Judged, add, fingerprint, read
from rich.console import Console
from rich.table import Table

import swarm_consensus
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


SETS: dict[str, Callable[[int, str], Verdict]] = {"random": random_run, "wide": wide_run, "deadly": deadly_run}


def failures(verdicts: Sequence[Verdict], name: str) -> list[int]:
    """Return the seeds that did not hold one expectation."""
    return [v.seed for v in verdicts for e in v.expectations if e.name == name and not e.held]


def judged(code: str, drawn: str, robots: str, seed: int) -> Judged:
    """Run one seed of a set."""
    began = time.perf_counter()
    verdict = SETS[drawn](seed, robots)
    failed = tuple(each.name for each in verdict.expectations if not each.held)
    return Judged(code, drawn, robots, seed, time.perf_counter() - began, failed)


def table(drawn: str, runs: list[Judged], first: int) -> Table:
    """Return a row for each kind of robots."""
    title = f"{drawn} runs, seeds from {first} on"
    shown = Table("robots", "runs", *(f"{name} failed" for name in JUDGED), "first seeds", title=title)
    for kind in KINDS:
        mine = [run for run in runs if (run.set, run.robots) == (drawn, kind)]
        counts = [str(sum(name in run.failed for run in mine)) for name in JUDGED]
        seeds = sorted(run.seed for run in mine if run.failed)[:5]
        shown.add_row(kind, str(len(mine)), *counts, ", ".join(map(str, seeds)))
    return shown


def main() -> None:
    """Run what is due and print a table for each set."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, number in zip(SETS, (1000, 200, 200), strict=True):
        parser.add_argument(name, nargs="?", type=int, default=number, help=f"so many ({number})")
    parser.add_argument("--first", type=int, default=0, help="seed of the first run of each set (0)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (2)")
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin nothing new after so long (for ever)")
    parser.add_argument("--record", type=Path, help="file to which each run is added, and that tells which are done")
    chosen = parser.parse_args()
    code = fingerprint(sorted(Path(swarm_consensus.__file__).parent.rglob("*.py")))
    counts = {name: getattr(chosen, name) for name in SETS}
    asked = [
        (name, kind, seed)
        for name, count in counts.items()
        for kind in KINDS
        for seed in range(chosen.first, chosen.first + (count if kind == "ours" else count // 10))
    ]
    known = {(run.set, run.robots, run.seed): run for run in read(chosen.record, Judged) if run.code == code}
    runs = [known[each] for each in asked if each in known]
    end = time.monotonic() + 60 * chosen.minutes
    jobs = (delayed(judged)(code, *each) for each in asked if each not in known and time.monotonic() < end)
    for run in Parallel(n_jobs=chosen.jobs, return_as="generator_unordered", pre_dispatch=2 * chosen.jobs)(jobs):
        runs.append(run)
        add(chosen.record, run)
    for name, count in counts.items():
        if count:
            Console().print(table(name, runs, chosen.first))
    sys.exit(any(run.failed and run.robots == "ours" for run in runs))


if __name__ == "__main__":
    main()
