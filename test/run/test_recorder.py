"""The recording: what rosbags reads back is what was recorded, to the bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from rosbags.highlevel import AnyReader

from swarm_consensus.robot.state import Odometry, Status, Value
from swarm_consensus.run.recorder import Recorder
from swarm_consensus.simulation.record import TickRecord
from swarm_consensus.simulation.world import Truth


def record(tick: int, rng: np.random.Generator) -> TickRecord:
    level = np.tile([0.0, 0.0, 0.0, 1.0], (2, 1))  # upright: body and world frame agree
    truth = Truth(rng.normal(size=(2, 3)), level, rng.normal(size=(2, 3)), rng.normal(size=(2, 3)))
    odometry = tuple(
        Odometry(tick, rng.normal(size=3), level[0], rng.normal(size=3), rng.normal(size=3)) for _ in range(2)
    )
    status = Status("moving", np.zeros(3), np.zeros(3), np.zeros(3), ("b",), (), ("near b",), 0)
    return TickRecord(
        tick,
        tick / 20,
        truth,
        odometry,
        rng.normal(size=(2, 4)),
        np.array([True, False]),
        (None, None),
        (status, None),
        {},
    )


def test_values_of_quantities_and_their_spread_are_recorded_at_every_tick(tmp_path: Path) -> None:
    first = record(0, np.random.default_rng(0))
    status = replace(first.status[0], values=(Value("heat", np.array([1.5]), 2.0),))
    recorder = Recorder(["a", "b", "c"], rate=20)
    three = {name: np.zeros((3, 3)) for name in ("position", "velocity", "angular_velocity")}
    truth = Truth(orientation=np.tile([0.0, 0.0, 0.0, 1.0], (3, 1)), **three)
    told = (((1.5,), (1.0, 2.0)), ((3.5,), (np.nan, np.nan)), None)
    changed = {"odometry": first.odometry[:1] * 3, "command": np.zeros((3, 4)), "alive": np.ones(3, dtype=bool)}
    recorder.record(replace(first, truth=truth, values=told, status=(status, None, None), **changed))
    recorder.write(tmp_path)
    with AnyReader([tmp_path]) as reader:
        found = {c.topic: reader.deserialize(raw, c.msgtype) for c, _, raw in reader.messages()}
    assert found["/a/values"].data.tolist() == [1.5, 1.0, 2.0]
    np.testing.assert_array_equal(found["/b/values"].data, [3.5, np.nan, np.nan])
    assert "/c/values" not in found
    assert found["/values_spread"].data.tolist() == [2.0, 0.0]
    pairs = {pair.key: pair.value for pair in found["/a/status"].status[0].values}
    assert (pairs["value heat"], pairs["spread heat"]) == ("1.5", "2.0")


def test_a_recording_reads_back_to_the_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    records = [record(tick, rng) for tick in range(41)]
    recorder = Recorder(["a", "b"], rate=20)
    for item in records:
        recorder.record(item)
    recorder.write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"recording.mcap", "metadata.yaml"}
    with AnyReader([tmp_path]) as reader:
        found: dict[str, list] = {}
        for connection, stamp, raw in reader.messages():
            found.setdefault(connection.topic, []).append((stamp, reader.deserialize(raw, connection.msgtype)))
    assert len(found["/a/ground_truth"]) == 41
    for item, (stamp, message) in zip(records, found["/b/ground_truth"], strict=True):
        assert stamp == item.tick * 50_000_000
        point, speed = message.pose.pose.position, message.twist.twist.linear
        assert (point.x, point.y, point.z) == tuple(item.truth.position[1])
        assert (speed.x, speed.y, speed.z) == tuple(item.truth.velocity[1])
    for item, (_, message) in zip(records, found["/a/odom"], strict=True):
        assert message.pose.pose.position.x == item.odometry[0].position[0]
    assert [message.twist.angular.z for _, message in found["/a/cmd_vel"]] == [item.command[0, 3] for item in records]
    assert "/b/cmd_vel" not in found  # it is dead
    assert len(found["/a/status"]) == 3  # once a second
    assert found["/a/status"][0][1].status[0].message == "moving"


def test_the_digest_tells_runs_apart() -> None:
    def digest(seed: int) -> str:
        recorder = Recorder(["a", "b"], rate=20)
        recorder.record(record(0, np.random.default_rng(seed)))
        return recorder.digest

    assert digest(0) == digest(0) != digest(1)


def test_an_empty_run_is_still_a_recording(tmp_path: Path) -> None:
    Recorder(["a"], rate=20).write(tmp_path)
    assert (tmp_path / "recording.mcap").is_file()
