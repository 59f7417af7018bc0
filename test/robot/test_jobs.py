"""A robot's part in jobs: it tells the executor until that answers, and says what it notices."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_consensus.agreement import trigger
from swarm_consensus.agreement.schedule import Every
from swarm_consensus.agreement.trigger import (
    Begin,
    End,
    Executor,
    Notice,
    Request,
    Ruling,
    pack_ruling,
    read,
    read_ruling,
)
from swarm_consensus.arrays import Array
from swarm_consensus.robot.jobs import AGAIN_S, Condition, Jobs, Values, nothing, read_effort

RATE, PATIENCE, QUIET = 20, 30, 100
AGAIN = round(AGAIN_S * RATE)


def jobs(own: int = 0, *, condition: bool = False) -> Jobs:
    schedules = [] if condition else [("tea", Every(10))]
    conditions = [("tea", Condition("heat", 30.0, QUIET))] if condition else []
    return Jobs(own, schedules, conditions, RATE, PATIENCE)


def told(robot: Jobs, index: int, request: Request) -> None:
    """An entry of the log is carried out."""
    robot.triggers.apply(index, trigger.pack(request))


def asked(robot: Jobs, tick: int, *, leads: bool = False, values: Values = nothing) -> list[Request | None]:
    return [read(data) for data in robot.act(tick, leads, values)]


def efforts(robot: Jobs) -> list[int]:
    """Tokens of which the executor is told in this frame."""
    notes = [msgspec.msgpack.decode(raw) for raw in robot.efforts()]
    return [words[1][0] for *_, words in notes]


def test_the_executor_is_told_again_and_again_until_it_answers_and_only_then_is_it_done() -> None:
    robot = jobs()
    told(robot, 5, Begin("tea", 10, 0))
    when = []
    for tick in range(200, 200 + 3 * AGAIN):
        assert asked(robot, tick) == []
        when += [tick] * len(efforts(robot))
    assert when == [200, 200 + AGAIN, 200 + 2 * AGAIN]
    assert robot.hear([b"frame", pack_ruling(Ruling("tea", 0, 5, "go", 10))]) == (b"frame",)
    assert asked(robot, 300) == [End("tea", 5, "done")]
    robot.hear([pack_ruling(Ruling("tea", 0, 5, "done", 10))])  # the answer to the second
    assert [asked(robot, tick) for tick in range(301, 340)] == [[]] * 39
    assert efforts(robot) == []


@pytest.mark.parametrize(
    "ruling",
    [
        Ruling("tea", 1, 5, "go", 10),
        Ruling("tea", 0, 4, "go", 10),
        Ruling("tea", 0, 5, "stale", 10),
        Ruling("milk", 0, 5, "go", 10),
        Ruling("tea", 0, 5, "go", 9),
    ],
    ids=["of another robot", "of no attempt", "stale", "of no job", "of an earlier log"],
)
def test_what_is_no_yes_to_the_own_attempt_ends_nothing(ruling: Ruling) -> None:
    robot = jobs()
    told(robot, 5, Begin("tea", 10, 0))
    assert robot.hear([pack_ruling(ruling)]) == ()
    assert asked(robot, 200) == []
    assert efforts(robot) == [5]


def test_after_a_crash_the_executor_says_that_it_is_done_already() -> None:
    executor = Executor()
    assert executor.admits(trigger.Attempt(5, 10, 0), "tea") == "go"  # told before the crash
    robot = jobs()
    told(robot, 5, Begin("tea", 10, 0))  # read from the disk
    asked(robot, 400)
    assert efforts(robot) == [5]
    verdict = executor.admits(trigger.Attempt(5, 10, 0), "tea")
    assert verdict == "done"
    robot.hear([pack_ruling(Ruling("tea", 0, 5, verdict, 10))])
    assert asked(robot, 401) == [End("tea", 5, "done")]


@given(st.binary(max_size=40))
def test_nothing_that_is_heard_raises(data: bytes) -> None:
    robot = jobs()
    told(robot, 5, Begin("tea", 10, 0))
    robot.hear([b"SJ" + data, data])
    asked(robot, 200)
    found = read_ruling(b"SJ" + data)
    assert found is None or isinstance(found, Ruling)


def hot(value: float) -> Values:
    def values(name: str) -> Array | None:
        return np.array([value]) if name == "heat" else None

    return values


def test_all_who_see_a_condition_name_the_same_occurrence_and_then_are_quiet() -> None:
    robots = [jobs(own, condition=True) for own in range(3)]
    assert [asked(robot, 10, values=hot(30.0)) for robot in robots] == [[]] * 3  # above, not at
    assert [asked(robot, 11, values=hot(30.1)) for robot in robots] == [[Notice("tea", 1)]] * 3
    for index, robot in enumerate(robots):
        for entry in range(3):
            told(robot, entry + 1, Notice("tea", 1))
        assert robot.triggers.jobs["tea"].noticed == 1, index
    for tick in range(12, 12 + QUIET):
        assert [asked(robot, tick, values=hot(35.0)) for robot in robots] == [[]] * 3
    assert [asked(robot, 12 + QUIET, values=hot(35.0)) for robot in robots] == [[Notice("tea", 2)]] * 3
    assert [asked(robot, 13 + QUIET, values=hot(29.0)) for robot in robots] == [[]] * 3


def test_what_was_noticed_and_got_lost_is_said_again() -> None:
    robot = jobs(condition=True)
    said = [tick for tick in range(1, 1 + 2 * PATIENCE) if asked(robot, tick, values=hot(40.0))]
    assert said == [1, 1 + PATIENCE]


@pytest.mark.parametrize("values", [nothing, hot(float("nan")), hot(-1e9)])
def test_what_is_not_known_or_no_number_is_no_condition(values: Values) -> None:
    assert asked(jobs(condition=True), 1, values=values) == []


def test_only_the_leader_begins_what_was_noticed() -> None:
    robot = jobs(condition=True)
    told(robot, 1, Notice("tea", 1))
    assert asked(robot, 1) == []
    assert asked(robot, 2, leads=True) == [Begin("tea", 1, 0)]


def test_garbage_is_no_effort() -> None:
    from msgspec import Raw

    from swarm_consensus.network.frame import Note

    assert read_effort(Note("job", Raw(msgspec.msgpack.encode([1, 2])))) is None
