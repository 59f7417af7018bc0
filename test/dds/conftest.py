"""Tests that talk over real DDS; they need ROS, from a distribution or from wheels."""

from __future__ import annotations

import importlib.util

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = importlib.util.find_spec("rclpy") is None
    for item in items:
        if "test/dds" in str(item.path):
            item.add_marker(pytest.mark.dds)
            if missing:
                item.add_marker(pytest.mark.skip(reason="rclpy is not installed: pip install '.[ros]'"))
