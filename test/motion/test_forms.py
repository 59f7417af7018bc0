"""Formation, follow and go-to as laws: degenerate input first, then what each does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw
from situations import brief

from swarm_consensus.motion.behaviour import Briefing, Situation, Task, Wish
from swarm_consensus.motion.behaviours import BEHAVIOURS
from swarm_consensus.motion.guidance import Guidance

FENCE = np.array([[-20.0, -20.0], [20.0, -20.0], [20.0, 20.0], [-20.0, 20.0]])
SLOTS = np.array([[0.0, 0.0, 0.0], [2.0, 0.0, 0.5], [0.0, 2.0, 0.0], [2.0, 2.0, 0.0]])
NAMES = ("formation", "follow", "go_to")


def briefing(
    name: str, index: int = 0, count: int = 4, dims: int = 2, walls: shapely.Geometry | None = None
) -> Briefing:
    told = brief(Task(name, slots=SLOTS[:count], leader=0), index=index, count=count, dims=dims)
    guidance = Guidance(shapely.Polygon() if walls is None else walls, FENCE, 0.38)
    return replace(told, link=5.0, clearance=0.38, fence=FENCE, guidance=guidance)


def situation(
    others: list[list[float]],
    goal: list[float] | None = None,
    position: tuple[float, ...] = (0.0, 0.0),
    index: int = 0,
    **changes: object,
) -> Situation:
    """Others at these places, all linked and at rest."""
    own, dims = np.array(position), len(position)
    offset = own - np.array(others).reshape(-1, dims)
    fields: dict[str, object] = {
        "tick": 0,
        "position": own,
        "velocity": np.zeros(dims),
        "goal": None if goal is None else np.array(goal),
        "waypoint": None,
        "others": np.array([j for j in range(len(others) + 1) if j != index], dtype=np.intp),
        "offset": offset,
        "distance": np.sqrt((offset**2).sum(axis=1)),
        "separation": np.full(len(others), 0.72),
        "other_velocity": np.zeros_like(offset),
        "linked": np.ones(len(others), dtype=bool),
        "pushing": np.zeros(len(others), dtype=bool),
        "speed": 0.6,
        "count": len(others) + 1,
    }
    return Situation(**(fields | changes))  # type: ignore[arg-type]


def sound(wish: Wish) -> bool:
    return bool(np.isfinite(wish.velocity).all()) and float(np.linalg.norm(wish.velocity)) <= 0.6 + 1e-9


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("goal", [None, [0.0, 0.0], [9.0, 0.0]])
@pytest.mark.parametrize("others", [[], [[0.0, 0.0]] * 3, [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]])
@pytest.mark.parametrize("index", [0, 1])
def test_alone_on_one_spot_or_there_already_the_wish_is_sound(
    name: str, goal: list[float] | None, others: list[list[float]], index: int
) -> None:
    count = max(len(others) + 1, 2)
    act = BEHAVIOURS[name](briefing(name, min(index, count - 1), count))
    for _ in range(3):
        assert sound(act(situation(others, goal, index=index if others else 0)))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), dims=st.sampled_from([2, 3]), name=st.sampled_from(NAMES), told=st.booleans())
def test_no_wish_is_faster_than_the_robot(seed: int, dims: int, name: str, told: bool) -> None:
    rng = np.random.default_rng(seed)
    act = BEHAVIOURS[name](briefing(name, index=1, dims=dims))
    for _ in range(3):
        others = rng.uniform(-3, 3, (3, dims))
        goal = rng.uniform(-3, 3, dims).tolist() if told else None
        wish = act(
            situation(
                others.tolist(),
                goal,
                tuple(rng.uniform(-3, 3, dims)),
                index=1,
                pushing=rng.random(3) < 0.5,
                linked=rng.random(3) < 0.5,
                other_velocity=rng.uniform(-1, 1, (3, dims)),
            )
        )
        assert sound(wish)


# --- formation --------------------------------------------------------------------------------------------------------


def drive(places: np.ndarray, goal: list[float] | None, ticks: int = 600) -> tuple[np.ndarray, list[Wish]]:
    """Point robots with perfect radio and no filter."""
    count = len(places)
    acts = [BEHAVIOURS["formation"](briefing("formation", index, count)) for index in range(count)]
    wishes: list[Wish] = []
    notes: tuple[tuple[int, Raw], ...] = ()
    for tick in range(ticks):
        wishes = [
            act(
                situation(
                    np.delete(places, index, axis=0).tolist(), goal, tuple(places[index]), index, tick=tick, notes=notes
                )
            )
            for index, act in enumerate(acts)
        ]
        places = places + 0.05 * np.array([wish.velocity for wish in wishes])
        notes = tuple((index, Raw(wish.note)) for index, wish in enumerate(wishes) if wish.note)
    return places, wishes


def test_the_formation_stands_about_the_goal() -> None:
    places, wishes = drive(np.array([[-5.0, 1.0], [-4.0, 0.0], [-5.0, -1.0], [-6.0, 0.0]]), [4.0, 0.0])
    wanted = SLOTS[:, :2] + [4.0, 0.0]
    nearest = np.linalg.norm(places[:, None] - wanted[None], axis=-1)
    assert sorted(nearest.argmin(axis=1).tolist()) == [0, 1, 2, 3]
    assert nearest.min(axis=1).max() < 0.05
    assert all(wish.arrived for wish in wishes)


def test_without_a_goal_it_forms_in_its_middle_and_does_not_drift() -> None:
    start = np.array([[-5.0, 1.0], [-4.0, 0.0], [-5.0, -1.0]])  # the first three slots of four robots: one died
    places, wishes = drive(start, None)
    np.testing.assert_allclose(places.mean(axis=0), start.mean(axis=0), atol=0.2)
    assert all(wish.arrived for wish in wishes)


def test_a_settled_auction_is_told_only_now_and_then() -> None:
    act = BEHAVIOURS["formation"](briefing("formation", 0, 1))
    notes = [act(situation([], [5.0, 0.0], tick=tick)).note for tick in range(100)]
    assert sum(note is not None for note in notes[:20]) >= 19
    assert sum(note is not None for note in notes[40:]) == 3  # 60 ticks, once in 20


def test_a_slot_hidden_from_where_the_centre_is_in_sight_is_reached_round_the_wall() -> None:
    wall = shapely.box(1.0, 1.0, 3.0, 1.6)  # between the robot and the slot (2, 2), not between it and the centre
    act = BEHAVIOURS["formation"](briefing("formation", 0, 1, walls=wall))
    act._slots = np.array([[2.0, 2.4]])  # type: ignore[attr-defined]
    position = np.array([2.0, 0.2])
    for tick in range(400):
        wish = act(situation([], [0.0, 0.0], tuple(position), tick=tick))
        position = position + 0.05 * wish.velocity
        assert not wall.contains(shapely.Point(position))  # it may graze: the filter keeps it clear
    np.testing.assert_allclose(position, [2.0, 2.4], atol=0.05)


# --- follow -----------------------------------------------------------------------------------------------------------


def test_the_others_head_for_the_leader_and_the_leader_for_the_goal() -> None:
    leader, follower = (BEHAVIOURS["follow"](briefing("follow", index)) for index in (0, 1))
    assert leader(situation([[-3.0, 0.0]], [5.0, 0.0])).velocity == pytest.approx([0.6, 0.0])
    wish = follower(situation([[0.0, 4.0]], index=1))
    assert wish.velocity == pytest.approx([0.0, 0.6])
    assert not wish.arrived


def test_without_the_leader_they_stay() -> None:
    wish = BEHAVIOURS["follow"](briefing("follow", 1))(situation([[3.0, 0.0], [0.0, 3.0]], index=0))
    assert wish.velocity == pytest.approx([0.0, 0.0])
    assert wish.arrived


def test_near_the_leader_they_have_arrived_and_keep_off() -> None:
    wish = BEHAVIOURS["follow"](briefing("follow", 1))(situation([[0.9, 0.0]], index=1))
    assert wish.arrived
    assert wish.velocity[0] < 0.0


def test_a_leader_out_of_sight_costs_one_way_for_each_four_metres(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = shapely.box(2.0, -6.0, 2.5, 6.0)
    told = briefing("follow", 1, walls=wall)
    asked: list[int] = []
    computed = told.guidance._computed
    monkeypatch.setattr(told.guidance, "_computed", lambda cell: asked.append(cell) or computed(cell))
    act = BEHAVIOURS["follow"](told)
    for step in range(100):  # the leader goes 10 m behind the wall
        assert sound(act(situation([[4.0, -5.0 + 0.1 * step]], index=1)))
    assert len(asked) == 3  # at 0, 4 and 8 m


# --- go-to ------------------------------------------------------------------------------------------------------------


def test_without_a_goal_and_without_links_a_robot_stays() -> None:
    wish = BEHAVIOURS["go_to"](briefing("go_to"))(situation([[3.0, 0.0]], linked=np.array([False])))
    assert wish.velocity == pytest.approx([0.0, 0.0])
    assert wish.arrived
