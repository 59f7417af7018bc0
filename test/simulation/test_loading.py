"""Scenario text: every wrong field gets a sentence, all of them at once, and nothing but InputError ever comes out."""

import math
import string

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from swarm_consensus.errors import InputError
from swarm_consensus.simulation.loading import dump, parse
from swarm_consensus.simulation.scenario import Scenario

VALID = """\
file_version: 1
name: small
bounds_m: [[-5, -5], [5, 5]]
radio:
  range_m: 4.0
  loss: 0.1
robots:
  - {name: scout, vehicle: multirotor, position_m: [0, 0, 1]}
  - group: rover
    vehicle: rover
    count: 2
    spawn: {polygon_m: [[-2, -2], [2, -2], [2, 2], [-2, 2]], spacing_m: 0.8}
mission: {behaviour: rendezvous, goal_m: [3, 0]}
faults: [{robot: rover_1, crash_s: 2, restart_s: 4}]
duration_s: 10
"""


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        parse(text, "x.yaml")
    return caught.value.problems


def changed(old: str, new: str) -> str:
    assert old in VALID
    return VALID.replace(old, new)


def test_the_valid_text_is_valid() -> None:
    scenario = parse(VALID, "x.yaml")
    assert scenario.name == "small"
    assert scenario.radio.loss == 0.1
    assert scenario.control.rate_hz == 20


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_an_empty_text_is_told_so(text: str) -> None:
    (problem,) = problems(text)
    assert problem.startswith("x.yaml: the file is empty, must be a mapping with the keys file_version, name,")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        # unknown keys, with the nearest valid one
        ("  loss: 0.1", "  los: 0.1", "radio.los is not a known key; did you mean 'loss'? (line 6)"),
        ("duration_s: 10", "duration_s: 10\nzzz: 1", "zzz is not a known key (line 16)"),
        ("spacing_m: 0.8", "spacing_m: 0.8, 7: 1", "robots[1].spawn.7 is not a known key (line 12)"),
        # missing ones: the line of the part that lacks it
        ("duration_s: 10\n", "", "duration_s is missing"),
        ("  range_m: 4.0\n", "", "radio.range_m is missing (line 4)"),
        ("vehicle: multirotor, ", "", "robots[0].vehicle is missing (line 8)"),
        # wrong types
        ("range_m: 4.0", "range_m: far", "radio.range_m is 'far', must be a number (line 5)"),
        ("range_m: 4.0", "range_m: true", "radio.range_m is true, must be a number (line 5)"),
        ("range_m: 4.0", "range_m: [4]", "radio.range_m is [4], must be a number (line 5)"),
        ("range_m: 4.0", "range_m:", "radio.range_m is empty, must be a number (line 5)"),
        ("count: 2", "count: 2.5", "robots[1].count is 2.5, must be a whole number (line 11)"),
        ("name: small", "name: 7", "name is 7, must be text (line 2)"),
        ("[[-5, -5], [5, 5]]", "wide", "bounds_m is 'wide', must be a list (line 3)"),
        ("[[-5, -5], [5, 5]]", "[[-5, -5], [5, west]]", "bounds_m[1][1] is 'west', must be a number (line 3)"),
        ("duration_s: 10", "duration_s: 10\naltitude_m: [1]", "altitude_m has 1 values, must have 2 (line 16)"),
        ("duration_s: 10", "duration_s: 10\nexpect: {connected: 1}", "expect.connected is 1, must be true or false"),
        ("mission: {behaviour: rendezvous, goal_m: [3, 0]}", "mission: go", "mission is 'go', must be a mapping with"),
        ("goal_m: [3, 0]", "goals_m: [3, 0]", "mission.goals_m is [3, 0], must be a mapping (line 13)"),
        ("goal_m: [3, 0]", "goals_m: {3: [0, 0]}", "mission.goals_m has the key 3, must be text (line 13)"),
        ("vehicle: rover", "vehicle: rovr", "robots[1].vehicle is 'rovr', must be multirotor or rover; did you mean"),
        ("  loss: 0.1", "  walls: through", "radio.walls is 'through', must be block or pass (line 6)"),
        # numbers out of bounds or not finite
        ("range_m: 4.0", "range_m: -3", "radio.range_m is -3, must be greater than 0 (line 5)"),
        ("range_m: 4.0", "range_m: 0", "radio.range_m is 0, must be greater than 0 (line 5)"),
        ("range_m: 4.0", "range_m: .nan", "radio.range_m is nan, must be a finite number (line 5)"),
        ("range_m: 4.0", "range_m: .inf", "radio.range_m is inf, must be a finite number (line 5)"),
        ("range_m: 4.0", "range_m: 1e7", "radio.range_m is 10000000.0, must be at most 1000000 (line 5)"),
        ("range_m: 4.0", "range_m: 1" + "0" * 400, "radio.range_m is 1000"),
        ("range_m: 4.0", "range_m: 0x1" + "0" * 9000, "radio.range_m is a number too long to show, must be at most"),
        ("loss: 0.1", "loss: 1.1", "radio.loss is 1.1, must be at most 1 (line 6)"),
        ("loss: 0.1", "loss: -0.1", "radio.loss is -0.1, must be at least 0 (line 6)"),
        ("count: 2", "count: 0", "robots[1].count is 0, must be at least 1 (line 11)"),
        (
            "position_m: [0, 0, 1]",
            "position_m: [0, .nan, 1]",
            "robots[0].position_m[1] is nan, must be a finite number",
        ),
        # YAML itself
        ("radio:", "radio: [", "while parsing a flow sequence, "),
        ("  loss: 0.1", "  range_m: 5", "key 'range_m' is given twice (line 6)"),
        ("name: small", "[1, 2]: small", "a key must be text (line 2)"),
        ("name: small", "name: !!python/object:os.system {}", "could not determine a constructor for the tag"),
        ("name: small", "name: !!bool maybe", "not YAML that this program reads: 'maybe'"),
        ("name: small", "name: *other", "found undefined alias 'other' (line 2)"),
        ("duration_s: 10", "duration_s: 10\n---\nname: second", "expected a single document in the stream"),
        ("name: small", "name: " + "[" * 5000, "too deeply nested"),
        ("name: small", "name: \x00", "not YAML that this program reads: unacceptable character #x0000"),
        ("name: small", "name: 2026-13-45", "not YAML that this program reads: month must be in 1..12"),
        # a relation: it has its line too
        ("crash_s: 2", "crash_s: 5", "faults[0].restart_s is 4, must be after crash_s, which is 5 (line 14)"),
    ],
)
def test_bad_input_gets_one_sentence(old: str, new: str, sentence: str) -> None:
    found = problems(changed(old, new))
    matching = [problem for problem in found if problem.startswith(f"x.yaml: {sentence}")]
    assert len(matching) == 1, found
    assert all(problem.startswith("x.yaml: ") and "\n" not in problem for problem in found)


