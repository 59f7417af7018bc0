"""Every world that ships is found and run, and does what it expects; the same seed gives the same bits."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from swarm_consensus.run.sweep import judged_run
from swarm_consensus.run.worlds import load
from swarm_consensus.simulation.overrides import with_duration

WORLDS = sorted((Path(__file__).parents[2] / "worlds").glob("*.yaml"))
bullet = [
    pytest.mark.bullet,
    pytest.mark.skipif(importlib.util.find_spec("pybullet") is None, reason="pybullet is not installed"),
]
PHYSICS = ["kinematic", pytest.param("pybullet", marks=bullet)]
WHOLE = ["rendezvous", "swap", "docks"]  # in both physics; `make worlds` runs all of them so, with many seeds
START_S = 5.0
PROMISES = {"links_kept", "contacts", "inside_fence", "one_log", "over_places", "overloaded", "run_dry"}


@pytest.mark.parametrize("path", WORLDS, ids=lambda path: path.stem)
def test_a_world_does_what_it_expects(path: Path) -> None:
    verdict = judged_run(load(path), 0)
    assert verdict.expectations
    assert verdict.held, [e for e in verdict.expectations if not e.held]


@pytest.mark.parametrize("name", [pytest.param(name, marks=bullet) for name in WHOLE])
def test_a_world_does_what_it_expects_with_bodies_that_have_inertia(name: str) -> None:
    (path,) = [path for path in WORLDS if path.stem == name]
    verdict = judged_run(load(path), 0, "pybullet")
    assert verdict.held, [e for e in verdict.expectations if not e.held]


@pytest.mark.parametrize("path", [pytest.param(p, marks=bullet, id=p.stem) for p in WORLDS if p.stem not in WHOLE])
def test_a_world_starts_safely_with_bodies_that_have_inertia(path: Path) -> None:
    verdict = judged_run(with_duration(load(path), START_S), 0, "pybullet")
    judged = [each for each in verdict.expectations if each.name in PROMISES]
    assert len(judged) >= 2
    assert all(each.held for each in judged), judged


@pytest.mark.parametrize("physics", PHYSICS)
def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not(physics: str) -> None:
    scenario = with_duration(load(next(path for path in WORLDS if path.stem == "outage")), 3.0)
    digests = [
        judged_run(scenario, seed, physics).metrics["trajectory_sha256"]  # type: ignore[arg-type]
        for seed in (1, 1, 2)
    ]
    assert digests[0] == digests[1] != digests[2]
