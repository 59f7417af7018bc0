"""Random connected starts, in memory, judged on the ground truth at every integrator step; ours beside baselines.

``python bench/safety.py [RUNS]``: by default 1,000 for ours and 100 for each baseline, on the same scenarios.
"""

from __future__ import annotations

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
from swarm_consensus.simulation.random_scenario import random_scenario

JUDGED = ("connected", "links_kept", "contacts", "inside_fence")
KINDS: dict[str, Callable[[AgentConfig], Agent]] = {
    "ours": Agent,
    "plain": baselines.plain,
    "tense": baselines.tense,
    "deaf": baselines.deaf,
}


def random_run(seed: int, kind: str = "ours") -> Verdict:
    """Run one random scenario with one kind of robot."""
    return judged_run(random_scenario(np.random.default_rng(seed)), seed, make_agent=KINDS[kind])


def failures(verdicts: Sequence[Verdict], name: str) -> list[int]:
    """Return the seeds that did not hold one expectation."""
    return [v.seed for v in verdicts for e in v.expectations if e.name == name and not e.held]


def main() -> None:
    """Print the table."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    table = Table("robots", "runs", *(f"{name} failed" for name in JUDGED), "first seeds", title="Random runs")
    for kind in KINDS:
        count = runs if kind == "ours" else min(runs, 100)
        verdicts = Parallel(n_jobs=2)(delayed(random_run)(seed, kind) for seed in range(count))
        failed = {name: failures(verdicts, name) for name in JUDGED}
        worst = sorted({seed for seeds in failed.values() for seed in seeds})[:5]
        table.add_row(kind, str(count), *(str(len(failed[name])) for name in JUDGED), ", ".join(map(str, worst)))
    Console().print(table)


if __name__ == "__main__":
    main()
