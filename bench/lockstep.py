"""Lockstep over DDS, radio included: simulated seconds a second, beside the same run in memory.

Rows: the demo (12 processes, PyBullet and kinematic), and 50 robots in one process. The target is 4 for 12 processes
on 2 cores and 1 (real time) for 50 robots in one process.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from swarm_consensus.run.options import Options
from swarm_consensus.run.run import run

SECONDS = 20.0
ROWS = (
    ("12 robots, in memory", {"transport": "memory", "physics": "pybullet"}, ""),
    ("12 robots, one process", {"transport": "dds", "processes": "one", "physics": "pybullet"}, ""),
    ("12 robots, a process each", {"transport": "dds", "processes": "each", "physics": "pybullet"}, "4"),
    ("12 robots, a process each, kinematic", {"transport": "dds", "processes": "each", "physics": "kinematic"}, ""),
    (
        "50 robots, one process, kinematic",
        {"transport": "dds", "processes": "one", "physics": "kinematic", "robots": 50},
        "1",
    ),
)


def main() -> None:
    """Print the table."""
    table = Table("run", "times real time", "ticks a second", "target", title=f"rendezvous, {SECONDS:g} s")
    digests: dict[tuple[object, ...], set[str]] = {}
    for name, options, target in ROWS:
        with tempfile.TemporaryDirectory() as folder:
            made = Options(world="rendezvous", duration=SECONDS, out=Path(folder) / "run", **options)  # type: ignore[arg-type]
            metrics = run(made).verdict.metrics
        table.add_row(name, f"{metrics['real_time_factor']:.2f}", f"{metrics['ticks'] / metrics['wall_s']:.0f}", target)
        same = (made.physics, made.robots)
        digests.setdefault(same, set()).add(metrics["trajectory_sha256"])
    Console().print(table)
    print("equal physics, equal bits:", all(len(found) == 1 for found in digests.values()))


if __name__ == "__main__":
    main()
