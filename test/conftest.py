"""Rooms whose tests need ROS, from a distribution or from wheels: marked, and skipped where it is not installed.

Messages check the types of their fields here.
"""

from __future__ import annotations

import importlib.util
import os
from importlib import import_module
from pathlib import Path

import pytest

ROOMS = {"dds", "nodes"}
MISSING = importlib.util.find_spec("rclpy") is None

if not MISSING:
    # Read once by each package of messages, when it is imported; what tests start elsewhere runs as it does for users.
    before = os.environ.get("ROS_PYTHON_CHECK_FIELDS")
    os.environ["ROS_PYTHON_CHECK_FIELDS"] = "1"
    import_module("swarm_consensus.nodes.world_node")
    import_module("swarm_consensus.nodes.composed")
    if before is None:
        del os.environ["ROS_PYTHON_CHECK_FIELDS"]
    else:
        os.environ["ROS_PYTHON_CHECK_FIELDS"] = before


class Unread(pytest.Module):
    """A module of tests that could not even be imported."""

    def collect(self) -> list[pytest.Item]:
        pytest.skip("rclpy is not installed: pip install '.[ros]'", allow_module_level=True)


def needs_ros(path: Path) -> bool:
    return path.parent.name in ROOMS and path.parent.parent == Path(__file__).parent


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    return Unread.from_parent(parent, path=module_path) if MISSING and needs_ros(module_path) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if needs_ros(item.path):
            item.add_marker(pytest.mark.dds)
