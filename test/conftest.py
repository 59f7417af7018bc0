"""Rooms whose tests need ROS, from a distribution or from wheels: marked, and skipped where it is not installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOMS = {"dds", "nodes"}
MISSING = importlib.util.find_spec("rclpy") is None


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
