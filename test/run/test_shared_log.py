"""``swarm log``: what robots' disks hold, said in words; and which of it is settled."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from swarm_consensus.agreement import trigger
from swarm_consensus.agreement.machines import Report, pack, pack_report
from swarm_consensus.agreement.raft.membership import entry_of, members
from swarm_consensus.agreement.raft.messages import COMMAND, NOTHING, Entry, Ready, Saved, Snapshot, Vote
from swarm_consensus.agreement.sessions import Command, Open
from swarm_consensus.agreement.sessions import pack as in_session
from swarm_consensus.cli import main
from swarm_consensus.errors import InputError
from swarm_consensus.run.disks import open_disk
from swarm_consensus.run.shared_log import SharedLog, entries_table, read_log, robots_table, say

NAMES = ("a", "b", "c", "d")
OF_THE_LOG = "{one_log: true, commits_at_least: 20}"
REPORT = in_session(Command(1, 2, pack("reports", pack_report(Report(1, 50)))))
WORLD = """
file_version: 1
name: four
bounds_m: [[-9, -9], [9, 9]]
radio: {range_m: 9}
robots:
  - {name: a, vehicle: rover, position_m: [0, 0]}
  - {name: b, vehicle: rover, position_m: [1, 0]}
  - {name: c, vehicle: rover, position_m: [2, 0]}
  - {name: d, vehicle: rover, position_m: [3, 0]}
agreement: {report_s: 0.5}
expect: {one_log: true, commits_at_least: 20}
duration_s: 8
"""


def shown(table: object) -> str:
    console = Console(width=120)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def job_entry(request: trigger.Request) -> Entry:
    return Entry(1, COMMAND, in_session(Command(1, 2, pack("job", trigger.pack(request)))))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (Entry(1, NOTHING), "a leader begins"),
        (entry_of(members([0, 2]), 1), "voters a, c"),
        (Entry(1, COMMAND, in_session(Open(20 * 256 + 3))), "d opens a session"),
        (Entry(1, COMMAND, REPORT), "b reports at 2.50 s"),
        (Entry(1, COMMAND, in_session(Command(1, 2, pack("tea", b"milk")))), "4 bytes for tea"),
        (job_entry(trigger.Begin("tea", 30, 2)), "c is to do tea, occurrence 30"),
        (
            job_entry(trigger.Begin("tea", 1_800_000_030, 2)),
            "c is to do tea, occurrence 2027-01-15 08:00:30 UTC",
        ),
        (job_entry(trigger.End("tea", 8, "failed")), "tea, as begun in entry 8: failed"),
        (job_entry(trigger.Notice("tea", 4)), "tea: occurrence 4 is due"),
        (job_entry(trigger.Start("tea", 29)), "tea: nothing was due up to 29"),
        (Entry(1, COMMAND, in_session(Command(1, 2, pack("job", b"milk")))), "4 bytes for job"),
        (Entry(1, COMMAND, b"?"), "1 bytes that are no command"),
    ],
)
def test_an_entry_is_said_in_words(entry: Entry, words: str) -> None:
    assert say(entry, NAMES, 20) == words


def test_what_a_majority_of_the_voters_holds_is_settled_and_the_rest_is_not() -> None:
    start = Snapshot(0, 0, members([0, 1, 2], [3]))
    first, second, other = Entry(1, NOTHING), Entry(1, COMMAND, REPORT), Entry(2, NOTHING)
    held = {"a": (first, second), "b": (first, other), "c": (first,), "d": (first, second)}
    log = SharedLog(NAMES, 20, {name: Saved(Vote(2), start, entries) for name, entries in held.items()})
    lines = [line for line in shown(entries_table(log)).splitlines() if line.startswith("│")]
    assert ["all" in line for line in lines] == [True, False, False]
    # a and d hold it, but d only learns
    assert "a, d: not settled" in lines[1]
    assert "b: not settled" in lines[2]
    assert len(shown(entries_table(log, "c")).splitlines()) < len(shown(entries_table(log)).splitlines())
    assert "learns" in shown(robots_table(log))
    with pytest.raises(InputError, match="no robot 'aa' in this run; did you mean 'a'"):
        entries_table(log, "aa")


def test_of_a_run_in_memory_the_folder_keeps_each_disk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "four.yaml").write_text(WORLD)
    out = str(tmp_path / "run")
    assert (
        main(["run", str(tmp_path / "four.yaml"), "--transport", "memory", "--physics", "kinematic", "--out", out]) == 0
    )
    capsys.readouterr()
    assert main(["log", out]) == 0
    text = capsys.readouterr().out
    assert "b reports at" in text
    assert "opens a session" in text
    log = read_log(out)
    assert {len(saved.entries) > 20 for saved in log.saved.values()} == {True}
    assert main(["jobs", out]) == 2
    assert "has no jobs" in capsys.readouterr().err


def test_what_one_snapshot_covers_is_settled_whoever_holds_it() -> None:
    start, later = Snapshot(0, 0, members([0, 1, 2])), Snapshot(2, 1, members([0, 1, 2]))
    first, second = Entry(1, NOTHING), Entry(1, COMMAND, REPORT)
    log = SharedLog(
        NAMES[:3],
        20,
        {
            "a": Saved(Vote(1), later, (second,)),
            "b": Saved(Vote(1), later, ()),
            "c": Saved(Vote(1), start, (first, second)),
        },
    )
    lines = [line for line in shown(entries_table(log)).splitlines() if line.startswith("│")]
    assert ["not settled" in line for line in lines] == [False, False, True]


def test_a_folder_without_a_log_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["log", str(tmp_path)]) == 2
    assert "no run folder, world.yaml is missing" in capsys.readouterr().err
    (tmp_path / "world.yaml").write_text(WORLD)
    assert main(["log", str(tmp_path)]) == 2
    assert "no robot has written its log yet" in capsys.readouterr().err
    assert main(["jobs", str(tmp_path)]) == 2
    assert "no robot has written its log yet" in capsys.readouterr().err
    (tmp_path / "world.yaml").write_text(WORLD.replace("agreement: {report_s: 0.5}\n", "").replace(OF_THE_LOG, "{}"))
    assert main(["log", str(tmp_path)]) == 2
    assert "shared no log" in capsys.readouterr().err


def test_a_disk_of_another_robot_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "world.yaml").write_text(WORLD)
    disk = open_disk(tmp_path / "facts", "b", members([0]))
    disk.save(Ready(Vote(1), None, False, 1, (), [], [], []))
    disk.close()
    (tmp_path / "facts" / "b.sqlite").rename(tmp_path / "facts" / "a.sqlite")
    assert main(["log", str(tmp_path)]) == 2
    assert "belongs to robot 'b', not to 'a'" in capsys.readouterr().err
