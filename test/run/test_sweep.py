"""A sweep names the seeds to look at."""

from __future__ import annotations

import io

from rich.console import Console

from swarm_consensus.run.sweep import table, worst
from swarm_consensus.run.verdict import Expectation, Verdict


def verdict(seed: int, *, failed: int = 0, separation: float | None = 1.0, **metrics: float) -> Verdict:
    expectations = tuple(Expectation(f"e{number}", "yes", "", number >= failed) for number in range(3))
    measured: dict[str, float | None] = {
        "min_separation_m": separation,
        "longest_held_link_m": 4.0,
        "lambda2_min": 2.0,
        "lambda2_held_min": 1.0,
        "contacts": 0,
    }
    return Verdict("world", seed, expectations, measured | metrics)


def shown(verdicts: list[Verdict]) -> dict[str, str]:
    """Return the table's rows by their first cell."""
    console = Console(file=io.StringIO(), width=120)
    console.print(table(verdicts))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines if line.startswith("│")]
    return {row[0]: " ".join(row[1:]) for row in rows}


def test_each_extreme_has_its_own_seed() -> None:
    rows = shown(
        [
            verdict(0),
            verdict(1, separation=0.5),
            verdict(2, longest_held_link_m=5.0),
            verdict(3, lambda2_min=0.5),
            verdict(4, lambda2_held_min=0.25),
        ]
    )
    assert rows["smallest separation"] == "0.500 m seed 1"
    assert rows["longest held link"] == "5.000 m seed 2"
    assert rows["smallest lambda2, radio graph"] == "0.500 seed 3"
    assert rows["smallest lambda2, held links"] == "0.250 seed 4"
    assert rows["worst seed"] == "nothing failed seed 1"


def test_robots_that_coincide_are_the_nearest() -> None:
    assert shown([verdict(0), verdict(1, separation=0.0)])["smallest separation"] == "0.000 m seed 1"


def test_a_swarm_of_one_has_no_separation() -> None:
    rows = shown([verdict(0, separation=None)])
    assert "smallest separation" not in rows
    assert rows["worst seed"] == "nothing failed seed 0"


def test_failures_come_before_contacts_and_contacts_before_separation() -> None:
    near, touching, failing = verdict(1, separation=0.1), verdict(2, contacts=3), verdict(3, failed=2)
    assert worst([verdict(0), near]).seed == 1
    assert worst([verdict(0), near, touching]).seed == 2
    assert worst([verdict(0), near, touching, verdict(4, failed=1), failing]).seed == 3
    assert shown([verdict(0), failing])["worst seed"] == "2 failed seed 3"
