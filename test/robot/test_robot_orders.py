"""A robot's desk: what it does with packets of ground stations, with a log in its hand that answers when told to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from robot.desks import CONFIG

from swarm_consensus.agreement.authority import Freshness
from swarm_consensus.agreement.commands import bring, read_line
from swarm_consensus.agreement.machines import unpack
from swarm_consensus.agreement.roles import Body, Grant, Person, Revoke, sign
from swarm_consensus.motion.behaviour import Task
from swarm_consensus.network.frame import Note
from swarm_consensus.network.keys import PrivateKey
from swarm_consensus.network.seal import Identity
from swarm_consensus.robot.identity import Trust
from swarm_consensus.robot.mission import Behave, Fence, Form, Goto, Sense, order
from swarm_consensus.robot.orders import AROUND, MAGIC, Desk, packet_of, read_answer

ALICE, BOB, EVE = (PrivateKey(bytes([each]) * 32) for each in (1, 2, 3))
ROBOT = PrivateKey(b"r" * 32)
SWARM = b"desk"
FRESH = Freshness(fresh_ticks=20, ask_ticks=4, delay_ticks=6)
PEOPLE = (
    (ALICE.public.raw, Person("alice", "administrator", 0, 0)),
    (BOB.public.raw, Person("bob", "operator", 0, 0)),
)
GOTO = order("goto", Goto([1.0, 2.0]))


class Robot:
    """A desk, and a log of one member that applies at once and answers reads when it is told to."""

    def __init__(
        self, answers: bool = True, people: tuple[tuple[bytes, Person], ...] = PEOPLE, behind: bool = False
    ) -> None:
        trust = Trust(SWARM, "identity", tuple(Identity(ROBOT.public) for _ in range(3)), people, FRESH)
        self.desk = Desk(CONFIG, trust, 480, behind=behind)
        self.answers = answers
        self.tick = 0
        self.index = 0
        self.obeyed: list[int] = []

    def run(self, *packets: bytes, ticks: int = 1, log: bool = True) -> Robot:
        """Hear packets, then live on for some ticks."""
        for packet in packets:
            self.desk.hear(packet, self.tick)
        for _ in range(ticks):
            brought, token = self.desk.wanted(self.tick)
            for command in brought if log else ():
                self.apply(command)
            self.desk.served([token] if token is not None and self.answers else [])
            if self.desk.decide(self.tick):
                self.obeyed.append(self.tick)
            self.tick += 1
        return self

    def apply(self, command: bytes) -> None:
        found = unpack(command)
        assert found is not None
        self.index += 1
        self.desk.machine.apply(self.index, found[1])

    def settle(self, body: Body, key: PrivateKey, number: int) -> None:
        """Settle a request that others brought."""
        self.index += 1
        self.desk.machine.apply(self.index, bring(1, self.tick, sign(key, number, body, SWARM)))


def said(body: Body, key: PrivateKey = BOB, number: int = 1, swarm: bytes = SWARM) -> bytes:
    return packet_of(sign(key, number, body, swarm))


def refused(robot: Robot) -> dict[str, int]:
    return dict(robot.desk.refused)


def test_an_order_is_obeyed_once_however_often_it_is_heard() -> None:
    robot = Robot().run(*[said(GOTO)] * 3, ticks=10).run(said(GOTO), ticks=10)
    assert len(robot.obeyed) == 1
    assert len(robot.desk.machine.lines) == 1
    goal = robot.desk.task(Task("rendezvous"), 1.5).goal
    assert goal is not None
    assert goal.tolist() == [1.0, 2.0, 1.5]


def test_a_robot_that_the_log_does_not_answer_denies_and_says_why_and_answers_all_the_same() -> None:
    robot = Robot(answers=False)
    robot.settle(GOTO, BOB, 1)
    robot.run(said(GOTO, number=2), said(GOTO, number=2), ticks=30, log=False)
    assert robot.obeyed == []
    assert robot.desk.status("armed", "").denied.startswith("bob: goto: roles are not known to be fresh")
    (note,) = robot.desk.notes()
    answer = read_answer(Note("ruling", words_of(note)))
    assert answer is not None
    assert not answer[1].allowed
    assert answer[1].index == 0  # not final
    robot.answers = True
    assert robot.run(ticks=8).obeyed  # it may: his role was never taken


def words_of(note: bytes) -> bytes:
    import msgspec

    return msgspec.Raw(msgspec.msgpack.encode(msgspec.msgpack.decode(note)[2]))


def test_an_order_that_is_learnt_of_after_its_author_was_dismissed_is_not_obeyed_nor_when_he_is_taken_back() -> None:
    robot = Robot()
    robot.settle(GOTO, BOB, 1)
    robot.settle(Revoke(BOB.public.raw), ALICE, 1)
    assert robot.run(ticks=10).obeyed == []
    robot.settle(Grant(BOB.public.raw, "bob", "operator"), ALICE, 2)
    assert robot.run(ticks=10).obeyed == []
    robot.settle(GOTO, BOB, 2)
    assert robot.run(ticks=10).obeyed


def test_halt_waits_for_nobody_and_only_the_log_lifts_it() -> None:
    robot = Robot(answers=False).run(said(order("halt")), log=False)
    assert robot.desk.halted == "halted by bob"
    robot.settle(order("resume"), ALICE, 1)
    robot.answers = True
    robot.run(ticks=10)
    assert robot.desk.halted  # resumed without knowing of the halt
    robot.settle(order("halt"), BOB, 1)
    robot.settle(order("resume"), ALICE, 2)
    assert robot.run(ticks=10).desk.halted == ""
    assert robot.run(said(order("halt")), ticks=2).desk.halted == ""  # a replay


def test_a_stranger_can_not_even_halt() -> None:
    forged = said(order("halt"), BOB)[:-1] + bytes([said(order("halt"), BOB)[-1] ^ 1])
    robot = Robot().run(said(order("halt"), EVE), forged, said(order("halt"), BOB, swarm=b"other"), ticks=5)
    assert robot.desk.halted == ""
    (line,) = map(read_line, robot.desk.machine.lines)
    assert line is not None
    assert (line.ruling.allowed, line.ruling.action) == (False, "halt")
    assert line.ruling.why == f"key {EVE.public.fingerprint} is not known"
    assert refused(robot) == {"stranger": 1, "forged": 2}
    (note,) = robot.desk.notes()
    answer = read_answer(Note("ruling", words_of(note)))
    assert answer is not None
    assert answer[1].why == line.ruling.why


def test_a_flood_of_strangers_neither_fills_the_journal_nor_the_log() -> None:
    robot = Robot()
    for number in range(200):
        robot.run(said(GOTO, PrivateKey(number.to_bytes(32, "big")), number + 1), ticks=1)
    assert len(robot.desk.machine.lines) == 1  # in ten seconds
    for number in range(200):
        robot.settle(GOTO, PrivateKey((1000 + number).to_bytes(32, "big")), 1)
    assert len(robot.desk.machine.lines) == 100
    robot.settle(GOTO, BOB, 1)
    assert robot.run(ticks=10).obeyed
    assert refused(robot) == {"stranger": 200}


def test_a_dismissed_operator_can_not_halt_once_it_is_known() -> None:
    robot = Robot()
    robot.settle(Revoke(BOB.public.raw), ALICE, 1)
    assert robot.run(said(order("halt")), ticks=5).desk.halted == ""
    assert "dismissed" in robot.desk.status("armed", "").denied


def test_the_newest_of_each_kind_is_in_force_and_a_goal_goes_with_a_formation() -> None:
    robot = Robot()
    slots = [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]]
    for number, each in enumerate((order("formation", Form(slots)), order("goto", Goto([3.0, 3.0])), GOTO), 1):
        robot.settle(each, BOB, number)
    task = robot.run(ticks=10).desk.task(Task("coverage"), 0.0)
    assert task.behaviour == "formation"
    assert task.goal is not None
    assert task.goal.tolist() == [1.0, 2.0, 0.0]
    assert len(task.slots) == 3


def test_a_flood_of_forgeries_costs_a_few_signatures_a_tick() -> None:
    robot, looked = Robot(), []
    roles = robot.desk.machine.roles
    robot.desk.machine.roles.is_signed = lambda request: bool(looked.append(request))  # type: ignore[method-assign]
    robot.run(*(said(GOTO, number=number) for number in range(1, 50)))
    assert len(looked) == 4
    assert refused(robot) == {"forged": 49}
    assert roles.numbers == {}


def test_what_is_too_long_for_the_log_is_refused_and_the_longest_fits() -> None:
    long = order("formation", Form([[1.0 / 3.0, 2.0 / 3.0]] * 20))
    assert refused(Robot().run(said(long))) == {"oversized": 1}
    for robots in range(1, 20):
        packet = said(order("formation", Form([[1.0 / 3.0, 2.0 / 3.0]] * robots)), number=2**53)
        robot = Robot()
        robot.desk.hear(packet, 2**40)
        for command in robot.desk.wanted(2**40)[0]:
            assert len(command) + 24 <= 480  # a session's number, the command's, and how long it is
            assert len(command) + 24 <= len(packet) - len(MAGIC) + AROUND


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_and_nothing_comes_of_them(noise: bytes) -> None:
    robot = Robot().run(MAGIC + noise, ticks=2)
    assert sum(refused(robot).values()) == 1
    assert robot.desk.machine.lines == []


@pytest.mark.parametrize(
    ("given_order", "why"),
    [
        (order("goto", Goto([9.0, 0.0])), "the goal [9, 0] is outside of the fence"),
        (order("goto"), "what is said with 'goto' can't be read"),
        (order("behaviour", Behave("flockng")), "there is no behaviour 'flockng'; did you mean 'flocking'?"),
        (order("behaviour", Behave("formation")), "a formation needs its places: order 'formation'"),
        (order("behaviour", Behave("follow", 7)), "'follow' needs a robot of the swarm, its leader"),
        (order("formation", Form([[0.0, 0.0]])), "1 places for 3 robots, must be one for each"),
        (order("land", Goto([0.0, 0.0])), "'land' takes no words"),
    ],
)
def test_an_order_without_sense_is_denied_by_all_with_a_sentence(given_order: Body, why: str) -> None:
    robot = Robot().run(said(given_order), ticks=10)
    assert robot.obeyed == []
    assert robot.desk.status("armed", "").denied.endswith(why)
    assert Sense(CONFIG)(given_order) == why  # type: ignore[arg-type]


# arming, fences, and keys that expire


def test_arm_disarm_and_fence_take_a_commander_and_the_newest_counts() -> None:
    robot = Robot()
    square = Fence([(-3.0, -3.0), (3.0, -3.0), (3.0, 3.0), (-3.0, 3.0)])
    for number, each in enumerate((order("disarm"), order("fence", square)), 1):
        robot.settle(each, BOB, number)
    robot.run(said(order("disarm"), BOB, 3), ticks=10)
    assert (robot.desk.disarmed, robot.desk.fence) == ("", None)
    assert robot.desk.status("armed", "").denied == "bob: disarm: bob is operator, 'disarm' takes commander"
    robot.settle(order("disarm"), ALICE, 1)
    robot.settle(order("fence", square), ALICE, 2)
    robot.run(ticks=10)
    assert robot.desk.disarmed == "disarmed by alice"
    assert robot.desk.fence == (5, square)
    assert len(robot.obeyed) == 1  # a fence changes what a robot is to do, to be disarmed does not
    robot.settle(order("arm"), ALICE, 3)
    assert robot.run(ticks=10).desk.disarmed == ""


def test_neither_a_fence_nor_an_arm_is_obeyed_by_who_does_not_know_its_roles_to_be_fresh() -> None:
    robot = Robot(answers=False)
    robot.settle(order("disarm"), ALICE, 1)
    robot.settle(order("fence", Fence([(-3.0, -3.0), (3.0, -3.0), (3.0, 3.0)])), ALICE, 2)
    robot.run(ticks=50)
    assert (robot.desk.disarmed, robot.desk.fence) == ("", None)
    assert "roles are not known to be fresh" in robot.desk.status("armed", "").denied


def test_a_robot_that_starts_again_holds_until_the_log_has_told_it_what_was_ordered() -> None:
    robot = Robot(answers=False, behind=True).run(ticks=20)
    assert "the log has not answered" in robot.desk.halted
    robot.settle(order("disarm"), ALICE, 1)
    robot.answers = True
    robot.run(ticks=8)
    assert (robot.desk.halted, robot.desk.disarmed) == ("", "disarmed by alice")
    assert Robot().desk.halted == ""  # at the first start there is nothing to be told


EXPIRING = (PEOPLE[0], (BOB.public.raw, Person("bob", "operator", 100, 0)))  # at second 100


def state(robot: Robot, *seconds: int) -> None:
    """Let the three robots state their time."""
    for number, second in enumerate(seconds):
        robot.index += 1
        robot.desk.machine.apply(robot.index, bring(number, second * 20, b""))


def test_robots_state_their_time_only_where_a_key_expires_and_not_more_often_than_every_30_s() -> None:
    assert Robot().desk.wanted(0)[0] == []
    robot = Robot(people=EXPIRING)
    assert [len(robot.desk.wanted(tick)[0]) for tick in (0, 1, 599, 600, 601)] == [1, 0, 0, 1, 0]


def test_an_order_under_a_key_that_expired_meanwhile_by_the_log_is_not_begun() -> None:
    robot = Robot(answers=False, people=EXPIRING)
    state(robot, 90, 90, 90)
    robot.tick = 90 * 20
    robot.settle(GOTO, BOB, 1)
    assert robot.desk.machine.standing["goal"].index == 4  # it was allowed
    state(robot, 101, 90, 101)
    robot.answers = True
    assert robot.run(ticks=10).obeyed == []
    assert robot.desk.status("armed", "").denied == (
        "bob: goto: the key of bob expired at second 100; by the log it is 101"
    )
