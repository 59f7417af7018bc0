"""A world and its robots, each its own process: ``ros2 launch swarm_consensus swarm.launch.py world:=rendezvous``.

``ros2 launch`` ends with exit status 0 if every expectation of the world held, or if the run was interrupted; else 1.
"""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, OpaqueFunction, RegisterEventHandler, Shutdown
from launch.event_handlers import OnShutdown
from launch.events.process import ProcessExited
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from swarm_consensus.errors import InputError, SwarmError
from swarm_consensus.run.options import Options
from swarm_consensus.run.run import resolve
from swarm_consensus.simulation.loading import dump
from swarm_consensus.simulation.placement import PlacedRobot, as_placed, place

PATIENCE_S = "60"  # from SIGTERM to SIGKILL, for recording and report to be written; else 5 s
WELL = (0, 130)  # exit status of the world's node: every expectation held, interrupted


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            DeclareLaunchArgument("world", description="a scenario file, or the name of a world"),
            DeclareLaunchArgument("seed", default_value="0", description="of starts, radio and noise"),
            DeclareLaunchArgument("robots", default_value="", description="so many instead of the world's"),
            DeclareLaunchArgument("duration", default_value="", description="s, instead of the world's"),
            DeclareLaunchArgument("out", default_value="", description="run folder (runs/<world>-seed<seed>)"),
            DeclareLaunchArgument(
                "physics", default_value="", choices=["", "pybullet", "kinematic"], description="pybullet if installed"
            ),
            DeclareLaunchArgument(
                "pace",
                default_value="realtime",
                choices=["realtime", "fast"],
                description="by the clock or in lockstep",
            ),
            OpaqueFunction(function=_swarm),
        ]
    )


def _swarm(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Place the world once, and start all that is in it."""

    def argument(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    def number(name: str, kind: Callable[[str], float]) -> float | None:
        text = argument(name)
        try:
            return kind(text) if text else None
        except ValueError:
            raise InputError([f"{name}:={text}: not a {'whole ' if kind is int else ''}number"]) from None

    seed = number("seed", int) or 0
    scenario = resolve(Options(argument("world"), number("robots", int), seed, duration=number("duration", float)))
    robots = place(scenario, np.random.default_rng(seed).spawn(2)[0])  # as `swarm run` does
    folder = TemporaryDirectory(prefix="swarm_consensus_")
    path = Path(folder.name) / "world.yaml"
    path.write_text(dump(as_placed(scenario, robots)), encoding="utf-8")
    world = {"seed": seed, "world": _text(path)}
    world |= {name: _text(argument(name)) for name in ("physics", "pace", "out")}
    return [
        RegisterEventHandler(OnShutdown(on_shutdown=lambda *_: folder.cleanup())),
        Node(
            package="swarm_consensus",
            executable="world_node",
            parameters=[world],
            output="screen",
            sigkill_timeout=PATIENCE_S,
            on_exit=_ended,
        ),
        *(_robot(robot, path, argument("pace")) for robot in robots),
    ]


def _ended(event: ProcessExited, context: LaunchContext) -> Shutdown:
    """End the launch with the run; only by an exception does ``ros2 launch`` come to an exit status other than 0."""
    if event.returncode not in WELL and not context.is_shutdown:
        how = "did not hold" if event.returncode == 1 else "could not be judged"
        raise SwarmError(f"the world's expectations {how}: world_node ended with exit status {event.returncode}")
    return Shutdown(reason="the run has ended")


def _robot(robot: PlacedRobot, world: Path, pace: str) -> Node:
    live = pace == "realtime"
    return Node(
        package="swarm_consensus",
        executable="robot_node",
        namespace=robot.name,
        parameters=[
            {"scenario": _text(world), "robot": _text(robot.name)},
            {"pace": "clock" if live else "lockstep", "use_sim_time": live, "seal": "simulated"},
        ],
        output="screen",
    )


def _text(value: object) -> ParameterValue:
    """Keep a string a string, whatever it would mean in YAML."""
    return ParameterValue(str(value), value_type=str)
