"""A colcon workspace with this package: built, entered as people do, its executables started, its parts in place.

On the ROS of this Python, which CI runs once as Jazzy and once as Kilted. `ros2` itself has no wheels.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.dds


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, copied: Callable[[Path], None]) -> Path:
    """A workspace in which `colcon build` has run."""
    pytest.importorskip("colcon_core", reason="colcon is not installed")
    workspace = tmp_path_factory.mktemp("workspace")
    copied(workspace / "src" / "swarm_consensus")
    built = entered(workspace, "colcon build", enter=False)
    assert built.returncode == 0, built.stderr
    return workspace


def entered(workspace: Path, command: str, *, enter: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command in a shell that has entered the workspace, with this Python first on its path."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environment = os.environ | {"PATH": path, "COLCON_HOME": str(workspace / "home")}
    environment.pop("AMENT_PREFIX_PATH", None)
    script = f". install/setup.sh && {command}" if enter else command
    return subprocess.run(
        ["sh", "-c", script], cwd=workspace, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_it_is_a_package_of_ros(workspace: Path) -> None:
    listed = entered(workspace, "colcon graph")
    assert listed.stdout.split()[:1] == ["swarm_consensus"], listed.stderr
    index = entered(workspace, 'ls "$AMENT_PREFIX_PATH/share/ament_index/resource_index/packages"')
    assert index.stdout == "swarm_consensus\n"


@pytest.mark.parametrize("node", ["robot_node", "world_node", "ground_station"])
def test_nodes_start_from_the_workspace_and_say_what_they_lack(workspace: Path, node: str) -> None:
    started = entered(workspace, f"install/swarm_consensus/lib/swarm_consensus/{node}")
    assert started.returncode == 2, started.stderr
    assert "parameter" in started.stderr
    assert "missing" in started.stderr
    assert "Traceback" not in started.stderr


def test_python_takes_the_package_of_the_workspace(workspace: Path) -> None:
    where = entered(workspace, "python -c 'import swarm_consensus; print(swarm_consensus.__file__)'")
    assert Path(where.stdout.strip()).is_relative_to(workspace / "install"), where.stderr


def test_worlds_are_found_by_name(workspace: Path) -> None:
    checked = entered(workspace, "install/swarm_consensus/bin/swarm check rendezvous")
    assert checked.returncode == 0, checked.stderr
