"""Nodes, conversions and the world's side of the topics. Messages check the types of their fields here."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from importlib import import_module

import pytest

if importlib.util.find_spec("rclpy") is not None:
    # Read once by each package of messages, when it is imported; what tests start elsewhere runs as it does for users.
    before = os.environ.get("ROS_PYTHON_CHECK_FIELDS")
    os.environ["ROS_PYTHON_CHECK_FIELDS"] = "1"
    import_module("swarm_consensus.nodes.world_node")
    import_module("swarm_consensus.nodes.composed")
    if before is None:
        del os.environ["ROS_PYTHON_CHECK_FIELDS"]
    else:
        os.environ["ROS_PYTHON_CHECK_FIELDS"] = before


@pytest.fixture
def domain(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A DDS domain where nobody else is."""
    from swarm_consensus.run.environment import local_domain

    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    with local_domain() as number:
        yield number


@pytest.fixture
def ros(domain: int) -> Iterator[int]:
    """ROS in that domain."""
    from swarm_consensus.nodes.executor import session

    with session():
        yield domain
