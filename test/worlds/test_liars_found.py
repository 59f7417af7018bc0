"""Captured robots and corrupting relays in whole worlds: found, named, and what happens where nothing is promised."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from swarm_consensus.network.spreading import Chunk, Transfer
from swarm_consensus.robot.agent import Agent
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.run.ballots import read_decisions
from swarm_consensus.run.disks import Disks
from swarm_consensus.run.memory import run_in_memory
from swarm_consensus.run.monitor import Monitor
from swarm_consensus.run.options import Options
from swarm_consensus.run.run import run
from swarm_consensus.run.sweep import judged_run
from swarm_consensus.run.verdict import Verdict, judge
from swarm_consensus.run.worlds import load
from swarm_consensus.simulation.cargo import data_of, manifest_of
from swarm_consensus.simulation.checks import check
from swarm_consensus.simulation.engine import Simulation
from swarm_consensus.simulation.kinematic import KinematicWorld
from swarm_consensus.simulation.overrides import with_duration
from swarm_consensus.simulation.placement import place
from swarm_consensus.simulation.scenario import Agreement, Scenario, Security

WORLDS = Path(__file__).parents[2] / "worlds"
change = msgspec.structs.replace


def failed(verdict: Verdict) -> set[str]:
    return {each.name for each in verdict.expectations if not each.held}


# captured


def test_in_captured_both_liars_are_named_and_the_run_folder_proves_it(tmp_path: Path) -> None:
    options = Options(
        world=str(WORLDS / "captured.yaml"),
        transport="memory",
        physics="kinematic",
        duration=8.0,
        out=str(tmp_path / "run"),
    )
    result = run(options)
    notes = " ".join(result.verdict.notes)
    assert "rover_1 signed votes that exclude each other" in notes
    assert "rover_4 signed votes that exclude each other" in notes
    assert "rover_1 signed votes" in (result.folder / "report.html").read_text()
    rows = read_decisions(result.folder)
    assert all(row.sound for row in rows)
    assert {row.robot for row in rows} == {"rover_2", "rover_3", "rover_5", "rover_6", "rover_7"}
    assert {row.what.split()[0] for row in rows if "signed two" in row.what} == {"rover_1", "rover_4"}
    assert len({row.what.partition(" in view")[0] for row in rows if row.what.startswith("decided")}) == 1


def forced() -> Scenario:
    """Three of seven are captured, all hear each other, nothing is lost: what liars like best."""
    world = with_duration(load(WORLDS / "captured.yaml"), 5.0)
    decision = change(world.decisions[0], captured=["rover_1", "rover_4", "rover_6"])
    assert any("7 members can't stand 3 liars" in problem for problem in check(change(world, decisions=[decision])))
    radio = change(world.radio, range_m=12.0, loss=0.0)
    mesh = Agreement(budget_bytes_s=30_000)
    found = change(world, decisions=[change(decision, unsafe=True)], radio=radio, agreement=mesh)
    assert check(found) == []
    return found


def test_forced_to_run_with_three_liars_the_honest_decide_two_ways_and_the_report_shows_it() -> None:
    verdict = judged_run(forced(), 1)
    assert "decided_alike" in failed(verdict)
    (found,) = [each for each in verdict.expectations if each.name == "decided_alike"]
    assert found.value == "meeting 3.000 3.000 by 2 of 4; meeting -6.000 -3.000 by 2 of 4"
    assert any("decision 'meeting' is unsafe: 3 of 7 members are captured, 2 are borne" in n for n in verdict.notes)
    assert "goes by" in found.detail


# bundle


def small() -> Scenario:
    """A smaller bundle, that is through in some ten seconds; the crash comes halfway."""
    world = with_duration(load(WORLDS / "bundle.yaml"), 18.0)
    assert world.bundle
    faults = [change(world.faults[0], crash_s=3.5, restart_s=5.0)]
    expect = change(world.expect, active_by_s=18.0)
    return change(
        world, bundle=change(world.bundle, bytes=12_000), faults=faults, expect=expect, security=Security(seal="none")
    )


def test_what_lies_on_every_disk_is_the_map_byte_for_byte_and_the_relay_is_named() -> None:
    world = small()
    place_rng, run_rng = np.random.default_rng(2).spawn(2)
    robots, disks = place(world, place_rng), Disks()
    kinematic = KinematicWorld(world, robots)
    simulation, monitor = Simulation(world, robots, kinematic, run_rng), Monitor(world, robots, kinematic.substeps)
    simulation.observers.append(monitor)
    run_in_memory(simulation, disks=disks)
    verdict = judge(monitor, kinematic.contacts, 2, {})
    assert verdict.held, failed(verdict)
    assert verdict.metrics["bundle_named"] == "rover_2"
    assert 0 < verdict.metrics["bundle_resumed_chunks"]["rover_7"] < 24
    manifest = manifest_of(world)
    assert manifest
    assert world.bundle
    for robot in range(1, 12):
        (shelf,) = disks.files[robot].shelves.values()
        assert Transfer(robot, manifest, shelf=shelf).data() == data_of(world.bundle)


class Believing(Transfer):
    """Baseline: takes whatever chunk comes, and hands it on."""

    def __init__(self, *args: Any, **fields: Any) -> None:
        super().__init__(*args, **fields)
        self._nodes.path = lambda index, depth: ()  # type: ignore[method-assign]

    def _on_chunk(self, peer: int, chunk: Chunk) -> None:
        if chunk.index not in self._chunks and self._is_right(chunk):
            self._take(chunk)


def test_robots_that_do_not_check_go_by_an_altered_map() -> None:
    def believing(config: AgentConfig, **parts: Any) -> Agent:
        bundle = config.bundle
        assert bundle
        trusting = Believing if bundle.transfer is Transfer and bundle.data is None else bundle.transfer
        return Agent(replace(config, bundle=replace(bundle, transfer=trusting)), **parts)

    world = with_duration(change(small(), faults=[]), 8.0)
    verdict = judged_run(world, 2, make_agent=believing)  # type: ignore[arg-type]
    assert "active_by_s" in failed(verdict)
    (found,) = [each for each in verdict.expectations if each.name == "active_by_s"]
    assert "holds altered bytes" in found.detail
