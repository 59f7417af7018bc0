"""A ground station: RViz's goal tool, signed by an operator, for a swarm on the air or in a simulated world."""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

ARGUMENTS = {
    "keys": "folder of keys ($SWARM_KEYS or ~/.swarm/keys)",
    "swarm": "for which swarm signatures are (the scenario's name)",
    "robot": "of a simulated world, by whose topics to talk",
}


def generate_launch_description() -> LaunchDescription:
    names = ("scenario", "operator", "seal", *ARGUMENTS)
    return LaunchDescription(
        [
            DeclareLaunchArgument("scenario", description="placed scenario, the same as on the robots"),
            DeclareLaunchArgument("operator", description="who signs, with the private key NAME.key"),
            DeclareLaunchArgument("seal", default_value="identity", description="identity, group, none or simulated"),
            *(DeclareLaunchArgument(name, default_value="", description=words) for name, words in ARGUMENTS.items()),
            Node(
                package="swarm_consensus",
                executable="ground_station",
                parameters=[{name: ParameterValue(LaunchConfiguration(name), value_type=str) for name in names}],
                output="screen",
            ),
        ]
    )
