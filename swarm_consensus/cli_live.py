"""The verbs log, locks, jobs and journal with ``--live``: of a robot asked over ROS, not of a run folder."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from swarm_consensus.cli_parser import FAILED, HELD, seconds
from swarm_consensus.errors import InputError

if TYPE_CHECKING:
    from swarm_consensus.run.asker import Wanted
    from swarm_consensus.run.command import Seal
    from swarm_consensus.run.live import Call

WAIT_S = 15.0
_WITH_LIVE = ("seal", "swarm", "wait")


def add_live(parser: argparse.ArgumentParser) -> None:
    """Add what it takes to ask a robot; ``--keys`` is the verb's own."""
    live = parser.add_argument_group("asking a robot that runs")
    live.add_argument("--live", metavar="WORLD", help="scenario that the robots have, or the name of a world")
    live.add_argument(
        "--seal",
        choices=("identity", "group", "none", "simulated"),
        help="how it proves what it tells; simulated: of 'swarm run' (identity)",
    )
    live.add_argument("--swarm", metavar="NAME", help="for which signatures are (the scenario's name)")
    live.add_argument("--wait", type=seconds, metavar="S", help=f"for an answer, s ({WAIT_S:g})")


def is_live(chosen: argparse.Namespace) -> bool:
    """Tell whether a robot is to be asked.

    Raises
    ------
    InputError
        If something is said that means nothing without, or with it.
    """
    if chosen.live is None:
        vain = [f"--{name} goes with --live" for name in _WITH_LIVE if getattr(chosen, name) is not None]
        if vain:
            raise InputError(vain)
        return False
    if getattr(chosen, "robot", None) is not None:
        raise InputError(["--robot goes with a run folder; with --live the robot is named in its place"])
    return True


def live_log(chosen: argparse.Namespace) -> int:
    """Show the log that a robot holds."""
    from rich.console import Console  # noqa: PLC0415

    from swarm_consensus.run.live import believed, log_of  # noqa: PLC0415
    from swarm_consensus.run.shared_log import entries_table, robots_table  # noqa: PLC0415

    done = _asked(chosen, chosen.source, "log")
    with believed(done):
        log = log_of(done)
        tables = robots_table(log), entries_table(log)
    for each in tables:
        Console().print(each)
    _close(done)
    return HELD


def live_locks(chosen: argparse.Namespace) -> int:
    """Show the permits that the log of a robot tells of."""
    from rich.console import Console  # noqa: PLC0415

    from swarm_consensus.run.live import believed, log_of  # noqa: PLC0415
    from swarm_consensus.run.locks import locks_of, queues_table, tenures_table  # noqa: PLC0415

    done = _asked(chosen, chosen.source, "log")
    with believed(done):
        locks = locks_of(log_of(done), done.scenario, chosen.live)
        tables = tenures_table(locks), queues_table(locks)
    for each in tables:
        Console().print(each)
    _close(done)
    return HELD


def live_jobs(chosen: argparse.Namespace) -> int:
    """Show the jobs that the log of a robot tells of."""
    from rich.console import Console  # noqa: PLC0415

    from swarm_consensus.run.jobs import jobs_of, jobs_table  # noqa: PLC0415
    from swarm_consensus.run.live import believed, log_of  # noqa: PLC0415

    done = _asked(chosen, chosen.source, "log")
    with believed(done):
        log = log_of(done)
        table = jobs_table(log, jobs_of(log, done.scenario, chosen.live))
    Console().print(table)
    _close(done)
    return HELD


def live_journal(chosen: argparse.Namespace) -> int:
    """Show the journal that a robot keeps, and whether it is what that robot signed."""
    from rich.console import Console  # noqa: PLC0415

    from swarm_consensus.run.journal import rulings_table  # noqa: PLC0415
    from swarm_consensus.run.live import believed, flaw  # noqa: PLC0415

    if len(chosen.what) > 1:
        raise InputError([f"one robot at a time; '{chosen.what[1]}' is one more"])
    done = _asked(chosen, chosen.what[0], "journal")
    with believed(done):
        table, wrong = rulings_table(done.scenario, {done.robot: done.asker.lines}), flaw(done)
    Console().print(table)
    sys.stdout.write(f"{done.robot}: {wrong or f'{len(done.asker.lines)} lines, all as they were signed'}\n")
    _close(done)
    return FAILED if wrong else HELD


def _asked(chosen: argparse.Namespace, robot: str, wanted: Wanted) -> Call:
    """Ask, and return once everything is told."""
    from pathlib import Path  # noqa: PLC0415

    from swarm_consensus.run.dds import check_ros  # noqa: PLC0415
    from swarm_consensus.run.live import call  # noqa: PLC0415

    keys = None if chosen.keys is None else Path(chosen.keys)
    seal: Seal = chosen.seal or "identity"
    to_ask = call(robot, chosen.live, wanted, seal, keys, chosen.swarm or "", int(time.time()))
    check_ros("--live")
    from swarm_consensus.nodes.asking import ask  # noqa: PLC0415 - ROS is optional

    ask(to_ask, chosen.wait or WAIT_S)
    return to_ask


def _close(done: Call) -> None:
    """Say how things stand, and what was refused on the way."""
    from swarm_consensus.run.live import refusals, standing  # noqa: PLC0415

    sys.stdout.write(standing(done) + "\n")
    if refused := refusals(done):
        sys.stderr.write(f"swarm: note: {refused}\n")
