"""Many simulated clusters: seeds from 0 on, each with everything that may go wrong. Exit status 1 if anything did.

With a record, batches that it names are not run again, so that 100,000 clusters may take many evenings. A batch
counts for the code that it ran on only: whoever changes the log or the simulator begins anew.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from joblib import Parallel, delayed
from records import Tally, add, fingerprint, read
from rich.console import Console
from rich.table import Table

from swarm_consensus import agreement
from swarm_consensus.agreement.raft.messages import MEMBERS
from swarm_consensus.agreement.simulator.checks import Violation
from swarm_consensus.agreement.simulator.cluster import BAD, GOOD, Cluster, run

SEEDS = 1000  # unless another number is given
BATCH = 50
CODE = ("raft/*.py", "simulator/*.py", "quorum.py", "sessions.py", "replica.py", "memory_storage.py")


def code() -> str:
    """Return what names the code that a cluster runs on."""
    folder = Path(agreement.__file__).parent
    return fingerprint(sorted(path for pattern in CODE for path in folder.glob(pattern)))


def batch(name: str, first: int, last: int, each: Callable[[int], Cluster] = run) -> Tally:
    """Run the seeds from `first` to below `last`."""
    began = time.perf_counter()
    counts: Counter[str] = Counter()
    violations = []
    for seed in range(first, last):
        try:
            cluster = each(seed)
        except Violation as violation:
            violations.append(str(violation))
            continue
        counts["leaders elected"] += len(cluster.checks.leaders)
        counts["entries committed"] += len(cluster.checks.applied)
        counts["changes of members committed"] += sum(e.kind == MEMBERS for e in cluster.checks.applied.values())
        counts["messages sent"] += cluster.network.sent
        counts["operations in the histories"] += len(cluster.history)
    return Tally(name, first, last, time.perf_counter() - began, dict(counts), violations)


def recorded(path: Path | None, name: str) -> dict[int, Tally]:
    """Return the whole batches of a record that ran on this code, by first seed; a line that was cut short is none."""
    return {
        tally.first: tally for tally in read(path, Tally) if tally.code == name and tally.last == tally.first + BATCH
    }


def due(seeds: int, done: dict[int, Tally], minutes: float) -> Iterator[tuple[int, int]]:
    """Yield the batches that are still to be run, as long as there is time to begin one."""
    end = time.monotonic() + 60 * minutes
    for first in range(0, seeds, BATCH):
        if first not in done and time.monotonic() < end:
            yield first, min(first + BATCH, seeds)


def table(seeds: int, tallies: list[Tally]) -> Table:
    """Return what happened in all batches."""
    total: Counter[str] = Counter()
    for tally in tallies:
        total.update(tally.counts)
    ran = sum(tally.last - tally.first for tally in tallies)
    title = f"{ran:,} of {seeds:,} clusters, each for {BAD} bad ticks and at least {GOOD} good ones"
    shown = Table("what", "number", title=title)
    for name, number in total.items():
        shown.add_row(name, f"{number:,}")
    shown.add_row("violations", str(sum(len(tally.violations) for tally in tallies)))
    shown.add_row("minutes of one core", f"{sum(tally.seconds for tally in tallies) / 60:.1f}")
    return shown


def main() -> None:
    """Run what is due and print the table of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", nargs="?", type=int, default=SEEDS, help=f"so many clusters ({SEEDS})")
    parser.add_argument("--jobs", type=int, default=1, help="processes (1)")
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin nothing new after so long (for ever)")
    parser.add_argument("--record", type=Path, help="file to which each batch is added, and that tells which are done")
    chosen = parser.parse_args()
    name = code()
    done = recorded(chosen.record, name)
    done = {first: tally for first, tally in done.items() if tally.last <= chosen.seeds}
    jobs = (delayed(batch)(name, first, last) for first, last in due(chosen.seeds, done, chosen.minutes))
    parallel = Parallel(n_jobs=chosen.jobs, return_as="generator_unordered", pre_dispatch=chosen.jobs, batch_size=1)
    for tally in parallel(jobs):
        done[tally.first] = tally
        add(chosen.record, tally)
    tallies = list(done.values())
    console = Console()
    console.print(table(chosen.seeds, tallies))
    violations = [each for tally in tallies for each in tally.violations]
    for violation in violations[:20]:
        console.print(violation)
    sys.exit(bool(violations))


if __name__ == "__main__":
    main()
