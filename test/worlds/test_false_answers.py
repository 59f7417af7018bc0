"""A stranger answers in the name of the executor that a job is done: with sealed frames it is done all the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from swarm_consensus.robot.devices import Devices
from swarm_consensus.run.sweep import judged_run
from swarm_consensus.run.worlds import load
from swarm_consensus.simulation.scenario import Attacker, Scenario, Security

JOBS = load(Path(__file__).parents[2] / "worlds" / "jobs.yaml")
MALLORY = Attacker(name="mallory", position_m=[-3, 0], does=["done"], range_m=20.0)


def attacked(seal: str) -> Scenario:
    """A job every five seconds, whose executor misses half of what it is told, and a stranger who never does."""
    agreement = JOBS.agreement
    assert agreement is not None
    job = replace(agreement.jobs[0], every_s=5)
    return replace(
        JOBS,
        radio=replace(JOBS.radio, loss=0.5),
        agreement=replace(agreement, jobs=[job]),
        quantities=[],
        faults=[],
        security=Security(seal=seal),  # type: ignore[arg-type]
        attackers=[MALLORY],
        expect=replace(JOBS.expect, job_effects={}, arrived_within_m=None, by_s=None),
        duration_s=40.0,
    )


def done(scenario: Scenario) -> bool:
    """Tell whether each occurrence took effect, in time and once."""
    return {each.name: each.held for each in judged_run(scenario, 0).expectations}["jobs_within_s"]


@pytest.mark.parametrize("seal", ["identity", "group"])
def test_who_forges_the_word_of_the_executor_keeps_no_job_from_being_done(seal: str) -> None:
    assert done(attacked(seal))


def test_without_the_check_of_signatures_jobs_are_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Devices, "heard", lambda self, who, packet, now: packet[:-64])
    assert not done(attacked("identity"))


def test_without_seals_jobs_are_not_done() -> None:
    assert not done(attacked("none"))
