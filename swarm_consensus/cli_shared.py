"""The verbs about what robots share: log, locks, jobs, decisions, journal; and keys, and orders that people sign."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from swarm_consensus.cli_live import add_live, is_live, live_jobs, live_journal, live_locks, live_log
from swarm_consensus.cli_parser import FAILED, HELD, Parser, day, seconds
from swarm_consensus.errors import InputError

if TYPE_CHECKING:
    from swarm_consensus.agreement.roles import Ruling


def add_shared(verbs: Any) -> None:
    """Add these verbs to the subparsers of ``swarm``."""
    log = verbs.add_parser("log", help="show the log that robots share, of a run or of a robot that runs")
    log.add_argument("--robot", metavar="NAME", help="of a run: only what this robot holds")
    log.set_defaults(command=_log)
    locks = verbs.add_parser("locks", help="show who held which permit when, and who waits")
    locks.set_defaults(command=_locks)
    decisions = verbs.add_parser(
        "decisions", help="show what the robots of a run decided among liars, and who was caught"
    )
    decisions.add_argument("folder", metavar="DIR", help="run folder")
    decisions.set_defaults(command=_decisions)
    jobs = verbs.add_parser("jobs", help="show what became of the jobs of a swarm")
    jobs.set_defaults(command=_jobs)
    for each in (log, locks, jobs):
        each.add_argument("source", metavar="DIR|ROBOT", help="run folder, also while it runs; with --live a robot")
        add_live(each)
        each.add_argument("--keys", metavar="DIR", help="with --live: folder of keys ($SWARM_KEYS, else ~/.swarm/keys)")
    _add_keys(verbs.add_parser("keys", help="make and list the keys of robots and operators"))
    _add_command(verbs.add_parser("command", help="tell robots what to do, signed"))
    _add_journal(verbs.add_parser("journal", help="show what people asked of a swarm, and verify it"))


def _add_keys(parser: argparse.ArgumentParser) -> None:
    parser.description = "Ed25519 keys by which robots and operators are known. Private ones never leave their files."
    actions = parser.add_subparsers(metavar="ACTION", required=True, parser_class=Parser)
    new = actions.add_parser("new", help="make keys: NAME.key, readable by its owner only, and NAME.pub for others")
    new.add_argument("names", nargs="+", metavar="NAME", help="of a robot or an operator")
    new.add_argument(
        "--expires", type=day, default=0, metavar="YYYY-MM-DD", help="refused from this day on, UTC (never)"
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


def _add_command(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Sign an order as an operator and send it until robots answer. Exit status: 0 allowed, 1 denied or no answer."
        " Orders: goto X Y [Z] | behaviour NAME [ROBOT] | formation X,Y for each robot | halt | resume | land |"
        " arm | disarm | fence X,Y for each corner [LOW..HIGH] | grant WHO ROLE | revoke WHO."
    )
    parser.add_argument("words", nargs="+", metavar="ORDER", help="an order and its words; '--' before negative X,Y")
    parser.add_argument("--operator", required=True, metavar="NAME", help="who signs, with the private key NAME.key")
    parser.add_argument("--scenario", required=True, metavar="FILE", help="placed scenario, the same as on the robots")
    parser.add_argument("--keys", metavar="DIR", help="folder of keys ($SWARM_KEYS, else ~/.swarm/keys)")
    parser.add_argument("--swarm", default="", metavar="NAME", help="for which signatures are (the scenario's name)")
    parser.add_argument(
        "--seal",
        choices=("identity", "group", "none", "simulated"),
        default="identity",
        help="how robots prove their frames; simulated: a simulated world's (identity)",
    )
    parser.add_argument("--robot", default="", metavar="NAME", help="of a simulated world, by whose topics to talk")
    parser.add_argument("--wait", type=seconds, default=15.0, metavar="S", help="for the answer, s (15)")
    parser.set_defaults(command=_command)


def _add_journal(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "swarm journal DIR: what people asked in a run, and what was ruled. swarm journal ROBOT --live WORLD: the same"
        " of a running robot, verified. swarm journal verify FILE...: whether robots' journals (facts/NAME.sqlite) are"
        " what they signed. Exit status 1 if one is not."
    )
    what = "a run folder, a robot, or 'verify' and files"
    parser.add_argument("what", nargs="+", metavar="DIR | ROBOT | verify FILE", help=what)
    add_live(parser)
    parser.add_argument("--keys", metavar="DIR", help="folder of public keys, for robots that are not simulated")
    parser.set_defaults(command=_journal)


def _command(chosen: argparse.Namespace) -> int:
    from pathlib import Path  # noqa: PLC0415

    from swarm_consensus.run.command import desk, said  # noqa: PLC0415
    from swarm_consensus.run.dds import check_ros  # noqa: PLC0415

    keys = None if chosen.keys is None else Path(chosen.keys)
    side = desk(Path(chosen.scenario), chosen.operator, chosen.words, chosen.seal, keys, chosen.swarm)
    check_ros()
    from swarm_consensus.nodes.ground_station import ask_once  # noqa: PLC0415 - ROS is optional

    def tell(ruling: Ruling) -> None:
        sys.stdout.write(said(ruling) + "\n")

    ruling = ask_once(side, chosen.robot, chosen.wait, tell)
    if ruling is None:
        sys.stderr.write(f"swarm: no ruling within {chosen.wait:g} s; it may still come to pass\n")
    return HELD if ruling is not None and ruling.allowed else FAILED


def _journal(chosen: argparse.Namespace) -> int:
    from pathlib import Path  # noqa: PLC0415

    from rich.console import Console  # noqa: PLC0415

    from swarm_consensus.run.journal import check, journal_table, shorter  # noqa: PLC0415

    if is_live(chosen):
        return live_journal(chosen)
    if chosen.what[0] != "verify":
        if len(chosen.what) > 1:
            raise InputError([f"one run folder at a time; '{chosen.what[1]}' is one more"])
        Console().print(journal_table(Path(chosen.what[0])))
        return HELD
    if len(chosen.what) == 1:
        raise InputError(["name the files to verify: facts/NAME.sqlite of a run folder"])
    found = check([Path(file) for file in chosen.what[1:]], None if chosen.keys is None else Path(chosen.keys))
    for file, lines, wrong in found:
        sys.stdout.write(f"{file}: {wrong or f'{lines} lines, all as they were signed'}\n")
    for file, note in shorter([file for file, _, wrong in found if not wrong]):
        sys.stdout.write(f"{file}: note: {note}\n")
    return FAILED if any(wrong for _, _, wrong in found) else HELD


def _log(chosen: argparse.Namespace) -> int:
    from rich.console import Console  # noqa: PLC0415

    from swarm_consensus.run.shared_log import entries_table, read_log, robots_table  # noqa: PLC0415

    if is_live(chosen):
        return live_log(chosen)
    log, console = read_log(chosen.source), Console()
    entries = entries_table(log, chosen.robot)
    console.print(robots_table(log))
    console.print(entries)
    return HELD


def _locks(chosen: argparse.Namespace) -> int:
    from rich.console import Console  # noqa: PLC0415

    from swarm_consensus.run.locks import queues_table, read_locks, tenures_table  # noqa: PLC0415

    if is_live(chosen):
        return live_locks(chosen)
    locks, console = read_locks(chosen.source), Console()
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

    if is_live(chosen):
        return live_jobs(chosen)
    Console().print(jobs_table(*read_jobs(chosen.source)))
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
