"""The tick: what a robot does on what it hears, and that nothing it hears can hurt it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from swarm_consensus.network.frame import Frame, Sighting, Sightings, decode, encode, pack_ids, packed, unpack_ids
from swarm_consensus.robot.agent import Agent, _can_step_aside
from swarm_consensus.robot.config import AgentConfig
from swarm_consensus.robot.state import Response, Stimulus
from swarm_consensus.robot.vehicle import RESERVE

Orders = Callable[..., AgentConfig]
At = Callable[..., Stimulus]


def news(
    sender: int, tick: int, place: tuple[float, float, float], held: tuple[int, ...] = (0,), messages: tuple = ()
) -> bytes:
    return encode(Frame(sender, tick, tick, place, (0.0, 0.0, 0.0), pack_ids(held), False, messages))


def still(response: Response) -> bool:
    return not response.status.velocity.any()


def test_alone_in_the_world_it_goes_to_its_goal(orders: Orders, at: At) -> None:
    response = Agent(orders(count=1)).tick(at(0))
    assert response.status.mode == "moving"
    np.testing.assert_allclose(response.command.linear, [1.0, 0.0, 0.0])  # full speed east, facing east


def test_it_waits_until_it_has_heard_of_everyone(orders: Orders, at: At) -> None:
    agent = Agent(orders(count=3))
    assert agent.tick(at(0)).status.mode == "waiting for r1"
    response = agent.tick(at(1, frames=(news(1, 1, (1.5, 1.0, 1.0)),)))
    assert response.status.mode == "waiting for r2"
    assert still(response)
    second_hand = packed(Sightings((Sighting(2, 1, 0.0, 3.0, 1.0),)))
    response = agent.tick(at(2, frames=(news(1, 2, (1.5, 1.0, 1.0), messages=(second_hand,)),)))
    assert response.status.mode == "moving"


def test_a_held_neighbour_that_falls_silent_stops_it_and_is_let_go_when_presumed_dead(orders: Orders, at: At) -> None:
    agent = Agent(orders())
    agent.tick(at(0, frames=(news(1, 0, (0.0, 2.0, 1.0)),)))
    modes = [agent.tick(at(tick)).status.mode for tick in range(1, 110)]
    assert modes[19] == "moving"  # news of 20 ticks ago: just fresh enough
    assert modes[20] == "r1 not heard"
    assert modes[99] == "r1 not heard"
    assert modes[100] == "alone"  # 101 ticks of silence
    assert agent.tick(at(110)).status.lost == ("r1",)


def test_one_that_is_heard_again_is_back(orders: Orders, at: At) -> None:
    agent = Agent(orders())
    for tick in range(105):
        agent.tick(at(tick))
    assert agent.tick(at(105)).status.lost == ("r1",)
    response = agent.tick(at(106, frames=(news(1, 106, (0.0, 2.0, 1.0)),)))
    assert response.status.lost == ()
    response = agent.tick(at(120, frames=(news(1, 120, (0.0, 2.0, 1.0)),)))  # links form where an epoch ends
    assert response.status.held == ("r1",)


def test_the_dead_stay_obstacles_where_they_were_last_known(orders: Orders, at: At) -> None:
    # r2 is alive far to the side and keeps the robot from being alone; r1 dies right in the way
    agent = Agent(orders(count=3, goal=np.array([6.0, 0.0, 1.0]), radio_range=30.0))
    place = np.array([0.0, 0.0, 1.0])
    nearest = np.inf
    for tick in range(900):
        frames = [news(2, tick, (3.0, 8.0, 1.0))]
        if tick < 2:
            frames.append(news(1, tick, (3.0, 0.0, 1.0)))
        response = agent.tick(at(tick, tuple(place), tuple(frames)))
        place = place + 0.05 * response.command.linear
        nearest = min(nearest, float(np.linalg.norm(place - [3.0, 0.0, 1.0])))
    # S = 2 (0.07 + 0.20), and up to 1.1 s at 1 m/s of uncertainty about where it stopped
    assert nearest >= 0.54
    assert np.linalg.norm(place - [6.0, 0.0, 1.0]) < 0.1


def test_where_the_dead_lie_is_told_to_who_has_just_been_switched_on(orders: Orders, at: At) -> None:
    """It waits for that as long as it takes, since nobody else keeps it from driving into them."""
    knows, comes = Agent(orders(count=3)), Agent(orders(index=2, count=3, start_links=frozenset()))
    knows.tick(at(0, frames=(news(1, 0, (3.0, 0.0, 1.0)), news(2, 0, (0.0, 2.0, 1.0)))))
    said = b""
    for tick in range(1, 401):
        response = comes.tick(at(tick, (0.0, 2.0, 1.0), (said,) if tick > 300 else (news(0, tick, (0, 0, 1)),)))
        if 5 < tick <= 300:
            assert response.status.mode == "waiting for r1"
        said = knows.tick(at(tick, frames=(response.frame,))).frame
    assert comes.neighbours is not None
    np.testing.assert_allclose(comes.neighbours.positions([1]), [[3.0, 0.0, 1.0]])
    assert comes.neighbours.lost == (1,)
    assert response.status.mode == "moving"


def test_without_odometry_the_command_is_zero(orders: Orders, at: At) -> None:
    agent = Agent(orders(count=1))
    agent.tick(at(0))
    response = agent.tick(Stimulus(1, None, ()))
    assert response.status.mode == "odometry stale"
    assert not response.command.linear.any()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_odometry_that_is_no_number_is_none(orders: Orders, at: At, value: float) -> None:
    agent = Agent(orders(count=1))
    first = agent.tick(at(0, (value, 0.0, 1.0)))
    assert first.status.mode == "odometry stale"
    assert first.frame == b""  # it does not know where it is, and says nothing
    agent.tick(at(1))
    assert agent.tick(at(2, (0.0, value, 1.0))).status.mode == "odometry stale"


def test_halt_is_obeyed_and_stays(orders: Orders, at: At) -> None:
    agent = Agent(orders(count=1))
    agent.tick(at(0))
    agent.halt()
    for tick in (1, 2):
        response = agent.tick(at(tick))
        assert response.status.mode == "halted"
        assert not response.command.linear.any()
        assert response.command.yaw_rate == 0.0
    assert decode(response.frame).position == decode(agent.tick(at(3)).frame).position


def test_the_frame_tells_the_reference_at_the_end_of_the_period(orders: Orders, at: At) -> None:
    agent = Agent(orders(count=1))
    frame = decode(agent.tick(at(7)).frame)
    assert frame.tick == 8
    # the reference starts where the robot is and moves one period at 1 m/s
    np.testing.assert_allclose(frame.position, [0.05, 0.0, 1.0])


def test_a_link_forms_only_well_within_range_or_when_the_other_claims_it(orders: Orders, at: At) -> None:
    kept = 6.0 - 0.1 - 2 * 0.2  # range less margin and tracking of both
    step = 0.05  # what one period adds to what is surely within

    def holds(distance: float, held: tuple[int, ...]) -> bool:
        agent = Agent(orders(start_links=frozenset()))
        agent.tick(at(0, frames=(news(1, 0, (0.0, distance, 1.0), held),)))
        frame = decode(agent.tick(at(20, frames=(news(1, 20, (0.0, distance, 1.0), held),))).frame)  # the next epoch
        return 1 in unpack_ids(frame.held)

    assert holds(0.95 * kept - step - 1e-6, ())
    assert not holds(0.95 * kept - step + 1e-6, ())
    assert holds(kept - step - 1e-6, (0,))
    assert not holds(kept - step + 1e-6, (0,))


def test_a_restarted_robot_is_believed_again(orders: Orders, at: At) -> None:
    listener = Agent(orders(index=1))
    first = Agent(orders(index=0))
    for tick in range(50):
        listener.tick(at(tick, (0.0, 2.0, 1.0), (first.tick(at(tick)).frame,)))
    again = Agent(orders(index=0, start_links=frozenset()))
    status = None
    for tick in range(60, 64):
        status = listener.tick(at(tick, (0.0, 2.0, 1.0), (again.tick(at(tick)).frame,))).status
    assert status is not None
    assert status.dropped == 0
    assert status.mode == "moving"


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=200), max_size=5))
def test_bytes_from_the_air_never_raise(orders: Orders, at: At, noise: list[bytes]) -> None:
    agent = Agent(orders())
    response = agent.tick(at(0, frames=tuple(noise)))
    assert still(response)
    assert response.status.dropped == len(noise)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(0, 255),
    st.integers(0, 2**40),
    st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 3),
    st.binary(max_size=32),
    st.lists(st.tuples(st.integers(0, 255), st.integers(0, 2**40), st.floats(-1e6, 1e6)), max_size=8),
)
def test_whatever_a_neighbour_claims_the_command_stays_within_its_limits(
    orders: Orders,
    at: At,
    sender: int,
    tick: int,
    place: tuple[float, float, float],
    held: bytes,
    seen: list[tuple[int, int, float]],
) -> None:
    agent = Agent(orders(count=4))
    message = packed(Sightings(tuple(Sighting(robot, when, x, x, x) for robot, when, x in seen)))
    try:
        frame = encode(Frame(sender, tick, tick, place, (0.0, 0.0, 0.0), held, True, (message,)))
    except OverflowError:
        return
    for now in range(3):
        response = agent.tick(at(now, frames=(frame,)))
        assert np.isfinite(response.command.linear).all()
        assert np.linalg.norm(response.command.linear) <= RESERVE + 1e-9


def test_a_vehicle_that_does_not_move_holds_its_reference_back(orders: Orders, at: At) -> None:
    agent = Agent(orders(count=1))
    for tick in range(100):
        reference = agent.tick(at(tick)).status.reference
    assert np.linalg.norm(reference - [0.0, 0.0, 1.0]) <= 0.2 + 1e-9  # the tracking bound; the leash is shorter


def test_the_filter_comes_last(orders: Orders, at: At) -> None:
    """A wall between robot and goal stops it at its clearance, although the behaviour wishes on."""
    fence = np.array([[-3.0, -3.0], [3.0, -3.0], [3.0, 3.0], [-3.0, 3.0]])
    agent = Agent(replace(orders(count=1, goal=np.array([50.0, 0.0, 1.0])), fence=fence))
    place = np.array([0.0, 0.0, 1.0])
    for tick in range(200):
        response = agent.tick(at(tick, tuple(place)))
        place = place + 0.05 * response.command.linear
    assert response.status.reference[0] <= 3.0 - 0.07 - 0.2 - 0.02 + 1e-6
    assert response.status.active == ("fence",)
    assert np.linalg.norm(response.status.desired) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("active", "guided", "helps"),
    [
        (("near b",), True, True),
        (("near b", "obstacle 1"), True, True),
        (("link b", "obstacle 1"), True, True),
        (("sight b",), True, True),
        (("obstacle 1", "fence", "ceiling"), True, False),  # guidance knows the way round
        (("obstacle 1",), False, True),
        (("link b",), True, False),  # whoever it waits for is behind it
        (("link b", "link c"), False, False),
        ((), True, False),
    ],
)
def test_a_blocked_robot_steps_aside_where_that_can_help(active: tuple[str, ...], guided: bool, helps: bool) -> None:
    assert _can_step_aside(active, guided) == helps
