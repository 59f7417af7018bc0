"""What setup.py installs makes a ROS package: marker, manifest, launch files, parameters, worlds, executables.

Needs setuptools in the running Python, and no ROS; nothing is fetched.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory, copied: Callable[[Path], None]) -> Path:
    """An installation, made as wheels and colcon do."""
    pytest.importorskip("setuptools", reason="setuptools is not installed")
    source, prefix = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("prefix")
    copied(source)
    command = [sys.executable, "setup.py", "-q", "install_data", f"--install-dir={prefix}"]
    result = subprocess.run(command, cwd=source, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    return prefix


def test_the_package_is_in_the_index(prefix: Path) -> None:
    assert (prefix / "share/ament_index/resource_index/packages/swarm_consensus").is_file()
    assert (prefix / "share/swarm_consensus/package.xml").is_file()


@pytest.mark.parametrize(("folder", "pattern"), [("launch", "*.launch.py"), ("config", "*.yaml"), ("worlds", "*.yaml")])
def test_every_file_of_a_folder_is_installed(prefix: Path, folder: str, pattern: str) -> None:
    installed = {path.name for path in (prefix / "share/swarm_consensus" / folder).glob(pattern)}
    assert installed == {path.name for path in (ROOT / folder).glob(pattern)} != set()


@pytest.mark.parametrize("node", ["robot_node", "world_node"])
def test_every_node_is_executable_by_all(prefix: Path, node: str) -> None:
    path = prefix / "lib/swarm_consensus" / node
    assert path.stat().st_mode & 0o111 == 0o111
    assert f"swarm_consensus.nodes.{node}" in path.read_text()


def test_an_executable_takes_the_python_beside_its_installation(prefix: Path) -> None:
    python = prefix / "bin/python3"
    python.parent.mkdir(exist_ok=True)
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    node = prefix / "lib/swarm_consensus/robot_node"
    result = subprocess.run([node, "a b"], capture_output=True, text=True, check=True)
    assert result.stdout == "-m swarm_consensus.nodes.robot_node a b\n"


def test_colcon_can_read_the_options_back() -> None:
    # it evaluates the repr of every option; that of python_requires is no literal
    options = [line.partition("=")[0].strip() for line in (ROOT / "setup.cfg").read_text().splitlines()]
    assert "python_requires" not in options
