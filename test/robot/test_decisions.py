"""Decisions on robots: over a mesh that loses, through crashes, with captured members; what parts them. About 10 s."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
from council import KEYS, NAMES, Council
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.agreement.byzantine.decision import Decider
from swarm_consensus.agreement.byzantine.messages import Certificate, Change, Proposal, certificate_digest
from swarm_consensus.agreement.byzantine.votes import KeyRing, KeySigner, cast, digest_of, is_proof
from swarm_consensus.agreement.errors import StorageError
from swarm_consensus.agreement.quorum import majority
from swarm_consensus.motion.obstacles import Prism
from swarm_consensus.network.keys import KeyFault
from swarm_consensus.network.mesh_parts import LARGEST
from swarm_consensus.network.replay import MemoryMarks
from swarm_consensus.network.seal import Identity
from swarm_consensus.robot.agent import Agent
from swarm_consensus.robot.decisions import DecisionOrders, Part, _encoder, _Letter, file_of, read_ballot
from swarm_consensus.robot.disk import MemoryDisk
from swarm_consensus.robot.identity import Secrets, Trust
from swarm_consensus.robot.letters import SHEET, SHEETS, UNFINISHED, Desk, Sheet, cut, name_of, read
from swarm_consensus.robot.seats import ABORT, COMMIT, Question, judge_of, pack_place, read_place, spell
from swarm_consensus.robot.state import Decided

# letters


@given(st.binary(min_size=1, max_size=4 * SHEET), st.randoms(use_true_random=False))
def test_a_letter_is_whole_again_whatever_order_its_sheets_come_in_and_however_often(
    letter: bytes, rng: object
) -> None:
    sheets = cut(letter) * 2
    rng.shuffle(sheets)  # type: ignore[attr-defined]
    desk = Desk()
    found = [desk.add(1, sheet) for sheet in map(read, sheets) if sheet]
    assert set(found) <= {None, letter}
    assert letter in found
    assert all(len(sheet) <= LARGEST for sheet in sheets)  # each goes as one message of the mesh


def test_sheets_of_two_letters_and_of_two_origins_never_mix() -> None:
    one, other = bytes(2 * SHEET), b"\x01" * 2 * SHEET
    (a, _), (_, d) = map(cut, (one, other))
    desk = Desk()
    first, second = read(a), read(d)
    assert first
    assert second
    assert desk.add(1, first) is None
    assert desk.add(1, second) is None
    assert desk.add(2, msgspec.structs.replace(first, part=1)) is None
    # what claims to be the other half of a letter and is not: its hash says so
    assert desk.add(1, msgspec.structs.replace(second, letter=first.letter)) is None
    assert desk.held > 0


def test_a_flood_of_halves_of_letters_fills_no_memory() -> None:
    desk = Desk()
    for number in range(1000):
        desk.add(7, Sheet(name_of(b"%d" % number), 0, SHEETS, bytes(SHEET)))
    assert desk.held <= UNFINISHED * SHEETS * SHEET
    assert cut(bytes(SHEET * SHEETS + 1)) == []


@given(st.binary(max_size=200))
def test_no_bytes_make_a_robot_raise(payload: bytes) -> None:
    robot = Council(4).robots[0]
    robot.hear(1, payload)
    for sheet in cut(payload or b"x"):
        assert robot.hear(1, sheet)
    robot.act()


# alike


def test_without_faults_all_decide_what_the_first_member_proposes_and_soon() -> None:
    council = Council(7).run()
    assert council.values() == ["0.000 0.500"] * 7
    # three steps; each letter is two parcels and more, of which the budget lets two go in a tick
    assert council.tick - 100 < 25
    assert council.proven() == set()
    assert [robot.reason_to_hold() for robot in council.robots] == [None] * 7
    place = council.robots[3].place
    assert place is not None
    assert place.tolist() == [0.0, 0.5]


def test_one_robot_alone_decides_by_itself() -> None:
    assert Council(1).run(most=110).values() == ["0.000 0.500"]


@pytest.mark.parametrize("seed", range(3))
def test_over_several_hops_and_with_loss_they_decide_alike(seed: int) -> None:
    council = Council(7, reach=2, loss=0.2, seed=seed).run()
    assert len(set(council.values())) == 1


@pytest.mark.parametrize("seed", range(3))
def test_two_traitors_of_seven_part_nobody_and_both_are_caught(seed: int) -> None:
    """The primary of the first view is one of them: it proposes two values."""
    council = Council(7, traitors=[0, 3], reach=3, loss=0.1, seed=seed).run()
    assert len(set(council.values())) == 1
    council.step(120)
    assert council.proven() == {"r0", "r3"}


def test_what_is_kept_as_proof_convinces_whoever_was_not_there() -> None:
    council = Council(7, traitors=[0, 3]).run()
    council.step(120)
    ring = KeyRing(tuple(key.public for key in KEYS[:7]))
    for robot in council.honest():
        ballot = read_ballot(council.disks[robot].load(file_of("q")))
        assert ballot
        assert {conflict.one.member for conflict in ballot.conflicts} == {0, 3}
        assert all(is_proof(conflict, ring) for conflict in ballot.conflicts)


def test_three_traitors_of_seven_part_the_honest() -> None:
    """The guarantee ends where it says: n >= 3f + 1."""
    council = Council(7, traitors=[0, 3, 5], budget=60_000).run()
    assert len(set(council.values())) == 2


class SmallQuorum(Decider):
    """Mutant: more than half is a quorum."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        self._quorum = self._rules._quorum = majority(fields["members"])


