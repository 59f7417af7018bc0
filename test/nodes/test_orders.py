"""What a node is told at its start: every mistake is one sentence, and exit status 2."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from swarm_consensus.errors import SwarmError
from swarm_consensus.network import key_files
from swarm_consensus.nodes import robot_node, world_node
from swarm_consensus.nodes.executor import INTERRUPTED, run_main, session
from swarm_consensus.nodes.orders import TYPES, Orders, Seal, check_orders, load_agent, warning
from swarm_consensus.nodes.parameters import check_types, read_parameters
from swarm_consensus.nodes.world_node import check_options
from swarm_consensus.robot.agent import Agent
from swarm_consensus.robot.devices import EXECUTOR
from swarm_consensus.robot.state import Odometry, Stimulus

SWAP = str(Path(__file__).parents[2] / "worlds" / "swap.yaml")
SHARED = """
file_version: 1
name: shared
bounds_m: [[-9, -9], [9, 9]]
radio: {range_m: 9}
robots:
  - {name: a, vehicle: rover, position_m: [0, 0]}
  - {name: b, vehicle: rover, position_m: [1, 0]}
agreement: {}
duration_s: 8
"""
PLACED = ("-p", f"scenario:={SWAP}", "-p", "robot:=rover_west")


def at(tick: int, frames: tuple[bytes, ...] = ()) -> Stimulus:
    upright = np.array([0.0, 0.0, 0.0, 1.0])
    return Stimulus(tick, Odometry(tick, np.zeros(3), upright, np.zeros(3), np.zeros(3)), frames)


def sentence(error: pytest.ExceptionInfo[SwarmError]) -> str:
    text = str(error.value)
    assert text
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"scenari": "x"}, "parameter scenari is unknown; did you mean 'scenario'?"),
        ({"Robot": "x"}, "parameter Robot is unknown; did you mean 'robot'?"),
        ({"zzz": 1}, "parameter zzz is unknown; known are scenario, robot, pace, stamped, rejoin"),
        ({"robot": 1}, "parameter robot is 1, must be a string"),
        ({"robot": None}, "parameter robot is None, must be a string"),
        ({"stamped": "yes"}, "parameter stamped is 'yes', must be true or false"),
        ({"stamped": 1}, "parameter stamped is 1, must be true or false"),
        ({"rejoin": 0.0}, "parameter rejoin is 0.0, must be true or false"),
        ({"scenario": ["a"]}, "parameter scenario is ['a'], must be a string"),
    ],
    ids=str,
)
def test_an_unknown_parameter_or_a_wrong_type_is_a_sentence(given: dict[str, Any], said: str) -> None:
    with pytest.raises(SwarmError) as error:
        check_types(given, TYPES)
    assert sentence(error).startswith(said)


def test_a_whole_number_is_no_duration_and_true_is_no_seed() -> None:
    with pytest.raises(SwarmError, match=r"parameter duration is 10, must be a number such as 1\.0"):
        check_types({"duration": 10}, world_node.TYPES)
    with pytest.raises(SwarmError, match="parameter seed is True, must be a whole number"):
        check_types({"seed": True}, world_node.TYPES)


@pytest.mark.parametrize(
    ("given", "namespace", "said"),
    [
        ({"robot": "a"}, "/", "parameter scenario is missing"),
        ({"robot": "a", "scenario": ""}, "/", "parameter scenario is missing"),
        ({"scenario": "w"}, "/", "parameter robot is missing, and no namespace"),
        (
            {"scenario": "w", "robot": "a", "pace": "lockstp"},
            "/",
            "parameter pace is 'lockstp', must be clock or lockstep; did you mean 'lockstep'?",
        ),
        (
            {"scenario": "w", "robot": "a", "seal": "identiy"},
            "/",
            "parameter seal is 'identiy', must be one of identity, group, none, simulated; did you mean 'identity'?",
        ),
        ({"scenario": "w", "robot": "a", "pace": ""}, "/", "parameter pace is '', must be clock or lockstep"),
        ({"scenario": "w", "pace": "lockstep", "stamped": False}, "/a", "parameter stamped is false, must be true in"),
    ],
    ids=str,
)
def test_orders_that_can_not_be_followed_are_a_sentence(given: dict[str, Any], namespace: str, said: str) -> None:
    with pytest.raises(SwarmError) as error:
        check_orders(given, namespace)
    assert sentence(error).startswith(said)


def test_the_namespace_names_the_robot_and_the_parameter_comes_first() -> None:
    assert check_orders({"scenario": "w"}, "/fleet/rover_1") == Orders(Path("w"), "rover_1")
    assert check_orders({"scenario": "w", "robot": "b"}, "/a").robot == "b"


def test_every_order_is_a_parameter_of_its_type() -> None:
    assert list(TYPES) == list(Orders.__dataclass_fields__)


def test_a_robot_that_is_not_in_the_scenario_is_a_sentence_with_the_nearest_name() -> None:
    with pytest.raises(SwarmError) as error:
        load_agent(Orders(Path(SWAP), "rover_wst"))
    assert sentence(error) == f"{SWAP}: no robot is named 'rover_wst'; did you mean 'rover_west'?"


def test_a_disk_of_another_robot_or_of_a_newer_version_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "world.yaml").write_text(SHARED)
    load_agent(Orders(tmp_path / "world.yaml", "a", seal="none")).close()
    (tmp_path / "facts" / "a.sqlite").rename(tmp_path / "facts" / "b.sqlite")
    with pytest.raises(SwarmError, match=r"b\.sqlite belongs to robot 'a', not to 'b'"):
        load_agent(Orders(tmp_path / "world.yaml", "b", seal="none"))
    base = sqlite3.connect(tmp_path / "facts" / "b.sqlite")
    base.execute("UPDATE about SET format = 99")
    base.commit()
    base.close()
    with pytest.raises(SwarmError, match="has format 99, this version reads up to 1; update it"):
        load_agent(Orders(tmp_path / "world.yaml", "b", seal="none"))
    (tmp_path / "taken").write_text("")
    with pytest.raises(SwarmError, match="taken can't be made"):
        load_agent(Orders(tmp_path / "world.yaml", "b", storage=tmp_path / "taken", seal="none"))


def test_a_robot_that_comes_back_holds_no_link_of_the_start() -> None:
    assert load_agent(Orders(Path(SWAP), "rover_west", seal="none")).config.start_links
    assert not load_agent(Orders(Path(SWAP), "rover_west", rejoin=True, seal="none")).config.start_links


def test_without_its_keys_a_robot_does_not_start_and_says_so_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SwarmError) as error:
        load_agent(Orders(Path(SWAP), "rover_west", keys=tmp_path))
    said = sentence(error)
    assert "rover_west.pub: does not exist; 'swarm keys new' makes keys" in said
    assert said.endswith("seal:=none goes without, and anybody is believed")


@pytest.mark.parametrize("kind", ["identity", "group"])
def test_robots_with_keys_from_files_hear_each_other_and_nobody_else(tmp_path: Path, kind: Any) -> None:
    names = ("rover_west", "rover_east", "drone_south", "drone_north")
    for name in names:
        key_files.new_key(tmp_path, name)
    key_files.new_group(tmp_path, "swap")

    def agent(name: str, **changes: Any) -> Agent:
        return load_agent(Orders(Path(SWAP), name, **{"keys": tmp_path, "seal": kind, **changes}))

    def refused(hearer: Agent, *speakers: Agent) -> dict[str, int]:
        frames = [each.tick(at(5)).frame for each in speakers]
        status = hearer.tick(at(6, tuple(frames))).status
        assert status is not None
        return dict(status.refused)

    assert refused(agent("rover_west"), agent("rover_east"), agent("drone_south")) == {}
    assert refused(agent("rover_west"), agent("rover_east", seal="none")) == {"garbage": 1}
    if kind == "identity":
        assert refused(agent("rover_west"), agent("rover_east", swarm="swop")) == {"forged": 1}
    before, again = agent("rover_east").tick(at(5)).frame, agent("rover_west")
    again.tick(at(6, (before,)))
    status = agent("rover_west").tick(at(7, (before,))).status  # started anew: its marks are on disk
    assert status is not None
    assert dict(status.refused) == {"replayed": 1}


def test_the_executor_of_jobs_is_known_by_its_key_and_needed_where_there_are_jobs(tmp_path: Path) -> None:
    (tmp_path / "world.yaml").write_text(
        SHARED.replace("agreement: {}", "agreement: {jobs: [{name: tea, every_s: 5}]}")
    )
    for name in ("a", "b"):
        key_files.new_key(tmp_path, name)
    orders = Orders(tmp_path / "world.yaml", "a", keys=tmp_path)
    with pytest.raises(SwarmError) as error:
        load_agent(orders)
    assert "executor.pub: does not exist" in sentence(error)
    key = key_files.new_key(tmp_path, EXECUTOR)
    agent = load_agent(orders)
    agent.close()
    assert agent.config.trust is not None
    assert [(name, known.key) for name, known in agent.config.trust.devices] == [(EXECUTOR, key)]


def test_a_dock_that_arbitrates_is_known_by_its_key_and_needed_where_docks_are_claimed(tmp_path: Path) -> None:
    claimed = "claims: {}\nbattery: {capacity_j: 900}\ndocks: [{name: west, position_m: [0, 3]}]"
    world = SHARED.replace("agreement: {}", claimed).replace("range_m: 9}", "range_m: 30}")
    (tmp_path / "world.yaml").write_text(world)
    for name in ("a", "b"):
        key_files.new_key(tmp_path, name)
    orders = Orders(tmp_path / "world.yaml", "a", keys=tmp_path)
    with pytest.raises(SwarmError) as error:
        load_agent(orders)
    assert "dock_west.pub: does not exist" in sentence(error)
    key = key_files.new_key(tmp_path, "dock_west")
    agent = load_agent(orders)
    agent.close()
    assert agent.config.trust is not None
    assert [(name, known.key) for name, known in agent.config.trust.devices] == [("dock_west", key)]


def test_what_is_weaker_than_the_default_is_said_aloud() -> None:
    said = {seal: warning(Orders(Path(SWAP), "a", seal=seal)) for seal in get_args(Seal)}
    assert said["identity"] == ""
    assert said["none"].startswith("seal is none: frames are not authenticated")
    assert said["group"].startswith("seal is group: ")
    assert said["simulated"].startswith("seal is simulated: ")


def test_an_even_number_of_voters_is_said_where_a_robot_starts(tmp_path: Path) -> None:
    for voters, said in (
        ("[a, b]", ["2 voters stand no more crashes than 1 would, 0; take an odd number"]),
        ("[a]", []),
    ):
        world = tmp_path / "world.yaml"
        world.write_text(SHARED.replace("agreement: {}", f"agreement: {{voters: {voters}}}"))
        orders = Orders(world, "a", seal="none", storage=tmp_path / voters)
        agent = load_agent(orders)
        assert robot_node.notes(orders, agent.config)[1:] == said
        agent.close()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "parameter world is missing"),
        ({"world": "swap", "pace": "clock"}, "parameter pace is 'clock', must be fast or realtime"),
        ({"world": "swap", "pace": "fst"}, "parameter pace is 'fst', must be fast or realtime; did you mean 'fast'?"),
        ({"world": "swap", "physics": "bulet"}, "parameter physics is 'bulet', must be pybullet or kinematic; did"),
    ],
    ids=str,
)
def test_a_world_that_can_not_be_run_is_a_sentence(given: dict[str, Any], said: str) -> None:
    with pytest.raises(SwarmError) as error:
        check_options(given)
    assert sentence(error).startswith(said)


def main(run: Any, capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Run a node's main in this process; return its exit status and what it says itself, without ROS' own log lines."""
    status = run_main(run, ["node", *arguments])
    lines = capfd.readouterr().err.splitlines()
    return status, "\n".join(line for line in lines if not line.startswith("[") and line)


