"""The log that a swarm shares, from what each robot's disk holds in a run folder, or from what one told: ``swarm log``.

The swarm may still be running: nothing is locked, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

import msgspec
from rich.markup import escape
from rich.table import Table

from swarm_consensus.agreement import semaphore, trigger
from swarm_consensus.agreement.machines import read_report, unpack
from swarm_consensus.agreement.quorum import majority
from swarm_consensus.agreement.raft.messages import COMMAND, MEMBERS, Config, Entry, Saved
from swarm_consensus.agreement.sessions import Command, Open
from swarm_consensus.errors import UNREADABLE, InputError, nearest
from swarm_consensus.robot.jobs import JOBS
from swarm_consensus.robot.permits import PERMITS
from swarm_consensus.run.disk_copy import read_disk
from swarm_consensus.run.disks import FOLDER
from swarm_consensus.run.worlds import load
from swarm_consensus.simulation.roster import robot_names

REAL = 1_000_000_000  # s: a second beyond this one is of a real clock, since 1970, and no time of a simulation
_request_decoder: msgspec.msgpack.Decoder[Open | Command] = msgspec.msgpack.Decoder(Open | Command)
_config_decoder = msgspec.msgpack.Decoder(Config)


@dataclass(frozen=True, slots=True)
class SharedLog:
    """What the robots of a run hold."""

    names: tuple[str, ...]  # the roster
    rate: int  # ticks a second
    saved: dict[str, Saved]  # by robot
    commits: Mapping[str, int] = field(default_factory=dict)  # by robot: up to where it knows its entries to be settled

    def entry(self, robot: str, index: int) -> Entry | None:
        """Return an entry as a robot holds it; None if it has none, or a snapshot in its place."""
        saved = self.saved[robot]
        place = index - saved.snapshot.index - 1
        return saved.entries[place] if 0 <= place < len(saved.entries) else None

    def last(self, robot: str) -> int:
        """Return the index of a robot's last entry."""
        return self.saved[robot].snapshot.index + len(self.saved[robot].entries)

    @property
    def voters(self) -> set[str]:
        """Names of those who decide, by the newest word of it."""
        newest = max(self.saved.values(), key=lambda saved: saved.vote.term)
        configs = [_config_decoder.decode(entry.data) for entry in newest.entries if entry.kind == MEMBERS]
        config = configs[-1] if configs else newest.snapshot.config
        return {name_of(self.names, voter) for voter in config.voters}

    def is_settled(self, index: int, holders: Collection[str]) -> bool:
        """Tell whether an entry that some hold is settled.

        It is if more than half of the voters hold it, a snapshot covers it, or a holder knows that it is.
        """
        covered = any(saved.snapshot.index >= index for saved in self.saved.values())
        known = any(self.commits.get(robot, 0) >= index for robot in holders)
        return covered or known or len(self.voters.intersection(holders)) >= majority(len(self.voters))

    def holders(self, index: int) -> list[tuple[Entry, list[str]]]:
        """Return the entries that are held at an index, each with by whom, the most frequent first."""
        found: dict[Entry, list[str]] = {}
        for robot in self.saved:
            entry = self.entry(robot, index)
            if entry is not None:
                found.setdefault(entry, []).append(robot)
        return sorted(found.items(), key=lambda pair: -len(pair[1]))


def read_log(folder: str | Path) -> SharedLog:
    """Read the log of a run folder.

    Raises
    ------
    InputError
        If it is no run folder, or its world shares no log.
    StorageError
        If a robot's file is not what it wrote.
    """
    folder = Path(folder)
    if not (folder / "world.yaml").is_file():
        raise InputError([f"{folder}: no run folder, world.yaml is missing"])
    scenario = load(folder / "world.yaml")
    names = tuple(robot_names(scenario))
    files = {name: folder / FOLDER / f"{name}.sqlite" for name in names}
    if scenario.agreement is None:
        raise InputError([f"{folder}: the robots of this run shared no log; a world with a section agreement does"])
    saved = {name: found for name, file in files.items() if (found := read_disk(file, name)) is not None}
    if not saved:
        why = "robots that share one process write it when the run ends"
        raise InputError([f"{folder}: no robot has written its log yet; {why}"])
    return SharedLog(names, scenario.control.rate_hz, saved)


