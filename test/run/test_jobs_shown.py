"""``swarm jobs``: what the settled part of the log says of each job, also while the swarm is running."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from swarm_consensus.agreement import trigger
from swarm_consensus.agreement.machines import Machines, pack
from swarm_consensus.agreement.raft.membership import members
from swarm_consensus.agreement.raft.messages import COMMAND, Entry, Ready, Saved, Snapshot, Vote
from swarm_consensus.agreement.sessions import Command, Open, Sessions
from swarm_consensus.agreement.sessions import pack as in_session
from swarm_consensus.agreement.trigger import Attempt, Begin, End, Request, Triggers
from swarm_consensus.cli import main
from swarm_consensus.robot.facts import JOBS
from swarm_consensus.run.disks import open_disk
from swarm_consensus.run.jobs import carried_out
from swarm_consensus.run.shared_log import SharedLog, when

NAMES = ("a", "b", "c")
CONFIG = members([0, 1, 2])
WORLD = """
file_version: 1
name: three
bounds_m: [[-9, -9], [9, 9]]
radio: {range_m: 9}
robots:
  - {name: a, vehicle: rover, position_m: [0, 0]}
  - {name: b, vehicle: rover, position_m: [1, 0]}
  - {name: c, vehicle: rover, position_m: [2, 0]}
agreement: {jobs: [{name: tea, every_s: 30}]}
duration_s: 8
"""


def log_of(*requests: Request) -> tuple[Entry, ...]:
    """One session with these requests: the first one stands at index 2."""
    data = [in_session(Open(7))]
    data += [in_session(Command(1, k, pack(JOBS, trigger.pack(each)))) for k, each in enumerate(requests, 1)]
    return tuple(Entry(1, COMMAND, each) for each in data)


REQUESTS = (Begin("tea", 30, 1), Begin("tea", 30, 2), End("tea", 3, "done"), Begin("tea", 60, 0))


def shared(*lengths: int, entries: Sequence[Entry] = log_of(*REQUESTS)) -> SharedLog:
    start = Snapshot(0, 0, CONFIG)
    pairs = zip(NAMES, lengths, strict=True)
    return SharedLog(NAMES, 20, {name: Saved(Vote(1), start, tuple(entries[:k])) for name, k in pairs})


def test_only_what_more_than_half_of_the_voters_hold_is_carried_out() -> None:
    assert carried_out(shared(5, 5, 1), ["tea"])["tea"].attempts == [
        Attempt(2, 30, 1, "unknown"),
        Attempt(3, 30, 2, "done"),
        Attempt(5, 60, 0, "open"),
    ]
    assert carried_out(shared(5, 2, 1), ["tea"])["tea"].attempts == [Attempt(2, 30, 1, "open")]
    assert carried_out(shared(5, 0, 0), ["tea"])["tea"].attempts == []


def test_it_goes_on_from_a_snapshot() -> None:
    sessions = Sessions(Machines({JOBS: Triggers(["tea"])}))
    entries = log_of(*REQUESTS)
    for index, entry in enumerate(entries[:3], 1):
        sessions.apply(index, entry.data)
    snapshot = Snapshot(3, 1, CONFIG, sessions.snapshot())
    saved = {name: Saved(Vote(1), snapshot, entries[3:]) for name in NAMES}
    assert carried_out(SharedLog(NAMES, 20, saved), ["tea"]) == carried_out(shared(5, 5, 5), ["tea"])


def test_an_occurrence_is_a_second_or_a_time_of_day() -> None:
    assert when(30) == "30"
    assert when(1_800_000_030) == "2027-01-15 08:00:30 UTC"


def test_a_running_swarm_is_looked_at_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "world.yaml").write_text(WORLD)
    disks = [open_disk(tmp_path / "facts", name, CONFIG) for name in NAMES]
    entries = log_of(*REQUESTS)
    for disk in disks:
        disk.save(Ready(Vote(1), None, False, 1, entries[:4], [], [], []))
    assert main(["jobs", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "every 30 s" in text
    assert "unknown" in text
    assert "open" not in text
    for disk in disks:
        disk.save(Ready(None, None, False, 5, entries[4:], [], [], []))
    assert main(["jobs", str(tmp_path)]) == 0
    assert "open" in capsys.readouterr().out
    assert main(["log", str(tmp_path)]) == 0
    assert "a is to do tea, occurrence 60" in capsys.readouterr().out
    for disk in disks:
        disk.close()
