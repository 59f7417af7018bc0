"""``--live``: what a running robot tells is shown in the words and tables of a run folder; all else is a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from rich.console import Console

from swarm_consensus.agreement.asking import Entries, Known, Told, pack_told, read_question
from swarm_consensus.agreement.raft.chunks import Outgoing
from swarm_consensus.agreement.raft.membership import members
from swarm_consensus.agreement.raft.messages import MEMBERS, Chunk, Entry, Snapshot
from swarm_consensus.cli import main
from swarm_consensus.errors import InputError, SwarmError
from swarm_consensus.network import key_files
from swarm_consensus.network.keys import KeyFault
from swarm_consensus.robot.agent import Agent
from swarm_consensus.run.asker import AGAIN_S, Wanted
from swarm_consensus.run.command import Seal
from swarm_consensus.run.disks import FOLDER, Disks
from swarm_consensus.run.jobs import jobs_of, jobs_table, read_jobs
from swarm_consensus.run.journal import journal_table, rulings_table
from swarm_consensus.run.live import Call, believed, call, check, flaw, log_of, refusals, standing
from swarm_consensus.run.memory import run_in_memory
from swarm_consensus.run.shared_log import SharedLog, entries_table, read_log
from swarm_consensus.run.worlds import load
from swarm_consensus.simulation.engine import Simulation
from swarm_consensus.simulation.kinematic import KinematicWorld
from swarm_consensus.simulation.placement import place

WORLD = """
file_version: 1
name: telling
bounds_m: [[-6, -6], [6, 6]]
radio: {range_m: 8, loss: 0.1, partitions: [{from_s: 6, until_s: 9, groups: [[c]]}]}
robots:
  - {name: a, vehicle: rover, position_m: [-2, 0]}
  - {name: b, vehicle: multirotor, position_m: [0, 0, 1]}
  - {name: c, vehicle: rover, position_m: [1, 0]}
mission: {behaviour: rendezvous}
agreement: {election_s: 1.0, heartbeat_s: 0.2, delay_s: 0.2, report_s: 0.5, jobs: [{name: tea, every_s: 2}]}
security: {seal: identity}
operators: [{name: alice, role: administrator}, {name: bob}]
commands:
  - {at_s: 2, operator: alice, order: halt, heard_by: [a]}
  - {at_s: 3, operator: alice, order: grant, who: bob, role: operator, heard_by: [b]}
  - {at_s: 4, operator: bob, order: resume, heard_by: [a]}
  - {at_s: 7, operator: bob, order: land, heard_by: [a]}
