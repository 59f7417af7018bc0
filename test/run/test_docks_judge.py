"""The world's docks with rules taken out: each time the docks see it. And ``swarm locks``. About 25 s."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from swarm_consensus.agreement.lease import Gate, Holder
from swarm_consensus.cli import main
from swarm_consensus.robot import permits
from swarm_consensus.robot.charging import Charging
from swarm_consensus.run.locks import locks_of, read_locks, tenures_table
from swarm_consensus.run.shared_log import SharedLog
from swarm_consensus.run.sweep import judged_run
from swarm_consensus.run.verdict import Verdict
from swarm_consensus.run.worlds import load
from swarm_consensus.simulation.overrides import with_duration
from swarm_consensus.simulation.scenario import Fault, Scenario

WORLDS = Path(__file__).parents[2] / "worlds"


def held(verdict: Verdict) -> dict[str, bool]:
    return {each.name: each.held for each in verdict.expectations}


def crowd() -> Scenario:
    """Ten rovers that all want to charge at once."""
    world = with_duration(load(WORLDS / "docks.yaml"), 12.0)
    assert world.battery is not None
    hungry = dict.fromkeys(("mortal", "cut", "rover"), 0.3)
    return msgspec.structs.replace(world, battery=msgspec.structs.replace(world.battery, start=hungry))


def test_where_all_want_to_charge_at_once_no_dock_is_overfull() -> None:
    assert held(judged_run(crowd(), 0))["over_places"]


def test_without_permits_docks_are_overfull(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each goes onto the nearest dock when it is low, as long as it sees room there."""

    def bold(self: Charging, tick: int, on: list[int], neighbours: object, view: object) -> int | None:
        if not self._plan:
            return None
        return [dock.name for dock in self.docks].index(self._plan[0])

    monkeypatch.setattr(Charging, "_opened", bold)
    monkeypatch.setattr(permits.Permits, "grant", lambda self, queue: permits.Grant(self._own, 1, 1, self._own % 2))
    assert not held(judged_run(crowd(), 0))["over_places"]


def careless(monkeypatch: pytest.MonkeyPatch) -> Verdict:
    """Holders that don't look at their clock; the one that is cut off goes on to show its token for all it knows.

    It needs longer to be full than the one beside it, in whose place the next one comes, to which its own permit went.
    """
    monkeypatch.setattr(Holder, "may_use", lambda self, now, renewed: renewed > 0)
    monkeypatch.setattr(permits.Permits, "left", lambda self, queue: 10**6 if self.grant(queue) else 0)
    end = 75.0
    world = with_duration(load(WORLDS / "docks.yaml"), end)
    longer = [msgspec.structs.replace(cut, until_s=end) for cut in world.radio.partitions]
    radio = msgspec.structs.replace(world.radio, partitions=longer)
    docks = [msgspec.structs.replace(dock, power_w=12.0) for dock in world.docks]
    assert world.battery is not None
    starts = {"cut": 0.1, "mortal": 0.1, "rover": 0.45}
    battery = msgspec.structs.replace(world.battery, capacity_j=1000.0, start=starts)
    dead = [Fault(f"rover_{n}", crash_s=68.0) for n in range(1, 9)]  # from then on the old token is the only one
    changes = {"radio": radio, "docks": docks, "battery": battery, "faults": dead}
    return judged_run(msgspec.structs.replace(world, **changes), 0)


def test_the_dock_refuses_a_holder_that_does_not_look_at_its_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = careless(monkeypatch)
    assert verdict.metrics["dock_refused"] > 0
    assert held(verdict)["stale_charges"]


def test_a_dock_that_does_not_check_tokens_gives_it_power(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Gate, "admits", lambda self, token: True)
    assert not held(careless(monkeypatch))["stale_charges"]


def test_without_breaking_the_circle_the_tours_never_end(monkeypatch: pytest.MonkeyPatch) -> None:
    world = with_duration(load(WORLDS / "deadlock.yaml"), 45.0)
    assert held(judged_run(world, 0))["tours_done"]
    monkeypatch.setattr(permits, "who_yields", lambda places: None)
    verdict = held(judged_run(world, 0))
    assert not verdict["tours_done"]
    assert verdict["over_places"]


def test_locks_tells_who_held_which_permit_when(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "run")
    given = ("--transport", "memory", "--physics", "kinematic", "--duration", "40", "--out", out)
    main(["run", "deadlock", *given])
    capsys.readouterr()
    assert main(["locks", out]) == 0
    text = capsys.readouterr().out
    assert text.count("returned") == text.count("eastbound") + text.count("westbound") > 3
    locks = read_locks(out)
    assert [tenure.token for tenure in locks.tenures] == list(range(1, len(locks.tenures) + 1))
    firsts = {tenure.queue: locks.log.names[tenure.robot] for tenure in reversed(locks.tenures)}
    assert firsts == {"west": "eastbound", "east": "westbound"}
    for queue in firsts:  # one permit each: no two are held at a time
        mine = [tenure for tenure in locks.tenures if tenure.queue == queue]
        assert all(a.ended and a.last < b.first for a, b in itertools.pairwise(mine))
    # the log of any one robot alone tells the same, up to where it knows it to be settled
    for robot, saved in locks.log.saved.items():
        end = saved.snapshot.index + len(saved.entries)
        alone = SharedLog(locks.log.names, locks.log.rate, {robot: saved}, {robot: end})
        assert locks_of(alone, load(Path(out) / "world.yaml"), out).tenures == locks.tenures
        unaware = SharedLog(locks.log.names, locks.log.rate, {robot: saved})
        assert locks_of(unaware, load(Path(out) / "world.yaml"), out).tenures == ()
    # of what went into a snapshot the permits that had ended are gone, and that is said
    assert tenures_table(locks).caption is None
    assert "entries up to 256 went into a snapshot" in str(tenures_table(replace(locks, since=257)).caption)
    assert main(["log", out]) == 0
    assert "asks for" in capsys.readouterr().out


def test_a_run_without_permits_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["locks", str(tmp_path)]) == 2
    assert "no run folder" in capsys.readouterr().err
