"""Quantities of scenarios: what is refused and why, what sensors read, and what liars put on the air."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec import Raw

from swarm_consensus.errors import InputError
from swarm_consensus.graph.robustness import robustness
from swarm_consensus.network.frame import Frame, Sighting, Sightings, Values, decode, encode, messages_of, packed
from swarm_consensus.robot.quantities import Told, values_in, write
from swarm_consensus.simulation.checks import check
from swarm_consensus.simulation.form import form_problems
from swarm_consensus.simulation.liars import Liars
from swarm_consensus.simulation.placement import place, start_links
from swarm_consensus.simulation.quantities import Readings, inputs, quantities_of, strength
from swarm_consensus.simulation.scenario import Field, Peak, Scenario
from swarm_consensus.simulation.world import Truth

FIELD = {"base": 10, "peaks": [{"at_m": [1, 0], "width_m": 2, "weight": 6}]}
MEETING = {"name": "meeting", "source": "position", "law": "resilient", "liars": 1}
HEAT = {"name": "heat", "source": "field", "field": FIELD}
LIE = {"robot": "a", "quantity": "meeting", "kind": "constant", "value": [1, 2]}


def content(count: int = 5, **parts: Any) -> dict[str, Any]:
    """Rovers in a row, a metre apart, all in reach of each other."""
    robots = [{"name": n, "vehicle": "rover", "position_m": [i, 0]} for i, n in enumerate("abcdefgh"[:count])]
    base = {"file_version": 1, "name": "row", "bounds_m": [[-9, -9], [9, 9]], "radio": {"range_m": 8}, "duration_s": 10}
    return base | {"robots": robots} | parts


def scenario(count: int = 5, **parts: Any) -> Scenario:
    return msgspec.convert(content(count, **parts), Scenario)


def both(first: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"quantities": [first | more]}


def lying(**more: Any) -> dict[str, Any]:
    return {"quantities": [MEETING, HEAT], "lies": [LIE | more]}


def test_sound_ones_have_no_problem() -> None:
    assert check(scenario(quantities=[MEETING, HEAT], lies=[LIE])) == []


FORM = [
    (both(HEAT, law="averge"), "quantities[0].law is 'averge', must be average or"),
    (both(HEAT, law="averge"), "did you mean 'average'?"),
    (both(MEETING, liars=-1), "quantities[0].liars is -1, must be at least 0"),
    (both(HEAT, noise_std=float("nan")), "quantities[0].noise_std is nan, must be a finite number"),
    (lying(kind="constnt"), "lies[0].kind is 'constnt', must be constant or"),
]


@pytest.mark.parametrize(("parts", "sentence"), FORM, ids=[sentence for _, sentence in FORM])
def test_a_wrong_form_is_told(parts: dict[str, Any], sentence: str) -> None:
    assert any(sentence in problem for problem in form_problems(content(**parts)))


PROBLEMS = [
    (both(HEAT, name="Heat!"), "quantities[0].name is 'Heat!', must be up to 32 lower-case letters"),
    ({"quantities": [HEAT, HEAT]}, "quantities[1].name is 'heat', which quantities[0] has already"),
    (
        {"quantities": [HEAT | {"name": f"q{i}"} for i in range(4)]},
        "quantities has 4 entries, must have at most 3: a frame has no room for more",
    ),
    (both(HEAT, field=None), "quantities[0].field is missing: source is field"),
    (both(HEAT, liars=1), "quantities[0].liars is given, but law is running_sums and source field; resilient would"),
    (both(HEAT, source="altitude"), "quantities[0].field is given, but law is running_sums and source altitude"),
    (both(MEETING, liars=None), "quantities[0].liars is missing: law is resilient"),
    (both(HEAT, biases={"z": 1}), "quantities[0].biases has 'z', there is no such robot or group"),
    (
        both({"name": "load", "source": "values", "values": {"a": 1}}),
        "quantities[0].values has none for 'b', must have one for each robot or its group",
    ),
    (
        both(HEAT, law="integral", proportional_1_s=9),
        (
            "quantities[0] is not stable when all robots hear each other: h (l_n (k_p - h k_i / 2) + leak) < 2 fails: "
            "2.24688 is not below 2"
        ),
    ),  # h = 1/20, l_n = 5: 5 (9 - 0.0125) / 20
    (both(HEAT, law="tracking", leak_1_s=20), "quantities[0].leak_1_s is 20, must be below control.rate_hz"),
    (lying(robot="z"), "lies[0].robot is 'z', there is no such robot"),
    (lying(quantity="meting"), "lies[0].quantity has 'meting', there is no such quantity; did you mean 'meeting'?"),
    (lying(value=[1]), "lies[0].value has 1 numbers, must have 2, as 'meeting' has"),
    (lying(kind="ramp"), "lies[0].rate_per_s is missing: kind is ramp"),
    (lying(period_s=1), "lies[0].period_s is given, but kind constant does not read it"),
    (lying(quantity="heat", value=[1]), "lies[0].quantity is 'heat', whose law is running_sums"),
    (lying(kind="two_faced", amplitude=[1, 1]), "lies[0].kind is two_faced, which tells each robot something else"),
    ({"quantities": [MEETING], "lies": [LIE, LIE]}, "lies[1] is of 'a' about 'meeting', as lies[0] is"),
    (
        {"quantities": [MEETING], "lies": [LIE, LIE | {"robot": "b"}]},
        "quantities[0].liars is 1, but 2 robots lie about 'meeting'",
    ),
    ({"mission": {"agreed_goal": "meting"}, **both(MEETING)}, "mission.agreed_goal has 'meting', there is no such"),
    ({"mission": {"agreed_goal": "heat"}, **both(HEAT)}, "mission.agreed_goal is 'heat', whose source is not position"),
    (
        {"mission": {"agreed_goal": "meeting", "goal_m": [0, 0]}, **both(MEETING)},
        "mission.agreed_goal is given beside goal_m",
    ),
    ({"expect": {"agreed_within": {"het": 1}}, **both(HEAT)}, "expect.agreed_within has 'het', there is no such"),
    (
        {"expect": {"mean_within": {"heat": 1}}, **both(HEAT, law="maximum")},
        "expect.mean_within has 'heat', whose law maximum comes to no mean",
    ),
    # five who all hear each other are (3,5)-robust and no more: floor((5 + 1) / 2)
    (
        both(MEETING, liars=3),
        "quantities[0].liars is 3: in the whole swarm they need links that are (4,4)-robust, the start is 3-robust",
    ),
    # also where the network is not kept: the values are told over the radio all the same
    (
        both(MEETING, liars=3) | {"control": {"redundancy": 0}},
        "quantities[0].liars is 3: in the whole swarm they need",
    ),
    (
        both(MEETING, liars=2, among="neighbours"),
        (
            "quantities[0].liars is 2: among each robot's neighbours they need links that are 5-robust, the start is "
            "3-robust: it bears 1"
        ),
    ),
]


@pytest.mark.parametrize(("parts", "sentence"), PROBLEMS, ids=[sentence[:60] for _, sentence in PROBLEMS])
def test_what_makes_no_sense_is_told(parts: dict[str, Any], sentence: str) -> None:
    problems = check(scenario(**parts))
    assert any(problem.startswith(sentence) for problem in problems), problems


def test_a_start_of_drawn_robots_bears_the_liars_or_is_refused() -> None:
    area = [[-6, -6], [6, 6], [-6, 6]]
    group = {"group": "rover", "vehicle": "rover", "count": 8, "spawn": {"polygon_m": area, "spacing_m": 1}}
    wide = scenario(robots=[group], **both(MEETING))
    for seed in range(5):
        links = start_links(wide, place(wide, np.random.default_rng(seed))).astype(float)
        assert check(scenario(robots=[group], **both(MEETING))) == []
        assert robustness(links).liars >= 1
    with pytest.raises(InputError, match=r"liars is 4: in the whole swarm they need links that are \(5,5\)-robust"):
        place(scenario(robots=[group], **both(MEETING, liars=4)), np.random.default_rng(0))  # 8 bear 3 at the most


def test_more_than_twenty_robots_are_judged_by_what_is_proved() -> None:
    group = {"group": "rover", "vehicle": "rover", "count": 30}
    spawn = {"polygon_m": [[-4, -4], [4, -4], [4, 4], [-4, 4]], "spacing_m": 0.8}
    parts = {"robots": [group | {"spawn": spawn}], "radio": {"range_m": 14}}
    assert check(scenario(**parts, **both(MEETING, liars=3))) == []
    (problem,) = check(scenario(**parts, **both(MEETING, liars=20)))
    assert "the start is proved to be" in problem


# --- sensors ----------------------------------------------------------------------------------------------------------


def at(position: np.ndarray) -> Truth:
    count = len(position)
    return Truth(position, np.tile([0.0, 0.0, 0.0, 1.0], (count, 1)), np.zeros((count, 3)), np.zeros((count, 3)))


def test_a_field_is_base_and_bumps() -> None:
    field = Field(base=10.0, peaks=[Peak(at_m=[1.0, 0.0], width_m=2.0, weight=6.0)])
    found = strength(field, np.array([[1.0, 0.0, 5.0], [3.0, 0.0, 0.0], [1000.0, 0.0, 0.0]]))
    np.testing.assert_allclose(found, [16.0, 10.0 + 6.0 * np.exp(-0.5), 10.0])


def test_readings_are_the_truth_with_bias_and_noise_and_draw_the_same_whoever_they_are() -> None:
    world = scenario(quantities=[MEETING, HEAT | {"noise_std": 0.5, "biases": {"b": 3.0}}])
    robots = place(world, np.random.default_rng(0))
    position = np.array([robot.position for robot in robots])
    sensors = Readings(world, robots, np.random.default_rng(1))
    read = np.array([sensors.measure(at(position)) for _ in range(2000)])[:, :, 0]
    true = inputs(world.quantities[1], robots, position)[:, 0]
    np.testing.assert_allclose(read.mean(axis=0) - true, [0, 3, 0, 0, 0], atol=0.06)  # 5 standard errors
    np.testing.assert_allclose(read.std(axis=0), 0.5, rtol=0.1)
    assert quantities_of(world, robots[0])[1].reading == 0  # a place is no reading


# --- liars ------------------------------------------------------------------------------------------------------------


def spoken(sender: int, tick: int = 40) -> bytes:
    entries = (write(Told((5.0, 6.0), 3)), write(Told((20.0,), 3)))
    news = Sightings((Sighting(2, 7, 1.0, 2.0, 3.0),))
    return encode(
        Frame(
            sender,
            tick,
            tick,
            (1.0, 2.0, 3.0),
            (0.0, 0.0, 0.0),
            b"\x02",
            False,
            (packed(news), packed(Values(entries))),
        )
    )


def heard(parts: dict[str, Any], sender: int = 0) -> list[Frame]:
    world = scenario(quantities=[MEETING | {"law": "average", "liars": None}, HEAT], **parts)
    liars = Liars(world, place(world, np.random.default_rng(0)), np.random.default_rng(1))
    return [decode(frames[0]) for frames in liars.spoil([[spoken(sender)] for _ in range(5)])]


def test_a_lie_changes_one_value_and_nothing_else() -> None:
    true = decode(spoken(0))
    for frame in heard({"lies": [LIE]}):
        assert values_in(frame, (2, 1)) == ((1.0, 2.0), (20.0,))
        assert msgspec.structs.replace(frame, messages=()) == msgspec.structs.replace(true, messages=())
        assert messages_of(frame)[0] == messages_of(true)[0]


def test_the_honest_are_left_alone_and_so_is_what_is_no_frame() -> None:
    assert heard({"lies": [LIE]}, sender=1) == [decode(spoken(1))] * 5
    world = scenario(quantities=[MEETING], lies=[LIE])
    liars = Liars(world, place(world, np.random.default_rng(0)), np.random.default_rng(1))
    assert liars.spoil([[b"noise"], []]) == [[b"noise"], []]


def test_liars_of_each_kind_say_what_they_are_to() -> None:
    def said(**lie: Any) -> list[tuple[float, ...]]:
        return [
            values_in(frame, (2, 1))[0] for frame in heard({"lies": [{"robot": "a", "quantity": "meeting", **lie}]})
        ]

    # the frame of tick 40 was sent in tick 39, at 1.95 s
    ramp = said(kind="ramp", value=[0, 0], rate_per_s=[1, 2])
    np.testing.assert_allclose(ramp, [[1.95, 3.9]] * 5)
    swing = said(kind="oscillating", value=[1, 1], amplitude=[2, 4], period_s=7.8)  # a quarter of the period
    np.testing.assert_allclose(swing, [[3, 5]] * 5)
    assert said(kind="divider", value=[1, 1], other=[2, 2]) == [(1, 1), (2, 2), (1, 1), (2, 2), (1, 1)]
    faces = said(kind="two_faced", value=[1, 1], amplitude=[1, 1])
    assert len(set(faces)) == 5
    assert 0 <= np.min(faces) <= np.max(faces) <= 2
    assert np.isnan(said(kind="silent")).all()


def test_silence_is_an_entry_that_says_nothing() -> None:
    (frame, *_) = heard({"lies": [{"robot": "a", "quantity": "meeting", "kind": "silent"}]})
    (values,) = [message for message in messages_of(frame) if isinstance(message, Values)]
    assert values.entries[0] == Raw(b"\xc0")
