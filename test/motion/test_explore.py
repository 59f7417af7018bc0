"""Explore: surveys merge in any order, walls hide, and a robot goes where nobody has looked, then home."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw
from situations import SQUARE, brief, seen

from swarm_consensus.motion.behaviour import Task, Wish
from swarm_consensus.motion.behaviours.explore import HOME, Explore
from swarm_consensus.motion.obstacles import Prism
from swarm_consensus.motion.survey import SIGHT, Survey, in_sight
from swarm_consensus.robot.speech import WORDS

WALL = Prism(np.array([[0.9, -4.0], [1.1, -4.0], [1.1, 4.0], [0.9, 4.0]]), 2.0)
TASK = Task("explore", base=0)


def note(words: object) -> tuple[int, Raw]:
    return 3, Raw(msgspec.msgpack.encode(words))


def everything() -> tuple[int, Raw]:
    survey = Survey(SQUARE, (), 0.3)
    survey.seen[:] = True
    return note(survey.words())


def asked(law: Explore, position: np.ndarray, places: np.ndarray, **changes: object) -> Wish:
    """Ask at a tick at which a robot with index 1 looks and plans."""
    return law(seen(position, places, own=1, tick=19, **changes))  # type: ignore[arg-type]


def test_what_is_behind_a_wall_is_not_in_sight() -> None:
    wall = shapely.Polygon(WALL.polygon)
    places = np.array([[0.5, 0.0], [1.5, 0.0], [-3.0, 0.0]])
    np.testing.assert_array_equal(in_sight(np.zeros(2), places, 2.0, wall), [True, False, False])


@given(st.permutations(list(range(4))), st.lists(st.integers(0, 3), max_size=6))
@settings(max_examples=30, deadline=None)
def test_words_merge_alike_in_any_order_and_number(order: list[int], again: list[int]) -> None:
    spots = np.array([[-3.0, -3.0], [3.0, 3.0], [0.0, 0.0], [3.0, -3.0]])
    words = []
    for spot in spots:
        survey = Survey(SQUARE, (), 0.3)
        survey.look(spot, SIGHT)
        words.append(survey.words())
    whole = Survey(SQUARE, (), 0.3)
    for spot in spots:
        whole.look(spot, SIGHT)
    merged = Survey(SQUARE, (), 0.3)
    for index in [*again, *order]:
        assert merged.merge(words[index])
    np.testing.assert_array_equal(merged.seen, whole.seen)


@pytest.mark.parametrize("words", [b"", b"\xff", b"\xff" * 900])
def test_words_of_another_grid_change_nothing(words: bytes) -> None:
    survey = Survey(SQUARE, (), 0.3)
    assert not survey.merge(words)
    assert not survey.seen.any()


def test_the_survey_of_a_large_area_fits_into_a_note() -> None:
    # 5600 cells at most are 700 bytes; msgpack adds 3
    survey = Survey(60.0 * SQUARE, (), 0.3)
    assert len(msgspec.msgpack.encode(survey.words())) <= WORDS


def test_a_way_leads_round_a_wall_and_keeps_clear_of_it() -> None:
    survey = Survey(SQUARE, (WALL,), 0.3)
    here, there = np.array([0.0, 0.0]), np.array([3.0, 0.0])
    length, before = survey.distances(here[None])
    cell = survey.nearest_way(there)
    # the wall's end, (1, 4), and back: at least 2 sqrt(1 + 16) less what the grid's middles differ
    assert length[0, cell] > 8.0
    ahead = survey.ahead(here, cell, before[0])
    assert shapely.LineString([here, ahead]).distance(shapely.Polygon(WALL.polygon)) >= 0.29


def test_the_base_stays_and_says_what_it_sees() -> None:
    wish = Explore(brief(TASK))(seen(np.zeros(2), np.zeros((0, 2))))
    assert not wish.velocity.any()
    assert wish.note is not None
    survey = Survey(SQUARE, (), 0.3)
    assert survey.merge(msgspec.msgpack.decode(wish.note, type=bytes))
    assert survey.seen.any()


def test_all_seen_it_goes_back_to_the_base_and_stays_there() -> None:
    law = Explore(brief(TASK, index=1))
    away = asked(law, np.array([4.0, 0.0]), np.array([[-4.0, 0.0]]), notes=(everything(),))
    assert away.velocity[0] < -0.5
    home = asked(law, np.array([-4.0 + 0.9 * HOME, 0.0]), np.array([[-4.0, 0.0]]))
    assert home.arrived
    assert not home.velocity.any()


def test_all_seen_and_the_base_dead_it_stays() -> None:
    wish = asked(Explore(brief(TASK, index=1)), np.zeros(2), np.zeros((0, 2)), notes=(everything(),))
    assert not wish.velocity.any()


def test_two_part_to_the_sides_that_are_nearer_to_each() -> None:
    base = np.array([0.0, -4.0])
    left, right = np.array([-1.0, 0.0]), np.array([1.0, 0.0])
    survey = Survey(SQUARE, (), 0.3)
    survey.look(np.zeros(2), 3.5)
    known = note(survey.words())
    west = asked(Explore(brief(TASK, index=1)), left, np.array([base, right]), notes=(known,))
    east = asked(Explore(brief(TASK, index=1)), right, np.array([base, left]), notes=(known,))
    assert west.velocity[0] < 0 < east.velocity[0]


def test_a_place_that_cannot_be_reached_is_left_for_a_while() -> None:
    law = Explore(brief(TASK, index=1))
    here, base = np.zeros(2), np.array([[0.0, -4.0]])
    wishes = [law(seen(here, base, own=1, tick=tick)).velocity for tick in range(400)]  # it is never let through
    directions = {tuple(np.round(wish / np.linalg.norm(wish), 1)) for wish in wishes if wish.any()}
    assert len(directions) > 1


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("words", [None, b"\x01", "no bytes", 7])
def test_the_wish_is_finite_and_at_most_the_speed_whatever_is_said(dims: int, words: object) -> None:
    law = Explore(brief(TASK, index=1, dims=dims, obstacles=(WALL,)))
    for places in (np.zeros((0, dims)), np.zeros((4, dims)), np.full((2, dims), 40.0)):
        wish = asked(law, np.zeros(dims), places, notes=(note(words),))
        assert wish.velocity.shape == (dims,)
        assert np.linalg.norm(wish.velocity) <= 0.6 + 1e-9
        assert wish.note is None or len(wish.note) <= WORDS
