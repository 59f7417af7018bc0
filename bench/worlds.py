"""Every world that ships, with many seeds and both kinds of bodies. Exit status 1 if an expectation failed.

With a record, runs that it names are not run again; those of another state of the code do not count.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import get_args

from joblib import Parallel, delayed
from records import Ran, add, fingerprint, read
from rich.console import Console
from rich.table import Table

import swarm_consensus
from swarm_consensus.run.options import Physics
from swarm_consensus.run.sweep import judged_run
from swarm_consensus.run.worlds import load

SEEDS = 1  # unless another number is given
WORLDS = Path(__file__).parents[1] / "worlds"
ASIDE = {"cli.py", "cli_parser.py", "cli_shared.py"}  # of no run in memory


def code(world: Path) -> str:
    """Return what names the code and the world of a run."""
    files = [path for path in sorted(Path(swarm_consensus.__file__).parent.rglob("*.py")) if path.name not in ASIDE]
    return fingerprint((*files, world))


def ran(name: str, world: Path, physics: Physics, seed: int) -> Ran:
    """Run one seed."""
    began = time.perf_counter()
    verdict = judged_run(load(world), seed, physics)
    failed = tuple(f"{each.name}: {each.value}" for each in verdict.expectations if not each.held)
    return Ran(name, world.stem, physics, seed, time.perf_counter() - began, failed)


def table(runs: list[Ran], seeds: int) -> Table:
    """Return one row for each world: how many runs held all that it expects."""
    kinds: tuple[Physics, ...] = get_args(Physics)
    shown = Table("world", *kinds, "failed", title=f"seeds 0 to {seeds - 1}")
    for world in sorted({run.world for run in runs}):
        mine = [run for run in runs if run.world == world]
        cells = []
        for physics in kinds:
            of = [run for run in mine if run.physics == physics]
            cells.append(f"{sum(not run.failed for run in of)} of {len(of)}")
        failed = [f"{run.physics} {run.seed}: {'; '.join(run.failed)}" for run in mine if run.failed]
        shown.add_row(world, *cells, "\n".join(failed[:5]))
    return shown


def main() -> None:
    """Run what is due and print the table of all."""
    kinds: tuple[Physics, ...] = get_args(Physics)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", nargs="?", type=int, default=SEEDS, help=f"so many of each ({SEEDS})")
    parser.add_argument("--physics", choices=kinds, nargs="+", default=kinds, help="which (all)")
    parser.add_argument("--world", nargs="+", default=[], help="which (all)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (2)")
    parser.add_argument("--record", type=Path, help="file to which each run is added, and that tells which are done")
    chosen = parser.parse_args()
    worlds = [path for path in sorted(WORLDS.glob("*.yaml")) if path.stem in chosen.world or not chosen.world]
    names = {world.stem: code(world) for world in worlds}
    runs = [run for run in read(chosen.record, Ran) if names.get(run.world) == run.code]
    runs = [run for run in runs if run.seed < chosen.seeds and run.physics in chosen.physics]
    done = {(run.world, run.physics, run.seed) for run in runs}
    asked = [(world, physics, seed) for seed in range(chosen.seeds) for physics in chosen.physics for world in worlds]
    jobs = [
        delayed(ran)(names[w.stem], w, physics, seed)
        for w, physics, seed in asked
        if (w.stem, physics, seed) not in done
    ]
    for run in Parallel(n_jobs=chosen.jobs, return_as="generator_unordered")(jobs):
        runs.append(run)
        add(chosen.record, run)
    Console().print(table(runs, chosen.seeds))
    sys.exit(any(run.failed for run in runs))


if __name__ == "__main__":
    main()
