"""Batteries: what goes in and out balances, and a robot without charge is a robot without power."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_consensus.run.sweep import judged_run
from swarm_consensus.simulation.batteries import Batteries
from swarm_consensus.simulation.checks import check
from swarm_consensus.simulation.placement import place
from swarm_consensus.simulation.scenario import Battery, Expect, Fault, Mission, Radio, Robot, Scenario

PERIOD = 0.05  # s


def scenario(count: int = 3, **parts: object) -> Scenario:
    robots = [Robot(vehicle="rover", name=f"r_{i + 1}", position_m=[2.0 * i, 0.0]) for i in range(count)]
    base = Scenario(
        file_version=1,
        name="batteries",
        bounds_m=[[-5.0, -5.0], [15.0, 5.0]],
        radio=Radio(range_m=15.0),
        robots=robots,
        mission=Mission(goal_m=[8.0, 0.0]),
        battery=Battery(capacity_j=100.0, idle_w=2.0, motion_j_m=5.0, charge_w=30.0),
        duration_s=6.0,
    )
    return msgspec.structs.replace(base, **parts)


def batteries(battery: Battery, count: int = 3) -> Batteries:
    return Batteries(battery, place(scenario(count), np.random.default_rng(0)), PERIOD)


def test_a_robot_that_stands_drains_by_its_idle_power_alone_and_one_without_power_not_at_all() -> None:
    found = batteries(Battery(capacity_j=100.0, idle_w=2.0, start={"r": 0.5, "r_2": 0.8}))
    for _ in range(20):
        found.step(np.zeros((3, 3)), np.array([True, True, False]), np.zeros(3))
    assert found.energy == pytest.approx([48.0, 78.0, 50.0])  # 20 ticks of 0.05 s at 2 W


def test_motion_costs_by_the_metre_whatever_the_speed() -> None:
    slow, fast = (batteries(Battery(capacity_j=100.0, idle_w=0.0, motion_j_m=5.0), 1) for _ in range(2))
    for _ in range(40):
        slow.step(np.array([[0.3, 0.0, 0.0]]), np.array([True]), np.zeros(1))
    for _ in range(20):
        fast.step(np.array([[0.0, 0.0, -0.6]]), np.array([True]), np.zeros(1))
    assert slow.energy == pytest.approx([97.0])  # 0.6 m
    assert fast.energy == pytest.approx(slow.energy)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 80), st.booleans()), max_size=60),
    st.floats(0.01, 1),
)
def test_energy_stays_between_empty_and_full_and_never_jumps(
    steps: list[tuple[float, float, bool]], start: float
) -> None:
    battery = Battery(capacity_j=3.0, idle_w=2.0, motion_j_m=5.0, charge_w=50.0, start={"r": start})
    found = batteries(battery, 1)
    for speed, power, alive in steps:
        before, dry = float(found.energy[0]), bool(found.empty[0])
        found.step(np.array([[speed, 0.0, 0.0]]), np.array([alive]), np.array([power]))
        after = float(found.energy[0])
        assert 0.0 <= after <= 3.0
        change = PERIOD * (min(power, 50.0) - 2.0 - 5.0 * speed) if alive else 0.0
        assert after == pytest.approx(min(max(before + change, 0.0), 3.0), abs=1e-12)
        assert found.empty[0] == (dry or (alive and after == 0.0))


def test_what_is_sensed_has_32_bits() -> None:
    found = batteries(Battery(capacity_j=3.0, start={"r": 1 / 3}), 1)
    assert found.sensed() == [float(np.float32(1 / 3))]


def test_an_empty_robot_is_dead_is_counted_and_a_restart_does_not_bring_it_back() -> None:
    world = scenario(
        battery=Battery(capacity_j=10.0, idle_w=2.0, motion_j_m=0.0, start={"r": 0.995, "r_2": 0.395}),
        faults=[Fault(robot="r_2", crash_s=3.0, restart_s=4.0)],
        expect=Expect(run_dry=0),
    )
    assert check(world) == []
    verdict = judged_run(world, 0)
    (finding,) = verdict.expectations
    # at 2 W 3.95 J last until the 40th tick of 0.05 s, 9.95 J until the 100th
    assert (finding.value, finding.held) == ("3", False)
    assert finding.detail == "r_2 at 2.00 s; r_1 at 5.00 s; r_3 at 5.00 s"
    assert verdict.metrics["alive_at_end"] == 0
    lasting = msgspec.structs.replace(world, battery=Battery(capacity_j=1000.0))
    assert judged_run(lasting, 0).held


def test_motion_of_a_world_is_the_same_with_batteries_and_without() -> None:
    with_them, without = (judged_run(scenario(battery=b), 0) for b in (Battery(capacity_j=1e4), None))
    assert with_them.metrics["trajectory_sha256"] == without.metrics["trajectory_sha256"]
    assert "lowest_charge" not in without.metrics


WRONG = [
    (
        {"battery": None, "expect": Expect(run_dry=0)},
        "expect.run_dry is given, but battery, of which it judges the end, is missing",
    ),
    (
        {"battery": Battery(capacity_j=5.0, start={"s": 1.0})},
        "battery.start has 's', there is no such robot or group",
    ),
    (
        {"battery": Battery(capacity_j=5.0, start={"r": 0.0})},
        "battery.start.r is 0, must be above 0: an empty battery is empty for good",
    ),
]


@pytest.mark.parametrize(("parts", "said"), WRONG)
def test_what_can_not_work_is_a_sentence(parts: dict[str, object], said: str) -> None:
    (problem,) = check(scenario(**parts))
    assert problem.startswith(said)
