"""A simulated world as a ROS 2 node of its own, for robots that somebody else starts, as ``ros2 launch`` does.

Robots stand behind the topics of `swarm_consensus.nodes.robot_node`, each in its namespace ``/<robot>``: the world
gives ``odom`` and ``rx`` and takes ``cmd_vel``, ``tx`` and ``status``; it publishes ``/clock`` (rosgraph_msgs/Clock,
s). It waits for all robots before the first tick. It can't take a robot's process away: one that crashes in the
scenario falls silent, and is still itself, memory and all, when its power comes back.

The parameters are those of `TYPES`. Exit status: 0 every expectation of the world held; 1 one did not; 2 bad
input; 130 interrupted.
"""

from __future__ import annotations

import importlib.util
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast, get_args

from rich.console import Console

from swarm_consensus.errors import SwarmError, nearest
from swarm_consensus.nodes.crew import Strangers
from swarm_consensus.nodes.executor import INTERRUPTED, run_main, session
from swarm_consensus.nodes.hosting import host
from swarm_consensus.nodes.parameters import read_parameters
from swarm_consensus.run.options import Options, Pace, Physics
from swarm_consensus.run.run import run as run_world
from swarm_consensus.run.run import show
from swarm_consensus.simulation.engine import Simulation

TYPES = {
    "world": str,  # a scenario file, or the name of a world that ships with the package
    "seed": int,  # of starts, radio and noise; robots must have been placed with the same one
    "physics": str,  # pybullet or kinematic; default: pybullet if it is installed
    "pace": str,  # realtime (robots with pace clock) or fast (robots with pace lockstep)
    "duration": float,  # s, instead of the scenario's
    "out": str,  # run folder; default: runs/<world>-seed<seed>
}


def check_options(given: Mapping[str, Any]) -> Options:
    """Turn parameters into the options of a run.

    Parameters
    ----------
    given
        Values by name, of the right types; an empty string counts as not given.

    Raises
    ------
    SwarmError
        If the world is missing, or physics or pace are none that there are.
    """
    if not given.get("world"):
        raise SwarmError("parameter world is missing: a scenario file, or the name of a world")
    physics = given.get("physics") or ("pybullet" if importlib.util.find_spec("pybullet") else "kinematic")
    pace = given.get("pace") or "realtime"
    for name, value, known in (("physics", physics, get_args(Physics)), ("pace", pace, get_args(Pace))):
        if value not in known:
            raise SwarmError(f"parameter {name} is '{value}', must be {' or '.join(known)}{nearest(value, known)}")
    return Options(
        world=given["world"],
        seed=given.get("seed", 0),
        transport="dds",
        processes="each",
        pace=cast("Pace", pace),
        physics=cast("Physics", physics),
        duration=given.get("duration"),
        out=given.get("out") or None,
    )


def run(arguments: list[str]) -> int:
    """Host a world to its end, judge the run, and show the verdict.

    Returns
    -------
    int
        Exit status.
    """
    console = Console()
    with session(arguments):
        options = check_options(read_parameters(arguments, "world", TYPES)[0])
        try:
            result = run_world(options, console, _host)
        except KeyboardInterrupt:
            sys.stderr.write("world: interrupted\n")
            return INTERRUPTED
    show(result, console)
    return 0 if result.verdict.held else 1


def _host(options: Options, simulation: Simulation, _: Path) -> tuple[str, ...]:
    try:
        return host(simulation, lambda _: Strangers(), options.pace)
    finally:
        # launch sends SIGTERM 5 s after Ctrl-C: what comes now is the report, which may take longer
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def main() -> int:
    """Console script ``world_node``."""
    return run_main(run, sys.argv)


if __name__ == "__main__":
    sys.exit(main())
