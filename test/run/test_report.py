"""The report: everything of the run folder in one page, drawn from the truth, whatever a file says."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from swarm_consensus.errors import InputError
from swarm_consensus.run import plots
from swarm_consensus.run.options import Options
from swarm_consensus.run.panels import connectivity
from swarm_consensus.run.report import summary, write_report
from swarm_consensus.run.run import run
from swarm_consensus.run.series import load_series
from swarm_consensus.run.verdict import from_json, to_json
from swarm_consensus.run.worlds import load
from swarm_consensus.simulation.scenario import Fault, Obstacle, Radio, Robot, Scenario

WORLD = """
file_version: 1
name: trio
description: Three <b>bold</b> rovers & a wall.
bounds_m: [[-6, -4], [6, 4]]
obstacles: [{polygon_m: [[1.9, -0.5], [2.1, -0.5], [2.1, 0.5], [1.9, 0.5]], height_m: 1}]
radio: {range_m: 5, walls: block, loss: 0.2}
robots:
  - {name: a, vehicle: rover, position_m: [-1, 0]}
  - {name: b, vehicle: rover, position_m: [1, 0]}
  - {name: c, vehicle: rover, position_m: [0, 2]}
mission: {behaviour: go_to, goal_m: [0, -2], goals_m: {a: [-3, 0]}}
faults: [{robot: c, crash_s: 1}]
expect: {contacts: 0}
duration_s: 2
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("report")
    (place / "trio.yaml").write_text(WORLD)
    return run(Options(world=place / "trio.yaml", out=place / "run")).folder


def three(at: list[list[float]], **radio: object) -> tuple[Scenario, dict[str, np.ndarray]]:
    """Return three robots at rest, the last one dead."""
    scenario = Scenario(
        file_version=1,
        name="three",
        bounds_m=[[-9.0, -9.0], [9.0, 9.0]],
        radio=Radio(range_m=5.0, **radio),  # type: ignore[arg-type]
        obstacles=[Obstacle(polygon_m=[[0.9, -0.5], [1.1, -0.5], [1.1, 0.5], [0.9, 0.5]], height_m=1.0)],
        robots=[Robot(vehicle="rover", name=name, position_m=place[:2]) for name, place in zip("abc", at, strict=True)],
        duration_s=1.0,
    )
    series = {"path": np.array([at]), "goal": np.array([[0.0, 0.0, np.nan]]), "names": np.array(list("abc"))}
    return scenario, series


def test_what_is_no_run_folder_is_refused_by_the_name_of_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no run folder, verdict\.json is missing"):
        write_report(tmp_path)