@pytest.mark.usefixtures("domain")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--ros-args", "-p", "scenari:=x"), "parameter scenari is unknown; did you mean 'scenario'?"),
        (("--ros-args", "-p", "robot:=1"), "parameter robot is 1, must be a string"),
        (("--ros-args", "-p", "robot:=a"), "parameter scenario is missing"),
        (("--ros-args", *PLACED[:2], "-r", "__ns:=/rover_wst"), f"{SWAP}: no robot is named 'rover_wst'; did you mean"),
        (("--ros-args", *PLACED, "-p", "pace:=realtime"), "parameter pace is 'realtime', must be clock or lockstep"),
        (
            ("--ros-args", *PLACED, "-p", "use_sim_time:=maybe"),
            "parameter use_sim_time is 'maybe', must be true or false",
        ),
        (("--ros-args", "-p", "scenario:=/no/such/place", "-p", "robot:=a"), "/no/such/place: there is no folder"),
        (("--ros-args", "-p", "robot"), "ROS does not start: "),
        (("--ros-args", "--params-file", "/no/such/file"), "ROS does not start: "),
        (
            ("--ros-args", *PLACED, "-p", "start_type_description_service:=5"),
            "parameter start_type_description_service is 5, must",
        ),
        (("rover_1",), "robot takes no argument 'rover_1'"),
    ],
    ids=lambda value: " ".join(value[1:]) if isinstance(value, tuple) else "",
)
def test_a_robot_node_that_can_not_start_says_one_sentence(
    capfd: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    status, lines = main(robot_node.run, capfd, *arguments)
    assert status == 2
    assert lines.startswith(said)
    assert "\n" not in lines


@pytest.mark.usefixtures("domain")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "parameter world is missing"),
        (("-p", "word:=swap"), "parameter word is unknown; did you mean 'world'?"),
        (("-p", "world:=swop"), "there is no world 'swop'; did you mean 'swap'?"),
        (("-p", "world:=swap", "-p", "seed:=-1"), "--seed is -1, must be at least 0"),
        (("-p", "world:=swap", "-p", "duration:=-1.0"), "--duration is -1, must be between"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_world_node_that_can_not_start_says_one_sentence_and_writes_nothing(
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    status, lines = main(world_node.run, capfd, "--ros-args", *arguments)
    assert status == 2
    assert lines.startswith(said)
    assert "\n" not in lines
    assert list(tmp_path.iterdir()) == []


def test_a_domain_that_is_no_number_is_a_sentence(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", "abc")
    status, lines = main(robot_node.run, capfd, "--ros-args", *PLACED)
    assert status == 2
    assert lines.startswith("ROS does not start: ")
    assert "\n" not in lines


@pytest.mark.usefixtures("domain")
def test_parameters_of_ros_itself_are_left_to_it() -> None:
    arguments = ["robot", "--ros-args", *PLACED, "-p", "use_sim_time:=true", "-r", "__ns:=/fleet/a"]
    with session(arguments):
        given, namespace = read_parameters(arguments, "robot", TYPES)
    assert given == {"scenario": SWAP, "robot": "rover_west"}
    assert namespace == "/fleet/a"


def test_interrupted_before_it_runs_it_ends_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(_: list[str]) -> int:
        raise KeyboardInterrupt

    assert run_main(interrupted, []) == INTERRUPTED
    assert capsys.readouterr().err == ""


def test_a_mistake_of_ours_is_not_hidden() -> None:
    def wrong(_: list[str]) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_main(wrong, [])


@pytest.mark.usefixtures("domain")
def test_the_program_exits_with_2_and_without_a_traceback() -> None:
    command = [sys.executable, "-m", "swarm_consensus.nodes.robot_node", "--ros-args", "-p", "pase:=clock"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 2
    assert result.stderr.startswith("parameter pase is unknown; did you mean 'pace'?")
    assert result.stderr.count("\n") == 1
