"""`swarm journal`: what people asked of a swarm and what was ruled, from robots' journals; and whether it is whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from swarm_consensus.agreement.commands import Line, read_line
from swarm_consensus.agreement.errors import StorageError
from swarm_consensus.errors import InputError, nearest
from swarm_consensus.network import key_files
from swarm_consensus.network.keys import PublicKey
from swarm_consensus.robot.minutes import fault
from swarm_consensus.run.disk_copy import read_journal
from swarm_consensus.run.disks import FOLDER
from swarm_consensus.run.worlds import load
from swarm_consensus.simulation.identities import simulated_key, swarm_of
from swarm_consensus.simulation.roster import robot_names
from swarm_consensus.simulation.scenario import Scenario


def minutes_of(file: Path) -> list[bytes]:
    """Return the lines of a robot's journal, from a copy: nothing is written into what may be evidence.

    Raises
    ------
    InputError
        If there is no such file.
    StorageError
        If it is not what the robot wrote, or nothing is in it; nothing is believed of it then.
    """
    if not file.is_file():
        raise InputError([f"{file}: no such file"])
    lines = read_journal(file, file.stem)
    if lines is None:
        raise StorageError(f"{file} is empty: nothing was written into it yet, or all of it is gone")
    return lines


def rulings(lines: Sequence[bytes]) -> list[Line]:
    """Return the rulings among the lines of a journal."""
    return [line for line in map(read_line, lines) if line is not None]


def journal_table(folder: Path) -> Table:
    """Return what was asked of the swarm of a run, and what was ruled.

    Raises
    ------
    InputError
        If it is no run folder, or nobody could give orders in it.
    """
    scenario, files = _files(folder)
    return rulings_table(scenario, {file.stem: minutes_of(file) for file in files})


def rulings_table(scenario: Scenario, journals: Mapping[str, Sequence[bytes]]) -> Table:
    """Return what was asked of a swarm, and what was ruled, by the lines of its robots' journals, by robot."""
    rate, names = scenario.control.rate_hz, robot_names(scenario)
    longest: dict[int, Line] = {}
    holders: dict[int, list[str]] = {}
    for robot, lines in journals.items():
        for line in rulings(lines):
            longest.setdefault(line.index, line)
            holders.setdefault(line.index, []).append(robot)
    title = f"Journal of {escape(scenario.name)}"
    table = Table("entry", "when", "who", "what", "by", "", "why", "kept by", title=title)
    for index, line in sorted(longest.items()):
        ruling, kept = line.ruling, holders[index]
        mark = "[green]allowed[/]" if ruling.allowed else "[bold red]denied[/]"
        by = names[line.robot] if line.robot < len(names) else str(line.robot)
        who = f"{escape(ruling.author)} no. {line.number}"
        all_of = "all" if 1 < len(journals) == len(kept) else ", ".join(kept)
        table.add_row(
            str(index), f"{line.tick / rate:.2f} s", who, escape(ruling.action), by, mark, escape(ruling.why), all_of
        )
    return table


def check(files: Sequence[Path], keys: Path | None = None) -> list[tuple[Path, int, str]]:
    """Return for each robot's file how many lines its journal has, and what is wrong with it, or ''.

    Parameters
    ----------
    files
        Robots' files, ``facts/NAME.sqlite`` of a run folder.
    keys
        Folder of public keys; None: the robots are simulated, their keys follow from ``world.yaml`` beside ``facts``.

    Raises
    ------
    InputError
        If a file is not there, or there is nothing that says whose it is.
    """
    found = []
    for file in files:
        key, swarm = _signer(file, keys)
        try:
            lines = minutes_of(file)
        except StorageError as error:
            found.append((file, 0, str(error).removeprefix(str(file)).lstrip(": ")))
            continue
        found.append((file, len(lines), fault(lines, key, swarm)))
    return [*found, *_contradictions(files, found)]


def shorter(files: Sequence[Path]) -> list[tuple[Path, str]]:
    """Return which journals end before another one does, in words: no signature tells of an end that was cut off.

    Parameters
    ----------
    files
        Of robots, whose journals are what they signed.
    """
    counts = {file: len(rulings(minutes_of(file))) for file in files}
    longest = max(counts, key=lambda file: counts[file], default=None)
    found = []
    for file, count in counts.items():
        if longest is not None and (fewer := counts[longest] - count):
            why = "it was out of touch, or the end is missing"
            found.append((file, f"ends {fewer} ruling{'s' * (fewer > 1)} before that of {longest.stem}: {why}"))
    return found


def _contradictions(files: Sequence[Path], found: Sequence[tuple[Path, int, str]]) -> list[tuple[Path, int, str]]:
    """Compare the journals of robots with each other: what one has and another lacks at an entry that it is beyond."""
    told = {file: rulings(minutes_of(file)) for file, (_, _, wrong) in zip(files, found, strict=True) if not wrong}
    longest = max(told.values(), key=len, default=[])
    return [
        (file, len(lines), f"differs from the longest journal at ruling {place}")
        for file, lines in told.items()
        for place, (one, other) in enumerate(zip(lines, longest, strict=False))
        if one != other
    ][:1]


def _signer(file: Path, keys: Path | None) -> tuple[PublicKey, bytes]:
    world = file.resolve().parents[1] / "world.yaml"
    if not world.is_file():
        raise InputError([f"{file}: {world} is missing, which says for which swarm it was signed"])
    scenario = load(world)
    names = robot_names(scenario)
    if file.stem not in names:
        raise InputError([f"{file}: no robot is named '{file.stem}'{nearest(file.stem, names)}"])
    swarm = swarm_of(scenario)
    if keys is None:
        return simulated_key(swarm, "robot", file.stem).public, swarm
    return key_files.identity(keys, file.stem).key, swarm


def _files(folder: Path) -> tuple[Scenario, list[Path]]:
    if not (folder / "world.yaml").is_file():
        raise InputError([f"{folder}: no run folder, world.yaml is missing"])
    scenario = load(folder / "world.yaml")
    files = [folder / FOLDER / f"{name}.sqlite" for name in robot_names(scenario)]
    files = [file for file in files if file.is_file()]
    if not scenario.operators or not files:
        what = "nobody could give orders in this run; a world with a section operators keeps a journal"
        raise InputError([f"{folder}: {what}"])
    return scenario, files
