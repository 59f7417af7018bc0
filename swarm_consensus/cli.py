"""``swarm``: run, check and compare worlds from a terminal."""

from __future__ import annotations

import argparse
import importlib.util
import math
import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NoReturn

from swarm_consensus import __version__
from swarm_consensus.errors import InputError, SwarmError, nearest

if TYPE_CHECKING:
    from rich.console import Console

HELD, FAILED, BAD_INPUT, INTERRUPTED, NO_READER = 0, 1, 2, 130, 141


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, with the nearest valid spelling of a choice or an option."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        """Print the sentence and exit with 2."""
        sys.stderr.write(f"{self.prog}: {message}{' ' if message.endswith('?') else '; '}see '{self.prog} --help'\n")
        sys.exit(BAD_INPUT)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Refuse what is unknown here, where the verb's options are known, and not at the end."""
        chosen, unknown = super().parse_known_args(args, namespace)
        if unknown:
            known = [option for action in self._actions for option in action.option_strings]
            self.error(f"'{unknown[0]}' is not known{nearest(unknown[0], known)}")
        return chosen, unknown

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is not None and value not in action.choices:
            known = [str(choice) for choice in action.choices]
            hint = nearest(str(value), known) or f", choose from {', '.join(known)}"
            raise argparse.ArgumentError(action, f"'{value}' is not known{hint}")


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
    parser = _Parser(prog="swarm", description="Robots that move together and agree, over an unreliable radio.")
    parser.add_argument("--version", action="version", version=f"swarm_consensus {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True, parser_class=_Parser)
    _add_run(verbs.add_parser("run", help="run a world and judge it"))
    worlds = verbs.add_parser("worlds", help="list the worlds that can be named without a path")
    worlds.set_defaults(command=_worlds)
    check = verbs.add_parser("check", help="say everything that is wrong with scenario files")
    check.add_argument("files", nargs="+", metavar="FILE", help="a scenario file, or the name of a world")
    check.set_defaults(command=_check)
    report = verbs.add_parser("report", help="write the report of a run folder anew")
    report.add_argument("folder", metavar="DIR", help="run folder")
    report.set_defaults(command=_report)
    log = verbs.add_parser("log", help="show the log that the robots of a run share, also while it runs")
    log.add_argument("folder", metavar="DIR", help="run folder")
    log.add_argument("--robot", metavar="NAME", help="only what this robot holds")
    log.set_defaults(command=_log)
    locks = verbs.add_parser("locks", help="show who held which permit when in a run, and who waits")
    locks.add_argument("folder", metavar="DIR", help="run folder")
    locks.set_defaults(command=_locks)
    decisions = verbs.add_parser(
        "decisions", help="show what the robots of a run decided among liars, and who was caught"
    )
    decisions.add_argument("folder", metavar="DIR", help="run folder")
    decisions.set_defaults(command=_decisions)
    jobs = verbs.add_parser("jobs", help="show what became of the jobs of a run, also while it runs")
    jobs.add_argument("folder", metavar="DIR", help="run folder")
    jobs.set_defaults(command=_jobs)
    _add_sweep(verbs.add_parser("sweep", help="run a world with many seeds, in memory"))
    _add_graph(verbs.add_parser("graph", help="say how fast a network averages, and how many liars it bears"))
    _add_keys(verbs.add_parser("keys", help="make and list the keys of robots and operators"))
    bench = verbs.add_parser("bench", help="run the benchmarks of a source checkout")
    bench.add_argument("names", nargs="*", metavar="NAME", help="which; all by default")
    bench.set_defaults(command=_bench)
    return parser


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.description = "Run a world and judge it. Exit status: 0 every expectation held, 1 one did not, 2 bad input."
    parser.add_argument("world", metavar="WORLD", help="a scenario file, or the name of a world (see 'swarm worlds')")
    parser.add_argument("--robots", type=_whole(1), metavar="N", help="so many robots; groups change in proportion")
    parser.add_argument("--seed", type=_whole(0), default=0, metavar="S", help="of starts, radio and noise (0)")
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
    parser.add_argument("--duration", type=_seconds, metavar="S", help="so long instead of the scenario's duration, s")
    parser.add_argument("--out", metavar="DIR", help="run folder (runs/<world>-seed<seed>)")
    parser.add_argument("--gui", action="store_true", help="show the PyBullet world in a window")
    parser.add_argument("--video", action="store_true", help="film the PyBullet world into video.mp4")
    parser.set_defaults(command=_run)


def _add_sweep(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("world", metavar="WORLD", help="a scenario file, or the name of a world")
    parser.add_argument(
        "--seeds", type=_seeds, default=range(20), metavar="A..B", help="from A to B, both included (0..19)"
    )
    parser.add_argument("--robots", type=_whole(1), metavar="N", help="so many robots")
    parser.add_argument("--physics", choices=("pybullet", "kinematic"), default="kinematic", help="(kinematic)")
    parser.add_argument(
        "--jobs", type=_whole(1), default=os.cpu_count() or 1, metavar="N", help="runs at a time (all cores)"
    )
    parser.set_defaults(command=_sweep)


def _add_graph(parser: argparse.ArgumentParser) -> None:
    parser.description = "Spectrum, averaging weights and robustness of a graph; of a world's, the links at the start."
    parser.add_argument("graph", metavar="FILE|WORLD", help="an edge list ('a b [weight]' a line), or a world")
    parser.add_argument("--draw", metavar="FILE", help="draw it: .svg, .png or .pdf")
    parser.add_argument(
        "--tolerance",
        type=_part,
        default=1e-3,
        metavar="E",
        help="part of the error left when averaging is done (1e-3)",
    )
    parser.add_argument("--seed", type=_whole(0), default=0, metavar="S", help="of a world's start (0)")
    parser.set_defaults(command=_graph)


def _add_keys(parser: argparse.ArgumentParser) -> None:
    parser.description = "Ed25519 keys by which robots and operators are known. Private ones never leave their files."
    actions = parser.add_subparsers(metavar="ACTION", required=True, parser_class=_Parser)
    new = actions.add_parser("new", help="make keys: NAME.key, readable by its owner only, and NAME.pub for others")
    new.add_argument("names", nargs="+", metavar="NAME", help="of a robot or an operator")
    new.add_argument(
        "--expires", type=_day, default=0, metavar="YYYY-MM-DD", help="refused from this day on, UTC (never)"
    )
    new.add_argument("--group", action="store_true", help="one secret that a whole group shares, for simulations")
    new.set_defaults(command=_keys_new)
    show = actions.add_parser("show", help="show the public half of keys")
    show.add_argument("names", nargs="+", metavar="NAME", help="of a robot or an operator")
    show.set_defaults(command=_keys_show)
    shown = actions.add_parser("list", help="list the keys of a folder")
    shown.set_defaults(command=_keys_list)
    for each in (new, show, shown):
        each.add_argument("--dir", metavar="DIR", help="folder of keys ($SWARM_KEYS, else ~/.swarm/keys)")


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


def _log(chosen: argparse.Namespace) -> int:
    from rich.console import Console  # noqa: PLC0415

    from swarm_consensus.run.shared_log import entries_table, read_log, robots_table  # noqa: PLC0415

    log, console = read_log(chosen.folder), Console()
    entries = entries_table(log, chosen.robot)
    console.print(robots_table(log))
    console.print(entries)
    return HELD


def _locks(chosen: argparse.Namespace) -> int:
    from rich.console import Console  # noqa: PLC0415

    from swarm_consensus.run.locks import queues_table, read_locks, tenures_table  # noqa: PLC0415

    locks, console = read_locks(chosen.folder), Console()
    console.print(tenures_table(locks))
    console.print(queues_table(locks))
    return HELD


def _decisions(chosen: argparse.Namespace) -> int:
    from rich.console import Console  # noqa: PLC0415

    from swarm_consensus.run.ballots import decisions_table, read_decisions  # noqa: PLC0415

    rows = read_decisions(chosen.folder)
    Console().print(decisions_table(rows))
    return HELD if all(row.sound for row in rows) else FAILED


def _jobs(chosen: argparse.Namespace) -> int:
    from rich.console import Console  # noqa: PLC0415

    from swarm_consensus.run.jobs import jobs_table, read_jobs  # noqa: PLC0415

    Console().print(jobs_table(*read_jobs(chosen.folder)))
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


def _keys_new(chosen: argparse.Namespace) -> int:
    from swarm_consensus.run import keys  # noqa: PLC0415

    make = keys.new_groups if chosen.group else keys.new_keys
    sys.stdout.write(make(keys.folder(chosen.dir), chosen.names, chosen.expires))
    return HELD


def _keys_show(chosen: argparse.Namespace) -> int:
    from swarm_consensus.run import keys  # noqa: PLC0415

    sys.stdout.write(keys.show(keys.folder(chosen.dir), chosen.names))
    return HELD


def _keys_list(chosen: argparse.Namespace) -> int:
    from swarm_consensus.run import keys  # noqa: PLC0415

    sys.stdout.write(keys.show_all(keys.folder(chosen.dir)))
    return HELD


def _bench(chosen: argparse.Namespace) -> int:
    from swarm_consensus.run.benchmarks import run_benchmarks  # noqa: PLC0415

    return run_benchmarks(chosen.names)


def _whole(least: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from a least one on."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"'{text}' is not a whole number") from None
        if number < least:
            raise argparse.ArgumentTypeError(f"{number} is too small, must be at least {least}")
        return number

    return read


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds") from None
    if not (number > 0 and math.isfinite(number)):
        raise argparse.ArgumentTypeError(f"'{text}' must be a positive number of seconds")
    return number


def _day(text: str) -> int:
    try:
        moment = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=timezone.utc)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a day such as 2027-01-31") from None
    if moment <= datetime.now(timezone.utc):
        raise argparse.ArgumentTypeError(f"{text} is over, must be a day to come")
    return int(moment.timestamp())


def _part(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number") from None
    if not 0.0 < number < 1.0:
        raise argparse.ArgumentTypeError(f"'{text}' must be between 0 and 1")
    return number


def _seeds(text: str) -> range:
    first, dots, last = text.partition("..")
    try:
        start, end = int(first), int(last if dots else first)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a range of seeds such as 0..19") from None
    if not 0 <= start <= end:
        raise argparse.ArgumentTypeError(f"'{text}' must count upwards from at least 0")
    return range(start, end + 1)


if __name__ == "__main__":
    sys.exit(main())
