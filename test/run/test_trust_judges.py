"""The judges of decisions and bundles: what they cry out about; and ``swarm decisions``, which believes no robot."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from swarm_consensus.agreement.byzantine.messages import Decision, Saved
from swarm_consensus.agreement.byzantine.votes import Conflict, KeySigner, cast, digest_of
from swarm_consensus.agreement.errors import StorageError
from swarm_consensus.cli import main
from swarm_consensus.errors import InputError
from swarm_consensus.network.spreading import Chunk
from swarm_consensus.robot.bundles import digest_of as bundle_digest
from swarm_consensus.robot.decisions import file_of
from swarm_consensus.robot.disk import MemoryDisk
from swarm_consensus.robot.seats import COMMIT, Ballot
from swarm_consensus.robot.state import Cargo, Decided, Status
from swarm_consensus.run.ballots import read_decisions
from swarm_consensus.run.bundle import BundleJudge
from swarm_consensus.run.decisions import DecisionsJudge
from swarm_consensus.run.disks import FolderDisk
from swarm_consensus.simulation.cargo import data_of
from swarm_consensus.simulation.decisions import question_of
from swarm_consensus.simulation.identities import simulated_key
from swarm_consensus.simulation.loading import parse
from swarm_consensus.simulation.placement import place
from swarm_consensus.simulation.record import TickRecord

WORLD = """
file_version: 1
name: four
bounds_m: [[-9, -9], [9, 9]]
radio: {range_m: 18}
robots:
  - {name: a, vehicle: rover, position_m: [0, 0]}
  - {name: b, vehicle: rover, position_m: [1, 0]}
  - {name: c, vehicle: rover, position_m: [2, 0]}
  - {name: d, vehicle: rover, position_m: [3, 0]}
