"""Many simulated clusters: seeds from 0 on, each with everything that may go wrong. Exit status 1 if anything did."""

from __future__ import annotations

import sys
import time
from collections import Counter

import msgspec
from joblib import Parallel, delayed
from rich.console import Console
from rich.table import Table

from swarm_consensus.agreement.raft.messages import MEMBERS
from swarm_consensus.agreement.simulator.checks import Violation
from swarm_consensus.agreement.simulator.cluster import BAD, GOOD, run

SEEDS = 1000  # unless another number is given
BATCH = 50


class Tally(msgspec.Struct):
    """What happened in a batch of runs."""

    counts: dict[str, int]
    violations: list[str]


def batch(first: int, last: int) -> Tally:
    """Run the seeds from `first` to below `last`."""
    counts: Counter[str] = Counter()
    violations = []
    for seed in range(first, last):
        try:
            cluster = run(seed)
        except Violation as violation:
            violations.append(str(violation))
            continue
        counts["leaders elected"] += len(cluster.checks.leaders)
        counts["entries committed"] += len(cluster.checks.applied)
        counts["changes of members committed"] += sum(e.kind == MEMBERS for e in cluster.checks.applied.values())
        counts["messages sent"] += cluster.network.sent
        counts["operations in the histories"] += len(cluster.history)
    return Tally(dict(counts), violations)


def main() -> None:
    """Run and print the table."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS
    began = time.perf_counter()
    jobs = (delayed(batch)(first, min(first + BATCH, seeds)) for first in range(0, seeds, BATCH))
    tallies: list[Tally] = Parallel(n_jobs=int(sys.argv[2]) if len(sys.argv) > 2 else 1)(jobs)
    total: Counter[str] = Counter()
    for tally in tallies:
        total.update(tally.counts)
    violations = [each for tally in tallies for each in tally.violations]
    table = Table("what", "number", title=f"{seeds} clusters, each for {BAD} bad ticks and at least {GOOD} good ones")
    for name, number in total.items():
        table.add_row(name, f"{number:,}")
    table.add_row("violations", str(len(violations)))
    table.add_row("minutes", f"{(time.perf_counter() - began) / 60:.1f}")
    console = Console()
    console.print(table)
    for violation in violations[:20]:
        console.print(violation)
    sys.exit(bool(violations))


if __name__ == "__main__":
    main()
