"""Going along with those who know where to: what one says, whom one follows, who comes when called; whole swarms."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from situations import SQUARE, brief, seen

from swarm_consensus.motion.behaviour import Law, Situation, Task, Wish
from swarm_consensus.motion.behaviours import BEHAVIOURS
from swarm_consensus.motion.guidance import Guidance
from swarm_consensus.motion.hearsay import Hearsay, Word
from swarm_consensus.run.sweep import judged_run
from swarm_consensus.simulation.loading import parse

WALL = shapely.box(-0.2, -3.0, 0.2, 3.0)
WEST = np.array([-1.0, 0.0])
COUNT = 5


def robot(walls: shapely.Geometry | None = None) -> Law:
    """Return one of five in a square of 10 m, with links of up to 6 m."""
    guidance = Guidance(shapely.Polygon() if walls is None else walls, SQUARE, 0.3)
    return BEHAVIOURS["go_to"](replace(brief(Task("go_to"), count=COUNT), guidance=guidance))


def said(links: int, *, calls: bool = False) -> Raw:
    return Raw(msgspec.msgpack.encode(Word(links, calls)))


def heard(position: np.ndarray, others: dict[int, tuple[float, float]], **changes: object) -> Situation:
    """Others at some places, by their number in the roster."""
    situation = seen(position, np.array(list(others.values())).reshape(-1, 2))
    return replace(situation, others=np.array(list(others), dtype=np.intp), **changes)


def word(wish: Wish) -> Word | None:
    return None if wish.note is None else msgspec.msgpack.decode(wish.note, type=Word)


# --- degenerate


def test_without_links_or_without_anybody_who_knows_a_robot_stays_and_asks() -> None:
    alone, ignorant = heard(WEST, {}), heard(WEST, {1: (3.0, 0.0)}, notes=((1, said(COUNT)),))
    strangers = heard(WEST, {1: (3.0, 0.0)}, notes=((1, said(0)),), linked=np.array([False]))
    for situation in (alone, ignorant, strangers):
        wish = robot()(situation)
        assert wish.velocity == pytest.approx([0.0, 0.0])
        assert wish.arrived
        assert word(wish) == Word(COUNT, calls=False)


def test_where_all_know_a_goal_nobody_says_a_word() -> None:
    wish = robot()(heard(WEST, {1: (3.0, 0.0)}, goal=np.array([4.0, 0.0]), notes=((1, said(0)),)))
    assert word(wish) is None


@given(st.binary(max_size=12))
def test_words_may_be_anything(words: bytes) -> None:
    wish = robot()(heard(WEST, {1: (3.0, 0.0)}, notes=((1, Raw(words)), (9, said(0)))))
    assert np.isfinite(wish.velocity).all()


@pytest.mark.parametrize("depth", [10, 900, 950, 970, 985])
def test_words_may_be_nested_as_deep_as_a_frame_bears(depth: int) -> None:
    words = b"\x93\x00\xc2" + b"\x91" * depth + b"\x00"  # a word, and what a newer version adds to it
    wish = robot()(heard(WEST, {1: (3.0, 0.0)}, notes=((1, Raw(words)),)))
    assert np.isfinite(wish.velocity).all()


# --- who is followed


def test_one_who_is_asked_says_that_it_knows() -> None:
    wish = robot()(heard(WEST, {1: (3.0, 0.0)}, goal=np.array([4.0, 0.0]), notes=((1, said(COUNT)),)))
    assert word(wish) == Word(0, calls=False)


def test_the_neighbour_nearest_to_one_who_knows_is_followed_whoever_is_nearer() -> None:
    others = {1: (-2.0, 0.0), 2: (3.0, 0.0), 3: (-1.0, 4.0)}
    wish = robot()(heard(WEST, others, notes=((1, said(3)), (2, said(1)), (3, said(2)))))
    assert wish.velocity[0] > 0.3
    assert word(wish) == Word(2, calls=False)


def test_it_stays_with_one_of_two_and_forgets_who_says_no_more() -> None:
    act = robot()
    near = heard(WEST, {1: (2.0, 0.0), 2: (-1.0, 4.0)}, notes=((1, said(0)), (2, said(0))))
    assert act(near).velocity[0] > 0.3
    later = heard(WEST, {1: (2.0, 0.0), 2: (-1.0, 1.5)}, notes=((2, said(0)),), tick=19)
    assert act(later).velocity[0] > 0.0  # the other is nearer now
    silent = heard(WEST, {1: (2.0, 0.0), 2: (-1.0, 1.5)}, tick=20)
    assert act(silent).velocity[1] > 0.3
    assert act(replace(silent, tick=40)).arrived  # nobody says that he knows


def test_once_nobody_knows_the_count_grows_until_all_stay() -> None:
    """Two who hold each other for nearer: each counts from what the other said."""
    acts, links = [robot(), robot()], [1, 1]
    for tick in range(COUNT):
        wishes = [
            act(heard(WEST, {1 + own: (2.0, 0.0)}, notes=((1 + own, said(links[1 - own])),), tick=tick))
            for own, act in enumerate(acts)
        ]
        links = [told.links for wish in wishes if (told := word(wish)) is not None]
    assert links == [COUNT, COUNT]
    assert all(wish.arrived for wish in wishes)


def test_one_behind_a_wall_is_followed_round_it() -> None:
    act, place = robot(WALL), WEST
    for tick in range(400):
        wish = act(heard(place, {1: (2.0, 0.5)}, notes=((1, said(0)),), tick=tick))
        place = place + 0.05 * wish.velocity
        assert not WALL.contains(shapely.Point(place))
    assert np.linalg.norm(place - [2.0, 0.5]) < 1.2


# --- calls


def test_who_goes_round_a_wall_calls_where_a_long_link_would_hold_it() -> None:
    for far, walls, calls in ((4.5, WALL, True), (3.0, WALL, False), (4.5, None, False)):
        wish = robot(walls)(heard(WEST, {1: (far, 0.0)}, notes=((1, said(0)),)))
        assert word(wish) == Word(1, calls=calls)


def test_one_who_knows_the_goal_calls_too_unless_it_sees_it() -> None:
    goal, act = np.array([4.0, 1.0]), robot(WALL)
    ways = Guidance(WALL, SQUARE, 0.3)
    behind = heard(WEST, {1: (4.5, 0.0)}, goal=goal, waypoint=ways.waypoint)
    assert word(act(behind)) == Word(0, calls=True)
    assert word(act(heard(np.array([1.0, 0.0]), {1: (-4.5, 0.0)}, goal=goal, waypoint=ways.waypoint))) is None


def test_who_is_called_over_a_long_link_comes_and_calls_in_turn() -> None:
    goal = np.array([4.0, 0.0])
    called = heard(WEST, {1: (-1.0, -5.5), 2: (3.0, 0.0)}, notes=((1, said(1, calls=True)), (2, said(0))))
    for situation, links in ((called, 1), (replace(called, goal=goal), 0)):
        wish = robot()(situation)
        assert wish.velocity == pytest.approx([0.0, -0.6])
        assert word(wish) == Word(links, calls=True)
    short = replace(called, offset=called.offset * 0.9, distance=called.distance * 0.9)
    assert robot()(replace(short, goal=goal)).velocity[0] > 0.3


# --- whole swarms

WORLD = """
file_version: 1
name: wall
bounds_m: [[-9, -7], [9, 7]]
obstacles: [{polygon_m: [[0, -2.23], [0.4, -2.23], [0.4, 3.77], [0, 3.77]], height_m: 3.5}]
radio: {range_m: 5.7, loss: 0.05, delay_s: 0.05}
robots:
  - {name: r_1, vehicle: rover, position_m: [-4, 0.56]}
  - {name: r_2, vehicle: rover, position_m: [-7.33, 2.12]}
  - {name: r_3, vehicle: rover, position_m: [-5.13, -0.09]}
  - {name: r_4, vehicle: rover, position_m: [-6.99, 3.93]}
mission: {behaviour: go_to, goal_m: [6, 0.3], informed: [r_1, r_2]}
expect: {connected: true, links_kept: true, contacts: 0, inside_fence: true, arrived_within_m: 3.0, by_s: 70}
duration_s: 75
"""


def missed() -> list[str]:
    return [each.name for each in judged_run(parse(WORLD, "wall"), 3).expectations if not each.held]


def test_a_swarm_of_which_two_know_the_goal_gets_past_a_wall() -> None:
    assert missed() == []


def test_without_calls_a_link_across_the_wall_holds_both_ends_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Hearsay, "answer", lambda *_: None)
    assert missed() == ["arrived_within_m"]
