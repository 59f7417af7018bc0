"""``swarm``: run, check and compare worlds from a terminal."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from swarm_consensus import __version__
from swarm_consensus.cli_parser import (
    BAD_INPUT,
    FAILED,
    HELD,
    INTERRUPTED,
    NO_READER,
    Parser,
    part,
    seconds,
    seeds,
    whole,
)
from swarm_consensus.cli_shared import add_shared
from swarm_consensus.errors import InputError, SwarmError

if TYPE_CHECKING:
    from rich.console import Console


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments
        Without the program's name; None: those of the process.

    Returns
    -------
    int
        0 every expectation held; 1 one did not; 2 bad input; 130 interrupted; 141 nobody read the output to its end.
    """
    parser = build_parser()
    chosen = parser.parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = chosen.command
    try:
        status = command(chosen)
        sys.stdout.flush()
        return status
    except InputError as error:
        for problem in error.problems:
            sys.stderr.write(f"swarm: {problem}\n")
    except SwarmError as error:
        sys.stderr.write(f"swarm: {error}\n")
    except KeyboardInterrupt:
        sys.stderr.write("swarm: interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:  # whoever reads has seen enough; what is left must not be flushed at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NO_READER
    return BAD_INPUT


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all verbs."""
    parser = Parser(prog="swarm", description="Robots that move together and agree, over an unreliable radio.")
    parser.add_argument("--version", action="version", version=f"swarm_consensus {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True, parser_class=Parser)
    _add_run(verbs.add_parser("run", help="run a world and judge it"))
    worlds = verbs.add_parser("worlds", help="list the worlds that can be named without a path")
    worlds.set_defaults(command=_worlds)
    check = verbs.add_parser("check", help="say everything that is wrong with scenario files")
    check.add_argument("files", nargs="+", metavar="FILE", help="a scenario file, or the name of a world")
    check.set_defaults(command=_check)
    report = verbs.add_parser("report", help="write the report of a run folder anew")
    report.add_argument("folder", metavar="DIR", help="run folder")
    report.set_defaults(command=_report)
    add_shared(verbs)
    _add_sweep(verbs.add_parser("sweep", help="run a world with many seeds, in memory"))
    _add_graph(verbs.add_parser("graph", help="say how fast a network averages, and how many liars it bears"))
    bench = verbs.add_parser("bench", help="run the benchmarks of a source checkout")
    bench.add_argument("names", nargs="*", metavar="NAME", help="which; all by default")
    bench.set_defaults(command=_bench)
    return parser


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.description = "Run a world and judge it. Exit status: 0 every expectation held, 1 one did not, 2 bad input."
    parser.add_argument("world", metavar="WORLD", help="a scenario file, or the name of a world (see 'swarm worlds')")
    parser.add_argument("--robots", type=whole(1), metavar="N", help="so many robots; groups change in proportion")
    parser.add_argument("--seed", type=whole(0), default=0, metavar="S", help="of starts, radio and noise (0)")
    parser.add_argument("--transport", choices=("dds", "memory"), help="dds if ROS is installed, else memory")
    parser.add_argument(
        "--processes", choices=("one", "each"), default="each", help="with dds: each robot its own (each)"
    )
    parser.add_argument(
        "--pace", choices=("fast", "realtime"), default="fast", help="in lockstep, or by the clock (fast)"
    )
    parser.add_argument(
        "--physics", choices=("pybullet", "kinematic"), help="pybullet if it is installed, else kinematic"
    )
    parser.add_argument("--duration", type=seconds, metavar="S", help="so long instead of the scenario's duration, s")
    parser.add_argument("--out", metavar="DIR", help="run folder (runs/<world>-seed<seed>)")
    parser.add_argument("--gui", action="store_true", help="show the PyBullet world in a window")
    parser.add_argument("--video", action="store_true", help="film the PyBullet world into video.mp4")
    parser.set_defaults(command=_run)


def _add_sweep(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("world", metavar="WORLD", help="a scenario file, or the name of a world")
    parser.add_argument(
        "--seeds", type=seeds, default=range(20), metavar="A..B", help="from A to B, both included (0..19)"
    )
    parser.add_argument("--robots", type=whole(1), metavar="N", help="so many robots")
    parser.add_argument("--physics", choices=("pybullet", "kinematic"), default="kinematic", help="(kinematic)")
    parser.add_argument(
        "--jobs", type=whole(1), default=os.cpu_count() or 1, metavar="N", help="runs at a time (all cores)"
    )
    parser.set_defaults(command=_sweep)


def _add_graph(parser: argparse.ArgumentParser) -> None:
    parser.description = "Spectrum, averaging weights and robustness of a graph; of a world's, the links at the start."
    parser.add_argument("graph", metavar="FILE|WORLD", help="an edge list ('a b [weight]' a line), or a world")
    parser.add_argument("--draw", metavar="FILE", help="draw it: .svg, .png or .pdf")
    parser.add_argument(
        "--tolerance",
        type=part,
        default=1e-3,
        metavar="E",
        help="part of the error left when averaging is done (1e-3)",
    )
    parser.add_argument("--seed", type=whole(0), default=0, metavar="S", help="of a world's start (0)")
    parser.set_defaults(command=_graph)


def _run(chosen: argparse.Namespace) -> int:
    from rich.console import Console  # noqa: PLC0415 - each verb loads what it needs, so that help is quick

    from swarm_consensus.run.options import Options  # noqa: PLC0415
    from swarm_consensus.run.run import run, show  # noqa: PLC0415

    console = Console()
    options = Options(
        world=chosen.world,
        robots=chosen.robots,
        seed=chosen.seed,
        transport=chosen.transport or ("dds" if _installed("rclpy", "dds", "memory", console) else "memory"),
        processes=chosen.processes,
        pace=chosen.pace,
        physics=chosen.physics
        or ("pybullet" if _installed("pybullet", "pybullet", "kinematic", console) else "kinematic"),
        duration=chosen.duration,
        out=chosen.out,
        gui=chosen.gui,
        video=chosen.video,
    )
    result = run(options, console)
    show(result, console)
    return HELD if result.verdict.held else FAILED


def _installed(module: str, wanted: str, other: str, console: Console) -> bool:
    """Tell whether what the better choice needs is installed, and say so if it is not."""
    if importlib.util.find_spec(module) is not None:
        return True
    console.print(f"note: {module} is not installed, using {other} instead of {wanted}")
    return False


def _worlds(_: argparse.Namespace) -> int:
    from swarm_consensus.run.worlds import load, worlds  # noqa: PLC0415

    for path in worlds():
        sys.stdout.write(f"{path.stem:14} {load(path).description}\n")
    return HELD


def _check(chosen: argparse.Namespace) -> int:
    from swarm_consensus.run.verdict import weaker  # noqa: PLC0415
    from swarm_consensus.run.worlds import find_world, load  # noqa: PLC0415

    problems: list[str] = []
    for name in chosen.files:
        try:
            scenario = load(find_world(name))
            sys.stdout.write(f"{name}: ok, '{scenario.name}'\n")
            sys.stdout.writelines(f"{name}: note: {note}\n" for note in weaker(scenario))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return HELD


def _report(chosen: argparse.Namespace) -> int:
    from swarm_consensus.run.report import write_report  # noqa: PLC0415

    sys.stdout.write(f"{write_report(chosen.folder)}\n")
    return HELD


def _sweep(chosen: argparse.Namespace) -> int:
    from rich.console import Console  # noqa: PLC0415

    from swarm_consensus.run.sweep import sweep, table  # noqa: PLC0415

    verdicts = sweep(chosen.world, chosen.seeds, robots=chosen.robots, physics=chosen.physics, jobs=chosen.jobs)
    Console().print(table(verdicts))
    return HELD if all(verdict.held for verdict in verdicts) else FAILED


def _graph(chosen: argparse.Namespace) -> int:
    from pathlib import Path  # noqa: PLC0415

    from rich.console import Console  # noqa: PLC0415

    from swarm_consensus.run.graph_report import report  # noqa: PLC0415

    draw = None if chosen.draw is None else Path(chosen.draw)
    report(chosen.graph, Console(), seed=chosen.seed, tolerance=chosen.tolerance, draw=draw)
    return HELD


def _bench(chosen: argparse.Namespace) -> int:
    from swarm_consensus.run.benchmarks import run_benchmarks  # noqa: PLC0415

    return run_benchmarks(chosen.names)


if __name__ == "__main__":
    sys.exit(main())
