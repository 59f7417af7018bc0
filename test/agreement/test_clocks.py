"""The log's time: what no one clock can move, and keys that all robots find expired alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_consensus.agreement.clocks import APART, Clocks
from swarm_consensus.agreement.commands import Commands, bring, read_line
from swarm_consensus.agreement.roles import Body, Grant, Order, Person, Revoke, Ruling, ruling_of, sign
from swarm_consensus.network.keys import PrivateKey

ALICE, BOB, EVE = (PrivateKey(bytes((letter,)) * 32) for letter in b"abe")
SWARM = b"clocks"
EXPIRES = 1000  # s
PEOPLE = {
    ALICE.public.raw: Person("alice", "administrator", 0, 0),
    BOB.public.raw: Person("bob", "operator", EXPIRES, 0),
}
RATE = 20
GONE = "the key of bob expired at second 1000; "
LATE = "it was too long on its way, or the clock of the robot that brought it is behind"


def register(count: int = 4) -> Commands:
    return Commands(PEOPLE, SWARM, count=count, rate=RATE)


def state(machine: Commands, *seconds: int) -> Commands:
    """Let each robot state its time."""
    for robot, second in enumerate(seconds):
        assert machine.apply(robot + 1, bring(robot, second * RATE, b"")) == b""
    return machine


def asked(
    machine: Commands, robot: int, second: int, key: PrivateKey = BOB, number: int = 1, what: str = "goto"
) -> Ruling:
    request = sign(key, number, Order(what), SWARM)
    return ruling_of(machine.apply(100 + number, bring(robot, second * RATE, request)))


def test_statements_are_no_lines_of_the_journal_and_change_nothing_else() -> None:
    machine = state(register(), 10, 11, 12)
    assert (machine.lines, machine.clocks.now, machine.roles.people) == ([], 11, dict(sorted(PEOPLE.items())))


@pytest.mark.parametrize(
    ("stated", "robot", "second", "why"),
    [
        ((), 0, 10, "the key of bob expires, and the log does not know the time so far: too few robots stated theirs"),
        ((990, 990, 990), 0, 999, ""),
        ((990, 990, 990), 0, 1000, GONE + "by the robot that brought the request it is 1000"),
        ((1001, 1002, 990), 2, 990, GONE + "by the log it is 1001"),
        ((990, 990, 9999), 0, 991, ""),  # one clock ahead kills no key
        ((990, 990, 9999), 2, 9999, GONE + "by the robot that brought the request it is 9999"),
        (
            (990, 990, 990), 3, 990 - APART - 1,
            "the key of bob expires, and the request was brought at second 929, when by the log it is 990: " + LATE,
        ),
    ],
)  # fmt: skip
def test_a_key_that_expires_is_judged_by_the_log_and_the_ruling_is_journalled(
    stated: tuple[int, ...], robot: int, second: int, why: str
) -> None:
    machine = state(register(), *stated)
    ruling = asked(machine, robot, second)
    assert (ruling.allowed, ruling.why) == (not why, why)
    (line,) = map(read_line, machine.lines)
    assert line is not None
    assert (line.ruling, line.robot, line.tick) == (ruling, robot, second * RATE)
    assert ("goal" in machine.standing) == (not why)


def test_who_never_expires_needs_no_clock_and_an_expired_key_may_still_halt() -> None:
    assert asked(register(), 0, 5, ALICE).allowed
    assert asked(state(register(), 2000, 2000, 2000), 0, 2000, BOB, what="halt").allowed


def test_a_new_grant_revives_a_key_and_only_that() -> None:
    machine = state(register(), 2000, 2000, 2000)
    assert not asked(machine, 0, 2000).allowed
    grant = sign(ALICE, 1, Grant(BOB.public.raw, "bob", "operator", 3000), SWARM)
    assert ruling_of(machine.apply(50, bring(0, 2000 * RATE, grant))).allowed
    assert asked(machine, 0, 2000, number=2).allowed


SECONDS = st.integers(0, 5000)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30)), max_size=60),
    st.integers(0, 3),
    st.lists(SECONDS, min_size=60, max_size=60),
)
def test_one_wrong_clock_neither_pushes_the_time_nor_holds_it_back(
    steps: list[tuple[int, int]], wrong: int, lies: list[int]
) -> None:
    """True time goes on by some seconds from statement to statement; the wrong clock says anything."""
    clocks, true = Clocks(4), 0
    last: dict[int, int] = {}
    for (robot, passed), lie in zip(steps, lies, strict=False):
        true += passed
        clocks.state(robot, lie if robot == wrong else true)
        last[robot] = true
        honest = sorted(second for each, second in last.items() if each != wrong)
        if clocks.now is not None and honest:
            assert clocks.now <= true, "nobody pushes it beyond the present"
        if len(honest) >= 2:
            assert clocks.now is not None
            assert clocks.now >= honest[-2], "nor holds it back behind two that are right"


class Newest(Clocks):
    """A mutant: the newest statement counts."""

    def state(self, robot: int, second: int) -> None:
        self.now = max(self.now or 0, second)


class Bringer(Clocks):
    """A mutant: the robot that brings a request is believed."""

    def state(self, robot: int, second: int) -> None:
        self.now = second


def test_mutants_let_one_clock_kill_or_revive_a_key() -> None:
    machine = register()
    machine.clocks = Newest(4)
    assert not asked(state(machine, 990, 990, 9999), 0, 991).allowed
    machine = register()
    machine.clocks = Bringer(4)
    assert asked(state(machine, 1500, 1500, 1500), 3, 990).allowed


def test_with_fewer_than_three_robots_the_newest_counts() -> None:
    for count in (1, 2):
        clocks = Clocks(count)
        clocks.state(0, 50)
        assert clocks.now == 50
    clocks.state(1, 70)
    clocks.state(7, 9999)  # no robot of the swarm
    assert clocks.now == 70


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("state"), st.integers(0, 3), SECONDS),
        st.tuples(st.sampled_from(["goto", "halt", "look"]), st.integers(0, 3), SECONDS),
    ),
    max_size=25,
)


@given(EVENTS, st.integers(0, 25))
def test_no_two_robots_rule_differently_and_none_from_a_snapshot(events: list[tuple[str, int, int]], cut: int) -> None:
    one, two = register(), register()
    for index, (what, robot, second) in enumerate(events):
        if index == cut:
            fresh = register()
            fresh.restore(two.snapshot())
            two = fresh
        request = b"" if what == "state" else sign(BOB, index + 1, Order(what), SWARM)
        entry = bring(robot, second * RATE, request)
        assert one.apply(index, entry) == two.apply(index, entry)
        assert one.roles.may(BOB.public.raw, "goto") == two.roles.may(BOB.public.raw, "goto")
    assert (one.lines, one.snapshot()) == (two.lines, two.snapshot())


# what is refused is a sentence, a line of the journal, and nothing else


@pytest.mark.parametrize(
    ("key", "body", "words"),
    [
        (EVE, Order("goto"), "is not known"),
        (EVE, Grant(EVE.public.raw, "eve", "administrator"), "is not known"),
        (BOB, Order("goto"), "the key of bob expired at second 1000"),
        (ALICE, Grant(EVE.public.raw, "eve", "comander"), "role 'comander' does not exist; did you mean 'commander'?"),
        (ALICE, Order("gotoo"), "action 'gotoo' does not exist; did you mean 'goto'?"),
        (BOB, Order("fence"), "bob is operator, 'fence' takes commander"),
        (BOB, Revoke(ALICE.public.raw), "bob is operator, 'revoke' takes administrator"),
        (ALICE, Revoke(ALICE.public.raw), "that would leave no administrator whose key never expires"),
        (ALICE, Grant(ALICE.public.raw, "alice", "administrator", 9), "that would leave no administrator"),
    ],
)
def test_bad_input_is_refused_with_a_sentence_and_journalled_and_nothing_is_half_applied(
    key: PrivateKey, body: Body, words: str
) -> None:
    machine = state(register(), 2000, 2000, 2000)
    people = dict(machine.roles.people)
    ruling = ruling_of(machine.apply(9, bring(1, 2000 * RATE, sign(key, 1, body, SWARM))))
    assert not ruling.allowed
    assert words in ruling.why
    (line,) = map(read_line, machine.lines)
    assert line is not None
    assert (line.index, line.robot, line.number, line.ruling) == (9, 1, 1, ruling)
    assert (machine.roles.people, machine.standing, machine.roles.standing) == (people, {}, None)