def robots_table(log: SharedLog) -> Table:
    """Return one row for each robot: its term, and up to where its log goes."""
    shown = Table("robot", "", "term", "entries", "snapshot up to")
    voters = log.voters
    for robot, saved in log.saved.items():
        role = "votes" if robot in voters else "learns"
        snapshot = str(saved.snapshot.index) if saved.snapshot.index else "none"
        shown.add_row(escape(robot), role, str(saved.vote.term), str(log.last(robot)), snapshot)
    return shown


def entries_table(log: SharedLog, robot: str | None = None) -> Table:
    """Return one row for each entry, of one robot or of all.

    What more than half of the voters hold, or a robot knows to be settled, is settled; behind the last settled one
    robots may hold different entries, of which one will go away.

    Raises
    ------
    InputError
        If there is no such robot.
    """
    if robot is not None and robot not in log.saved:
        raise InputError([f"no robot '{robot}' in this run{nearest(robot, log.saved)}"])
    shown = Table("index", "term", "what", "held by")
    for index in range(1, max(map(log.last, log.saved)) + 1):
        for entry, holders in log.holders(index):
            if robot is None or robot in holders:
                by = "all" if 1 < len(log.saved) == len(holders) else ", ".join(holders)
                held = by if log.is_settled(index, holders) else f"{by}: not settled"
                shown.add_row(str(index), str(entry.term), escape(say(entry, log.names, log.rate)), escape(held))
    return shown


def say(entry: Entry, names: Sequence[str], rate: int) -> str:
    """Say in words what an entry is about."""
    if entry.kind == MEMBERS:
        config = _config_decoder.decode(entry.data)
        return f"voters {', '.join(name_of(names, voter) for voter in config.voters)}"
    if entry.kind != COMMAND:
        return "a leader begins"
    try:
        request = _request_decoder.decode(entry.data)
    except UNREADABLE:
        return f"{len(entry.data)} bytes that are no command"
    if isinstance(request, Open):
        return f"{name_of(names, request.nonce % 256)} opens a session"
    found = unpack(request.data)
    machine, data = found or ("nobody", request.data)
    return _say_command(machine, data, names, rate) or f"{len(data)} bytes for {machine}"


def _say_command(machine: str, data: bytes, names: Sequence[str], rate: int) -> str:
    """Say what a command tells its machine; nothing if it tells nothing."""
    if machine == "reports":
        report = read_report(data)
        return "" if report is None else f"{name_of(names, report.robot)} reports at {report.tick / rate:.2f} s"
    if machine == PERMITS:
        permit = semaphore.read(data)
        return "" if permit is None else _say_permit(permit, names, rate)
    job = trigger.read(data) if machine == JOBS else None
    return "" if job is None else _say_job(job, names)


def _say_job(request: trigger.Request, names: Sequence[str]) -> str:
    """Say what became of a job: the index of the entry that begins an attempt is its token."""
    if isinstance(request, trigger.Begin):
        return f"{name_of(names, request.robot)} is to do {request.job}, occurrence {when(request.number)}"
    if isinstance(request, trigger.End):
        return f"{request.job}, as begun in entry {request.token}: {request.outcome}"
    if isinstance(request, trigger.Start):
        return f"{request.job}: nothing was due up to {when(request.number)}"
    return f"{request.job}: occurrence {when(request.number)} is due"


def when(number: int) -> str:
    """Return an occurrence in words: the second of a simulation, a time of day, or the number of one by condition."""
    if number < REAL:
        return str(number)
    return datetime.fromtimestamp(number, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def _say_permit(request: semaphore.Request, names: Sequence[str], rate: int) -> str:
    if isinstance(request, semaphore.Ask):
        return f"{name_of(names, request.robot)} asks for {request.place}"
    if isinstance(request, semaphore.Renew):
        return f"permit {request.token} of {request.place} renewed at {request.proposed / rate:.2f} s"
    if isinstance(request, semaphore.GiveBack):
        return f"{name_of(names, request.robot)} gives {request.place} back"
    return f"the lease of permit {request.token} of {request.place} is over"


def name_of(names: Sequence[str], robot: int) -> str:
    """Return the name of a place in the roster."""
    return names[robot] if robot < len(names) else f"robot {robot}"
