"""Lockstep over DDS: the trajectory of the runner in memory, bit for bit, and a run that nothing can hang."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from processes import processes_that_name

from swarm_consensus.agreement.raft.membership import members
from swarm_consensus.agreement.raft.messages import Saved
from swarm_consensus.agreement.storage import Storage
from swarm_consensus.network import key_files
from swarm_consensus.run.worlds import load
from swarm_consensus.simulation.identities import secrets_of

HERE = Path(__file__).parent
PATIENCE_S = 180  # s of wall time, for a process that should be done in a few


def swarm(*arguments: str, driver: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    program = [str(HERE / "driver.py"), *driver] if driver else ["-m", "swarm_consensus.cli"]
    command = [sys.executable, *program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def verdict(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "verdict.json").read_text())


def digest(folder: Path, *arguments: str) -> str:
    world = ("run", "crash", "--physics", "kinematic", "--duration", "12", "--out", str(folder))
    result = swarm(*world, *arguments)
    assert result.returncode in (0, 1), result.stderr  # in 12 s nobody arrives yet
    return str(verdict(folder)["metrics"]["trajectory_sha256"])


@pytest.fixture(scope="module")
def in_memory(tmp_path_factory: pytest.TempPathFactory) -> str:
    return digest(tmp_path_factory.mktemp("memory") / "run", "--transport", "memory")


@pytest.mark.parametrize("processes", ["one", "each"])
@pytest.mark.parametrize("time", ["first", "second"])
def test_the_trajectory_is_that_of_the_runner_in_memory(
    tmp_path: Path, in_memory: str, processes: str, time: str
) -> None:
    # one robot dies at 4 s, another one at 6 s and comes back at 10 s
    assert digest(tmp_path / time, "--transport", "dds", "--processes", processes) == in_memory


AGREEING = """
file_version: 1
name: agreeing
bounds_m: [[-6, -6], [6, 6]]
radio: {range_m: 5, loss: 0.3, delay_s: 0.06, jitter_s: 0.05, duplicate: 0.1, reorder: 0.1}
robots:
  - {name: a, vehicle: rover, position_m: [-2, 0]}
  - {name: b, vehicle: rover, position_m: [0, 0]}
  - {name: c, vehicle: multirotor, position_m: [2, 0, 1]}
  - {name: d, vehicle: multirotor, position_m: [0, 2, 1]}
mission: {behaviour: rendezvous, agreed_goal: meeting}
quantities:
  - {name: heat, source: field, noise_std: 0.3, field: {base: 20, peaks: [{at_m: [1, 1], width_m: 2, weight: 5}]}}
  - {name: height, source: altitude, law: tracking, noise_std: 0.1, biases: {d: 0.5}, leak_1_s: 0.1}
  - {name: meeting, source: position, law: average}
lies: [{robot: d, quantity: meeting, kind: two_faced, value: [3, 3], amplitude: [1, 1]}]
faults: [{robot: c, crash_s: 2, restart_s: 4}]
battery: {capacity_j: 40, start: {d: 0.2}}
control: {lost_after_s: 1.5, max_age_s: 0.5}
duration_s: 6
"""


def agreed(folder: Path, *arguments: str) -> tuple[str, str]:
    folder.mkdir()
    (folder / "agreeing.yaml").write_text(AGREEING)
    world = ("run", str(folder / "agreeing.yaml"), "--physics", "kinematic", "--out", str(folder / "run"))
    result = swarm(*world, *arguments)
    assert result.returncode == 0, result.stderr
    metrics = verdict(folder / "run")["metrics"]
    return metrics["trajectory_sha256"], metrics["values_sha256"]


@pytest.mark.parametrize("processes", ["one", "each"])
def test_what_the_swarm_agrees_on_is_that_of_the_runner_in_memory(tmp_path: Path, processes: str) -> None:
    in_memory = agreed(tmp_path / "memory", "--transport", "memory")
    over_dds = agreed(tmp_path / "dds", "--transport", "dds", "--processes", processes)
    assert over_dds == in_memory
    assert agreed(tmp_path / "other", "--transport", "memory", "--seed", "1")[1] != in_memory[1]


SHARING = """
file_version: 1
name: sharing
bounds_m: [[-6, -6], [6, 6]]
radio: {range_m: 5, loss: 0.2, delay_s: 0.05, jitter_s: 0.05, partitions: [{from_s: 3, until_s: 5, groups: [[a]]}]}
robots:
  - {name: a, vehicle: rover, position_m: [-2, 0]}
  - {name: b, vehicle: rover, position_m: [0, 0]}
  - {name: c, vehicle: multirotor, position_m: [2, 0, 1]}
  - {name: d, vehicle: multirotor, position_m: [0, 2, 1]}
