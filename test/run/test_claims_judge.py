"""The docks of world `claim`, with rules taken out: each time the docks, or the verdict, see it. About 12 s."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from swarm_consensus.agreement.claim import Arbiter, Claim, Held, Request
from swarm_consensus.robot.charging import Charging
from swarm_consensus.robot.claims import Claims
from swarm_consensus.robot.devices import Devices
from swarm_consensus.robot.occupancy import Occupancy
from swarm_consensus.run.sweep import judged_run
from swarm_consensus.run.verdict import Verdict
from swarm_consensus.run.worlds import load
from swarm_consensus.simulation.overrides import with_duration
from swarm_consensus.simulation.scenario import Attacker, Scenario, Security

WORLD = load(Path(__file__).parents[2] / "worlds" / "claim.yaml")
MALLORY = Attacker(name="mallory", position_m=[-3, 0], does=["grant"], packets=3, range_m=20.0)


def held(verdict: Verdict) -> dict[str, bool]:
    return {each.name: each.held for each in verdict.expectations}


def crowd(**changes: object) -> Scenario:
    """Six rovers that all want to charge at once."""
    assert WORLD.battery is not None
    hungry = dict.fromkeys(("mortal", "cut", "rover"), 0.3)
    world = replace(
        with_duration(WORLD, 16.0),
        battery=replace(WORLD.battery, start=hungry),
        radio=replace(WORLD.radio, partitions=[]),
        faults=[],
        expect=replace(WORLD.expect, claim_back_s=None, patrol_within_s=None),
    )
    return replace(world, **changes)


def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let robots not look whether somebody may stand on a dock."""
    monkeypatch.setattr(Occupancy, "has_room", lambda self, dock, token, neighbours, view: True)


def test_where_all_want_to_charge_at_once_claims_alone_keep_docks_from_being_overfull(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    blind(monkeypatch)
    verdict = judged_run(crowd(), 0)
    assert verdict.held
    assert verdict.metrics["dock_refused"] == 0
    assert sum(seconds > 0 for seconds in verdict.metrics["charged_s"].values()) == 2


def test_a_dock_that_does_not_compare_versions_is_overfull(monkeypatch: pytest.MonkeyPatch) -> None:
    def last_one_wins(self: Arbiter, held: Held, request: Request) -> bool:
        return isinstance(request, Claim) or request.robot == held.robot

    monkeypatch.setattr(Arbiter, "fits", last_one_wins)
    torn = judged_run(crowd(), 0)  # robots still look who is there; but each takes the power from the other
    assert torn.metrics["dock_refused"] > 0
    blind(monkeypatch)
    assert not held(judged_run(crowd(), 0))["over_places"]


def test_without_looking_who_stands_there_a_dock_with_a_dead_robot_is_overfull(monkeypatch: pytest.MonkeyPatch) -> None:
    blind(monkeypatch)
    assert not held(judged_run(WORLD, 0))["over_places"]


def test_a_dock_on_which_one_died_for_good_is_left_alone_and_nobody_runs_dry(monkeypatch: pytest.MonkeyPatch) -> None:
    dead = replace(with_duration(WORLD, 200.0), faults=[replace(WORLD.faults[0], restart_s=None)])
    assert held(judged_run(dead, 0))["run_dry"]
    monkeypatch.setattr(Charging, "_reconsider", lambda self, apart, neighbours: None)
    assert not held(judged_run(dead, 0))["run_dry"]


def slow() -> Scenario:
    """Docks of so little power that who is cut off there would want to stay longer than its lease."""
    docks = [replace(dock, power_w=10.0) for dock in WORLD.docks]
    return replace(with_duration(WORLD, 50.0), docks=docks, expect=replace(WORLD.expect, patrol_within_s=None))


def test_the_dock_refuses_a_robot_that_ignores_its_own_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged_run(slow(), 0).metrics["dock_refused"] == 0
    monkeypatch.setattr(Claims, "left", lambda self, queue: 10**6 if self.grant(queue) is not None else 0)
    verdict = judged_run(slow(), 0)
    assert verdict.metrics["dock_refused"] > 0
    assert held(verdict)["stale_charges"]
    monkeypatch.setattr(Arbiter, "admits", lambda self, place, version: True)
    assert not held(judged_run(slow(), 0))["stale_charges"]


def test_a_dock_whose_leases_never_end_does_not_get_a_dead_ones_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Arbiter, "look", lambda self, now: None)
    verdict = held(judged_run(with_duration(WORLD, 40.0), 0))
    assert not verdict["claim_back_s"]


def test_a_holder_that_dies_loses_its_place_after_its_lease_and_no_sooner_than_it_would_stop() -> None:
    verdict = judged_run(with_duration(WORLD, 30.0), 0)
    assert held(verdict)["claim_back_s"]
    # its last word was heard at most renew_s and two lost ones, 0.5 s apart, before it died
    assert 12.0 - 1.0 - 2 * 0.5 < verdict.metrics["claim_slowest_back_s"] <= 12.1


@pytest.mark.parametrize("seal", ["identity", "group"])
def test_who_forges_the_word_of_a_dock_is_not_believed(seal: str) -> None:
    verdict = judged_run(crowd(security=Security(seal=seal), attackers=[MALLORY]), 0)  # type: ignore[arg-type]
    assert verdict.held
    assert verdict.metrics["dock_refused"] == 0
    assert sum(seconds > 0 for seconds in verdict.metrics["charged_s"].values()) == 2


def test_without_seals_or_without_their_check_he_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged_run(crowd(attackers=[MALLORY]), 0).metrics["dock_refused"] > 0
    monkeypatch.setattr(Devices, "heard", lambda self, who, packet, now: packet[:-64])
    sealed = crowd(security=Security(seal="identity"), attackers=[MALLORY])
    assert judged_run(sealed, 0).metrics["dock_refused"] > 0