def test_all_problems_of_a_file_are_told_in_the_order_of_its_lines() -> None:
    text = VALID.replace("duration_s: 10", "duration_s: soon").replace("loss: 0.1", "loss: 2").replace("count", "cuont")
    assert problems(text) == (
        "x.yaml: radio.loss is 2, must be at most 1 (line 6)",
        "x.yaml: robots[1].cuont is not a known key; did you mean 'count'? (line 11)",
        "x.yaml: duration_s is 'soon', must be a number (line 15)",
    )


def test_problems_of_sense_are_told_together_as_well() -> None:
    text = (
        VALID.replace("crash_s: 2", "crash_s: 5").replace("robot: rover_1", "robot: rovr_1").replace(", [5, 5]]", "]")
    )
    assert problems(text) == (
        "x.yaml: bounds_m has 1 corners, must have at least 3 (or 2 opposite ones) (line 3)",
        "x.yaml: faults[0].restart_s is 4, must be after crash_s, which is 5 (line 14)",
        "x.yaml: faults[0].robot is 'rovr_1', there is no such robot; did you mean 'rover_1'? (line 14)",
    )


def test_of_another_version_only_that_is_said() -> None:
    text = changed("file_version: 1", "file_version: 2").replace("loss", "loses")
    assert problems(text) == ("x.yaml: file_version is 2, this program reads version 1 (line 1)",)


@pytest.mark.parametrize("version", ["one", "true", "1.0", ""])
def test_a_version_that_is_no_whole_number_is_refused(version: str) -> None:
    assert problems(changed("file_version: 1", f"file_version: {version}"))[0].startswith("x.yaml: file_version is ")


def test_numbers_may_be_written_with_a_bare_exponent() -> None:
    assert parse(changed("loss: 0.1", "loss: 1e-1"), "x.yaml").radio.loss == 0.1


def test_anchors_and_merges_work() -> None:
    text = changed("duration_s: 10", "duration_s: &t 10\nexpect: {<<: {by_s: *t}, arrived_within_m: 2}")
    assert parse(text, "x.yaml").expect.by_s == 10.0


def test_a_dumped_scenario_reads_back_the_same() -> None:
    scenario = parse(VALID, "x.yaml")
    assert parse(dump(scenario), "y.yaml") == scenario


@given(
    x=st.floats(-3, 3),
    loss=st.floats(0, 1),
    words=st.one_of(st.text(st.characters(codec="utf-8"), max_size=30), st.sampled_from(["1e5", "on", "~", "1:30"])),
)
def test_dumping_keeps_numbers_to_the_bit_and_texts(x: float, loss: float, words: str) -> None:
    scenario = parse(VALID, "x.yaml")
    scenario = msgspec.structs.replace(
        scenario,
        description=words,
        radio=msgspec.structs.replace(scenario.radio, loss=loss),
        mission=msgspec.structs.replace(scenario.mission, goal_m=[x, x / 3]),
    )
    again = parse(dump(scenario), "y.yaml")
    assert again == scenario
    assert math.copysign(1, again.mission.goal_m[0]) == math.copysign(1, x)  # -0.0 == 0.0, but not to the bit


def judged(text: str) -> None:
    """Parse; anything that is raised must be an InputError with sentences that a terminal can show."""
    try:
        assert isinstance(parse(text, "x.yaml"), Scenario)
        return
    except InputError as error:
        told = error.problems
    assert told
    for problem in told:
        assert problem.startswith("x.yaml: ")
        assert "\n" not in problem
        problem.encode()


@settings(deadline=None)
@given(
    st.integers(0, len(VALID)),
    st.integers(0, 12),
    st.text(st.sampled_from(string.printable + "é\u2028\x00\ufeff"), max_size=8),
)
def test_mutated_text_gives_a_scenario_or_sentences(start: int, length: int, inserted: str) -> None:
    judged(VALID[:start] + inserted + VALID[start + length :])


_leaf = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["rover", "rover_1", "go_to", 0, -1, 1e-300, 1e300, "\x1b[31m"])
)
_anything = st.recursive(
    _leaf,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner),
    max_leaves=8,
)


def paths(value: object, here: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(path for key, child in children for path in paths(child, (*here, key)))]


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_any_value_in_any_place_gives_a_scenario_or_sentences(data: st.DataObject) -> None:
    content = yaml.safe_load(VALID)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(paths(content)[1:]))
        holder = content
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = data.draw(_anything)
    judged(yaml.safe_dump(content, allow_unicode=True))