def test_two_traitors_part_robots_to_whom_more_than_half_is_a_quorum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("swarm_consensus.robot.seats.Decider", SmallQuorum)
    council = Council(7, traitors=[0, 3], budget=60_000).run()
    assert len(set(council.values())) == 2


def test_a_silent_primary_is_replaced() -> None:
    council = Council(4)
    council.off = {0}
    assert council.run().values() == ["1.000 0.500"] * 3
    assert council.robots[2].status(NAMES)[0].view == 1


def test_who_has_no_vote_takes_the_value_with_its_proof_and_nothing_less() -> None:
    council = Council(6, members=[1, 2, 3, 4], reach=1, loss=0.1).run()
    assert council.values() == ["1.000 0.500"] * 6
    signer = KeySigner(KEYS[0])  # a robot that is no member makes a decision up
    votes = tuple(cast(signer, "commit", b"council", 0, digest_of(b"false"), member) for member in range(3))
    fresh = Council(6, members=[1, 2, 3, 4])
    fresh.off = {1, 2, 3, 4}
    forged = _encoder.encode(_Letter(0, council.robots[1]._seats[0].decision.__class__(b"false", votes)))  # type: ignore[union-attr]
    for sheet in cut(forged):
        fresh.robots[5].hear(0, sheet)
    fresh.step(3)
    assert fresh.robots[5].status(NAMES)[0].value == ""


def test_one_who_proposes_to_abort_and_is_asked_first_stops_all() -> None:
    council = Council(4, about="mission", abort=[0]).run()
    assert council.values() == ["abort"] * 4
    assert {robot.reason_to_hold() for robot in council.robots} == {"mission aborted"}
    council = Council(4, about="mission", abort=[3]).run()
    assert {robot.reason_to_hold() for robot in council.robots} == {None}
    assert council.robots[0].place is None


# crashes and disks


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 6)), max_size=8), st.integers(0, 99))
def test_whoever_crashes_and_comes_back_the_honest_decide_alike_and_nobody_is_shown_to_lie(
    crashes: list[tuple[int, int]], seed: int
) -> None:
    council = Council(7, traitors=[0, 3], reach=4, loss=0.1, seed=seed)
    for ticks, robot in crashes:
        council.step(ticks)
        council.restart(robot)
    council.run()
    assert len(set(council.values())) == 1
    assert council.proven() <= {"r0", "r3"}


def test_a_robot_that_forgets_what_it_said_is_shown_to_lie() -> None:
    """Mutant: without the disk a crash makes an honest primary propose twice."""
    council = Council(4, reach=3)
    council.step(2)
    council.disks[0] = MemoryDisk()
    council.robots[0] = council.make(0)
    council.robots[0]._seats, council.robots[0]._waiting = [], {}
    council.robots[0].start(np.array([9.0, 9.0, 0.0]))
    council.step(30)
    assert council.proven() == {"r0"}


def test_after_a_crash_a_robot_knows_at_once_what_was_decided_and_who_lied() -> None:
    council = Council(7, traitors=[0, 3]).run()
    council.step(120)
    council.restart(2)
    status = council.robots[2].status(NAMES)[0]
    assert (status.value, status.liars) == (council.values()[0], ("r0", "r3"))


