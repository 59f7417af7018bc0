"""Docks: whom they see, whose token they take, and what of a scenario with docks can't work."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from swarm_consensus.network.frame import Frame, Note, decode, encode, packed
from swarm_consensus.network.replay import MemoryMarks
from swarm_consensus.robot.air import Ears
from swarm_consensus.robot.charging import TOPIC, Token, packed_token
from swarm_consensus.simulation import docks
from swarm_consensus.simulation.checks import check
from swarm_consensus.simulation.docks import Docks, token_in
from swarm_consensus.simulation.form import form_problems
from swarm_consensus.simulation.identities import devices_of
from swarm_consensus.simulation.permits import claims_of, permits_of
from swarm_consensus.simulation.scenario import Dock, Scenario

DOCK = Dock(name="west", position_m=[0.0, 0.0], reach_m=1.0, places=2, power_w=30.0)
ALL = np.ones(4, dtype=bool)
EARS = Ears(None, b"", MemoryMarks())  # nobody seals anything here


def frame(robot: int, token: Token | bytes | None) -> bytes:
    words = b"" if token is None else token if isinstance(token, bytes) else packed_token(token)
    messages = (packed(Note(TOPIC, Raw(words))),) if words else ()
    return encode(Frame(robot, 1, 1, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), b"", pushing=False, messages=messages))


def look(found: Docks, *shown: Token | bytes | None, x: tuple[float, ...] = (0.0, 0.5, 1.0, 5.0)) -> docks.Sight:
    frames = [frame(robot, token) for robot, token in enumerate((*shown, None, None, None, None)[:4])]
    position = np.array([[each, 0.0, 0.1] for each in x])
    return found.look(frames, position, ALL)[0]


def test_a_dock_sees_bodies_with_power_or_without_and_nothing_else() -> None:
    found = Docks([DOCK], 4, EARS)
    position = np.array([[0.0, 0.0, 0.1], [0.0, 0.99, 2.0], [0.8, 0.8, 0.1], [0.0, -1.0, 0.1]])
    (sight,) = found.look([None] * 4, position, np.array([True, False, True, True]))
    assert sight.on == {0, 1, 3}
    assert found.given.tolist() == [0.0] * 4


def test_who_stands_on_it_and_shows_a_token_is_given_power_and_nobody_else() -> None:
    found = Docks([DOCK], 4, EARS)
    sight = look(found, Token(0, 0, 7), None, Token(0, 1, 8), Token(0, 1, 9))
    assert found.given.tolist() == [30.0, 0.0, 30.0, 0.0]  # robot 3 is 5 m away
    assert (sight.who, sight.refused, sight.stale) == ((2, 0), (), 0)


def test_a_token_below_the_highest_of_its_place_is_refused_and_those_of_other_places_are_not() -> None:
    found = Docks([DOCK], 4, EARS)
    look(found, Token(0, 0, 7), Token(0, 1, 3))
    sight = look(found, Token(0, 0, 5), Token(0, 1, 3), Token(0, 0, 9))
    assert (sight.refused, found.given.tolist()) == ((0,), [0.0, 30.0, 30.0, 0.0])
    assert look(found, Token(0, 0, 7)).refused == (0,)


def test_two_for_one_place_are_not_both_given_power_whichever_is_heard_first() -> None:
    for pair in ((5, 6), (6, 5), (6, 6)):
        found = Docks([DOCK], 4, EARS)
        sight = look(found, *(Token(0, 0, token) for token in pair))
        assert len(sight.who) == 1
        assert sight.charged == (Token(0, 0, 6),)


def test_what_a_dock_has_seen_outlives_its_crash() -> None:
    found = Docks([DOCK], 4, EARS)
    look(found, Token(0, 0, 7))
    assert found.stored == {"west": {0: 7}}
    found.restart(0)
    assert look(found, Token(0, 0, 5)).refused == (0,)


def test_a_dock_that_forgets_takes_old_tokens_and_the_judge_of_it_sees_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docks.Disk, "save", lambda self, place, token: None)
    found = Docks([DOCK], 4, EARS)
    look(found, Token(0, 0, 7))
    found.restart(0)
    sight = look(found, Token(0, 0, 5))
    assert (sight.who, sight.stale) == ((0,), 1)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 9)), max_size=40))
def test_powered_tokens_never_go_backwards(shown: list[tuple[int, int, int]]) -> None:
    found, highest = Docks([DOCK], 4, EARS), {0: 0, 1: 0}
    for step in range(0, len(shown), 3):
        tokens: list[Token | None] = [None] * 4
        for robot, place, token in shown[step : step + 3]:
            tokens[robot] = Token(0, place, token)
        sight = look(found, *tokens)
        assert len({token.place for token in sight.charged}) == len(sight.charged) <= 2
        for token in sight.charged:
            assert token.token >= max(highest[token.place], 1)
            highest[token.place] = token.token
        assert found.given.sum() == 30.0 * len(sight.who)


@pytest.mark.parametrize("words", [b"\xc0", b"\x93\x00\xff\x05", b"\x93\x00\x00\xff", b"\x01", b"\x92\x00\x00"])
def test_words_that_are_no_token_are_none(words: bytes) -> None:
    assert token_in(decode(frame(0, words))) is None
    assert token_in(None) is None
    assert look(Docks([DOCK], 4, EARS), words).who == ()


def test_noise_is_given_no_power() -> None:
    found = Docks([DOCK], 4, EARS)
    found.look([b"noise", b"", None, frame(3, Token(0, 0, 1))[:-1]], np.zeros((4, 3)), ALL)
    assert found.given.tolist() == [0.0] * 4


# --- scenarios --------------------------------------------------------------------------------------------------------


def content(**parts: Any) -> dict[str, Any]:
    robots = [{"name": f"r_{i + 1}", "vehicle": "rover", "position_m": [i, -4]} for i in range(3)]
    base = {"file_version": 1, "name": "dock", "bounds_m": [[-9, -9], [9, 9]], "radio": {"range_m": 18}}
    base |= {"duration_s": 10, "robots": robots, "mission": {"behaviour": "patrol", "points_m": [[5, 5], [-5, 5]]}}
    return (
        base
        | {
            "battery": {"capacity_j": 800},
            "docks": [dock()],
            "agreement": {"permits": {}},
        }
        | parts
    )


def dock(**fields: Any) -> dict[str, Any]:
    return {"name": "west", "position_m": [0, 0]} | fields


def scenario(**parts: Any) -> Scenario:
    return msgspec.convert(content(**parts), Scenario)


WRONG = [
    ({"agreement": None}, "docks is given, but agreement is missing: who may go onto a dock is decided in the log"),
    ({"agreement": {}}, "docks is given, but agreement.permits is missing"),
    ({"battery": None}, "docks is given, but battery, which is charged there, is missing"),
    ({"docks": []}, "agreement.permits is given, but docks, for which they would be, is missing"),
    (
        {"docks": [], "agreement": None, "expect": {"over_places": 0}},
        "expect.over_places is given, but docks, which it judges, is missing",
    ),
    (
        {"agreement": {"permits": {"lease_s": 2}}},
        "agreement.permits has times that can't work, in ticks of 1/20 s: lease_ticks is 40, of which",
    ),
    (
        {"agreement": {"permits": {"lease_s": 6}}},
        "agreement.permits.lease_s is 6, of which a robot may use 5.80 s; that must be more than renew_s",
    ),
    ({"agreement": {"permits": {"count": 2}}}, "agreement.permits.count is 2, must be at most 1"),
    ({"docks": [dock(name="West")]}, "docks[0].name is 'West', must be up to 32 lower-case letters"),
    ({"docks": [dock(), dock(position_m=[5, 0])]}, "docks[1].name is 'west', which docks[0] has already"),
    ({"docks": [dock(position_m=[20, 0])]}, "docks[0].position_m is [20.0, 0.0], outside the fence"),
    ({"docks": [dock(position_m=[0, 0, 1])]}, "docks[0].position_m has 3 numbers, must be [x, y]"),
    (
        {"obstacles": [{"polygon_m": [[-1, -1], [1, -1], [1, 1], [-1, 1]]}]},
        "docks[0].position_m is [0.0, 0.0], inside obstacles[0]",
    ),
    ({"docks": [dock(places=3, reach_m=0.5)]}, "docks[0].reach_m is 0.5, must be at least 0.67"),
    ({"docks": [dock(position_m=[8.8, 0])]}, "docks[0] is 0.20 m from a wall or the fence, must be 0.38"),
    ({"docks": [dock(), dock(name="east", position_m=[2, 0])]}, "docks[0] and [1] are 2.00 m apart, must be 3.00"),
    ({"battery": {"capacity_j": 90}}, "battery.capacity_j is 90: a robot would ask for a permit at"),
    ({"docks": [dock(power_w=1)]}, "docks give 1 W to a robot that drains 2 W (battery.idle_w), must give more"),
    ({"mission": {"behaviour": "patrol"}}, "mission.points_m is missing: patrol needs it"),
    (
        {"mission": {"behaviour": "patrol", "points_m": [[99, 0]]}},
        "mission.points_m[0] is [99.0, 0.0], outside the fence",
    ),
    (
        {"agreement": {"permits": {"tours": {"r_9": ["west"]}}}},
        "agreement.permits.tours.r_9 is given, but there is no such robot; did you mean",
    ),
    (
        {"agreement": {"permits": {"tours": {"r_1": ["wets"]}}}},
        "agreement.permits.tours.r_1 has 'wets', there is no such dock; did you mean 'west'?",
    ),
    (
        {"expect": {"tours_done": True}},
        "expect.tours_done is given, but agreement.permits.tours is missing: there is nothing to be done",
    ),
    (
        {"mission": {}, "expect": {"patrol_within_s": 9}},
        "expect.patrol_within_s is given, but mission.points_m, which are to be visited, is missing",
    ),
]


CLAIMED: dict[str, Any] = {"agreement": None, "claims": {}, "radio": {"range_m": 26}}
TWINS = [{"name": "dock_a", "vehicle": "rover", "position_m": [0, -4]}]
WRONG_CLAIMS = [
    ({"claims": {}, "agreement": {"permits": {}}}, "claims is given, and so is agreement.permits: one of them decides"),
    ({"docks": []}, "claims is given, but docks, which would be claimed, is missing"),
    ({"claims": {"lease_s": 1}}, "claims has times that can't work, in ticks of 1/20 s: lease_ticks is 20, of which"),
    (
        {"claims": {"lease_s": 5}},
        "claims.lease_s is 5, of which a robot may use 4.85 s; that must be more than",
    ),
    ({"claims": {"clock_drift": 0.4, "lease_s": 9}}, "claims.lease_s is 9, of which a robot may use 3.80 s"),
    ({"radio": {"range_m": 12}}, "docks[0] is up to 12.73 m from a robot, farther than radio.range_m, 12: with claims"),
    (
        {"docks": [dock(name="a")], "robots": TWINS},
        "docks[0].name is 'a', whose key 'dock_a' is a robot's",
    ),
    ({"battery": None}, "docks is given, but battery, which is charged there, is missing"),
    ({"expect": {"permit_back_s": 9}}, "expect.permit_back_s is given, but agreement.permits, which it judges, is"),
    (
        {"expect": {"tours_done": True}},
        "expect.tours_done is given, but agreement.permits, which it judges, is",
    ),
    (
        {"claims": None, "agreement": {"permits": {}}, "expect": {"claim_back_s": 9}},
        "expect.claim_back_s is given, but",
    ),
    (
        {
            "radio": {"range_m": 26, "walls": "block"},
            "obstacles": [{"polygon_m": [[4, 4], [5, 4], [5, 5], [4, 5]], "height_m": 1}],
        },
        "radio.walls is block, and obstacles may hide a dock from who claims it; with claims they must pass",
    ),
]


def test_the_scenarios_that_the_others_are_made_from_are_sound() -> None:
    assert check(scenario()) == []
    assert check(scenario(**CLAIMED)) == []


@pytest.mark.parametrize(("parts", "said"), WRONG_CLAIMS)
def test_what_can_not_work_with_claims_is_a_sentence(parts: dict[str, Any], said: str) -> None:
    (problem,) = check(scenario(**CLAIMED | parts))
    assert problem.startswith(said)


def test_claims_have_no_log_a_queue_for_each_dock_and_a_key_for_each() -> None:
    world = scenario(**CLAIMED, docks=[dock(), dock(name="east", position_m=[5, 0], places=2, reach_m=1.5)])
    assert permits_of(world) is None
    orders = claims_of(world)
    assert orders is not None
    assert orders.queues == (("west", ((0, 0),)), ("east", ((1, 0), (1, 1))))
    assert devices_of(world) == ["dock_west", "dock_east"]
    assert devices_of(scenario()) == []


@pytest.mark.parametrize(("parts", "said"), WRONG)
def test_what_can_not_work_is_a_sentence(parts: dict[str, Any], said: str) -> None:
    (problem,) = check(scenario(**parts))
    assert problem.startswith(said)


@pytest.mark.parametrize("count", [0, -2])
def test_permits_that_are_none_are_a_sentence(count: int) -> None:
    assert form_problems(content(agreement={"permits": {"count": count}})) == [
        f"agreement.permits.count is {count}, must be at least 1"
    ]


def test_one_queue_for_all_docks_takes_the_first_place_of_each_first() -> None:
    places = [dock(places=2, reach_m=1.5), dock(name="east", position_m=[5, 0], places=1)]
    each, together = (
        permits_of(scenario(docks=places, agreement={"permits": {"per": per}})) for per in ("dock", "swarm")
    )
    assert each is not None
    assert together is not None
    assert each.counts == {"west": 2, "east": 1}
    assert together.queues == (("docks", ((0, 0), (1, 0), (0, 1))),)
