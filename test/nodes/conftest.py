"""Nodes, conversions and the world's side of the topics."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


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
