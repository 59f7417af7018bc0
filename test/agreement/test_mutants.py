"""Each rule of the log is needed: taken out, a scene or a seed shows it. About 5 s."""

from __future__ import annotations

from collections.abc import Callable

import mutants
import pytest

from swarm_consensus.agreement.simulator.host import Parts
from swarm_consensus.agreement.simulator.scenes import SCENES


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_the_log_as_it_should_be_stands_the_scene(scene: Callable[[Parts], None]) -> None:
    scene(Parts())


@pytest.mark.parametrize("name", mutants.MUTANTS)
def test_a_planted_bug_is_found(name: str) -> None:
    parts = mutants.MUTANTS[name]
    assert mutants.killing_scene(parts) or mutants.killing_seed(parts, range(100))


def test_each_scene_finds_something() -> None:
    found = {
        scene.__name__: any(mutants.killing_scene(parts, (scene,)) for parts in mutants.MUTANTS.values())
        for scene in SCENES
    }
    assert [name for name, any_found in found.items() if not any_found] == []
