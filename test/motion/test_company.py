"""Robots whose links a wall would cut: who gives way, whom it heads for, and swarms that come off walls so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.motion.company import Company, Network, chain_of, windings
from swarm_consensus.motion.guidance import Guidance
from swarm_consensus.motion.obstacles import Prism
from swarm_consensus.robot.conduct import Conduct
from swarm_consensus.robot.link_state import LinkState
from swarm_consensus.run.sweep import judged_run
from swarm_consensus.simulation.loading import parse

FENCE = np.array([[-8.0, -6.0], [8.0, -6.0], [8.0, 6.0], [-8.0, 6.0]])
PILLAR = np.array([[-0.5, -1.5], [0.5, -1.5], [0.5, 1.0], [-0.5, 1.0]])
GOAL = np.array([5.0, 0.0])
SOUTH, NORTH = np.array([-3.0, -1.6, 0.0]), np.array([0.4, 1.8, 0.0])
WAYS = Guidance(shapely.Polygon(PILLAR), FENCE, 0.3)


def network(places: Sequence[np.ndarray], links: Iterable[tuple[int, int]] = ((0, 1),)) -> Network:
    table = np.zeros((len(places), len(places)))
    for i, j in links:
        table[i, j] = table[j, i] = 1.0
    return Network(table, np.array(places))


def followed(own: int, of_all: Network, height: float = 3.0) -> int | None:
    return Company(own, WAYS, [Prism(PILLAR, height)]).followed(of_all.places[own], of_all, GOAL)


def test_who_has_farther_to_go_heads_for_the_other_and_that_one_goes_on() -> None:
    assert followed(0, network([SOUTH, NORTH])) == 1
    assert followed(1, network([SOUTH, NORTH])) is None


@pytest.mark.parametrize(
    "other",
    [
        np.array([0.4, -2.2, 0.0]),  # on the same side
        np.array([-4.0, 1.8, 0.0]),  # on the other side, but it has farther to go
        np.array([np.nan] * 3),  # nobody knows where
    ],
)
def test_nobody_is_followed_without_need(other: np.ndarray) -> None:
    assert followed(0, network([SOUTH, other])) is None


def test_alone_and_unlinked_it_follows_nobody() -> None:
    assert followed(0, network([SOUTH], ())) is None
    assert followed(0, network([SOUTH, NORTH], ())) is None


def test_both_above_the_wall_need_not_mind_it() -> None:
    above = network([np.array([-3.0, -1.6, 2.0]), np.array([0.4, 1.8, 2.0])])
    assert followed(0, above, height=1.0) is None
    assert followed(0, above, height=3.0) == 1
    one_below = network([above.places[0], NORTH])
    assert followed(0, one_below, height=1.0) == 1


def test_what_is_known_is_looked_at_once() -> None:
    company, known = Company(0, WAYS, [Prism(PILLAR, 3.0)]), network([SOUTH, NORTH])
    assert company.followed(SOUTH, known, GOAL) == 1
    assert company.followed(np.array([4.0, 0.0, 0.0]), known, GOAL) == 1
    assert company.followed(np.array([4.0, 0.0, 0.0]), network([SOUTH, NORTH]), GOAL) is None


WOUND = [  # from robot 2, the nearest to the goal, northwards round the pillar; robot 0 ends south of it
    np.array([0.6, -2.0, 0.0]),
    np.array([-1.5, -1.0, 0.0]),
    np.array([3.0, 1.4, 0.0]),
    np.array([-1.2, 1.6, 0.0]),
]
CHAIN = [(2, 3), (3, 1), (1, 0)]


def test_the_chain_leads_to_who_is_nearest_to_the_goal_by_the_ways_round_walls() -> None:
    wound = network(WOUND, CHAIN)
    assert [chain_of(wound, own, WAYS, GOAL) for own in range(4)] == [[0, 1, 3, 2], [1, 3, 2], [2], [3, 2]]
    assert chain_of(network(WOUND, CHAIN[:2]), 0, WAYS, GOAL) == [0]


def test_a_chain_that_is_wound_about_a_wall_goes_back_along_its_links() -> None:
    wound = network(WOUND, CHAIN)
    assert [followed(own, wound) for own in range(4)] == [1, 3, None, None]
    assert followed(0, network(WOUND, [(2, 0), (2, 3), (3, 1), (1, 0)])) is None  # a shorter chain: this side


@given(st.integers(3, 12), st.booleans(), st.floats(0.0, 6.0), st.floats(0.1, 0.9))
@settings(deadline=None)
def test_what_goes_round_a_point_is_told_from_what_passes_it(
    count: int, backwards: bool, turned: float, part: float
) -> None:
    angles = turned + np.linspace(0.0, 2.0 * np.pi, count, endpoint=False)
    loop = np.stack((np.cos(angles), np.sin(angles)), axis=-1)
    inside, outside = part * np.cos(np.pi / count) * loop[0], 1.1 * loop[0]
    found = windings(loop[::-1] if backwards else loop, np.array([inside, outside]))
    assert found.tolist() == [-1.0 if backwards else 1.0, 0.0]
    there_and_back = np.concatenate((loop, loop[::-1]))
    assert not windings(there_and_back, np.array([inside, outside])).any()


# --- whole swarms


def world(places: Iterable[tuple[float, float]], reach: float, wall: Sequence[tuple[float, float]], goal: str) -> str:
    robots = [f"  - {{name: r{i}, vehicle: rover, position_m: [{x:.2f}, {y:.2f}]}}" for i, (x, y) in enumerate(places)]
    return (
        f"""
