"""How quantities are judged: on what the honest believe, against what is true, and with a baseline that fails."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from swarm_consensus.run.agreement import Agreement
from swarm_consensus.run.options import Options
from swarm_consensus.run.run import run
from swarm_consensus.run.series import load_series
from swarm_consensus.run.sweep import judged_run
from swarm_consensus.run.verdict import Verdict
from swarm_consensus.run.worlds import find_world, load
from swarm_consensus.simulation.loading import dump
from swarm_consensus.simulation.placement import place
from swarm_consensus.simulation.record import TickRecord
from swarm_consensus.simulation.scenario import Expect, Scenario
from swarm_consensus.simulation.world import Truth

NAN = ((np.nan,),)
EXPECT = {
    "agreed_within": {"load": 1.0},
    "apart_by": {"load": 0.5},
    "mean_within": {"load": 1.0},
    "honest_range": ["load"],
}


def scenario(**parts: Any) -> Scenario:
    content = {
        "file_version": 1,
        "name": "three",
        "bounds_m": [[-9, -9], [9, 9]],
        "radio": {"range_m": 8},
        "robots": [{"name": n, "vehicle": "rover", "position_m": [i, 0]} for i, n in enumerate("abc")],
        "quantities": [{"name": "load", "source": "values", "law": "average", "values": {"a": 1, "b": 3, "c": 50}}],
        "lies": [{"robot": "c", "quantity": "load", "kind": "constant", "value": [50]}],
        "expect": EXPECT,
        "duration_s": 1,
    }
    return msgspec.convert(content | parts, Scenario)


def judged(*told: tuple[Any, ...], alive: tuple[bool, ...] = (True, True, True), **parts: Any) -> dict[str, bool]:
    """Judge ticks, each of which is what the three robots tell."""
    world = scenario(**parts)
    seen = Agreement(world, place(world, np.random.default_rng(0)))
    level, still = np.tile([0.0, 0.0, 0.0, 1.0], (3, 1)), np.zeros((3, 3))
    truth = Truth(still, level, still, still)
    for tick, values in enumerate(told):
        seen.look(
            TickRecord(
                tick, tick / 20, truth, (), np.zeros((3, 4)), np.array(alive), (None,) * 3, (None,) * 3, {}, values
            )
        )
    return {finding.name.split()[0]: finding.held for finding in seen.findings()}


def says(*values: float) -> tuple[Any, ...]:
    return tuple(((value,),) for value in values)


def test_the_honest_are_judged_by_the_last_tick_and_the_mean_of_the_honest_inputs() -> None:
    # inputs 1 and 3, mean 2; the liar's 50 counts for nothing
    assert judged(says(1, 3, 50), says(1.8, 2.5, 99)) == {
        "agreed_within": True,  # 0.7
        "apart_by": True,
        "mean_within": True,
        "honest_range": True,
    }


def test_each_expectation_can_fail() -> None:
    start = says(1, 3, 50)
    assert not judged(start, says(1.4, 2.6, 50))["agreed_within"]
    assert not judged(start, says(2.0, 2.4, 50))["apart_by"]
    assert not judged(start, says(0.9, 2.0, 50))["mean_within"]
    assert not judged(start, says(1.0, 3.1, 50), start)["honest_range"]  # also if it comes back


def test_who_is_dead_or_tells_nothing_is_not_judged_and_nobody_is_no_agreement() -> None:
    start = says(1, 3, 50)
    assert judged(start, (((2.0,),), None, None), alive=(True, False, True))["agreed_within"]
    nobody = judged(start, (NAN, NAN, NAN))
    assert (nobody["agreed_within"], nobody["apart_by"], nobody["mean_within"]) == (False, False, False)
    assert nobody["honest_range"]


def test_a_robot_that_comes_back_brings_a_new_input_into_the_range() -> None:
    back = (says(1, 3, 50), says(1, np.nan, 50), says(1, 7, 50), says(6, 6.5, 50))
    assert judged(*back)["honest_range"]
    assert not judged(*back, says(1, 7.5, 50))["honest_range"]


def traitors(**changes: Any) -> Verdict:
    world = load(find_world("traitors"))
    (meeting,) = world.quantities
    expect = Expect(agreed_within={"meeting": 0.01}, honest_range=["meeting"], contacts=0, links_kept=True)
    world = msgspec.structs.replace(
        world, quantities=[msgspec.structs.replace(meeting, **changes)], duration_s=20.0, expect=expect
    )
    return judged_run(world, 0)


def test_traitors_draw_plain_averaging_away_and_the_swarm_stays_whole() -> None:
    found = {e.name: e.held for e in traitors(law="average", liars=None).expectations}
    assert not found["honest_range meeting"]
    assert found["links_kept"]
    assert found["contacts"]


def test_traitors_have_no_hold_on_w_msr() -> None:
    assert traitors().held


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place_ = tmp_path_factory.mktemp("agreement")
    (place_ / "three.yaml").write_text(dump(scenario()))
    return run(Options(world=place_ / "three.yaml", out=place_ / "run", physics="kinematic")).folder


def test_the_report_draws_each_quantity_and_says_who_lies(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    labels = re.findall(r'role="img" aria-label="([^"]+)"', page)
    assert "Quantity load, law average: what each robot believes" in labels
    assert "Quantity load, law average: spread of the honest values" in labels
    assert "agrees on load (average); c lies about load (constant)" in page
    assert "c (lies)" in page


def test_the_series_hold_values_spread_and_truth(folder: Path) -> None:
    series = load_series(folder)
    assert series["value_load"].shape == (20, 3, 1)
    assert series["value_load"][0, :, 0].tolist() == [1.0, 3.0, 50.0]
    assert series["spread_load"][0] == 2.0
    assert series["mean_load"][0].tolist() == [2.0]
    assert series["honest_load"].tolist() == [1.0, 1.0, 0.0]