mission: {behaviour: rendezvous}
agreement: {voters: [a, b, c], election_s: 0.8, heartbeat_s: 0.15, delay_s: 0.15, report_s: 0.5}
security: {seal: identity}
faults: [{robot: b, crash_s: 6, restart_s: 7}]
control: {lost_after_s: 1.5, max_age_s: 0.5}
expect: {one_log: true, commits_at_least: 30}
duration_s: 11
"""


def shared(folder: Path, *arguments: str) -> tuple[str, list[Saved]]:
    folder.mkdir()
    (folder / "sharing.yaml").write_text(SHARING)
    world = ("run", str(folder / "sharing.yaml"), "--physics", "kinematic", "--out", str(folder / "run"))
    result = swarm(*world, *arguments)
    assert result.returncode == 0, result.stderr
    disks = []
    for robot in "abcd":
        disk = Storage(folder / "run" / "facts" / f"{robot}.sqlite", robot, members([0]))
        disks.append(disk.load())
        disk.close()
    assert key_files.leaks(folder, secrets_of(load(folder / "sharing.yaml"))) == []
    return verdict(folder / "run")["metrics"]["trajectory_sha256"], disks


def test_the_log_is_that_of_the_runner_in_memory_also_after_a_robot_was_killed(tmp_path: Path) -> None:
    in_memory = shared(tmp_path / "memory", "--transport", "memory")
    for processes in ("one", "each"):
        # with a process each, b is killed with SIGKILL at 6 s and starts anew from its file
        assert shared(tmp_path / processes, "--transport", "dds", "--processes", processes) == in_memory
    assert len(in_memory[1][0].entries) > 30


def test_a_process_that_dies_is_reported_and_the_rest_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    arguments = ("run", "swap", "--physics", "kinematic", "--transport", "dds", "--duration", "9", "--out", str(folder))
    result = swarm(*arguments, driver=("60", "kill:drone_north"))
    found = verdict(folder)
    assert result.returncode == 1
    assert any("drone_north" in note for note in found["notes"])
    assert found["complete"]
    assert found["metrics"]["ticks"] == 180
    assert found["metrics"]["alive_at_end"] == 3


def test_a_process_that_hangs_is_ended_and_reported(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    arguments = ("run", "swap", "--physics", "kinematic", "--transport", "dds", "--duration", "4", "--out", str(folder))
    swarm(*arguments, driver=("20", "stop:rover_east"))
    found = verdict(folder)
    assert any("rover_east" in note for note in found["notes"])
    assert found["metrics"]["ticks"] == 80


@pytest.mark.parametrize("processes", ["one", "each"])
def test_ctrl_c_ends_every_child_and_leaves_a_whole_run_folder(tmp_path: Path, processes: str) -> None:
    folder = tmp_path / "run"
    arguments = ("run", "swap", "--physics", "kinematic", "--transport", "dds", "--processes", processes)
    result = swarm(*arguments, "--out", str(folder), driver=("30", "interrupt"))
    assert result.returncode == 130
    assert "Traceback" not in result.stderr
    found = verdict(folder)
    assert not found["held"]
    assert any("interrupted" in note for note in found["notes"])
    assert {"report.html", "recording.mcap", "metadata.yaml", "world.yaml", "log.txt"} <= {
        p.name for p in folder.iterdir()
    }
    assert processes_that_name(str(folder)) == []


def test_real_time_pace_arrives_too(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    arguments = ("run", "swap", "--physics", "kinematic", "--transport", "dds", "--pace", "realtime", "--duration", "6")
    swarm(*arguments, "--out", str(folder))
    found = {expectation["name"]: expectation["held"] for expectation in verdict(folder)["expectations"]}
    assert found["contacts"]
    assert found["links_kept"]
    moved = verdict(folder)["metrics"]["path_length_m"]
    assert min(moved.values()) > 0.5
