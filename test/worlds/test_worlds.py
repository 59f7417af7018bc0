"""Every world that ships is found and run, and does what it expects; the same seed gives the same bits."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from swarm_consensus.run.sweep import judged_run
from swarm_consensus.run.worlds import load
from swarm_consensus.simulation.overrides import with_duration

WORLDS = sorted((Path(__file__).parents[2] / "worlds").glob("*.yaml"))
PHYSICS = [
    "kinematic",
    pytest.param(
        "pybullet",
        marks=[
            pytest.mark.bullet,
            pytest.mark.skipif(importlib.util.find_spec("pybullet") is None, reason="pybullet is not installed"),
        ],
    ),
]


@pytest.mark.parametrize("physics", PHYSICS)
@pytest.mark.parametrize("path", WORLDS, ids=lambda path: path.stem)
def test_a_world_does_what_it_expects(path: Path, physics: str) -> None:
    verdict = judged_run(load(path), 0, physics)  # type: ignore[arg-type]
    assert verdict.expectations
    assert verdict.held, [e for e in verdict.expectations if not e.held]


@pytest.mark.parametrize("physics", PHYSICS)
def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not(physics: str) -> None:
    scenario = with_duration(load(next(path for path in WORLDS if path.stem == "outage")), 3.0)
    digests = [
        judged_run(scenario, seed, physics).metrics["trajectory_sha256"]  # type: ignore[arg-type]
        for seed in (1, 1, 2)
    ]
    assert digests[0] == digests[1] != digests[2]