duration_s: 9
"""
BARE = WORLD.replace("security: {seal: identity}\n", "").split("operators:")[0] + "duration_s: 9\n"


@dataclass
class Flown:
    """A run, its folder, and its robots as they stand at its end."""

    folder: Path
    agents: dict[str, Agent]
    refused: int = 0

    def ask(self, robot: str, wanted: Wanted, seal: Seal = "simulated", **given: Any) -> Call:
        """Ask a robot for everything, page by page."""
        asking = call(robot, self.folder / "world.yaml", wanted, seal, **given)
        teller, now = self.agents[robot].teller, 0.0
        assert teller is not None
        while not asking.asker.done and not asking.asker.fault and now < 60.0:
            question = asking.asker.due(now)
            page = None if question is None else teller.hear(question, now)
            if page is not None:
                asking.asker.hear(page, now)
            now += AGAIN_S
        return asking


@pytest.fixture(scope="module")
def flown(tmp_path_factory: pytest.TempPathFactory) -> Flown:
    folder = tmp_path_factory.mktemp("telling")
    (folder / "world.yaml").write_text(WORLD)
    scenario = load(folder / "world.yaml")
    robots = place(scenario, np.random.default_rng(0))
    simulation = Simulation(scenario, robots, KinematicWorld(scenario, robots), np.random.default_rng(1))
    agents: dict[str, Agent] = {}

    def make(config: Any, **parts: Any) -> Agent:
        agents[config.roster[config.index].name] = agent = Agent(config, **parts)
        return agent

    disks = Disks()
    run_in_memory(simulation, make_agent=make, disks=disks)
    disks.keep(folder / FOLDER, [robot.name for robot in robots])
    return Flown(folder, agents)


def shown(*tables: object) -> str:
    console = Console(width=140)
    with console.capture() as capture:
        for each in tables:
            console.print(each)
    return capture.get()


def what(log: SharedLog, robot: str) -> list[str]:
    """The entries of a robot in words, without who holds them."""
    lines = [line for line in shown(entries_table(log, robot)).splitlines() if line.startswith("│")]
    return [line.rsplit("│", 2)[0] for line in lines]


@pytest.mark.parametrize("robot", "abc")
def test_a_robot_tells_what_its_disk_holds_in_the_same_words(flown: Flown, robot: str) -> None:
    told = log_of(flown.ask(robot, "log"))
    kept = read_log(flown.folder)
    assert told.saved[robot].entries == kept.saved[robot].entries
    assert told.saved[robot].vote.term == kept.saved[robot].vote.term
    assert what(told, robot) == what(kept, robot)
    assert len(what(told, robot)) > 20


def test_jobs_of_a_robot_that_knows_all_are_those_of_the_folder(flown: Flown) -> None:
    told = flown.ask("a", "log")
    log = log_of(told)
    assert shown(jobs_table(log, jobs_of(log, told.scenario, "x"))) == shown(jobs_table(*read_jobs(flown.folder)))
    assert "done" in shown(jobs_table(log, jobs_of(log, told.scenario, "x")))


def test_a_robot_that_is_cut_off_answers_and_what_it_cannot_know_to_be_settled_is_not(flown: Flown) -> None:
    alone, other = flown.ask("c", "log"), flown.ask("a", "log")
    assert alone.asker.known is not None
    assert other.asker.known is not None
    assert alone.asker.known.commit < other.asker.known.commit
    assert "it knows no leader" in standing(alone) or "leads" in standing(alone)
    lines = shown(entries_table(log_of(alone))).splitlines()
    settled = [line for line in lines if line.startswith("│") and "not settled" not in line]
    assert len(settled) == alone.asker.known.commit


def test_what_it_tells_is_vouched_for(flown: Flown) -> None:
    told = flown.ask("b", "log")
    assert told.key is not None
    assert standing(told).endswith(f"; signed by {told.key.fingerprint}")
    assert refusals(told) == ""
    check(told, 1.0, {})


@pytest.mark.parametrize("robot", "ab")
def test_a_robot_tells_its_journal_and_its_heads_are_verified(flown: Flown, robot: str) -> None:
    told = flown.ask(robot, "journal")
    assert flaw(told) == ""
    text = shown(rulings_table(told.scenario, {"a": told.asker.lines, "b": told.asker.lines}))
    assert text.count("allowed") == 4  # halt, grant, resume, land
    assert [line.rsplit("│", 2)[0] for line in shown(journal_table(flown.folder)).splitlines()] == [
        line.rsplit("│", 2)[0] for line in text.splitlines()
    ]
    lines = told.asker.lines
    for wrong in (lines[1:], [lines[0], *lines], [*lines[:2], lines[2][:-1] + b"?", *lines[3:]], lines[:-1]):
        told.asker.lines = list(wrong)
        assert flaw(told)


def test_pages_signed_for_another_swarm_or_by_no_key_that_is_known_are_refused_in_a_sentence(
    flown: Flown, tmp_path: Path
) -> None:
    other = flown.ask("a", "log", swarm="others")
    assert other.asker.known is None
    with pytest.raises(SwarmError, match=r"what came on /a/told was refused, as no pages of a as its key .* forged"):
        check(other, 60.0, {})
    key_files.new_key(tmp_path, "a")
    stranger = flown.ask("a", "log", "identity", keys=tmp_path)
    with pytest.raises(SwarmError, match="forged; no other answer within 60 s"):
        check(stranger, 60.0, {})


def test_who_asks_for_no_proof_is_told_that_there_is_none(flown: Flown) -> None:
    believing = flown.ask("a", "log", "none")
    assert believing.asker.done
    assert standing(believing).endswith("not signed: anybody here can speak in its name")
    assert "nobody vouches for its lines" in flaw(flown.ask("a", "journal", "none"))


# before anything is asked


@pytest.fixture
def world(tmp_path: Path) -> Path:
    path = tmp_path / "telling.yaml"
    path.write_text(WORLD)
    return path


def test_a_robot_that_there_is_not_is_a_sentence_with_the_nearest_name(world: Path) -> None:
    with pytest.raises(InputError, match="no robot is named 'aa'; did you mean 'a'"):
        call("aa", world, "log")
    with pytest.raises(InputError, match="no robot is named 'scout'; its robots are a, b, c"):
        call("scout", world, "log")


def test_a_world_in_which_there_is_nothing_to_ask_for_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "bare.yaml").write_text(BARE)
    assert call("a", tmp_path / "bare.yaml", "log", "simulated").key is None
    with pytest.raises(InputError, match="nobody can give orders there"):
        call("a", tmp_path / "bare.yaml", "journal", "simulated")
    lines = [line for line in BARE.splitlines() if not line.startswith("agreement")]
    (tmp_path / "mute.yaml").write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match="its robots share no log"):
        call("a", tmp_path / "mute.yaml", "log", "simulated")


def test_without_the_key_of_a_robot_it_is_not_even_asked(world: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyFault, match=r"a\.pub: does not exist.*--seal simulated is for robots of 'swarm run'"):
        call("a", world, "log", keys=tmp_path)
    key = key_files.new_key(tmp_path, "a", expires=2_000_000_000)
    assert call("a", world, "log", keys=tmp_path, wall=1_999_999_999).key == key
    with pytest.raises(KeyFault, match="the key of a has expired"):
        call("a", world, "log", keys=tmp_path, wall=2_000_000_000)


def test_questions_have_numbers_that_were_never_used(world: Path) -> None:
    numbers = set()
    for _ in range(20):
        question = call("b", world, "log", "simulated").asker.due(0.0)
        assert question is not None
        numbers.add(read_question(question).number)
        assert read_question(question).robot == 1
    assert len(numbers) == 20


def test_silence_is_a_sentence_that_says_whom_where_and_how_long(world: Path) -> None:
    asking = call("b", world, "log", "simulated")
    for k in range(4):
        asking.asker.due(k * AGAIN_S)
    with pytest.raises(SwarmError) as error:
        check(asking, 15.0, {"ROS_DOMAIN_ID": "7"})
    assert str(error.value) == (
        "b did not answer: nothing on /b/told within 15 s, though asked 4 times on /b/asked; it may be off, or have "
        "another ROS_DOMAIN_ID (here 7; that of a 'swarm run' stands in its log.txt) or ROS_AUTOMATIC_DISCOVERY_RANGE "
        "(here not set, so SUBNET)"
    )


def lying(asking: Call, snapshot: Snapshot, entries: Sequence[Entry]) -> None:
    """Answer what is asked with something that was never in a log."""
    outgoing, known = Outgoing(snapshot), Known(1, None, 9, 9, snapshot.index + len(entries))
    piece = Chunk(1, 0, 0, snapshot.index, len(outgoing.data), outgoing.digest, 0, outgoing.data, 0)
    for page in (piece, Entries(snapshot.term, tuple(entries))):
        question = asking.asker.due(0.0)
        assert question is not None
        told = Told(read_question(question).number, 0, known, page)
        asking.asker.hear(pack_told(told, None, b""), 0.0)
    assert asking.asker.done


@pytest.mark.parametrize(
    ("snapshot", "entries"),
    [
        (Snapshot(5, 1, members([0, 1, 2]), b"\xc1"), ()),
        (Snapshot(5, 1, members([0, 1, 2]), msgspec.msgpack.encode(([], b"\xc1"))), ()),
        (Snapshot(0, 0, members([0, 1, 2])), (Entry(1, MEMBERS, b"\xc1"),)),
        (Snapshot(0, 0, members([0, 1, 2])), (Entry(1, MEMBERS, b"\x91" * 3000),)),
    ],
)
def test_what_makes_no_sense_is_a_sentence(world: Path, snapshot: Snapshot, entries: tuple[Entry, ...]) -> None:
    asking = call("a", world, "log", "none")
    lying(asking, snapshot, entries)

    def show() -> None:
        with believed(asking):
            log = log_of(asking)
            entries_table(log)
            jobs_of(log, asking.scenario, "x")

    with pytest.raises(SwarmError, match="what a told makes no sense: "):
        show()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("log", "a", "--wait", "3"), "--wait goes with --live"),
        (("journal", "a", "--seal", "none", "--swarm", "x"), "--seal goes with --live"),
        (("log", "a", "--live", "WORLD", "--robot", "b"), "--robot goes with a run folder"),
        (("log", "x", "--live", "WORLD"), "no robot is named 'x'"),
        (("jobs", "a", "--live", "nowhere.yaml"), "nowhere.yaml: no such file"),
        (("journal", "a", "b", "--live", "WORLD"), "one robot at a time; 'b' is one more"),
    ],
)
def test_what_does_not_go_together_is_a_sentence(
    world: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    assert main([str(world) if each == "WORLD" else each for each in arguments]) == 2
    assert sentence in capsys.readouterr().err