def test_the_page_shows_each_expectation_event_and_picture_and_escapes_what_files_say(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert "Three &lt;b&gt;bold&lt;/b&gt; rovers &amp; a wall." in page
    assert "c is dead" in page
    assert re.search(r"contacts<td>at most 0<td>0<td class=\"held\">held", page)
    labels = re.findall(r'role="img" aria-label="([^"]+)"', page)
    assert labels[0] == "Paths"
    assert labels[1:] == [
        "Smallest separation of two living robots",
        "Longest held link",
        "Algebraic connectivity, true and estimated",
        "Links held, formed and let go",
        "Frames",
        "Distance to the goal",
        "What holds robots back",
        "Order and polarisation",
        "Cohesion radius",
        "Velocity mismatch",
    ]
    for name in ("lambda2_held_min", "relative_connectivity_min", "order_mean", "cohesion_radius_end_m"):
        assert f"<td>{name}<td>" in page


def test_what_robots_estimate_is_drawn_beside_the_truth(folder: Path) -> None:
    series = load_series(folder)
    alive = ~np.isnan(series["goal"][-1])
    assert series["lambda2_held"][-1] == 2.0  # c died at 1 s: a link of two is left
    assert series["lambda2_held"][0] == pytest.approx(3.0)  # three in a ring
    # claims need a tick to be heard, and c is presumed dead after 5 s only
    assert np.isnan(series["estimated"][0]).all()
    np.testing.assert_allclose(series["estimated"][-1, alive], 3.0)
    assert np.isnan(series["estimated"][-1, ~alive]).all()
    picture = plots.svg(connectivity(series))
    for label in ("radio graph, true", "held links, true", "held links, robots' median", "range over robots"):
        assert f">{label}<" in picture


def test_the_page_is_made_from_the_folder_alone_and_equal_to_the_byte(folder: Path) -> None:
    before = (folder / "report.html").read_bytes()
    assert write_report(folder).read_bytes() == before


def test_a_failed_or_cut_short_run_says_so_in_words(folder: Path) -> None:
    kept = (folder / "verdict.json").read_bytes()
    verdict = from_json(kept)
    try:
        content = to_json(verdict).replace(b'"complete": true', b'"complete": false')
        (folder / "verdict.json").write_bytes(content)
        assert "did not come to its end" in write_report(folder).read_text()
        failed = to_json(verdict).replace(b'"held": true', b'"held": false')
        (folder / "verdict.json").write_bytes(failed)
        page = write_report(folder).read_text()
        assert "Not every expectation held" in page
        assert "FAILED" in page
    finally:
        (folder / "verdict.json").write_bytes(kept)
        write_report(folder)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: data[:-30], "series.npz is damaged"),
        (lambda data: b"", "series.npz is damaged"),
        (lambda data: b"no archive at all", "series.npz is damaged"),
        (lambda data: data.replace(b"format.npy", b"farmot.npy"), "has format 0, must be 1"),
    ],
)
def test_a_file_that_is_damaged_or_of_another_version_is_a_sentence(
    folder: Path, tmp_path: Path, damage: Callable[[bytes], bytes], words: str
) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "series.npz").write_bytes(damage((folder / "series.npz").read_bytes()))
    with pytest.raises(InputError, match=words):
        write_report(copy)


def test_links_are_drawn_between_the_living_in_reach_only() -> None:
    # a and b are 2 m apart; c, within reach of both, is dead
    scenario, series = three([[0.0, 0.0, 0.06], [2.0, 0.0, 0.06], [0.0, 2.0, 0.06]])
    assert plots.final_links(scenario, series) == [(0, 1)]
    scenario, series = three([[0.0, 0.0, 0.06], [5.1, 0.0, 0.06], [0.0, 2.0, 0.06]])
    assert plots.final_links(scenario, series) == []


def test_no_link_is_drawn_through_a_wall_that_blocks_the_radio() -> None:
    scenario, series = three([[0.0, 0.0, 0.06], [2.0, 0.0, 0.06], [0.0, 2.0, 0.06]], walls="block")
    assert plots.final_links(scenario, series) == []
    scenario, series = three([[0.0, 0.0, 1.5], [2.0, 0.0, 1.5], [0.0, 2.0, 0.06]], walls="block")
    assert plots.final_links(scenario, series) == [(0, 1)]  # above its top


def test_the_dead_are_marked_and_nobody_else(folder: Path) -> None:
    scenario, series = load(folder / "world.yaml"), load_series(folder)
    picture = plots.svg(plots.ground_plan(scenario, series))
    assert ">dead<" in picture
    alive = series | {"goal": np.nan_to_num(series["goal"])}
    assert ">dead<" not in plots.svg(plots.ground_plan(scenario, alive))


def test_a_summary_counts_kinds_and_names_the_radio_and_the_faults() -> None:
    scenario, _ = three([[0.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 2.0, 0.0]], loss=0.25, walls="block")
    assert summary(scenario) == (
        "3 rovers; radio range 5 m, 25% loss, 0 ms delay; walls block the radio; mission rendezvous; 1 s."
    )
    many = [Fault(robot=name, crash_s=0.5) for name in "abca"]
    text = summary(msgspec.structs.replace(scenario, faults=many))
    assert text.endswith("a crashes at 0.5 s; b crashes at 0.5 s; c crashes at 0.5 s; 1 more crash.")
