"""Five robots, each a process on a machine of its own, over UDP: cut apart, and the leader killed. About 35 s.

The machines are network namespaces. The robots share a log; their clients add to counters by it, and a job is due every
two seconds, whose executor is on the side of the leader that is cut off.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from dds.lab import Lab, LabError

from swarm_consensus.agreement.simulator.linearizability import Operation, faulty_keys
from swarm_consensus.run.disk_copy import read_disk
from swarm_consensus.run.jobs import read_jobs

HERE = Path(__file__).parent
ROBOTS = ("ada", "bob", "cleo", "dan", "eve")
EXECUTOR = "executor"
SCENARIO = """
file_version: 1
name: machines
bounds_m: [[-6, -6], [6, 6]]
radio: {range_m: 10}
robots:
  - {name: ada, vehicle: rover, position_m: [-2, 0]}
  - {name: bob, vehicle: rover, position_m: [-1, 0]}
  - {name: cleo, vehicle: rover, position_m: [0, 0]}
  - {name: dan, vehicle: rover, position_m: [1, 0]}
  - {name: eve, vehicle: rover, position_m: [2, 0]}
mission: {behaviour: rendezvous}
agreement: {voters: [ada, bob, cleo, dan, eve], election_s: 1.5, heartbeat_s: 0.4, jobs: [{name: report, every_s: 2}]}
duration_s: 60
"""
UDP_ONLY = {  # shared memory would go round the cut
    "FASTDDS_BUILTIN_TRANSPORTS": "UDPv4",
    "ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET",
    "ROS_DOMAIN_ID": "7",
}
UP_S, SOON_S, END_S = 60.0, 30.0, 10.0  # longest waits: for processes to be up, for something to happen, for their end


@dataclass
class Swarm:
    """The processes, and what they wrote."""

    lab: Lab
    folder: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        if name == EXECUTOR:
            command = [str(HERE / "executor.py"), str(self.folder)]
        else:
            x = str(ROBOTS.index(name) - 2)
            command = [str(HERE / "member.py"), str(self.folder / "world.yaml"), name, str(self.folder), x, "0"]
        self.processes[name] = self.lab.start(name, [sys.executable, *command], UDP_ONLY, self.folder / f"{name}.log")

    def lines(self, name: str, what: str = "") -> list[dict[str, Any]]:
        path = self.folder / f"{name}.jsonl"
        text = path.read_text() if path.exists() else ""
        lines = [json.loads(line) for line in text.split("\n")[:-1]]
        return [line for line in lines if not what or line["what"] == what]

    def answers(self, *names: str, since: int = 0, until: int = 2**63) -> int:
        """How many operations of some were answered in a time."""
        return sum(since <= line["ns"] < until for name in names for line in self.lines(name, "answer"))

    def leader(self, *among: str) -> str:
        """Whom some robots, all of them, take for the leader of one term; '' if they differ."""
        told = [self.lines(name, "stands")[-1:] for name in among]
        views = {(line[0]["leader"], line[0]["term"]) if line else ("", 0) for line in told}
        leader = views.pop()[0] if len(views) == 1 else ""
        return leader if leader in among else ""

    def wait(self, what: str, condition: Callable[[], Any], seconds: float = SOON_S) -> Any:
        """Wait for something, a bounded time; what the processes said comes with the failure."""
        end = time.monotonic() + seconds
        while not (found := condition()):
            dead = [name for name, process in self.processes.items() if process.poll() is not None]
            if dead or time.monotonic() > end:
                said = "\n".join(path.read_text()[-2000:] for path in sorted(self.folder.glob("*.log")))
                pytest.fail(f"{what}: not within {seconds} s, ended: {dead}\n{said}")
            time.sleep(0.1)
        return found

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.kill()
        process.wait(END_S)

    def end(self) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(END_S)

    def history(self) -> list[Operation]:
        """All operations; one whose robot died, or that was never answered, may have taken effect or not."""
        found = []
        for client, name in enumerate(ROBOTS):
            asked: Operation | None = None
            for line in self.lines(name):
                if line["what"] == "up":
                    asked = None
                elif line["what"] == "call":
                    asked = Operation(client, line["key"], line["amount"], line["ns"])
                    found.append(asked)
                elif line["what"] == "answer" and asked is not None and line["value"] is not None:
                    asked.returned, asked.answer = line["ns"], line["value"]
        return found


@pytest.fixture
def swarm(tmp_path: Path) -> Iterator[Swarm]:
    try:
        lab = Lab((*ROBOTS, EXECUTOR))
    except LabError as error:
        pytest.skip(f"network namespaces are not allowed here: {error}")
    (tmp_path / "world.yaml").write_text(SCENARIO)
    swarm = Swarm(lab, tmp_path)
    try:
        for name in (EXECUTOR, *ROBOTS):
            swarm.start(name)
        yield swarm
    finally:
        swarm.end()
        lab.close()


def test_a_cut_and_a_killed_leader_lose_nothing_and_no_token_goes_backwards(swarm: Swarm) -> None:
    swarm.wait("all up", lambda: all(swarm.lines(name, "up") for name in (EXECUTOR, *ROBOTS)), UP_S)
    first = swarm.wait("a leader", lambda: swarm.leader(*ROBOTS))
    swarm.wait("a job done", lambda: swarm.lines(EXECUTOR, "attempt"))

    # the leader, one more and the executor are cut off: three elect another leader and go on, two get nothing done
    few = (first, next(name for name in ROBOTS if name != first))
    many = tuple(name for name in ROBOTS if name not in few)
    swarm.lab.plug((*few, EXECUTOR), "two")
    cut = time.monotonic_ns()
    second = swarm.wait("another leader", lambda: swarm.leader(*many))
    assert second in many
    since = time.monotonic_ns()
    swarm.wait("three go on", lambda: all(swarm.answers(name, since=since) for name in many))
    swarm.wait("the leader of two gives up", lambda: swarm.lines(first, "stands")[-1]["leader"] == "")
    last = time.monotonic_ns()
    assert swarm.answers(*few, since=cut + 10**9, until=last) == 0  # what was on its way may still arrive
    attempts = len(swarm.lines(EXECUTOR, "attempt"))

    swarm.lab.plug((*few, EXECUTOR), "one")
    third = swarm.wait("one leader again", lambda: swarm.leader(*ROBOTS))
    healed = time.monotonic_ns()
    swarm.wait("all go on", lambda: all(swarm.answers(name, since=healed) for name in ROBOTS))
    swarm.wait("jobs go on", lambda: len(swarm.lines(EXECUTOR, "attempt")) > attempts)
    assert read_jobs(swarm.folder)[1]["report"][1].done > 0  # looked at while five robots write

    # the leader is killed without a word, and starts again from its disk
    stood = swarm.lines(third, "stands")[-1]
    swarm.kill(third)
    others = tuple(name for name in ROBOTS if name != third)
    fourth = swarm.wait("a leader after the death", lambda: swarm.leader(*others))
    assert fourth != third
    swarm.start(third)
    again = time.monotonic_ns()
    swarm.wait("it is back", lambda: swarm.answers(third, since=again), UP_S)
    assert all(line["term"] >= stood["term"] for line in swarm.lines(third, "stands") if line["ns"] > again)
    back = time.monotonic_ns()
    swarm.wait("all go on with it", lambda: all(swarm.answers(name, since=back) for name in ROBOTS))
    assert not [name for name, process in swarm.processes.items() if "/dev/shm/fastrtps" in maps(process.pid)]
    swarm.end()

    history = swarm.history()
    assert len(history) > 50
    assert faulty_keys(history) == []
    answered = [operation for operation in history if operation.answer is not None]
    lost = answered[len(answered) // 2]  # had this one been lost after it was acknowledged, the answers would show it
    assert faulty_keys([operation for operation in history if operation is not lost]) == [lost.key]
    attempts_seen = swarm.lines(EXECUTOR, "attempt")
    effects = [(line["number"], line["token"]) for line in attempts_seen if line["verdict"] == "go"]
    numbers, tokens = [number for number, _ in effects], [token for _, token in effects]
    assert len(effects) >= 3
    assert numbers == list(range(numbers[0], numbers[-1] + 1, 2))  # each once, in order, none left out
    assert tokens == sorted(set(tokens))
    assert_one_log(swarm.folder)


def test_without_the_tools_or_the_right_nothing_is_left_behind_and_a_sentence_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(LabError, match="iproute2 is not installed"):
        Lab(ROBOTS)


def maps(pid: int) -> str:
    return Path(f"/proc/{pid}/maps").read_text()


def assert_one_log(folder: Path) -> None:
    """What any two disks hold at one index of one term is the same (section 3.5)."""
    found: dict[tuple[int, int], bytes] = {}
    for name in ROBOTS:
        disk = read_disk(folder / "facts" / f"{name}.sqlite", name)
        assert disk is not None
        for index, entry in enumerate(disk.entries, disk.snapshot.index + 1):
            assert found.setdefault((index, entry.term), entry.data) == entry.data, f"{name} at {index}"
    assert found
