"""A stranger's radio: with sealed frames it changes nothing at all, without them it does harm."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from swarm_consensus.run.sweep import judged_run
from swarm_consensus.run.worlds import load
from swarm_consensus.simulation.scenario import Attacker, Scenario, Security

STRANGER = load(Path(__file__).parents[2] / "worlds" / "stranger.yaml")
# without loss nothing can come to a robot by the attacker's radio alone: a frame that it only passes on is true and new
FLAWLESS = replace(STRANGER, radio=replace(STRANGER.radio, loss=0.0), duration_s=14.0)


def digest(scenario: Scenario) -> str:
    return str(judged_run(scenario, 1).metrics["trajectory_sha256"])


@pytest.mark.parametrize("seal", ["identity", "group"])
def test_with_seals_the_swarm_moves_to_the_bit_as_if_nobody_attacked(seal: str) -> None:
    sealed = replace(FLAWLESS, security=Security(seal=seal))  # type: ignore[arg-type]
    assert digest(sealed) == digest(replace(sealed, attackers=[]))


def test_without_seals_the_same_attack_does_harm() -> None:
    verdict = judged_run(replace(STRANGER, security=Security(seal="none")), 0)
    assert {"links_kept", "contacts"} <= {each.name for each in verdict.expectations if not each.held}
    assert any(note.startswith("security.seal is none: frames are not authenticated") for note in verdict.notes)


@pytest.mark.parametrize("kind", ["forge", "alter"])
def test_each_kind_of_forgery_is_believed_without_seals(kind: str) -> None:
    mallory = Attacker(name="mallory", position_m=[-3, 0], does=[kind], range_m=12.0)  # type: ignore[list-item]
    scenario = replace(FLAWLESS, attackers=[mallory], duration_s=6.0, security=Security(seal="none"))
    assert digest(scenario) != digest(replace(scenario, attackers=[]))
