"""What one robot's node is told at its start: its ROS parameters, checked, and the agent that they describe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

import numpy as np

from swarm_consensus.errors import SwarmError, nearest
from swarm_consensus.robot.agent import Agent
from swarm_consensus.run.disks import FOLDER, FolderDisk, open_disk
from swarm_consensus.run.worlds import load
from swarm_consensus.simulation.fleet import agent_configs
from swarm_consensus.simulation.placement import place

Pace = Literal["lockstep", "clock"]


@dataclass(frozen=True, slots=True)
class Orders:
    """Parameters of a robot's node. They are read once; changing them later has no effect."""

    scenario: Path  # string: the placed scenario, the world.yaml of a run folder
    robot: str  # string: its name in the scenario; default: the last part of the namespace
    pace: Pace = "clock"  # string: clock (ROS time), or lockstep (a simulation that waits for every answer)
    stamped: bool = True  # bool: cmd_vel is a TwistStamped, otherwise a Twist
    rejoin: bool = False  # bool: it comes back after a crash, so its place says nothing about its links
    storage: Path | None = None  # string: folder of its log, if there is one; default: `facts` beside the scenario


TYPES = {"scenario": str, "robot": str, "pace": str, "stamped": bool, "rejoin": bool, "storage": str}


def check_orders(given: Mapping[str, Any], namespace: str) -> Orders:
    """Turn parameters into orders.

    Parameters
    ----------
    given
        Values by name.
    namespace
        Of the node; its last part is the default of ``robot``.

    Raises
    ------
    SwarmError
        If a parameter is missing or has a value it can't have.
    """
    robot = given.get("robot") or namespace.rpartition("/")[2]
    if not robot:
        raise SwarmError("parameter robot is missing, and no namespace (__ns) names the robot in its place")
    if not given.get("scenario"):
        raise SwarmError("parameter scenario is missing: the path of a placed world file, as runs/<run>/world.yaml")
    pace = given.get("pace", "clock")
    if pace not in get_args(Pace):
        raise SwarmError(f"parameter pace is '{pace}', must be clock or lockstep{nearest(pace, get_args(Pace))}")
    stamped = given.get("stamped", True)
    if pace == "lockstep" and not stamped:
        raise SwarmError("parameter stamped is false, must be true in lockstep: the stamp says which tick it answers")
    storage = Path(given["storage"]) if given.get("storage") else None
    return Orders(Path(given["scenario"]), robot, cast("Pace", pace), stamped, given.get("rejoin", False), storage)


def load_agent(orders: Orders) -> Agent:
    """Make the agent of one robot of a placed scenario.

    Raises
    ------
    SwarmError
        If the scenario is bad or has no such robot, or its disk can't be used.
    """
    scenario = load(orders.scenario)
    robots = place(scenario, np.random.default_rng(0))
    names = [robot.name for robot in robots]
    if orders.robot not in names:
        raise SwarmError(f"{orders.scenario}: no robot is named '{orders.robot}'{nearest(orders.robot, names)}")
    config = agent_configs(scenario, robots, rejoin=orders.rejoin)[names.index(orders.robot)]
    folder = orders.storage or orders.scenario.parent / FOLDER
    disk = FolderDisk(folder / orders.robot)
    if config.facts is None:
        return Agent(config, disk=disk)
    return Agent(config, open_disk(folder, orders.robot, config.facts.config(len(robots))), disk=disk)
