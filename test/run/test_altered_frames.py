"""A slice of bench/altered.py: whatever is altered inside what robots hear, no tick ends by it."""

from __future__ import annotations

import altered
import numpy as np
import pytest
from altered import Deceived, broken

from swarm_consensus.network.frame import Frame, FrameError, Sighting, Sightings, encode, packed, read
from swarm_consensus.robot.state import Response, Stimulus

WORLDS = ("bundle", "captured", "dismissed", "docks", "informed", "jobs", "maze", "plume")
NEWS = packed(Sightings((Sighting(4, 90, 1.0, 2.0, 0.1), Sighting(5, 91, 1.5, -2.0, 0.1))))
FRAME = encode(Frame(3, 100, 101, (1.0, 2.0, 0.1), (0.1, 0.0, 0.0), b"\x06", False, (NEWS,), (1000, 2000, 100)))


@pytest.mark.parametrize("world", WORLDS)
def test_no_tick_ends_by_altered_frames(world: str) -> None:
    assert broken(world, 0, 2.0) == ""


def test_altered_frames_differ_and_most_are_still_read() -> None:
    rng = np.random.default_rng(0)
    frames = [altered.altered(rng, FRAME) for _ in range(500)]
    assert sum(frame != FRAME for frame in frames) > 450
    read_at_all = 0
    for frame in frames:
        try:
            read(frame)
        except FrameError:
            continue
        read_at_all += 1
    assert read_at_all > 250


@pytest.mark.parametrize("data", [b"", b"SC", b"SC\x01\x00\x01\xc0", b"SC\x01\x00\x01\x90", b"garbage"])
def test_what_is_no_frame_stays_as_it_is(data: bytes) -> None:
    assert altered.altered(np.random.default_rng(0), data) == data


def test_a_tick_that_ends_is_told_with_its_place() -> None:
    class Brittle(Deceived):
        def tick(self, stimulus: Stimulus) -> Response:
            return super().tick(stimulus) if stimulus.tick < 5 else [][stimulus.tick]

    assert broken("swap", 0, 1.0, Brittle).startswith("IndexError in test_altered_frames.py, line ")
