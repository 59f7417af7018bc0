"""ROS parameters read strictly: an unknown name or a wrong type is a sentence, never a silent default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rclpy.node import Node
from rclpy.utilities import remove_ros_args

from swarm_consensus.errors import SwarmError, nearest

_KINDS = {bool: "true or false", str: "a string", int: "a whole number", float: "a number such as 1.0"}
_OF_ROS = {"use_sim_time": bool, "start_type_description_service": bool}  # parameters that every node has


def read_parameters(arguments: list[str], node: str, types: Mapping[str, type]) -> tuple[dict[str, Any], str]:
    """Read a node's parameters before the node is made, for what it is made of.

    Parameters
    ----------
    arguments
        Command line, program name first, as it was given to `session`.
    node
        Name of the node.
    types
        Known parameters.

    Returns
    -------
    dict, str
        Values by name, without those that were not given; and the node's namespace.

    Raises
    ------
    SwarmError
        If an argument or a parameter is unknown, a parameter has the wrong type, or ROS makes no node.
    """
    left = remove_ros_args(arguments)[1:]
    if left:
        raise SwarmError(f"{node} takes no argument '{left[0]}'; parameters are given as --ros-args -p name:=value")
    try:
        probe = Node(
            node,
            enable_rosout=False,
            start_parameter_services=False,
            automatically_declare_parameters_from_overrides=True,
        )
    except RuntimeError as error:  # the one type that rclpy gives all its reasons
        raise SwarmError(f"ROS does not start: {str(error).splitlines()[0]}") from error
    try:
        given = {name: parameter.value for name, parameter in probe.get_parameters_by_prefix("").items()}
        check_types({name: value for name, value in given.items() if name in _OF_ROS}, _OF_ROS)
        own = {name: value for name, value in given.items() if not _of_ros(name)}
        return check_types(own, types), probe.get_namespace()
    finally:
        probe.destroy_node()


def check_types(given: dict[str, Any], types: Mapping[str, type]) -> dict[str, Any]:
    """Return the parameters as they are if all are known and of their type.

    Raises
    ------
    SwarmError
        Otherwise.
    """
    for name, value in given.items():
        if name not in types:
            raise SwarmError(f"parameter {name} is unknown{nearest(name, types)}; known are {', '.join(types)}")
        if type(value) is not types[name]:
            raise SwarmError(f"parameter {name} is {value!r}, must be {_KINDS[types[name]]}")
    return given


def _of_ros(name: str) -> bool:
    return name in _OF_ROS or name.startswith("qos_overrides.")
