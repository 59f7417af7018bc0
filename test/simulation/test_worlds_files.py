"""The worlds that ship, and the page that describes world files: neither drifts from the code."""

import re
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import yaml
from msgspec import inspect

from swarm_consensus.errors import InputError
from swarm_consensus.robot.vehicle import VEHICLES
from swarm_consensus.simulation.checks import check
from swarm_consensus.simulation.loading import dump, parse
from swarm_consensus.simulation.overrides import with_robots
from swarm_consensus.simulation.placement import as_placed, place, separation
from swarm_consensus.simulation.scenario import Scenario

ROOT = Path(__file__).parents[2]
WORLDS = sorted((ROOT / "worlds").glob("*.yaml"))
PAGE = (ROOT / "docs" / "worlds.md").read_text(encoding="utf-8")


def read(path: Path) -> Scenario:
    return parse(path.read_text(encoding="utf-8"), path.name)


def test_there_are_worlds() -> None:
    assert WORLDS


@pytest.mark.parametrize("path", WORLDS, ids=lambda path: path.stem)
def test_a_world_is_named_after_its_file_and_says_what_it_shows(path: Path) -> None:
    scenario = read(path)
    assert scenario.name == path.stem
    assert scenario.description
    assert scenario.expect.contacts == 0
    expect = scenario.expect  # it says when the mission is fulfilled
    fulfilled = {expect.arrived_within_m, expect.covered_within_m, expect.explored_share, expect.met_within_m}
    fulfilled |= {expect.active_by_s, expect.patrol_within_s, expect.tours_done, expect.dismissed_obeyed_s}
    fulfilled |= {expect.fenced_within_s}
    assert fulfilled != {None}


@pytest.mark.parametrize("path", WORLDS, ids=lambda path: path.stem)
def test_a_world_starts_with_any_of_many_seeds_and_as_placed_is_the_same_world(path: Path) -> None:
    scenario = read(path)
    for seed in range(25):
        robots = place(scenario, np.random.default_rng(seed))
        placed = parse(dump(as_placed(scenario, robots)), "world.yaml")
        again = place(placed, np.random.default_rng(seed + 1))
        assert [robot.position.tobytes() for robot in again] == [robot.position.tobytes() for robot in robots]


def test_the_demo_is_what_was_promised() -> None:
    scenario = read(ROOT / "worlds" / "rendezvous.yaml")
    robots = place(scenario, np.random.default_rng(0))
    assert [robot.vehicle for robot in robots].count("multirotor") == 6
    assert [robot.vehicle for robot in robots].count("rover") == 6
    assert (scenario.radio.range_m, scenario.radio.loss, scenario.radio.delay_s) == (6.0, 0.1, 0.05)
    assert scenario.mission.goal_m is not None
    away = [np.linalg.norm(robot.position[:2] - scenario.mission.goal_m[:2]) for robot in robots]
    assert min(away) > 10
    assert check(with_robots(scenario, 50)) == []


# --- docs/worlds.md ---------------------------------------------------------------------------------------------------


def sections() -> dict[str, list[list[str]]]:
    """Rows of the field table under each heading of the third level."""
    found: dict[str, list[list[str]]] = {}
    for part in re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]:
        heading = part.splitlines()[0].strip()
        fields = part.split("\n## ")[0].splitlines()
        found[heading] = [
            [cell.strip() for cell in line.strip("|").split("|")] for line in fields if line.startswith("| `")
        ]
    return found


def structs(kind: inspect.Type, path: str) -> dict[str, inspect.StructType]:
    """Every struct of the scenario by its path, without indexes."""
    match kind:
        case inspect.StructType():
            found = {path or "scenario": kind}
            for field in kind.fields:
                found |= structs(field.type, f"{path}.{field.name}" if path else field.name)
            return found
        case inspect.ListType(item_type=item):
            return structs(item, path)
        case inspect.UnionType(types=types):
            return {key: value for member in types for key, value in structs(member, path).items()}
    return {}


