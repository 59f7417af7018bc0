"""The house: imports point one way, and what is optional is only imported where it is used."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "swarm_consensus"
# each room may use those on a lower floor, and itself
FLOORS = [
    {"errors", "arrays"},
    {"graph", "network"},
    {"consensus", "motion", "agreement", "optimization"},
    {"robot"},
    {"simulation"},
    {"run"},
    {"nodes", "console"},
    {"cli_parser"},
    {"cli_live"},
    {"cli_shared"},
    {"cli"},
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
CORE = ("graph", "network", "consensus", "motion", "agreement", "optimization", "robot", "simulation")
# the runner over DDS starts nodes, and only when it is called
UPWARD = {("run/dds.py", "nodes")}


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module == "swarm_consensus":
                yield from (f"swarm_consensus.{alias.name}" for alias in node.names)


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_arrow_points_up_or_sideways(path: Path) -> None:
    room = room_of(path)
    if room in ("__init__",):
        return
    for name in imported(path):
        package, _, rest = name.partition(".")
        other = rest.partition(".")[0]
        if package != "swarm_consensus" or other in ("", "__version__", room):
            continue
        if (str(path.relative_to(ROOT)), other) in UPWARD:
            continue
        assert FLOOR[other] < FLOOR[room] or (FLOOR[other] == 0), f"{path} imports {name}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_core_has_no_clock_no_socket_and_no_global_randomness(path: Path) -> None:
    if room_of(path) in CORE:
        names = {name.partition(".")[0] for name in imported(path)}
        assert not names & {"time", "datetime", "random", "socket", "threading", "asyncio", "subprocess"}


def test_rooms_stay_small() -> None:
    crowded = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules()}
    assert {name: lines for name, lines in crowded.items() if lines > 400} == {}


def importable_without(module: str, rooms: list[str]) -> str:
    """Import all modules of some rooms in a fresh Python in which one package can't be found."""
    names = [
        ".".join(("swarm_consensus", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
        for path in modules()
        if room_of(path) in rooms and not path.name.startswith(("bullet", "bodies")) and path.name != "__main__.py"
    ]
    program = f"""
import sys, importlib
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {module!r}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing())
for name in {names!r}:
    importlib.import_module(name)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    return result.stderr


@pytest.mark.parametrize("module", ["rclpy", "pybullet", "numba"])
def test_everything_but_its_own_room_imports_without(module: str) -> None:
    assert importable_without(module, [*CORE, "run", "cli"]) == ""
