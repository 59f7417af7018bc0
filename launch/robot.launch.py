"""One robot, on board: its node in its namespace, with the vehicle's topics and the air."""

from pathlib import Path

import numpy as np
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from swarm_consensus.errors import InputError, nearest
from swarm_consensus.run.worlds import load
from swarm_consensus.simulation.placement import place

CONFIG = Path(__file__).resolve().parents[1] / "config"
TOPICS = {"odom": "odom", "cmd_vel": "cmd_vel", "tx": "/swarm/air", "rx": "/swarm/air"}


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            DeclareLaunchArgument("scenario", description="placed scenario, the world.yaml of a run folder"),
            DeclareLaunchArgument("robot", description="name of this robot in the scenario"),
            DeclareLaunchArgument("params_file", default_value="", description="default: that of the robot's vehicle"),
            DeclareLaunchArgument("seal", default_value="identity", description="identity, group, none or simulated"),
            DeclareLaunchArgument("keys", default_value="", description="folder ($SWARM_KEYS or ~/.swarm/keys)"),
            *(
                DeclareLaunchArgument(name, default_value=topic, description=f"topic to take for {name}")
                for name, topic in TOPICS.items()
            ),
            OpaqueFunction(function=_robot),
        ]
    )


def _robot(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    def argument(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    scenario, robot = Path(argument("scenario")).resolve(), argument("robot")
    params = Path(argument("params_file") or CONFIG / f"{_vehicle(scenario, robot)}.yaml").resolve()
    if not params.is_file():  # ROS would start the node without it
        raise InputError([f"params_file {params}: no such file"])
    own = {"scenario": str(scenario), "robot": robot, "seal": argument("seal"), "keys": argument("keys")}
    return [
        Node(
            package="swarm_consensus",
            executable="robot_node",
            namespace=robot,
            parameters=[str(params), {name: ParameterValue(value, value_type=str) for name, value in own.items()}],
            remappings=[(name, argument(name)) for name in TOPICS if argument(name) != name],
            output="screen",
        )
    ]


def _vehicle(scenario: Path, robot: str) -> str:
    """Look the robot's vehicle up in the scenario."""
    roster = {placed.name: placed.vehicle for placed in place(load(scenario), np.random.default_rng(0))}
    if robot not in roster:
        raise InputError([f"{scenario}: no robot is named '{robot}'{nearest(robot, list(roster))}"])
    return roster[robot]