file_version: 1
name: pillar
description: Rovers whose links pass a wall on both sides.
bounds_m: [[-9, -7], [10, 7]]
obstacles: [{{polygon_m: {[list(corner) for corner in wall]}, height_m: 3}}]
radio: {{range_m: {reach}, walls: block, delay_s: 0.2}}
robots:
"""
        + "\n".join(robots)
        + f"""
mission: {{behaviour: rendezvous, goal_m: {goal}}}
expect: {{connected: true, links_kept: true, contacts: 0, inside_fence: true, arrived_within_m: 3, by_s: 49}}
duration_s: 50
control: {{rate_hz: 10, max_age_s: 1}}
"""
    )


def about(count: int, radius: float) -> list[tuple[float, float]]:
    angles = np.radians(22.0) + 2.0 * np.pi * np.arange(count) / count
    return [(radius * np.cos(angle), radius * np.sin(angle)) for angle in angles.tolist()]


def block(wide: float, high: float) -> list[tuple[float, float]]:
    return [(-wide, -high), (wide, -high), (wide, high), (-wide, high)]


TWO_SIDES = world(
    [(-5.6, -1.6), (-3.5, -0.4), (-4.7, 3.8)], 7.6, [(0, -1.7), (0.8, -1.7), (0.8, -0.1), (0, -0.1)], "[5.2, -0.9]"
)
RING = world(about(8, 3.4), 3.6, block(1.5, 1.5), "[7, 0]")
HOOK = world(
    [(-3, -2.5), (-3, 0), (-3, 2.5), (-0.5, 3.3), (2, 3.3), (2.8, 1.2), (-1, -3.3)], 3.6, block(1.6, 1.9), "[7, -1]"
)


def missed(text: str) -> list[str]:
    return [each.name for each in judged_run(parse(text, "pillar.yaml"), 0).expectations if not each.held]


@pytest.mark.parametrize("text", [TWO_SIDES, RING, HOOK], ids=["two sides", "ring", "hook"])
def test_a_swarm_comes_off_a_wall(text: str) -> None:
    assert missed(text) == []


@pytest.mark.parametrize("text", [TWO_SIDES, HOOK], ids=["two sides", "hook"])
def test_without_company_two_hold_each_other_up(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(Conduct, "_in_company", lambda self, moment, network, ahead, goal: ahead)
    assert missed(text) == ["arrived_within_m"]


def test_robots_change_sides_round_a_wall() -> None:
    places = [(4.0 * np.cos(angle), 4.0 * np.sin(angle)) for angle in (0.3 + np.pi / 3.0 * np.arange(6)).tolist()]
    goals = ", ".join(f"r{i}: [{-x:.2f}, {-y:.2f}]" for i, (x, y) in enumerate(places))
    swap = world(places, 9.0, block(0.8, 0.8), "[0, 0]").replace("arrived_within_m: 3", "arrived_within_m: 0.7")
    assert (
        missed(swap.replace("behaviour: rendezvous, goal_m: [0, 0]", f"behaviour: go_to, goals_m: {{{goals}}}")) == []
    )


def test_a_ring_stays_tied_where_nobody_is_told_what_all_of_it_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    hear = LinkState.hear
    monkeypatch.setattr(LinkState, "hear", lambda *given: (hear(*given), [])[1])
    assert missed(RING) == ["arrived_within_m"]
