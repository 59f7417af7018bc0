"""The launch files, with the real launch and launch_ros: what they start, and one run to its verdict."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

launch = pytest.importorskip("launch.launch_description", reason="launch and launch_ros are not installed")
pytest.importorskip("launch_ros", reason="launch and launch_ros are not installed")
index = pytest.importorskip("ament_index_python", reason="launch and launch_ros are not installed")

from launch import LaunchContext  # noqa: E402
from launch.launch_description_sources import get_launch_description_from_python_launch_file  # noqa: E402
from launch_ros.actions import Node  # noqa: E402
from processes import processes_that_name  # noqa: E402

ROOT = Path(__file__).parents[2]
SWARM, ROBOT = ROOT / "launch/swarm.launch.py", ROOT / "launch/robot.launch.py"
SWAP = ROOT / "worlds/swap.yaml"
# a domain of its own, on this machine alone
LOCAL = {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST", "ROS_DOMAIN_ID": "48"}
DRIVER = """
import sys
from launch import LaunchService
from launch.actions import IncludeLaunchDescription
from launch import LaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
file, *arguments = sys.argv[1:]
pairs = [argument.split(":=", 1) for argument in arguments]
service = LaunchService(argv=arguments)
service.include_launch_description(LaunchDescription([
    IncludeLaunchDescription(PythonLaunchDescriptionSource(file), launch_arguments=pairs)]))
sys.exit(service.run())
"""
needs_the_package = pytest.mark.skipif(
    not os.environ.get("AMENT_PREFIX_PATH") or "swarm_consensus" not in index.get_packages_with_prefixes(),
    reason="the package is not installed with its data files: pip install . and set AMENT_PREFIX_PATH",
)


def nodes(file: Path, **arguments: str) -> list[Node]:
    """The nodes that a launch file starts."""
    context = LaunchContext()
    context.launch_configurations.update(arguments)
    waiting: list[Any] = list(get_launch_description_from_python_launch_file(str(file)).entities)
    found = []
    while waiting:
        entity = waiting.pop(0)
        if isinstance(entity, Node):
            entity._perform_substitutions(context)
            found.append(entity)
        else:
            waiting += entity.visit(context) or []
    return found


def test_a_swarm_is_a_world_and_a_node_for_each_robot_in_its_namespace() -> None:
    world, *robots = nodes(SWARM, world=str(SWAP))
    assert world.node_executable == "world_node"
    assert {robot.node_executable for robot in robots} == {"robot_node"}
    names = ["rover_west", "rover_east", "drone_south", "drone_north"]
    assert [robot.expanded_node_namespace for robot in robots] == [f"/{name}" for name in names]


def test_so_many_robots_as_are_asked_for() -> None:
    assert len(nodes(SWARM, world=str(ROOT / "worlds/rendezvous.yaml"), robots="5")) == 1 + 5


def test_a_robot_on_board_talks_over_the_air_and_to_its_vehicle() -> None:
    (robot,) = nodes(ROBOT, scenario=str(SWAP), robot="rover_west", odom="/gps/odom")
    assert robot.expanded_node_namespace == "/rover_west"
    assert set(robot.expanded_remapping_rules) == {("odom", "/gps/odom"), ("tx", "/swarm/air"), ("rx", "/swarm/air")}


@pytest.mark.parametrize(
    ("file", "arguments", "sentence"),
    [
        (SWARM, {"world": "rendezvos"}, "did you mean 'rendezvous'"),
        (SWARM, {"world": "alone", "seed": "x"}, "seed:=x: not a whole number"),
        (SWARM, {"world": "alone", "pace": "fats"}, "fats"),
        (ROBOT, {"scenario": str(SWAP), "robot": "rover_wst"}, "did you mean 'rover_west'"),
        (ROBOT, {"scenario": str(SWAP), "robot": "rover_west", "params_file": "/no"}, "params_file /no: no such file"),
    ],
)
def test_what_can_not_be_started_is_a_sentence(file: Path, arguments: dict[str, str], sentence: str) -> None:
    with pytest.raises(Exception, match=sentence):
        nodes(file, **arguments)


@needs_the_package
@pytest.mark.parametrize(("duration", "status"), [("35", 0), ("1", 1)])  # nobody arrives within a second
def test_a_launch_in_lockstep_ends_with_its_verdict(tmp_path: Path, duration: str, status: int) -> None:
    with launched(tmp_path, "pace:=fast", f"duration:={duration}") as running:
        said, _ = running.communicate(timeout=120)
    assert running.returncode == status, said
    assert json.loads((tmp_path / "run/verdict.json").read_text())["held"] == (status == 0)
    assert whole(tmp_path / "run"), said
    assert processes_that_name(str(tmp_path)) == []


@needs_the_package
def test_a_launch_that_is_interrupted_in_the_middle_leaves_a_whole_run_folder_and_no_process(tmp_path: Path) -> None:
    with launched(tmp_path, "pace:=fast", "duration:=3600") as running:
        assert running.stdout is not None
        begun = any("of 3600 s" in line for line in running.stdout)
        os.killpg(running.pid, signal.SIGINT)  # as a terminal does
        said, _ = running.communicate(timeout=120)
    assert begun, said
    assert running.returncode == 0, said
    verdict = json.loads((tmp_path / "run/verdict.json").read_text())
    assert not verdict["complete"]
    assert 0.0 < verdict["metrics"]["simulated_s"] < 3600.0
    assert whole(tmp_path / "run"), said
    assert processes_that_name(str(tmp_path)) == []


def launched(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """The world `alone`, launched for real into ``folder/run``."""
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            DRIVER,
            str(SWARM),
            "world:=alone",
            "physics:=kinematic",
            f"out:={folder / 'run'}",
            *arguments,
        ],
        env=os.environ | LOCAL | {"ROS_LOG_DIR": str(folder / "log"), "TMPDIR": str(folder)},
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def whole(folder: Path) -> bool:
    """Whether a run folder has all that a run writes."""
    wanted = {"report.html", "recording.mcap", "metadata.yaml", "world.yaml", "log.txt"}
    return wanted <= {path.name for path in folder.iterdir()}