STRUCTS = structs(inspect.type_info(Scenario), "")


def test_the_page_has_a_section_for_each_part_and_no_other() -> None:
    assert sorted(sections()) == sorted(STRUCTS)


def default_of(field: inspect.Field) -> str:
    """The default as the page should spell it."""
    if field.required:
        return "required"
    value: Any = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    match value:
        case None:
            return "none"
        case msgspec.Struct():
            return "`{}`"
        case tuple():
            return f"`{list(value)}`"
        case str() if value:
            return f"`{value}`"
    return f"`{value!r}`"


@pytest.mark.parametrize("path", STRUCTS)
def test_the_page_lists_every_field_with_its_default_and_bound(path: str) -> None:
    rows = {row[0].strip("`"): row[1:] for row in sections()[path]}
    fields = {field.encode_name: field for field in STRUCTS[path].fields}
    assert sorted(rows) == sorted(fields)
    for name, field in fields.items():
        default, bound, meaning = rows[name]
        assert default == default_of(field), name
        assert meaning, name
        for words in bounds_of(field.type):
            assert words in bound, (name, words)


def bounds_of(kind: inspect.Type) -> list[str]:
    """The words for the bounds of a field that must stand in its row."""
    words: list[str] = []
    match kind:
        case inspect.UnionType(types=types):
            words = [each for member in types for each in bounds_of(member)]
        case inspect.LiteralType(values=values):
            words = [str(value) for value in values]
        case inspect.IntType(ge=low, le=high):
            words = [f"{low} to {high:,}"]
        case inspect.FloatType(ge=0, le=1):
            words = ["0 to 1"]
        case inspect.FloatType(gt=0):
            words = ["above 0"]
        case inspect.FloatType(ge=0):
            words = ["at least 0"]
    return words


def test_the_page_names_the_worlds_that_ship() -> None:
    table = PAGE.split("## The worlds that come with the package")[1].split("\n## ")[0]
    assert sorted(re.findall(r"^\| `(\w+)`", table, flags=re.MULTILINE)) == [path.stem for path in WORLDS]


def test_the_example_on_the_page_is_a_world() -> None:
    example = PAGE.split("```yaml\n")[1].split("```")[0]
    scenario = parse(example, "mine.yaml")
    place(scenario, np.random.default_rng(0))
    assert set(yaml.safe_load(example)) >= {field.encode_name for field in STRUCTS["scenario"].fields if field.required}


def test_the_messages_on_the_page_are_the_real_ones() -> None:
    shown = PAGE.split("$ swarm check worlds/mine.yaml\n")[1].split("```")[0].splitlines()
    example = PAGE.split("```yaml\n")[1].split("```")[0]
    broken = example.replace("range_m", "rangem").replace("vehicle: multirotor", "vehicle: rovr")
    with pytest.raises(InputError) as caught:
        parse(broken, "worlds/mine.yaml")
    assert list(caught.value.problems) == shown


def test_the_vehicles_on_the_page_are_the_real_ones() -> None:
    table = PAGE.split("## Vehicles")[1]
    for words, value in (
        ("radius", lambda model: model.radius),
        ("reach", lambda model: model.reach),
        ("tracking", lambda model: model.tracking),
        ("greatest speed", lambda model: model.speed),
    ):
        (row,) = re.findall(rf"^\| {words}.*?\| ([\d.]+) \| ([\d.]+) \|$", table, flags=re.MULTILINE)
        assert [float(cell) for cell in row] == [value(VEHICLES["multirotor"]), value(VEHICLES["rover"])]
    least = [separation(*pair) for pair in (("rover", "rover"), ("multirotor", "multirotor"), ("rover", "multirotor"))]
    assert [float(number) for number in re.findall(r"([\d.]+) m", table.split("So two")[1])] == pytest.approx(least)