class Full(MemoryDisk):
    """A disk that takes nothing."""

    def save(self, name: str, data: bytes) -> None:
        raise StorageError("the disk is full")


def test_a_robot_whose_disk_refuses_says_nothing_holds_still_and_does_not_hinder_the_others() -> None:
    council = Council(4)
    council.disks[2] = Full()
    council.restart(2)
    for _ in range(200):
        council.step()
        assert council.said[2] == b"" or council.robots[2]._mesh.held  # it may pass on what others say
    assert council.robots[2].stopped == "the disk is full"
    assert council.robots[2].reason_to_hold() == "waits for decision q: the disk is full"
    assert [council.values()[i] for i in (0, 1, 3)] == ["0.000 0.500"] * 3


def test_a_robot_whose_file_was_altered_does_not_vote() -> None:
    council = Council(4)
    council.disks[1].files[file_of("q")] = b"\x00nonsense"
    council.restart(1)
    council.step(60)
    assert council.robots[1].stopped == "the file of a decision is not what this robot wrote"
    assert [value for value in council.values() if value] == ["0.000 0.500"] * 3


# values and sizes


@given(st.binary(max_size=20))
def test_any_bytes_are_a_place_or_none(value: bytes) -> None:
    place = read_place(value)
    assert (place is None) or pack_place(*place) == value
    assert spell(value)


def test_a_place_where_nobody_can_stand_is_not_voted_for() -> None:
    fence = np.array([[-5.0, -5.0], [5.0, -5.0], [5.0, 5.0], [-5.0, 5.0]])
    wall = Prism(np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]]), 1.0)
    is_valid = judge_of("meeting_point", fence, (wall,))
    assert is_valid(pack_place(-1.0, -1.0))
    assert not any(map(is_valid, (pack_place(6.0, 0.0), pack_place(1.0, 1.0), pack_place(np.nan, 0.0), b"", b"commit")))
    assert [judge_of("mission", fence, ())(value) for value in (b"commit", b"abort", b"")] == [True, True, False]


def test_the_largest_proposal_of_ten_members_fits_into_one_letter() -> None:
    """A later primary brings a quorum of changes, each with a certificate of a quorum: 7 x 7 votes and more."""
    signer = KeySigner(KEYS[0])
    votes = tuple(cast(signer, "prepare", bytes(16), 2**20, bytes(32), member) for member in range(7))
    certificate = Certificate(2**20, bytes(512), votes)
    vote = cast(signer, "change", bytes(16), 2**20, certificate_digest(certificate), 0)
    proposal = Proposal(vote, bytes(512), (Change(vote, certificate),) * 7)
    letter = _encoder.encode(_Letter(0, proposal))
    assert len(cut(letter)) > 1
    assert len(letter) <= SHEET * SHEETS


def test_a_new_primary_comes_into_office_with_a_letter_of_many_sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    """All have a certificate and nobody a commit, as if these were lost: the next proposal carries a quorum of them."""

    class NoCommit(Decider):
        def _commit(self, digest: bytes) -> None:
            if self.view:
                super()._commit(digest)

    monkeypatch.setattr("swarm_consensus.robot.seats.Decider", NoCommit)
    council = Council(7, reach=3, loss=0.1).run()
    assert council.values() == ["0.000 0.500"] * 7  # bound by the certificates: not its own place
    assert council.robots[1].status(NAMES)[0].view >= 1


# in an agent


@pytest.mark.parametrize(("value", "mode"), [(ABORT, "mission aborted"), (COMMIT, "moving")])
def test_a_robot_does_what_was_decided(orders, at, value: bytes, mode: str) -> None:  # type: ignore[no-untyped-def]
    part = Part(Question("q", "mission", b"x", (0,), 0), value=value)
    config = orders(count=1, decisions=DecisionOrders((part,)))
    with pytest.raises(KeyFault, match="decisions are voted on with keys, and this robot was given none"):
        Agent(config)
    config = replace(config, trust=Trust(b"x", "none", (Identity(KEYS[0].public),)))
    robot = Agent(config, secrets=Secrets(KEYS[0], 1, MemoryMarks()))
    response = [robot.tick(at(tick)) for tick in range(1, 10)][-1]
    assert response.status
    assert (response.status.mode, response.status.decisions) == (mode, (Decided("q", value.decode()),))
    assert response.command.linear.any() == (value == COMMIT)
