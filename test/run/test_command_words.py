"""What `swarm command` makes of a person's words, before anything is signed."""

from __future__ import annotations

import re

import pytest

from swarm_consensus.agreement.roles import Order
from swarm_consensus.errors import InputError
from swarm_consensus.network.keys import PrivateKey
from swarm_consensus.network.seal import Identity
from swarm_consensus.robot.mission import Fence, order, words_of
from swarm_consensus.run.command import body_from


def asked(words: str) -> Order:
    body = body_from(words.split(), ["a"], lambda _: Identity(PrivateKey(bytes(32)).public))
    assert isinstance(body, Order)
    return body


def test_arm_disarm_and_fence() -> None:
    assert asked("arm") == order("arm")
    assert asked("disarm") == order("disarm")
    corners = [(0.0, -5.0), (8.0, -5.0), (8.0, 5.5)]
    assert words_of(asked("fence 0,-5 8,-5 8,5.5")) == Fence(corners)
    assert words_of(asked("fence 0,-5 8,-5 8,5.5 0.3..1.6")) == Fence(corners, (0.3, 1.6))


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("disram", "there is no order 'disram'; did you mean 'disarm'?"),
        ("disarm now", "'disarm' takes no words, and got 'now'"),
        ("fence", "'fence' takes X,Y of each corner, m, and then maybe LOW..HIGH, altitudes in m"),
        ("fence 0,0 1,0 1,1,1", "'1,1,1' must be X,Y: a corner has no altitude"),
        ("fence 0,0 1,0 1,x", "'x' is no number"),
        ("fence 0,0 1,0 1,1 1..", "'' is no number"),
    ],
)
def test_words_that_make_no_order_are_a_sentence(words: str, why: str) -> None:
    with pytest.raises(InputError, match=re.escape(why)):
        asked(words)
