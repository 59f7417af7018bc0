"""Quantities on the robots: what they agree on over a bad radio, and that nothing a neighbour says can hurt a tick."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from swarm_consensus.consensus.integral import Gains
from swarm_consensus.consensus.running_sums import Given, Sums
from swarm_consensus.motion.behaviour import Task
from swarm_consensus.network.frame import (
    ROOM,
    Frame,
    Note,
    Sighting,
    Sightings,
    Values,
    decode,
    encode,
    messages_of,
    packed,
)
from swarm_consensus.robot.agent import Agent
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.robot.quantities import MOST, Quantities, Told, read, values_in, write
from swarm_consensus.robot.rounds import LAWS, Quantity
from swarm_consensus.robot.speech import WORDS
from swarm_consensus.robot.state import Stimulus

Orders = Callable[..., AgentConfig]
At = Callable[..., Stimulus]
NOWHERE = np.zeros(3)
GAINS = Gains(proportional=1.0, integral=0.5, step=0.05, leak=0.5)


def quantity(law: str = "running_sums", value: float | None = None, size: int = 1, **more: object) -> Quantity:
    constant = None if value is None else np.full(size, value)
    return Quantity("level", law, size, constant=constant, gains=GAINS, **more)  # type: ignore[arg-type]


def swarm(law: str, values: Sequence[float], **more: object) -> list[Quantities]:
    return [Quantities(i, [quantity(law, value, **more)], fresh=20) for i, value in enumerate(values)]


def spoken(message: Raw) -> Values:
    return msgspec.msgpack.decode(message, type=Values)


def talk(
    robots: Sequence[Quantities],
    ticks: range,
    loss: float = 0.0,
    lost: tuple[int, ...] = (),
    heard: Callable[[int, int], bool] = lambda i, j: True,
) -> None:
    """Let robots who are not lost hear each other, each message with a delay of one tick."""
    rng = np.random.default_rng(1)
    for tick in ticks:
        said = {i: robot.tick(tick, (), NOWHERE, lost) for i, robot in enumerate(robots) if i not in lost}
        for i, message in said.items():
            for j, robot in enumerate(robots):
                if j in said and j != i and heard(i, j) and rng.random() >= loss:
                    robot.hear(i, tick + 1, spoken(message))


def believed(robots: Sequence[Quantities]) -> list[float]:
    return [float(robot.status()[0].value[0]) for robot in robots]


def test_alone_every_law_believes_its_own_input_and_says_it() -> None:
    for law in LAWS:
        (robot,) = swarm(law, [3.0])
        said = robot.tick(0, (), NOWHERE, ())
        assert believed([robot]) == [3.0], law
        entry = read(spoken(said).entries[0], 1)
        assert entry is not None
        assert entry.value == (3.0,)
        assert robot.status()[0].spread == 0.0


def test_a_sensor_that_is_silent_or_broken_leaves_what_it_said_last() -> None:
    robot = Quantities(0, [quantity("tracking", reading=0)], fresh=20)
    for tick, readings in enumerate(((), (math.nan,), (math.inf,), (1e7,))):
        assert bytes(spoken(robot.tick(tick, readings, NOWHERE, ())).entries[0]) == b"\xc0"  # nil: nothing to say yet
        assert math.isnan(believed([robot])[0])
    robot.tick(4, (7.0,), NOWHERE, ())
    robot.tick(5, (math.nan,), NOWHERE, ())
    assert believed([robot]) == [7.0]
    robot.tick(6, (8.0,), NOWHERE, ())
    assert believed([robot]) == [8.0]


def test_the_own_place_is_an_input_of_two_numbers() -> None:
    robot = Quantities(0, [quantity("average", size=2)], fresh=20)
    robot.tick(0, (), np.array([1.0, 2.0, 9.0]), ())
    np.testing.assert_array_equal(robot.value("level"), [1.0, 2.0])


@pytest.mark.parametrize("law", ["average", "running_sums", "tracking", "integral"])
def test_on_a_path_without_loss_all_come_to_the_mean(law: str) -> None:
    # 400 ticks: the slowest, running sums, forget by 0.9 a tick, 0.9^400 < 1e-18; the integral has a pole near 1 - h
    robots = swarm(law, [1.0, 2.0, 3.0, 10.0])
    talk(robots, range(700), heard=lambda i, j: abs(i - j) == 1)
    assert believed(robots) == pytest.approx([4.0] * 4, abs=1e-6)


def test_proportional_action_stays_apart() -> None:
    # on a pair with k_p = 1, leak 0.5: the difference settles at leak / (2 k_p + leak) = 0.2 of the inputs'
    robots = swarm("proportional", [0.0, 1.0])
    for robot in robots:
        object.__setattr__(robot._all[0].orders, "gains", Gains(1.0, 0.0, 0.05, 0.5))
    talk(robots, range(400))
    low, high = believed(robots)
    assert high - low == pytest.approx(0.2, abs=1e-6)


def test_lost_frames_move_the_plain_average_and_not_running_sums() -> None:
    values = [1.0, 2.0, 3.0, 10.0]
    plain, summing = swarm("average", values), swarm("running_sums", values)
    for robots in (plain, summing):
        talk(robots, range(800), loss=0.5, heard=lambda i, j: abs(i - j) == 1)
    assert np.ptp(believed(plain)) < 1e-9
    assert abs(believed(plain)[0] - 4.0) > 0.05  # they agree, on something else
    assert believed(summing) == pytest.approx([4.0] * 4, abs=1e-6)


def test_the_dead_are_forgotten_and_the_rest_has_the_average_of_the_rest() -> None:
    robots = swarm("running_sums", [0.0, 3.0, 12.0])
    talk(robots, range(100), loss=0.3)
    assert believed(robots) == pytest.approx([5.0] * 3, abs=1e-3)
    talk(robots, range(100, 400), loss=0.3, lost=(2,))
    assert believed(robots)[:2] == pytest.approx([1.5, 1.5], abs=1e-9)


def test_who_is_many_is_given_shares_in_turns_and_the_average_is_right() -> None:
    values = [float(i) for i in range(30)]  # 29 neighbours; a frame has room for 8
    robots = swarm("running_sums", values)
    talk(robots, range(300), loss=0.2)
    assert believed(robots) == pytest.approx([14.5] * 30, abs=1e-3)


def test_extremes_reach_all() -> None:
    for law, result in (("maximum", 9.0), ("minimum", 1.0)):
        robots = swarm(law, [4.0, 9.0, 1.0, 5.0])
        talk(robots, range(4), heard=lambda i, j: abs(i - j) == 1)
        assert believed(robots) == [result] * 4


# --- what liars say ---------------------------------------------------------------------------------------------------

NUMBERS = st.floats(allow_nan=True, allow_infinity=True) | st.integers(-(2**63), 2**64 - 1)
GARBAGE = st.one_of(
    st.binary(max_size=12),
    st.recursive(
        NUMBERS | st.text(max_size=3) | st.none(), lambda inner: st.lists(inner, max_size=4), max_leaves=8
    ).map(msgspec.msgpack.encode),
    st.tuples(st.lists(NUMBERS, max_size=3), st.integers(-1, 300)).map(msgspec.msgpack.encode),
    st.builds(
        lambda session, sums, tick: msgspec.msgpack.encode(
            Told((1.0,), 1, Sums(tick, (Given(0, session, tuple(sums)),)))
        ),
        st.integers(0, 2**53),
        st.lists(st.integers(-(2**63), 2**64 - 1), max_size=3),
        st.integers(0, 60),
    ),
)


@pytest.mark.parametrize("law", LAWS)
@settings(deadline=None, max_examples=60)
@given(said=st.lists(GARBAGE, min_size=1, max_size=20))
def test_whatever_a_neighbour_says_a_tick_ends_in_a_number_that_others_can_read(law: str, said: list[bytes]) -> None:
    (robot,) = swarm(law, [1.0], liars=1)
    for tick, words in enumerate(said):
        robot.hear(1, tick, Values((Raw(words),)))
        entry = read(spoken(robot.tick(tick, (), NOWHERE, ())).entries[0], 1)
        assert entry is None or math.isfinite(entry.value[0])


@settings(deadline=None, max_examples=60)
@given(said=st.lists(GARBAGE, min_size=1, max_size=30))
def test_one_who_says_anything_at_all_never_moves_the_resilient_out_of_the_honest_range(said: list[bytes]) -> None:
    robots = swarm("resilient", [1.0, 2.0, 4.0, 8.0], liars=1)
    for tick, words in enumerate(said):
        messages = [robot.tick(tick, (), NOWHERE, ()) for robot in robots]
        assert 1.0 <= min(believed(robots)) <= max(believed(robots)) <= 8.0
        for j, robot in enumerate(robots):
            robot.hear(9, tick + 1, Values((Raw(words),)))
            for i, message in enumerate(messages):
                if i != j:
                    robot.hear(i, tick + 1, spoken(message))


def test_without_the_filter_one_liar_has_its_way() -> None:
    for law, inside in (("resilient", True), ("average", False)):
        robots = swarm(law, [1.0, 2.0, 4.0, 8.0], liars=1)
        for tick in range(200):
            messages = [robot.tick(tick, (), NOWHERE, ()) for robot in robots]
            for j, robot in enumerate(robots):
                robot.hear(9, tick + 1, Values((write(Told((100.0,), 4)),)))
                for i, message in enumerate(messages):
                    if i != j:
                        robot.hear(i, tick + 1, spoken(message))
        assert all(1.0 <= value <= 8.0 for value in believed(robots)) == inside, law


def test_what_is_no_value_is_a_proven_lie_and_not_silence() -> None:
    # F = 1, and the liar gives itself away: nobody else can lie, so the other neighbour counts at once
    (robot,) = swarm("resilient", [0.0], liars=1)
    robot.hear(1, 1, Values((write(Told((math.nan,), 2)),)))
    robot.hear(2, 1, Values((write(Told((4.0,), 2)),)))
    robot.tick(1, (), NOWHERE, ())
    assert believed([robot]) == [2.0]


def test_the_numbers_of_sessions_can_not_be_used_up() -> None:
    robots = swarm("running_sums", [0.0, 6.0])
    robots[0].tick(0, (), NOWHERE, ())
    robots[0].hear(5, 1, Values((write(Told((0.0,), 1, Sums(0, (Given(0, 2**53, (0, 0)),)))),)))
    talk(robots, range(1, 200))
    assert believed(robots) == pytest.approx([3.0, 3.0], abs=1e-6)


# --- in the frame -----------------------------------------------------------------------------------------------------


def longest(count: int, size: int) -> Raw:
    """The message of a robot with a hundred neighbours late in a long life."""
    orders = [quantity("running_sums", 1e6, size) for _ in range(count)]
    robot = Quantities(255, orders, fresh=20)
    late = 2**40
    for tick in range(late, late + 3):
        for sender in range(100):
            told = write(Told((1e6,) * size, 255, Sums(tick - 1, (Given(255, late + 99, (2**63,) * (size + 1)),))))
            robot.hear(sender + 150, tick, Values((told,) * count))
        message = robot.tick(tick, (), NOWHERE, ())
    return message


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("count", range(1, MOST + 1))
def test_the_longest_message_fits_beside_the_longest_note_and_everything_else(count: int, size: int) -> None:
    news = packed(Sightings(tuple(Sighting(255, 2**53, 1.5, 1.5, 1.5) for _ in range(3))))
    note = packed(Note("x" * 16, Raw(msgspec.msgpack.encode("y" * (WORDS - 3)))))
    frame = Frame(
        sender=255,
        sequence=2**53,
        tick=2**53,
        position=(1.5, 1.5, 1.5),
        velocity=(1.5, 1.5, 1.5),
        held=b"\xff" * 32,
        pushing=True,
        messages=(news, longest(count, size), note),
        anchor=(10**10, 10**10, 10**10),
    )
    assert len(encode(frame)) <= ROOM
    given = read(spoken(longest(count, size)).entries[-1], size)
    assert given is not None
    assert given.sums is not None
    assert given.sums.entries  # everybody's turn comes


def saying(tick: int, value: float) -> bytes:
    """A frame of robot 1, in which it says a value and that it hears one other."""
    values = packed(Values((write(Told((value,), 1)),)))
    return encode(Frame(1, tick, tick, (0.0, 2.0, 1.0), (0.0, 0.0, 0.0), b"\x01", False, (values,)))


def test_an_agent_tells_its_values_in_its_frame_and_takes_in_those_of_others(orders: Orders, at: At) -> None:
    agent = Agent(orders(quantities=(quantity("average", 2.0),)))
    agent.tick(at(0))
    agent.tick(at(1, frames=(saying(1, 4.0),)))  # from now on both count each other
    response = agent.tick(at(2, frames=(saying(2, 4.0),)))
    assert values_in(decode(response.frame), (1,)) == ((3.0,),)  # weight 1 / (1 + 1)
    (value,) = response.status.values
    assert (value.name, value.value.tolist(), value.spread) == ("level", [3.0], 1.0)


def test_the_goal_of_a_robot_may_be_what_the_swarm_agrees_on(orders: Orders, at: At) -> None:
    meeting = Quantity("level", "average", 2)
    agent = Agent(orders(quantities=(meeting,), task=Task("rendezvous", agreed_goal="level")))
    agent.tick(at(0))
    for tick in range(1, 60):
        values = packed(Values((write(Told((9.0, 2.0), 1)),)))
        frame = Frame(1, tick, tick, (0.0, 2.0, 1.0), (0.0, 0.0, 0.0), b"\x01", False, (values,))
        response = agent.tick(at(tick, frames=(encode(frame),)))
    np.testing.assert_allclose(response.status.values[0].value, [9.0, 2.0])
    assert response.status.desired[0] > 0.9  # east at full speed, towards x = 9
    assert response.status.desired[2] == 0.0  # at its own altitude


def test_a_robot_without_quantities_says_nothing_of_them_and_hears_nothing(orders: Orders, at: At) -> None:
    agent = Agent(orders())
    response = agent.tick(at(1, frames=(saying(1, 4.0),)))
    assert response.status.mode == "moving"
    assert response.status.values == ()
    assert not any(isinstance(message, Values) for message in messages_of(decode(response.frame)))
