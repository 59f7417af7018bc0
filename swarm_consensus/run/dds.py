"""The runner over DDS: the world's node in this process, the robots' nodes here or in a process each."""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path
from typing import Literal

from swarm_consensus.errors import SwarmError
from swarm_consensus.robot.agent import Agent
from swarm_consensus.run.children import Children
from swarm_consensus.run.disks import Disks
from swarm_consensus.run.environment import local_domain
from swarm_consensus.run.options import Pace, Processes
from swarm_consensus.simulation.engine import Simulation

_LOG = logging.getLogger(__name__)
_MESSAGES = (
    "diagnostic_msgs",
    "geometry_msgs",
    "nav_msgs",
    "rosgraph_msgs",
    "sensor_msgs",
    "std_msgs",
    "visualization_msgs",
)
OVER_DDS = "--transport dds"
_ROS = ("rclpy", *_MESSAGES, "std_srvs")


def check_ros(what: str = OVER_DDS) -> None:
    """Look whether ROS is there, without loading it.

    Parameters
    ----------
    what
        For what it is needed.

    Raises
    ------
    SwarmError
        If it is not, with what to do.
    """
    missing = [name for name in _ROS if importlib.util.find_spec(name) is None]
    if missing:
        raise SwarmError(_advice(f"{', '.join(missing)} not found", what))


def run_dds(
    simulation: Simulation,
    world_file: Path,
    *,
    processes: Processes = "each",
    pace: Pace = "fast",
    disks: Disks | None = None,
) -> tuple[str, ...]:
    """Run a simulation to its end over DDS.

    Parameters
    ----------
    simulation
        At its first tick.
    world_file
        The same scenario, placed; every robot's process reads it.
    processes
        ``each``: a process for each robot; ``one``: all nodes in this process.
    pace
        ``fast``: lockstep, with the trajectory of the runner in memory, bit for bit; ``realtime``: by the wall clock.
    disks
        Of robots in this process; those with one of their own have files beside the world's.

    Returns
    -------
    tuple of str
        A sentence for each robot whose node ended by itself or hung.

    Raises
    ------
    KeyboardInterrupt
        On SIGINT or SIGTERM, once all children are gone.
    SwarmError
        If ROS is not installed, or the world makes no progress.
    """
    with local_domain() as domain:
        _LOG.info("ROS_DOMAIN_ID is %d: who joins, as 'swarm log ROBOT --live' does, needs the same", domain)
        try:
            from swarm_consensus.nodes.composed import Composed  # noqa: PLC0415 (ROS is optional)
            from swarm_consensus.nodes.executor import session  # noqa: PLC0415
            from swarm_consensus.nodes.hosting import host  # noqa: PLC0415
        except ImportError as error:
            raise SwarmError(_advice(str(error))) from error
        robots_pace: Literal["lockstep", "clock"] = "lockstep" if pace == "fast" else "clock"
        names = [robot.name for robot in simulation.robots]
        make = (disks or Disks()).making(Agent)
        with session():
            if processes == "one":
                return host(simulation, lambda loop: Composed(simulation, loop, robots_pace, make), pace)
            return host(simulation, lambda _: Children(world_file, names, robots_pace), pace)


def _advice(reason: str, what: str = OVER_DDS) -> str:
    advice = f"{what} needs ROS 2 ({reason}): pip install 'swarm_consensus[ros]', or source a ROS distribution"
    return f"{advice}; --transport memory needs neither" if what == OVER_DDS else advice
