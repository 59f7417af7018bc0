"""One process for each robot: started, watched, killed when its robot loses power, and never left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import swarm_consensus
from swarm_consensus.run.environment import PARENT

GRACE_S = 3.0  # s, for all children together between SIGTERM and SIGKILL
_COMMAND = (sys.executable, "-m", "swarm_consensus.nodes.robot_node", "--ros-args", "--disable-rosout-logs")


@dataclass(frozen=True, slots=True)
class _Child:
    process: subprocess.Popen[bytes]
    output: IO[bytes]  # what it writes, read only when it ends by itself


class Children:
    """A crew of processes.

    Parameters
    ----------
    world_file
        The placed scenario, which every child reads.
    names
        The roster.
    pace
        Of the robots' nodes: ``lockstep``, or ``clock`` with simulated time.
    command
        What starts a robot's node; parameters are appended. Tests put programs here that die or hang.
    """

    def __init__(self, world_file: Path, names: Sequence[str], pace: str, command: Sequence[str] = _COMMAND) -> None:
        self._names = tuple(names)
        self._command = tuple(command)
        self._parameters = {
            "scenario": str(world_file.resolve()),
            "pace": pace,
            "seal": "simulated",
            "use_sim_time": pace == "clock",
            "start_type_description_service": False,
        }
        self._children: dict[int, _Child] = {}

    @property
    def pids(self) -> dict[int, int]:
        """Process ids by roster index."""
        return {robot: child.process.pid for robot, child in self._children.items()}

    def start(self, robot: int, rejoin: bool) -> None:
        """Start a robot's process in a session of its own, so that Ctrl-C reaches only this one."""
        name = self._names[robot]
        parameters = self._parameters | {"robot": name, "rejoin": rejoin}
        settings = [part for key, value in parameters.items() for part in ("-p", f"{key}:={json.dumps(value)}")]
        output = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the child)
        process = subprocess.Popen(
            [*self._command, "-r", f"__ns:=/{name}", *settings],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._children[robot] = _Child(process, output)

    def stop(self, robot: int) -> None:
        """Kill a robot's process, as a loss of power does."""
        child = self._children.pop(robot, None)
        if child is not None:
            child.process.kill()
            child.process.wait()
            child.output.close()

    def ended(self) -> Sequence[tuple[int, str]]:
        """Return the robots whose process ended since the last call, each with how and its last words."""
        ended = [(robot, child) for robot, child in self._children.items() if child.process.poll() is not None]
        for robot, _ in ended:
            del self._children[robot]
        return [(robot, _obituary(child)) for robot, child in ended]

    def close(self) -> None:
        """Ask all processes to end, and kill those that don't."""
        children = tuple(self._children.values())
        self._children.clear()
        for child in children:
            child.process.terminate()
        deadline = time.monotonic() + GRACE_S
        for child in children:
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.process.pid, signal.SIGKILL)
                child.process.wait()
            child.output.close()


def _environment() -> dict[str, str]:
    """Return the environment of a child: it dies with this process, finds this package, and uses one thread."""
    source = str(Path(swarm_consensus.__file__).parents[1])
    path = [source, *filter(None, [os.environ.get("PYTHONPATH")])]
    own = {"PYTHONPATH": os.pathsep.join(path), PARENT: str(os.getpid()), "OPENBLAS_NUM_THREADS": "1"}
    return os.environ | own


def _obituary(child: _Child) -> str:
    """Say how a process ended and what it said last."""
    code = child.process.returncode
    how = f"ended with exit status {code}" if code >= 0 else f"was killed by {signal.Signals(-code).name}"
    child.output.seek(0)
    lines = child.output.read().decode(errors="replace").strip().splitlines()
    child.output.close()
    return f"{how} ({lines[-1]})" if lines else how