security: {seal: none}
"""
DECIDE = """
decisions: [{name: meeting, about: meeting_point, captured: [b], lures_m: [[3, 0], [-3, 0]]}]
expect: {decided_alike: true, met_within_m: 2.5, by_s: 5}
duration_s: 10
"""
CARRY = """
operators: [{name: ada, role: administrator}]
agreement: {}
bundle: {name: map, source: a, bytes: 900, signed_by: ada, corrupting: [b]}
expect: {active_by_s: 5}
duration_s: 10
"""


def record(time: float, status: Iterable[Status | None], alive: Iterable[bool] = (True,) * 4) -> TickRecord:
    class Truth:
        position = np.array([[0.0, 0, 0], [1.0, 0, 0], [2.0, 0, 0], [3.0, 0, 0]])

    living = np.array(list(alive))
    return TickRecord(
        tick=round(time * 20), time=time, truth=Truth(), odometry=(), command=np.zeros((4, 4)), alive=living,
        held=(), status=tuple(status), radio={},
    )  # type: ignore[arg-type]  # fmt: skip


def status(decided: Decided | None = None, cargo: Cargo | None = None) -> Status:
    zero = np.zeros(3)
    decisions = () if decided is None else (decided,)
    return Status("moving", zero, zero, zero, (), (), (), 0, decisions=decisions, cargo=cargo)


class Watch:
    """A judge, and what it told of."""

    def __init__(self, text: str) -> None:
        self.scenario = parse(WORLD + text, "four.yaml")
        self.told: list[str] = []
        kind = DecisionsJudge if self.scenario.decisions else BundleJudge
        robots = place(self.scenario, np.random.default_rng(0))
        self.judge = kind(self.scenario, robots, lambda time, what: self.told.append(what))

    def verdict(self) -> dict[str, tuple[bool, str]]:
        return {finding.name: (finding.held, finding.detail) for finding in self.judge.findings()}


# decisions


def decide(values: dict[float, str], liars: dict[str, tuple[str, ...]] | None = None, end: float = 10.0) -> Watch:
    """Let a, c and d tell of values from some times on; b is captured and tells of another."""
    watch = Watch(DECIDE)
    for time in np.arange(0.0, end, 0.5).tolist():
        known = [value for since, value in values.items() if since <= time]
        each = dict.fromkeys("acd", known[-1] if known else "")
        said = [
            status(Decided("meeting", each.get(name, "-3.000 0.000"), 0, (liars or {}).get(name, ())))
            for name in "abcd"
        ]
        watch.judge.look(record(time, said))
    return watch


def test_the_honest_decide_alike_in_time_and_the_captured_are_not_asked() -> None:
    verdict = decide({2.0: "1.000 0.000"}).verdict()
    assert verdict["decided_alike"] == (True, "")
    assert verdict["met_within_m"][0]  # d at 3 m is 2 m away
    assert not decide({2.0: "-1.000 0.000"}).verdict()["met_within_m"][0]


def test_too_late_or_never_is_not_held() -> None:
    held, detail = decide({6.0: "1.000 0.000"}).verdict()["decided_alike"]
    assert (held, detail) == (False, "not in time: a of 'meeting', c of 'meeting', d of 'meeting'")
    verdict = decide({}).verdict()
    assert not verdict["decided_alike"][0]
    assert verdict["met_within_m"] == (False, "nobody knows of a place at 5.00 s")


def test_whoever_changes_its_mind_or_knows_of_another_value_is_cried_out_about() -> None:
    watch = decide({1.0: "1.000 0.000", 3.0: "2.000 0.000"})
    held, detail = watch.verdict()["decided_alike"]
    assert (held, detail) == (False, "at 3.00 s a goes by 2.000 0.000 in decision 'meeting'")
    watch = Watch(DECIDE)
    watch.judge.look(record(1.0, [status(Decided("meeting", value)) for value in ("1 0", "7 7", "1 0", "2 0")]))
    assert watch.verdict()["decided_alike"] == (False, "at 1.00 s d goes by 2 0 in decision 'meeting'")


def test_proofs_of_the_captured_are_told_and_a_proof_against_an_honest_one_fails_the_run() -> None:
    watch = decide({1.0: "1.000 0.000"}, {"a": ("b",), "d": ("b",)})
    assert watch.verdict()["decided_alike"][0]
    assert list(watch.judge.notes()) == [
        "b signed votes that exclude each other in decision 'meeting'; a, d keep the proof"
    ]
    assert watch.judge.metrics()["proven_liars"] == "b"
    assert "a has proof that b signed two votes that exclude each other" in watch.told
    held, detail = decide({1.0: "1.000 0.000"}, {"a": ("c",)}).verdict()["decided_alike"]
    assert (held, detail) == (False, "at 0.00 s a shows honest c to lie in decision 'meeting'")


def test_the_dead_are_not_asked() -> None:
    watch = Watch(DECIDE)
    said = status(Decided("meeting", "1.000 0.000"))
    watch.judge.look(record(1.0, [said, said, said, None], (True, True, True, False)))
    assert watch.verdict()["decided_alike"][0]


# bundles


def carry(*cargos: Cargo | None, at: float = 1.0) -> Watch:
    watch = Watch(CARRY)
    watch.judge.look(record(at, [status(cargo=cargo) for cargo in cargos]))
    return watch


def whole(**fields: object) -> Cargo:
    digest = bundle_digest(data_of(Watch(CARRY).scenario.bundle))  # type: ignore[arg-type]
    return msgspec.convert(
        {"name": "map", "number": 1, "chunks": 2, "of": 2, "digest": digest, "index": 9, **fields}, Cargo
    )


def test_the_same_bytes_from_one_entry_on_are_held() -> None:
    assert carry(*[whole()] * 4).verdict() == {"active_by_s": (True, "")}


@pytest.mark.parametrize(
    ("last", "detail"),
    [
        (whole(digest="00"), "at 1.00 s d holds altered bytes"),
        (whole(digest="", index=0), "not d"),
        (whole(index=0), "not d"),
        (None, "not d"),
        (whole(named=("c",)), "at 1.00 s d names c, which alters nothing"),
        (whole(index=10), ""),  # two entries
    ],
)
def test_anything_else_is_not(last: Cargo | None, detail: str) -> None:
    assert carry(whole(), whole(), whole(), last).verdict() == {"active_by_s": (False, detail)}


def test_too_late_is_not_held_and_a_robot_that_comes_back_must_have_it_again() -> None:
    assert carry(*[whole()] * 4, at=6.0).verdict() == {"active_by_s": (False, "not a, b, c, d")}
    watch = carry(*[whole()] * 4)
    full = [status(cargo=whole())] * 3
    watch.judge.look(record(2.0, [*full, None], (True, True, True, False)))
    assert watch.verdict()["active_by_s"][0]
    watch.judge.look(record(3.0, [*full, status(cargo=whole(digest="", chunks=1, index=0))]))
    assert watch.verdict()["active_by_s"] == (False, "not d")
    watch.judge.look(record(4.0, [*full, status(cargo=whole(resumed=1))]))
    assert watch.verdict()["active_by_s"][0]
    assert watch.judge.metrics()["bundle_resumed_chunks"] == {"d": 1}


def test_who_named_the_corrupting_relay_is_told() -> None:
    watch = carry(whole(), whole(), whole(named=("b",)), whole(named=("b",)))
    assert watch.verdict()["active_by_s"][0]
    assert list(watch.judge.notes()) == ["b handed on altered chunks of bundle 'map'; named by c, d"]


# disks


def test_a_folder_keeps_what_a_disk_in_memory_keeps(tmp_path: Path) -> None:
    chunk = Chunk(bytes(8), 3, b"data", (bytes(32),))
    for disk in (MemoryDisk(), FolderDisk(tmp_path / "a")):
        assert disk.load("x") is None
        disk.save("x", b"one")
        disk.save("x", b"two")
        disk.shelf("y").keep(chunk)
        assert disk.load("x") == b"two"
        assert list(disk.shelf("y").load()) == [chunk]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["x", "y"]


def test_a_folder_that_can_not_be_used_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a file")
    disk = FolderDisk(tmp_path / "a")
    with pytest.raises(StorageError, match="can't be written: "):
        disk.save("x", b"")
    with pytest.raises(StorageError, match="can't be made: "):
        disk.shelf("x")
    with pytest.raises(StorageError, match="can't be read: "):
        disk.load("x")


# swarm decisions


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "world.yaml").write_text(WORLD + DECIDE)
    return tmp_path


def keep(folder: Path, robot: str, ballot: Ballot) -> None:
    FolderDisk(folder / "facts" / robot).save(file_of("meeting"), msgspec.msgpack.encode(ballot))


def vote(folder: Path, name: str, kind: str, value: bytes, signer: str | None = None):  # type: ignore[no-untyped-def]
    scenario = parse(WORLD + DECIDE, "four.yaml")
    question = question_of(scenario, scenario.decisions[0])
    key = KeySigner(simulated_key(b"four", "robot", signer or name))
    return cast(key, kind, question.instance, 0, digest_of(value), "abcd".index(name))  # type: ignore[arg-type]


def test_what_robots_keep_is_checked_anew_and_what_proves_nothing_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    votes = tuple(vote(folder, name, "commit", COMMIT) for name in "abc")
    lie = Conflict(vote(folder, "b", "propose", b"1"), vote(folder, "b", "propose", b"2"))
    keep(folder, "a", Ballot(Saved(decision=Decision(COMMIT, votes)), (lie,)))
    keep(folder, "c", Ballot(Saved(view=2)))
    rows = read_decisions(folder)
    assert [(row.robot, row.sound) for row in rows] == [("a", True), ("a", True), ("c", True)]
    assert rows[0].what == "decided commit in view 0, signed by a, b, c"
    assert rows[1].what.startswith("b signed two propose votes in view 0, for ")
    assert rows[2].what == "nothing decided, in view 2"
    assert main(["decisions", str(folder)]) == 0
    # a captured robot writes what it likes: a quorum of its own votes, a lie that b never told
    forged = Conflict(vote(folder, "b", "propose", b"1"), vote(folder, "b", "propose", b"2", signer="d"))
    keep(folder, "d", Ballot(Saved(decision=Decision(COMMIT, votes[:1] * 3)), (forged,)))
    assert [row.sound for row in read_decisions(folder) if row.robot == "d"] == [False, False]
    assert main(["decisions", str(folder)]) == 1
    assert capsys.readouterr().out.count("PROVES NOTHING") == 2


def test_what_is_no_run_with_decisions_is_a_sentence(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no run folder, world.yaml is missing"):
        read_decisions(tmp_path / "nowhere")
    (folder / "world.yaml").write_text(WORLD + "duration_s: 10\n")
    with pytest.raises(InputError, match="the robots of this run decided nothing"):
        read_decisions(folder)
    (folder / "world.yaml").write_text(WORLD + DECIDE)
    FolderDisk(folder / "facts" / "a").save(file_of("meeting"), b"nonsense")
    with pytest.raises(StorageError, match=r"a/decision_meeting: the file of a decision is not what this robot wrote"):
        read_decisions(folder)
